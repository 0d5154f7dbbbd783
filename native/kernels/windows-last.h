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

/* The pixel of x, along one axis, whose window has `tap` at `out`; -1: none. */
OM_INLINE ptrdiff_t om_under_tap(ptrdiff_t out, ptrdiff_t pad, ptrdiff_t tap, ptrdiff_t dilation, ptrdiff_t stride,
                                 ptrdiff_t size) {
  const ptrdiff_t at = out + pad - tap * dilation;
  return at >= 0 && at % stride == 0 && at / stride < size ? at / stride : -1;
}

/* Of the taps that may be at a place, the first and how far apart they are: with dilation 1 all those a stride apart. */
typedef struct om_window_taps {
  ptrdiff_t first, step;
} om_window_taps;

OM_INLINE om_window_taps om_taps_at(ptrdiff_t at, ptrdiff_t dilation, ptrdiff_t stride) {
  return dilation == 1 && at >= 0 ? (om_window_taps){at % stride, stride} : (om_window_taps){0, 1};
}

/* y[b, i, j, filter] = bias[filter] + the sum over all h, w and taps with h * stride_height + tap_y * dilation_height - pad_top = i,
 * and so for j, of x[b, h, w, tap_y, tap_x, filter] (ONNX ConvTranspose-22). bias: or NULL. */
OM_INLINE void om_add_windows_f32(const float *x, const float *bias, float *y, const om_add_windows s) {
  const ptrdiff_t filters = s.channels / (s.kernel_height * s.kernel_width), y_pixel = s.y_pixel ? s.y_pixel : filters;
  OM_EACH_ROW(row, s.batch * s.out_height, 2 * s.out_width * filters) {
    const float *image = x + row / s.out_height * s.height * s.width * s.channels;
    float *to = y + row * s.out_width * y_pixel;
    const om_window_taps down = om_taps_at(row % s.out_height + s.pad_top, s.dilation_height, s.stride_height);
    for (ptrdiff_t j = 0; j < s.out_width; j++, to += y_pixel) {
      const float *sum = bias;
      const om_window_taps across = om_taps_at(j + s.pad_left, s.dilation_width, s.stride_width);
      for (ptrdiff_t tap_y = down.first; tap_y < s.kernel_height; tap_y += down.step) {
        const ptrdiff_t h = om_under_tap(row % s.out_height, s.pad_top, tap_y, s.dilation_height, s.stride_height, s.height);
        if (h < 0) continue;
        for (ptrdiff_t tap_x = across.first; tap_x < s.kernel_width; tap_x += across.step) {
          const ptrdiff_t w = om_under_tap(j, s.pad_left, tap_x, s.dilation_width, s.stride_width, s.width);
          if (w < 0) continue;
          const float *share = image + (h * s.width + w) * s.channels + (tap_y * s.kernel_width + tap_x) * filters;
          if (sum)
            for (ptrdiff_t c = 0; c < filters; c++) to[c] = sum[c] + share[c];
          else memcpy(to, share, (size_t)filters * sizeof(float));
          sum = to;
        }
      }
      /* Dilated windows and padding of the output leave pixels without any. */
      if (sum == to) continue;
      if (sum) memcpy(to, sum, (size_t)filters * sizeof(float));
      else memset(to, 0, (size_t)filters * sizeof(float));
    }
  }
}

#endif
