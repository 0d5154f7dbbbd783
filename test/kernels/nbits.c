/* om_matmul_nbits_f32 against sums in double: every way to pack zero points, depths that are no whole blocks. */
#include "matmul-nbits.h"

#include "check.h"

static void run(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t block, int bits, int zeros, bool with_bias) {
  check_cases++;
  const ptrdiff_t blocks = (k + block - 1) / block, bytes = n * blocks * block * bits / 8;
  const ptrdiff_t zero_row = (blocks * bits + 7) / 8;
  uint8_t *codes = (uint8_t *)check_alloc((size_t)bytes), *packed = (uint8_t *)check_alloc((size_t)(n * zero_row));
  for (ptrdiff_t i = 0; i < bytes; i++) codes[i] = (uint8_t)(check_random() >> 8);
  for (ptrdiff_t i = 0; i < n * zero_row; i++) packed[i] = (uint8_t)(check_random() >> 8);
  float *a = floats(m * k), *scales = floats(n * blocks), *own = floats(n * blocks), *bias = floats(n), *y = output(m * n);
  om_nbits w = {.n = n, .k = k, .block = block, .bits = bits, .weights = codes, .scales = scales};
  if (zeros == 1) w.zeros = packed;
  if (zeros == 2) w.float_zeros = own;
  void *scratch = check_scratch((size_t)OM_NBITS_SCRATCH(m, k, block));
  om_matmul_nbits_f32(a, &w, with_bias ? bias : NULL, y, m, scratch);
  const int mask = (1 << bits) - 1;
  for (ptrdiff_t i = 0; i < m * n; i++) {
    const ptrdiff_t row = i % n;
    double sum = with_bias ? bias[row] : 0, size = 1;
    for (ptrdiff_t j = 0; j < k; j++) {
      const ptrdiff_t b = j / block, at = (row * blocks + b) * block * bits / 8 + j % block * bits / 8;
      const int code = codes[at] >> (j % block * bits % 8) & mask;
      const double zero = zeros == 2 ? own[row * blocks + b]
                          : zeros == 1 ? packed[row * zero_row + b * bits / 8] >> (b * bits % 8) & mask
                                       : 1 << (bits - 1);
      sum += a[i / n * k + j] * (code - zero) * scales[row * blocks + b];
      size += fabs(a[i / n * k + j] * (code + fabs(zero)) * scales[row * blocks + b]);
    }
    if (!close_to(y[i], sum, 1e-6 * size)) {
      fail("%d bits, m %d n %d k %d block %d zeros %d: %g, want %g", bits, (int)m, (int)n, (int)k, (int)block, zeros,
           (double)y[i], sum);
      break;
    }
  }
  free(codes), free(packed), free(a), free(scales), free(own), free(bias), free(scratch);
  release_output(y, m * n, "nbits");
}

int main(void) {
  const int widths[] = {2, 4, 8};
  for (int i = 0; i < 200; i++)
    run(pick(1, 21), pick(1, 2 * OM_PANEL + 3), pick(1, 300), 16 << pick(0, 3), widths[i % 3], i / 3 % 3, i % 2);
  return check_done("nbits");
}
