/* Reductions over one axis (axes that lie together are one): x f32[outer, axis, inner] to y f32[outer, inner]. */
#ifndef OM_REDUCE_H
#define OM_REDUCE_H

#include "elementary.h"

typedef enum om_reduction {
  OM_REDUCE_SUM,
  OM_REDUCE_MEAN,
  OM_REDUCE_PRODUCT,
  OM_REDUCE_MAX,
  OM_REDUCE_MIN,
  OM_REDUCE_SUM_SQUARE,
  OM_REDUCE_L1,
  OM_REDUCE_L2,
  OM_REDUCE_LOG_SUM,
  OM_REDUCE_LOG_SUM_EXP
} om_reduction;

/* Empty axis: sums 0, products 1, MAX -inf, MIN inf, MEAN NaN, logarithms -inf. NaN in, NaN out. */
OM_INLINE void om_reduce_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner,
                             const om_reduction kind) {
  const bool largest = kind == OM_REDUCE_MAX || kind == OM_REDUCE_LOG_SUM_EXP;
  for (ptrdiff_t o = 0; o < outer; o++, x += axis * inner, y += inner) {
    for (ptrdiff_t i = 0; i < inner; i++) {
      float top = kind == OM_REDUCE_MIN ? INFINITY : -INFINITY, sum = kind == OM_REDUCE_PRODUCT ? 1.0f : 0.0f;
      if (largest)
        for (ptrdiff_t a = 0; a < axis; a++) top = top >= x[a * inner + i] || top != top ? top : x[a * inner + i];
      if (kind == OM_REDUCE_MIN)
        for (ptrdiff_t a = 0; a < axis; a++) top = top <= x[a * inner + i] || top != top ? top : x[a * inner + i];
      const float shift = isfinite(top) ? top : 0.0f;
      if (kind != OM_REDUCE_MAX && kind != OM_REDUCE_MIN)
        for (ptrdiff_t a = 0; a < axis; a++) {
          const float v = x[a * inner + i];
          if (kind == OM_REDUCE_PRODUCT) sum *= v;
          else if (kind == OM_REDUCE_SUM_SQUARE || kind == OM_REDUCE_L2) sum += v * v;
          else if (kind == OM_REDUCE_L1) sum += fabsf(v);
          else if (kind == OM_REDUCE_LOG_SUM_EXP) sum += om_exp_f32(v - shift);
          else sum += v;
        }
      if (kind == OM_REDUCE_MAX || kind == OM_REDUCE_MIN) sum = top;
      if (kind == OM_REDUCE_MEAN) sum /= (float)axis;
      if (kind == OM_REDUCE_L2) sum = sqrtf(sum);
      if (kind == OM_REDUCE_LOG_SUM) sum = om_log_f32(sum);
      if (kind == OM_REDUCE_LOG_SUM_EXP) sum = om_log_f32(sum) + shift;
      y[i] = sum;
    }
  }
}

#endif
