/* sinh, cosh, tanh and their inverses. */
#ifndef OM_FREESTANDING_HYPERBOLIC_H
#define OM_FREESTANDING_HYPERBOLIC_H

#include "exponential.h"
#include "logarithm.h"

static inline double om_c_sinh(double x) {
  const double a = __builtin_fabs(x);
  if (a > 40) return __builtin_copysign(om_c_exp(a / 2) * 0.5 * om_c_exp(a / 2), x);
  const double m = om_c_expm1(a);
  return __builtin_copysign(0.5 * (m + m / (m + 1)), x);
}
static inline double om_c_cosh(double x) {
  const double a = __builtin_fabs(x);
  if (a > 40) return om_c_exp(a / 2) * 0.5 * om_c_exp(a / 2);
  const double e = om_c_exp(a);
  return 0.5 * e + 0.5 / e;
}
static inline double om_c_tanh(double x) {
  const double a = __builtin_fabs(x);
  if (a > 22) return __builtin_copysign(1.0, x);
  const double m = om_c_expm1(2 * a);
  return __builtin_copysign(m / (m + 2), x);
}
static inline double om_c_asinh(double x) {
  const double a = __builtin_fabs(x);
  if (a > 0x1p30) return __builtin_copysign(om_c_log(a) + 0.6931471805599453, x);
  return __builtin_copysign(om_c_log1p(a + a * a / (1 + __builtin_sqrt(1 + a * a))), x);
}
static inline double om_c_acosh(double x) {
  if (!(x >= 1)) return OM_NAN;
  const double t = x - 1;
  return x > 0x1p30 ? om_c_log(x) + 0.6931471805599453 : om_c_log1p(t + __builtin_sqrt(2 * t + t * t));
}
static inline double om_c_atanh(double x) {
  const double a = __builtin_fabs(x);
  return __builtin_copysign(0.5 * om_c_log1p(2 * a / (1 - a)), x);
}

#endif
