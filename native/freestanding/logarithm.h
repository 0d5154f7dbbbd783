/* log, log2, log10, log1p: x = 2^n m, 11/16 <= m < 11/8, r = m / c - 1 for the nearest of 64 numbers c, and the logarithm is
 * n ln 2 + log c + (r - r^2 / 2 + r^3 p(r)), as a pair whose relative error is 2^-65 (P. Tang, "Table-driven implementation
 * of the logarithm function in IEEE floating-point arithmetic", 1990). */
#ifndef OM_FREESTANDING_LOGARITHM_H
#define OM_FREESTANDING_LOGARITHM_H

#include "binary64.h"
#include "coefficients.h"

/* log(1 + r + low), |r| <= 1/64. */
static inline om_pair om_log1p_near_0(double r, double low) {
  const double top = om_top_half(r);
  const om_pair sum = om_fast_sum(r, -0.5 * top * top);
  const double rest = r * r * r * OM_POLYNOMIAL(om_log_terms, r) - 0.5 * (r - top) * (r + top) + low * (1 - r);
  return (om_pair){sum.high, sum.low + rest};
}

/* log(m) with *n times log 2 to be added: x = 2^n m, positive and finite. */
static inline om_pair om_log_reduced(double x, int *n) {
  const bool denormal = x < 0x1p-1022;
  const uint64_t lowest = UINT64_C(0x3fe6000000000000); /* 11/16 */
  const uint64_t offset = om_bits64(denormal ? x * 0x1p54 : x) - lowest;
  *n = (int)((int64_t)offset >> 52) - (denormal ? 54 : 0);
  const double m = om_from_bits64((offset & ((UINT64_C(1) << 52) - 1)) + lowest);
  const double *entry = om_log_table + 3 * (offset >> 46 & 63);
  /* 1 / c has 9 bits, so both products are exact. */
  const double top = om_top_half(m);
  const om_pair r = om_sum(top * entry[0] - 1, (m - top) * entry[0]), log = om_log1p_near_0(r.high, r.low);
  const om_pair sum = om_fast_sum(entry[1], log.high);
  return om_fast_sum(sum.high, sum.low + (entry[2] + log.low));
}

/* n ln 2 + log. */
static inline om_pair om_log_of(int n, om_pair log) {
  const om_pair sum = om_fast_sum(n * OM_LN2_1, log.high);
  return om_fast_sum(sum.high, sum.low + (log.low + n * OM_LN2_2));
}

/* What is no positive finite number. */
static inline bool om_log_is_special(double x) { return !(x > 0 && x < OM_INF); }
static inline double om_log_special(double x) { return x == 0 ? -OM_INF : x < 0 ? OM_NAN : x; }

OM_MATH double om_c_log(double x) {
  if (om_log_is_special(x)) return om_log_special(x);
  int n;
  const om_pair log = om_log_reduced(x, &n);
  return om_log_of(n, log).high;
}

/* n scale + log / log(base): both constants in two parts, the first short enough for exact products. */
static inline double om_log_in_base(double x, double scale, double scale_low, double inverse, double inverse_low) {
  if (om_log_is_special(x)) return om_log_special(x);
  int n;
  const om_pair log = om_log_reduced(x, &n);
  const double top = om_top_half(log.high), bottom = (log.high - top) + log.low;
  const om_pair sum = om_fast_sum(n * scale, top * inverse);
  return sum.high + (sum.low + (bottom * (inverse + inverse_low) + top * inverse_low + n * scale_low));
}
OM_MATH double om_c_log2(double x) { return om_log_in_base(x, 1, 0, OM_LOG2E_1, OM_LOG2E_2); }
OM_MATH double om_c_log10(double x) {
  return om_log_in_base(x, OM_LOG10_2_1, OM_LOG10_2_2, OM_LOG10E_1, OM_LOG10E_2);
}

/* log(1 + x + low), x > -1. */
static inline double om_log1p_of(double x, double low) {
  if (__builtin_fabs(x) < 0x1p-7) {
    const om_pair log = om_log1p_near_0(x, low);
    return log.high + log.low;
  }
  const om_pair u = om_sum(1, x);
  int n;
  om_pair log = om_log_reduced(u.high, &n);
  log.low += (u.low + low) / u.high;
  return om_log_of(n, log).high;
}

OM_MATH double om_c_log1p(double x) {
  if (!(x > -1 && x < OM_INF)) return x == -1 ? -OM_INF : x < -1 ? OM_NAN : x;
  return __builtin_fabs(x) < 0x1p-54 ? x : om_log1p_of(x, 0);
}

#endif
