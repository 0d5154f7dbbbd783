/* pow, hypot, cbrt. */
#ifndef OM_FREESTANDING_POWER_H
#define OM_FREESTANDING_POWER_H

#include "exponential.h"
#include "logarithm.h"

static __attribute__((noinline, unused)) double om_c_pow(double x, double y) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return OM_NAN;
  const double a = __builtin_fabs(x);
  const bool whole = __builtin_rint(y) == y, odd = whole && __builtin_rint(y / 2) != y / 2;
  if (y - y != 0) return a == 1 ? 1 : (a > 1) == (y > 0) ? OM_INF : 0;
  const bool negative = __builtin_signbit(x) && odd;
  double size;
  if (a == 0 || a == OM_INF) size = (a == 0) == (y > 0) ? 0 : OM_INF;
  else if (x < 0 && !whole) return OM_NAN;
  else if (whole && __builtin_fabs(y) <= 64) {
    double base = a;
    size = 1;
    for (int n = (int)__builtin_fabs(y); n; n >>= 1, base *= base)
      if (n & 1) size *= base;
    if (y < 0) size = 1 / size;
  } else size = om_c_exp(y * om_c_log(a));
  return negative ? -size : size;
}

static inline double om_c_hypot(double x, double y) {
  x = __builtin_fabs(x), y = __builtin_fabs(y);
  if (x == OM_INF || y == OM_INF) return OM_INF;
  if (x < y) {
    const double t = x;
    x = y, y = t;
  }
  return x == 0 ? y : x * __builtin_sqrt(1 + (y / x) * (y / x));
}

#endif
