/* Sums, maxima and powers of a row of floats. Four vectors of partial results: a single chain of additions would wait for each,
 * and rounding errors grow with the length of a chain. */
#ifndef OM_ROWS_H
#define OM_ROWS_H

#include <math.h>

#include "elementary.h"

/* The lanes' sum, pairwise. */
OM_INLINE float om_lanes_sum(om_vf v) {
  float lane[OM_LANES];
  om_store(lane, v);
OM_UNROLL(4)
  for (int half = OM_LANES / 2; half > 0; half /= 2)
OM_UNROLL(8)
    for (int i = 0; i < half; i++) lane[i] += lane[i + half];
  return lane[0];
}

OM_INLINE float om_row_sum_f32(const float *x, ptrdiff_t n) {
  om_vf sum[4] = {om_splat(0.0f), om_splat(0.0f), om_splat(0.0f), om_splat(0.0f)};
  ptrdiff_t i = 0;
  for (; i + 4 * OM_LANES <= n; i += 4 * OM_LANES)
OM_UNROLL(4)
    for (int k = 0; k < 4; k++) sum[k] += om_load(x + i + k * OM_LANES);
  float rest = 0.0f;
  for (; i < n; i++) rest += x[i];
  return om_lanes_sum((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest;
}

/* Sum of (x - shift)². */
OM_INLINE float om_row_square_sum_f32(const float *x, ptrdiff_t n, float shift) {
  om_vf sum[4] = {om_splat(0.0f), om_splat(0.0f), om_splat(0.0f), om_splat(0.0f)};
  ptrdiff_t i = 0;
  for (; i + 4 * OM_LANES <= n; i += 4 * OM_LANES)
OM_UNROLL(4)
    for (int k = 0; k < 4; k++) {
      const om_vf d = om_load(x + i + k * OM_LANES) - om_splat(shift);
      sum[k] += d * d;
    }
  float rest = 0.0f;
  for (; i < n; i++) rest += (x[i] - shift) * (x[i] - shift);
  return om_lanes_sum((sum[0] + sum[1]) + (sum[2] + sum[3])) + rest;
}

/* The largest lane that is not NaN; -inf of none. */
OM_INLINE float om_lanes_max(om_vf v) {
  float lane[OM_LANES];
  om_store(lane, om_at_least(om_splat(-INFINITY), v));
OM_UNROLL(4)
  for (int half = OM_LANES / 2; half > 0; half /= 2)
OM_UNROLL(8)
    for (int i = 0; i < half; i++) lane[i] = lane[i + half] > lane[i] ? lane[i + half] : lane[i];
  return lane[0];
}

/* The largest element that is not NaN; -inf of none. */
OM_INLINE float om_row_max_f32(const float *x, ptrdiff_t n) {
  om_vf top[4] = {om_splat(-INFINITY), om_splat(-INFINITY), om_splat(-INFINITY), om_splat(-INFINITY)};
  ptrdiff_t i = 0;
  for (; i + 4 * OM_LANES <= n; i += 4 * OM_LANES)
OM_UNROLL(4)
    for (int k = 0; k < 4; k++) top[k] = om_at_least(top[k], om_load(x + i + k * OM_LANES));
  float most = om_lanes_max(om_at_least(om_at_least(top[0], top[1]), om_at_least(top[2], top[3])));
  for (; i < n; i++) most = x[i] > most ? x[i] : most;
  return most;
}

/* y = e^(x - top), top a row's largest element, and their sum; y may be x. */
OM_INLINE float om_row_powers_f32(const float *x, float *y, ptrdiff_t n, float top) {
  /* clang would hand each element from one turn of the loop to the next, if it had read the first one before, and then make no
   * vectors of them: 1536 rows of 128 took 5 times as long. */
  __asm__ volatile("" ::: "memory");
  for (ptrdiff_t i = 0; i < n; i++) y[i] = om_decay_f32(x[i] - top);
  return om_row_sum_f32(y, n);
}

#endif
