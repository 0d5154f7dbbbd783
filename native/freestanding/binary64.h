/* A double as its bits, and the functions of <math.h> that look at nothing else or are instructions of most machines. */
#ifndef OM_FREESTANDING_BINARY64_H
#define OM_FREESTANDING_BINARY64_H

#include <stdbool.h>
#include <stdint.h>

#define OM_INF (__builtin_inf())
#define OM_NAN (__builtin_nan(""))

static inline uint64_t om_bits64(double x) {
  uint64_t bits;
  __builtin_memcpy(&bits, &x, sizeof bits);
  return bits;
}

static inline double om_from_bits64(uint64_t bits) {
  double x;
  __builtin_memcpy(&x, &bits, sizeof x);
  return x;
}

/* 2^n for -1022 <= n <= 1023. */
static inline double om_two_to(int n) { return om_from_bits64((uint64_t)(n + 1023) << 52); }

/* x 2^n, rounded once. */
static inline double om_c_scalbn(double x, int n) {
  /* Where the result is denormal, steps before the last stay clear of it, so that nothing is rounded twice. */
  for (int i = 0; i < 2 && n > 1023; i++) x *= 0x1p1023, n -= 1023;
  for (int i = 0; i < 2 && n < -1022; i++) x *= 0x1p-969, n += 969;
  return x * om_two_to(n > 1023 ? 1023 : n < -1022 ? -1022 : n);
}

/* x as a fraction in [1/2, 1) times 2^*exponent. */
static inline double om_c_frexp(double x, int *exponent) {
  const bool denormal = __builtin_fabs(x) < 0x1p-1022;
  const uint64_t bits = om_bits64(denormal ? x * 0x1p54 : x);
  const int biased = (int)(bits >> 52 & 0x7ff);
  *exponent = 0;
  if (x == 0 || biased == 0x7ff) return x;
  *exponent = biased - 1022 - (denormal ? 54 : 0);
  return om_from_bits64((bits & ~(UINT64_C(0x7ff) << 52)) | UINT64_C(1022) << 52);
}

/* To the nearest whole number, halves away from zero. */
static inline double om_c_round(double x) {
  /* The largest double below one half: a half would carry 0.49999999999999994 over. */
  return __builtin_trunc(x + __builtin_copysign(0x1.fffffffffffffp-2, x));
}
static inline float om_c_roundf(float x) { return __builtin_truncf(x + __builtin_copysignf(0x1.fffffep-2f, x)); }

/* NaN is a missing value. */
static inline double om_c_fmax(double x, double y) { return x != x ? y : x < y || (x == y && __builtin_signbit(x)) ? y : x; }
static inline double om_c_fmin(double x, double y) { return x != x ? y : x > y || (x == y && __builtin_signbit(y)) ? y : x; }
static inline float om_c_fmaxf(float x, float y) { return x != x ? y : x < y ? y : x; }
static inline float om_c_fminf(float x, float y) { return x != x ? y : x > y ? y : x; }

#endif
