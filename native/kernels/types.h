/* Element types that C does not have, and how one element is loaded to and stored from `float`.
 * float16: IEEE 754 binary16. bfloat16: the upper half of binary32. Rounding is to nearest, ties to even. */
#ifndef OM_TYPES_H
#define OM_TYPES_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

typedef uint16_t om_f16;
typedef uint16_t om_bf16;
typedef uint8_t om_f8e4m3fn, om_f8e4m3fnuz, om_f8e5m2, om_f8e5m2fnuz, om_f8e8m0, om_f4e2m1;
typedef uint8_t om_u4, om_u2;
typedef int8_t om_i4, om_i2;
typedef float _Complex om_c64;
typedef double _Complex om_c128;

static inline uint32_t om_float_bits(float value) {
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  return bits;
}

static inline float om_bits_float(uint32_t bits) {
  float value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

static inline float om_load_bfloat16(om_bf16 bits) { return om_bits_float((uint32_t)bits << 16); }

static inline om_bf16 om_store_bfloat16(float value) {
  const uint32_t bits = om_float_bits(value);
  if ((bits & 0x7fffffffu) > 0x7f800000u) return (om_bf16)((bits >> 16) | 0x40u);
  return (om_bf16)((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

/* Scaling by 2^112 and back moves the exponent bias and makes the hardware round and handle denormals. */
static inline float om_load_float16(om_f16 half) {
  const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
  const uint32_t magnitude = (uint32_t)(half & 0x7fffu) << 13;
  const uint32_t value = om_float_bits(om_bits_float(magnitude) * 0x1p112f);
  return om_bits_float(sign | ((half & 0x7c00u) == 0x7c00u ? magnitude | 0x7f800000u : value));
}

static inline om_f16 om_store_float16(float value) {
  const uint32_t bits = om_float_bits(value);
  const uint32_t sign = (bits >> 16) & 0x8000u;
  const uint32_t magnitude = bits & 0x7fffffffu;
  if (magnitude > 0x7f800000u) return (om_f16)(sign | 0x7e00u);
  if (magnitude >= 0x477ff000u) return (om_f16)(sign | 0x7c00u);
  /* Below 2^-14 the result is denormal: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits. */
  if (magnitude < 0x38800000u) return (om_f16)(sign | (om_float_bits(om_bits_float(magnitude) + 0.5f) - 0x3f000000u));
  return (om_f16)(sign | ((magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13));
}

#endif
