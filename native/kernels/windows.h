/* Windows over any number of spatial axes beside convolution (nd.h), max and mean (pool-nd.h), in ONNX's own layout. */
#ifndef OM_WINDOWS_H
#define OM_WINDOWS_H

#include <math.h>

#include "axes.h"
#include "nd.h"

/* ONNX LpPool-22: the p-norm of each window; x[planes, in...], y[planes, out...]. */
#define OM_LPPOOL(name, T, power, magnitude)                                                                 \
  OM_SHARED void name(const T *x, T *y, T p, ptrdiff_t planes, const om_window_nd *window) {                 \
    const ptrdiff_t pixels = om_product_nd(window->in, window->rank);                                        \
    const ptrdiff_t outs = om_product_nd(window->out, window->rank);                                         \
    const ptrdiff_t taps = om_product_nd(window->kernel, window->rank);                                      \
    OM_EACH_PIECE(1, planes * outs, taps) {                                                                  \
      T sum = 0;                                                                                             \
      for (ptrdiff_t tap = 0; tap < taps; tap++) {                                                           \
        const ptrdiff_t from = om_tap_nd(window, i % outs, tap);                                             \
        if (from >= 0) sum += power(magnitude(x[i / outs * pixels + from]), p);                              \
      }                                                                                                      \
      y[i] = power(sum, 1 / p);                                                                              \
    }                                                                                                        \
  }
OM_LPPOOL(om_lppool_nd_f32, float, powf, fabsf)
OM_LPPOOL(om_lppool_nd_f64, double, pow, fabs)

/* ONNX Col2Im-18, the gradient of taking an image's windows apart: x[planes, kernel..., out...], y[planes, in...], each
 * plane beginning with bias[plane % channels] (or 0 where bias is NULL). Along the last axis it goes row by row. */
#define OM_COL2IM(name, T)                                                                                             \
  OM_SHARED void name(const T *x, const T *bias, T *y, ptrdiff_t planes, ptrdiff_t channels,                           \
                      const om_window_nd *window) {                                                                    \
    const om_lines_nd l = om_lines_of(window);                                                                         \
    OM_EACH_ROW(plane, planes, l.taps * l.out) {                                                                       \
      T *image = y + plane * l.in;                                                                                     \
      for (ptrdiff_t i = 0; i < l.in; i++) image[i] = bias ? bias[plane % channels] : 0;                               \
      for (ptrdiff_t tap = 0; tap < l.taps; tap++) {                                                                   \
        const om_line_nd line = om_line_of_tap(window, tap % l.of_line);                                               \
        for (ptrdiff_t row = 0; row < l.rows; row++) {                                                                 \
          const ptrdiff_t met = om_line_met(&l, row, tap);                                                             \
          if (met < 0) continue;                                                                                       \
          const T *OM_RESTRICT from = x + ((plane * l.taps + tap) * l.rows + row) * l.count;                           \
          T *OM_RESTRICT to = image + met;                                                                             \
          OM_ALONG_LINE(line, to[at] += from[i]);                                                                      \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
OM_COL2IM(om_col2im_f32, float)
OM_COL2IM(om_col2im_f64, double)

#endif
