/* fmod and remainder: exact, by long division of the significands in base two. */
#ifndef OM_FREESTANDING_REMAINDER_H
#define OM_FREESTANDING_REMAINDER_H

#include "binary64.h"

/* |x| modulo |y|, both finite, y not zero; the lowest bit of the quotient comes along. */
static __attribute__((noinline, unused)) double om_modulo(double x, double y, bool *odd) {
  x = __builtin_fabs(x), y = __builtin_fabs(y);
  *odd = false;
  if (x < y) return x;
  int ex = (int)(om_bits64(x) >> 52), ey = (int)(om_bits64(y) >> 52);
  const uint64_t low = (UINT64_C(1) << 52) - 1;
  uint64_t a = (om_bits64(x) & low) | (uint64_t)(ex > 0) << 52, b = (om_bits64(y) & low) | (uint64_t)(ey > 0) << 52;
  ex += ex == 0, ey += ey == 0;
  const uint64_t y_bits = b;
  /* Eleven bits of the quotient at a time, as many as a stays within 64 bits with. */
  for (int left = ex - ey; left > 0;) {
    a %= b;
    const int step = left < 11 ? left : 11;
    a <<= step;
    left -= step;
  }
  *odd = a / b & 1;
  a %= y_bits;
  if (a == 0) return 0;
  const int zeros = __builtin_clzll(a) - 11;
  if (ey - zeros > 0) return om_from_bits64((a << zeros) - (UINT64_C(1) << 52) + ((uint64_t)(ey - zeros) << 52));
  return om_from_bits64(a << (ey - 1));
}

static inline double om_c_fmod(double x, double y) {
  bool odd;
  if (x - x != 0 || y != y || y == 0) return OM_NAN;
  return y - y != 0 ? x : __builtin_copysign(om_modulo(x, y, &odd), x);
}

/* x - n y for the whole number n nearest to x / y, the even one of two. */
static inline double om_c_remainder(double x, double y) {
  bool odd;
  if (x - x != 0 || y != y || y == 0) return OM_NAN;
  if (y - y != 0) return x;
  const double size = __builtin_fabs(y);
  double rest = om_modulo(x, size, &odd);
  const double other = size - rest;
  if (rest > other || (rest == other && odd)) rest = -other;
  return rest == 0 ? __builtin_copysign(0.0, x) : __builtin_signbit(x) ? -rest : rest;
}

#endif
