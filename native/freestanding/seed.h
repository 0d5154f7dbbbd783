/* Where random operators without a seed get one in a machine without a clock: from the host, which sets it once after it
 * has loaded the model. Runs that follow get others by SplitMix64 (G. Steele, D. Lea and C. Flood, "Fast splittable
 * pseudorandom number generators", 2014). */
#ifndef OM_FREESTANDING_SEED_H
#define OM_FREESTANDING_SEED_H

#include <stdint.h>

#include "om_export.h"

static uint64_t om_seed;

void om_set_seed(uint32_t low, uint32_t high);
OM_EXPORT(om_set_seed) void om_set_seed(uint32_t low, uint32_t high) { om_seed = (uint64_t)high << 32 | low; }

static inline uint64_t om_next_seed(void) {
  uint64_t x = om_seed += UINT64_C(0x9e3779b97f4a7c15);
  x = (x ^ x >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  x = (x ^ x >> 27) * UINT64_C(0x94d049bb133111eb);
  return x ^ x >> 31;
}

#endif
