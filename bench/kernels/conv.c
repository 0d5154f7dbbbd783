/* The convolutions of models that we measure by, 3x3 ones by Winograd where that pays: its operations are counted as those
 * of the direct form, so that it may be above the roof. */
#include "conv.h"
#include "depthwise.h"
#include "grouped.h"
#include "winograd.h"

#include "bench.h"

#define RUN(goal, title, shape, packed, call)                                                                          \
  do {                                                                                                                 \
    const om_conv2d_shape s = shape;                                                                                   \
    if (!bench_kernel(goal, title " %dx%d %d -> %d, kernel %d stride %d", (int)s.height, (int)s.width,                 \
                      (int)s.channels, (int)s.out_channels, (int)s.kernel_width, (int)s.stride_height))                \
      break;                                                                                                           \
    float *x = measure_floats(s.height * s.width * s.channels), *w = measure_floats(packed);                           \
    float *y = measure_floats(s.out_height * s.out_width * s.out_channels);                                            \
    void *scratch = measure_floats(om_max(OM_GEMM_SCRATCH, OM_WINOGRAD_SCRATCH(s.channels)) / 4);                      \
    (void)scratch;                                                                                                     \
    const om_epilogue e = {.bias = measure_floats(s.out_channels), .activation = OM_ACT_RELU};                         \
    const double taps = (double)(s.kernel_height * s.kernel_width * s.channels / s.groups);                            \
    const double pixels = BENCH_PIXELS(s), channels = (double)s.out_channels;                                          \
    BENCH(2 * pixels * channels * taps, 4 * (BENCH_READ(s) + taps * channels + pixels * channels), call);              \
  } while (0)

#define SHAPE(h, w, cin, cout, kernel, stride, pad, groups_)                                                           \
  ((om_conv2d_shape){BENCH_WINDOW(h, w, cin, kernel, stride, pad), .out_channels = cout, .groups = groups_})

#define CONV(h, w_, cin, cout, kernel, stride, pad)                                                                    \
  RUN(0.7, "conv", SHAPE(h, w_, cin, cout, kernel, stride, pad, 1), OM_CONV2D_PACKED(kernel, kernel, cin, cout, 1),    \
      om_conv2d_f32(x, w, y, s, e, scratch))

#define WINOGRAD(size, cin, cout)                                                                                      \
  RUN(0.7, "winograd", SHAPE(size, size, cin, cout, 3, 1, 1, 1), OM_WINOGRAD_PACKED(cin, cout),                        \
      om_conv2d_winograd_f32(x, w, y, s, e, scratch))

#define DEPTHWISE(h, w_, channels, kernel, stride)                                                                     \
  RUN(0.77, "depthwise", SHAPE(h, w_, channels, channels, kernel, stride, kernel / 2, channels),                       \
      OM_DEPTHWISE_PACKED(kernel, kernel, channels), om_depthwise2d_f32(x, w, y, s, e))

#define GROUPED(size, cin, cout, kernel, stride, groups_)                                                              \
  RUN(0.7, "grouped", SHAPE(size, size, cin, cout, kernel, stride, kernel / 2, groups_),                               \
      OM_GROUPED_PACKED(kernel, kernel, (cin) / (groups_), cout), om_grouped2d_f32(x, w, y, s, e, scratch))

/* Over one axis. */
#define LINE(length, planes, kernel)                                                                                   \
  RUN(0.77, "depthwise line",                                                                                          \
      ((om_conv2d_shape){.batch = 1, .height = 1, .width = length, .channels = planes, .out_height = 1,                \
                         .out_width = length, .out_channels = planes, .kernel_height = 1, .kernel_width = kernel,      \
                         .stride_height = 1, .stride_width = 1, .dilation_height = 1, .dilation_width = 1,             \
                         .pad_left = kernel / 2, .groups = planes}),                                                   \
      OM_DEPTHWISE_PACKED(1, kernel, planes), om_depthwise2d_f32(x, w, y, s, e))

static void mnist(void) {
  CONV(28, 28, 1, 8, 5, 1, 2);
  CONV(14, 14, 8, 16, 5, 1, 2);
}

static void ultraface(void) {
  CONV(240, 320, 3, 16, 3, 2, 1);
  DEPTHWISE(120, 160, 16, 3, 1);
  CONV(120, 160, 16, 32, 1, 1, 0);
  DEPTHWISE(120, 160, 32, 3, 2);
  CONV(60, 80, 32, 32, 1, 1, 0);
  DEPTHWISE(60, 80, 32, 3, 1);
  DEPTHWISE(60, 80, 32, 3, 2);
  CONV(30, 40, 32, 64, 1, 1, 0);
  DEPTHWISE(30, 40, 64, 3, 1);
  CONV(30, 40, 64, 64, 1, 1, 0);
  CONV(30, 40, 64, 8, 1, 1, 0);
  CONV(30, 40, 8, 16, 3, 1, 1);
  DEPTHWISE(30, 40, 64, 3, 2);
  CONV(15, 20, 64, 128, 1, 1, 0);
  DEPTHWISE(15, 20, 128, 3, 1);
  CONV(15, 20, 128, 128, 1, 1, 0);
  DEPTHWISE(15, 20, 128, 3, 2);
  CONV(8, 10, 128, 256, 1, 1, 0);
  DEPTHWISE(8, 10, 256, 3, 1);
  CONV(8, 10, 256, 256, 1, 1, 0);
  CONV(4, 5, 256, 12, 3, 1, 1);
}

static void squeezenet(void) {
  CONV(224, 224, 3, 64, 3, 2, 0);
  CONV(55, 55, 64, 16, 1, 1, 0);
  CONV(55, 55, 16, 64, 1, 1, 0);
  WINOGRAD(55, 16, 64);
  CONV(55, 55, 128, 16, 1, 1, 0);
  CONV(27, 27, 128, 32, 1, 1, 0);
  CONV(27, 27, 32, 128, 1, 1, 0);
  WINOGRAD(27, 32, 128);
  CONV(27, 27, 256, 32, 1, 1, 0);
  CONV(13, 13, 256, 48, 1, 1, 0);
  CONV(13, 13, 48, 192, 1, 1, 0);
  WINOGRAD(13, 48, 192);
  CONV(13, 13, 384, 56, 1, 1, 0);
  CONV(13, 13, 64, 256, 1, 1, 0);
  WINOGRAD(13, 64, 256);
  CONV(13, 13, 512, 1000, 1, 1, 0);
}

static void resnet50(void) {
  CONV(224, 224, 3, 64, 7, 2, 3);
  CONV(56, 56, 64, 64, 1, 1, 0);
  WINOGRAD(56, 64, 64);
  CONV(56, 56, 64, 256, 1, 1, 0);
  CONV(56, 56, 256, 64, 1, 1, 0);
  CONV(56, 56, 256, 128, 1, 2, 0);
  CONV(56, 56, 256, 512, 1, 2, 0);
  WINOGRAD(28, 128, 128);
  CONV(28, 28, 128, 512, 1, 1, 0);
  CONV(28, 28, 512, 128, 1, 1, 0);
  CONV(28, 28, 512, 256, 1, 2, 0);
  CONV(28, 28, 512, 1024, 1, 2, 0);
  WINOGRAD(14, 256, 256);
  CONV(14, 14, 256, 1024, 1, 1, 0);
  CONV(14, 14, 1024, 256, 1, 1, 0);
  CONV(14, 14, 1024, 512, 1, 2, 0);
  CONV(14, 14, 1024, 2048, 1, 2, 0);
  CONV(7, 7, 512, 512, 3, 1, 1);
  CONV(7, 7, 512, 2048, 1, 1, 0);
  CONV(7, 7, 2048, 512, 1, 1, 0);
}

/* Few channels on one side: the first and the last layers of networks that make images of images. */
static void thin(void) {
  CONV(224, 224, 3, 8, 3, 1, 1);
  CONV(224, 224, 3, 16, 3, 2, 1);
  CONV(224, 224, 3, 32, 3, 2, 1);
  CONV(224, 224, 1, 16, 3, 1, 1);
  CONV(224, 224, 16, 3, 3, 1, 1);
  CONV(224, 224, 16, 16, 3, 1, 1);
  LINE(150, 512, 51);
  LINE(60, 176, 31);
}

static void mobilenet(void) {
  DEPTHWISE(112, 112, 32, 3, 1);
  DEPTHWISE(112, 112, 96, 3, 2);
  DEPTHWISE(56, 56, 144, 3, 1);
  DEPTHWISE(28, 28, 192, 5, 1);
  DEPTHWISE(14, 14, 512, 3, 1);
  DEPTHWISE(7, 7, 960, 5, 1);
}

/* ResNeXt, RegNet and FastViT. */
static void groups(void) {
  GROUPED(112, 64, 64, 3, 2, 32);
  GROUPED(56, 128, 128, 3, 1, 32);
  GROUPED(14, 512, 512, 3, 1, 128);
  GROUPED(56, 64, 64, 3, 1, 8);
  GROUPED(7, 368, 368, 3, 1, 46);
  GROUPED(56, 64, 128, 7, 2, 64);
}

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  mnist();
  ultraface();
  squeezenet();
  resnet50();
  thin();
  mobilenet();
  groups();
  return bench_end();
}
