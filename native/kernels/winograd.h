/* Convolution by a 3x3 kernel, stride 1, with a quarter of the multiplications: F(4x4, 3x3) of A. Lavin and S. Gray,
 * "Fast Algorithms for Convolutional Neural Networks" (2016), on the interpolation points 0, +-A, +-B and infinity.
 * Tiles of 6x6 input pixels become 36 numbers per channel, 36 matrix products over channels follow, and their results
 * become tiles of 4x4 output pixels. The weights take four times the memory. */
#ifndef OM_WINOGRAD_H
#define OM_WINOGRAD_H

#include "conv.h"

/* The points; src/lowering/pack.ts transforms weights with the same. Chosen by measuring: on random data they make the
 * rounding error 1.75 times that of the direct convolution, where the usual 1 and 2 make it 6 to 8 times as large. All
 * that the transforms derive from them is exact in a float. */
#define OM_WINOGRAD_A 0.625f
#define OM_WINOGRAD_B 1.5f

/* Tiles of the image that go through together, and channels of the result: whole panels, 64 at most. */
#define OM_WINOGRAD_TILES (2 * OM_TILE_ROWS)
#define OM_WINOGRAD_COLUMNS (64 / OM_PANEL * OM_PANEL)

/* Parts that are enough for threads. */
#define OM_WINOGRAD_PARTS 8

/* Pixels of an output from which it pays, and how many there are to a tile of 16 on average: an output of one or two lines
 * leaves most of a tile unused. */
#define OM_WINOGRAD_LEAST_PIXELS 96
#define OM_WINOGRAD_LEAST_FILL 7

/* Floats of the packed weights: 36 packed matrices [channels, out_channels]. */
#define OM_WINOGRAD_PACKED(channels, out_channels) (36 * OM_GEMM_PACKED(channels, out_channels))

/* Bytes of scratch, 64-byte aligned. */
#define OM_WINOGRAD_SCRATCH(channels)                                                                                  \
  (4 * (36 * OM_WINOGRAD_TILES * ((((channels) + OM_K_BLOCK - 1) / OM_K_BLOCK) * OM_A_ROW + OM_WINOGRAD_COLUMNS) +     \
        ((channels) + 15) / 16 * 16))

/* Three weights to their values at the points, over the products of each point's distances to the others: rows of G, for
 * the columns of a panel. Rows of `w` are `step` apart, those of `to` `to_step`. In double, since it happens once. */
OM_INLINE void om_winograd_weigh(const double (*w)[OM_PANEL], const int step, double (*to)[OM_PANEL], const int to_step) {
  const double a = OM_WINOGRAD_A, b = OM_WINOGRAD_B, aa = a * a, bb = b * b;
  const double zero = 1.0 / (aa * bb), at_a = 1.0 / (2.0 * aa * (aa - bb)), at_b = 1.0 / (2.0 * bb * (bb - aa));
  for (int j = 0; j < OM_PANEL; j++) {
    const double w0 = w[0][j], w1 = w[step][j], w2 = w[2 * step][j];
    const double even_a = w0 + aa * w2, even_b = w0 + bb * w2;
    to[0][j] = w0 * zero;
    to[to_step][j] = (even_a + a * w1) * at_a;
    to[2 * to_step][j] = (even_a - a * w1) * at_a;
    to[3 * to_step][j] = (even_b + b * w1) * at_b;
    to[4 * to_step][j] = (even_b - b * w1) * at_b;
    to[5 * to_step][j] = w2;
  }
}

/* Packs ONNX weights [out_channels, channels, 3, 3] as packWinogradWeights does. */
OM_SHARED void om_winograd_pack_f32(const float *w, ptrdiff_t out_channels, ptrdiff_t channels, float *packed) {
  const ptrdiff_t plane = OM_GEMM_PACKED(channels, out_channels);
  double taps[9][OM_PANEL] = {{0}}, down[18][OM_PANEL], all[36][OM_PANEL];
  for (ptrdiff_t n0 = 0, width; n0 < out_channels; n0 += width) {
    width = out_channels - n0 > OM_PANEL - OM_LANES ? OM_PANEL : OM_LANES;
    const ptrdiff_t columns = om_min(width, out_channels - n0);
    for (ptrdiff_t c = 0; c < channels; c++, packed += width) {
      for (ptrdiff_t j = 0; j < width; j++)
        for (int i = 0; i < 9; i++) taps[i][j] = j < columns ? w[((n0 + j) * channels + c) * 9 + i] : 0.0;
      for (int x = 0; x < 3; x++) om_winograd_weigh(taps + x, 3, down + x, 3);
      for (int y = 0; y < 6; y++) om_winograd_weigh(down + 3 * y, 1, all + 6 * y, 1);
      for (int i = 0; i < 36; i++)
        for (ptrdiff_t j = 0; j < width; j++) packed[i * plane + j] = (float)all[i][j];
    }
  }
}

/* Six numbers, `step` apart, to their values at the points: rows of Bᵀ. In place, if wanted. */
OM_INLINE void om_winograd_spread(const om_vf *d, om_vf *to, const int step) {
  const om_vf a = om_splat(OM_WINOGRAD_A), b = om_splat(OM_WINOGRAD_B);
  const om_vf aa = a * a, bb = b * b, product = aa * bb, sum = aa + bb;
  const om_vf even_a = d[4 * step] - bb * d[2 * step], odd_a = d[3 * step] - bb * d[step];
  const om_vf even_b = d[4 * step] - aa * d[2 * step], odd_b = d[3 * step] - aa * d[step];
  const om_vf infinity = d[5 * step] + (product * d[step] - sum * d[3 * step]);
  to[0] = d[4 * step] + (product * d[0] - sum * d[2 * step]);
  to[step] = even_a + a * odd_a;
  to[2 * step] = even_a - a * odd_a;
  to[3 * step] = even_b + b * odd_b;
  to[4 * step] = even_b - b * odd_b;
  to[5 * step] = infinity;
}

/* Six values at the points, `step` apart, to four numbers: rows of Aᵀ. In place, if wanted. */
OM_INLINE void om_winograd_gather(const om_vf *m, om_vf *to, const int step) {
  const om_vf a = om_splat(OM_WINOGRAD_A), b = om_splat(OM_WINOGRAD_B), aa = a * a, bb = b * b;
  const om_vf even_a = m[step] + m[2 * step], odd_a = a * (m[step] - m[2 * step]);
  const om_vf even_b = m[3 * step] + m[4 * step], odd_b = b * (m[3 * step] - m[4 * step]);
  to[0] = m[0] + even_a + even_b;
  to[step] = odd_a + odd_b;
  to[2 * step] = aa * even_a + bb * even_b;
  to[3 * step] = m[5 * step] + (aa * odd_a + bb * odd_b);
}

/* `lanes` channels of one tile. pixel: its 36 input pixels; v: where the first of its 36 numbers goes, others `plane`
 * apart. */
OM_INLINE void om_winograd_spread_tile(const float *const *pixel, ptrdiff_t c, float *v, ptrdiff_t plane,
                                       ptrdiff_t lanes) {
  om_vf d[36];
OM_UNROLL(36)
  for (int i = 0; i < 36; i++) d[i] = lanes == OM_LANES ? om_load(pixel[i] + c) : om_load_first(pixel[i] + c, lanes);
OM_UNROLL(6)
  for (int x = 0; x < 6; x++) om_winograd_spread(d + x, d + x, 6);
OM_UNROLL(6)
  for (int y = 0; y < 6; y++) {
    om_vf row[6];
    om_winograd_spread(d + 6 * y, row, 1);
OM_UNROLL(6)
    for (int x = 0; x < 6; x++) om_store(v + (6 * y + x) * plane, row[x]);
  }
}

/* All channels of one tile, in passes of OM_K_BLOCK channels that lie `pass` floats apart. */
OM_SHARED void om_winograd_input_f32(const float *const *pixel, ptrdiff_t channels, ptrdiff_t depth, float *v,
                                     ptrdiff_t plane, ptrdiff_t pass) {
  for (ptrdiff_t k0 = 0; k0 < channels; k0 += depth, v += pass) {
    const ptrdiff_t end = om_min(k0 + depth, channels);
    ptrdiff_t c = k0;
    for (; c + OM_LANES <= end; c += OM_LANES) om_winograd_spread_tile(pixel, c, v + (c - k0), plane, OM_LANES);
    if (c < end) om_winograd_spread_tile(pixel, c, v + (c - k0), plane, end - c);
  }
}

/* Where one tile's results go. */
typedef struct om_winograd_target {
  float *y;
  const float *residual; /* or NULL */
  const float *bias;     /* or NULL */
  ptrdiff_t pixel, line, residual_pixel, residual_line;
  ptrdiff_t height, width; /* of the tile's part inside the output */
  bool clamp;
  float low, high;
} om_winograd_target;

OM_INLINE void om_winograd_gather_tile(const float *m, const om_winograd_target *t, ptrdiff_t c, ptrdiff_t lanes) {
  const bool whole = lanes == OM_LANES;
  om_vf sum[36];
OM_UNROLL(36)
  for (int i = 0; i < 36; i++) sum[i] = om_load(m + i * OM_WINOGRAD_TILES * OM_WINOGRAD_COLUMNS + c);
OM_UNROLL(6)
  for (int x = 0; x < 6; x++) om_winograd_gather(sum + x, sum + x, 6);
  const om_vf bias = !t->bias ? om_splat(0.0f) : whole ? om_load(t->bias + c) : om_load_first(t->bias + c, lanes);
  for (int y = 0; y < t->height; y++) {
    om_vf row[4];
    om_winograd_gather(sum + 6 * y, row, 1);
    for (int x = 0; x < t->width; x++) {
      om_vf result = row[x] + bias;
      if (t->residual) {
        const float *residual = t->residual + y * t->residual_line + x * t->residual_pixel + c;
        result += whole ? om_load(residual) : om_load_first(residual, lanes);
      }
      if (t->clamp) result = om_at_most(om_at_least(result, om_splat(t->low)), om_splat(t->high));
      float *to = t->y + y * t->line + x * t->pixel + c;
      if (whole) om_store(to, result);
      else om_store_first(to, result, lanes);
    }
  }
}

OM_SHARED void om_winograd_output_f32(const float *m, const om_winograd_target *t, ptrdiff_t columns) {
  ptrdiff_t c = 0;
  for (; c + OM_LANES <= columns; c += OM_LANES) om_winograd_gather_tile(m, t, c, OM_LANES);
  if (c < columns) om_winograd_gather_tile(m, t, c, columns - c);
}

/* A tile of the output: its image, and its first pixel. */
typedef struct om_winograd_place {
  ptrdiff_t image, y, x;
} om_winograd_place;

OM_INLINE om_winograd_place om_winograd_place_of(const om_conv2d_shape s, ptrdiff_t tile) {
  const ptrdiff_t across = (s.out_width + 3) / 4, whole = (s.out_height + 3) / 4 * across;
  const ptrdiff_t image = s.batch == 1 ? 0 : tile / whole, within = tile - image * whole;
  return (om_winograd_place){image, within / across * 4, within % across * 4};
}

/* The tiles first .. first + count of all images, channels from .. end of the result. */
OM_INLINE void om_winograd_block_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s,
                                     const om_epilogue e, ptrdiff_t first, const ptrdiff_t count, ptrdiff_t from,
                                     ptrdiff_t end, void *scratch) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.out_channels;
  const ptrdiff_t residual_row = e.residual_row ? e.residual_row : s.out_channels;
  const ptrdiff_t depth = om_pass_depth(s.channels, 0);
  const ptrdiff_t plane = OM_WINOGRAD_TILES * OM_A_ROW, pass = 36 * plane;
  const ptrdiff_t passes = (s.channels + depth - 1) / depth;
  const om_limits limits = om_limits_of(e);
  float *v = (float *)scratch, *m = v + passes * pass, *zeros = m + 36 * OM_WINOGRAD_TILES * OM_WINOGRAD_COLUMNS;
  memset(zeros, 0, (size_t)s.channels * sizeof(float));
  for (ptrdiff_t tile = 0; tile < count; tile++) {
    const om_winograd_place at = om_winograd_place_of(s, first + tile);
    const float *image = x + at.image * s.height * s.width * x_pixel;
    const float *pixel[36];
    for (ptrdiff_t i = 0; i < 36; i++) {
      const ptrdiff_t at_y = at.y - s.pad_top + i / 6, at_x = at.x - s.pad_left + i % 6;
      const bool inside = at_y >= 0 && at_y < s.height && at_x >= 0 && at_x < s.width;
      pixel[i] = inside ? image + (at_y * s.width + at_x) * x_pixel : zeros;
    }
    om_winograd_input_f32(pixel, s.channels, depth, v + tile * OM_A_ROW, plane, pass);
  }
  const om_tiling split = om_split_rows(count);
  const ptrdiff_t wide = (s.out_channels + OM_LANES - 1) / OM_LANES / OM_TILE_VECTORS * OM_PANEL;
  for (ptrdiff_t n0 = from; n0 < end; n0 += OM_WINOGRAD_COLUMNS) {
    const ptrdiff_t n1 = om_min(n0 + OM_WINOGRAD_COLUMNS, end);
    for (ptrdiff_t i = 0; i < 36; i++)
      for (ptrdiff_t part = 0; part < passes; part++) {
        const ptrdiff_t k0 = part * depth;
        om_tile t = {.a = v + part * pass + i * plane,
                     .k = om_min(depth, s.channels - k0),
                     .ahead = s.channels * OM_PANEL * 4, /* the panel beside, or the first of the next plane */
                     .c_row = OM_WINOGRAD_COLUMNS,
                     .start_row = OM_WINOGRAD_COLUMNS};
        for (ptrdiff_t n = n0; n < n1; n += n < wide ? OM_PANEL : OM_LANES) {
          t.b_row = n < wide ? OM_PANEL : OM_LANES;
          t.b = packed + i * OM_GEMM_PACKED(s.channels, s.out_channels) + n * s.channels + k0 * t.b_row;
          t.c = m + i * OM_WINOGRAD_TILES * OM_WINOGRAD_COLUMNS + (n - n0);
          t.start = part > 0 ? t.c : NULL;
          if (n < wide) om_gemm_panel_f32(t, split, 0, OM_WINOGRAD_TILES, OM_PANEL, false, NULL);
          else om_gemm_panel_f32(t, split, 0, OM_WINOGRAD_TILES, OM_LANES, true, NULL);
        }
      }
    for (ptrdiff_t tile = 0; tile < count; tile++) {
      const om_winograd_place at = om_winograd_place_of(s, first + tile);
      const ptrdiff_t to = (at.image * s.out_height + at.y) * s.out_width + at.x;
      om_winograd_target t = {.pixel = y_pixel,
                              .line = s.out_width * y_pixel,
                              .residual_pixel = residual_row,
                              .residual_line = s.out_width * residual_row,
                              .height = om_min(4, s.out_height - at.y),
                              .width = om_min(4, s.out_width - at.x),
                              .clamp = limits.clamp,
                              .low = limits.low,
                              .high = limits.high};
      t.y = y + to * y_pixel + n0;
      t.residual = e.residual ? e.residual + to * residual_row + n0 : NULL;
      t.bias = e.bias ? e.bias + n0 : NULL;
      om_winograd_output_f32(m + tile * OM_WINOGRAD_COLUMNS, &t, n1 - n0);
      if (e.activation == OM_ACT_NONE || limits.clamp) continue;
      for (ptrdiff_t i = 0; i < t.height * t.width; i++)
        om_activate_row_f32(t.y + i / t.width * t.line + i % t.width * t.pixel, n1 - n0, e.activation, e.alpha, e.beta);
    }
  }
}

/* As om_conv2d_f32, for kernel 3x3, stride 1, dilation 1, groups 1. packed: packWinogradWeights of src/lowering/pack.ts.
 * scratch: OM_WINOGRAD_SCRATCH(channels) bytes. Tiles of several images go through together. */
OM_INLINE void om_conv2d_winograd_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s,
                                      const om_epilogue e, void *scratch) {
  if (s.batch < 1 || s.out_height < 1 || s.out_width < 1) return; /* so that the product below is no overflow */
  const ptrdiff_t tiles = s.batch * ((s.out_height + 3) / 4) * ((s.out_width + 3) / 4), rest = tiles % OM_WINOGRAD_TILES;
  void *own = om_own_scratch(scratch);
  /* Where there are few blocks for threads, their channels are parts, too; each transforms the block's input for itself. */
  const ptrdiff_t blocks = (tiles + OM_WINOGRAD_TILES - 1) / OM_WINOGRAD_TILES;
  const ptrdiff_t groups = (s.out_channels + OM_WINOGRAD_COLUMNS - 1) / OM_WINOGRAD_COLUMNS;
  const ptrdiff_t sides = om_is_shared() ? om_max(1, om_min(OM_WINOGRAD_PARTS / blocks, groups)) : 1;
  const ptrdiff_t columns = om_max(1, (groups + sides - 1) / sides) * OM_WINOGRAD_COLUMNS;
  /* Code for whole blocks and code for the rest, where their heights are known; else one for both, in half the time. */
  const bool known = __builtin_constant_p(rest);
  for (ptrdiff_t tile = 0; tile < tiles; tile += OM_WINOGRAD_TILES)
    for (ptrdiff_t from = 0; from < s.out_channels; from += columns) {
      if (!om_is_mine()) continue;
      const ptrdiff_t end = om_min(from + columns, s.out_channels), count = om_min(OM_WINOGRAD_TILES, tiles - tile);
      if (!known) om_winograd_block_f32(x, packed, y, s, e, tile, count, from, end, own);
      else if (rest == 0 || count == OM_WINOGRAD_TILES)
        om_winograd_block_f32(x, packed, y, s, e, tile, OM_WINOGRAD_TILES, from, end, own);
      else om_winograd_block_f32(x, packed, y, s, e, tile, rest, from, end, own);
    }
}

/* Whether Winograd's way is the faster one for an output of this size, see winogradPays of src/lowering/kernel-shape.ts. */
OM_INLINE bool om_winograd_pays(const om_conv2d_shape s) {
  if (s.batch < 1 || s.out_height < 1 || s.out_width < 1) return false;
  const ptrdiff_t pixels = s.batch * s.out_height * s.out_width;
  const ptrdiff_t tiles = s.batch * ((s.out_height + 3) / 4) * ((s.out_width + 3) / 4);
  return pixels >= OM_WINOGRAD_LEAST_PIXELS && pixels >= OM_WINOGRAD_LEAST_FILL * tiles;
}

/* Either way, for sizes that only the run knows. packed: for Winograd's, direct: for om_conv2d_f32; scratch: for both.
 * What is small is not worth code of its own: one function does it for all convolutions, unless their activation has to be
 * known. */
OM_INLINE void om_conv2d_by_size_f32(const float *x, const float *packed, const float *direct, float *y,
                                     const om_conv2d_shape s, const om_epilogue e, void *scratch) {
  const bool clamps = e.activation == OM_ACT_NONE || e.activation == OM_ACT_RELU || e.activation == OM_ACT_CLIP;
  if (om_winograd_pays(s)) om_conv2d_winograd_f32(x, packed, y, s, e, scratch);
  else if (clamps) om_conv2d_any_f32(x, direct, y, &s, &e, scratch);
  else om_conv2d_f32(x, direct, y, s, e, scratch);
}

#endif
