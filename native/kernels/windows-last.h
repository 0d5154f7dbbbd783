/* The second half of a transposed convolution over images, channels last: what each pixel puts under its window is summed. */
#ifndef OM_WINDOWS_LAST_H
#define OM_WINDOWS_LAST_H

#include "parallel.h"
#include "vector.h"

typedef struct om_add_windows {
  ptrdiff_t batch, height, width, channels; /* of x; channels: one for each filter and tap */
  ptrdiff_t out_height, out_width;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  ptrdiff_t pad_top, pad_left;
  ptrdiff_t y_pixel; /* elements between pixels of y; 0: the filters */
} om_add_windows;

/* Pixels along one axis of x that have `tap` inside of y, and where that is: pixel first's at `at`, the next a stride further. */
typedef struct om_tap_range {
  ptrdiff_t first, end, at;
} om_tap_range;

OM_INLINE om_tap_range om_range_of_tap(ptrdiff_t tap, ptrdiff_t dilation, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t in,
                                       ptrdiff_t out) {
  const ptrdiff_t offset = tap * dilation - pad, first = offset < 0 ? (stride - 1 - offset) / stride : 0;
  return (om_tap_range){first, offset < out ? om_min(in, (out - offset + stride - 1) / stride) : 0, first * stride + offset};
}

/* Whether each pixel of y has one tap, along one axis. */
OM_INLINE bool om_has_one_tap(ptrdiff_t kernel, ptrdiff_t dilation, ptrdiff_t stride, ptrdiff_t pad, ptrdiff_t in,
                              ptrdiff_t out) {
  return kernel == stride && dilation == 1 && pad >= 0 && out + pad <= in * stride;
}

/* y[b, i, j, filter] = bias[filter] + the sum over all h, w and taps with h * stride_height + tap_y * dilation_height - pad_top = i,
 * and so for j, of x[b, h, w, tap_y, tap_x, filter] (ONNX ConvTranspose-22). bias: or NULL. A row of y stays in the cache while one
 * tap after the other is added to it. */
OM_INLINE void om_add_windows_f32(const float *x, const float *bias, float *y, const om_add_windows s) {
  const ptrdiff_t filters = s.channels / (s.kernel_height * s.kernel_width), y_pixel = s.y_pixel ? s.y_pixel : filters;
  const bool once =
      om_has_one_tap(s.kernel_height, s.dilation_height, s.stride_height, s.pad_top, s.height, s.out_height) &&
      om_has_one_tap(s.kernel_width, s.dilation_width, s.stride_width, s.pad_left, s.width, s.out_width);
  OM_EACH_ROW(row, s.batch * s.out_height, 2 * s.out_width * filters) {
    const ptrdiff_t i = row % s.out_height;
    const float *image = x + row / s.out_height * s.height * s.width * s.channels;
    float *line = y + row * s.out_width * y_pixel;
    for (ptrdiff_t j = 0; !once && j < s.out_width; j++)
      for (ptrdiff_t c = 0; c < filters; c++) line[j * y_pixel + c] = bias ? bias[c] : 0.0f;
    for (ptrdiff_t tap_y = 0; tap_y < s.kernel_height; tap_y++) {
      const ptrdiff_t at = i + s.pad_top - tap_y * s.dilation_height;
      if (at < 0 || at % s.stride_height != 0 || at / s.stride_height >= s.height) continue;
      for (ptrdiff_t tap_x = 0; tap_x < s.kernel_width; tap_x++) {
        const om_tap_range r =
            om_range_of_tap(tap_x, s.dilation_width, s.stride_width, s.pad_left, s.width, s.out_width);
        const float *OM_RESTRICT share = image + (at / s.stride_height * s.width + r.first) * s.channels +
                                         (tap_y * s.kernel_width + tap_x) * filters;
        float *OM_RESTRICT to = line + r.at * y_pixel;
        for (ptrdiff_t w = r.first; w < r.end; w++, share += s.channels, to += s.stride_width * y_pixel) {
          if (!once)
            for (ptrdiff_t c = 0; c < filters; c++) to[c] += share[c];
          else if (bias)
            for (ptrdiff_t c = 0; c < filters; c++) to[c] = share[c] + bias[c];
          else
            for (ptrdiff_t c = 0; c < filters; c++) to[c] = share[c];
        }
      }
    }
  }
}

#endif
