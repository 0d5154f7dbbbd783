/* Sums of integers as codes without floats, for machines that compute these by calls: the same codes, as each rounding of
 * floats is done on whole numbers. */
#ifndef OM_SOFT_CODE_H
#define OM_SOFT_CODE_H

#include "vector.h"

/* Whether floats are computed by calls. */
#ifndef OM_SOFT_FLOAT
#if OM_VECTOR_BYTES == 0 && (defined(__SOFTFP__) || (defined(__riscv) && !defined(__riscv_flen)))
#define OM_SOFT_FLOAT 1
#else
#define OM_SOFT_FLOAT 0
#endif
#endif

/* Bits behind the point: what is before it has 9, beyond which all codes are the last one. */
#define OM_SOFT_FRACTION 40

/* To the 24 bits that a float32 has, of two as near to the even one. */
OM_INLINE uint64_t om_soft_round(uint64_t v) {
  if (v < 1 << 24) return v;
  const int more = 40 - __builtin_clzll(v);
  return (v + (UINT64_C(1) << (more - 1)) - 1 + (v >> more & 1)) >> more << more;
}

/* v * 2^power; of what is lost, the last bit tells whether it was 0. v < 2^50 after it, else 2^50. */
OM_INLINE uint64_t om_soft_shift(uint64_t v, int power) {
  const uint64_t most = UINT64_C(1) << 50;
  if (power >= 0) return v == 0 ? 0 : power >= 50 || v >> (50 - power) ? most : v << power;
  if (power <= -63) return v != 0;
  v = v >> -power | ((v & ((UINT64_C(1) << -power) - 1)) != 0);
  return v < most ? v : most;
}

OM_INLINE uint32_t om_soft_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* The digits of a float, which is finite, and their power of two. */
OM_INLINE uint32_t om_soft_digits(uint32_t bits, int *power) {
  const int exponent = (int)(bits >> 23 & 255);
  *power = (exponent ? exponent : 1) - 150;
  return (bits & 0x7fffff) | (exponent ? 0x800000u : 0);
}

/* sum * scale, moved away from 0 by nudge (from 0 to below 1/2; 0 where scale is negative), to the nearest whole number from
 * least to most, which are within 255 of 0; of two as near the even one. Each step is rounded as float32 is: what
 * om_quantize makes of it. */
OM_SHARED int32_t om_soft_code(int32_t sum, float scale, float nudge, int32_t least, int32_t most) {
  const uint32_t bits = om_soft_bits(scale), moved = om_soft_bits(nudge);
  const bool negative = (sum < 0) != (bits >> 31);
  const uint32_t size = sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum;
  uint64_t v = UINT64_C(1) << 50;
  if ((bits >> 23 & 255) < 255) {
    int power;
    const uint32_t digits = om_soft_digits(bits, &power);
    v = om_soft_shift(om_soft_round((uint32_t)om_soft_round(size) * (uint64_t)digits), power + OM_SOFT_FRACTION);
    if (moved) {
      const uint32_t more = om_soft_digits(moved, &power);
      v = om_soft_round(v + om_soft_shift(more, power + OM_SOFT_FRACTION));
    }
  } else if (size == 0 || bits << 9) return least; /* NaN */
  const uint64_t half = UINT64_C(1) << (OM_SOFT_FRACTION - 1);
  const int32_t whole = (int32_t)((v + half - 1 + (v >> OM_SOFT_FRACTION & 1)) >> OM_SOFT_FRACTION);
  const int32_t code = negative ? -whole : whole;
  return code < least ? least : code > most ? most : code;
}

#endif
