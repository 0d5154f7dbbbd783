/* Products of 64-bit integers that keep all 128 bits, on machines that have no instruction for them. */
#ifndef OM_FREESTANDING_WIDE_H
#define OM_FREESTANDING_WIDE_H

#include <stdint.h>

/* The low half; the high one in *high. */
static inline uint64_t om_wide_product(uint64_t a, uint64_t b, uint64_t *high) {
  const uint64_t a0 = (uint32_t)a, a1 = a >> 32, b0 = (uint32_t)b, b1 = b >> 32;
  const uint64_t low = a0 * b0, middle = a1 * b0 + (low >> 32), other = a0 * b1 + (uint32_t)middle;
  *high = a1 * b1 + (middle >> 32) + (other >> 32);
  return other << 32 | (uint32_t)low;
}

#endif
