/* Sine, cosine, tangent and their inverses of one float, as elementary.h. */
#ifndef OM_ELEMENTARY_ANGLES_H
#define OM_ELEMENTARY_ANGLES_H

#include "elementary.h"

/* |x| = (4 k + quarter) pi / 2 + r, |r| <= pi / 4 and a little. */
typedef struct om_quarter_turns {
  uint32_t quarter; /* modulo 4 counts */
  float r;
} om_quarter_turns;

/* For 8192 <= x < 2^128, after Payne and Hanek, "Radian Reduction for Trigonometric Functions" (1983): of the product of
 * x's mantissa and 1 / (2 pi), whole turns are dropped before they are computed. r is right to 3e-9, which is half a unit in
 * the last place of 0.05. Bits of 1 / (2 pi) come by selection and not out of a table, which not every compiler gathers from. */
OM_INLINE om_quarter_turns om_reduce_large_angle(float x) {
  const uint32_t bits = om_bits(x), e = (bits >> 23) - 140u;
  /* 64 bits of 2^(e - 10) / (2 pi) from its point on, but for e mod 8, by which the mantissa is longer. */
  const bool by_64 = e & 64u, by_32 = e & 32u, by_16 = e & 16u, by_8 = e & 8u;
  const uint32_t a0 = by_64 ? 0x529fc275u : 0x000a2f98u, a1 = by_64 ? 0x7d1f534du : 0x36e4e441u;
  const uint32_t a2 = by_64 ? 0xdc0db629u : 0x529fc275u, a3 = by_64 ? 0x5993c439u : 0x7d1f534du;
  const uint32_t b0 = by_32 ? a1 : a0, b1 = by_32 ? a2 : a1, b2 = by_32 ? a3 : a2;
  const uint32_t c0 = by_16 ? b0 << 16 | b1 >> 16 : b0, c1 = by_16 ? b1 << 16 | b2 >> 16 : b1;
  const uint32_t c2 = by_16 ? b2 << 16 : b2;
  const uint32_t d0 = by_8 ? c0 << 8 | c1 >> 24 : c0, d1 = by_8 ? c1 << 8 | c2 >> 24 : c1;
  const uint32_t mantissa = (uint32_t)(int32_t)om_from_bits((bits & 0x007fffffu) | (150u + (e & 7u)) << 23);
  const uint32_t turn = mantissa * d0 + (uint32_t)((uint64_t)mantissa * d1 >> 32); /* in units of 2^-32, modulo 1 */
  const uint32_t quarter = (turn + 0x20000000u) >> 30;
  return (om_quarter_turns){quarter, (float)(int32_t)(turn - (quarter << 30)) * 1.46291808e-9f}; /* 2 pi / 2^32 */
}

/* For 0 <= x < 8192 as Cody and Waite have it: the parts of pi / 2 have so few bits that all but the last product are exact. */
OM_INLINE om_quarter_turns om_reduce_small_angle(float x) {
  const float magic = 12582912.0f, shifted = x * 0.636619772f + magic, n = shifted - magic;
  const float r = ((x - n * 1.5703125f) - n * 4.83751297e-4f) - n * 7.54978995e-8f;
  return (om_quarter_turns){om_bits(shifted) - om_bits(magic), r};
}

OM_INLINE om_quarter_turns om_reduce_angle(float x) {
  const om_quarter_turns small = om_reduce_small_angle(x), large = om_reduce_large_angle(x);
  const bool is_large = x >= 8192.0f;
  const float r = is_large ? large.r : small.r;
  return (om_quarter_turns){is_large ? large.quarter : small.quarter, x < INFINITY ? r : NAN};
}

/* sin(r) for |r| <= pi / 4. */
OM_INLINE float om_sin_polynomial(float r, float square) {
  float p = -1.95172470e-4f;
  p = p * square + 8.33217800e-3f;
  p = p * square - 1.66666552e-1f;
  return p * (square * r) + r;
}

/* cos(r) for |r| <= pi / 4. */
OM_INLINE float om_cos_polynomial(float square) {
  float p = 2.44383937e-5f;
  p = p * square - 1.38873665e-3f;
  p = p * square + 4.16666456e-2f;
  return p * (square * square) + (1.0f - 0.5f * square);
}

/* The sine of an angle `quarters` quarter turns further on than d. */
OM_INLINE float om_sin_of(om_quarter_turns d, uint32_t quarters) {
  const uint32_t quarter = d.quarter + quarters;
  const float square = d.r * d.r, sine = om_sin_polynomial(d.r, square), cosine = om_cos_polynomial(square);
  return om_from_bits(om_bits(quarter & 1u ? cosine : sine) ^ (quarter & 2u) << 30);
}

OM_INLINE float om_tan_of(om_quarter_turns d) {
  const float square = d.r * d.r, sine = om_sin_polynomial(d.r, square), cosine = om_cos_polynomial(square);
  const bool odd = d.quarter & 1u;
  return (odd ? -cosine : sine) / (odd ? sine : cosine);
}

/* y with its sign turned where x has one. */
OM_INLINE float om_odd(float y, float x) { return om_from_bits(om_bits(y) ^ (om_bits(x) & 0x80000000u)); }

OM_INLINE float om_sin_f32(float x) { return om_odd(om_sin_of(om_reduce_angle(om_abs_f32(x)), 0u), x); }
OM_INLINE float om_cos_f32(float x) { return om_sin_of(om_reduce_angle(om_abs_f32(x)), 1u); }
OM_INLINE float om_tan_f32(float x) { return om_odd(om_tan_of(om_reduce_angle(om_abs_f32(x))), x); }

/* The same for |x| < 8192, in a quarter of the time. */
OM_INLINE float om_sin_small_f32(float x) { return om_odd(om_sin_of(om_reduce_small_angle(om_abs_f32(x)), 0u), x); }
OM_INLINE float om_cos_small_f32(float x) { return om_sin_of(om_reduce_small_angle(om_abs_f32(x)), 1u); }
OM_INLINE float om_tan_small_f32(float x) { return om_odd(om_tan_of(om_reduce_small_angle(om_abs_f32(x))), x); }

/* asin(s) for 0 <= s <= 1 / 2. */
OM_INLINE float om_asin_polynomial(float s, float square) {
  float p = 4.22185697e-2f;
  p = p * square + 2.41475999e-2f;
  p = p * square + 4.54770997e-2f;
  p = p * square + 7.49524161e-2f;
  p = p * square + 1.66667536e-1f;
  return p * (square * s) + s;
}

/* asin(size) for 0 <= size <= 1 / 2; of larger ones asin(sqrt((1 - size) / 2)), twice which pi / 2 is larger than asin(size). */
OM_INLINE float om_asin_part(float size) {
  const bool large = size > 0.5f;
  const float square = large ? 0.5f - 0.5f * size : size * size;
  return om_asin_polynomial(large ? sqrtf(square) : size, square);
}

OM_INLINE float om_asin_f32(float x) {
  const float size = om_abs_f32(x), y = om_asin_part(size);
  return om_copysign_f32(size > 0.5f ? 1.57079633f - 2.0f * y : y, x);
}

OM_INLINE float om_acos_f32(float x) {
  const float size = om_abs_f32(x), y = om_asin_part(size);
  const float far = x < 0.0f ? 3.14159274f - 2.0f * y : 2.0f * y;
  return size > 0.5f ? far : 1.57079637f - om_copysign_f32(y, x);
}

/* atan(a) = atan(b) + atan((a - b) / (1 + a b)) with b = 0, 1 or infinite, whichever leaves the least. */
OM_INLINE float om_atan_f32(float x) {
  const float size = om_abs_f32(x);
  const bool far = size > 2.41421356f, near = size < 0.414213562f;
  const float over = far ? -1.0f : near ? size : size - 1.0f, under = far ? size : near ? 1.0f : size + 1.0f;
  const float t = over / under, square = t * t;
  float p = 8.06030855e-2f;
  p = p * square - 1.38798505e-1f;
  p = p * square + 1.99779257e-1f;
  p = p * square - 3.33329558e-1f;
  const float y = p * (square * t) + t;
  return om_copysign_f32((far ? 1.57079637f : near ? 0.0f : 0.785398185f) + y, x);
}

#endif
