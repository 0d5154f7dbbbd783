/* What the kernels' tests share: random data in exactly sized buffers (so that the address sanitizer sees a stray
 * access), guards around outputs (so that other builds do), and comparison with sums in double. */
#ifndef OM_CHECK_H
#define OM_CHECK_H

#include <math.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GUARD 16
#define GUARD_VALUE -123456.75f

static int check_failures;
static long long check_cases;

static inline uint32_t check_random(void) {
  static uint32_t state = 12345;
  state ^= state << 13;
  state ^= state >> 17;
  state ^= state << 5;
  return state;
}

static inline int pick(int low, int high) { return low + (int)(check_random() % (uint32_t)(high - low + 1)); }

static inline void *check_alloc(size_t bytes) {
  void *p = malloc(bytes ? bytes : 1);
  if (!p) abort();
  return p;
}

/* n codes of 8 bits. */
static inline uint8_t *some_bytes(ptrdiff_t n) {
  uint8_t *p = (uint8_t *)check_alloc((size_t)n);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = (uint8_t)(check_random() >> 9);
  return p;
}

static inline int32_t byte_of(const uint8_t *p, ptrdiff_t i, bool is_signed) { return is_signed ? (int8_t)p[i] : p[i]; }

/* n floats in [-1, 1). */
static inline float *floats(ptrdiff_t n) {
  float *p = (float *)check_alloc((size_t)n * sizeof(float));
  for (ptrdiff_t i = 0; i < n; i++) p[i] = (float)(check_random() >> 8) / 8388608.0f - 1.0f;
  return p;
}

/* Room for n floats, all NaN, between guards. */
static inline float *output(ptrdiff_t n) {
  float *p = (float *)check_alloc((size_t)(n + 2 * GUARD) * sizeof(float)) + GUARD;
  for (ptrdiff_t i = -GUARD; i < n + GUARD; i++) p[i] = i < 0 || i >= n ? GUARD_VALUE : NAN;
  return p;
}

/* Scratch of exactly so many bytes, 64-byte aligned, filled with NaN: nothing may count on its contents. */
static inline void *check_scratch(size_t bytes) {
  void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);
  if (!p) abort();
  memset(p, 0xff, (bytes + 63) / 64 * 64);
  return p;
}

__attribute__((format(printf, 1, 2))) static inline void fail(const char *format, ...) {
  va_list arguments;
  if (++check_failures > 20) return;
  va_start(arguments, format);
  vprintf(format, arguments);
  va_end(arguments);
  printf("\n");
}

static inline bool close_to(float got, double want, double tolerance) {
  if (isnan(want)) return isnan(got);
  if (isinf(want)) return (double)got == want;
  return fabs((double)got - want) <= tolerance;
}

/* Checks the guards of output(n) and frees it. */
static inline void release_output(float *p, ptrdiff_t n, const char *what) {
  for (ptrdiff_t i = 1; i <= GUARD; i++)
    if (p[-i] != GUARD_VALUE || p[n - 1 + i] != GUARD_VALUE) {
      fail("%s: wrote outside its output", what);
      break;
    }
  free(p - GUARD);
}

static inline int check_done(const char *name) {
  printf("%s: %lld cases, %d failures\n", name, check_cases, check_failures);
  return check_failures > 0 || check_cases == 0;
}

#endif
