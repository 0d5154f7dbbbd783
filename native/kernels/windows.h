/* Windows over any number of spatial axes beside convolution, max and mean (nd.h), in ONNX's own layout. */
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

/* Largest element of each window of a type that om_maxpool_nd_f32 does not take; `indices` (or NULL) as there. */
#define OM_MAXPOOL(name, T)                                                                                  \
  OM_SHARED void name(const T *x, T *y, int64_t *indices, bool column_major, ptrdiff_t planes,               \
                      const om_window_nd *window) {                                                          \
    const ptrdiff_t pixels = om_product_nd(window->in, window->rank);                                        \
    const ptrdiff_t outs = om_product_nd(window->out, window->rank);                                         \
    const ptrdiff_t taps = om_product_nd(window->kernel, window->rank);                                      \
    OM_EACH_PIECE(1, planes * outs, taps) {                                                                  \
      const T *plane = x + i / outs * pixels;                                                                \
      ptrdiff_t winner = -1;                                                                                 \
      for (ptrdiff_t tap = 0; tap < taps; tap++) {                                                           \
        const ptrdiff_t from = om_tap_nd(window, i % outs, tap);                                             \
        /* of a NaN, which is unequal to itself: that */                                                     \
        if (from >= 0 && (winner < 0 || plane[from] > plane[winner] || plane[from] != plane[from]))          \
          winner = from;                                                                                     \
      }                                                                                                      \
      /* nothing but padding under a dilated window: any element that is safe to read */                     \
      winner = om_max(winner, 0);                                                                            \
      y[i] = plane[winner];                                                                                  \
      if (indices) indices[i] = i / outs * pixels + (column_major ? om_column_major(window, winner) : winner); \
    }                                                                                                        \
  }

/* The offset of a row-major offset's element when the first spatial axis is the one that lies densely. */
OM_INLINE ptrdiff_t om_column_major(const om_window_nd *window, ptrdiff_t offset) {
  ptrdiff_t turned = 0, step = om_product_nd(window->in, window->rank);
  for (int i = window->rank - 1; i >= 0; i--) {
    step /= window->in[i];
    turned += offset % window->in[i] * step;
    offset /= window->in[i];
  }
  return turned;
}
OM_MAXPOOL(om_maxpool_nd_f64, double)
OM_MAXPOOL(om_maxpool_nd_i8, int8_t)
OM_MAXPOOL(om_maxpool_nd_u8, uint8_t)

/* ONNX Col2Im-18, the gradient of taking an image's windows apart: x[planes, kernel..., out...], y[planes, in...], each
 * plane beginning with bias[plane % channels] (or 0 where bias is NULL). Along the last axis it goes row by row. */
#define OM_COL2IM(name, T)                                                                                   \
  OM_SHARED void name(const T *x, const T *bias, T *y, ptrdiff_t planes, ptrdiff_t channels,                 \
                      const om_window_nd *window) {                                                          \
    om_window_nd outer = *window;                                                                            \
    const int last = --outer.rank;                                                                           \
    const ptrdiff_t pixels = om_product_nd(window->in, window->rank);                                        \
    const ptrdiff_t rows = om_product_nd(outer.out, last), taps = om_product_nd(window->kernel, window->rank); \
    const ptrdiff_t width = window->in[last], count = window->out[last], stride = window->stride[last];      \
    OM_EACH_ROW(plane, planes, taps * rows * count) {                                                        \
      T *image = y + plane * pixels;                                                                         \
      for (ptrdiff_t i = 0; i < pixels; i++) image[i] = bias ? bias[plane % channels] : 0;                   \
      for (ptrdiff_t tap = 0; tap < taps; tap++) {                                                           \
        const ptrdiff_t start = tap % window->kernel[last] * window->dilation[last] - window->pad_begin[last]; \
        const ptrdiff_t first = start < 0 ? (stride - 1 - start) / stride : 0;                               \
        const ptrdiff_t end = start < width ? om_min(count, (width - 1 - start) / stride + 1) : 0;           \
        for (ptrdiff_t row = 0; row < rows; row++) {                                                         \
          const ptrdiff_t at = om_tap_nd(&outer, row, tap / window->kernel[last]);                           \
          if (at < 0) continue;                                                                              \
          const T *from = x + ((plane * taps + tap) * rows + row) * count;                                   \
          T *to = image + at * width + start;                                                                \
          for (ptrdiff_t i = first; i < end; i++) to[i * stride] += from[i];                                 \
        }                                                                                                    \
      }                                                                                                      \
    }                                                                                                        \
  }
OM_COL2IM(om_col2im_f32, float)
OM_COL2IM(om_col2im_f64, double)

#endif
