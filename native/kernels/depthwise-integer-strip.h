/* The inner kernel of depthwise convolutions of 8-bit integers: a template that depthwise-integer.h includes once per way to
 * multiply bytes, with the macros of gemm-integer-tile.h. With OM_INT_DOT lanes hold the bytes of four lines, else those of
 * two as halves. With OM_INT_MOVED the bytes of x are signed, less by so much. */
#define OM_INT_JOINED(name, kind) name##_##kind
#define OM_INT_NAMED(name, kind) OM_INT_JOINED(name, kind)
#define OM_INT_GATHER OM_INT_NAMED(om_int_gather_columns, OM_INT_KIND)
#define OM_INT_ALL OM_INT_NAMED(om_int_gather_group, OM_INT_KIND)
#define OM_INT_WINDOWS OM_INT_NAMED(om_int_windows, OM_INT_KIND)
#ifdef OM_INT_DOT
#define OM_INT_GROUP 4
#else
#define OM_INT_GROUP 2
#endif

/* The bytes of `n` lines from `line` on, together in lanes, for the columns that lie inside; `step` vectors apart. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_GATHER(
    const om_int_strip *s, ptrdiff_t line, const int n, const bool whole, om_vi flips, om_vi *to, ptrdiff_t step) {
  const ptrdiff_t begin = om_min(s->columns, om_max(0, -s->first));
  const ptrdiff_t end = om_max(begin, om_min(s->columns, s->in - s->first));
  const uint8_t *from[OM_INT_GROUP];
  om_vi padding = om_splat_int(0);
OM_UNROLL(4)
  for (int i = 0; i < n; i++) {
    from[i] = s->lines[line + i] + (s->first + begin) * s->pixels[line + i];
    padding |= om_splat_int(s->padding) << (32 / OM_INT_GROUP * i);
  }
  padding ^= flips;
  for (ptrdiff_t i = 0; i < begin; i++) to[i * step] = padding;
  for (ptrdiff_t i = begin; i < end; i++) {
    om_vi all = om_load_lanes(from[0], s->channels, whole);
OM_UNROLL(4)
    for (int j = 1; j < n; j++) all |= om_load_lanes(from[j], s->channels, whole) << (32 / OM_INT_GROUP * j);
OM_UNROLL(4)
    for (int j = 0; j < n; j++) from[j] += s->pixels[line + j];
    to[i * step] = all ^ flips;
  }
  for (ptrdiff_t i = end; i < s->columns; i++) to[i * step] = padding;
}

static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_ALL(const om_int_strip *s, ptrdiff_t line,
                                                                                   const int n, om_vi flips, om_vi *to,
                                                                                   ptrdiff_t step) {
  if (OM_LANES == 1 || s->channels == OM_LANES) OM_INT_GATHER(s, line, n, true, flips, to, step);
  else OM_INT_GATHER(s, line, n, false, flips, to, step);
}

/* `count` windows from `at` on, of `taps` positions and so many groups of lines. */
static inline __attribute__((always_inline, unused)) OM_INT_TARGET void OM_INT_WINDOWS(
    const om_int_strip *s, ptrdiff_t at, const int count, const ptrdiff_t taps, const ptrdiff_t groups,
    const om_vi *weights, const om_vi *columns, om_vi start) {
  om_vi sum[OM_INT_PIXELS];
  const ptrdiff_t next = s->next * groups;
  columns += at * next;
OM_UNROLL(4)
  for (int i = 0; i < count; i++) sum[i] = start;
  for (ptrdiff_t tap = 0; tap < taps; tap++, columns += s->step * groups)
    for (ptrdiff_t g = 0; g < groups; g++) {
      const om_vi w = *weights++;
OM_UNROLL(4)
      for (int i = 0; i < count; i++) {
#ifdef OM_INT_DOT
        OM_INT_DOT(sum[i], columns[i * next + g], w);
#else
        sum[i] += om_multiply_halves(columns[i * next + g], w);
#endif
      }
    }
OM_UNROLL(4)
  for (int i = 0; i < count; i++) om_store_int(s->sum + (at + i) * OM_LANES, sum[i]);
}

static __attribute__((noinline, unused)) OM_INT_TARGET void OM_INT_NAMED(om_int_strip, OM_INT_KIND)(const om_int_strip *s) {
  const ptrdiff_t groups = (s->count + OM_INT_GROUP - 1) / OM_INT_GROUP, pairs = (s->count + 1) / 2;
  om_vi columns[OM_INT_STRIP], weights[OM_INT_STRIP];
  /* Two moved bytes in a lane of halves, four in one of bytes. */
  const om_vi flips = om_splat_int((OM_INT_GROUP == 4 ? 0x01010101 : 0x00010001) * s->flip);
  OM_INT_EACH_GROUP(OM_INT_ALL, s, groups, flips, columns, 1);
  for (ptrdiff_t tap = 0; tap < s->taps; tap++)
    for (ptrdiff_t g = 0; g < groups; g++) {
      if (OM_LANES == 1 && s->bytes) {
        const int8_t *pair = s->bytes + tap * s->count + 2 * g;
        const uint32_t second = 2 * g + 1 < s->count ? (uint32_t)pair[1] : 0;
        weights[tap * groups + g] = om_splat_int((int32_t)(((uint32_t)pair[0] & 0xffff) | second << 16));
        continue;
      }
      const int32_t *from = s->weights + (tap * pairs + g * OM_INT_GROUP / 2) * OM_LANES;
      om_vi w = om_load_int(from);
      if (OM_INT_GROUP == 4) {
        const om_vi more = g * 2 + 1 < pairs ? om_load_int(from + OM_LANES) : om_splat_int(0);
        w = (w & 0xff) | (w >> 8 & 0xff00) | (more & 0xff) << 16 | (more & 0xff0000) << 8;
      }
      weights[tap * groups + g] = w;
    }
  om_vi start = om_splat_int(0);
#ifdef OM_INT_MOVED
  for (ptrdiff_t i = 0; i < s->taps * groups; i++) OM_INT_DOT(start, om_splat_int(0x01010101), weights[i]);
  start *= OM_INT_MOVED;
#endif
  /* Of known sizes weights stay in registers: 3x3 on 112x112x32 168 to 137 us (AVX2), 123 to 115 (AVX-512). */
  const bool is_3x3 = s->taps == 3 && s->count == 3;
  ptrdiff_t at = 0;
  for (; is_3x3 && at + OM_INT_PIXELS <= s->windows; at += OM_INT_PIXELS)
    OM_INT_WINDOWS(s, at, OM_INT_PIXELS, 3, OM_INT_GROUP == 4 ? 1 : 2, weights, columns, start);
  for (; at + OM_INT_PIXELS <= s->windows; at += OM_INT_PIXELS)
    OM_INT_WINDOWS(s, at, OM_INT_PIXELS, s->taps, groups, weights, columns, start);
  for (; at < s->windows; at++) OM_INT_WINDOWS(s, at, 1, s->taps, groups, weights, columns, start);
}

#undef OM_INT_GATHER
#undef OM_INT_ALL
#undef OM_INT_WINDOWS
#if OM_BLOCK_BYTES > 0
#include "depthwise-integer-block.h"
#endif
#undef OM_INT_JOINED
#undef OM_INT_NAMED
#undef OM_INT_GROUP
#undef OM_INT_KIND
#undef OM_INT_TARGET
#undef OM_INT_DOT
#undef OM_INT_MOVED
