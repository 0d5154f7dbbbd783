/* exp, exp2, expm1: x = n ln 2 + r, |r| <= ln 2 / 2 (W. Cody and W. Waite, "Software Manual for the Elementary Functions",
 * 1980), with what r loses in rounding, and e^r from a polynomial whose leading terms are summed in pairs. */
#ifndef OM_FREESTANDING_EXPONENTIAL_H
#define OM_FREESTANDING_EXPONENTIAL_H

#include "binary64.h"
#include "coefficients.h"

/* e^(r + low) - 1 for |r| <= ln 2 / 2 and a little. */
static inline om_pair om_expm1_near_0(double r, double low) {
  const double top = om_top_half(r);
  const om_pair sum = om_fast_sum(r, 0.5 * top * top);
  const double rest = r * r * r * OM_POLYNOMIAL(om_expm1_terms, r) + 0.5 * (r - top) * (r + top) + (low + low * r);
  return (om_pair){sum.high, sum.low + rest};
}

/* e^(x + low) = 2^n (1 + e), |x| < 2000: gives e. */
static inline om_pair om_expm1_reduced(double x, double low, int *n) {
  const double multiple = __builtin_rint(x * OM_LOG2E);
  *n = (int)multiple;
  /* The high part of ln 2 has so few bits that its multiple and the difference are exact. */
  const double high = x - multiple * OM_LN2_1, tail = multiple * OM_LN2_2 - low, r = high - tail;
  return om_expm1_near_0(r, (high - r) - tail);
}

/* 2^*n times what it gives is e^(x + low), |x| < 2000. */
static inline om_pair om_power_of_e(double x, double low, int *n) {
  const om_pair e = om_expm1_reduced(x, low, n), sum = om_fast_sum(1, e.high);
  return om_fast_sum(sum.high, sum.low + e.low);
}

OM_MATH double om_c_exp(double x) {
  if (!(x < 710)) return x + OM_INF;
  if (x < -746) return 0;
  int n;
  const double power = om_power_of_e(x, 0, &n).high;
  return om_c_scalbn(power, n);
}

OM_MATH double om_c_exp2(double x) {
  if (!(x < 1024)) return x + OM_INF;
  if (x < -1076) return 0;
  const double n = __builtin_rint(x), r = x - n;
  const om_pair product = om_product(r, OM_LN2_FULL_1);
  const om_pair e = om_expm1_near_0(product.high, product.low + r * OM_LN2_FULL_2), sum = om_fast_sum(1, e.high);
  return om_c_scalbn(sum.high + (sum.low + e.low), (int)n);
}

/* e^x - 1 = 2^*n times what it gives, for -50 < x < 720. */
static inline om_pair om_expm1_scaled(double x, int *n) {
  const om_pair e = om_expm1_reduced(x, 0, n);
  const om_pair less = om_sum(1, -(*n > 1000 ? 0 : om_two_to(-*n))), sum = om_sum(less.high, e.high);
  return om_fast_sum(sum.high, sum.low + (less.low + e.low));
}

OM_MATH double om_c_expm1(double x) {
  if (!(x < 710)) return x + OM_INF;
  if (x < -40) return -1;
  if (__builtin_fabs(x) < 0x1p-54) return x;
  int n;
  const om_pair y = om_expm1_scaled(x, &n);
  return om_c_scalbn(y.high + y.low, n);
}

#endif
