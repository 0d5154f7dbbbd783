/* The inner kernel of products of 8-bit integers: a template that gemm-integer.h includes once per way to multiply bytes.
 * OM_INT_KIND names it, OM_INT_TARGET is the attribute of functions that may use its instruction, and OM_INT_DOT(sum, a, b)
 * is that instruction: quads of bytes of A are broadcast, or OM_INT_DOT_QUAD(sum, pointer, b) reads one; they are less by OM_INT_MOVED
 * where they are signed. Without OM_INT_DOT: pairs of halves. */
#define OM_INT_JOINED(name, kind) name##_##kind
#define OM_INT_NAMED(name, kind) OM_INT_JOINED(name, kind)
#define OM_INT_TILE OM_INT_NAMED(om_int_tile, OM_INT_KIND)
#ifndef OM_INT_DOT_QUAD
#define OM_INT_DOT_QUAD(sum, a, b) OM_INT_DOT(sum, om_splat_int(om_quad(a)), b)
#endif

/* `rows` rows from `row0` on, times a panel of `vectors` vectors of columns. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_TILE(const om_int_tile *t, ptrdiff_t row0,
                                                                                    const int rows, const int vectors) {
  om_vi sum[OM_INT_TILE_ROWS][2];
OM_UNROLL(12)
  for (int r = 0; r < rows; r++)
OM_UNROLL(2)
    for (int v = 0; v < vectors; v++) sum[r][v] = om_load_int(t->start + v * OM_LANES);
  const ptrdiff_t quads = t->depth / 4, b_row = vectors * OM_VECTOR_STEP;
  const int8_t *OM_RESTRICT b = t->b;
  ptrdiff_t q = 0;
#ifdef OM_INT_DOT
  const uint8_t *OM_RESTRICT a = t->a + row0 * t->a_row;
  if (rows == 1) {
    /* A single row's few sums would wait for each other: let each of four steps have its own. */
    om_vi part[4][2];
OM_UNROLL(4)
    for (int i = 0; i < 4; i++) part[i][0] = part[i][1] = om_splat_int(0);
    for (; q + 4 <= quads; q += 4, b += 4 * b_row, a += 16)
OM_UNROLL(4)
      for (int i = 0; i < 4; i++)
OM_UNROLL(2)
        for (int v = 0; v < vectors; v++) {
          const om_vi column = om_load_int(b + i * b_row + v * OM_VECTOR_STEP);
          OM_INT_DOT_QUAD(part[i][v], a + 4 * i, column);
        }
OM_UNROLL(2)
    for (int v = 0; v < vectors; v++) sum[0][v] += part[0][v] + part[1][v] + part[2][v] + part[3][v];
  }
  for (; q < quads; q++, b += b_row, a += 4) {
    om_vi column[2];
OM_UNROLL(2)
    for (int v = 0; v < vectors; v++) column[v] = om_load_int(b + v * OM_VECTOR_STEP);
OM_UNROLL(12)
    for (int r = 0; r < rows; r++)
OM_UNROLL(2)
      for (int v = 0; v < vectors; v++) OM_INT_DOT_QUAD(sum[r][v], a + r * t->a_row, column[v]);
  }
#else
  const uint32_t *OM_RESTRICT a = t->halves + row0 * quads * 2;
  for (; q < quads; q++, b += b_row, a += 2) {
    om_vi even[2], odd[2];
OM_UNROLL(2)
    for (int v = 0; v < vectors; v++) {
      const om_vi column = om_load_int(b + v * OM_VECTOR_STEP);
      even[v] = om_even_bytes(column), odd[v] = om_odd_bytes(column);
    }
OM_UNROLL(12)
    for (int r = 0; r < rows; r++) {
      const om_vi x = om_splat_int((int32_t)a[r * quads * 2]), y = om_splat_int((int32_t)a[r * quads * 2 + 1]);
OM_UNROLL(2)
      for (int v = 0; v < vectors; v++) sum[r][v] += om_multiply_halves(x, even[v]) + om_multiply_halves(y, odd[v]);
    }
  }
#endif
  /* Not by a function of its own: clang would keep the sums in memory. */
  if (OM_INT_SHORT || t->c) {
OM_UNROLL(12)
    for (int r = 0; r < rows; r++)
OM_UNROLL(2)
      for (int v = 0; v < vectors; v++) om_store_int(t->c + (row0 + r) * OM_INT_PANEL + v * OM_LANES, sum[r][v]);
    return;
  }
  if (t->rest) {
OM_UNROLL(12)
    for (int r = 0; r < rows; r++)
OM_UNROLL(2)
      for (int v = 0; v < vectors; v++)
        sum[r][v] -= om_splat_int(t->rest[row0 + r]) * om_load_int(t->zero + v * OM_LANES);
  }
  const om_int_limits limits = t->limits;
  uint8_t *y = t->y + row0 * t->y_row;
  if (vectors == 2 && rows % 2 == 0) {
    om_int_units u;
OM_UNROLL(2)
    for (int v = 0; v < 2; v++) {
      u.scale[v] = om_load(t->scale + v * OM_LANES);
      u.nudge[v] = om_load(t->nudge + v * OM_LANES);
    }
    const bool is_plain = OM_INT_PACKS && t->is_plain;
OM_UNROLL(6)
    for (int r = 0; r < rows; r += 2) {
      om_vi codes;
      if (is_plain) codes = om_int_four_codes(sum[r][0], sum[r][1], sum[r + 1][0], sum[r + 1][1], u, true, &limits);
      else codes = om_int_four_codes(sum[r][0], sum[r][1], sum[r + 1][0], sum[r + 1][1], u, false, &limits);
      if (t->width == OM_INT_PANEL) {
        om_store_half(y + r * t->y_row, codes, 0);
        om_store_half(y + (r + 1) * t->y_row, codes, 1);
      } else om_store_some_of_halves(y + r * t->y_row, t->y_row, codes, t->width);
    }
    return;
  }
OM_UNROLL(2)
  for (int v = 0; v < vectors; v++) {
    const om_vf scale = om_load(t->scale + v * OM_LANES), nudge = om_load(t->nudge + v * OM_LANES);
OM_UNROLL(12)
    for (int r = 0; r < rows; r++) {
      const om_vi codes = om_int_codes(sum[r][v], scale, nudge, true, &limits);
      om_store_codes(y + r * t->y_row + v * OM_LANES, codes, t->width - v * OM_LANES);
    }
  }
}

/* All rows of a block times one panel, of two vectors where it is `wide`. */
static __attribute__((noinline, unused)) OM_INT_TARGET void OM_INT_NAMED(om_int_panel, OM_INT_KIND)(const om_int_tile *t,
                                                                                                     const bool wide) {
  ptrdiff_t row = 0;
#ifdef OM_INT_MOVED
  om_int_tile own = *t;
  int32_t start[OM_INT_PANEL];
  for (ptrdiff_t v = 0, vectors = wide ? 2 : 1; v < vectors; v++) {
    om_vi sum = om_splat_int(0);
    for (ptrdiff_t q = v; q < t->depth / 4 * vectors; q += vectors)
      OM_INT_DOT(sum, om_splat_int(0x01010101), om_load_int(t->b + q * OM_VECTOR_STEP));
    om_store_int(start + v * OM_LANES, om_load_int(t->start + v * OM_LANES) + sum * OM_INT_MOVED);
  }
  own.start = start, t = &own;
#endif
  for (; row + OM_INT_TILE_ROWS <= t->rows; row += OM_INT_TILE_ROWS)
    if (wide) OM_INT_TILE(t, row, OM_INT_TILE_ROWS, 2);
    else OM_INT_TILE(t, row, OM_INT_TILE_ROWS, 1);
  for (; OM_INT_TILE_MIDDLE < OM_INT_TILE_ROWS && row + OM_INT_TILE_MIDDLE <= t->rows; row += OM_INT_TILE_MIDDLE)
    if (wide) OM_INT_TILE(t, row, OM_INT_TILE_MIDDLE, 2);
    else OM_INT_TILE(t, row, OM_INT_TILE_MIDDLE, 1);
  for (; row < t->rows; row++)
    if (wide) OM_INT_TILE(t, row, 1, 2);
    else OM_INT_TILE(t, row, 1, 1);
}

#undef OM_INT_JOINED
#undef OM_INT_NAMED
#undef OM_INT_TILE
#undef OM_INT_KIND
#undef OM_INT_TARGET
#undef OM_INT_DOT
#undef OM_INT_DOT_QUAD
#undef OM_INT_MOVED
