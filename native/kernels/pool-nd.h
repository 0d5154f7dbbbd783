/* The largest element and the mean of windows over any number of spatial axes, in ONNX's own layout: for what the kernels of
 * pool.h, which have channels last, do not take. Windows go line by line, see nd.h. */
#ifndef OM_POOL_ND_H
#define OM_POOL_ND_H

#include <math.h>

#include "axes.h"
#include "nd.h"

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

/* Runs a statement of `line` and `met`, where the line that it goes along begins, for each tap that the windows of a row have
 * over a line. */
#define OM_EACH_TAP_OF_ROW(l, window, row, ...)                                                                        \
  for (ptrdiff_t tap = 0; tap < (l).taps; tap++) {                                                                     \
    const ptrdiff_t met = om_line_met(&(l), row, tap);                                                                 \
    if (met < 0) continue;                                                                                             \
    const om_line_nd line = om_line_of_tap(window, tap % (l).of_line);                                                 \
    __VA_ARGS__;                                                                                                       \
  }

/* Largest element of each window, NaN where it holds one, `least` where it holds but padding; x[planes, in...],
 * y[planes, out...]. indices (or NULL): offsets of the first such elements in x as a whole, spatial axes row-major, or
 * column-major where asked. */
#define OM_MAXPOOL_ND(name, T, least)                                                                                  \
  OM_SHARED void name(const T *x, T *y, int64_t *indices, bool column_major, ptrdiff_t planes,                         \
                      const om_window_nd *window) {                                                                    \
    const om_lines_nd l = om_lines_of(window);                                                                         \
    OM_EACH_ROW(index, planes * l.rows, l.count * l.taps) {                                                            \
      const ptrdiff_t plane = index / l.rows * l.in;                                                                   \
      T *OM_RESTRICT best = y + index * l.count;                                                                       \
      int64_t *OM_RESTRICT winner = indices ? indices + index * l.count : NULL;                                        \
      for (ptrdiff_t i = 0; i < l.count; i++) best[i] = least;                                                         \
      for (ptrdiff_t i = 0; winner && i < l.count; i++) winner[i] = -1;                                                \
      OM_EACH_TAP_OF_ROW(l, window, index % l.rows, {                                                                  \
        const T *OM_RESTRICT from = x + plane + met;                                                                   \
        if (!winner) {                                                                                                 \
          OM_ALONG_LINE(line, best[i] = ((from[at] > best[i]) | (from[at] != from[at])) ? from[at] : best[i]);         \
          continue;                                                                                                    \
        }                                                                                                              \
        OM_ALONG_LINE(line, {                                                                                          \
          const bool wins = (winner[i] < 0) | (from[at] > best[i]) | (from[at] != from[at]);                           \
          best[i] = wins ? from[at] : best[i];                                                                         \
          winner[i] = wins ? met + at : winner[i];                                                                     \
        });                                                                                                            \
      });                                                                                                              \
      for (ptrdiff_t i = 0; winner && i < l.count; i++) {                                                              \
        const ptrdiff_t won = om_max(winner[i], 0); /* nothing but padding: any index that is safe to use */           \
        winner[i] = plane + (column_major ? om_column_major(window, won) : won);                                       \
      }                                                                                                                \
    }                                                                                                                  \
  }
OM_MAXPOOL_ND(om_maxpool_nd_f32, float, -INFINITY)
OM_MAXPOOL_ND(om_maxpool_nd_f64, double, -INFINITY)
OM_MAXPOOL_ND(om_maxpool_nd_i8, int8_t, INT8_MIN)
OM_MAXPOOL_ND(om_maxpool_nd_u8, uint8_t, 0)

/* Of the window at `out` of an axis, how many taps count: those within it, and with count_padding those in its pads. */
OM_INLINE ptrdiff_t om_taps_that_count(const om_window_nd *w, int axis, ptrdiff_t out, bool count_padding) {
  const ptrdiff_t first = out * w->stride[axis] - w->pad_begin[axis];
  ptrdiff_t count = 0;
  for (ptrdiff_t tap = 0; tap < w->kernel[axis]; tap++) {
    const ptrdiff_t at = first + tap * w->dilation[axis];
    const bool is_inside = at >= 0 && at < w->in[axis] + om_min(0, w->pad_end[axis]);
    count += count_padding ? at < w->in[axis] + w->pad_end[axis] : is_inside;
  }
  return count;
}

/* Mean of each window; see om_avgpool2d_f32 of pool.h for count_padding. */
#define OM_AVGPOOL_ND(name, T)                                                                                         \
  OM_SHARED void name(const T *x, T *y, ptrdiff_t planes, const om_window_nd *window, bool count_padding) {            \
    const om_lines_nd l = om_lines_of(window);                                                                         \
    const int last = l.outer.rank;                                                                                     \
    OM_EACH_ROW(index, planes * l.rows, l.count * l.taps) {                                                            \
      const ptrdiff_t plane = index / l.rows * l.in, row = index % l.rows;                                             \
      T *OM_RESTRICT sum = y + index * l.count;                                                                        \
      for (ptrdiff_t i = 0; i < l.count; i++) sum[i] = 0;                                                              \
      OM_EACH_TAP_OF_ROW(l, window, row, {                                                                             \
        const T *OM_RESTRICT from = x + plane + met;                                                                   \
        OM_ALONG_LINE(line, sum[i] += from[at]);                                                                       \
      });                                                                                                              \
      ptrdiff_t each = 1;                                                                                              \
      for (ptrdiff_t axis = last - 1, rest = row; axis >= 0; rest /= l.outer.out[axis--])                              \
        each *= om_taps_that_count(window, (int)axis, rest % l.outer.out[axis], count_padding);                        \
      /* Windows of which the first tap and the last are within the line have them all there. */                       \
      const ptrdiff_t first = om_line_of_tap(window, 0).first, end = om_line_of_tap(window, l.of_line - 1).end;        \
      for (ptrdiff_t i = first; i < end; i++) sum[i] /= (T)(each * l.of_line);                                         \
      for (ptrdiff_t i = 0; i < l.count; i++)                                                                          \
        if (i < first || i >= end) sum[i] /= (T)(each * om_taps_that_count(window, last, i, count_padding));           \
    }                                                                                                                  \
  }
OM_AVGPOOL_ND(om_avgpool_nd_f32, float)
OM_AVGPOOL_ND(om_avgpool_nd_f64, double)

#endif
