/* Elementary functions of one float: branch-free, without calls and tables, so that loops over them vectorise.
 * Reduction by Cody and Waite, "Software Manual for the Elementary Functions" (1980); polynomials are minimax ones,
 * printed by minimax.js. Largest errors over all floats, in units in the last place, are measured by
 * test/kernels/elementary.c. NaN gives NaN; infinities and zeros give their limits, with the sign of zero. */
#ifndef OM_ELEMENTARY_H
#define OM_ELEMENTARY_H

#include <math.h>

#include "vector.h"

OM_INLINE uint32_t om_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

OM_INLINE float om_from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

OM_INLINE float om_abs_f32(float x) { return om_from_bits(om_bits(x) & 0x7fffffffu); }

/* |x| with the sign of `sign`. */
OM_INLINE float om_copysign_f32(float x, float sign) {
  return om_from_bits((om_bits(x) & 0x7fffffffu) | (om_bits(sign) & 0x80000000u));
}

/* x = n ln 2 + r, |r| <= ln 2 / 2 and a little. n comes as a float and, in the low bits, as an integer: adding
 * 1.5 * 2^23 rounds to whole numbers without a conversion, which would be undefined for NaN. */
typedef struct om_reduced {
  float n, r;
  uint32_t integer;
} om_reduced;

OM_INLINE om_reduced om_reduce_ln2(float x) {
  const float magic = 12582912.0f, shifted = x * 1.44269504f + magic, n = shifted - magic;
  /* ln 2 in two parts, the first with so few bits that n times it is exact. */
  return (om_reduced){n, (x - n * 0.693359375f) + n * 2.12194440e-4f, om_bits(shifted) - om_bits(magic)};
}

/* 2^n for -126 <= n <= 127. */
OM_INLINE float om_power_of_two(uint32_t n) { return om_from_bits((n + 127u) << 23); }

/* e^r - 1 for |r| <= ln 2 / 2. */
OM_INLINE float om_expm1_polynomial(float r) {
  float p = 1.39464729e-3f;
  p = p * r + 8.36659688e-3f;
  p = p * r + 4.16662805e-2f;
  p = p * r + 1.66665435e-1f;
  p = p * r + 0.5f;
  return p * (r * r) + r;
}

/* What is too large or too small is replaced at the end: of limits to x GCC makes a way of its own through the function for each,
 * and then selects what comes of them anyway. */
OM_INLINE float om_exp_f32(float x) {
  const om_reduced d = om_reduce_ln2(x);
  /* In two steps, so that denormal results and the largest ones come out right. */
  const uint32_t half = (uint32_t)((int32_t)d.integer >> 1), other = d.integer - half;
  const float y = (om_expm1_polynomial(d.r) + 1.0f) * om_power_of_two(half) * om_power_of_two(other);
  const float kept = x < -104.0f ? 0.0f : y;
  return x > 89.0f ? INFINITY : kept;
}

/* e^x where that is a normal number; else anything, NaN for NaN. Takes half as long. */
OM_INLINE float om_exp_normal_f32(float x) {
  const om_reduced d = om_reduce_ln2(x);
  const float power = om_power_of_two(d.integer);
  return power * om_expm1_polynomial(d.r) + power;
}

/* e^x for x <= 0, of which results under 2^-126 become 0. */
OM_INLINE float om_decay_f32(float x) {
  const float y = om_exp_normal_f32(x);
  return x < -87.33f ? 0.0f : y;
}

/* e^x - 1. */
OM_INLINE float om_expm1_f32(float x) {
  const float given = x;
  x = x > 89.0f ? 89.0f : x;
  x = x < -18.0f ? -18.0f : x;
  const om_reduced d = om_reduce_ln2(x);
  const float half = om_power_of_two(d.integer - 1u); /* 2^128 would not fit */
  const float y = 2.0f * (half * om_expm1_polynomial(d.r) + (half - 0.5f));
  return om_abs_f32(given) < 2.9e-8f ? given : y;
}

OM_INLINE float om_log_f32(float x) {
  const bool denormal = x < 1.17549435e-38f;
  const float scaled = denormal ? x * 8388608.0f : x;
  const uint32_t offset = om_bits(scaled) - 0x3f2aaaabu; /* of 2/3: the mantissa is then taken in [2/3, 4/3) */
  const int32_t exponent = (int32_t)offset >> 23;
  const float f = om_from_bits((offset & 0x007fffffu) + 0x3f2aaaabu) - 1.0f;
  const float n = (float)exponent - (denormal ? 23.0f : 0.0f);
  float p = -1.31917447e-1f;
  p = p * f + 1.39624178e-1f;
  p = p * f - 1.21151067e-1f;
  p = p * f + 1.40109256e-1f;
  p = p * f - 1.66854665e-1f;
  p = p * f + 2.00100437e-1f;
  p = p * f - 2.49996886e-1f;
  p = p * f + 3.33332241e-1f;
  const float square = f * f;
  float y = p * (square * f) + n * -2.12194440e-4f;
  y = (y - 0.5f * square) + f;
  y = y + n * 0.693359375f;
  y = x < INFINITY ? y : x; /* inf, NaN */
  y = x < 0.0f ? NAN : y;
  return x == 0.0f ? -INFINITY : y;
}

/* log(1 + x). The rounding error of 1 + x is added back: Goldberg, "What Every Computer Scientist Should Know About
 * Floating-Point Arithmetic" (1991), theorem 4. */
OM_INLINE float om_log1p_f32(float x) {
  const float u = 1.0f + x, lost = x - (u - 1.0f);
  float correction = lost / u;
  correction = u > 0.0f ? correction : 0.0f;
  correction = u < INFINITY ? correction : 0.0f;
  const float y = om_log_f32(u) + correction;
  return x == 0.0f ? x : y;
}

/* 1 / (1 + e^-x), which rounds to 1 from 17.33 on. Results under 2^-126 become 0. */
OM_INLINE float om_sigmoid_f32(float x) {
  const float y = 1.0f / (1.0f + om_exp_normal_f32(-x));
  const float kept = x < -87.33f ? 0.0f : y;
  return x > 17.5f ? 1.0f : kept;
}

/* 1 - 2 / (e^2|x| + 1) written with e^2|x| - 1, which keeps small results exact. */
OM_INLINE float om_tanh_f32(float x) {
  const float size = om_abs_f32(x);
  const om_reduced d = om_reduce_ln2(size > 10.0f ? 20.0f : 2.0f * size);
  const float power = om_power_of_two(d.integer), m = power * om_expm1_polynomial(d.r) + (power - 1.0f);
  return om_copysign_f32(m / (m + 2.0f), x);
}

/* 1 - e^log(erfc(|x|)); the logarithm is smooth. */
OM_INLINE float om_erf_f32(float x) {
  float size = om_abs_f32(x);
  size = size > 4.0f ? 4.0f : size;
  float p = 9.25626409e-6f;
  p = p * size - 1.17641262e-4f;
  p = p * size + 6.32836833e-4f;
  p = p * size - 1.66702736e-3f;
  p = p * size + 1.60396012e-4f;
  p = p * size + 1.91530641e-2f;
  p = p * size - 1.02777831e-1f;
  p = p * size - 6.36619389e-1f;
  p = p * size - 1.12837923f;
  const om_reduced d = om_reduce_ln2(p * size);
  const float power = om_power_of_two(d.integer), m = power * om_expm1_polynomial(d.r) + (power - 1.0f);
  return om_copysign_f32(m, x);
}

/* log(1 + e^x) = max(x, 0) + log(1 + u), u = e^-|x|; log(1 + u) = 2 atanh(s) = 2 s + s^3 p(s^2), s = u / (2 + u), where
 * 2 s = u - s u, so that rounding s counts for less. */
OM_INLINE float om_softplus_f32(float x) {
  const float u = om_exp_f32(-om_abs_f32(x)), s = u / (2.0f + u), square = s * s;
  float p = 2.80244589e-1f;
  p = p * square + 2.79991418e-1f;
  p = p * square + 4.00216997e-1f;
  p = p * square + 6.66664124e-1f;
  return (x < 0.0f ? 0.0f : x) + (u - s * (u - p * square));
}

/* x tanh(log(1 + e^x)) = x w / (w + 2), w = e^x (e^x + 2); x itself from where the quotient rounds to 1. */
OM_INLINE float om_mish_f32(float x) {
  const float power = om_exp_f32(x), w = power * (power + 2.0f), y = x * (w / (w + 2.0f));
  return x > 20.0f ? x : y;
}

#endif
