/* Two-dimensional convolutions over NHWC as matrix products whose rows are gathered from the window of each output
 * pixel, and depthwise ones directly. Fully connected layers and 1x1 convolutions are the plain product of gemm.h. */
#ifndef OM_CONV_H
#define OM_CONV_H

#include "conv-lines.h"
#include "gemm.h"
#include "window.h"

/* Where the rows of one image's windows come from. */
typedef struct om_window {
  const float *image; /* first channel of the group */
  ptrdiff_t pixel;    /* elements between neighbouring pixels */
  ptrdiff_t channels; /* of the group */
  om_conv2d_shape s;
} om_window;

/* Windows consist of runs of neighbouring input elements: one per line of the kernel where its pixels lie densely, else
 * one per tap. This many taps are a run. */
OM_INLINE ptrdiff_t om_window_run(const om_window *w) {
  return w->pixel == w->channels && w->s.dilation_width == 1 ? w->s.kernel_width : 1;
}

/* Keeps a loop from becoming a call of memset or memcpy, which takes longer than a short run. */
#define OM_KEEP_LOOP __asm__ volatile("")

/* Whole vectors of zeros over n floats and a little more: each row of the block has room for a vector behind it, and
 * what comes next in the row is written later. */
OM_INLINE void om_zero_run(float *to, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i += OM_LANES) {
    om_store(to + i, om_splat(0.0f));
    OM_KEEP_LOOP;
  }
}

/* Copies n floats, or a little more up to whole vectors where `end` allows to read them. */
OM_INLINE void om_copy_run(float *to, const float *from, ptrdiff_t n, const float *end) {
  ptrdiff_t i = 0;
  for (; i < n && end - (from + i) >= OM_LANES; i += OM_LANES) {
    om_store(to + i, om_load(from + i));
    OM_KEEP_LOOP;
  }
  for (; i < n; i++) {
    to[i] = from[i];
    OM_KEEP_LOOP;
  }
}

/* Elements k0 .. k0 + depth of the window at output pixel (out_y, out_x), anywhere, padding included. */
OM_SHARED void om_gather_border(const om_window *w, ptrdiff_t out_y, ptrdiff_t out_x, ptrdiff_t k0, ptrdiff_t depth,
                                float *to) {
  const om_conv2d_shape *s = &w->s;
  const ptrdiff_t taps = om_window_run(w), per_line = s->kernel_width / taps, length = taps * w->channels;
  const float *end = w->image + (s->height * s->width - 1) * w->pixel + w->channels;
  const ptrdiff_t run = k0 / length;
  ptrdiff_t ky = run / per_line, kx = run % per_line, begin = k0 % length;
  for (ptrdiff_t left = depth, count; left > 0; left -= count, to += count, begin = 0) {
    count = om_min(length - begin, left);
    const ptrdiff_t y = out_y * s->stride_height - s->pad_top + ky * s->dilation_height;
    const ptrdiff_t x = out_x * s->stride_width - s->pad_left + kx * s->dilation_width;
    if (++kx == per_line) kx = 0, ky++;
    /* The part of the run inside the line: padding is at its ends only. */
    const ptrdiff_t first = om_max(begin, -x * w->channels);
    const ptrdiff_t last = om_min(begin + count, (s->width - x) * w->channels);
    if (y < 0 || y >= s->height || first >= last) {
      om_zero_run(to, count);
      continue;
    }
    om_zero_run(to, first - begin);
    om_copy_run(to + (first - begin), w->image + (y * s->width + x) * w->pixel + first, last - first, end);
    om_zero_run(to + (last - begin), begin + count - last);
  }
}

/* om_gather of a convolution: row = output pixel. */
OM_INLINE void om_gather_window(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k0, const ptrdiff_t depth,
                                float *block) {
  const om_window w = *(const om_window *)source;
  const om_window border = w; /* a copy to pass by reference, so that w stays a constant for the compiler */
  const om_conv2d_shape s = w.s;
  const ptrdiff_t taps = om_window_run(&w), length = taps * w.channels;
  const ptrdiff_t lines = s.kernel_height, per_line = s.kernel_width / taps;
  const bool all = k0 == 0 && depth == lines * per_line * length;
  const om_span inside_y =
      om_span_inside(s.out_height, s.height, s.kernel_height, s.stride_height, s.dilation_height, s.pad_top);
  const om_span inside_x =
      om_span_inside(s.out_width, s.width, s.kernel_width, s.stride_width, s.dilation_width, s.pad_left);
  ptrdiff_t y = row / s.out_width, x = row % s.out_width;
  for (ptrdiff_t r = 0; r < rows; r++, block += OM_A_ROW) {
    if (y < inside_y.begin || y >= inside_y.end || x < inside_x.begin || x >= inside_x.end) {
      om_gather_border(&border, y, x, k0, depth, block);
    } else {
      const float *from =
          w.image + ((y * s.stride_height - s.pad_top) * s.width + x * s.stride_width - s.pad_left) * w.pixel;
      float *to = block;
      if (all) {
        for (ptrdiff_t ky = 0; ky < lines; ky++)
          for (ptrdiff_t kx = 0; kx < per_line; kx++, to += length)
            memcpy(to, from + (ky * s.dilation_height * s.width + kx * s.dilation_width) * w.pixel,
                   (size_t)length * sizeof(float));
      } else {
        for (ptrdiff_t k = k0, count; k < k0 + depth; k += count, to += count) {
          const ptrdiff_t run = k / length, begin = k % length;
          count = om_min(length - begin, k0 + depth - k);
          const float *line =
              from + (run / per_line * s.dilation_height * s.width + run % per_line * s.dilation_width) * w.pixel;
          memcpy(to, line + begin, (size_t)count * sizeof(float));
        }
      }
    }
    if (++x == s.out_width) x = 0, y++;
  }
}

/* Floats of the packed weights: per group one packed matrix [kernel_height * kernel_width * channels / groups,
 * out_channels / groups]. See packConvWeights in src/lowering/pack.ts. */
#define OM_CONV2D_PACKED(kernel_height, kernel_width, channels, out_channels, groups)                                  \
  ((groups) * OM_GEMM_PACKED((kernel_height) * (kernel_width) * ((channels) / (groups)), (out_channels) / (groups)))

/* Packs filters [out, channels, taps] as the matrix [taps * channels, out], in panels of up to `wide` columns, or of a vector. */
OM_INLINE float *om_pack_filters(const float *w, ptrdiff_t out, ptrdiff_t channels, ptrdiff_t taps, const ptrdiff_t wide,
                                 float *packed) {
  for (ptrdiff_t n0 = 0, width; n0 < out; n0 += width) {
    width = out - n0 > wide - OM_LANES ? wide : OM_LANES;
    const ptrdiff_t columns = om_min(width, out - n0);
    for (ptrdiff_t tap = 0; tap < taps; tap++)
      for (ptrdiff_t c = 0; c < channels; c++, packed += width) {
        const float *from = w + (n0 * channels + c) * taps + tap;
        for (ptrdiff_t j = 0; j < columns; j++) packed[j] = from[j * channels * taps];
        for (ptrdiff_t j = columns; j < width; j++) packed[j] = 0.0f;
      }
  }
  return packed;
}

/* Packs ONNX weights [out_channels, channels, taps], `channels` those of a group, as packConvWeights does. */
OM_SHARED void om_conv2d_pack_f32(const float *w, ptrdiff_t out_channels, ptrdiff_t channels, ptrdiff_t taps,
                                  ptrdiff_t groups, float *packed) {
  const ptrdiff_t group_out = out_channels / groups;
  for (ptrdiff_t group = 0; group < groups; group++, w += group_out * channels * taps)
    packed = om_pack_filters(w, group_out, channels, taps, OM_PANEL, packed);
}

/* y[n, y, x, o] = act(sum over window and channels of x·w + bias[o] + residual[n, y, x, o]).
 * residual_row of the epilogue: elements between the residual's pixels. scratch: OM_GEMM_SCRATCH bytes. */
OM_INLINE void om_conv2d_f32(const float *x, const float *packed, float *y, const om_conv2d_shape s,
                             const om_epilogue e, void *scratch) {
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.out_channels;
  const ptrdiff_t channels = s.channels / s.groups, out_channels = s.out_channels / s.groups;
  const ptrdiff_t pixels = s.out_height * s.out_width, depth = s.kernel_height * s.kernel_width * channels;
  const bool point = s.kernel_height == 1 && s.kernel_width == 1 && s.stride_height == 1 && s.stride_width == 1 &&
                     s.pad_top == 0 && s.pad_left == 0 && s.out_height == s.height && s.out_width == s.width;
  if (om_lines_suit(s) && !e.residual) {
    om_conv2d_lines_f32(x, packed, y, s, e, scratch);
    return;
  }
  for (ptrdiff_t image = 0; image < s.batch; image++)
    for (ptrdiff_t group = 0; group < s.groups; group++) {
      const om_window source = {x + image * s.height * s.width * x_pixel + group * channels, x_pixel, channels, s};
      om_gemm_shape g = {
          .m = pixels, .n = out_channels, .k = depth, .k_unit = om_window_run(&source) * channels, .c_row = y_pixel};
      om_epilogue part = e;
      part.residual_row = e.residual_row ? e.residual_row : s.out_channels;
      if (e.bias) part.bias = e.bias + group * out_channels;
      if (e.residual) part.residual = e.residual + image * pixels * part.residual_row + group * out_channels;
      const float *weights = packed + group * OM_GEMM_PACKED(depth, out_channels);
      float *to = y + image * pixels * y_pixel + group * out_channels;
      if (point) {
        const om_matrix rows = {source.image, x_pixel, 1};
        om_gemm_gathered_f32(om_gather_matrix, &rows, weights, to, g, part, scratch);
      } else om_gemm_gathered_f32(om_gather_window, &source, weights, to, g, part, scratch);
    }
}

/* A factor per image and channel. */
typedef struct om_gate {
  const float *data;
  ptrdiff_t image; /* elements between those of two images; 0: one for all */
} om_gate;

/* Rows that are multiplied, element by element, with a gate. */
typedef struct om_gated_rows {
  om_matrix rows;
  const float *gate;
} om_gated_rows;

OM_INLINE void om_gather_gated(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k0, ptrdiff_t depth,
                               float *block) {
  const om_gated_rows *gated = (const om_gated_rows *)source;
  const float *from = gated->rows.data + row * gated->rows.row + k0, *gate = gated->gate + k0;
  for (ptrdiff_t r = 0; r < rows; r++, from += gated->rows.row, block += OM_A_ROW)
    for (ptrdiff_t k = 0; k < depth; k++) block[k] = from[k] * gate[k];
}

/* om_conv2d_f32 of x[n, y, x, c]·gate[n, c], one by one and step by step: squeeze and excite, whose product is made while rows
 * are gathered. */
OM_INLINE void om_conv2d_gated_f32(const float *x, const om_gate gate, const float *packed, float *y,
                                   const om_conv2d_shape s, const om_epilogue e, void *scratch) {
  const ptrdiff_t pixels = s.height * s.width;
  const om_gemm_shape g = {.m = pixels, .n = s.out_channels, .k = s.channels};
  om_epilogue part = e;
  part.residual_row = e.residual_row ? e.residual_row : s.out_channels;
  for (ptrdiff_t image = 0; image < s.batch; image++) {
    const om_gated_rows source = {{x + image * pixels * s.channels, s.channels, 1}, gate.data + image * gate.image};
    if (e.residual) part.residual = e.residual + image * pixels * part.residual_row;
    om_gemm_gathered_f32(om_gather_gated, &source, packed, y + image * pixels * s.out_channels, g, part, scratch);
  }
}

/* For a shape that is not known when compiling, and no activation but Relu and Clip. */
OM_SHARED void om_conv2d_any_f32(const float *x, const float *packed, float *y, const om_conv2d_shape *s,
                                 const om_epilogue *given, void *scratch) {
  om_conv2d_f32(x, packed, y, *s, om_as_clip(*given), scratch);
}

#endif
