/* The functions that clang calls on 32-bit ARM, against libgcc's: prints what differs, and how much was compared. */
#define OM_ARM_CALL(name) om_##name
#include "compiler-calls-arm.h"

#include <stdio.h>
#include <string.h>

typedef struct {
  uint64_t quotient, remainder;
} pair;

/* All four registers, as a compiler takes them. */
static pair divide(void (*call)(void), uint64_t n, uint64_t d) {
  register uint32_t r0 __asm__("r0") = (uint32_t)n, r1 __asm__("r1") = (uint32_t)(n >> 32);
  register uint32_t r2 __asm__("r2") = (uint32_t)d, r3 __asm__("r3") = (uint32_t)(d >> 32);
  __asm__ volatile("blx %4" : "+r"(r0), "+r"(r1), "+r"(r2), "+r"(r3) : "r"(call) : "r12", "lr", "cc", "memory");
  return (pair){(uint64_t)r1 << 32 | r0, (uint64_t)r3 << 32 | r2};
}

static uint64_t state = 20261127;
static uint64_t random64(void) {
  state ^= state << 13, state ^= state >> 7, state ^= state << 17;
  return state;
}

/* Of all sizes, and around powers of two. */
static uint64_t sample(int i) {
  const uint64_t wide = random64() >> (random64() & 63);
  const uint64_t power = (UINT64_C(1) << (random64() & 63)) + random64() % 5 - 2;
  const uint64_t x = i & 1 ? wide : power;
  return i & 2 ? 0 - x : x;
}

static int compared, wrong;
#define SAME(ours, theirs)                                                                                             \
  do {                                                                                                                 \
    __typeof__(theirs) a = (ours), b = (theirs);                                                                       \
    compared++;                                                                                                        \
    if (memcmp(&a, &b, sizeof a) != 0 && wrong++ < 10) printf(#ours " i=%d x=%llx y=%llx\n", i, x, y);                 \
  } while (0)

int main(void) {
  for (int i = 0; i < 50000; i++) {
    const unsigned long long x = sample(i), y = sample(i >> 2);
    const int64_t n = (int64_t)x, d = (int64_t)y;
    const uint32_t x32 = (uint32_t)x, y32 = (uint32_t)y;
    const int32_t n32 = (int32_t)x32, d32 = (int32_t)y32;
    if (y != 0) {
      const pair u = divide(om_uldivmod, x, y);
      SAME(u.quotient, x / y);
      SAME(u.remainder, x % y);
    }
    if (d != 0 && !(n == INT64_MIN && d == -1)) {
      const pair s = divide(om_ldivmod, x, y);
      SAME((int64_t)s.quotient, n / d);
      SAME((int64_t)s.remainder, n % d);
    }
    if (y32 != 0) {
      SAME(om_uidiv(x32, y32), x32 / y32);
      SAME((uint32_t)(om_uidivmod(x32, y32) >> 32), x32 % y32);
    }
    if (d32 != 0 && !(n32 == INT32_MIN && d32 == -1)) {
      SAME(om_idiv(n32, d32), n32 / d32);
      SAME((int32_t)(om_idivmod(n32, d32) >> 32), n32 % d32);
      SAME((int32_t)(uint32_t)om_idivmod(n32, d32), n32 / d32);
    }
    SAME(om_ul2d(x), (double)x);
    SAME(om_ul2f(x), (float)x);
    SAME(om_l2d(n), (double)n);
    SAME(om_l2f(n), (float)n);
    const double at = (double)x + (i & 4 ? 0.5 : 0);
    if (at < 18446744073709551616.0) SAME(om_d2ulz(at), (uint64_t)at);
    if ((float)x < 18446744073709551616.0f) SAME(om_f2ulz((float)x), (uint64_t)(float)x);
    const double signed_at = (double)n / 3;
    SAME(om_d2lz(signed_at), (int64_t)signed_at);
    SAME(om_f2lz((float)signed_at), (int64_t)(float)signed_at);
  }
  printf("%d compared, %d wrong\n", compared, wrong);
  return 0;
}
