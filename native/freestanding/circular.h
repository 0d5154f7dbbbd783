/* sin, cos, tan: x = n pi / 2 + r, |r| <= pi / 4, r as a pair. */
#ifndef OM_FREESTANDING_CIRCULAR_H
#define OM_FREESTANDING_CIRCULAR_H

#include "binary64.h"
#include "coefficients.h"
#include "wide.h"

/* For large x = M 2^e, where n pi / 2 would need all bits of pi: M. Payne and R. Hanek, "Radian reduction for trigonometric
 * functions" (1983). Of 2 / pi those 192 bits are taken that, times M, stand for 2^1 and what is below: what is above are
 * whole turns, and no double is nearer to a multiple of pi / 2 than 2^-62. */
OM_MATH om_pair om_reduce_large(double x, int *n) {
  const uint64_t bits = om_bits64(x);
  const uint64_t m = (bits & ((UINT64_C(1) << 52) - 1)) | UINT64_C(1) << 52;
  const int from = (int)(bits >> 52 & 0x7ff) - 1075 + 62, word = from / 64, bit = from % 64;
  uint64_t part[3];
  for (int i = 0; i < 3; i++) {
    const uint64_t *at = om_two_over_pi_digits + word + i;
    part[i] = bit == 0 ? at[0] : at[0] << bit | at[1] >> (64 - bit);
  }
  uint64_t carry, carry2;
  const uint64_t low = om_wide_product(m, part[2], &carry);
  uint64_t middle = om_wide_product(m, part[1], &carry2);
  middle += carry;
  const uint64_t high = m * part[0] + carry2 + (middle < carry);
  /* Two bits of quarters, and 190 of what is left of one: the nearest quarter may be the next. */
  uint64_t a = high << 2 | middle >> 62, b = middle << 2 | low >> 62, c = low << 2;
  const bool next = a >> 63;
  *n = (int)(high >> 62) + next;
  if (next) a = ~a, b = ~b, c = ~c;
  int zeros = 0;
  if (a == 0) a = b, b = c, c = 0, zeros = 64;
  const int shift = a == 0 ? 63 : __builtin_clzll(a);
  if (shift > 0) a = a << shift | b >> (64 - shift), b = b << shift | c >> (64 - shift);
  zeros += shift;
  const double first = (double)(a >> 11) * 0x1p-53, second = (double)((a & 0x7ff) << 42 | b >> 22) * 0x1p-106;
  const om_pair r = om_product(first, OM_HALF_PI_1);
  const double scale = om_two_to(-zeros) * (next ? -1 : 1) * (x < 0 ? -1 : 1);
  if (x < 0) *n = -*n;
  return (om_pair){r.high * scale, (r.low + (first * OM_HALF_PI_2 + second * OM_HALF_PI_1)) * scale};
}

/* x finite. */
static inline om_pair om_reduce_quarter(double x, int *n) {
  if (__builtin_fabs(x) > 0x1p20) return om_reduce_large(x, n);
  const double multiple = __builtin_rint(x * OM_TWO_OVER_PI);
  *n = (int)multiple;
  /* The first three parts of pi / 2 have 33 bits, so that their multiples are exact. */
  const om_pair a = om_sum(x - multiple * OM_QUARTER_1, -multiple * OM_QUARTER_2);
  const om_pair b = om_sum(a.high, -multiple * OM_QUARTER_3);
  return om_fast_sum(b.high, a.low + b.low - multiple * OM_QUARTER_4);
}

/* sin(r.high + r.low), |r| <= pi / 4. */
static inline om_pair om_sin_near_0(om_pair r) {
  const double x = r.high, z = x * x;
  const om_pair cube = om_cube(x), sum = om_fast_sum(x, cube.high * (-1.0 / 6));
  const double rest = x * z * z * OM_POLYNOMIAL(om_sin_terms, z) + r.low * (1 - 0.5 * z);
  return (om_pair){sum.high, sum.low + (cube.low * (-1.0 / 6) + rest)};
}

static inline om_pair om_cos_near_0(om_pair r) {
  const double z = r.high * r.high, top = om_top_half(r.high);
  const om_pair sum = om_fast_sum(1, -0.5 * top * top);
  const double rest = z * z * OM_POLYNOMIAL(om_cos_terms, z) - r.high * r.low;
  return (om_pair){sum.high, sum.low + (rest - 0.5 * (r.high - top) * (r.high + top))};
}

/* sin(x + quarters pi / 2). */
static inline double om_sine(double x, int quarters) {
  if (x - x != 0) return OM_NAN;
  int n;
  const om_pair r = om_reduce_quarter(x, &n);
  n += quarters;
  const om_pair y = n & 1 ? om_cos_near_0(r) : om_sin_near_0(r);
  return n & 2 ? -(y.high + y.low) : y.high + y.low;
}
OM_MATH double om_c_sin(double x) { return __builtin_fabs(x) < 0x1p-27 ? x : om_sine(x, 0); }
OM_MATH double om_c_cos(double x) { return om_sine(x, 1); }

OM_MATH double om_c_tan(double x) {
  if (x - x != 0) return OM_NAN;
  if (__builtin_fabs(x) < 0x1p-27) return x;
  int n;
  const om_pair r = om_reduce_quarter(x, &n);
  om_pair s = om_sin_near_0(r), c = om_cos_near_0(r);
  s = om_fast_sum(s.high, s.low), c = om_fast_sum(c.high, c.low);
  const om_pair y = n & 1 ? om_quotient(-c.high, -c.low, s.high, s.low) : om_quotient(s.high, s.low, c.high, c.low);
  return y.high + y.low;
}

#endif
