/* Integer arithmetic that C has no operator for. */
#ifndef OM_INTEGER_H
#define OM_INTEGER_H

#include <stdint.h>

/* base^exponent modulo 2^64, by squaring. A negative exponent gives the fraction cut to a whole number. */
static inline int64_t om_power_int64(int64_t base, int64_t exponent) {
  if (exponent < 0) return base == 1 ? 1 : base == -1 ? (exponent % 2 == 0 ? 1 : -1) : 0;
  uint64_t result = 1, square = (uint64_t)base;
  for (; exponent > 0; exponent >>= 1, square *= square)
    if (exponent & 1) result *= square;
  return (int64_t)result;
}

#endif
