/* Normalisations whose statistics come from the data itself. */
#ifndef OM_NORMALIZE_H
#define OM_NORMALIZE_H

#include "elementary.h"
#include "rows.h"

/* x, y f32[rows, columns]: y = (x - mean) / sqrt(variance + epsilon) * scale + bias per row.
 * scale, bias f32[columns], bias may be NULL; mean, inverse f32[rows] (of the standard deviation), either or NULL. */
OM_INLINE void om_layernorm_f32(const float *x, const float *scale, const float *bias, float *y, float *mean,
                                float *inverse, ptrdiff_t rows, ptrdiff_t columns, float epsilon) {
  for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns) {
    const float middle = om_row_sum_f32(x, columns) / (float)columns;
    const float by = 1.0f / sqrtf(om_row_square_sum_f32(x, columns, middle) / (float)columns + epsilon);
    for (ptrdiff_t c = 0; c < columns; c++) y[c] = (x[c] - middle) * by * scale[c] + (bias ? bias[c] : 0.0f);
    if (mean) mean[r] = middle;
    if (inverse) inverse[r] = by;
  }
}

/* x, y f32[rows, columns]: y = x / sqrt(mean of x² + epsilon) * scale per row; scale f32[columns]. */
OM_INLINE void om_rmsnorm_f32(const float *x, const float *scale, float *y, ptrdiff_t rows, ptrdiff_t columns,
                              float epsilon) {
  for (ptrdiff_t r = 0; r < rows; r++, x += columns, y += columns) {
    const float by = 1.0f / sqrtf(om_row_square_sum_f32(x, columns, 0.0f) / (float)columns + epsilon);
    for (ptrdiff_t c = 0; c < columns; c++) y[c] = x[c] * by * scale[c];
  }
}

/* x, y f32[batch, groups, channels, pixels] (NCHW; groups * channels are all channels): normalised over each group's
 * channels and pixels, then scaled per channel. scale, bias f32[groups * channels].
 * InstanceNormalization: channels = 1. GroupNormalization: its groups. */
OM_INLINE void om_groupnorm_f32(const float *x, const float *scale, const float *bias, float *y, ptrdiff_t batch,
                                ptrdiff_t groups, ptrdiff_t channels, ptrdiff_t pixels, float epsilon) {
  const ptrdiff_t count = channels * pixels;
  for (ptrdiff_t g = 0; g < batch * groups; g++, x += count, y += count) {
    const float middle = om_row_sum_f32(x, count) / (float)count;
    const float by = 1.0f / sqrtf(om_row_square_sum_f32(x, count, middle) / (float)count + epsilon);
    for (ptrdiff_t c = 0; c < channels; c++) {
      const ptrdiff_t channel = g % groups * channels + c;
      const float times = by * scale[channel], plus = bias[channel] - middle * times;
      for (ptrdiff_t p = 0; p < pixels; p++) y[c * pixels + p] = x[c * pixels + p] * times + plus;
    }
  }
}

/* ONNX LRN on NCHW: y = x / (bias + alpha / size * sum of x² over `size` neighbouring channels) ^ beta.
 * x, y f32[batch, channels, pixels]; y must not be x. */
OM_INLINE void om_lrn_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t pixels,
                          ptrdiff_t size, float alpha, float beta, float bias) {
  for (ptrdiff_t n = 0; n < batch; n++, x += channels * pixels, y += channels * pixels)
    for (ptrdiff_t c = 0; c < channels; c++) {
      const ptrdiff_t first = om_max(0, c - (size - 1) / 2), last = om_min(channels, c + size / 2 + 1);
      for (ptrdiff_t p = 0; p < pixels; p++) {
        float square = 0.0f;
        for (ptrdiff_t k = first; k < last; k++) square += x[k * pixels + p] * x[k * pixels + p];
        const float base = bias + alpha / (float)size * square;
        y[c * pixels + p] = x[c * pixels + p] * om_exp_f32(-beta * om_log_f32(base));
      }
    }
}

#endif
