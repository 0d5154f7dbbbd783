/* What this machine does at most, measured beside the kernels: no kernel takes less than its operations at the rate of
 * multiply-adds that never leave the registers, nor less than its bytes at the rate at which as many are read. Williams,
 * Waterman and Patterson, "Roofline" (2009). */
#ifndef OM_BENCH_ROOF_H
#define OM_BENCH_ROOF_H

#include <math.h>

#include "gemm-tile.h"
#include "measure.h"

/* Chains of multiply-adds that don't wait for each other: as many as there are sums in a tile of a product. */
enum { ROOF_CHAINS = OM_TILE_ROWS * OM_TILE_VECTORS, ROOF_STEPS = 256 };

/* What the compiler must take for used. */
#define ROOF_USE(value)                                                                                                \
  do {                                                                                                                 \
    const __typeof__(value) used = (value);                                                                            \
    __asm__ volatile("" : : "m"(used));                                                                                \
  } while (0)

/* Operations per second on floats: a multiply-add counts as two. */
static double roof_peak(void) {
  static double peak;
  if (peak > 0) return peak;
  volatile float given = 0.5f;
  const om_vf by = om_splat(given), plus = om_splat(given);
  om_vf chain[ROOF_CHAINS];
OM_UNROLL(64)
  for (int i = 0; i < ROOF_CHAINS; i++) chain[i] = om_splat(given + (float)i);
  measure m = {0};
  while (measure_goes_on(&m))
    for (int step = 0; step < ROOF_STEPS; step++)
OM_UNROLL(64)
      for (int i = 0; i < ROOF_CHAINS; i++) chain[i] = chain[i] * by + plus;
OM_UNROLL(64)
  for (int i = 0; i < ROOF_CHAINS; i++) ROOF_USE(chain[i]);
  return peak = 2.0 * ROOF_CHAINS * ROOF_STEPS * OM_LANES / m.best;
}

/* Arrays of 4 kB, which the clock still resolves, to 128 MB, which no cache has: each twice as large as the one before. */
enum { ROOF_LEAST = 12, ROOF_MOST = 27, ROOF_SUMS = 8 };
static double roof_rates[ROOF_MOST + 1];

/* Bytes per second of a sum over an array of the power of two that is next to `bytes`: of the cache, or the memory, that
 * has room for them. */
static double roof_bandwidth(double bytes) {
  const long nearest = lround(log2(bytes)), power = om_min(om_max(nearest, ROOF_LEAST), ROOF_MOST);
  if (roof_rates[power] > 0) return roof_rates[power];
  const ptrdiff_t n = (ptrdiff_t)1 << (power - 2);
  const float *x = measure_floats(n);
  om_vf sum[ROOF_SUMS];
OM_UNROLL(8)
  for (int k = 0; k < ROOF_SUMS; k++) sum[k] = om_splat(0.0f);
  measure m = {0};
  while (measure_goes_on(&m))
    for (ptrdiff_t i = 0; i < n; i += ROOF_SUMS * OM_LANES)
OM_UNROLL(8)
      for (int k = 0; k < ROOF_SUMS; k++) sum[k] += om_load(x + i + k * OM_LANES);
OM_UNROLL(8)
  for (int k = 0; k < ROOF_SUMS; k++) ROOF_USE(sum[k]);
  return roof_rates[power] = 4.0 * (double)n / m.best;
}

#endif
