/* The remainder of a division of floats, as elementary.h, but exact. */
#ifndef OM_ELEMENTARY_REMAINDER_H
#define OM_ELEMENTARY_REMAINDER_H

#include "elementary.h"

/* fmodf(x, y). Of quotients under 2^29 the whole part times y has 53 bits at most, so that a double holds it and what it leaves;
 * a quotient that was rounded up to a whole number leaves less than nothing. Others are left to the C library, which goes bit by
 * bit and took three to four times as long. */
OM_INLINE float om_fmod_f32(float x, float y) {
  const double size = (double)om_abs_f32(x), by = (double)om_abs_f32(y), quotient = size / by;
  if (!(quotient < 536870912.0) || by == INFINITY) return fmodf(x, y);
  const double rest = size - (double)(int32_t)quotient * by;
  return om_copysign_f32((float)(rest < 0.0 ? rest + by : rest), x);
}

#endif
