/* Matrix products at common shapes. */
#include "gemm.h"

#include "bench.h"

#define GEMM(m_, n_, k_)                                                                                               \
  do {                                                                                                                 \
    float *a = bench_floats((m_) * (k_)), *b = bench_floats(OM_GEMM_PACKED(k_, n_)), *c = bench_floats((m_) * (n_));   \
    const om_gemm_shape s = {.m = m_, .n = n_, .k = k_};                                                               \
    BENCH("gemm " #m_ " x " #n_ " x " #k_, 2.0 * (m_) * (n_) * (k_),                                                   \
          om_gemm_f32(a, b, c, s, (om_epilogue){0}, scratch));                                                         \
    free(a), free(b), free(c);                                                                                         \
  } while (0)

int main(void) {
  void *scratch = bench_floats(OM_GEMM_SCRATCH / 4);
  GEMM(96, 96, 96);
  GEMM(192, 192, 192);
  GEMM(384, 384, 384);
  GEMM(768, 768, 768);
  GEMM(3136, 64, 64);
  GEMM(3136, 256, 64);
  GEMM(3136, 64, 256);
  GEMM(784, 128, 512);
  GEMM(196, 1024, 256);
  GEMM(49, 512, 2048);
  GEMM(49, 2048, 512);
  GEMM(49, 512, 4608);
  GEMM(112, 800, 220);
  GEMM(16, 800, 200);
  GEMM(1, 1000, 2048);
  GEMM(1, 10, 256);
  GEMM(4800, 32, 16);
  GEMM(3025, 16, 64);
  GEMM(729, 48, 384);
  return 0;
}
