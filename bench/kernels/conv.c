/* The convolutions of four models that we measure by, 3x3 ones by Winograd where that pays. Each total counts a layer
 * as often as its model has it. */
#include "conv.h"
#include "depthwise.h"
#include "winograd.h"

#include "bench.h"

#define SHAPE(h, w, cin, cout, kernel, stride, pad, groups_)                                                           \
  {BENCH_WINDOW(h, w, cin, kernel, stride, pad), .out_channels = cout, .groups = groups_}

#define RUN(count, title, weights, call)                                                                               \
  do {                                                                                                                 \
    float *x = bench_floats((size_t)(s.height * s.width * s.channels)), *w = bench_floats((size_t)(weights));          \
    float *y = bench_floats((size_t)(s.out_height * s.out_width * s.out_channels));                                    \
    const om_epilogue e = {.bias = bench_floats((size_t)s.out_channels), .activation = OM_ACT_RELU};                   \
    char name[80];                                                                                                     \
    snprintf(name, sizeof name, "%d * " title " %dx%d %d -> %d, kernel %d stride %d", count, (int)s.height,            \
             (int)s.width, (int)s.channels, (int)s.out_channels, (int)s.kernel_height, (int)s.stride_height);          \
    const double before = bench_total;                                                                                 \
    BENCH(name,                                                                                                        \
          2.0 * s.out_height * s.out_width * s.out_channels * s.kernel_height * s.kernel_width * s.channels /          \
              s.groups,                                                                                                \
          call);                                                                                                       \
    bench_total = before + (bench_total - before) * count;                                                             \
    free(x), free(w), free(y), free((void *)e.bias);                                                                   \
  } while (0)

#define CONV(count, h, w_, cin, cout, kernel, stride, pad)                                                             \
  do {                                                                                                                 \
    const om_conv2d_shape s = SHAPE(h, w_, cin, cout, kernel, stride, pad, 1);                                         \
    RUN(count, "conv", OM_CONV2D_PACKED(kernel, kernel, cin, cout, 1), om_conv2d_f32(x, w, y, s, e, scratch));         \
  } while (0)

#define WINOGRAD(count, size, cin, cout)                                                                               \
  do {                                                                                                                 \
    const om_conv2d_shape s = SHAPE(size, size, cin, cout, 3, 1, 1, 1);                                                \
    RUN(count, "winograd", OM_WINOGRAD_PACKED(cin, cout), om_conv2d_winograd_f32(x, w, y, s, e, scratch));             \
  } while (0)

#define DEPTHWISE(count, h, w_, channels, stride)                                                                      \
  do {                                                                                                                 \
    const om_conv2d_shape s = SHAPE(h, w_, channels, channels, 3, stride, 1, channels);                                \
    RUN(count, "depthwise", OM_DEPTHWISE_PACKED(3, 3, channels), om_depthwise2d_f32(x, w, y, s, e));                   \
  } while (0)

#define TOTAL(name) (printf("%s: %.1f us\n\n", name, bench_total * 1e6), bench_total = 0)

int main(void) {
  void *scratch = bench_floats(OM_WINOGRAD_SCRATCH(512) / 4);
  CONV(1, 28, 28, 1, 8, 5, 1, 2);
  CONV(1, 14, 14, 8, 16, 5, 1, 2);
  TOTAL("mnist-8");

  CONV(1, 240, 320, 3, 16, 3, 2, 1);
  DEPTHWISE(1, 120, 160, 16, 1);
  CONV(1, 120, 160, 16, 32, 1, 1, 0);
  DEPTHWISE(1, 120, 160, 32, 2);
  CONV(2, 60, 80, 32, 32, 1, 1, 0);
  DEPTHWISE(1, 60, 80, 32, 1);
  DEPTHWISE(1, 60, 80, 32, 2);
  CONV(1, 30, 40, 32, 64, 1, 1, 0);
  DEPTHWISE(3, 30, 40, 64, 1);
  CONV(4, 30, 40, 64, 64, 1, 1, 0);
  CONV(3, 30, 40, 64, 8, 1, 1, 0);
  CONV(3, 30, 40, 8, 16, 3, 1, 1);
  DEPTHWISE(1, 30, 40, 64, 2);
  CONV(1, 15, 20, 64, 128, 1, 1, 0);
  DEPTHWISE(3, 15, 20, 128, 1);
  CONV(2, 15, 20, 128, 128, 1, 1, 0);
  DEPTHWISE(1, 15, 20, 128, 2);
  CONV(1, 8, 10, 128, 256, 1, 1, 0);
  DEPTHWISE(3, 8, 10, 256, 1);
  CONV(1, 8, 10, 256, 256, 1, 1, 0);
  CONV(1, 4, 5, 256, 12, 3, 1, 1);
  TOTAL("ultraface-rfb-320, most of it");

  CONV(1, 224, 224, 3, 64, 3, 2, 0);
  CONV(1, 55, 55, 64, 16, 1, 1, 0);
  CONV(2, 55, 55, 16, 64, 1, 1, 0);
  WINOGRAD(2, 55, 16, 64);
  CONV(1, 55, 55, 128, 16, 1, 1, 0);
  CONV(1, 27, 27, 128, 32, 1, 1, 0);
  CONV(2, 27, 27, 32, 128, 1, 1, 0);
  WINOGRAD(2, 27, 32, 128);
  CONV(1, 27, 27, 256, 32, 1, 1, 0);
  CONV(1, 13, 13, 256, 48, 1, 1, 0);
  CONV(2, 13, 13, 48, 192, 1, 1, 0);
  WINOGRAD(2, 13, 48, 192);
  CONV(2, 13, 13, 384, 56, 1, 1, 0);
  CONV(2, 13, 13, 64, 256, 1, 1, 0);
  WINOGRAD(2, 13, 64, 256);
  CONV(1, 13, 13, 512, 1000, 1, 1, 0);
  TOTAL("light-squeezenet");

  CONV(1, 224, 224, 3, 64, 7, 2, 3);
  CONV(1, 56, 56, 64, 64, 1, 1, 0);
  WINOGRAD(3, 56, 64, 64);
  CONV(4, 56, 56, 64, 256, 1, 1, 0);
  CONV(2, 56, 56, 256, 64, 1, 1, 0);
  CONV(1, 56, 56, 256, 128, 1, 2, 0);
  CONV(1, 56, 56, 256, 512, 1, 2, 0);
  WINOGRAD(4, 28, 128, 128);
  CONV(4, 28, 28, 128, 512, 1, 1, 0);
  CONV(3, 28, 28, 512, 128, 1, 1, 0);
  CONV(1, 28, 28, 512, 256, 1, 2, 0);
  CONV(1, 28, 28, 512, 1024, 1, 2, 0);
  WINOGRAD(6, 14, 256, 256);
  CONV(6, 14, 14, 256, 1024, 1, 1, 0);
  CONV(5, 14, 14, 1024, 256, 1, 1, 0);
  CONV(1, 14, 14, 1024, 512, 1, 2, 0);
  CONV(1, 14, 14, 1024, 2048, 1, 2, 0);
  CONV(3, 7, 7, 512, 512, 3, 1, 1);
  CONV(3, 7, 7, 512, 2048, 1, 1, 0);
  CONV(2, 7, 7, 2048, 512, 1, 1, 0);
  CONV(1, 1, 1, 2048, 1000, 1, 1, 0);
  TOTAL("light-resnet50");
  return 0;
}
