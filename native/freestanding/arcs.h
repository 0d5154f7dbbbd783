/* atan, asin, acos, atan2. */
#ifndef OM_FREESTANDING_ARCS_H
#define OM_FREESTANDING_ARCS_H

#include "binary64.h"

static __attribute__((noinline, unused)) double om_c_atan(double x) {
  double a = __builtin_fabs(x), y = 0;
  if (a != a) return x;
  const bool inverse = a > 1;
  if (inverse) a = 1 / a;
  double m = 1;
  for (int i = 0; i < 3; i++) a = a / (1 + __builtin_sqrt(1 + a * a)), m *= 2;
  for (int k = 21; k >= 1; k -= 2) y = 1.0 / k - a * a * y;
  y *= a * m;
  return __builtin_copysign(inverse ? 1.5707963267948966 - y : y, x);
}
static inline double om_c_atan2(double y, double x) {
  if (x != x || y != y) return OM_NAN;
  const double pi = 3.141592653589793;
  const bool left = __builtin_signbit(x);
  if (y == 0) return left ? __builtin_copysign(pi, y) : y;
  double a = __builtin_fabs(y), b = __builtin_fabs(x);
  if (a == OM_INF && b == OM_INF) a = b = 1;
  const double angle = om_c_atan(a / b);
  return __builtin_copysign(left ? pi - angle : angle, y);
}
static inline double om_c_asin(double x) {
  return x == 0 ? x : om_c_atan2(x, __builtin_sqrt((1 - x) * (1 + x)));
}
static inline double om_c_acos(double x) { return om_c_atan2(__builtin_sqrt((1 - x) * (1 + x)), x); }

#endif
