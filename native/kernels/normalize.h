/* Normalisations whose statistics come from the data itself. */
#ifndef OM_NORMALIZE_H
#define OM_NORMALIZE_H

#include "elementary.h"
#include "parallel.h"
#include "rows.h"

/* x, y f32[rows, columns]: y = (x - mean) / sqrt(variance + epsilon) * scale + bias per row.
 * scale, bias f32[columns], bias may be NULL; mean, inverse f32[rows] (of the standard deviation), either or NULL. */
OM_INLINE void om_layernorm_f32(const float *x, const float *scale, const float *bias, float *y, float *mean,
                                float *inverse, ptrdiff_t rows, ptrdiff_t columns, float epsilon) {
  OM_EACH_ROW(r, rows, columns) {
    const float *in = x + r * columns;
    float *out = y + r * columns;
    const float middle = om_row_sum_f32(in, columns) / (float)columns;
    const float by = 1.0f / sqrtf(om_row_square_sum_f32(in, columns, middle) / (float)columns + epsilon);
    for (ptrdiff_t c = 0; c < columns; c++) out[c] = (in[c] - middle) * by * scale[c] + (bias ? bias[c] : 0.0f);
    if (mean) mean[r] = middle;
    if (inverse) inverse[r] = by;
  }
}

/* x, y f32[rows, columns]: y = x / sqrt(mean of x² + epsilon) * scale per row; scale f32[columns]. */
OM_INLINE void om_rmsnorm_f32(const float *x, const float *scale, float *y, ptrdiff_t rows, ptrdiff_t columns,
                              float epsilon) {
  OM_EACH_ROW(r, rows, columns) {
    const float *in = x + r * columns;
    float *out = y + r * columns;
    const float by = 1.0f / sqrtf(om_row_square_sum_f32(in, columns, 0.0f) / (float)columns + epsilon);
    for (ptrdiff_t c = 0; c < columns; c++) out[c] = in[c] * by * scale[c];
  }
}

/* x, y f32[batch, groups, channels, pixels] (NCHW; groups * channels are all channels): normalised over each group's
 * channels and pixels, then scaled per channel. scale, bias f32[groups * channels].
 * InstanceNormalization: channels = 1. GroupNormalization: its groups. */
OM_INLINE void om_groupnorm_f32(const float *x, const float *scale, const float *bias, float *y, ptrdiff_t batch,
                                ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t pixels, float epsilon) {
  const ptrdiff_t count = channels * pixels;
  OM_EACH_ROW(g, batch * groups, count) {
    const float *in = x + g * count;
    float *out = y + g * count;
    const float middle = om_row_sum_f32(in, count) / (float)count;
    const float by = 1.0f / sqrtf(om_row_square_sum_f32(in, count, middle) / (float)count + epsilon);
    for (ptrdiff_t c = 0; c < channels; c++) {
      const ptrdiff_t channel = g % groups * channels + c;
      const float times = by * scale[channel], plus = bias[channel] - middle * times;
      for (ptrdiff_t p = 0; p < pixels; p++) out[c * pixels + p] = in[c * pixels + p] * times + plus;
    }
  }
}

/* ONNX LRN on NCHW: y = x / (bias + alpha / size * sum of x² over `size` neighbouring channels) ^ beta.
 * x, y f32[batch, channels, pixels]; y must not be x. */
OM_INLINE void om_lrn_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t pixels,
                          ptrdiff_t size, float alpha, float beta, float bias) {
  OM_EACH_ROW(plane, batch * channels, pixels) {
    const ptrdiff_t c = plane % channels;
    const ptrdiff_t first = om_max(0, c - (size - 1) / 2), last = om_min(channels, c + size / 2 + 1);
    const float *image = x + (plane - c) * pixels;
    for (ptrdiff_t p = 0; p < pixels; p++) {
      float square = 0.0f;
      for (ptrdiff_t k = first; k < last; k++) square += image[k * pixels + p] * image[k * pixels + p];
      const float base = bias + alpha / (float)size * square;
      y[plane * pixels + p] = image[c * pixels + p] * om_exp_f32(-beta * om_log_f32(base));
    }
  }
}

#endif
