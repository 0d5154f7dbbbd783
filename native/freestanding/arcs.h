/* atan, atan2, asin, acos. */
#ifndef OM_FREESTANDING_ARCS_H
#define OM_FREESTANDING_ARCS_H

#include "binary64.h"
#include "coefficients.h"

/* The angle of (x, y), both finite and not negative, not both 0: the nearest of atan(0), atan(1/8), …, atan(1) from a table,
 * and atan(t) = t + t z p(z) for what is left, |t| <= 1/16. */
static inline om_pair om_angle(double y, double x) {
  const bool steep = y > x;
  double a = steep ? x : y, b = steep ? y : x;
  om_pair angle = {a / b, 0};
  if (angle.high > 0x1p-30) { /* smaller ones are that, and may be denormal */
    const double scale = b > 0x1p900 ? 0x1p-200 : b < 0x1p-700 ? 0x1p300 : 1;
    a *= scale, b *= scale;
    const int nearest = (int)__builtin_rint(8 * angle.high);
    const double tangent = 0.125 * nearest, top = om_top_half(b), *known = om_angles + 2 * nearest;
    const om_pair below = om_fast_sum(b, tangent * a);
    const om_pair t = om_quotient((a - tangent * top) - tangent * (b - top), 0, below.high, below.low);
    const double z = t.high * t.high;
    angle = om_fast_sum(known[0], t.high);
    angle.low += known[1] + (t.low + t.high * z * OM_POLYNOMIAL(om_atan_terms, z));
  }
  if (!steep) return angle;
  const om_pair rest = om_fast_sum(OM_HALF_PI_1, -angle.high);
  return (om_pair){rest.high, rest.low + (OM_HALF_PI_2 - angle.low)};
}

OM_MATH double om_c_atan(double x) {
  if (x != x) return x;
  const double size = __builtin_fabs(x);
  if (size < 0x1p-27) return x;
  const om_pair angle = om_angle(size > 0x1p60 ? 0x1p60 : size, 1);
  return __builtin_copysign(angle.high + angle.low, x);
}

/* C23, Annex F.10.1.4. */
OM_MATH double om_c_atan2(double y, double x) {
  if (x != x || y != y) return OM_NAN;
  double b = __builtin_fabs(x), a = __builtin_fabs(y);
  if (a == 0) a = 0, b = 1;
  else if (a == OM_INF || b == OM_INF) {
    const bool both = a == b;
    b = both || b == OM_INF, a = both || a == OM_INF;
  }
  om_pair angle = om_angle(a, b);
  if (__builtin_signbit(x)) {
    const om_pair left = om_fast_sum(2 * OM_HALF_PI_1, -angle.high);
    angle = (om_pair){left.high, left.low + (2 * OM_HALF_PI_2 - angle.low)};
  }
  return __builtin_copysign(angle.high + angle.low, y);
}

/* asin(x) - x for |x| <= 1/2; z = x^2. */
static inline double om_asin_rest(double x, double z) { return x * z * OM_POLYNOMIAL(om_asin_terms, z); }

/* acos(x) for 1/2 <= x <= 1: twice the arc sine of sqrt((1 - x) / 2). */
static inline om_pair om_acos_near_1(double x) {
  const double z = 0.5 * (1 - x);
  if (z == 0) return (om_pair){0, 0};
  const om_pair root = om_root(z, 0);
  return (om_pair){2 * root.high, 2 * (root.low + om_asin_rest(root.high, z))};
}

/* A multiple of pi / 2 less an angle. */
static inline double om_from_quarters(int quarters, om_pair angle) {
  const om_pair sum = om_fast_sum(quarters * OM_HALF_PI_1, -angle.high);
  return sum.high + (sum.low + (quarters * OM_HALF_PI_2 - angle.low));
}

OM_MATH double om_c_asin(double x) {
  const double size = __builtin_fabs(x);
  if (!(size <= 1)) return OM_NAN;
  if (size < 0.5) return size < 0x1p-27 ? x : x + om_asin_rest(x, x * x);
  return __builtin_copysign(om_from_quarters(1, om_acos_near_1(size)), x);
}

OM_MATH double om_c_acos(double x) {
  const double size = __builtin_fabs(x);
  if (!(size <= 1)) return OM_NAN;
  if (size < 0.5) return om_from_quarters(1, (om_pair){x, om_asin_rest(x, x * x)});
  const om_pair angle = om_acos_near_1(size);
  return x > 0 ? angle.high + angle.low : om_from_quarters(2, angle);
}

#endif
