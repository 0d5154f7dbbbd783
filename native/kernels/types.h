/* Element types that C does not have, and how one element is loaded to and stored from `float`.
 * float16: IEEE 754 binary16. bfloat16: the upper half of binary32. The formats of 8 bits and less: ONNX 1.22,
 * docs/docsgen/source/technical/float8.md and float4.md, as src/onnx/float-formats.ts has them bit for bit.
 * Rounding is to nearest, ties to even. */
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
  const uint32_t number = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  return (om_bf16)((bits & 0x7fffffffu) > 0x7f800000u ? (bits >> 16) | 0x40u : number);
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
  /* Below 2^-14 the result is denormal: adding 0.5 leaves the rounded multiple of 2^-24 in the low bits. */
  const uint32_t denormal = om_float_bits(om_bits_float(magnitude) + 0.5f) - 0x3f000000u;
  const uint32_t normal = (magnitude + 0xfffu + ((magnitude >> 13) & 1u) - 0x38000000u) >> 13;
  /* All of them computed and one selected, so that loops become vectors. */
  const uint32_t finite = magnitude < 0x38800000u ? denormal : normal;
  const uint32_t number = magnitude >= 0x477ff000u ? 0x7c00u : finite;
  return (om_f16)(sign | (magnitude > 0x7f800000u ? 0x7e00u : number));
}

/* What the topmost codes mean. IEEE: infinity and NaN. FN: all ones is NaN, there is no infinity.
 * FNUZ: the code of minus zero is the only NaN. FINITE: every code is a number. */
typedef enum om_specials { OM_IEEE, OM_FN, OM_FNUZ, OM_FINITE } om_specials;

/* The number that a code stands for; `exponent` and `mantissa` are counts of bits, constants at every call. */
static inline float om_decode_float(uint32_t code, const uint32_t exponent, const uint32_t mantissa, const uint32_t bias,
                                    const om_specials specials) {
  const uint32_t sign_bit = 1u << (exponent + mantissa), magnitude = code & (sign_bit - 1u);
  const uint32_t sign = code & sign_bit ? 0x80000000u : 0u, top = ((1u << exponent) - 1u) << mantissa;
  if (specials == OM_FNUZ && code == sign_bit) return NAN;
  if (specials == OM_FN && magnitude == sign_bit - 1u) return NAN;
  if (specials == OM_IEEE && magnitude >= top) return magnitude > top ? NAN : om_bits_float(sign | 0x7f800000u);
  /* Moving the exponent bias by a product makes denormals right. */
  const float scale = om_bits_float((254u - bias) << 23);
  return om_bits_float(sign | om_float_bits(om_bits_float(magnitude << (23u - mantissa)) * scale));
}

/* The code nearest to `value`. `saturate`: out of range becomes the largest number, otherwise infinity or NaN. */
static inline uint8_t om_encode_float(float value, const uint32_t exponent, const uint32_t mantissa, const uint32_t bias,
                                      const om_specials specials, const bool saturate) {
  const uint32_t bits = om_float_bits(value), magnitude = bits & 0x7fffffffu;
  const uint32_t sign_bit = 1u << (exponent + mantissa), sign = bits >> 31 ? sign_bit : 0u;
  const uint32_t infinity = ((1u << exponent) - 1u) << mantissa;
  const uint32_t largest = specials == OM_IEEE ? infinity - 1u : specials == OM_FN ? sign_bit - 2u : sign_bit - 1u;
  const uint32_t nan = specials == OM_IEEE ? infinity | 1u << (mantissa - 1u) : specials == OM_FN ? sign_bit - 1u : sign_bit;
  if (magnitude > 0x7f800000u) return (uint8_t)nan;
  /* Below the least normal number the mantissa loses a bit with every power of two. */
  const uint32_t power = magnitude >> 23, least = 128u - bias, lost = power < least ? least - power : 0u;
  const uint32_t drop = 23u - mantissa + lost, units = (magnitude & 0x007fffffu) | 0x00800000u;
  const uint32_t rounded = drop > 24u ? 0u : (units + (1u << (drop - 1u)) - 1u + ((units >> drop) & 1u)) >> drop;
  const uint32_t code = ((power + lost - least) << mantissa) + rounded;
  if (code > largest) {
    if (saturate) return (uint8_t)(sign | largest);
    return (uint8_t)(specials == OM_FNUZ ? nan : sign | (specials == OM_IEEE ? infinity : nan));
  }
  return (uint8_t)(specials == OM_FNUZ && code == 0u ? 0u : sign | code);
}

/* Loads, stores that overflow to infinity or NaN, and stores that saturate. */
#define OM_SMALL_FLOAT(name, exponent, mantissa, bias, specials)                                                       \
  static inline float om_load_float##name(uint8_t code) {                                                              \
    return om_decode_float(code, exponent, mantissa, bias, specials);                                                  \
  }                                                                                                                    \
  static inline uint8_t om_store_float##name(float value) {                                                            \
    return om_encode_float(value, exponent, mantissa, bias, specials, specials == OM_FINITE);                          \
  }                                                                                                                    \
  static inline uint8_t om_saturate_float##name(float value) {                                                         \
    return om_encode_float(value, exponent, mantissa, bias, specials, true);                                           \
  }
OM_SMALL_FLOAT(8e4m3fn, 4, 3, 7, OM_FN)
OM_SMALL_FLOAT(8e4m3fnuz, 4, 3, 8, OM_FNUZ)
OM_SMALL_FLOAT(8e5m2, 5, 2, 15, OM_IEEE)
OM_SMALL_FLOAT(8e5m2fnuz, 5, 2, 16, OM_FNUZ)
OM_SMALL_FLOAT(4e2m1, 2, 1, 1, OM_FINITE)

/* float8e8m0 has exponent bits and nothing else (OCP Microscaling Formats 1.0): the powers of two from 2^-127. */
static inline float om_load_float8e8m0(om_f8e8m0 code) {
  return code == 0xffu ? NAN : om_bits_float(code == 0u ? 0x00400000u : (uint32_t)code << 23);
}

/* The magnitude's power of two; a rest of `threshold` 2^-23rds (or more) of it rounds up: 1 up, 2^22 to nearest, 2^23 down. */
static inline om_f8e8m0 om_encode_scale(float value, const uint32_t threshold, const bool saturate) {
  const uint32_t magnitude = om_float_bits(value) & 0x7fffffffu;
  if (magnitude >= 0x7f800000u) return 0xffu;
  if (magnitude <= 0x00400000u) return 0u;
  const bool denormal = magnitude < 0x00800000u; /* between 2^-127 and 2^-126 */
  const uint32_t rest = denormal ? (magnitude - 0x00400000u) * 2u : magnitude & 0x007fffffu;
  const uint32_t code = (magnitude >> 23) + (rest >= threshold);
  return (om_f8e8m0)(code > 0xfeu && saturate ? 0xfeu : code);
}
static inline om_f8e8m0 om_store_float8e8m0(float value) { return om_encode_scale(value, 1u, false); }

/* A double as the float between which and it no number of fewer digits lies (round to odd): storing that float to a
 * narrower format rounds the double correctly. Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums:
 * proved algorithms using rounding to odd" (2008). */
static inline float om_round_to_odd(double value) {
  const float nearest = (float)value;
  if ((double)nearest == value || value != value) return nearest;
  const uint32_t bits = om_float_bits(nearest);
  return om_bits_float((bits - (fabs((double)nearest) > fabs(value))) | 1u);
}

/* The same for integers that a double does not hold: the leading 24 bits, the last of which tells of all that follow. */
static inline float om_odd_uint64(uint64_t value) {
  if (value < (1u << 24)) return (float)value;
  const int dropped = 40 - __builtin_clzll(value);
  const uint64_t rest = value & ((UINT64_C(1) << dropped) - 1u);
  return (float)(value >> dropped | (rest != 0)) * (float)(UINT64_C(1) << dropped);
}
static inline float om_odd_int64(int64_t value) {
  return value < 0 ? -om_odd_uint64(UINT64_C(0) - (uint64_t)value) : om_odd_uint64((uint64_t)value);
}

/* Truncation. C leaves undefined what is out of range; here it is the lowest number, as x86-64's instructions say. */
static inline int32_t om_to_int32(double value) {
  return value > -2147483649.0 && value < 2147483648.0 ? (int32_t)value : INT32_MIN;
}
static inline int64_t om_to_int64(double value) {
  return value >= -0x1p63 && value < 0x1p63 ? (int64_t)value : INT64_MIN;
}
static inline uint64_t om_to_uint64(double value) {
  return value >= 0x1p63 && value < 0x1p64 ? (uint64_t)value : (uint64_t)om_to_int64(value);
}

#endif
