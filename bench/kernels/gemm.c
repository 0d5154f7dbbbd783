/* Matrix products at common shapes, from few rows, which are as fast as the right side is read, to many. */
#include "gemm-unpacked.h"

#include "bench.h"

#define BYTES(m, n, k) (4.0 * ((double)(m) * (k) + (double)(k) * (n) + (double)(m) * (n)))

#define GEMM(m_, n_, k_)                                                                                               \
  do {                                                                                                                 \
    if (!bench_kernel(0.85, "gemm " #m_ " x " #n_ " x " #k_)) break;                                                   \
    float *a = measure_floats((m_) * (k_)), *b = measure_floats(OM_GEMM_PACKED(k_, n_));                               \
    float *c = measure_floats((m_) * (n_));                                                                            \
    void *scratch = measure_floats(OM_GEMM_SCRATCH / 4);                                                               \
    const om_gemm_shape s = {.m = m_, .n = n_, .k = k_};                                                               \
    BENCH(2.0 * (m_) * (n_) * (k_), BYTES(m_, n_, k_), om_gemm_f32(a, b, c, s, (om_epilogue){0}, scratch));            \
  } while (0)

enum order { ROWS, TRANSPOSED };

/* B as it comes: row-major, or stored transposed. */
#define MATMUL(m_, n_, k_, order)                                                                                      \
  do {                                                                                                                 \
    if (!bench_kernel(0.85, "matmul " #m_ " x " #n_ " x " #k_ " " #order)) break;                                      \
    float *a = measure_floats((m_) * (k_)), *b = measure_floats((k_) * (n_)), *c = measure_floats((m_) * (n_));        \
    void *scratch = measure_floats(OM_MATMUL_SCRATCH(k_, n_) / 4);                                                     \
    const om_gemm_shape s = {.m = m_, .n = n_, .k = k_};                                                               \
    BENCH(2.0 * (m_) * (n_) * (k_), BYTES(m_, n_, k_),                                                                 \
          om_matmul_f32(a, b, (order) == ROWS ? (n_) : 1, (order) == ROWS ? 1 : (k_), c, s, (om_epilogue){0},          \
                        scratch));                                                                                     \
  } while (0)

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  GEMM(96, 96, 96);
  GEMM(192, 192, 192);
  GEMM(384, 384, 384);
  GEMM(768, 768, 768);
  GEMM(128, 768, 768);
  GEMM(128, 3072, 768);
  GEMM(128, 768, 3072);
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
  GEMM(4800, 32, 16);
  GEMM(3025, 16, 64);
  GEMM(729, 48, 384);
  GEMM(1, 10, 256);
  GEMM(1, 1000, 2048);
  GEMM(1, 4096, 4096);
  GEMM(1, 4096, 9216);
  GEMM(1, 51865, 384);
  MATMUL(1, 1500, 64, TRANSPOSED);
  MATMUL(4, 1500, 64, TRANSPOSED);
  MATMUL(8, 1500, 64, TRANSPOSED);
  MATMUL(128, 128, 64, TRANSPOSED);
  MATMUL(1, 1024, 1024, TRANSPOSED);
  MATMUL(1, 64, 1500, ROWS);
  MATMUL(4, 64, 1500, ROWS);
  MATMUL(128, 64, 128, ROWS);
  return bench_end();
}
