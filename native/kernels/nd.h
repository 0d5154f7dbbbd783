/* Convolution, its transpose and pooling over any number of spatial axes, in ONNX's own layout (NCHW...) and with
 * unpacked weights: the fallback where no faster kernel fits. Plain loops; correct first. */
#ifndef OM_ND_H
#define OM_ND_H

#include "activation.h"
#include "parallel.h"

#define OM_MAX_SPATIAL 8

/* Geometry of a window over `rank` spatial axes. */
typedef struct om_window_nd {
  int rank;
  ptrdiff_t in[OM_MAX_SPATIAL], out[OM_MAX_SPATIAL], kernel[OM_MAX_SPATIAL];
  ptrdiff_t stride[OM_MAX_SPATIAL], dilation[OM_MAX_SPATIAL], pad_begin[OM_MAX_SPATIAL], pad_end[OM_MAX_SPATIAL];
} om_window_nd;

OM_INLINE ptrdiff_t om_product_nd(const ptrdiff_t *dims, int rank) {
  ptrdiff_t n = 1;
  for (int i = 0; i < rank; i++) n *= dims[i];
  return n;
}

/* The input element under tap `tap` of the window at output element `out`: its offset, or -1 in the padding and
 * -2 beyond it (a window of ceil_mode may reach there). */
OM_INLINE ptrdiff_t om_tap_nd(const om_window_nd *w, ptrdiff_t out, ptrdiff_t tap) {
  ptrdiff_t offset = 0, step = 1;
  bool padding = false;
  for (int i = w->rank - 1; i >= 0; i--) {
    const ptrdiff_t at = out % w->out[i] * w->stride[i] - w->pad_begin[i] + tap % w->kernel[i] * w->dilation[i];
    if (at >= w->in[i] + w->pad_end[i]) return -2;
    padding |= at < 0 || at >= w->in[i];
    offset += at * step;
    step *= w->in[i];
    out /= w->out[i];
    tap /= w->kernel[i];
  }
  return padding ? -1 : offset;
}

/* x[batch, channels, in...], w[out_channels, channels / groups, kernel...], bias[out_channels] or NULL,
 * y[batch, out_channels, out...]. */
#define OM_CONV_ND(name, T)                                                                                            \
  OM_SHARED void name(const T *x, const T *w, const T *bias, T *y, ptrdiff_t batch,                                    \
                      ptrdiff_t channels, ptrdiff_t out_channels, ptrdiff_t groups, const om_window_nd *window) {      \
    const ptrdiff_t pixels = om_product_nd(window->in, window->rank), outs = om_product_nd(window->out, window->rank); \
    const ptrdiff_t taps = om_product_nd(window->kernel, window->rank), depth = channels / groups;                     \
    for (ptrdiff_t n = 0; n < batch; n++)                                                                              \
      for (ptrdiff_t o = 0; o < out_channels; o++) {                                                                   \
        if (!om_is_mine()) continue;                                                                                   \
        const T *group = x + (n * channels + o / (out_channels / groups) * depth) * pixels;                            \
        T *to = y + (n * out_channels + o) * outs;                                                                     \
        for (ptrdiff_t at = 0; at < outs; at++) to[at] = bias ? bias[o] : 0;                                           \
        for (ptrdiff_t tap = 0; tap < taps; tap++)                                                                     \
          for (ptrdiff_t at = 0; at < outs; at++) {                                                                    \
            const ptrdiff_t from = om_tap_nd(window, at, tap);                                                         \
            if (from < 0) continue;                                                                                    \
            for (ptrdiff_t c = 0; c < depth; c++) to[at] += group[c * pixels + from] * w[(o * depth + c) * taps + tap]; \
          }                                                                                                            \
      }                                                                                                                \
  }
OM_CONV_ND(om_conv_nd_f32, float)
OM_CONV_ND(om_conv_nd_f64, double)

/* ONNX ConvTranspose, the gradient of a convolution from y back to x: `window` describes that convolution, so its
 * `in` is y's shape and its `out` is x's. x[batch, channels, window.out...], w[channels, out_channels / groups, kernel...],
 * y[batch, out_channels, window.in...]. */
#define OM_CONV_TRANSPOSE_ND(name, T)                                                                                  \
  OM_SHARED void name(const T *x, const T *w, const T *bias, T *y, ptrdiff_t batch,                                    \
                      ptrdiff_t channels, ptrdiff_t out_channels, ptrdiff_t groups, const om_window_nd *window) {      \
    const ptrdiff_t pixels = om_product_nd(window->out, window->rank), outs = om_product_nd(window->in, window->rank); \
    const ptrdiff_t taps = om_product_nd(window->kernel, window->rank), width = out_channels / groups;                 \
    for (ptrdiff_t n = 0; n < batch; n++) {                                                                            \
      for (ptrdiff_t o = 0; o < out_channels; o++)                                                                     \
        for (ptrdiff_t at = 0; at < outs; at++) y[(n * out_channels + o) * outs + at] = bias ? bias[o] : 0;            \
      for (ptrdiff_t c = 0; c < channels; c++) {                                                                       \
        const ptrdiff_t first = c / (channels / groups) * width;                                                       \
        for (ptrdiff_t tap = 0; tap < taps; tap++)                                                                     \
          for (ptrdiff_t at = 0; at < pixels; at++) {                                                                  \
            const ptrdiff_t to = om_tap_nd(window, at, tap);                                                           \
            if (to < 0) continue;                                                                                      \
            const T v = x[(n * channels + c) * pixels + at];                                                           \
            for (ptrdiff_t o = 0; o < width; o++)                                                                      \
              y[(n * out_channels + first + o) * outs + to] += v * w[(c * width + o) * taps + tap];                    \
          }                                                                                                            \
      }                                                                                                                \
    }                                                                                                                  \
  }
OM_CONV_TRANSPOSE_ND(om_conv_transpose_nd_f32, float)
OM_CONV_TRANSPOSE_ND(om_conv_transpose_nd_f64, double)

/* Largest element of each window, NaN where it holds one; x f32[planes, in...], y f32[planes, out...].
 * indices (or NULL): offsets of the winners in x as a whole, spatial axes row-major, or column-major where asked. */
OM_SHARED void om_maxpool_nd_f32(const float *x, float *y, int64_t *indices, bool column_major, ptrdiff_t planes,
                                 const om_window_nd *window) {
  const ptrdiff_t pixels = om_product_nd(window->in, window->rank), outs = om_product_nd(window->out, window->rank);
  const ptrdiff_t taps = om_product_nd(window->kernel, window->rank);
  OM_EACH_ROW(plane, planes, outs * taps) {
    for (ptrdiff_t at = 0; at < outs; at++) {
      float best = -INFINITY;
      ptrdiff_t winner = -1;
      for (ptrdiff_t tap = 0; tap < taps; tap++) {
        const ptrdiff_t from = om_tap_nd(window, at, tap);
        if (from < 0) continue;
        const float v = x[plane * pixels + from];
        if (winner >= 0 && !(v > best || isnan(v))) continue;
        best = v;
        winner = from;
      }
      y[plane * outs + at] = best;
      if (!indices) continue;
      winner = om_max(winner, 0); /* nothing but padding under a dilated window: any index that is safe to use */
      if (column_major) {
        ptrdiff_t turned = 0, rest = winner, step = pixels;
        for (int i = window->rank - 1; i >= 0; i--) {
          step /= window->in[i];
          turned += rest % window->in[i] * step;
          rest /= window->in[i];
        }
        winner = turned;
      }
      indices[plane * outs + at] = plane * pixels + winner;
    }
  }
}

/* Mean of each window; see om_avgpool2d_f32 of pool.h for count_padding. */
#define OM_AVGPOOL_ND(name, T)                                                                                         \
  OM_SHARED void name(const T *x, T *y, ptrdiff_t planes, const om_window_nd *window, bool count_padding) {             \
    const ptrdiff_t pixels = om_product_nd(window->in, window->rank), outs = om_product_nd(window->out, window->rank); \
    const ptrdiff_t taps = om_product_nd(window->kernel, window->rank);                                                \
    OM_EACH_ROW(plane, planes, outs * taps) {                                                                          \
      for (ptrdiff_t at = 0; at < outs; at++) {                                                                        \
        T sum = 0;                                                                                                     \
        ptrdiff_t count = 0;                                                                                           \
        for (ptrdiff_t tap = 0; tap < taps; tap++) {                                                                   \
          const ptrdiff_t from = om_tap_nd(window, at, tap);                                                           \
          count += from >= 0 || (from == -1 && count_padding);                                                         \
          if (from >= 0) sum += x[plane * pixels + from];                                                              \
        }                                                                                                              \
        y[plane * outs + at] = sum / (T)count;                                                                         \
      }                                                                                                                \
    }                                                                                                                  \
  }
OM_AVGPOOL_ND(om_avgpool_nd_f32, float)
OM_AVGPOOL_ND(om_avgpool_nd_f64, double)

#endif
