/* Convolution and its transpose over any number of spatial axes, in ONNX's own layout (NCHW...) and with
 * unpacked weights: the fallback where no faster kernel fits. What taps meet is found line by line of the last axis, along
 * which loops are plain: an index that is taken apart per element and tap took thirty times as long. */
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

/* A tap of the last axis: of the windows along a line those from `first` to `end` have it within the line, number i at
 * start + i * stride. */
typedef struct om_line_nd {
  ptrdiff_t start, first, end, stride;
} om_line_nd;

OM_INLINE om_line_nd om_line_of_tap(const om_window_nd *w, ptrdiff_t tap) {
  const int last = w->rank - 1;
  const ptrdiff_t stride = w->stride[last], start = tap * w->dilation[last] - w->pad_begin[last];
  const ptrdiff_t first = start < 0 ? (stride - 1 - start) / stride : 0;
  const ptrdiff_t width = w->in[last] + om_min(0, w->pad_end[last]); /* pads below 0 crop */
  const ptrdiff_t end = start < width ? om_min(w->out[last], (width - 1 - start) / stride + 1) : 0;
  return (om_line_nd){start, first, end, stride};
}

/* Runs a statement of i and of `at`, its place in the line, for each window that has a tap there. */
#define OM_ALONG_LINE(line, ...)                                                                                       \
  do {                                                                                                                 \
    if ((line).stride == 1) {                                                                                          \
      for (ptrdiff_t i = (line).first, at = i + (line).start; i < (line).end; i++, at++) {                             \
        __VA_ARGS__;                                                                                                   \
      }                                                                                                                \
    } else {                                                                                                           \
      for (ptrdiff_t i = (line).first; i < (line).end; i++) {                                                          \
        const ptrdiff_t at = i * (line).stride + (line).start;                                                         \
        __VA_ARGS__;                                                                                                   \
      }                                                                                                                \
    }                                                                                                                  \
  } while (0)

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

/* Windows as lines of the last axis: `rows` of them, of `count` windows each, over lines of `width` elements. */
typedef struct om_lines_nd {
  om_window_nd outer; /* all axes but the last */
  ptrdiff_t in, out;  /* elements of an image, and of what comes of it */
  ptrdiff_t rows, width, count;
  ptrdiff_t taps, of_line; /* in all, and of the last axis */
} om_lines_nd;

OM_INLINE om_lines_nd om_lines_of(const om_window_nd *w) {
  const int last = w->rank - 1;
  om_lines_nd l = {.outer = *w, .width = w->in[last], .count = w->out[last], .of_line = w->kernel[last]};
  l.outer.rank = last;
  l.in = om_product_nd(w->in, w->rank), l.out = om_product_nd(w->out, w->rank);
  l.rows = om_product_nd(w->out, last), l.taps = om_product_nd(w->kernel, w->rank);
  return l;
}

/* Where the line begins that a tap meets from the windows of a row; below 0: none. */
OM_INLINE ptrdiff_t om_line_met(const om_lines_nd *l, ptrdiff_t row, ptrdiff_t tap) {
  return om_tap_nd(&l->outer, row, tap / l->of_line) * l->width;
}

/* x[batch, channels, in...], w[out_channels, channels / groups, kernel...], bias[out_channels] or NULL,
 * y[batch, out_channels, out...]. */
#define OM_CONV_ND(name, T)                                                                                            \
  OM_SHARED void name(const T *x, const T *w, const T *bias, T *y, ptrdiff_t batch,                                    \
                      ptrdiff_t channels, ptrdiff_t out_channels, ptrdiff_t groups, const om_window_nd *window) {      \
    const om_lines_nd l = om_lines_of(window);                                                                         \
    const ptrdiff_t depth = channels / groups;                                                                         \
    for (ptrdiff_t n = 0; n < batch; n++)                                                                              \
      for (ptrdiff_t o = 0; o < out_channels; o++) {                                                                   \
        if (!om_is_mine()) continue;                                                                                   \
        const T *group = x + (n * channels + o / (out_channels / groups) * depth) * l.in;                              \
        T *to = y + (n * out_channels + o) * l.out;                                                                    \
        for (ptrdiff_t i = 0; i < l.out; i++) to[i] = bias ? bias[o] : 0;                                              \
        for (ptrdiff_t tap = 0; tap < l.taps; tap++) {                                                                 \
          const om_line_nd line = om_line_of_tap(window, tap % l.of_line);                                             \
          for (ptrdiff_t row = 0; row < l.rows; row++) {                                                               \
            const ptrdiff_t met = om_line_met(&l, row, tap);                                                           \
            if (met < 0) continue;                                                                                     \
            T *OM_RESTRICT sums = to + row * l.count;                                                                  \
            for (ptrdiff_t c = 0; c < depth; c++) {                                                                    \
              const T *OM_RESTRICT from = group + c * l.in + met;                                                      \
              const T weight = w[(o * depth + c) * l.taps + tap];                                                      \
              OM_ALONG_LINE(line, sums[i] += from[at] * weight);                                                       \
            }                                                                                                          \
          }                                                                                                            \
        }                                                                                                              \
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
    const om_lines_nd l = om_lines_of(window);                                                                         \
    const ptrdiff_t width = out_channels / groups;                                                                     \
    for (ptrdiff_t n = 0; n < batch; n++) {                                                                            \
      for (ptrdiff_t o = 0; o < out_channels; o++)                                                                     \
        for (ptrdiff_t i = 0; i < l.in; i++) y[(n * out_channels + o) * l.in + i] = bias ? bias[o] : 0;                \
      for (ptrdiff_t c = 0; c < channels; c++) {                                                                       \
        const ptrdiff_t first = c / (channels / groups) * width;                                                       \
        for (ptrdiff_t tap = 0; tap < l.taps; tap++) {                                                                 \
          const om_line_nd line = om_line_of_tap(window, tap % l.of_line);                                             \
          for (ptrdiff_t row = 0; row < l.rows; row++) {                                                               \
            const ptrdiff_t met = om_line_met(&l, row, tap);                                                           \
            if (met < 0) continue;                                                                                     \
            const T *OM_RESTRICT from = x + (n * channels + c) * l.out + row * l.count;                                \
            for (ptrdiff_t o = 0; o < width; o++) {                                                                    \
              T *OM_RESTRICT to = y + (n * out_channels + first + o) * l.in + met;                                     \
              const T weight = w[(c * width + o) * l.taps + tap];                                                      \
              OM_ALONG_LINE(line, to[at] += from[i] * weight);                                                         \
            }                                                                                                          \
          }                                                                                                            \
        }                                                                                                              \
      }                                                                                                                \
    }                                                                                                                  \
  }
OM_CONV_TRANSPOSE_ND(om_conv_transpose_nd_f32, float)
OM_CONV_TRANSPOSE_ND(om_conv_transpose_nd_f64, double)

#endif
