/* log, log2, log10, log1p: x = 2^n m, sqrt 1/2 <= m < sqrt 2, f = m - 1, and log m = 2 atanh(s), s = f / (2 + f), written so
 * that its leading terms f - f^2 / 2 are summed in pairs. */
#ifndef OM_FREESTANDING_LOGARITHM_H
#define OM_FREESTANDING_LOGARITHM_H

#include "binary64.h"
#include "coefficients.h"

/* log(1 + f), sqrt 1/2 <= 1 + f <= sqrt 2 and a little. */
static inline om_pair om_log1p_near_0(double f) {
  const double top = om_top_half(f), s = f / (2 + f), z = s * s;
  const om_pair sum = om_fast_sum(f, -0.5 * top * top);
  const double rest = s * (0.5 * f * f + z * OM_POLYNOMIAL(om_log_terms, z));
  return (om_pair){sum.high, sum.low + (rest - 0.5 * (f - top) * (f + top))};
}

/* m - 1 for a positive finite x. */
static inline double om_log_reduced(double x, int *n) {
  const bool denormal = x < 0x1p-1022;
  const uint64_t root = UINT64_C(0x3fe6a09e00000000); /* of 1/2, nearly */
  const uint64_t offset = om_bits64(denormal ? x * 0x1p54 : x) - root;
  *n = (int)((int64_t)offset >> 52) - (denormal ? 54 : 0);
  return om_from_bits64((offset & ((UINT64_C(1) << 52) - 1)) + root) - 1;
}

/* n ln 2 + log(1 + f) + low. */
static inline double om_log_of(int n, double f, double low) {
  const om_pair log = om_log1p_near_0(f), sum = om_fast_sum(n * OM_LN2_1, log.high);
  return sum.high + (sum.low + (log.low + (low + n * OM_LN2_2)));
}

/* What is no positive finite number. */
static inline bool om_log_is_special(double x) { return !(x > 0 && x < OM_INF); }
static inline double om_log_special(double x) { return x == 0 ? -OM_INF : x < 0 ? OM_NAN : x; }

OM_MATH double om_c_log(double x) {
  if (om_log_is_special(x)) return om_log_special(x);
  int n;
  const double f = om_log_reduced(x, &n);
  return om_log_of(n, f, 0);
}

/* n scale + log(1 + f) / log(base): both constants in two parts, the first short enough for exact products. */
static inline double om_log_in_base(double x, double scale, double scale_low, double inverse, double inverse_low) {
  if (om_log_is_special(x)) return om_log_special(x);
  int n;
  const om_pair log = om_log1p_near_0(om_log_reduced(x, &n));
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
  if (x > -0.29 && x < 0.41) return om_log_of(0, x, low / (1 + x));
  const om_pair u = om_sum(1, x);
  int n;
  const double f = om_log_reduced(u.high, &n);
  return om_log_of(n, f, (u.low + low) / u.high);
}

OM_MATH double om_c_log1p(double x) {
  if (!(x > -1 && x < OM_INF)) return x == -1 ? -OM_INF : x < -1 ? OM_NAN : x;
  return __builtin_fabs(x) < 0x1p-54 ? x : om_log1p_of(x, 0);
}

#endif
