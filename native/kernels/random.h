/* Random numbers: the generator that numpy.random.RandomState has, so that a seed gives the numbers of ONNX's reference.
 * M. Matsumoto and T. Nishimura, "Mersenne Twister" (1998): MT19937. */
#ifndef OM_RANDOM_H
#define OM_RANDOM_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

#if __STDC_HOSTED__
#include <time.h>
#else
#include "seed.h"
#endif

typedef struct om_random {
  uint32_t state[624];
  int at;
  bool has_spare;
  double spare;
} om_random;

static inline void om_random_seed(om_random *r, uint32_t seed) {
  r->state[0] = seed;
  for (uint32_t i = 1; i < 624; i++) r->state[i] = 1812433253u * (r->state[i - 1] ^ r->state[i - 1] >> 30) + i;
  r->at = 624;
  r->has_spare = false;
}

/* For models that state no seed: the time and where the caller's stack is, or what the host gave. */
static inline uint32_t om_random_entropy(const void *stack) {
#if __STDC_HOSTED__
  const uint64_t now = (uint64_t)time(NULL) * 1000003u + (uint64_t)clock();
  return (uint32_t)((now ^ (uint64_t)(uintptr_t)stack) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
#else
  (void)stack;
  return (uint32_t)om_next_seed();
#endif
}

static inline uint32_t om_random_bits(om_random *r) {
  if (r->at == 624) {
    for (int i = 0; i < 624; i++) {
      const uint32_t y = (r->state[i] & 0x80000000u) | (r->state[(i + 1) % 624] & 0x7fffffffu);
      r->state[i] = r->state[(i + 397) % 624] ^ y >> 1 ^ (y & 1u ? 0x9908b0dfu : 0u);
    }
    r->at = 0;
  }
  uint32_t y = r->state[r->at++];
  y ^= y >> 11;
  y ^= y << 7 & 0x9d2c5680u;
  y ^= y << 15 & 0xefc60000u;
  return y ^ y >> 18;
}

/* In [0, 1), 53 bits. */
static inline double om_random_uniform(om_random *r) {
  const uint32_t high = om_random_bits(r) >> 5, low = om_random_bits(r) >> 6;
  return ((double)high * 67108864.0 + (double)low) / 9007199254740992.0;
}

/* Mean 0, variance 1: G. Marsaglia's polar method, which makes them in pairs. */
static inline double om_random_normal(om_random *r) {
  if (r->has_spare) return r->has_spare = false, r->spare;
  double x, y, square;
  do {
    x = 2.0 * om_random_uniform(r) - 1.0;
    y = 2.0 * om_random_uniform(r) - 1.0;
    square = x * x + y * y;
  } while (square >= 1.0 || square == 0.0);
  const double factor = sqrt(-2.0 * log(square) / square);
  r->spare = factor * x;
  r->has_spare = true;
  return factor * y;
}

/* Whether an event of this probability happens: a binomial distribution of one trial, by inversion. */
static inline bool om_random_event(om_random *r, double probability) {
  const double u = om_random_uniform(r);
  return probability <= 0.5 ? u > 1.0 - probability : u <= probability;
}

#endif
