/* What goes over rows: softmax, normalisations, reductions, and functions of single elements. */
#include "activation.h"
#include "normalize.h"
#include "reduce.h"
#include "softmax.h"

#include "bench.h"

#define SOFTMAX(outer, axis, inner)                                                                                    \
  do {                                                                                                                 \
    if (!bench_kernel(0.77, "softmax " #outer " x " #axis " x " #inner)) break;                                        \
    float *x = measure_floats((outer) * (axis) * (inner)), *y = measure_floats((outer) * (axis) * (inner));            \
    const double n = (double)(outer) * (axis) * (inner);                                                               \
    BENCH(BENCH_EXP * n, 8 * n, om_softmax_f32(x, y, outer, axis, inner));                                             \
  } while (0)

/* Two sums over a row (the second of squares), then a product and one with a sum. */
#define NORM(name, rows, columns, call)                                                                                \
  do {                                                                                                                 \
    if (!bench_kernel(0.77, name " " #rows " x " #columns)) break;                                                     \
    float *x = measure_floats((rows) * (columns)), *y = measure_floats((rows) * (columns));                            \
    float *scale = measure_floats(columns), *bias = measure_floats(columns);                                           \
    (void)bias;                                                                                                        \
    const double n = (double)(rows) * (columns);                                                                       \
    BENCH(7 * n, 8 * n, call);                                                                                         \
  } while (0)
#define LAYER_NORM(rows, columns)                                                                                      \
  NORM("layer norm", rows, columns, om_layernorm_f32(x, scale, bias, y, NULL, NULL, rows, columns, 1e-5f))
#define RMS_NORM(rows, columns)                                                                                        \
  NORM("RMS norm", rows, columns, om_rmsnorm_f32(x, scale, y, rows, columns, 1e-5f))

#define REDUCE(kind, outer, axis, inner)                                                                               \
  do {                                                                                                                 \
    if (!bench_kernel(0.77, "reduce " #kind " " #outer " x " #axis " x " #inner)) break;                               \
    float *x = measure_floats((outer) * (axis) * (inner)), *y = measure_floats((outer) * (inner));                     \
    const double n = (double)(outer) * (axis) * (inner);                                                               \
    BENCH(n, 4 * (n + (outer) * (inner)), om_reduce_f32(x, y, outer, axis, inner, OM_REDUCE_##kind));                  \
  } while (0)

#define ACTIVATION(kind)                                                                                               \
  do {                                                                                                                 \
    if (!bench_kernel(0, "activation " #kind " of 10000")) break;                                                      \
    float *x = measure_floats(10000), *y = measure_floats(10000);                                                      \
    BENCH(0, 80000.0, for (int i = 0; i < 10000; i++) y[i] = om_activate_f32(x[i], OM_ACT_##kind, 0.5f, 1.0f));        \
  } while (0)

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  SOFTMAX(1, 1000, 1);
  SOFTMAX(4420, 2, 1);
  SOFTMAX(1536, 128, 1);
  SOFTMAX(1, 51865, 1);
  SOFTMAX(1, 1000, 32);
  LAYER_NORM(1, 768);
  LAYER_NORM(128, 768);
  LAYER_NORM(1500, 384);
  RMS_NORM(128, 768);
  REDUCE(SUM, 128, 768, 1);
  REDUCE(MEAN, 1, 49, 2048);
  REDUCE(MAX, 128, 768, 1);
  REDUCE(MAX, 1, 1000, 256);
  ACTIVATION(ELU);
  ACTIVATION(SIGMOID);
  ACTIVATION(TANH);
  ACTIVATION(GELU);
  ACTIVATION(GELU_TANH);
  ACTIVATION(SOFTPLUS);
  ACTIVATION(MISH);
  ACTIVATION(HARD_SWISH);
  return bench_end();
}
