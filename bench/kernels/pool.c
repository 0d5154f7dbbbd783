/* Pooling, of which each tap is one operation. */
#include "pool.h"

#include "bench.h"

#define POOL(name, function, h, w, c, kernel, stride, pad)                                                             \
  do {                                                                                                                 \
    const om_pool2d_shape s = {                                                                                        \
      BENCH_WINDOW(h, w, c, kernel, stride, pad), .pad_bottom = pad, .pad_right = pad};                                \
    if (!bench_kernel(0.77, name " " #h "x" #w " " #c ", kernel " #kernel " stride " #stride)) break;                  \
    float *x = measure_floats((h) * (w) * (c)), *y = measure_floats((h) * (w) * (c));                                  \
    BENCH(BENCH_PIXELS(s) * (c) * (kernel) * (kernel), 4 * (BENCH_READ(s) + BENCH_PIXELS(s) * (c)), function(x, y, s)); \
  } while (0)
#define MAX(...) POOL("maxpool", om_maxpool2d_f32, __VA_ARGS__)
#define AVERAGE(...) POOL("avgpool", om_avgpool2d_f32, __VA_ARGS__)

#define GLOBAL(pixels, channels)                                                                                       \
  do {                                                                                                                 \
    if (!bench_kernel(0.77, "global average of " #pixels " pixels, " #channels " channels")) break;                    \
    float *x = measure_floats((pixels) * (channels)), *y = measure_floats(channels);                                   \
    BENCH((double)(pixels) * (channels), 4.0 * ((pixels) + 1) * (channels), om_global_avgpool_f32(x, y, 1, pixels, channels)); \
  } while (0)

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  MAX(28, 28, 8, 2, 2, 0);
  MAX(14, 14, 16, 3, 3, 0);
  MAX(111, 111, 64, 3, 2, 0);
  MAX(55, 55, 128, 3, 2, 0);
  MAX(112, 112, 64, 3, 2, 1);
  MAX(13, 13, 256, 5, 1, 2);
  AVERAGE(28, 28, 128, 2, 2, 0);
  AVERAGE(35, 35, 192, 3, 1, 1);
  GLOBAL(49, 2048);
  GLOBAL(169, 1000);
  return bench_end();
}
