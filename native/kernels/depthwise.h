/* Depthwise convolution over NHWC: groups == channels == out_channels, vectorised over channels. */
#ifndef OM_DEPTHWISE_H
#define OM_DEPTHWISE_H

#include "conv.h"

/* Floats of the weights: [kernel_height * kernel_width, channels rounded up to whole vectors], zeros behind. */
#define OM_DEPTHWISE_PACKED(kernel_height, kernel_width, channels)                                                     \
  ((kernel_height) * (kernel_width) * (((channels) + OM_LANES - 1) / OM_LANES * OM_LANES))

/* y[n, y, x, c] = act(sum over the window of x[.., c] w[.., c] + bias[c] + residual[n, y, x, c]). No scratch. */
OM_INLINE void om_depthwise2d_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s,
                                  const om_epilogue e) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.channels;
  const ptrdiff_t residual_row = e.residual_row ? e.residual_row : s.channels;
  const ptrdiff_t tap = om_round_up(s.channels, OM_LANES);
  for (ptrdiff_t image = 0; image < s.batch; image++)
    for (ptrdiff_t oy = 0; oy < s.out_height; oy++)
      for (ptrdiff_t ox = 0; ox < s.out_width; ox++) {
        const ptrdiff_t at = (image * s.out_height + oy) * s.out_width + ox;
        for (ptrdiff_t c = 0; c < s.channels; c++) {
          float sum = e.bias ? e.bias[c] : 0.0f;
          if (e.residual) sum += e.residual[at * residual_row + c];
          for (ptrdiff_t ky = 0; ky < s.kernel_height; ky++)
            for (ptrdiff_t kx = 0; kx < s.kernel_width; kx++) {
              const ptrdiff_t iy = oy * s.stride_height - s.pad_top + ky * s.dilation_height;
              const ptrdiff_t ix = ox * s.stride_width - s.pad_left + kx * s.dilation_width;
              if (iy < 0 || iy >= s.height || ix < 0 || ix >= s.width) continue;
              sum += x[((image * s.height + iy) * s.width + ix) * x_pixel + c] *
                     packed[(ky * s.kernel_width + kx) * tap + c];
            }
          y[at * y_pixel + c] = om_activate_f32(sum, e.activation, e.alpha, e.beta);
        }
      }
}

#endif
