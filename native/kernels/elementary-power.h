/* x^y of floats, as elementary.h: in doubles, since an error of log2(x) counts y times. */
#ifndef OM_ELEMENTARY_POWER_H
#define OM_ELEMENTARY_POWER_H

#include "elementary.h"

OM_INLINE uint64_t om_bits_f64(double x) {
  uint64_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

OM_INLINE double om_from_bits_f64(uint64_t bits) {
  double x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

/* a where `which`, else b; with bits, since of many conditions in a row GCC makes branches, which don't vectorise. */
OM_INLINE float om_choose(bool which, float a, float b) {
  const uint32_t mask = 0u - (uint32_t)which;
  return om_from_bits((om_bits(a) & mask) | (om_bits(b) & ~mask));
}

/* log2(x) to 4e-12 of it for 0 < x < inf; else anything. x = 2^n m, 1 / sqrt(2) <= m < sqrt(2), and
 * log2(m) = 2 / ln 2 atanh((m - 1) / (m + 1)). */
OM_INLINE double om_log2_f64(float x) {
  const bool denormal = x < 1.17549435e-38f;
  const uint32_t root = 0x3f3504f3u, offset = om_bits(x * om_choose(denormal, 8388608.0f, 1.0f)) - root;
  const float n = (float)((int32_t)offset >> 23) - om_choose(denormal, 23.0f, 0.0f);
  const double m = (double)om_from_bits((offset & 0x007fffffu) + root), s = (m - 1.0) / (m + 1.0), square = s * s;
  double p = 0.3407383478235925;
  p = p * square + 0.41167221784223657;
  p = p * square + 0.5770835944829843;
  p = p * square + 0.9617966732839734;
  p = p * square + 2.885390081790141;
  return p * s + (double)n;
}

/* 2^x to 2e-9 of it for |x| <= 1000; else anything, NaN for NaN. */
OM_INLINE double om_exp2_f64(double x) {
  const double magic = 6755399441055744.0, shifted = x + magic, f = x - (shifted - magic);
  double p = 0.00015345812161564465;
  p = p * f + 0.0013399931177548363;
  p = p * f + 0.009618488956338751;
  p = p * f + 0.0555032877710448;
  p = p * f + 0.240226468906453;
  p = p * f + 0.693147205737196;
  p = p * f + 1.0000000005541647;
  return p * om_from_bits_f64((om_bits_f64(shifted) - om_bits_f64(magic) + 1023u) << 52);
}

/* Special values as C11 F.10.4.4 has them: powers of 0 and of infinity are 0 or infinite, a negative x has powers of whole y
 * only, negative ones where y is odd; 1 to the anything, and anything to the 0, is 1. */
OM_INLINE float om_pow_f32(float x, float y) {
  const float size = om_abs_f32(x), most = om_abs_f32(y);
  const double exact = (double)y * om_log2_f64(size);
  const float log2 = (float)exact, finite = om_choose(log2 > 129.0f, INFINITY, (float)om_exp2_f64(exact));
  const float power = om_choose(log2 < -151.0f, 0.0f, finite);
  const bool zero = size == 0.0f, limit = zero | (size == INFINITY);
  const float positive = om_choose(limit, om_choose(zero ^ (y < 0.0f), 0.0f, INFINITY), power);
  /* Floats from 2^30 on are even. */
  const float counted = om_choose(most < 1073741824.0f, y, 1073741824.0f);
  const int32_t integer = (int32_t)counted;
  const bool whole = (float)integer == counted;
  const uint32_t odd = whole ? (uint32_t)integer << 31 : 0u;
  const float power_of_x = om_from_bits(om_bits(positive) ^ (om_bits(x) & odd));
  const bool undefined = ((x < 0.0f) & (size < INFINITY) & !whole) | (x != x) | (y != y);
  const bool one = (x == 1.0f) | (y == 0.0f) | ((x == -1.0f) & (most == INFINITY));
  return om_choose(one, 1.0f, om_choose(undefined, NAN, power_of_x));
}

#endif
