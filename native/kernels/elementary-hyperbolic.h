/* Hyperbolic functions and their inverses of one float, as elementary.h. (The hyperbolic tangent is there.) */
#ifndef OM_ELEMENTARY_HYPERBOLIC_H
#define OM_ELEMENTARY_HYPERBOLIC_H

#include "elementary.h"

/* e^x / 2 for x >= 0, infinite only where that is. */
OM_INLINE float om_half_exp_f32(float x) {
  const om_reduced d = om_reduce_ln2(x);
  const float y = (om_expm1_polynomial(d.r) + 1.0f) * om_power_of_two(d.integer - 2u) * 2.0f;
  return x > 90.0f ? INFINITY : y;
}

OM_INLINE float om_sinh_f32(float x) {
  const float size = om_abs_f32(x), half = om_half_exp_f32(size), square = x * x;
  float p = 2.03774049e-4f;
  p = p * square + 8.33021104e-3f;
  p = p * square + 1.66667178e-1f;
  const float near = p * (square * size) + size;
  return om_copysign_f32(size < 1.0f ? near : half - 0.25f / half, x);
}

OM_INLINE float om_cosh_f32(float x) {
  const float half = om_half_exp_f32(om_abs_f32(x));
  return half + 0.25f / half;
}

/* log(a + sqrt(a^2 + 1)) = log1p(a + a^2 / (1 + sqrt(a^2 + 1))); log(2 a) before a^2 overflows. */
OM_INLINE float om_asinh_f32(float x) {
  const float size = om_abs_f32(x), square = size * size;
  const bool large = size > 1e9f;
  const float y = om_log1p_f32(large ? size : size + square / (1.0f + sqrtf(square + 1.0f)));
  return om_copysign_f32(large ? y + 0.693147182f : y, x);
}

/* log(x + sqrt(x^2 - 1)) = log1p(u + sqrt(u (u + 2))), u = x - 1. */
OM_INLINE float om_acosh_f32(float x) {
  const float u = x - 1.0f;
  const bool large = x > 1e9f;
  const float y = om_log1p_f32(large ? x : u + sqrtf(u * (u + 2.0f)));
  return large ? y + 0.693147182f : x < 1.0f ? NAN : y;
}

/* log((1 + a) / (1 - a)) / 2. */
OM_INLINE float om_atanh_f32(float x) {
  const float size = om_abs_f32(x);
  return om_copysign_f32(0.5f * om_log1p_f32(2.0f * size / (1.0f - size)), x);
}

#endif
