/* Convolutions of several groups with some channels each (ResNeXt, RegNet, DPN, FastViT), over NHWC.
 *
 * As products of matrices, each group's window would be gathered for a few columns, and most lanes be empty. Here a vector is the
 * filters of several whole groups: each tap's channels lie in a vector as well, in which channel i of each group is spread to
 * all lanes of that group's filters. Lines are copied, some rows of the output at a time, with the zeros around them and of a
 * vector's channels alone, so that no window is a special case. Zen 4 (AVX-512, AVX2), where products reach 16 GFLOP/s of 110:
 * 3x3 over 56x56, 128 channels in 32 groups 81 and 76; 64 channels in 8 groups 83 and 85 (products 43 and 52). Groups of 16 and
 * more are as fast as products. Some depthwise convolutions are faster so, too, see suitsCopies in src/ops/nn/convolution.ts. */
#ifndef OM_GROUPED_H
#define OM_GROUPED_H

#include "conv.h"

/* Floats of lines that are copied at a time where one row of the output takes no more: what stays in the nearest cache. */
#define OM_GROUPED_ROOM (OM_LINE_ROOM < 12288 ? OM_LINE_ROOM : 12288)
/* Pixels of a window, those between dilated taps counted, that have room in scratch: mostWindow in src/ops/nn/convolution.ts. */
#define OM_GROUPED_MOST_WINDOW (OM_LANES > 1 ? 512 : 64)
_Static_assert(OM_GROUPED_MOST_WINDOW * (OM_LANES > 4 ? 2 * OM_LANES : 8) <= OM_LINE_ROOM, "a window has no room");

/* Floats of the weights: [outputs / lanes][taps * channels of a group][lanes], zeros behind. */
#define OM_GROUPED_PACKED(kernel_height, kernel_width, group_channels, out_channels)                                   \
  ((kernel_height) * (kernel_width) * (group_channels) * (((out_channels) + OM_LANES - 1) / OM_LANES * OM_LANES))

/* Packs ONNX weights [out_channels, channels, taps], `channels` those of a group, as packGroupedWeights does. */
OM_SHARED void om_grouped2d_pack_f32(const float *w, ptrdiff_t out_channels, ptrdiff_t channels, ptrdiff_t taps, float *packed) {
  om_pack_filters(w, out_channels, channels, taps, OM_LANES, packed);
}

/* The lanes of a vector in another order. */
#if OM_LANES == 16
#define OM_ORDER(x, at)                                                                                                \
  __builtin_shufflevector(x, x, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7), at(8), at(9), at(10), at(11),  \
                          at(12), at(13), at(14), at(15))
#elif OM_LANES == 8
#define OM_ORDER(x, at) __builtin_shufflevector(x, x, at(0), at(1), at(2), at(3), at(4), at(5), at(6), at(7))
#elif OM_LANES == 4
#define OM_ORDER(x, at) __builtin_shufflevector(x, x, at(0), at(1), at(2), at(3))
#else
#define OM_ORDER(x, at) (x)
#endif

/* Filter n of a vector belongs to group n / filters. Groups of one channel: each to the lanes of all of its filters. */
OM_INLINE om_vf om_spread_single(const om_vf x, const ptrdiff_t filters) {
#define OM_LANE_OF_TWO(n) ((n) / 2)
#define OM_LANE_OF_FOUR(n) ((n) / 4)
#define OM_LANE_OF_EIGHT(n) ((n) / 8)
  if (filters == 1) return x;
  return filters == 2 ? OM_ORDER(x, OM_LANE_OF_TWO) : filters == 4 ? OM_ORDER(x, OM_LANE_OF_FOUR) : OM_ORDER(x, OM_LANE_OF_EIGHT);
}

/* Channels 4 * half … 4 * half + 3 of groups of eight, to both halves of their filters. */
OM_INLINE om_vf om_spread_half(const om_vf x, const ptrdiff_t half) {
#define OM_LANE_LOW(n) ((n) / 8 * 8 + (n) % 4)
#define OM_LANE_HIGH(n) ((n) / 8 * 8 + (n) % 4 + 4)
  return half == 0 ? OM_ORDER(x, OM_LANE_LOW) : OM_ORDER(x, OM_LANE_HIGH);
}

/* Element i of each unit of 2 or 4 lanes, to all of them. No lane comes from another 16 bytes, which would take longer. */
OM_INLINE om_vf om_spread_within(const om_vf x, const ptrdiff_t unit, const ptrdiff_t i) {
#define OM_LANE_PAIR_0(n) ((n) / 2 * 2)
#define OM_LANE_PAIR_1(n) ((n) / 2 * 2 + 1)
#define OM_LANE_FOUR_0(n) ((n) / 4 * 4)
#define OM_LANE_FOUR_1(n) ((n) / 4 * 4 + 1)
#define OM_LANE_FOUR_2(n) ((n) / 4 * 4 + 2)
#define OM_LANE_FOUR_3(n) ((n) / 4 * 4 + 3)
  if (unit == 2) return i == 0 ? OM_ORDER(x, OM_LANE_PAIR_0) : OM_ORDER(x, OM_LANE_PAIR_1);
  return i == 0 ? OM_ORDER(x, OM_LANE_FOUR_0) : i == 1 ? OM_ORDER(x, OM_LANE_FOUR_1) : i == 2 ? OM_ORDER(x, OM_LANE_FOUR_2) : OM_ORDER(x, OM_LANE_FOUR_3);
}

/* The windows of a row of pixels, of a vector's channels. */
typedef struct om_group_windows {
  const float *from;           /* of the first pixel */
  ptrdiff_t line, tap, pixel;  /* floats between taps down and across, and between windows */
  ptrdiff_t height, width;     /* taps */
  ptrdiff_t filters, channels; /* of a group */
} om_group_windows;

/* Adds the products of channel i at a tap of `pixels` windows and its weights to sum[pixels]; i is a constant. */
OM_INLINE void om_grouped_channel(const om_group_windows x, const float *a, const float *w, om_vf *sum, const int pixels,
                                  const ptrdiff_t i) {
  OM_FORGET(a);
  const om_vf weights = om_load(w + i * OM_LANES);
OM_UNROLL(16)
  for (int p = 0; p < pixels; p++) {
    om_vf of = om_load(a + p * x.pixel + i / 4 * OM_LANES);
    if (x.channels > 1) of = om_spread_within(of, x.filters < 4 ? 2 : 4, i % 4);
    sum[p] += of * weights;
  }
}

/* The same of all channels of a tap, of which there are 1, 2, 4 or 8. */
OM_INLINE void om_grouped_tap(const om_group_windows x, const float *a, const float *w, om_vf *sum, const int pixels) {
  om_grouped_channel(x, a, w, sum, pixels, 0);
  if (x.channels > 1) om_grouped_channel(x, a, w, sum, pixels, 1);
  if (x.channels > 2) om_grouped_channel(x, a, w, sum, pixels, 2), om_grouped_channel(x, a, w, sum, pixels, 3);
  if (x.channels > 4) om_grouped_channel(x, a, w, sum, pixels, 4), om_grouped_channel(x, a, w, sum, pixels, 5);
  if (x.channels > 4) om_grouped_channel(x, a, w, sum, pixels, 6), om_grouped_channel(x, a, w, sum, pixels, 7);
}

/* The same where a group has a vector of filters or more: its channels one by one, those of `run` taps that lie densely. */
OM_INLINE void om_grouped_run(const om_group_windows x, const float *a, const ptrdiff_t run, const float *w, om_vf *sum,
                              const int pixels) {
OM_ROLLED
  for (ptrdiff_t k = 0; k < run; k++, a++, w += OM_LANES) {
    OM_FORGET(a);
    const om_vf weights = om_load(w);
OM_UNROLL(16)
    for (int p = 0; p < pixels; p++) sum[p] += om_splat(a[p * x.pixel]) * weights;
  }
}

/* Adds the products of `pixels` windows and the filters of a vector to sum[pixels]. */
OM_INLINE void om_grouped_multiply(const om_group_windows x, const float *w, om_vf *sum, const int pixels) {
  const bool dense = x.filters >= OM_LANES && x.tap == x.channels;
  const ptrdiff_t taps = dense ? x.width : 1, step = taps * x.channels * OM_LANES;
  for (ptrdiff_t ky = 0; ky < x.height; ky++)
OM_ROLLED
    for (ptrdiff_t kx = 0; kx < x.width; kx += taps, w += step) {
      const float *a = x.from + ky * x.line + kx * x.tap;
      if (x.filters >= OM_LANES) om_grouped_run(x, a, taps * x.channels, w, sum, pixels);
      else om_grouped_tap(x, a, w, sum, pixels);
    }
}

/* One tile: a vector of filters for `pixels` pixels. */
OM_INLINE void om_grouped_tile(const om_group_windows x, const float *w, float *c, const om_line_end e, const int pixels) {
  om_vf sum[OM_LINE_PIXELS];
  om_vf first = om_splat(0.0f);
  if (e.bias) first = e.columns == OM_LANES ? om_load(e.bias) : om_load_first(e.bias, e.columns);
OM_UNROLL(16)
  for (int p = 0; p < pixels; p++) sum[p] = first;
  om_grouped_multiply(x, w, sum, pixels);
OM_UNROLL(16)
  for (int p = 0; p < pixels; p++) {
    float *to = c + p * e.c_row;
    om_vf y = sum[p];
    if (e.limits.clamp) y = om_at_most(om_at_least(y, om_splat(e.limits.low)), om_splat(e.limits.high));
    if (e.columns == OM_LANES) om_store(to, y);
    else om_store_first(to, y, e.columns);
  }
}

/* Pixels of a row in tiles of so many. The last one ends where the row does, and overlaps the one before. */
OM_INLINE void om_grouped_tiles(const om_group_windows x, const ptrdiff_t width, const float *w, float *c, const om_line_end e,
                                const int pixels) {
  for (ptrdiff_t at = 0; at < width; at += pixels) {
    const ptrdiff_t first = om_min(at, width - pixels);
    om_group_windows tile = x;
    tile.from += first * x.pixel;
    om_grouped_tile(tile, w, c + first * e.c_row, e, pixels);
  }
}

/* A row in tiles that it is filled best with: of a width that is known when compiling, also in equal ones. 7x7 pixels of 368
 * channels in 46 groups take 25 us so, and 31 in tiles of 4 (AVX-512), 29 and 49 (AVX2). */
OM_INLINE void om_grouped_row(const om_group_windows x, const ptrdiff_t width, const float *w, float *c, const om_line_end e) {
  const bool few = width < OM_LINE_PIXELS - 4;
  const ptrdiff_t tile = few ? (width < 4 ? 1 : 4) : om_row_tile(width);
  const ptrdiff_t tiles = (width + OM_LINE_PIXELS - 1) / OM_LINE_PIXELS, equal = (width + tiles - 1) / om_max(1, tiles);
  if (__builtin_constant_p(equal) && (few || om_round_up(width, equal) < om_round_up(width, tile)))
    om_grouped_tiles(x, width, w, c, e, (int)equal);
  else if (tile == 1) om_grouped_tiles(x, width, w, c, e, 1);
  else if (tile == 4) om_grouped_tiles(x, width, w, c, e, 4);
  else if (tile == OM_LINE_PIXELS - 4) om_grouped_tiles(x, width, w, c, e, OM_LINE_PIXELS - 4);
  else if (tile == OM_LINE_PIXELS - 2) om_grouped_tiles(x, width, w, c, e, OM_LINE_PIXELS - 2);
  else om_grouped_tiles(x, width, w, c, e, OM_LINE_PIXELS);
}

/* The lines that some rows of the output want, of a vector's channels. */
typedef struct om_group_lines {
  const float *image;          /* its first channel */
  const float *end;            /* of all images, behind which nothing is read */
  ptrdiff_t x_pixel;           /* floats between its pixels */
  ptrdiff_t width, height;     /* of the image */
  ptrdiff_t left, top;         /* of the image, where the copy begins; may lie outside */
  ptrdiff_t pixels, lines;     /* of the copy */
  ptrdiff_t filters, channels; /* of a group */
} om_group_lines;

/* Floats of a pixel's copy. */
OM_INLINE ptrdiff_t om_group_pixel(ptrdiff_t filters, ptrdiff_t channels) {
  return filters >= OM_LANES ? channels : channels == 8 ? 2 * OM_LANES : OM_LANES;
}

/* Copies a pixel's `count` channels, as om_grouped_multiply() reads them; the rest of the vector is anything. */
OM_INLINE void om_copy_group_pixel(const om_group_lines x, const float *from, const ptrdiff_t count, float *to) {
  if (x.filters >= OM_LANES) {
    memcpy(to, from, (size_t)count * sizeof(float));
    return;
  }
  const om_vf of = count == OM_LANES || x.end - from >= OM_LANES ? om_load(from) : om_load_first(from, count);
  if (x.channels == 1) om_store(to, om_spread_single(of, x.filters));
  else if (x.channels == 8) om_store(to, om_spread_half(of, 0)), om_store(to + OM_LANES, om_spread_half(of, 1));
  else om_store(to, of);
}

/* Copies lines with zeros around the image. */
OM_INLINE void om_copy_group_lines(const om_group_lines x, const ptrdiff_t count, float *to) {
  const ptrdiff_t begin = om_min(om_max(0, -x.left), x.pixels), end = om_max(begin, om_min(x.width - x.left, x.pixels));
  const ptrdiff_t unit = om_group_pixel(x.filters, x.channels);
  for (ptrdiff_t line = 0; line < x.lines; line++, to += x.pixels * unit) {
    const ptrdiff_t y = x.top + line;
    const bool inside = y >= 0 && y < x.height;
    const ptrdiff_t first = inside ? begin : 0, last = inside ? end : 0;
    const float *from = x.image + (inside ? (y * x.width + x.left + begin) * x.x_pixel : 0);
    for (ptrdiff_t i = 0; i < first * unit; i++) to[i] = 0.0f;
    for (ptrdiff_t p = first; p < last; p++, from += x.x_pixel) om_copy_group_pixel(x, from, count, to + p * unit);
    for (ptrdiff_t i = last * unit; i < x.pixels * unit; i++) to[i] = 0.0f;
  }
}

/* y[n, y, x, o] = act(sum over window and channels of the group of o of x·w + bias[o]). No residual. scratch: OM_GEMM_SCRATCH
 * bytes. */
OM_INLINE void om_grouped2d_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s, const om_epilogue e,
                                void *scratch) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.out_channels;
  const ptrdiff_t channels = s.channels / s.groups, filters = s.out_channels / s.groups;
  const ptrdiff_t depth = s.kernel_height * s.kernel_width * channels;
  const ptrdiff_t unit = om_group_pixel(filters, channels), rest = s.out_channels % OM_LANES;
  const ptrdiff_t window_height = (s.kernel_height - 1) * s.dilation_height + 1;
  const ptrdiff_t window_width = (s.kernel_width - 1) * s.dilation_width + 1;
  /* Pixels of a row, and rows, that are computed from the same copy. */
  const ptrdiff_t most_pixels = OM_LINE_ROOM / unit / window_height;
  const ptrdiff_t columns = om_min(s.out_width, (most_pixels - window_width) / s.stride_width + 1);
  const ptrdiff_t pixels = (columns - 1) * s.stride_width + window_width;
  const ptrdiff_t more = OM_GROUPED_ROOM / unit / pixels - window_height;
  const ptrdiff_t rows = om_min(s.out_height, more > 0 ? more / s.stride_height + 1 : 1);
  const ptrdiff_t vectors = (s.out_channels + OM_LANES - 1) / OM_LANES;
  const ptrdiff_t across = (s.out_width + columns - 1) / columns, down = (s.out_height + rows - 1) / rows;
  float *own = (float *)om_own_scratch(scratch);
  OM_EACH_ROW(part, s.batch * down * across * vectors, rows * columns * depth * OM_LANES / 16) {
    const ptrdiff_t vector = part % vectors, block = part / vectors, image = block / across / down;
    const ptrdiff_t oy = block / across % down * rows, ox = block % across * columns;
    const ptrdiff_t height = om_min(rows, s.out_height - oy), width = om_min(columns, s.out_width - ox);
    const bool whole = rest == 0 || vector < vectors - 1;
    const om_group_lines lines = {.image = x + image * s.height * s.width * x_pixel + vector * OM_LANES / filters * channels,
                                  .end = x + (s.batch * s.height * s.width - 1) * x_pixel + s.channels,
                                  .x_pixel = x_pixel,
                                  .width = s.width,
                                  .height = s.height,
                                  .left = ox * s.stride_width - s.pad_left,
                                  .top = oy * s.stride_height - s.pad_top,
                                  .pixels = pixels,
                                  .lines = (height - 1) * s.stride_height + window_height,
                                  .filters = filters,
                                  .channels = channels};
    if (filters >= OM_LANES) om_copy_group_lines(lines, channels, own);
    else if (whole) om_copy_group_lines(lines, OM_LANES / filters * channels, own);
    else om_copy_group_lines(lines, rest / filters * channels, own);
    om_group_windows windows = {.from = own,
                                .line = s.dilation_height * pixels * unit,
                                .tap = s.dilation_width * unit,
                                .pixel = s.stride_width * unit,
                                .height = s.kernel_height,
                                .width = s.kernel_width,
                                .filters = filters,
                                .channels = channels};
    om_line_end end = {.bias = e.bias ? e.bias + vector * OM_LANES : NULL,
                       .columns = whole ? OM_LANES : rest,
                       .limits = om_limits_of(e),
                       .c_row = y_pixel};
    const float *w = packed + vector * depth * OM_LANES;
    for (ptrdiff_t row = 0; row < height; row++, windows.from += s.stride_height * pixels * unit) {
      float *to = y + ((image * s.out_height + oy + row) * s.out_width + ox) * y_pixel + vector * OM_LANES;
      om_grouped_row(windows, width, w, to, end);
      if (e.activation != OM_ACT_NONE && !end.limits.clamp)
        for (ptrdiff_t i = 0; i < width; i++)
          om_activate_row_f32(to + i * y_pixel, end.columns, e.activation, e.alpha, e.beta);
    }
  }
}

#endif
