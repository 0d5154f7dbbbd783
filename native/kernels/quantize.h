/* Rounding to the integers of a quantised type. */
#ifndef OM_QUANTIZE_H
#define OM_QUANTIZE_H

#include <math.h>

/* x to the nearest whole number, ties to even, moved by the zero point and kept within [low, high]. NaN gives low.
 * Types have at most 16 bits, of which float holds every number. */
static inline float om_quantize(float x, float zero_point, float low, float high) {
  const float y = rintf(x) + zero_point;
  return y > low ? (y < high ? y : high) : low;
}

#endif
