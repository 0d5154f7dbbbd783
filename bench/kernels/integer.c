/* Products of 8-bit integers, quantised anew. Their roof is the processor's instruction for them; where it has none, none is
 * known. */
#include "conv-integer.h"
#include "depthwise-integer.h"

#include "bench.h"

/* Operations per second of an instruction that multiplies four bytes per lane. */
#define DOTS(name, target, DOT)                                                                                        \
  target static double name(void) {                                                                                    \
    om_vi chain[ROOF_CHAINS] = {{0}};                                                                                  \
    const om_vi a = {1}, b = {1};                                                                                      \
    measure m = {0};                                                                                                   \
    while (measure_goes_on(&m))                                                                                        \
      for (int step = 0; step < ROOF_STEPS; step++)                                                                    \
        OM_UNROLL(64) for (int i = 0; i < ROOF_CHAINS; i++) DOT(chain[i], a, b);                                       \
    OM_UNROLL(64) for (int i = 0; i < ROOF_CHAINS; i++) ROOF_USE(chain[i]);                                            \
    return 8.0 * OM_LANES * ROOF_CHAINS * ROOF_STEPS / m.best;                                                         \
  }
#if OM_HAS_VNNI
DOTS(dots, __attribute__((target("avx512f,avx512vl,avx512vnni"))), OM_DOT_BYTES)
#endif
#if OM_HAS_VNNI_VEX
DOTS(dots_vex, __attribute__((target("avxvnni"))), OM_DOT_BYTES_VEX)
#endif

static double peak(void) {
  static double known = -1;
  if (known >= 0) return known;
  known = 0;
#if OM_HAS_VNNI
  if (om_best_dot_kind() == OM_DOT_VNNI) known = dots();
#endif
#if OM_HAS_VNNI_VEX
  if (om_best_dot_kind() == OM_DOT_VNNI_VEX) known = dots_vex();
#endif
  return known;
}

/* n bytes of any kind. */
static void *some(ptrdiff_t n) { return measure_floats((n + 3) / 4); }

/* Of unsigned codes with a zero point and signed weights, a scale per column. */
static om_int_product product(ptrdiff_t columns, ptrdiff_t results) {
  static const uint8_t zero = 128;
  float *scale = measure_floats(columns);
  for (ptrdiff_t i = 0; i < columns; i++) scale[i] = 1e-3f;
  return (om_int_product){.b_signed = true, .a_zero = &zero, .result = OM_INT_UINT8, .scale = scale, .scale_step = 1,
                          .y_zero = &zero, .y = some(results), .y_row = columns};
}

#define GEMM(m_, n_, k_)                                                                                               \
  do {                                                                                                                 \
    if (!bench_kernel(0, "int8 gemm " #m_ " x " #n_ " x " #k_)) break;                                                 \
    om_int_product p = product(n_, (m_) * (n_));                                                                       \
    p.m = m_, p.n = n_, p.k = k_, p.packed = some(OM_INT_PACKED(k_, n_)), p.sums = some(4 * (n_));                     \
    const void *a = some((m_) * (k_));                                                                                 \
    void *scratch = some(OM_INT_SCRATCH(m_, k_));                                                                      \
    const double bytes = (double)(m_) * (k_) + (double)(k_) * (n_) + (double)(m_) * (n_);                              \
    BENCH_BESIDE(peak(), bytes, 2.0 * (m_) * (n_) * (k_), bytes, om_int_gemm(a, p, scratch));                          \
  } while (0)

/* A square kernel over square images, with as many pixels around as keep them as large. */
#define SHAPE(size, cin, cout, kernel_, stride_, groups_)                                                              \
  {.batch = 1, .channels = cin, .out_channels = cout, .groups = groups_,                                               \
   .window = {.rank = 2, .in = {size, size}, .out = {((size) - 1) / (stride_) + 1, ((size) - 1) / (stride_) + 1},      \
              .kernel = {kernel_, kernel_}, .stride = {stride_, stride_}, .dilation = {1, 1},                          \
              .pad_begin = {(kernel_) / 2, (kernel_) / 2}, .pad_end = {(kernel_) / 2, (kernel_) / 2}}}

#define CONV(size, cin, cout, kernel, stride)                                                                          \
  do {                                                                                                                 \
    if (!bench_kernel(0, "int8 conv %dx%d %d -> %d, kernel %d stride %d", size, size, cin, cout, kernel, stride)) break; \
    const om_int_convolution s = SHAPE(size, cin, cout, kernel, stride, 1);                                            \
    const ptrdiff_t outs = s.window.out[0] * s.window.out[1], taps = (kernel) * (kernel) * (cin);                      \
    om_int_product p = product(cout, outs * (cout));                                                                   \
    p.packed = some(OM_INT_PACKED(taps, cout)), p.sums = some(4 * (cout));                                             \
    const void *x = some((size) * (size) * (cin));                                                                     \
    void *scratch = some(OM_INT_SCRATCH(outs, taps));                                                                  \
    const double bytes = (double)((size) * (size) * (cin) + taps * (cout) + outs * (cout));                            \
    BENCH_BESIDE(peak(), bytes, 2.0 * (double)(outs * (cout) * taps), bytes, om_conv_integers(x, &s, &p, scratch));    \
  } while (0)

/* Of bytes, whose products are made of few lanes each: the instruction's roof says little here. */
#define DEPTHWISE(size, channels_, stride)                                                                             \
  do {                                                                                                                 \
    if (!bench_kernel(0, "int8 depthwise %dx%d %d, kernel 3 stride %d", size, size, channels_, stride)) break;         \
    const om_int_convolution s = SHAPE(size, channels_, channels_, 3, stride, channels_);                              \
    const ptrdiff_t outs = s.window.out[0] * s.window.out[1];                                                          \
    om_int_product p = product(channels_, outs * (channels_));                                                         \
    int32_t *packed = some(4 * OM_INT_DEPTHWISE_PACKED(channels_, 3, 3)), *sums = some(4 * (channels_));               \
    const bool narrow = om_pack_depthwise_integers(some(9 * (channels_)), channels_, 3, 3, true, NULL, 0, packed, sums); \
    p.sums = sums;                                                                                                     \
    const void *x = some((size) * (size) * (channels_));                                                               \
    const double bytes = (double)(((size) * (size) + 9 + outs) * (channels_));                                         \
    BENCH_BESIDE(peak(), bytes, 18.0 * (double)(outs * (channels_)), bytes,                                            \
                 om_depthwise_integers(x, packed, NULL, narrow, &s, &p));                                              \
  } while (0)

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  GEMM(1, 768, 768);
  GEMM(128, 768, 768);
  GEMM(128, 3072, 768);
  GEMM(784, 128, 512);
  CONV(224, 3, 32, 3, 2);
  CONV(56, 64, 64, 3, 1);
  CONV(56, 64, 256, 1, 1);
  CONV(14, 256, 256, 3, 1);
  CONV(7, 960, 160, 1, 1);
  DEPTHWISE(112, 32, 1);
  DEPTHWISE(56, 144, 1);
  DEPTHWISE(14, 512, 2);
  return bench_end();
}
