/* Depthwise convolution over NHWC: groups == channels == out_channels, vectorised over channels. A line of output
 * splits into its ends, where the window reaches over the border, and the inside, where several pixels are computed at
 * once with the window's weights in registers. */
#ifndef OM_DEPTHWISE_H
#define OM_DEPTHWISE_H

#include "conv.h"

/* A tile: pixels and vectors of channels that are computed at once, so many that no sum waits for its last addition. With one
 * vector of 32 bytes the other half of a line of the cache was wanted after lines of 512 channels had driven each other out:
 * 14x14x512 takes 73 us instead of 137 (AVX2), 47 instead of 88 (AVX-512), 56x56x128 with stride 2 37 and 63, 34 and 39. */
#if OM_VECTOR_BYTES == 64
#define OM_DEPTHWISE_PIXELS 6
#else
#define OM_DEPTHWISE_PIXELS 4
#endif
#define OM_DEPTHWISE_VECTORS (OM_VECTOR_BYTES > 0 ? 2 : 1)
/* The same of a pixel at an end of a line, which is computed alone. */
#define OM_DEPTHWISE_EDGE_VECTORS (OM_VECTOR_BYTES > 0 ? 4 : 1)
/* Windows of more taps across are read anew for each: with 16 registers what neighbours share would not stay in them (kernel 7,
 * 56x56x96: 536 us, so 368; with 32 registers it does, and takes 289 instead of 350; kernel 5: 85 and 95). */
#define OM_DEPTHWISE_KEPT_TAPS (OM_TILE_ROWS * OM_TILE_VECTORS < 14 ? 5 : PTRDIFF_MAX)
/* Lines that are enough to share, whole, among threads. */
#define OM_DEPTHWISE_LINES 16

/* Floats of the weights: [kernel_height * kernel_width, channels rounded up to whole vectors], zeros behind. */
#define OM_DEPTHWISE_PACKED(kernel_height, kernel_width, channels)                                                     \
  ((kernel_height) * (kernel_width) * (((channels) + OM_LANES - 1) / OM_LANES * OM_LANES))

/* Packs ONNX weights [channels, 1, taps] as packDepthwiseWeights does. */
OM_SHARED void om_depthwise2d_pack_f32(const float *w, ptrdiff_t channels, ptrdiff_t taps, float *packed) {
  const ptrdiff_t row = om_round_up(channels, OM_LANES);
  for (ptrdiff_t tap = 0; tap < taps; tap++, packed += row) {
    for (ptrdiff_t c = 0; c < channels; c++) packed[c] = w[c * taps + tap];
    for (ptrdiff_t c = channels; c < row; c++) packed[c] = 0.0f;
  }
}

/* Some channels of neighbouring output pixels. */
typedef struct om_taps {
  const float *x;             /* under the window's first tap that lies inside */
  ptrdiff_t line, tap, pixel; /* elements of x between taps down and across, and between windows */
  const float *w;             /* of that tap */
  ptrdiff_t w_line, w_tap;    /* elements of w between taps down and across */
  ptrdiff_t height, width;    /* of the window's part that lies inside */
  float *y;
  ptrdiff_t y_pixel;
  const float *bias;     /* or NULL */
  const float *residual; /* or NULL */
  ptrdiff_t residual_pixel;
  bool clamp;
  float low, high;
} om_taps;

/* Vector v of a pixel: all of its lanes, or of the last one the first `lanes`. */
OM_INLINE om_vf om_depthwise_load(const float *p, const int v, const int vectors, const ptrdiff_t lanes) {
  return lanes == OM_LANES || v + 1 < vectors ? om_load(p + v * OM_LANES) : om_load_first(p + v * OM_LANES, lanes);
}

/* `vectors` vectors of channels, of the last one `lanes`, of `pixels` output pixels; all, and where it pays the window, are
 * constants. */
OM_INLINE void om_depthwise_tile_f32(const om_taps t, const ptrdiff_t width, const int pixels, const int vectors,
                                     const ptrdiff_t lanes) {
  om_vf sum[OM_DEPTHWISE_PIXELS * OM_DEPTHWISE_VECTORS];
OM_UNROLL(4)
  for (int v = 0; v < vectors; v++) {
    const om_vf bias = t.bias ? om_depthwise_load(t.bias, v, vectors, lanes) : om_splat(0.0f);
OM_UNROLL(8)
    for (int p = 0; p < pixels; p++) {
      sum[p * vectors + v] = bias;
      if (t.residual) sum[p * vectors + v] += om_depthwise_load(t.residual + p * t.residual_pixel, v, vectors, lanes);
    }
  }
  for (ptrdiff_t ky = 0; ky < t.height; ky++)
    for (ptrdiff_t kx = 0; kx < width; kx++) {
      const float *x = t.x + ky * t.line + kx * t.tap, *weights = t.w + ky * t.w_line + kx * t.w_tap;
      if (width > OM_DEPTHWISE_KEPT_TAPS) OM_FORGET(x);
      om_vf w[OM_DEPTHWISE_EDGE_VECTORS];
OM_UNROLL(4)
      for (int v = 0; v < vectors; v++) w[v] = om_load(weights + v * OM_LANES);
OM_UNROLL(8)
      for (int p = 0; p < pixels; p++)
OM_UNROLL(4)
        for (int v = 0; v < vectors; v++) sum[p * vectors + v] += w[v] * om_depthwise_load(x + p * t.pixel, v, vectors, lanes);
    }
OM_UNROLL(8)
  for (int p = 0; p < pixels; p++)
OM_UNROLL(4)
    for (int v = 0; v < vectors; v++) {
      float *y = t.y + p * t.y_pixel + v * OM_LANES;
      om_vf of = sum[p * vectors + v];
      if (t.clamp) of = om_at_most(om_at_least(of, om_splat(t.low)), om_splat(t.high));
      if (lanes == OM_LANES || v + 1 < vectors) om_store(y, of);
      else om_store_first(y, of, lanes);
    }
}

/* As many tiles of `vectors` vectors of one pixel as there is room for in `channels`; then `t` and `channels` are of the rest. */
OM_INLINE void om_depthwise_pixel_f32(om_taps *t, ptrdiff_t *channels, const int vectors) {
  const ptrdiff_t step = vectors * OM_LANES;
  for (; *channels >= step; *channels -= step) {
    om_depthwise_tile_f32(*t, t->width, 1, vectors, OM_LANES);
    t->x += step, t->w += step, t->y += step;
    if (t->bias) t->bias += step;
    if (t->residual) t->residual += step;
  }
}

/* Some channels of one pixel at an end of a line. */
OM_SHARED void om_depthwise_edge_f32(const om_taps *at, ptrdiff_t channels) {
  om_taps t = *at;
  if (OM_DEPTHWISE_EDGE_VECTORS > 1) om_depthwise_pixel_f32(&t, &channels, OM_DEPTHWISE_EDGE_VECTORS);
  om_depthwise_pixel_f32(&t, &channels, 1);
  if (channels > 0) om_depthwise_tile_f32(t, t.width, 1, 1, channels);
}

/* As many tiles of `pixels` pixels as there is room for in `count`; then `t` and `count` are those of the rest. */
OM_INLINE void om_depthwise_tiles_f32(om_taps *t, ptrdiff_t *count, const ptrdiff_t width, const int pixels,
                                      const int vectors, const ptrdiff_t lanes) {
  for (; *count >= pixels; *count -= pixels) {
    om_depthwise_tile_f32(*t, width, pixels, vectors, lanes);
    t->x += pixels * t->pixel, t->y += pixels * t->y_pixel;
    if (t->residual) t->residual += pixels * t->residual_pixel;
  }
}

/* The channels of a tile for `count` pixels inside a line. */
OM_INLINE void om_depthwise_inside_f32(om_taps t, ptrdiff_t count, const ptrdiff_t width, const int vectors,
                                       const ptrdiff_t lanes) {
  om_depthwise_tiles_f32(&t, &count, width, OM_DEPTHWISE_PIXELS, vectors, lanes);
  if (OM_DEPTHWISE_PIXELS > 4) om_depthwise_tiles_f32(&t, &count, width, OM_DEPTHWISE_PIXELS / 2, vectors, lanes);
  om_depthwise_tiles_f32(&t, &count, width, 1, vectors, lanes);
}

/* y[n, y, x, c] = act(sum over the window of x[.., c] w[.., c] + bias[c] + residual[n, y, x, c]). No scratch. */
OM_INLINE void om_depthwise2d_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s,
                                  const om_epilogue e) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.channels;
  const ptrdiff_t residual_row = e.residual_row ? e.residual_row : s.channels;
  const ptrdiff_t w_tap = om_round_up(s.channels, OM_LANES), rest = s.channels % OM_LANES;
  const om_limits limits = om_limits_of(e);
  const om_span inside_x =
      om_span_inside(s.out_width, s.width, s.kernel_width, s.stride_width, s.dilation_width, s.pad_left);
  const om_span inside_y =
      om_span_inside(s.out_height, s.height, s.kernel_height, s.stride_height, s.dilation_height, s.pad_top);
  const ptrdiff_t taps = om_max(1, s.kernel_height * s.kernel_width);
  /* Lines in a part, see parallel.h; and channels, where there are few lines. */
  const ptrdiff_t enough = OM_LEAST_PART / taps / om_max(1, s.out_width), lines = s.batch * s.out_height;
  const ptrdiff_t together = enough / om_max(1, s.channels) + 1;
  const bool splits = om_is_shared() && lines < OM_DEPTHWISE_LINES;
  const ptrdiff_t step = OM_DEPTHWISE_EDGE_VECTORS * OM_LANES;
  const ptrdiff_t channels = splits ? om_round_up(enough + 1, step) : om_max(1, s.channels);
  const ptrdiff_t pieces = (s.channels + channels - 1) / channels;
  bool is_mine = false;
  for (ptrdiff_t part = 0; part < lines * pieces; part++) {
    if (splits || part % together == 0) is_mine = om_is_mine();
    if (!is_mine) continue;
    const ptrdiff_t line = part / pieces, c0 = part % pieces * channels, c1 = om_min(c0 + channels, s.channels);
    const ptrdiff_t image = line / s.out_height, oy = line % s.out_height;
    const bool whole_height = oy >= inside_y.begin && oy < inside_y.end;
    const om_span ky = om_span_taps(oy, s.height, s.kernel_height, s.stride_height, s.dilation_height, s.pad_top);
    const ptrdiff_t iy = oy * s.stride_height - s.pad_top + ky.begin * s.dilation_height;
    om_taps t = {.line = s.dilation_height * s.width * x_pixel,
                 .tap = s.dilation_width * x_pixel,
                 .pixel = s.stride_width * x_pixel,
                 .w_line = s.kernel_width * w_tap,
                 .w_tap = w_tap,
                 .y_pixel = y_pixel,
                 .bias = e.bias ? e.bias + c0 : NULL,
                 .residual_pixel = residual_row,
                 .clamp = limits.clamp,
                 .low = limits.low,
                 .high = limits.high};
    t.height = whole_height ? s.kernel_height : om_max(0, ky.end - ky.begin);
    for (ptrdiff_t ox = 0; ox < s.out_width; ox = ox == inside_x.begin ? om_max(ox + 1, inside_x.end) : ox + 1) {
      const om_span kx = om_span_taps(ox, s.width, s.kernel_width, s.stride_width, s.dilation_width, s.pad_left);
      const ptrdiff_t ix = ox * s.stride_width - s.pad_left + kx.begin * s.dilation_width;
      t.width = om_max(0, kx.end - kx.begin);
      t.x = (t.height > 0 && t.width > 0 ? x + ((image * s.height + iy) * s.width + ix) * x_pixel : x) + c0;
      t.w = packed + (ky.begin * s.kernel_width + kx.begin) * w_tap + c0;
      t.y = y + (line * s.out_width + ox) * y_pixel + c0;
      t.residual = e.residual ? e.residual + (line * s.out_width + ox) * residual_row + c0 : NULL;
      if (ox != inside_x.begin || inside_x.begin == inside_x.end) {
        om_depthwise_edge_f32(&t, c1 - c0);
        continue;
      }
      for (ptrdiff_t c = c0, vectors; c < c1; c += vectors * OM_LANES) {
        vectors = c + OM_DEPTHWISE_VECTORS * OM_LANES <= s.channels ? OM_DEPTHWISE_VECTORS : 1;
        om_taps some = t;
        some.x += c - c0, some.w += c - c0, some.y += c - c0;
        if (e.bias) some.bias += c - c0;
        if (e.residual) some.residual += c - c0;
        const ptrdiff_t count = inside_x.end - inside_x.begin;
        if (whole_height) some.height = s.kernel_height;
        if (rest > 0 && c + OM_LANES > s.channels) om_depthwise_inside_f32(some, count, s.kernel_width, 1, rest);
        else if (vectors == 1) om_depthwise_inside_f32(some, count, s.kernel_width, 1, OM_LANES);
        else om_depthwise_inside_f32(some, count, s.kernel_width, OM_DEPTHWISE_VECTORS, OM_LANES);
      }
    }
    if (e.activation != OM_ACT_NONE && !limits.clamp)
      for (ptrdiff_t ox = 0; ox < s.out_width; ox++)
        om_activate_row_f32(y + (line * s.out_width + ox) * y_pixel + c0, c1 - c0, e.activation, e.alpha, e.beta);
  }
}

#endif
