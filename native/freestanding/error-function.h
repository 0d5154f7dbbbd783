/* erf and erfc: a polynomial up to 1/2, and above erfc(x) = e^(-x^2) g(x) / (1 + 2 x), where g hardly varies (M. Shepherd
 * and J. Laframboise, "Chebyshev approximation of (1 + 2x) exp(x^2) erfc x in 0 <= x < infinity", 1981). */
#ifndef OM_FREESTANDING_ERROR_FUNCTION_H
#define OM_FREESTANDING_ERROR_FUNCTION_H

#include "exponential.h"

/* erf(x) for |x| < 1/2. */
static inline om_pair om_erf_near_0(double x) { return (om_pair){x, x * OM_POLYNOMIAL(om_erf_terms, x * x)}; }

/* 2^n times this is erfc(x), 1/2 <= x < 28. */
static inline om_pair om_erfc_scaled(double x, int *n) {
  const om_pair square = om_product(x, x), e = om_expm1_reduced(-square.high, -square.low, n);
  const om_pair power = om_fast_sum(1, e.high), below = om_fast_sum(2 * x, 1);
  const double t = (x - 3.75) / (x + 3.75);
  const om_pair g = om_fast_sum(1.1875, OM_POLYNOMIAL(om_erfc_terms, t)), above = om_product(power.high, g.high);
  const double above_low = above.low + (power.high * g.low + (power.low + e.low) * g.high);
  const om_pair whole = om_fast_sum(above.high, above_low);
  return om_quotient(whole.high, whole.low, below.high, below.low);
}

OM_MATH double om_c_erfc(double x) {
  if (x != x) return x;
  const double size = __builtin_fabs(x);
  if (size < 0.5) {
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
  if (x != x) return x;
  const double size = __builtin_fabs(x);
  if (size < 0.5) {
    const om_pair erf = om_erf_near_0(x);
    return erf.high + erf.low;
  }
  if (size > 6) return __builtin_copysign(1, x);
  int n;
  const om_pair y = om_erfc_scaled(size, &n);
  const double scale = om_two_to(n);
  const om_pair sum = om_fast_sum(1, -y.high * scale);
  return __builtin_copysign(sum.high + (sum.low - y.low * scale), x);
}

#endif
