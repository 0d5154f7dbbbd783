/* log, log2, log10, log1p. */
#ifndef OM_FREESTANDING_LOGARITHM_H
#define OM_FREESTANDING_LOGARITHM_H

#include "binary64.h"

static __attribute__((noinline, unused)) double om_c_log(double x) {
  if (!(x > 0)) return x == 0 ? -OM_INF : OM_NAN;
  if (x == OM_INF) return x;
  int n;
  double m = om_c_frexp(x, &n);
  if (m < 0.7071067811865476) m *= 2, n--;
  const double f = m - 1, s = f / (2 + f), z = s * s;
  double p = 0;
  for (int k = 25; k >= 3; k -= 2) p = p * z + 2.0 / k;
  return n * 0x1.62e42fefa39efp-1 + (f - s * (f - z * p));
}
static inline double om_c_log1p(double x) {
  const double u = 1 + x;
  return x == 0 || u == OM_INF ? x : u == 1 ? x : om_c_log(u) + (x - (u - 1)) / u;
}
static inline double om_c_log2(double x) { return om_c_log(x) * 1.4426950408889634; }
static inline double om_c_log10(double x) { return om_c_log(x) * 0.4342944819032518; }

#endif
