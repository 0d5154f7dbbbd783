/* Rounding to the integers of a quantised type. */
#ifndef OM_QUANTIZE_H
#define OM_QUANTIZE_H

#include <math.h>

#include "parallel.h"
#include "vector.h"

/* x to the nearest whole number, ties to even, moved by the zero point and kept within [low, high]. NaN gives low.
 * Types have at most 16 bits, of which float holds every number. Limits come first, which are whole numbers: what is then
 * rounded is small, so that where rintf is a call, which keeps a loop from vectorising, adding 1.5 * 2^23 does it (3.2 to
 * 0.55 ns an element on SSE2). */
static inline float om_quantize(float x, float zero_point, float low, float high) {
  const float least = low - zero_point, most = high - zero_point;
  const float above = x > least ? x : least;
  const float kept = above < most ? above : most;
#if (defined(__SSE2__) && !defined(__SSE4_1__)) || (defined(__arm__) && !defined(__aarch64__))
  const float rounder = 12582912.0f;
  return ((kept + rounder) - rounder) + zero_point;
#else
  return rintf(kept) + zero_point;
#endif
}

/* The smallest and the largest of n floats and 0; of a NaN among them: NaN, both. */
OM_SHARED void om_range_of_part_f32(const float *x, ptrdiff_t n, float *low, float *high) {
  om_vf least = om_splat(0.0f), most = om_splat(0.0f);
  om_vi odd = (om_vi){0};
  ptrdiff_t i = 0;
  for (; i + OM_LANES <= n; i += OM_LANES) {
    const om_vf v = om_load(x + i);
    odd |= v != v;
    least = om_at_most(v, least);
    most = om_at_least(v, most);
  }
  float lows[OM_LANES], highs[OM_LANES];
  om_store(lows, least), om_store(highs, most);
  *low = 0.0f, *high = 0.0f;
  bool any = false;
  for (ptrdiff_t j = 0; j < OM_LANES; j++) {
    int32_t lane;
    memcpy(&lane, (const char *)&odd + 4 * j, sizeof lane);
    any |= lane != 0;
    if (lows[j] < *low) *low = lows[j];
    if (highs[j] > *high) *high = highs[j];
  }
  for (; i < n; i++) {
    any |= x[i] != x[i];
    if (x[i] < *low) *low = x[i];
    if (x[i] > *high) *high = x[i];
  }
  if (any) *low = *high = NAN;
}

/* Parts of a range, at most. */
enum { OM_RANGE_PARTS = 32 };

/* The same, of which threads share parts. `ranges`: room for 2 * OM_RANGE_PARTS floats. */
OM_SHARED void om_range_f32(const float *x, ptrdiff_t n, float *low, float *high, float *ranges) {
  const ptrdiff_t each = om_max(OM_PART_ELEMENTS, om_round_up((n + OM_RANGE_PARTS - 1) / OM_RANGE_PARTS, OM_LANES));
  const ptrdiff_t parts = (n + each - 1) / each;
  for (ptrdiff_t i = 0; i < parts; i++)
    if (om_is_mine())
      om_range_of_part_f32(x + i * each, om_min(each, n - i * each), ranges + 2 * i, ranges + 2 * i + 1);
  om_settle();
  /* The limits of parts are numbers whose limits are those of all. */
  if (om_is_mine()) om_range_of_part_f32(ranges, 2 * parts, low, high);
}

#endif
