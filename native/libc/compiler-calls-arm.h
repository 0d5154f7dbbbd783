/* What compilers call on 32-bit ARM with a unit for doubles: divisions, and conversions of 64-bit integers. Source: Arm's "Run-time
 * ABI for the Arm Architecture", 4.2 and 4.3.1; its functions take and give numbers in integer registers, whatever the rest does.
 *
 * What has no result in C (a quotient by 0, a number that no integer is near) is as libgcc's where that says something. */
#ifndef OM_LIBC_COMPILER_CALLS_ARM_H
#define OM_LIBC_COMPILER_CALLS_ARM_H

#include <stdint.h>

/* Tests give them other names, to hold one beside libgcc's. */
#ifndef OM_ARM_CALL
#define OM_ARM_CALL(name) __aeabi_##name
#endif
#define OM_ARM_FUNCTION(result, name, ...)                                                                             \
  __attribute__((visibility("hidden"), pcs("aapcs"))) result OM_ARM_CALL(name)(__VA_ARGS__);                           \
  result OM_ARM_CALL(name)(__VA_ARGS__)

/* Of 32 bits, by doubles: a quotient that is no integer is at least 1/n of itself away from the next one, more than rounding
 * moves it. */
static inline uint32_t om_arm_quotient(uint32_t n, uint32_t d) { return (uint32_t)((double)n / (double)d); }

static inline uint32_t om_arm_size(int32_t x) { return x < 0 ? 0 - (uint32_t)x : (uint32_t)x; }

static inline int32_t om_arm_signed_quotient(int32_t n, int32_t d) {
  const uint32_t q = om_arm_quotient(om_arm_size(n), om_arm_size(d));
  return (int32_t)((n ^ d) < 0 ? 0 - q : q);
}

OM_ARM_FUNCTION(uint32_t, uidiv, uint32_t n, uint32_t d) { return om_arm_quotient(n, d); }
OM_ARM_FUNCTION(int32_t, idiv, int32_t n, int32_t d) { return om_arm_signed_quotient(n, d); }
/* The remainder is in the higher of two registers. */
OM_ARM_FUNCTION(uint64_t, uidivmod, uint32_t n, uint32_t d) {
  const uint32_t q = om_arm_quotient(n, d);
  return (uint64_t)(n - q * d) << 32 | q;
}
OM_ARM_FUNCTION(uint64_t, idivmod, int32_t n, int32_t d) {
  const uint32_t q = (uint32_t)om_arm_signed_quotient(n, d);
  return (uint64_t)((uint32_t)n - q * (uint32_t)d) << 32 | q;
}

typedef struct om_arm_division {
  uint64_t quotient, remainder;
} om_arm_division;

/* Sizes and indices of models fit into 32 bits; others are divided bit by bit, as on paper. */
static inline om_arm_division om_arm_divide(uint64_t n, uint64_t d) {
  if ((n | d) >> 32 == 0) {
    const uint32_t q = om_arm_quotient((uint32_t)n, (uint32_t)d);
    return (om_arm_division){q, (uint32_t)n - q * (uint32_t)d};
  }
  if (d == 0 || n < d) return (om_arm_division){0, n};
  uint64_t q = 0;
  int shift = __builtin_clzll(d) - __builtin_clzll(n);
  d <<= shift;
  for (; shift >= 0; shift--, d >>= 1) {
    q <<= 1;
    if (n < d) continue;
    n -= d;
    q |= 1;
  }
  return (om_arm_division){q, n};
}

/* What follows hands on to these: no function of C gives back four registers. */
__attribute__((used)) static void om_arm_uldivmod(uint64_t n, uint64_t d, om_arm_division *result) {
  *result = om_arm_divide(n, d);
}

__attribute__((used)) static void om_arm_ldivmod(int64_t n, int64_t d, om_arm_division *result) {
  const om_arm_division sizes =
      om_arm_divide(n < 0 ? 0 - (uint64_t)n : (uint64_t)n, d < 0 ? 0 - (uint64_t)d : (uint64_t)d);
  result->quotient = (n ^ d) < 0 ? 0 - sizes.quotient : sizes.quotient;
  result->remainder = n < 0 ? 0 - sizes.remainder : sizes.remainder;
}

#define OM_ARM_DIVMOD(name)                                                                                            \
  __attribute__((visibility("hidden"), naked)) void OM_ARM_CALL(name)(void);                                           \
  void OM_ARM_CALL(name)(void) {                                                                                       \
    __asm__("push {r4, lr}\n\t"                                                                                        \
            "sub sp, sp, #24\n\t"                                                                                      \
            "add r4, sp, #8\n\t"                                                                                       \
            "str r4, [sp]\n\t"                                                                                         \
            "bl om_arm_" #name "\n\t"                                                                                  \
            "ldm r4, {r0, r1, r2, r3}\n\t"                                                                             \
            "add sp, sp, #24\n\t"                                                                                      \
            "pop {r4, pc}");                                                                                           \
  }
OM_ARM_DIVMOD(uldivmod)
OM_ARM_DIVMOD(ldivmod)

#define OM_ARM_TWO_TO_32 4294967296.0

/* Both halves are exact, so their sum is rounded once. */
static inline double om_arm_double(uint64_t x) {
  return (double)(uint32_t)(x >> 32) * OM_ARM_TWO_TO_32 + (double)(uint32_t)x;
}

/* Of what no double holds, whether there is any of it is all that rounding to float asks. */
static inline float om_arm_float(uint64_t x) {
  if (x >> 53) x = (x & ~UINT64_C(0x7ff)) | (uint64_t)((x & 0x7ff) != 0) << 11;
  return (float)om_arm_double(x);
}

static inline uint64_t om_arm_integer(double x) {
  const uint32_t high = (uint32_t)(x / OM_ARM_TWO_TO_32);
  return (uint64_t)high << 32 | (uint32_t)(x - (double)high * OM_ARM_TWO_TO_32);
}

static inline int64_t om_arm_signed_integer(double x) {
  return (int64_t)(x < 0 ? 0 - om_arm_integer(-x) : om_arm_integer(x));
}

OM_ARM_FUNCTION(double, ul2d, uint64_t x) { return om_arm_double(x); }
OM_ARM_FUNCTION(float, ul2f, uint64_t x) { return om_arm_float(x); }
OM_ARM_FUNCTION(double, l2d, int64_t x) {
  return (double)(int32_t)(x >> 32) * OM_ARM_TWO_TO_32 + (double)(uint32_t)x;
}
OM_ARM_FUNCTION(float, l2f, int64_t x) { return x < 0 ? -om_arm_float(0 - (uint64_t)x) : om_arm_float((uint64_t)x); }
OM_ARM_FUNCTION(uint64_t, d2ulz, double x) { return om_arm_integer(x); }
OM_ARM_FUNCTION(uint64_t, f2ulz, float x) { return om_arm_integer((double)x); }
OM_ARM_FUNCTION(int64_t, d2lz, double x) { return om_arm_signed_integer(x); }
OM_ARM_FUNCTION(int64_t, f2lz, float x) { return om_arm_signed_integer((double)x); }

#endif
