/* Convolution of integers. */
#ifndef OM_CONV_INTEGER_H
#define OM_CONV_INTEGER_H

#include "nd.h"

/* x i32[batch, channels, in...], w i32[out_channels, channels / groups, kernel...], y i32[batch, out_channels, out...];
 * sums wrap. Padding counts as 0: zero points are subtracted before. */
OM_SHARED void om_conv_nd_i32(const int32_t *x, const int32_t *w, int32_t *y, ptrdiff_t batch, ptrdiff_t channels,
                              ptrdiff_t out_channels, ptrdiff_t groups, const om_window_nd *window) {
  const ptrdiff_t pixels = om_product_nd(window->in, window->rank), outs = om_product_nd(window->out, window->rank);
  const ptrdiff_t taps = om_product_nd(window->kernel, window->rank), depth = channels / groups;
  for (ptrdiff_t n = 0; n < batch; n++)
    for (ptrdiff_t o = 0; o < out_channels; o++) {
      const int32_t *group = x + (n * channels + o / (out_channels / groups) * depth) * pixels;
      int32_t *to = y + (n * out_channels + o) * outs;
      memset(to, 0, (size_t)outs * sizeof *to);
      for (ptrdiff_t tap = 0; tap < taps; tap++)
        for (ptrdiff_t at = 0; at < outs; at++) {
          const ptrdiff_t from = om_tap_nd(window, at, tap);
          if (from < 0) continue;
          for (ptrdiff_t c = 0; c < depth; c++)
            to[at] = (int32_t)((uint32_t)to[at] + (uint32_t)group[c * pixels + from] * (uint32_t)w[(o * depth + c) * taps + tap]);
        }
    }
}

#endif
