/* Convolutions of few channels, as images have at first: om_conv2d_lines_f32, for om_conv2d_f32 of conv.h.
 *
 * To gather a window of 25 numbers takes longer than to multiply it with 8 filters. Nothing is gathered here: the windows of
 * neighbouring pixels overlap in memory, so that a line of the image is a matrix whose rows lie `stride` pixels apart. Lines are
 * copied once for each row of the output, with the zeros around them, so that no window is a special case. Zen 4: 28x28 with
 * 1 -> 8 channels, kernel 5, takes a third of the time. */
#ifndef OM_CONV_LINES_H
#define OM_CONV_LINES_H

#include "conv-shape.h"
#include "gemm.h"

/* Filters at most: with four panels of AVX2, 3 -> 64 takes 473 µs so and 442 gathered; with AVX-512 it is one panel, and 411. */
#define OM_MOST_LINE_FILTERS (OM_VECTOR_BYTES == 32 ? 32 : 64)
/* Pixels of a tile: of one vector of filters as many as there are accumulators, so that none waits for its own sum. */
#define OM_LINE_PIXELS (OM_TILE_ROWS * OM_TILE_VECTORS < 14 ? OM_TILE_ROWS * OM_TILE_VECTORS : 14)

/* Floats of scratch that lines have. */
#define OM_LINE_ROOM (OM_MOST_ROW_TILES * OM_TILE_ROWS * OM_A_ROW)

/* Floats of a line with the zeros around it, as all windows of a row of the output want it. A ptrdiff_t of 32 bits may be too small:
 * pads are as large as the model says. */
OM_INLINE int64_t om_line_length(const om_conv2d_shape s) {
  return (((int64_t)s.out_width - 1) * s.stride_width + s.kernel_width) * s.channels;
}

/* Whether a convolution is faster so (measured with AVX-512, AVX2 and SSE2): small windows, few filters, rows that fill a tile.
 * Distances between pixels are part of the code, and must be known when compiling. */
OM_INLINE bool om_lines_suit(const om_conv2d_shape s) {
  const ptrdiff_t pixel = s.stride_width * s.channels, run = s.kernel_width * s.channels;
  return OM_LANES > 1 && __builtin_constant_p(pixel) && s.groups == 1 && s.kernel_width > 1 && s.dilation_width == 1 &&
         (s.x_pixel == 0 || s.x_pixel == s.channels) && s.kernel_height * run <= OM_K_BLOCK &&
         s.out_channels <= OM_MOST_LINE_FILTERS && s.out_width >= OM_LINE_PIXELS &&
         s.kernel_height * om_line_length(s) <= OM_LINE_ROOM;
}

/* Where a pointer comes from the compiler forgets. It would see that windows of neighbours share numbers, and keep each for the
 * steps to come, in more registers than there are. */
#define OM_FORGET(pointer) __asm__("" : "+r"(pointer))

/* Before a loop that stays one: with copies of its body GCC adds up one pixel after the other, and each sum waits for itself. */
#ifdef __clang__
#define OM_ROLLED OM_PRAGMA(clang loop unroll(disable))
#else
#define OM_ROLLED OM_PRAGMA(GCC unroll 1)
#endif

/* The window of a pixel is `lines` pieces of `run` floats, a line apart. */
typedef struct om_lines {
  const float *from; /* of the first pixel */
  ptrdiff_t line, lines;
  ptrdiff_t pixel, run; /* floats from one pixel's piece to the next one's, and of each */
} om_lines;

/* Adds the products of `pixels` windows and `vectors` vectors of filters to sum[pixels * vectors]. */
OM_INLINE void om_lines_multiply(const om_lines x, const float *b, const ptrdiff_t b_row, om_vf *sum, const int pixels,
                                 const int vectors) {
  for (ptrdiff_t line = 0; line < x.lines; line++) {
    const float *a = x.from + line * x.line;
OM_ROLLED
    for (ptrdiff_t k = 0; k < x.run; k++, a++, b += b_row) {
      OM_FORGET(a);
      om_vf filters[OM_TILE_VECTORS];
OM_UNROLL(4)
      for (int v = 0; v < vectors; v++) filters[v] = om_load(b + v * OM_LANES);
OM_UNROLL(16)
      for (int p = 0; p < pixels; p++)
OM_UNROLL(4)
        for (int v = 0; v < vectors; v++) sum[p * vectors + v] += om_splat(a[p * x.pixel]) * filters[v];
    }
  }
}

#if OM_LANES == 16
/* The same for no more filters than half a vector has lanes: half of AVX-512's work on processors that do it in two steps. */
OM_INLINE void om_lines_multiply_half(const om_lines x, const float *b, const ptrdiff_t b_row, om_vf *sum, const int pixels) {
  typedef float half __attribute__((vector_size(32)));
  half low[OM_LINE_PIXELS];
OM_UNROLL(16)
  for (int p = 0; p < pixels; p++) low[p] = __builtin_shufflevector(sum[p], sum[p], 0, 1, 2, 3, 4, 5, 6, 7);
  for (ptrdiff_t line = 0; line < x.lines; line++) {
    const float *a = x.from + line * x.line;
OM_ROLLED
    for (ptrdiff_t k = 0; k < x.run; k++, a++, b += b_row) {
      OM_FORGET(a);
      half filters;
      memcpy(&filters, b, sizeof filters);
OM_UNROLL(16)
      for (int p = 0; p < pixels; p++) low[p] += a[p * x.pixel] * filters;
    }
  }
OM_UNROLL(16)
  for (int p = 0; p < pixels; p++)
    sum[p] = __builtin_shufflevector(low[p], low[p], 0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
}
#endif

/* What becomes of the sums of a panel's `columns` filters. */
typedef struct om_line_end {
  const float *bias; /* of these filters, or NULL */
  ptrdiff_t columns;
  om_limits limits;
  ptrdiff_t c_row; /* elements from one pixel of the output to the next */
} om_line_end;

/* One tile: `pixels` pixels times `vectors` vectors, of which the last may have filters in its first lanes only. */
OM_INLINE void om_lines_tile(const om_lines x, const float *b, float *c, const om_line_end e, const int pixels,
                             const int vectors) {
  om_vf sum[OM_TILE_ROWS * OM_TILE_VECTORS < OM_LINE_PIXELS ? OM_LINE_PIXELS : OM_TILE_ROWS * OM_TILE_VECTORS];
  const ptrdiff_t last = e.columns - (vectors - 1) * OM_LANES;
OM_UNROLL(4)
  for (int v = 0; v < vectors; v++) {
    const bool whole = v < vectors - 1 || last == OM_LANES;
    om_vf first = om_splat(0.0f);
    if (e.bias) first = whole ? om_load(e.bias + v * OM_LANES) : om_load_first(e.bias + v * OM_LANES, last);
OM_UNROLL(16)
    for (int p = 0; p < pixels; p++) sum[p * vectors + v] = first;
  }
#if OM_LANES == 16
  if (vectors == 1 && last <= 8) om_lines_multiply_half(x, b, OM_LANES, sum, pixels);
  else
#endif
    om_lines_multiply(x, b, vectors * OM_LANES, sum, pixels, vectors);
OM_UNROLL(16)
  for (int p = 0; p < pixels; p++)
OM_UNROLL(4)
    for (int v = 0; v < vectors; v++) {
      float *to = c + p * e.c_row + v * OM_LANES;
      om_vf y = sum[p * vectors + v];
      if (e.limits.clamp) y = om_at_most(om_at_least(y, om_splat(e.limits.low)), om_splat(e.limits.high));
      if (v < vectors - 1 || last == OM_LANES) om_store(to, y);
      else om_store_first(to, y, last);
    }
}

/* Columns in the last of some panels. */
OM_INLINE ptrdiff_t om_last_columns(ptrdiff_t n, const ptrdiff_t panel) { return n - (n - 1) / panel * panel; }

/* A row of the output times one panel, in tiles of so many pixels. The last one ends where the row does, and overlaps the one
 * before. */
OM_INLINE void om_lines_tiles(const om_lines x, const ptrdiff_t width, const float *b, float *c, const om_line_end e,
                              const int pixels, const int vectors) {
  for (ptrdiff_t at = 0; at < width; at += pixels) {
    const ptrdiff_t first = om_min(at, width - pixels);
    om_lines tile = x;
    tile.from += first * x.pixel;
    om_lines_tile(tile, b, c + first * e.c_row, e, pixels, vectors);
  }
}

/* Pixels of tiles of one vector that a row is filled best with: as many as there are accumulators, or 2 or 4 less. */
OM_INLINE int om_row_tile(const ptrdiff_t width) {
  const int most = OM_LINE_PIXELS, less = most - 2, least = most - 4;
  const ptrdiff_t whole = om_round_up(width, most), by_less = om_round_up(width, less);
  if (width < less || om_round_up(width, least) < om_min(whole, by_less)) return least;
  return width < most || by_less < whole ? less : most;
}

/* The same for a panel of `columns` filters: tiles of one vector are as high as the row is filled best with. */
OM_INLINE void om_lines_panel(const om_lines x, const ptrdiff_t width, const float *b, float *c, om_line_end e,
                              const ptrdiff_t columns, const bool wide) {
  const int tile = om_row_tile(width);
  e.columns = columns;
  if (wide) om_lines_tiles(x, width, b, c, e, OM_TILE_ROWS, OM_TILE_VECTORS);
  else if (tile == OM_LINE_PIXELS - 4) om_lines_tiles(x, width, b, c, e, OM_LINE_PIXELS - 4, 1);
  else if (tile == OM_LINE_PIXELS - 2) om_lines_tiles(x, width, b, c, e, OM_LINE_PIXELS - 2, 1);
  else om_lines_tiles(x, width, b, c, e, OM_LINE_PIXELS, 1);
}

/* A line with the zeros on its sides: `length` floats, of which `floats` of the image begin at `pad`; a negative pad crops. */
OM_INLINE void om_pad_line(const float *from, ptrdiff_t floats, ptrdiff_t pad, ptrdiff_t length, float *to) {
  const ptrdiff_t begin = om_min(om_max(0, pad), length), end = from ? om_max(begin, om_min(pad + floats, length)) : begin;
  for (ptrdiff_t i = 0; i < begin; i++) to[i] = 0.0f;
  if (end > begin) memcpy(to + begin, from + (begin - pad), (size_t)(end - begin) * sizeof(float));
  for (ptrdiff_t i = end; i < length; i++) to[i] = 0.0f;
}

/* As om_conv2d_f32, for what om_lines_suit() says, and without a residual. */
OM_INLINE void om_conv2d_lines_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s,
                                   const om_epilogue e, void *scratch) {
  const ptrdiff_t y_pixel = s.y_pixel ? s.y_pixel : s.out_channels, n = s.out_channels, line = s.width * s.channels;
  const ptrdiff_t depth = s.kernel_height * s.kernel_width * s.channels, length = (ptrdiff_t)om_line_length(s);
  const ptrdiff_t vectors = (n + OM_LANES - 1) / OM_LANES, wide = vectors / OM_TILE_VECTORS * OM_PANEL;
  float *own = (float *)om_own_scratch(scratch);
  const om_lines lines = {.from = own,
                          .line = length,
                          .lines = s.kernel_height,
                          .pixel = s.stride_width * s.channels,
                          .run = s.kernel_width * s.channels};
  OM_EACH_ROW(row, s.batch * s.out_height, s.out_width * depth * n / 16) {
    const float *image = x + row / s.out_height * s.height * line;
    for (ptrdiff_t ky = 0; ky < s.kernel_height; ky++) {
      const ptrdiff_t at = row % s.out_height * s.stride_height - s.pad_top + ky * s.dilation_height;
      const float *from = at >= 0 && at < s.height ? image + at * line : NULL;
      om_pad_line(from, line, s.pad_left * s.channels, length, own + ky * length);
    }
    float *to = y + row * s.out_width * y_pixel;
    om_line_end end = {.limits = om_limits_of(e), .c_row = y_pixel};
    for (ptrdiff_t n0 = 0; n0 < n; n0 += n0 < wide ? OM_PANEL : OM_LANES) {
      const float *b = packed + n0 * depth;
      if (e.bias) end.bias = e.bias + n0;
      if (n0 + OM_PANEL <= n) om_lines_panel(lines, s.out_width, b, to + n0, end, OM_PANEL, true);
      else if (n0 < wide) om_lines_panel(lines, s.out_width, b, to + n0, end, om_last_columns(n, OM_PANEL), true);
      else if (n0 + OM_LANES <= n) om_lines_panel(lines, s.out_width, b, to + n0, end, OM_LANES, false);
      else om_lines_panel(lines, s.out_width, b, to + n0, end, om_last_columns(n, OM_LANES), false);
    }
    if (e.activation != OM_ACT_NONE && !end.limits.clamp)
      for (ptrdiff_t i = 0; i < s.out_width; i++) om_activate_row_f32(to + i * y_pixel, n, e.activation, e.alpha, e.beta);
  }
}

#endif
