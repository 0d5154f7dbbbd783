/* Reductions of element types other than float32, which reduce.h has: x[outer, axis, inner] to y[outer, inner].
 * The accumulator is of type A and called `sum`; `step` takes in the element `v`, `finish` makes the result of `sum`
 * and `count`, the extent of the axis. */
#ifndef OM_REDUCE_ANY_H
#define OM_REDUCE_ANY_H

#include <math.h>
#include <stdint.h>

#include "axes.h"

#define OM_REDUCE_ANY(x, y, outer, axis, inner, A, initial, step, finish)                                              \
  if ((inner) == 1) {                                                                                                  \
    OM_EACH_PIECE(outer, inner, axis) {                                                                                \
      const int64_t count = (axis);                                                                                    \
      A sum = (initial);                                                                                               \
      for (int64_t a = 0; a < count; a++) {                                                                            \
        const A v = (x)[o * count + a];                                                                                \
        sum = (step);                                                                                                  \
      }                                                                                                                \
      (y)[o + i] = (finish);                                                                                           \
    }                                                                                                                  \
  } else { /* row by row of a block of columns: column by column, rows of which are far apart, took ten times as long */\
    OM_EACH_BLOCK(outer, inner, axis) {                                                                                \
      const int64_t count = (axis);                                                                                    \
      A sums[OM_BLOCK];                                                                                                \
      for (int64_t j = 0; j < width; j++) sums[j] = (initial);                                                         \
      for (int64_t a = 0; a < count; a++)                                                                              \
        for (int64_t j = 0; j < width; j++) {                                                                          \
          const A v = (x)[(o * count + a) * (inner) + i + j], sum = sums[j];                                           \
          sums[j] = (step);                                                                                            \
        }                                                                                                              \
      for (int64_t j = 0; j < width; j++) {                                                                            \
        const A sum = sums[j];                                                                                         \
        (y)[o * (inner) + i + j] = (finish);                                                                           \
      }                                                                                                                \
    }                                                                                                                  \
  }

/* log of the sum of e^x, of numbers without their largest, so that nothing overflows; an infinite one stays in. */
static inline void om_log_sum_exp_f64(const double *x, double *y, int64_t outer, int64_t axis, int64_t inner) {
  OM_EACH_PIECE(outer, inner, axis) {
    const double *from = x + o * axis * inner + i;
    double top = -INFINITY, sum = 0.0;
    for (int64_t a = 0; a < axis; a++) top = top >= from[a * inner] ? top : from[a * inner];
    const double shift = isfinite(top) ? top : 0.0;
    for (int64_t a = 0; a < axis; a++) sum += exp(from[a * inner] - shift);
    y[o * inner + i] = log(sum) + shift;
  }
}

#endif
