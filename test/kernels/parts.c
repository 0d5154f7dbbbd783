/* Kernels whose parts threads share: each part is computed once, by whoever claims it, and as it is without threads. */
#define OM_THREADS
#define OM_LEAST_PART 1 /* parts as small as can be */
#include "conv-integer.h"
#include "conv.h"
#include "depthwise.h"
#include "grouped.h"
#include "normalize.h"
#include "order.h"
#include "pool-nd.h"
#include "pool.h"
#include "reduce-any.h"
#include "reduce.h"
#include "resize.h"
#include "sample.h"
#include "softmax.h"
#include "trees.h"
#include "windows.h"

#include "check.h"

#define UNTOUCHED UINT32_C(0x7fc12345)

static float *x, *more;
static uint32_t y[1 << 17];
static double doubles[1 << 12];
static om_resize_taps taps[512];
static int64_t picks[512];
static bool seen[8];

/* Which elements a thread that takes every other part writes, and whether both together write what one writes. */
static void check(const char *name, om_shared_kernel *kernel) {
  static uint32_t alone[1 << 17], half[2][1 << 17];
  const size_t count = sizeof y / sizeof *y;
  ptrdiff_t written[2] = {0, 0};
  check_cases++;
  for (size_t i = 0; i < count; i++) y[i] = UNTOUCHED;
  om_run_share(kernel, NULL, (om_share){.parts = NULL});
  memcpy(alone, y, sizeof y);
  for (turn = 0; turn < 2; turn++) {
    om_parts parts = {0};
    static double own[4096];
    for (size_t i = 0; i < count; i++) y[i] = UNTOUCHED;
    om_run_share(kernel, NULL, (om_share){.parts = &parts, .scratch = own});
    memcpy(half[turn], y, sizeof y);
  }
  for (size_t i = 0; i < count; i++) {
    const bool first = half[0][i] != UNTOUCHED, second = half[1][i] != UNTOUCHED;
    written[0] += first, written[1] += second;
    if (first && second) fail("%s: element %d is computed twice", name, (int)i);
    else if ((first ? half[0] : half[1])[i] != alone[i]) fail("%s: element %d is another one", name, (int)i);
  }
  if (written[0] == 0 || written[1] == 0) fail("%s: one thread does all of it", name);
}

#define KERNEL(name, body)               \
  static void name(const void *unused) { \
    float *to = (float *)y;              \
    (void)unused, (void)to;              \
    body;                                \
  }

KERNEL(softmax_rows, om_softmax_f32(x, to, 40, 70, 1))
KERNEL(softmax_short, om_softmax_f32(x, to, 400, 5, 1))
KERNEL(softmax_columns, om_softmax_f32(x, to, 3, 9, 200))
KERNEL(softmax_matrices, om_softmax_f32(x, to, 200, 3, 4))
KERNEL(logarithms, om_logsoftmax_f32(x, to, 40, 70, 1))
KERNEL(layers, om_layernorm_f32(x, more, more, to, to + 10000, to + 20000, 50, 70, 1e-5f))
KERNEL(squares, om_rmsnorm_f32(x, more, to, 50, 70, 1e-5f))
KERNEL(groups, om_groupnorm_f32(x, more, more, to, 3, 4, 2, 30, 1e-5f))
KERNEL(neighbours, om_lrn_f32(x, to, 3, 8, 40, 5, 1e-4f, 0.75f, 1.0f))
KERNEL(sums_of_rows, om_reduce_f32(x, to, 90, 50, 1, OM_REDUCE_SUM))
KERNEL(sums_of_columns, om_reduce_f32(x, to, 2, 50, 300, OM_REDUCE_LOG_SUM_EXP))
KERNEL(sums_of_few, om_reduce_f32(x, to, 90, 3, 5, OM_REDUCE_MAX))
KERNEL(means, om_global_avgpool_f32(x, to, 2, 30, 203))
KERNEL(doubles_reduced, OM_REDUCE_ANY(doubles, (double *)y, 3, 12, 100, double, 0, sum + v, sum))
KERNEL(doubles_by_powers, om_log_sum_exp_f64(doubles, (double *)y, 90, 12, 1))
KERNEL(places, OM_ARG(x, (int64_t *)y, 3, 12, 100, float, v > top))
KERNEL(largest, OM_HARDMAX(x, to, 70, 12, 1, float))

static const om_resize last_axis = {60, 20, 50, 1, OM_HALF_PIXEL, 2.5, false, 0, 1, 0, 0, 0};
static const om_resize first_axis = {1, 20, 50, 60, OM_HALF_PIXEL, 2.5, false, 0, 1, 0, 0, 0};
static const om_resize smaller = {5, 200, 50, 7, OM_HALF_PIXEL, 0.25, false, 0, 1, 0, 0, 0};
/* Pixels of 7 elements, which are read from among 10 and written among 12. */
static const om_resize among_others = {60, 20, 50, 7, OM_HALF_PIXEL, 2.5, false, 0, 1, 0, 10, 12};
static const om_filter linear = {1, 0, false, false}, cubic = {2, -0.75, false, false}, smooth = {1, 0, true, false};
static const float filler = 0.0f;
KERNEL(linear_elements, om_resize_f32(x, to, &last_axis, &linear, taps, NULL))
KERNEL(cubic_rows, om_resize_f32(x, to, &first_axis, &cubic, taps, NULL))
KERNEL(smooth_rows, om_resize_f32(x, to, &smaller, &smooth, NULL, doubles))
KERNEL(nearest_elements, om_resize_nearest(x, y, &last_axis, OM_ROUND_FLOOR, &filler, 4, picks))
KERNEL(linear_pixels, om_resize_f32(x, to, &among_others, &linear, taps, NULL))
KERNEL(nearest_pixels, om_resize_nearest(x, y, &among_others, OM_ROUND_FLOOR, &filler, 4, picks))
KERNEL(nearest_rows, om_resize_nearest(x, y, &first_axis, OM_ROUND_FLOOR, &filler, 4, picks))

static const om_window_nd window = {.rank = 2, .in = {12, 17}, .out = {5, 8}, .kernel = {3, 2}, .stride = {2, 2},
                                    .dilation = {1, 1}, .pad_begin = {0, 0}, .pad_end = {0, 0}};
KERNEL(norms, om_lppool_nd_f32(x, to, 2.0f, 12, &window))
KERNEL(largest_floats, om_maxpool_nd_f32(x, to, (int64_t *)(y + 20000), false, 12, &window))
KERNEL(largest_bytes, om_maxpool_nd_u8((const uint8_t *)x, (uint8_t *)y, NULL, false, 12, &window))
KERNEL(averages, om_avgpool_nd_f32(x, to, 12, &window, true))
KERNEL(convolved, om_conv_nd_f32(x, more, NULL, to, 2, 4, 6, 2, &window))
KERNEL(windows_added, om_col2im_f32(x, more, to, 12, 6, &window))

#define IMAGE(lines, pixels, planes, kernel)                                                                                \
  ((om_conv2d_shape){.batch = 1, .height = lines, .width = pixels, .channels = planes, .out_height = lines,                  \
                     .out_width = pixels, .out_channels = 24, .kernel_height = 1, .kernel_width = kernel,                    \
                     .stride_height = 1, .stride_width = 1, .dilation_height = 1, .dilation_width = 1, .pad_left = 2, .groups = 1})
static om_conv2d_shape by_planes(om_conv2d_shape s) {
  s.groups = s.out_channels = s.channels;
  return s;
}
static const om_epilogue epilogue = {.activation = OM_ACT_TANH};
KERNEL(depthwise_lines, om_depthwise2d_f32(x, more, to, by_planes(IMAGE(20, 30, 40, 5)), epilogue))
KERNEL(depthwise_line, om_depthwise2d_f32(x, more, to, by_planes(IMAGE(1, 60, 4 * 64 + 5, 5)), epilogue))
static om_conv2d_shape by_pairs(om_conv2d_shape s) {
  s.groups = s.channels / 2, s.out_channels = s.channels;
  return s;
}
KERNEL(pairs_of_channels, om_grouped2d_f32(x, more, to, by_pairs(IMAGE(20, 30, 40, 5)), epilogue, doubles))
KERNEL(few_channels, om_conv2d_lines_f32(x, more, to, IMAGE(20, 30, 3, 5), epilogue, doubles))

static const om_grid grid = {2, OM_SAMPLE_CUBIC, OM_SAMPLE_BORDER, false, {12, 17}};
KERNEL(sampled, om_grid_sample_f32(x, more, to, &grid, 2, 3, 100))
KERNEL(deformed, om_deform_conv_f32(x, more, more, NULL, more, to, 2, 4, 6, 2, 1, &window))

/* Two trees of one test each. */
static const om_tree_node_f32 nodes[] = {{0.0f, 1, 0}, {0, 0, 0}, {0, 1, 0}, {0.5f, 4, 1}, {0, 3, 0}, {0, 4, 0}};
static const int32_t roots[] = {0, 3}, depths[] = {1, 1}, leaves[] = {0, 0, 1, 0, 2, 3};
static const om_tree_node_f32 *const tree_nodes = nodes;
#define TREES(aggregate) ((om_trees){2, 3, 2, 2, 0, 0, aggregate, roots, depths, leaves, NULL, NULL})
KERNEL(sums_of_trees, om_tree_scores_f32(TREES(OM_TREE_SUM), tree_nodes, x, to, 200, more, more, NULL))
KERNEL(least_of_trees, om_tree_scores_f32(TREES(OM_TREE_MIN), tree_nodes, x, to, 200, more, more, seen))

/* Products of bytes: where rows are few the columns are shared, and the blocks of rows of which there are many. */
static int8_t panels[OM_INT_PACKED(20, 132)];
static int32_t column_sums[132];
static float column_scales[132];
#define PRODUCT(rows, columns)                                                                               \
  ((om_int_product){.m = rows, .n = columns, .k = 20, .packed = panels, .sums = column_sums, .b_signed = true, \
                    .result = OM_INT_UINT8, .scale = column_scales, .scale_step = 1, .y = y, .y_row = columns})
static double room[4096];
KERNEL(bytes_by_a_row, om_int_gemm(x, PRODUCT(1, 132), room))
KERNEL(bytes_by_columns, om_int_gemm(x, PRODUCT(OM_INT_BLOCK_ROWS + 1, 132), room))
KERNEL(bytes_by_rows, om_int_gemm(x, PRODUCT(OM_INT_FEW_BLOCKS * OM_INT_BLOCK_ROWS + 1, 8), room))
static const om_int_convolution of_bytes = {.batch = 2, .channels = 2, .out_channels = 132, .groups = 1,
                                            .window = {.rank = 2, .in = {5, 9}, .out = {5, 5}, .kernel = {2, 5}, .stride = {1, 1},
                                                       .dilation = {1, 1}, .pad_end = {1, 0}}};
KERNEL(windows_of_bytes, om_conv_integers(x, &of_bytes, &(om_int_product){.packed = panels, .sums = column_sums, .b_signed = true,
                                          .result = OM_INT_UINT8, .scale = column_scales, .scale_step = 1, .y = y}, room))

#define CHECK(name) check(#name, name)

int main(void) {
  x = floats(1 << 17), more = floats(1 << 17);
  for (size_t i = 0; i < sizeof doubles / sizeof *doubles; i++) doubles[i] = x[i];
  om_pack_integers(more, (om_int_strides){20, 0, 132, 1}, 20, 132, true, panels, column_sums);
  for (int i = 0; i < 132; i++) column_scales[i] = 0.001f;
  CHECK(softmax_rows), CHECK(softmax_short), CHECK(softmax_columns), CHECK(softmax_matrices), CHECK(logarithms);
  CHECK(layers), CHECK(squares), CHECK(groups), CHECK(neighbours);
  CHECK(sums_of_rows), CHECK(sums_of_columns), CHECK(sums_of_few), CHECK(means), CHECK(doubles_reduced);
  CHECK(doubles_by_powers), CHECK(places), CHECK(largest);
  CHECK(linear_elements), CHECK(cubic_rows), CHECK(nearest_elements), CHECK(nearest_rows);
  CHECK(linear_pixels), CHECK(nearest_pixels);
  CHECK(norms), CHECK(largest_floats), CHECK(largest_bytes), CHECK(averages), CHECK(convolved), CHECK(windows_added);
  CHECK(depthwise_lines), CHECK(depthwise_line), CHECK(few_channels), CHECK(pairs_of_channels);
  CHECK(sampled), CHECK(deformed), CHECK(sums_of_trees), CHECK(least_of_trees);
  CHECK(smooth_rows);
  CHECK(bytes_by_a_row), CHECK(bytes_by_columns), CHECK(bytes_by_rows), CHECK(windows_of_bytes);
  free(x), free(more);
  return check_done("parts");
}
