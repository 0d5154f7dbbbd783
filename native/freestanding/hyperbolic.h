/* sinh, cosh, tanh and their inverses, from e^x and log(1 + x) as pairs. */
#ifndef OM_FREESTANDING_HYPERBOLIC_H
#define OM_FREESTANDING_HYPERBOLIC_H

#include "exponential.h"
#include "logarithm.h"

/* (e^x + sign e^-x) / 2 for 0 <= x < 720. */
static inline double om_half_exp_sum(double x, double sign) {
  int n;
  const om_pair power = om_power_of_e(x, 0, &n);
  if (n > 60) return om_c_scalbn(power.high, n - 1);
  const double scale = om_two_to(n - 1), grown = power.high * scale, grown_low = power.low * scale;
  const om_pair shrunk = om_quotient(0.25, 0, grown, grown_low);
  const om_pair both = om_fast_sum(grown, sign * shrunk.high);
  return both.high + (both.low + (grown_low + sign * shrunk.low));
}

OM_MATH double om_c_sinh(double x) {
  const double size = __builtin_fabs(x);
  if (size < 0.35) return size < 0x1p-27 ? x : x + x * (x * x) * OM_POLYNOMIAL(om_sinh_terms, x * x);
  if (!(size < 720)) return x * OM_INF;
  return __builtin_copysign(om_half_exp_sum(size, -1), x);
}

OM_MATH double om_c_cosh(double x) {
  const double size = __builtin_fabs(x);
  return size < 720 ? om_half_exp_sum(size, 1) : size + OM_INF;
}

/* m / (m + 2), m = e^2x - 1. */
OM_MATH double om_c_tanh(double x) {
  const double size = __builtin_fabs(x);
  if (size < 0x1p-27 || x != x) return x;
  if (size > 22) return __builtin_copysign(1, x);
  int n;
  const om_pair m = om_expm1_scaled(2 * size, &n), below = om_sum(m.high, om_two_to(1 - n));
  const om_pair y = om_quotient(m.high, m.low, below.high, below.low + m.low);
  return __builtin_copysign(y.high + y.low, x);
}

/* sqrt(x^2 + sign) - 1 + more, all of it in pairs. */
static inline om_pair om_root_beside(double x, double sign, double more) {
  const om_pair square = om_product(x, x), inside = om_sum(square.high, sign);
  if (inside.high == 0) return (om_pair){more - 1, 0};
  const om_pair root = om_root(inside.high, inside.low + square.low);
  const om_pair less = om_sum(root.high, -1), sum = om_sum(less.high, more);
  return om_fast_sum(sum.high, sum.low + (less.low + root.low));
}

/* log(2 x). */
static inline double om_log_twice(double x) {
  int n;
  const om_pair log = om_log_reduced(x, &n);
  return om_log_of(n + 1, log).high;
}

OM_MATH double om_c_asinh(double x) {
  const double size = __builtin_fabs(x);
  if (size < 0x1p-27 || !(size < OM_INF)) return x;
  if (size > 0x1p28) return __builtin_copysign(om_log_twice(size), x);
  const om_pair y = om_root_beside(size, 1, size);
  return __builtin_copysign(om_log1p_of(y.high, y.low), x);
}

OM_MATH double om_c_acosh(double x) {
  if (!(x >= 1)) return OM_NAN;
  if (x == 1) return 0;
  if (x > 0x1p28) return x < OM_INF ? om_log_twice(x) : x;
  const om_pair y = om_root_beside(x, -1, x);
  return om_log1p_of(y.high, y.low);
}

OM_MATH double om_c_atanh(double x) {
  const double size = __builtin_fabs(x);
  if (!(size < 1)) return size == 1 ? __builtin_copysign(OM_INF, x) : OM_NAN;
  if (size < 0x1p-27) return x;
  const om_pair below = om_fast_sum(1, -size), y = om_quotient(2 * size, 0, below.high, below.low);
  return __builtin_copysign(0.5 * om_log1p_of(y.high, y.low), x);
}

#endif
