/* A double as its bits, pairs of doubles for what has to be known better than one of them can say, and the functions of
 * <math.h> that look at nothing else or are instructions of most machines. */
#ifndef OM_FREESTANDING_BINARY64_H
#define OM_FREESTANDING_BINARY64_H

#include <stdbool.h>
#include <stdint.h>

#define OM_INF (__builtin_inf())
#define OM_NAN (__builtin_nan(""))
/* A function of <math.h>: there once, however often a model calls it. */
#define OM_MATH static __attribute__((noinline, unused))

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

/* An unevaluated sum, the low part some rounding errors of the high one. */
typedef struct om_pair {
  double high, low;
} om_pair;

/* a + b and its rounding error (D. Knuth, "The Art of Computer Programming", volume 2, 4.2.2). */
static inline om_pair om_sum(double a, double b) {
  const double sum = a + b, b_part = sum - a, a_part = sum - b_part;
  return (om_pair){sum, (a - a_part) + (b - b_part)};
}

/* The same where a is 0 or |a| >= |b| (T. Dekker, "A floating-point technique for extending the available precision", 1971). */
static inline om_pair om_fast_sum(double a, double b) {
  const double sum = a + b;
  return (om_pair){sum, b - (sum - a)};
}

/* The leading 26 bits: products of two such numbers are exact. */
static inline double om_top_half(double x) { return om_from_bits64(om_bits64(x) & ~UINT64_C(0x7ffffff)); }

/* a b and its rounding error, from halves (Dekker): WebAssembly cannot multiply and add with one rounding. */
static inline om_pair om_product(double a, double b) {
  const double product = a * b, a1 = om_top_half(a), a2 = a - a1, b1 = om_top_half(b), b2 = b - b1;
  return (om_pair){product, ((a1 * b1 - product) + a1 * b2 + a2 * b1) + a2 * b2};
}

/* x^3: of the leading 17 bits the cube is exact. */
static inline om_pair om_cube(double x) {
  const double top = om_from_bits64(om_bits64(x) & ~UINT64_C(0xfffffffff));
  return (om_pair){top * top * top, (x - top) * (x * x + top * (x + top))};
}

/* (a + a_low) / (b + b_low), both normalised: the low parts are no more than rounding errors. */
static inline om_pair om_quotient(double a, double a_low, double b, double b_low) {
  const double q = a / b;
  const om_pair back = om_product(q, b);
  return (om_pair){q, (((a - back.high) - back.low) + (a_low - q * b_low)) / b};
}

/* The root of a + low, which is positive. */
static inline om_pair om_root(double a, double low) {
  const double root = __builtin_sqrt(a);
  const om_pair back = om_product(root, root);
  return (om_pair){root, (((a - back.high) - back.low) + low) / (2 * root)};
}

/* A polynomial, lowest power first; even and odd powers apart, so that a processor does both at once. */
static inline __attribute__((always_inline)) double om_polynomial(const double *terms, int count, double x) {
  const double square = x * x;
  double even = 0, odd = 0;
  for (int i = count - 1; i >= 0; i--) {
    if (i % 2 == 0) even = even * square + terms[i];
    else odd = odd * square + terms[i];
  }
  return even + x * odd;
}
#define OM_POLYNOMIAL(terms, x) om_polynomial(terms, (int)(sizeof terms / sizeof *terms), x)

/* The same one after another, which rounds a little less where terms cancel. */
static inline __attribute__((always_inline)) double om_horner(const double *terms, int count, double x) {
  double sum = 0;
  for (int i = count - 1; i >= 0; i--) sum = sum * x + terms[i];
  return sum;
}
#define OM_HORNER(terms, x) om_horner(terms, (int)(sizeof terms / sizeof *terms), x)

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
static inline double om_c_fmax(double x, double y) { return x != x || x < y || (x == y && __builtin_signbit(x)) ? y : x; }
static inline double om_c_fmin(double x, double y) { return x != x || x > y || (x == y && __builtin_signbit(y)) ? y : x; }
static inline float om_c_fmaxf(float x, float y) { return x != x || x < y || (x == y && __builtin_signbit(x)) ? y : x; }
static inline float om_c_fminf(float x, float y) { return x != x || x > y || (x == y && __builtin_signbit(y)) ? y : x; }

#endif
