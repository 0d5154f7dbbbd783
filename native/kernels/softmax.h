/* Softmax and its logarithm over one axis: x and y are [outer, axis, inner]; y may be x. */
#ifndef OM_SOFTMAX_H
#define OM_SOFTMAX_H

#include "elementary.h"

OM_INLINE void om_softmax_any_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner,
                                  const bool logarithm) {
  for (ptrdiff_t o = 0; o < outer; o++)
    for (ptrdiff_t i = 0; i < inner; i++) {
      const float *from = x + o * axis * inner + i;
      float *to = y + o * axis * inner + i;
      float top = -INFINITY, sum = 0.0f;
      for (ptrdiff_t a = 0; a < axis; a++) top = top >= from[a * inner] ? top : from[a * inner];
      for (ptrdiff_t a = 0; a < axis; a++) {
        const float power = om_exp_f32(from[a * inner] - top);
        sum += power;
        to[a * inner] = logarithm ? from[a * inner] - top : power;
      }
      const float shift = logarithm ? om_log_f32(sum) : 0.0f, scale = 1.0f / sum;
      for (ptrdiff_t a = 0; a < axis; a++) to[a * inner] = logarithm ? to[a * inner] - shift : to[a * inner] * scale;
    }
}

OM_INLINE void om_softmax_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner) {
  om_softmax_any_f32(x, y, outer, axis, inner, false);
}

OM_INLINE void om_logsoftmax_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner) {
  om_softmax_any_f32(x, y, outer, axis, inner, true);
}

#endif
