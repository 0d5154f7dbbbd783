/* erf and erfc: a polynomial up to 0.65, and above erfc(x) = e^(-x^2) g(x) / (1 + 2 x), where g hardly varies (M. Shepherd
 * and J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", 1981). */
#ifndef OM_FREESTANDING_ERROR_FUNCTION_H
#define OM_FREESTANDING_ERROR_FUNCTION_H

#include "exponential.h"

/* erf(x) for |x| < 0.65. */
static inline om_pair om_erf_near_0(double x) {
  const om_pair line = om_fast_sum(x, 0.125 * x), cube = om_cube(x), sum = om_fast_sum(line.high, -0.375 * cube.high);
  const double rest = x * OM_HORNER(om_erf_terms, x * x) - 0.375 * cube.low;
  return om_fast_sum(sum.high, sum.low + (line.low + rest));
}

/* 2^n times this is erfc(x), 0.65 <= x < 28. */
static inline om_pair om_erfc_scaled(double x, int *n) {
  const om_pair less = om_sum(x, -3.75), more = om_sum(x, 3.75), t = om_quotient(less.high, less.low, more.high, more.low);
  const om_pair line = om_fast_sum(1.25, -0.125 * t.high);
  const om_pair g = om_fast_sum(line.high, line.low + (OM_HORNER(om_erfc_terms, t.high) - 0.125 * t.low));
  const om_pair square = om_product(x, x), power = om_power_of_e(-square.high, -square.low, n);
  const om_pair above = om_product(power.high, g.high), below = om_fast_sum(2 * x, 1);
  return om_quotient(above.high, above.low + (power.high * g.low + power.low * g.high), below.high, below.low);
}

OM_MATH double om_c_erfc(double x) {
  if (x != x) return x;
  const double size = __builtin_fabs(x);
  if (size < 0.65) {
    const om_pair erf = om_erf_near_0(x), sum = om_fast_sum(1, -erf.high);
    return sum.high + (sum.low - erf.low);
  }
  if (size > 28) return x > 0 ? 0 : 2;
  int n;
  const om_pair y = om_erfc_scaled(size, &n);
  const double erfc = om_c_scalbn(y.high + y.low, n);
  return x > 0 ? erfc : 2 - erfc;
}

OM_MATH double om_c_erf(double x) {
  if (x != x || x == 0) return x;
  const double size = __builtin_fabs(x);
  if (size < 0.65) {
    /* Far from denormal numbers. */
    const double scale = size < 0x1p-500 ? 0x1p300 : 1;
    const om_pair erf = om_erf_near_0(x * scale);
    return (erf.high + erf.low) / scale;
  }
  if (size > 6) return __builtin_copysign(1, x);
  int n;
  const om_pair y = om_erfc_scaled(size, &n);
  const double scale = om_two_to(n);
  const om_pair sum = om_fast_sum(1, -y.high * scale);
  return __builtin_copysign(sum.high + (sum.low - y.low * scale), x);
}

#endif
