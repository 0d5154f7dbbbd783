/* Integer arithmetic that C has no operator for. */
#ifndef OM_INTEGER_H
#define OM_INTEGER_H

#include <stdint.h>

/* base^exponent modulo 2^64, by squaring. */
static inline uint64_t om_power(uint64_t base, uint64_t exponent) {
  uint64_t result = 1;
  for (; exponent > 0; exponent >>= 1, base *= base)
    if (exponent & 1) result *= base;
  return result;
}

#endif
