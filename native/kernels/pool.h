/* Pooling over NHWC. Padding never wins a maximum. */
#ifndef OM_POOL_H
#define OM_POOL_H

#include <math.h>

#include "vector.h"

typedef struct om_pool2d_shape {
  ptrdiff_t batch, height, width, channels;
  ptrdiff_t out_height, out_width;
  ptrdiff_t kernel_height, kernel_width;
  ptrdiff_t stride_height, stride_width;
  ptrdiff_t dilation_height, dilation_width;
  ptrdiff_t pad_top, pad_left, pad_bottom, pad_right;
  ptrdiff_t x_pixel, y_pixel; /* elements between neighbouring pixels; 0: dense */
  bool count_padding;         /* average: divide by the window with its padding (count_include_pad) */
} om_pool2d_shape;

OM_INLINE void om_pool2d_f32(const float *x, float *y, const om_pool2d_shape s, const bool average) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.channels;
  for (ptrdiff_t at = 0; at < s.batch * s.out_height * s.out_width; at++) {
    const ptrdiff_t image = at / (s.out_height * s.out_width);
    const ptrdiff_t y0 = at / s.out_width % s.out_height * s.stride_height - s.pad_top;
    const ptrdiff_t x0 = at % s.out_width * s.stride_width - s.pad_left;
    for (ptrdiff_t c = 0; c < s.channels; c++) {
      float result = average ? 0.0f : -INFINITY;
      ptrdiff_t count = 0;
      for (ptrdiff_t ky = 0; ky < s.kernel_height; ky++)
        for (ptrdiff_t kx = 0; kx < s.kernel_width; kx++) {
          const ptrdiff_t iy = y0 + ky * s.dilation_height, ix = x0 + kx * s.dilation_width;
          if (iy >= s.height + s.pad_bottom || ix >= s.width + s.pad_right) continue;
          const bool inside = iy >= 0 && iy < s.height && ix >= 0 && ix < s.width;
          count += inside || s.count_padding;
          if (!inside) continue;
          const float v = x[((image * s.height + iy) * s.width + ix) * x_pixel + c];
          if (average) result += v;
          else result = result >= v ? result : v;
        }
      y[at * y_pixel + c] = average ? result / (float)count : result;
    }
  }
}

/* y[n, y, x, c] = the largest x of the window; a NaN in the window may be passed on or not, as in ONNX Runtime. */
OM_INLINE void om_maxpool2d_f32(const float *x, float *y, const om_pool2d_shape s) { om_pool2d_f32(x, y, s, false); }

/* y[n, y, x, c] = the mean of the window's elements inside the image, or with count_padding inside image and pads. */
OM_INLINE void om_avgpool2d_f32(const float *x, float *y, const om_pool2d_shape s) { om_pool2d_f32(x, y, s, true); }

/* y[n, c] = the mean of x[n, pixel, c] over all pixels. */
OM_INLINE void om_global_avgpool_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t pixels, ptrdiff_t channels) {
  for (ptrdiff_t n = 0; n < batch; n++, y += channels) {
    memset(y, 0, (size_t)channels * sizeof(float));
    for (ptrdiff_t p = 0; p < pixels; p++, x += channels)
      for (ptrdiff_t c = 0; c < channels; c++) y[c] += x[c];
    for (ptrdiff_t c = 0; c < channels; c++) y[c] *= 1.0f / (float)pixels;
  }
}

#endif
