/* Depthwise convolutions of 8-bit integers for a block of channels (see byte-blocks.h), from bytes to bytes: a template that
 * depthwise-integer-strip.h includes, with its macros. What lies under the lines of a kernel comes together in lanes by
 * instructions that put the bytes of two vectors in turn, 32 channels in 8 of them, where a load that widens takes 4 for each
 * line; and sums become codes before they leave their registers. */
#define OM_INT_GATHER OM_INT_NAMED(om_int_gather_block, OM_INT_KIND)
#define OM_INT_WEIGHTS OM_INT_NAMED(om_int_weights_of_block, OM_INT_KIND)
#define OM_INT_WINDOWS OM_INT_NAMED(om_int_windows_of_block, OM_INT_KIND)
#define OM_INT_LINE OM_INT_NAMED(om_int_line_of_block, OM_INT_KIND)
/* Windows that are computed at once: what is loaded is used by several. On 16 registers four are still faster than two. */
#if OM_BLOCK_BYTES == 32
#define OM_INT_TOGETHER 4
#else
#define OM_INT_TOGETHER 2
#endif

/* The bytes of `n` lines from `line` on, together in lanes, for the columns that lie inside; of a lane's bytes that no line is
 * for, any: their weights are 0. `step`: vectors between columns. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_GATHER(
    const om_int_strip *s, ptrdiff_t line, const int n, om_bi flips, om_bi *to, ptrdiff_t step) {
  const ptrdiff_t begin = om_min(s->columns, om_max(0, -s->first));
  const ptrdiff_t end = om_max(begin, om_min(s->columns, s->in - s->first));
  const int32_t byte = s->padding ^ s->flip;
  const om_bi padding = om_splat_block(byte * (OM_INT_GROUP == 4 ? 0x01010101 : 0x00010001)), zero = om_splat_block(0);
  const uint8_t *from[OM_INT_GROUP];
OM_UNROLL(4)
  for (int i = 0; i < n; i++) from[i] = s->lines[line + i] + (s->first + begin) * s->pixels[line + i];
  for (ptrdiff_t at = 0; at < begin; at++)
    for (int i = 0; i < 4; i++) to[at * step + i] = padding;
  for (ptrdiff_t at = begin; at < end; at++) {
    om_bi of[OM_INT_GROUP], low[2], high[2];
OM_UNROLL(4)
    for (int i = 0; i < n; i++) of[i] = om_load_block(from[i]) ^ flips, from[i] += s->pixels[line + i];
OM_UNROLL(2)
    for (int i = 0; i < 2; i++) {
      const int a = OM_INT_GROUP == 4 ? 2 * i : i;
      if (a >= n) {
        low[i] = low[0], high[i] = high[0];
        continue;
      }
      const om_bi other = OM_INT_GROUP == 2 ? zero : of[om_min(a + 1, n - 1)];
      low[i] = om_low_bytes(of[a], other), high[i] = om_high_bytes(of[a], other);
    }
    om_bi *lanes = to + at * step;
    lanes[0] = om_low_halves(low[0], low[1]), lanes[1] = om_high_halves(low[0], low[1]);
    lanes[2] = om_low_halves(high[0], high[1]), lanes[3] = om_high_halves(high[0], high[1]);
  }
  for (ptrdiff_t at = end; at < s->columns; at++)
    for (int i = 0; i < 4; i++) to[at * step + i] = padding;
}

/* Packed weights as taps, groups of lines, four vectors. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_WEIGHTS(const om_int_strip *s, om_bi *to) {
  const ptrdiff_t pairs = (s->count + 1) / 2, vector = s->taps * pairs * OM_LANES;
  for (ptrdiff_t tap = 0; tap < s->taps; tap++)
    for (ptrdiff_t pair = 0; pair < pairs; pair += OM_INT_GROUP / 2)
      for (ptrdiff_t i = 0; i < 4; i++) {
        const int32_t *from = s->weights + 4 * i / OM_LANES * vector + (tap * pairs + pair) * OM_LANES + 4 * i % OM_LANES;
        om_bi of = om_load_fours(from, 16 / OM_LANES * vector);
#ifdef OM_INT_DOT
        const om_bi more = pair + 1 < pairs ? om_load_fours(from + OM_LANES, 16 / OM_LANES * vector) : om_splat_block(0);
        of = (of & 0xff) | (of >> 8 & 0xff00) | (more & 0xff) << 16 | (more & 0xff0000) << 8;
#endif
        *to++ = of;
      }
}

/* `count` windows from `at` on, of `taps` positions and so many groups of lines; `next`, `step`: columns between windows and
 * taps. One vector of the four after the other: what lies under several windows and each weight is loaded once. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_WINDOWS(
    const om_int_strip *s, const om_int_block *b, ptrdiff_t at, const int count, const ptrdiff_t taps, const ptrdiff_t groups,
    const ptrdiff_t next, const ptrdiff_t step, const bool is_plain, const om_bi *weights, const om_bi *columns) {
  om_bi sum[OM_INT_TOGETHER][4];
  columns += at * next * groups * 4;
OM_UNROLL(4)
  for (int j = 0; j < 4; j++) {
    om_bi own[OM_INT_TOGETHER];
OM_UNROLL(OM_INT_TOGETHER)
    for (int i = 0; i < count; i++) own[i] = b->start[j];
    for (ptrdiff_t tap = 0; tap < taps; tap++)
      for (ptrdiff_t g = 0; g < groups; g++) {
        const om_bi w = weights[(tap * groups + g) * 4 + j];
OM_UNROLL(OM_INT_TOGETHER)
        for (int i = 0; i < count; i++) {
          const om_bi under = columns[((i * next + tap * step) * groups + g) * 4 + j];
#ifdef OM_INT_DOT
          OM_INT_DOT(own[i], under, w);
#else
          own[i] += om_multiply_block(under, w);
          OM_BLOCK_KEEP(own[i]);
#endif
        }
      }
OM_UNROLL(OM_INT_TOGETHER)
    for (int i = 0; i < count; i++) sum[i][j] = own[i];
  }
OM_UNROLL(OM_INT_TOGETHER)
  for (int i = 0; i < count; i++) {
    const om_bi codes = om_block_codes(sum[i], b, is_plain);
    memcpy(s->y + (at + i) * s->y_row, &codes, sizeof codes);
  }
}

/* All windows of a strip. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_LINE(
    const om_int_strip *s, const om_int_block *block, const ptrdiff_t taps, const ptrdiff_t groups, const ptrdiff_t next,
    const ptrdiff_t step, const bool is_plain, const om_bi *weights, const om_bi *columns) {
  const om_int_block b = *block; /* nothing that is stored can be of it */
  ptrdiff_t at = 0;
  for (; at + OM_INT_TOGETHER <= s->windows; at += OM_INT_TOGETHER)
    OM_INT_WINDOWS(s, &b, at, OM_INT_TOGETHER, taps, groups, next, step, is_plain, weights, columns);
  for (; at < s->windows; at++) OM_INT_WINDOWS(s, &b, at, 1, taps, groups, next, step, is_plain, weights, columns);
}

static __attribute__((noinline, unused)) OM_INT_TARGET void OM_INT_NAMED(om_int_block, OM_INT_KIND)(const om_int_strip *s,
                                                                                                    const om_int_block *b) {
  const ptrdiff_t groups = (s->count + OM_INT_GROUP - 1) / OM_INT_GROUP;
  om_bi columns[OM_INT_BLOCK_STRIP], weights[OM_INT_BLOCK_STRIP];
  const om_bi flips = om_splat_block(0x01010101 * s->flip);
  OM_INT_EACH_GROUP(OM_INT_GATHER, s, groups, flips, columns, 4);
  OM_INT_WEIGHTS(s, weights);
  const bool is_3x3 = s->taps == 3 && s->count == 3 && s->step == 1 && s->is_plain;
  const ptrdiff_t groups_of_3 = OM_INT_GROUP == 4 ? 1 : 2;
  if (is_3x3 && s->next == 1) OM_INT_LINE(s, b, 3, groups_of_3, 1, 1, true, weights, columns);
  else if (is_3x3 && s->next == 2) OM_INT_LINE(s, b, 3, groups_of_3, 2, 1, true, weights, columns);
  else OM_INT_LINE(s, b, s->taps, groups, s->next, s->step, false, weights, columns);
}

#undef OM_INT_GATHER
#undef OM_INT_WEIGHTS
#undef OM_INT_WINDOWS
#undef OM_INT_LINE
#undef OM_INT_TOGETHER
