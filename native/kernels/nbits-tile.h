/* Products of bytes with weights of few bits: a template that matmul-nbits-bytes.h includes once per way to multiply bytes.
 * OM_NBITS_KIND names it, OM_NBITS_TARGET is the attribute of functions that may use its instruction, and
 * OM_NBITS_DOT(sum, w, a) adds products of the unsigned bytes w and the four signed ones at a, which is in memory;
 * OM_NBITS_SIGNED: of signed ones both, so that codes of 8 bits are moved by 128. Without OM_NBITS_DOT: pairs of bytes
 * (pmaddubsw), whose sums of few bits fit into halves, else pairs of halves. */
#define OM_NBITS_JOINED(name, kind) name##_##kind
#define OM_NBITS_NAMED(name, kind) OM_NBITS_JOINED(name, kind)
#define OM_NBITS_TILE OM_NBITS_NAMED(om_nbits_tile, OM_NBITS_KIND)

/* Fours of codes of 4 bits whose products with bytes, two by two, halves hold: 8 * 2 * 15 * 127 < 2^15. */
#ifndef OM_NBITS_FOURS
#define OM_NBITS_FOURS 8
#endif

/* `rows` rows of A from `row0` on, times a group. */
static inline __attribute__((always_inline, unused)) OM_NBITS_TARGET void OM_NBITS_TILE(const om_nbits_bytes *p, ptrdiff_t group,
                                                                                        ptrdiff_t row0, const int rows,
                                                                                        const int bits) {
  const ptrdiff_t blocks = p->blocks, block = p->w->block, lines = block * bits / 32, length = blocks * block;
  const ptrdiff_t first = group * blocks;
  const uint8_t *OM_RESTRICT codes = p->w->codes + first * lines * OM_NBITS_LINE;
  const float *OM_RESTRICT scales = p->w->scales + first * OM_NBITS_COLUMNS;
  const float *OM_RESTRICT zeros = p->w->zeros ? p->w->zeros + first * OM_NBITS_COLUMNS : NULL;
  const int32_t mask = (bits == 8 ? 255 : (1 << bits) - 1) * 0x01010101;
  om_vf total[OM_NBITS_ROWS][OM_NBITS_VECTORS];
OM_UNROLL(8)
  for (int r = 0; r < rows; r++)
OM_UNROLL(16)
    for (int v = 0; v < OM_NBITS_VECTORS; v++) total[r][v] = om_splat(0.0f);
  for (ptrdiff_t b = 0; b < blocks; b++, codes += lines * OM_NBITS_LINE)
OM_UNROLL(16)
    for (int v = 0; v < OM_NBITS_VECTORS; v++) {
      om_vi sum[OM_NBITS_ROWS];
OM_UNROLL(8)
      for (int r = 0; r < rows; r++) sum[r] = om_splat_int(p->starts[(row0 + r) * blocks + b]);
      const uint8_t *OM_RESTRICT line = codes + v * OM_VECTOR_STEP, *end = line + lines * OM_NBITS_LINE;
#ifdef OM_NBITS_DOT
      const int8_t *OM_RESTRICT a = p->codes + row0 * length + b * block;
      for (; line != end; line += OM_NBITS_LINE) {
        const om_vi bytes = om_load_int(line);
OM_UNROLL(4)
        for (int part = 0; part < 4; part++) {
          if (part * bits >= 8) break;
          om_vi w = bits == 8 ? bytes : (bytes >> (part * bits)) & mask;
#ifdef OM_NBITS_SIGNED
          if (bits == 8) w ^= (int32_t)0x80808080u;
#endif
OM_UNROLL(8)
          for (int r = 0; r < rows; r++) OM_NBITS_DOT(sum[r], w, a + 4 * part + r * length);
        }
        a += 32 / bits;
      }
#else
      if (OM_HAS_PAIRS_OF_BYTES && bits <= 4) {
        const int8_t *OM_RESTRICT a = p->codes + row0 * length + b * block;
        while (line != end) {
          om_vi pair[OM_NBITS_ROWS];
OM_UNROLL(8)
          for (int r = 0; r < rows; r++) pair[r] = om_splat_int(0);
          const ptrdiff_t few = OM_NBITS_FOURS * bits / 8 * OM_NBITS_LINE;
          const uint8_t *stop = end - line > few ? line + few : end;
          for (; line != stop; line += OM_NBITS_LINE) {
            const om_vi bytes = om_load_int(line);
OM_UNROLL(4)
            for (int part = 0; part < 4; part++) {
          if (part * bits >= 8) break;
              const om_vi w = (bytes >> (part * bits)) & mask;
OM_UNROLL(8)
              for (int r = 0; r < rows; r++)
                pair[r] = om_add_pairs_of_bytes(pair[r], w, om_splat_int(om_quad(a + 4 * part + r * length)));
            }
            a += 32 / bits;
          }
OM_UNROLL(8)
          for (int r = 0; r < rows; r++) sum[r] += om_multiply_halves(pair[r], om_splat_int(0x00010001));
        }
      } else {
        const uint32_t *OM_RESTRICT a = p->halves + (row0 * length + b * block) / 2;
        const int32_t low = (mask & 255) * 0x00010001;
        for (; line != end; line += OM_NBITS_LINE) {
          const om_vi bytes = om_load_int(line);
OM_UNROLL(4)
          for (int part = 0; part < 4; part++) {
          if (part * bits >= 8) break;
            const om_vi even = (bytes >> (part * bits)) & low, odd = (bytes >> (8 + part * bits)) & low;
OM_UNROLL(8)
            for (int r = 0; r < rows; r++)
              sum[r] += om_multiply_halves(om_splat_int((int32_t)a[2 * part + r * length / 2]), even) +
                        om_multiply_halves(om_splat_int((int32_t)a[2 * part + 1 + r * length / 2]), odd);
          }
          a += 16 / bits;
        }
      }
#endif
      const ptrdiff_t at = b * OM_NBITS_COLUMNS + v * OM_LANES;
      const om_vf scale = om_load(scales + at);
OM_UNROLL(8)
      for (int r = 0; r < rows; r++) {
        const ptrdiff_t i = (row0 + r) * blocks + b;
        om_vf moved = om_to_floats(sum[r]);
        if (zeros) moved -= om_load(zeros + at) * om_splat(p->rests[i]);
        total[r][v] += moved * (scale * om_splat(p->scales[i]));
      }
    }
OM_UNROLL(8)
  for (int r = 0; r < rows; r++)
OM_UNROLL(16)
    for (int v = 0; v < OM_NBITS_VECTORS; v++)
      om_nbits_store(p->w, p->y + (row0 + r) * p->w->n, group * OM_NBITS_COLUMNS + v * OM_LANES, p->bias, total[r][v]);
}

/* All m rows times the groups from `group` to `end`. */
#define OM_NBITS_ALL(bits)                                                                                             \
  static __attribute__((noinline, unused)) OM_NBITS_TARGET void OM_NBITS_NAMED(om_nbits_##bits, OM_NBITS_KIND)(        \
      const om_nbits_bytes *p, ptrdiff_t group, ptrdiff_t end, ptrdiff_t m) {                                          \
    for (; group < end; group++) {                                                                                     \
      ptrdiff_t r = 0;                                                                                                 \
      for (; r + OM_NBITS_ROWS <= m; r += OM_NBITS_ROWS) OM_NBITS_TILE(p, group, r, OM_NBITS_ROWS, bits);              \
      for (; OM_NBITS_ROWS > 4 && r + 4 <= m; r += 4) OM_NBITS_TILE(p, group, r, 4, bits);                             \
      for (; r + 2 <= m; r += 2) OM_NBITS_TILE(p, group, r, 2, bits);                                                  \
      for (; r < m; r++) OM_NBITS_TILE(p, group, r, 1, bits);                                                          \
    }                                                                                                                  \
  }
OM_NBITS_ALL(2)
OM_NBITS_ALL(4)
OM_NBITS_ALL(8)

#undef OM_NBITS_ALL
#undef OM_NBITS_JOINED
#undef OM_NBITS_NAMED
#undef OM_NBITS_TILE
#undef OM_NBITS_KIND
#undef OM_NBITS_TARGET
#undef OM_NBITS_DOT
#undef OM_NBITS_SIGNED
