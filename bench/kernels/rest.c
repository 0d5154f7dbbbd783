/* What the five models need beside products: pooling, layouts, softmax, elementary functions. Rates are elements, not
 * operations: 1 GFLOP/s stands for 10^9 elements read per second. */
#include "layout.h"
#include "pool.h"
#include "softmax.h"

#include "activation.h"
#include "bench.h"

#define MAXPOOL(h, w, c, kernel, stride, pad)                                                                          \
  do {                                                                                                                 \
    const om_pool2d_shape s = {                                                                                        \
      BENCH_WINDOW(h, w, c, kernel, stride, pad), .pad_bottom = pad, .pad_right = pad};                                \
    BENCH("maxpool " #h "x" #w " " #c ", kernel " #kernel " stride " #stride, (h) * (w) * (c),                         \
          om_maxpool2d_f32(x, y, s));                                                                                  \
  } while (0)

#define ACTIVATION(kind)                                                                                               \
  BENCH(#kind " of 10000", 10000, (memcpy(y, x, 40000), om_activate_row_f32(y, 10000, kind, 0.5f, 1.0f)))

int main(void) {
  float *x = bench_floats(1 << 21), *y = bench_floats(1 << 21);
  MAXPOOL(28, 28, 8, 2, 2, 0);
  MAXPOOL(14, 14, 16, 3, 3, 0);
  MAXPOOL(111, 111, 64, 3, 2, 0);
  MAXPOOL(55, 55, 128, 3, 2, 0);
  MAXPOOL(112, 112, 64, 3, 2, 1);
  BENCH("global average of 7x7 2048", 49 * 2048, om_global_avgpool_f32(x, y, 1, 49, 2048));
  BENCH("global average of 13x13 1000", 169 * 1000, om_global_avgpool_f32(x, y, 1, 169, 1000));
  BENCH("nchw to nhwc, 3 x 224 x 224", 3 * 224 * 224, om_nchw_to_nhwc_f32(x, y, 1, 3, 224 * 224));
  BENCH("nchw to nhwc, 3 x 240 x 320", 3 * 240 * 320, om_nchw_to_nhwc_f32(x, y, 1, 3, 240 * 320));
  BENCH("nchw to nhwc, 64 x 56 x 56", 64 * 56 * 56, om_nchw_to_nhwc_f32(x, y, 1, 64, 56 * 56));
  BENCH("nhwc to nchw, 56 x 56 x 64", 64 * 56 * 56, om_nhwc_to_nchw_f32(x, y, 1, 64, 56 * 56));
  BENCH("softmax of 1000", 1000, om_softmax_f32(x, y, 1, 1000, 1));
  BENCH("softmax of 4420 x 2", 8840, om_softmax_f32(x, y, 4420, 2, 1));
  BENCH("softmax of 1000 x 32, first axis", 32000, om_softmax_f32(x, y, 1, 1000, 32));
  ACTIVATION(OM_ACT_ELU);
  ACTIVATION(OM_ACT_SIGMOID);
  ACTIVATION(OM_ACT_TANH);
  ACTIVATION(OM_ACT_GELU);
  ACTIVATION(OM_ACT_GELU_TANH);
  ACTIVATION(OM_ACT_SOFTPLUS);
  ACTIVATION(OM_ACT_MISH);
  ACTIVATION(OM_ACT_HARD_SWISH);
  return 0;
}
