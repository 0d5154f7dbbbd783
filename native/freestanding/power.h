/* pow and hypot. x^y = e^(y log x) asks for a logarithm of 65 bits, since e^ makes its error up to 2^10 times larger. */
#ifndef OM_FREESTANDING_POWER_H
#define OM_FREESTANDING_POWER_H

#include "exponential.h"
#include "logarithm.h"

/* x^y for a positive finite x. */
static inline double om_power_precise(double x, double y) {
  int n;
  const om_pair m = om_log_reduced(x, &n), log = om_log_of(n, m);
  const double size = y * log.high;
  if (!(__builtin_fabs(size) < 746)) return size > 0 ? OM_INF : 0;
  const om_pair product = om_product(y, log.high);
  const double power = om_power_of_e(product.high, product.low + y * log.low, &n).high;
  return om_c_scalbn(power, n);
}

/* C23, Annex F.10.4.4; `size` is |x|^|y| or so where all is ordinary. */
static inline __attribute__((always_inline)) double om_power_of(double x, double y, bool precise) {
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

OM_MATH double om_c_pow(double x, double y) { return om_power_of(x, y, true); }

/* The logarithm of a double is good enough for a power in float. */
OM_MATH float om_c_powf(float x, float y) { return (float)om_power_of((double)x, (double)y, false); }

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
