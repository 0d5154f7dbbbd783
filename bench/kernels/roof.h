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

/* Arrays of 4 kB, which the clock still resolves, to 128 MB, which no cache has: each twice as large as the one before. Large
 * ones are measured by pieces of 8 MB, since the whole is seldom read without an interruption. */
enum { ROOF_LEAST = 12, ROOF_MOST = 27, ROOF_PIECE = 1 << 21, ROOF_SUMS = 8 };
/* The power of two from which bytes may come from memory, whose rate changes with what other programs do. */
enum { ROOF_MEMORY = 24 };

/* Bytes per second of a sum over an array, by powers of two. */
static double roof_rates[ROOF_MOST + 1];

/* Measures one of these. */
static void roof_read(int power) {
  static void *block;
  static float *array;
  if (!array) {
    array = (float *)measure_allocate((size_t)1 << ROOF_MOST, &block);
    for (ptrdiff_t i = 0; i < (ptrdiff_t)1 << (ROOF_MOST - 2); i++) array[i] = 0.5f;
  }
  const ptrdiff_t n = (ptrdiff_t)1 << (power - 2), piece = om_min(n, ROOF_PIECE);
  om_vf sum[ROOF_SUMS];
OM_UNROLL(8)
  for (int k = 0; k < ROOF_SUMS; k++) sum[k] = om_splat(0.0f);
  measure m = {0};
  for (ptrdiff_t at = 0; measure_goes_on(&m); at = at + piece < n ? at + piece : 0)
    for (ptrdiff_t i = at; i < at + piece; i += ROOF_SUMS * OM_LANES)
OM_UNROLL(8)
      for (int k = 0; k < ROOF_SUMS; k++) sum[k] += om_load(array + i + k * OM_LANES);
OM_UNROLL(8)
  for (int k = 0; k < ROOF_SUMS; k++) ROOF_USE(sum[k]);
  roof_rates[power] = fmax(roof_rates[power], 4.0 * (double)piece / m.best);
}

/* The power of two that is next to so many bytes. */
static int roof_power(double bytes) {
  return (int)om_min(om_max(lround(log2(bytes)), ROOF_LEAST), ROOF_MOST);
}

/* Bytes per second of the cache, or the memory, that has room for so many. */
static double roof_bandwidth(double bytes) {
  const int power = roof_power(bytes);
  if (roof_rates[power] == 0) roof_read(power);
  return roof_rates[power];
}

#endif
