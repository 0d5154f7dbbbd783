/* Pooling over NHWC, vectorised over channels. */
#ifndef OM_POOL_H
#define OM_POOL_H

#include <math.h>

#include "parallel.h"
#include "window.h"

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

/* Channels of a whole image that a thread takes at least: some lines of a cache. */
enum { OM_POOL_CHANNELS = 64 };

/* The part of a window that lies inside the image. */
typedef struct om_pool_window {
  ptrdiff_t height, width; /* taps */
  ptrdiff_t line, tap;     /* elements between taps down and across */
} om_pool_window;

/* The window of pixel ox of a row of all images' outputs. `first`: elements from x to its first tap; 0 where there is none. */
OM_INLINE om_pool_window om_pool_window_at(const om_pool2d_shape s, ptrdiff_t row, ptrdiff_t ox, ptrdiff_t *first) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, image = row / s.out_height, oy = row % s.out_height;
  const om_span ky = om_span_taps(oy, s.height, s.kernel_height, s.stride_height, s.dilation_height, s.pad_top);
  const om_span kx = om_span_taps(ox, s.width, s.kernel_width, s.stride_width, s.dilation_width, s.pad_left);
  const ptrdiff_t iy = oy * s.stride_height - s.pad_top + ky.begin * s.dilation_height;
  const ptrdiff_t ix = ox * s.stride_width - s.pad_left + kx.begin * s.dilation_width;
  const ptrdiff_t height = om_max(0, ky.end - ky.begin), width = om_max(0, kx.end - kx.begin);
  *first = height > 0 && width > 0 ? ((image * s.height + iy) * s.width + ix) * x_pixel : 0;
  return (om_pool_window){height, width, s.dilation_height * s.width * x_pixel, s.dilation_width * x_pixel};
}

/* Vectors of channels whose windows are gone through together: the results of one would wait for each other. Windows of 5x5
 * over 13x13 pixels of 256 channels take 38 us instead of 65 (AVX2), 26 instead of 76 (AVX-512), on a Zen 4. */
#define OM_POOL_VECTORS 4

/* `vectors` vectors of channels of one output pixel, x under its first tap; the last of them from channel `last` on, of which
 * it has `lanes`. */
OM_INLINE void om_pool_vectors_f32(const float *x, float *y, const om_pool_window w, const int vectors, const ptrdiff_t last,
                                   const ptrdiff_t lanes, const bool average, float scale) {
  om_vf result[OM_POOL_VECTORS];
OM_UNROLL(4)
  for (int i = 0; i < vectors; i++) result[i] = om_splat(average ? 0.0f : -INFINITY);
  for (ptrdiff_t ky = 0; ky < w.height; ky++)
    for (ptrdiff_t kx = 0; kx < w.width; kx++) {
      const float *from = x + ky * w.line + kx * w.tap;
OM_UNROLL(4)
      for (int i = 0; i < vectors; i++) {
        const float *at = from + (i + 1 < vectors ? i * OM_LANES : last);
        const om_vf v = lanes == OM_LANES || i + 1 < vectors ? om_load(at) : om_load_first(at, lanes);
        result[i] = average ? result[i] + v : om_larger(v, result[i]);
      }
    }
OM_UNROLL(4)
  for (int i = 0; i < vectors; i++) {
    float *to = y + (i + 1 < vectors ? i * OM_LANES : last);
    if (average) result[i] *= om_splat(scale);
    if (lanes == OM_LANES || i + 1 < vectors) om_store(to, result[i]);
    else om_store_first(to, result[i], lanes);
  }
}

/* All channels of one output pixel. Those left of whole vectors are the end of one that begins among the others. */
OM_INLINE void om_pool_channels_f32(const float *x, float *y, const om_pool_window w, const ptrdiff_t channels,
                                    const bool average, float scale) {
  if (channels < OM_LANES) {
    om_pool_vectors_f32(x, y, w, 1, 0, channels, average, scale);
    return;
  }
  ptrdiff_t c = 0;
  for (; c + OM_POOL_VECTORS * OM_LANES <= channels; c += OM_POOL_VECTORS * OM_LANES)
    om_pool_vectors_f32(x + c, y + c, w, OM_POOL_VECTORS, (OM_POOL_VECTORS - 1) * OM_LANES, OM_LANES, average, scale);
  const ptrdiff_t rest = channels - c, vectors = (rest + OM_LANES - 1) / OM_LANES, last = rest - OM_LANES;
  if (vectors == 4) om_pool_vectors_f32(x + c, y + c, w, 4, last, OM_LANES, average, scale);
  else if (vectors == 3) om_pool_vectors_f32(x + c, y + c, w, 3, last, OM_LANES, average, scale);
  else if (vectors == 2) om_pool_vectors_f32(x + c, y + c, w, 2, last, OM_LANES, average, scale);
  else if (vectors == 1) om_pool_vectors_f32(x + c, y + c, w, 1, last, OM_LANES, average, scale);
}

OM_INLINE void om_pool2d_f32(const float *x, float *y, const om_pool2d_shape s, const bool average) {
  const ptrdiff_t y_pixel = s.y_pixel ? s.y_pixel : s.channels;
  const ptrdiff_t taps = om_max(1, s.out_width * s.channels * s.kernel_height * s.kernel_width);
  const ptrdiff_t together = om_max(1, 4 * OM_PART_ELEMENTS / taps);
  bool is_mine = true;
  for (ptrdiff_t row = 0; row < s.batch * s.out_height; row++) {
    if (row % together == 0) is_mine = om_is_mine();
    if (!is_mine) {
      y += s.out_width * y_pixel;
      continue;
    }
    const ptrdiff_t rows = s.pad_top + s.height + s.pad_bottom, columns = s.pad_left + s.width + s.pad_right;
    const om_span padded_y =
        om_span_taps(row % s.out_height, rows, s.kernel_height, s.stride_height, s.dilation_height, 0);
    for (ptrdiff_t ox = 0; ox < s.out_width; ox++, y += y_pixel) {
      const om_span padded_x = om_span_taps(ox, columns, s.kernel_width, s.stride_width, s.dilation_width, 0);
      ptrdiff_t first;
      const om_pool_window w = om_pool_window_at(s, row, ox, &first);
      const float scale = 1.0f / (float)(s.count_padding ? padded_y.end * padded_x.end : w.height * w.width);
      if (w.height == s.kernel_height && w.width == s.kernel_width)
        om_pool_channels_f32(x + first, y, (om_pool_window){s.kernel_height, s.kernel_width, w.line, w.tap}, s.channels,
                             average, scale);
      else om_pool_channels_f32(x + first, y, w, s.channels, average, scale);
    }
  }
}

/* y[n, y, x, c] = the largest x of the window, -inf where it holds padding only; NaN where it holds one. */
OM_INLINE void om_maxpool2d_f32(const float *x, float *y, const om_pool2d_shape s) { om_pool2d_f32(x, y, s, false); }

/* The larger ones of two lists of bytes, channel by channel; and so all of a window's. */
#define OM_MAXPOOL2D_BYTES(name, type)                                                                                 \
  OM_INLINE void name##_tap(const type *OM_RESTRICT x, type *OM_RESTRICT y, ptrdiff_t channels) {                      \
    for (ptrdiff_t c = 0; c < channels; c++) y[c] = x[c] > y[c] ? x[c] : y[c];                                         \
  }                                                                                                                    \
  OM_INLINE void name(const type *x, type *y, const om_pool2d_shape s) {                                               \
    const ptrdiff_t y_pixel = s.y_pixel ? s.y_pixel : s.channels;                                                      \
    const type least = (type)-1 > 0 ? 0 : (type)INT8_MIN;                                                              \
    OM_EACH_ROW(row, s.batch * s.out_height, s.out_width * s.channels * s.kernel_height * s.kernel_width / 16)         \
    for (ptrdiff_t ox = 0; ox < s.out_width; ox++) {                                                                   \
      ptrdiff_t first;                                                                                                 \
      const om_pool_window w = om_pool_window_at(s, row, ox, &first);                                                  \
      type *to = y + (row * s.out_width + ox) * y_pixel;                                                               \
      for (ptrdiff_t c = 0; c < s.channels; c++) to[c] = least;                                                        \
      for (ptrdiff_t ky = 0; ky < w.height; ky++)                                                                      \
        for (ptrdiff_t kx = 0; kx < w.width; kx++) name##_tap(x + first + ky * w.line + kx * w.tap, to, s.channels);   \
    }                                                                                                                  \
  }

/* y[n, y, x, c] = the largest x of the window, the least byte where it holds padding only. */
OM_MAXPOOL2D_BYTES(om_maxpool2d_u8, uint8_t)
OM_MAXPOOL2D_BYTES(om_maxpool2d_i8, int8_t)

/* y[n, y, x, c] = the mean of the window's elements inside the image, or with count_padding inside image and pads. */
OM_INLINE void om_avgpool2d_f32(const float *x, float *y, const om_pool2d_shape s) { om_pool2d_f32(x, y, s, true); }

/* y[n, c] = the mean of x[n, pixel, c] over all pixels. */
OM_INLINE void om_global_avgpool_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t pixels, ptrdiff_t channels) {
  const om_pool_window window = {1, pixels, 0, channels};
  const om_piece_parts parts = om_split_pieces(channels, pixels, OM_POOL_CHANNELS);
  for (ptrdiff_t first = 0; first < batch; first += parts.outer)
    for (ptrdiff_t from = 0; from < channels; from += parts.inner) {
      if (!om_is_mine()) continue;
      const ptrdiff_t last = om_min(first + parts.outer, batch), count = om_min(parts.inner, channels - from);
      for (ptrdiff_t n = first; n < last; n++)
        om_pool_channels_f32(x + n * pixels * channels + from, y + n * channels + from, window, count, true,
                             1.0f / (float)pixels);
    }
}

#endif
