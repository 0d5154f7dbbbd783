/* Products and convolutions whose weights come from memory, as those of a model do: many layers with weights of their own, in
 * turn. The same kernel with the same weights again and again finds them in a cache, and shows nothing of that. */
#include "gemm.h"
#include "winograd.h"

#include "bench.h"

/* Weights of all layers together: more than caches have. */
enum { WEIGHTS = 1 << 25 };

#define GEMM(m_, n_, k_)                                                                                               \
  do {                                                                                                                 \
    enum { PACKED = OM_GEMM_PACKED(k_, n_), LAYERS = WEIGHTS / PACKED };                                               \
    if (!bench_kernel(0.85, "%d layers of gemm " #m_ " x " #n_ " x " #k_, LAYERS)) break;                              \
    float *a = measure_floats((m_) * (k_)), *b = measure_floats(WEIGHTS), *c = measure_floats((m_) * (n_));            \
    void *scratch = measure_floats(OM_GEMM_SCRATCH / 4);                                                               \
    const om_gemm_shape s = {.m = m_, .n = n_, .k = k_};                                                               \
    ptrdiff_t layer = 0;                                                                                               \
    BENCH_BESIDE(roof_peak(), 4.0 * WEIGHTS, 2.0 * (m_) * (n_) * (k_), 4.0 * ((m_) * (k_) + (k_) * (n_) + (m_) * (n_)), \
                 om_gemm_f32(a, b + layer++ % LAYERS * PACKED, c, s, (om_epilogue){0}, scratch));                      \
  } while (0)

#define WINOGRAD(size, channels_)                                                                                      \
  do {                                                                                                                 \
    enum { PACKED = OM_WINOGRAD_PACKED(channels_, channels_), LAYERS = WEIGHTS / PACKED };                             \
    if (!bench_kernel(0.7, "%d layers of winograd %dx%d %d -> %d", LAYERS, size, size, channels_, channels_)) break;   \
    float *x = measure_floats(size * size * channels_), *w = measure_floats(WEIGHTS);                                  \
    float *y = measure_floats(size * size * channels_);                                                                \
    void *scratch = measure_floats(OM_WINOGRAD_SCRATCH(channels_) / 4);                                                \
    const om_conv2d_shape s = {BENCH_WINDOW(size, size, channels_, 3, 1, 1), .out_channels = channels_, .groups = 1};  \
    const om_epilogue e = {.bias = measure_floats(channels_), .activation = OM_ACT_RELU};                              \
    ptrdiff_t layer = 0;                                                                                               \
    BENCH_BESIDE(roof_peak(), 4.0 * WEIGHTS, 18.0 * size * size * channels_ * channels_,                               \
                 4.0 * (2 * size * size * channels_ + 9 * channels_ * channels_),                                      \
                 om_conv2d_winograd_f32(x, w + layer++ % LAYERS * PACKED, y, s, e, scratch));                          \
  } while (0)

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  GEMM(1, 768, 768);
  GEMM(16, 2304, 768);
  GEMM(16, 768, 768);
  GEMM(16, 3072, 768);
  GEMM(16, 768, 3072);
  GEMM(128, 2304, 768);
  GEMM(128, 768, 768);
  GEMM(128, 3072, 768);
  GEMM(128, 768, 3072);
  WINOGRAD(14, 256);
  WINOGRAD(7, 512);
  return bench_end();
}
