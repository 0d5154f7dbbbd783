/* The packing of src/lowering/pack.ts, written again from its description; kernels.test.ts compares the two. */
#ifndef OM_PACK_H
#define OM_PACK_H

#include "check.h"
#include "depthwise.h"
#include "grouped.h"
#include "winograd.h"

/* Per group, taps by channels by outputs. */
static inline float *pack_conv(const om_conv2d_shape *s, const float *w) {
  const ptrdiff_t depth = s->channels / s->groups, out = s->out_channels / s->groups;
  const ptrdiff_t taps = s->kernel_height * s->kernel_width;
  float *packed = (float *)check_alloc((size_t)s->groups * OM_GEMM_PACKED(taps * depth, out) * sizeof(float));
  float *matrix = (float *)check_alloc((size_t)(taps * depth * out) * sizeof(float));
  for (ptrdiff_t g = 0; g < s->groups; g++) {
    for (ptrdiff_t tap = 0; tap < taps; tap++)
      for (ptrdiff_t c = 0; c < depth; c++)
        for (ptrdiff_t o = 0; o < out; o++)
          matrix[(tap * depth + c) * out + o] = w[((g * out + o) * depth + c) * taps + tap];
    om_gemm_pack_f32(matrix, out, 1, taps * depth, out, packed + g * OM_GEMM_PACKED(taps * depth, out));
  }
  free(matrix);
  return packed;
}

static inline float *pack_depthwise(const om_conv2d_shape *s, const float *w) {
  const ptrdiff_t taps = s->kernel_height * s->kernel_width, row = om_round_up(s->channels, OM_LANES);
  float *packed = (float *)check_alloc((size_t)(taps * row) * sizeof(float));
  for (ptrdiff_t tap = 0; tap < taps; tap++)
    for (ptrdiff_t c = 0; c < row; c++) packed[tap * row + c] = c < s->channels ? w[c * taps + tap] : 0.0f;
  return packed;
}

/* Vectors of outputs, each taps by channels. */
static inline float *pack_grouped(const om_conv2d_shape *s, const float *w) {
  const ptrdiff_t channels = s->channels / s->groups, taps = s->kernel_height * s->kernel_width, depth = taps * channels;
  float *packed = (float *)check_alloc((size_t)OM_GROUPED_PACKED(s->kernel_height, s->kernel_width, channels, s->out_channels) * sizeof(float));
  for (ptrdiff_t o = 0; o < om_round_up(s->out_channels, OM_LANES); o++)
    for (ptrdiff_t k = 0; k < depth; k++)
      packed[(o / OM_LANES * depth + k) * OM_LANES + o % OM_LANES] =
          o < s->out_channels ? w[(o * channels + k % channels) * taps + k / channels] : 0.0f;
  return packed;
}

/* G w Gᵀ per pair of channels, written again from the definition. */
static inline float *pack_winograd(const om_conv2d_shape *s, const float *w) {
  const double p[5] = {0, OM_WINOGRAD_A, -OM_WINOGRAD_A, OM_WINOGRAD_B, -OM_WINOGRAD_B};
  double g[6][3] = {{0}};
  for (int i = 0; i < 5; i++) {
    double distances = 1;
    for (int j = 0; j < 5; j++) distances *= i == j ? 1 : p[i] - p[j];
    for (int k = 0; k < 3; k++) g[i][k] = pow(p[i], k) / distances;
  }
  g[5][2] = 1;
  const ptrdiff_t each = OM_GEMM_PACKED(s->channels, s->out_channels);
  float *packed = (float *)check_alloc((size_t)OM_WINOGRAD_PACKED(s->channels, s->out_channels) * sizeof(float));
  float *matrix = (float *)check_alloc((size_t)(s->channels * s->out_channels) * sizeof(float));
  for (int i = 0; i < 36; i++) {
    for (ptrdiff_t c = 0; c < s->channels; c++)
      for (ptrdiff_t o = 0; o < s->out_channels; o++) {
        double sum = 0;
        for (int tap = 0; tap < 9; tap++)
          sum += g[i / 6][tap / 3] * g[i % 6][tap % 3] * w[(o * s->channels + c) * 9 + tap];
        matrix[c * s->out_channels + o] = (float)sum;
      }
    om_gemm_pack_f32(matrix, s->out_channels, 1, s->channels, s->out_channels, packed + i * each);
  }
  free(matrix);
  return packed;
}

/* W or R, [directions, gates * hidden, depth]; `split`: R of a GRU. */
static inline float *pack_recurrent(const float *matrix, ptrdiff_t directions, ptrdiff_t gates, ptrdiff_t hidden,
                                    ptrdiff_t depth, bool split) {
  const ptrdiff_t rows = gates * hidden, first = split ? 2 * hidden : rows, rest = rows - first;
  const size_t each = (size_t)(OM_GEMM_PACKED(depth, first) + OM_GEMM_PACKED(depth, rest));
  float *packed = (float *)check_alloc((size_t)directions * each * sizeof(float));
  for (ptrdiff_t d = 0; d < directions; d++) {
    float *to = packed + (size_t)d * each;
    om_gemm_pack_f32(matrix + d * rows * depth, 1, depth, depth, first, to);
    om_gemm_pack_f32(matrix + (d * rows + first) * depth, 1, depth, depth, rest, to + OM_GEMM_PACKED(depth, first));
  }
  return packed;
}

#endif
