/* pow and hypot. x^y = e^(y log x) asks for a logarithm of 66 bits, since e^ makes its error up to 2^10 times larger: log x is
 * n ln 2 + log c + log(1 + r), with r = x / c - 1 for the nearest of 64 numbers c. */
#ifndef OM_FREESTANDING_POWER_H
#define OM_FREESTANDING_POWER_H

#include "exponential.h"
#include "logarithm.h"

/* log of a positive finite number, with an error of 2^-66. */
static inline om_pair om_log_precise(double x) {
  const bool denormal = x < 0x1p-1022;
  const uint64_t lowest = UINT64_C(0x3fe6000000000000); /* 11/16 */
  const uint64_t offset = om_bits64(denormal ? x * 0x1p54 : x) - lowest;
  const int n = (int)((int64_t)offset >> 52) - (denormal ? 54 : 0);
  const double m = om_from_bits64((offset & ((UINT64_C(1) << 52) - 1)) + lowest);
  const double *entry = om_log_table + 3 * (offset >> 46 & 63);
  /* 1 / c has 9 bits, so both products are exact. */
  const double top = om_top_half(m);
  const om_pair r = om_sum(top * entry[0] - 1, (m - top) * entry[0]);
  const double half = om_top_half(r.high);
  const om_pair log = om_fast_sum(r.high, -0.5 * half * half);
  const double rest = r.high * r.high * r.high * OM_POLYNOMIAL(om_log_near_1_terms, r.high) -
                      0.5 * (r.high - half) * (r.high + half) + r.low * (1 - r.high);
  const om_pair base = om_sum(n * OM_LN2_1, entry[1]), sum = om_sum(base.high, log.high);
  const double low = sum.low + (base.low + (log.low + rest + (n * OM_LN2_2 + entry[2])));
  return om_fast_sum(sum.high, low);
}

/* x^y for a positive finite x. */
static inline double om_power_precise(double x, double y) {
  const om_pair log = om_log_precise(x);
  const double size = y * log.high;
  if (!(__builtin_fabs(size) < 746)) return size > 0 ? OM_INF : 0;
  const om_pair product = om_product(y, log.high);
  int n;
  const om_pair e = om_expm1_reduced(product.high, product.low + y * log.low, &n);
  return om_exp_of(e, n);
}

/* C23, Annex F.10.4.4; `size` is |x|^|y| or so where all is ordinary. */
static inline __attribute__((always_inline)) double om_power(double x, double y, bool precise) {
  if (y == 0 || x == 1) return 1;
  if (x != x || y != y) return OM_NAN;
  const double size = __builtin_fabs(x);
  if (y - y != 0) return size == 1 ? 1 : (size > 1) == (y > 0) ? OM_INF : 0;
  const bool whole = __builtin_trunc(y) == y, odd = whole && __builtin_trunc(y / 2) != y / 2;
  if (x < 0 && x > -OM_INF && !whole) return OM_NAN;
  double power;
  if (size == 0 || size == OM_INF) power = (size == 0) == (y > 0) ? 0 : OM_INF;
  else power = precise ? om_power_precise(size, y) : om_c_exp(y * om_c_log(size));
  return odd && __builtin_signbit(x) ? -power : power;
}

OM_MATH double om_c_pow(double x, double y) { return om_power(x, y, true); }

/* The logarithm of a double is good enough for a power in float. */
OM_MATH float om_c_powf(float x, float y) { return (float)om_power((double)x, (double)y, false); }

OM_MATH double om_c_hypot(double x, double y) {
  x = __builtin_fabs(x), y = __builtin_fabs(y);
  if (x == OM_INF || y == OM_INF) return OM_INF;
  const double high = om_c_fmax(x, y);
  /* Squares stay far from the ends of what there is. */
  const double scale = high > 0x1p500 ? 0x1p600 : high < 0x1p-450 ? 0x1p-600 : 1;
  x /= scale, y /= scale;
  if (x + y == 0 || x != x || y != y) return x + y;
  const om_pair a = om_product(x, x), b = om_product(y, y), sum = om_sum(a.high, b.high);
  const om_pair root = om_root(sum.high, sum.low + (a.low + b.low));
  return (root.high + root.low) * scale;
}

#endif
