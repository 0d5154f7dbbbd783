/* Reading images between their pixels: GridSample, RoiAlign, DeformConv. Geometry is computed in double. */
#ifndef OM_SAMPLE_H
#define OM_SAMPLE_H

#include <math.h>

#include "nd.h"

typedef enum om_sampling { OM_SAMPLE_NEAREST, OM_SAMPLE_LINEAR, OM_SAMPLE_CUBIC } om_sampling;
typedef enum om_sample_padding { OM_SAMPLE_ZEROS, OM_SAMPLE_BORDER, OM_SAMPLE_REFLECTION } om_sample_padding;

#define OM_SAMPLE_AXES 3
#define OM_SAMPLE_TAPS 64 /* 4 neighbours on each of 3 axes */

typedef struct om_grid {
  int rank;
  om_sampling mode;
  om_sample_padding padding;
  bool align_corners;
  ptrdiff_t dims[OM_SAMPLE_AXES];
} om_grid;

/* Folds x back into [low, high]. */
OM_INLINE double om_reflect(double x, double low, double high) {
  const double range = high - low;
  if (range <= 0) return low;
  const double period = fmod(fabs(x < low ? low - x : x - low), 2 * range);
  return period > range ? high - (period - range) : low + period;
}

/* A position on an axis that is moved inside where the padding says so. */
OM_INLINE double om_grid_inside(const om_grid *g, double x, ptrdiff_t size) {
  const double low = g->align_corners ? 0 : -0.5, high = (double)size - (g->align_corners ? 1 : 0.5);
  if ((x >= low && x <= high) || g->padding == OM_SAMPLE_ZEROS) return x;
  if (g->padding == OM_SAMPLE_BORDER) return x < 0 ? 0 : (double)(size - 1);
  return om_reflect(x, low, high);
}

/* Weights of Keys' cubic filter with a = -0.75 for neighbours -1 ... 2 at `part` of the way from 0 to 1. */
OM_INLINE void om_cubic_weights(double part, double *w) {
  const double a = -0.75;
  for (int i = 0; i < 4; i++) {
    const double d = fabs(part - (i - 1));
    w[i] = d <= 1 ? ((a + 2) * d - (a + 3)) * d * d + 1 : ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  }
}

/* The pixels that a point of a grid reads (ONNX GridSample-22, onnx/reference/ops/op_grid_sample.py): their offsets and
 * weights. `point` is in -1 ... 1, last axis first. */
OM_SHARED int om_grid_taps(const om_grid *g, const double *point, ptrdiff_t *offsets, double *weights) {
  int count = 1;
  offsets[0] = 0;
  weights[0] = 1;
  for (int axis = 0; axis < g->rank; axis++) {
    const ptrdiff_t size = g->dims[axis];
    const double given = point[g->rank - 1 - axis], length = (double)size;
    double x = g->align_corners ? (given + 1) / 2 * (length - 1) : ((given + 1) * length - 1) / 2;
    if (!(x > -1e9)) x = -1e9; /* NaN too: far outside */
    if (x > 1e9) x = 1e9;
    if (g->mode == OM_SAMPLE_NEAREST) x = nearbyint(x);
    /* A cubic filter is laid where the point is, and each pixel that it reads is moved inside. */
    if (g->mode != OM_SAMPLE_CUBIC) x = om_grid_inside(g, x, size);
    const double low = g->mode == OM_SAMPLE_NEAREST ? nearbyint(x) : floor(x), part = x - low;
    double w[4] = {1};
    const int taps = g->mode == OM_SAMPLE_NEAREST ? 1 : g->mode == OM_SAMPLE_LINEAR ? 2 : 4;
    if (taps == 2) w[0] = 1 - part, w[1] = part;
    if (taps == 4) om_cubic_weights(part, w);
    for (int i = count * taps - 1; i >= 0; i--) {
      const double at = om_grid_inside(g, low + i % taps - (taps == 4), size);
      const bool outside = at < 0 || at >= length;
      const int before = i / taps;
      offsets[i] = offsets[before] * size + (outside ? 0 : (ptrdiff_t)at);
      weights[i] = outside ? 0 : weights[before] * w[i % taps];
    }
    count *= taps;
  }
  return count;
}

/* Points that are sampled together: what they read is found once for all channels, of each of which they are a row. */
#define OM_GRID_POINTS 8

typedef struct om_grid_block {
  double points[OM_SAMPLE_AXES][OM_GRID_POINTS]; /* last axis first */
  ptrdiff_t offsets[OM_SAMPLE_TAPS][OM_GRID_POINTS];
  double weights[OM_SAMPLE_TAPS][OM_GRID_POINTS];
} om_grid_block;

/* The taps of all points of a block; their number for each. */
OM_SHARED int om_grid_block_taps(const om_grid *g, om_grid_block *block) {
  int count = 0;
  for (int p = 0; p < OM_GRID_POINTS; p++) {
    double point[OM_SAMPLE_AXES], weights[OM_SAMPLE_TAPS];
    ptrdiff_t offsets[OM_SAMPLE_TAPS];
    for (int axis = 0; axis < g->rank; axis++) point[axis] = block->points[axis][p];
    count = om_grid_taps(g, point, offsets, weights);
    for (int i = 0; i < count; i++) block->offsets[i][p] = offsets[i], block->weights[i][p] = weights[i];
  }
  return count;
}

/* The same for linear interpolation without reflection, as loops over points, which vectorise: point by point it took more
 * time than reading 32 channels. Positions are under 1e9, so that they are rounded down by way of integers. */
OM_SHARED int om_grid_block_linear_taps(const om_grid *g, om_grid_block *block) {
  int count = 1;
  for (int p = 0; p < OM_GRID_POINTS; p++) block->offsets[0][p] = 0, block->weights[0][p] = 1;
  for (int axis = 0; axis < g->rank; axis++) {
    const ptrdiff_t size = g->dims[axis];
    const double *given = block->points[g->rank - 1 - axis];
    const double last = (double)(size - 1), slope = (g->align_corners ? last : (double)size) / 2;
    const double shift = g->align_corners ? slope : slope - 0.5, nowhere = g->padding == OM_SAMPLE_ZEROS ? -1e9 : 0;
    const double least = nowhere, most = g->padding == OM_SAMPLE_ZEROS ? 1e9 : last;
    double positions[2][OM_GRID_POINTS], weights[2][OM_GRID_POINTS];
    for (int p = 0; p < OM_GRID_POINTS; p++) {
      const double x = given[p] * slope + shift, above = x > least ? x : nowhere, inside = above < most ? above : most;
      const double cut = (double)(int32_t)inside, low = cut > inside ? cut - 1 : cut, part = inside - low;
      positions[0][p] = low, positions[1][p] = low + 1;
      weights[0][p] = low >= 0 && low <= last ? 1 - part : 0;
      weights[1][p] = low >= -1 && low < last ? part : 0;
    }
    for (int i = 2 * count - 1; i >= 0; i--)
      for (int p = 0; p < OM_GRID_POINTS; p++) {
        const double at = positions[i % 2][p], above = at > 0 ? at : 0, inside = above < last ? above : last;
        block->offsets[i][p] = block->offsets[i / 2][p] * size + (int32_t)inside;
        block->weights[i][p] = block->weights[i / 2][p] * weights[i % 2][p];
      }
    count *= 2;
  }
  return count;
}

/* x[batch, channels, dims...], grid[batch, points, rank], y[batch, channels, points]. */
#define OM_GRID_SAMPLE(name, T)                                                                               \
  OM_SHARED void name(const T *x, const T *grid, T *y, const om_grid *g, ptrdiff_t batch, ptrdiff_t channels, \
                      ptrdiff_t points) {                                                                     \
    const ptrdiff_t pixels = om_product_nd(g->dims, g->rank);                                                 \
    const ptrdiff_t together = om_split_pieces(points, channels * 4, OM_GRID_POINTS).inner;                   \
    const bool is_linear = g->mode == OM_SAMPLE_LINEAR && g->padding != OM_SAMPLE_REFLECTION;                 \
    bool is_mine = false;                                                                                     \
    for (ptrdiff_t n = 0; n < batch; n++)                                                                     \
      for (ptrdiff_t first = 0, next = 0; first < points; first += OM_GRID_POINTS) {                          \
        if (first == next) is_mine = om_is_mine(), next += together;                                          \
        if (!is_mine) continue;                                                                               \
        const ptrdiff_t count = om_min(OM_GRID_POINTS, points - first);                                       \
        om_grid_block block;                                                                                  \
        T weights[OM_SAMPLE_TAPS][OM_GRID_POINTS];                                                            \
        for (ptrdiff_t p = 0; p < OM_GRID_POINTS; p++) /* behind the last point, that once more */            \
          for (int i = 0; i < g->rank; i++)                                                                   \
            block.points[i][p] = grid[(n * points + first + om_min(p, count - 1)) * g->rank + i];             \
        const int taps = pixels == 0 ? 0                                                                      \
                         : is_linear ? om_grid_block_linear_taps(g, &block)                                   \
                                     : om_grid_block_taps(g, &block);                                         \
        for (int i = 0; i < taps; i++)                                                                        \
          for (ptrdiff_t p = 0; p < OM_GRID_POINTS; p++) weights[i][p] = (T)block.weights[i][p];              \
        for (ptrdiff_t c = 0; c < channels; c++) {                                                            \
          const T *from = x + (n * channels + c) * pixels;                                                    \
          T sums[OM_GRID_POINTS] = {0};                                                                       \
          for (int i = 0; i < taps; i++)                                                                      \
            for (ptrdiff_t p = 0; p < OM_GRID_POINTS; p++) {                                                  \
              const T part = weights[i][p] * from[block.offsets[i][p]];                                       \
              /* Nothing of an infinity is nothing. */                                                        \
              sums[p] += weights[i][p] != 0 ? part : 0;                                                       \
            }                                                                                                 \
          memcpy(y + (n * channels + c) * points + first, sums, (size_t)count * sizeof(T));                   \
        }                                                                                                     \
      }                                                                                                       \
  }
OM_GRID_SAMPLE(om_grid_sample_f32, float)
OM_GRID_SAMPLE(om_grid_sample_f64, double)

/* The four pixels around a point. RoiAlign moves points up to one pixel outside to the border; points further out, and
 * single pixels outside for DeformConv (`zeros`), weigh nothing. */
OM_SHARED void om_bilinear_taps(ptrdiff_t height, ptrdiff_t width, double y, double x, bool zeros, ptrdiff_t *offsets,
                                double *weights) {
  const bool far = !(y >= -1 && y <= (double)height && x >= -1 && x <= (double)width);
  if (!zeros && !far) {
    y = fmin(fmax(y, 0), (double)(height - 1));
    x = fmin(fmax(x, 0), (double)(width - 1));
  }
  for (int i = 0; i < 4; i++) {
    const double row = far ? -1 : floor(y) + i / 2, column = far ? -1 : floor(x) + i % 2;
    const bool outside = row < 0 || row >= (double)height || column < 0 || column >= (double)width;
    offsets[i] = outside ? 0 : (ptrdiff_t)row * width + (ptrdiff_t)column;
    weights[i] = outside ? 0 : (1 - fabs(y - row)) * (1 - fabs(x - column));
  }
}

typedef struct om_roi_align {
  ptrdiff_t channels, height, width, out_height, out_width, sampling;
  double scale;
  bool half_pixel, max;
} om_roi_align;

/* Samples of a bin that are read together, channel by channel. */
#define OM_ROI_SAMPLES 16

/* ONNX RoiAlign-22: x[batch, channels, height, width], roi = x1, y1, x2, y2; y[channels, out_height, out_width]. */
#define OM_ROI_ALIGN(name, T)                                                                                       \
  OM_SHARED void name(const T *x, const T *roi, T *y, const om_roi_align *r) {                                      \
    const double shift = r->half_pixel ? 0.5 : 0, left = roi[0] * r->scale - shift, top = roi[1] * r->scale - shift;\
    double width = roi[2] * r->scale - shift - left, height = roi[3] * r->scale - shift - top;                      \
    if (!r->half_pixel) width = fmax(width, 1), height = fmax(height, 1);                                           \
    const double bin_height = height / (double)r->out_height, bin_width = width / (double)r->out_width;             \
    const ptrdiff_t rows = r->sampling > 0 ? r->sampling : (ptrdiff_t)fmin(fmax(ceil(bin_height), 0), 1e4);         \
    const ptrdiff_t columns = r->sampling > 0 ? r->sampling : (ptrdiff_t)fmin(fmax(ceil(bin_width), 0), 1e4);       \
    const ptrdiff_t bins = r->out_height * r->out_width, samples = rows * columns;                                  \
    for (ptrdiff_t i = 0; i < r->channels * bins; i++) y[i] = 0;                                                    \
    for (ptrdiff_t bin = 0; bin < bins; bin++)                                                                      \
      for (ptrdiff_t first = 0; first < samples; first += OM_ROI_SAMPLES) {                                         \
        const ptrdiff_t taps = 4 * om_min(OM_ROI_SAMPLES, samples - first);                                         \
        ptrdiff_t offsets[4 * OM_ROI_SAMPLES];                                                                      \
        T weights[4 * OM_ROI_SAMPLES];                                                                              \
        for (ptrdiff_t tap = 0; tap < taps; tap += 4) {                                                             \
          const ptrdiff_t s = first + tap / 4;                                                                      \
          const double row =                                                                                        \
              top + ((double)(bin / r->out_width) + ((double)(s / columns) + 0.5) / (double)rows) * bin_height;     \
          const double column =                                                                                     \
              left + ((double)(bin % r->out_width) + ((double)(s % columns) + 0.5) / (double)columns) * bin_width;  \
          double of_sample[4];                                                                                      \
          om_bilinear_taps(r->height, r->width, row, column, false, offsets + tap, of_sample);                      \
          for (int i = 0; i < 4; i++) weights[tap + i] = (T)of_sample[i];                                           \
        }                                                                                                           \
        for (ptrdiff_t c = 0; c < r->channels; c++) {                                                               \
          const T *from = x + c * r->height * r->width;                                                             \
          T sum = 0, most = weights[0] * from[offsets[0]];                                                          \
          for (ptrdiff_t tap = 0; tap < taps; tap++) {                                                              \
            const T part = weights[tap] * from[offsets[tap]];                                                       \
            sum += part;                                                                                            \
            if (part > most) most = part;                                                                           \
          }                                                                                                         \
          T *to = y + c * bins + bin;                                                                               \
          if (!r->max) *to += sum / (T)samples;                                                                     \
          else if (first == 0 || most > *to) *to = most;                                                            \
        }                                                                                                           \
      }                                                                                                             \
  }
OM_ROI_ALIGN(om_roi_align_f32, float)
OM_ROI_ALIGN(om_roi_align_f64, double)

/* ONNX DeformConv-22 over two axes: a convolution whose taps are moved by `offset` (y, x) and scaled by `mask` (or NULL).
 * x[batch, channels, in...], w[out_channels, channels / groups, kernel...], y[batch, out_channels, out...],
 * offset[batch, offset_groups, taps, 2, out...], mask[batch, offset_groups, taps, out...]. */
#define OM_DEFORM_CONV(name, T)                                                                                      \
  OM_SHARED void name(const T *x, const T *w, const T *offset, const T *bias, const T *mask, T *y, ptrdiff_t batch,  \
                      ptrdiff_t channels, ptrdiff_t out_channels, ptrdiff_t groups, ptrdiff_t offset_groups,         \
                      const om_window_nd *win) {                                                                     \
    const ptrdiff_t pixels = win->in[0] * win->in[1], outs = win->out[0] * win->out[1];                              \
    const ptrdiff_t taps = win->kernel[0] * win->kernel[1], depth = channels / groups;                               \
    const ptrdiff_t together = om_split_pieces(outs, channels * taps * 4, 16).inner;                                 \
    for (ptrdiff_t n = 0; n < batch; n++)                                                                            \
      for (ptrdiff_t first = 0; first < outs; first += together) {                                                   \
        if (!om_is_mine()) continue;                                                                                 \
        const ptrdiff_t end = om_min(first + together, outs);                                                        \
        for (ptrdiff_t o = 0; o < out_channels; o++)                                                                 \
          for (ptrdiff_t at = first; at < end; at++) y[(n * out_channels + o) * outs + at] = bias ? bias[o] : 0;     \
        for (ptrdiff_t c = 0; c < channels; c++)                                                                     \
          for (ptrdiff_t tap = 0; tap < taps; tap++)                                                                 \
            for (ptrdiff_t at = first; at < end; at++) {                                                             \
              const ptrdiff_t moved = (n * offset_groups + c / (channels / offset_groups)) * taps + tap;             \
              const double row = (double)(at / win->out[1] * win->stride[0] - win->pad_begin[0] +                    \
                                          tap / win->kernel[1] * win->dilation[0]) + (double)offset[moved * 2 * outs + at];\
              const double column = (double)(at % win->out[1] * win->stride[1] - win->pad_begin[1] +                 \
                                             tap % win->kernel[1] * win->dilation[1]) +                              \
                                    (double)offset[(moved * 2 + 1) * outs + at];                                     \
              ptrdiff_t offsets[4];                                                                                  \
              double weights[4];                                                                                     \
              om_bilinear_taps(win->in[0], win->in[1], row, column, true, offsets, weights);                         \
              T value = 0;                                                                                           \
              for (int i = 0; i < 4; i++)                                                                            \
                if (weights[i] != 0) value += (T)weights[i] * x[(n * channels + c) * pixels + offsets[i]];           \
              if (mask) value *= mask[moved * outs + at];                                                            \
              const ptrdiff_t width = out_channels / groups, group = c / depth * width;                              \
              for (ptrdiff_t o = group; o < group + width; o++)                                                      \
                y[(n * out_channels + o) * outs + at] += value * w[(o * depth + c % depth) * taps + tap];            \
            }                                                                                                        \
      }                                                                                                              \
  }
OM_DEFORM_CONV(om_deform_conv_f32, float)
OM_DEFORM_CONV(om_deform_conv_f64, double)

/* ONNX MaxRoiPool-22: roi = batch item, x1, y1, x2, y2, whole pixels; y[channels, out_height, out_width]. */
#define OM_MAX_ROI_POOL(name, T)                                                                                    \
  OM_SHARED void name(const T *x, const T *roi, T *y, const om_roi_align *r) {                                      \
    double edge[4];                                                                                                 \
    for (int i = 0; i < 4; i++) edge[i] = fmin(fmax(round(roi[i + 1] * r->scale), -1e9), 1e9);                      \
    const double bin_width = fmax(edge[2] - edge[0] + 1, 1) / (double)r->out_width;                                 \
    const double bin_height = fmax(edge[3] - edge[1] + 1, 1) / (double)r->out_height;                               \
    for (ptrdiff_t i = 0; i < r->channels * r->out_height * r->out_width; i++) {                                    \
      const double row = (double)(i / r->out_width % r->out_height), column = (double)(i % r->out_width);           \
      const ptrdiff_t top = (ptrdiff_t)fmax(floor(row * bin_height) + edge[1], 0);                                  \
      const ptrdiff_t left = (ptrdiff_t)fmax(floor(column * bin_width) + edge[0], 0);                               \
      const ptrdiff_t bottom = (ptrdiff_t)fmin(ceil((row + 1) * bin_height) + edge[1], (double)r->height);          \
      const ptrdiff_t right = (ptrdiff_t)fmin(ceil((column + 1) * bin_width) + edge[0], (double)r->width);          \
      const T *from = x + i / (r->out_height * r->out_width) * r->height * r->width;                                \
      bool any = false;                                                                                             \
      y[i] = 0;                                                                                                     \
      for (ptrdiff_t h = top; h < bottom; h++)                                                                      \
        for (ptrdiff_t w = left; w < right; w++) {                                                                  \
          const T value = from[h * r->width + w];                                                                   \
          if (!any || value > y[i] || value != value) y[i] = value;                                                 \
          any = true;                                                                                               \
        }                                                                                                           \
    }                                                                                                               \
  }
OM_MAX_ROI_POOL(om_max_roi_pool_f32, float)
OM_MAX_ROI_POOL(om_max_roi_pool_f64, double)

#endif
