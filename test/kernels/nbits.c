/* om_matmul_nbits_f32 and om_matmul_nbits_int8 against sums in double: every way to pack zero points, depths that are no
 * whole blocks. */
#include "matmul-nbits-bytes.h"
#include "matmul-nbits.h"

#include "check.h"

typedef enum how { FLOATS, BYTES, BYTES_EXACT } how;

/* Rows of A in whole 127ths of a power of two per block, the largest of which is 127: bytes hold them exactly. */
static void make_exact(float *a, ptrdiff_t m, ptrdiff_t k, ptrdiff_t block) {
  for (ptrdiff_t i = 0; i < m * k; i++) {
    const ptrdiff_t within = i % k % block;
    const int code = within == 0 ? (pick(0, 1) ? 127 : -127) : pick(-127, 127);
    a[i] = (float)code / (float)(64 << (i % k / block % 5));
  }
}

/* All codes are the middle of the range, so that a sum of their products with A is large, and of weights it is not. */
static void make_middle(uint8_t *codes, ptrdiff_t bytes, int bits, float *a, ptrdiff_t numbers) {
  memset(codes, bits == 8 ? 0x80 : bits == 4 ? 0x88 : 0xaa, (size_t)bytes);
  for (ptrdiff_t i = 0; i < numbers; i++) a[i] += 1000.0f;
}

static void run(ptrdiff_t m, ptrdiff_t n, ptrdiff_t k, ptrdiff_t block, int bits, int zeros, bool with_bias, how by) {
  check_cases++;
  const ptrdiff_t blocks = (k + block - 1) / block, length = blocks * block, bytes = n * length * bits / 8;
  const ptrdiff_t zero_row = (blocks * bits + 7) / 8, groups = om_round_up(n, OM_NBITS_COLUMNS);
  uint8_t *codes = some_bytes(bytes), *zero_codes = some_bytes(n * zero_row);
  float *a = floats(m * k), *scales = floats(n * blocks), *own = floats(n * blocks), *bias = floats(n), *y = output(m * n);
  const bool one_sided = by != BYTES_EXACT && pick(0, 4) == 0;
  if (by == BYTES_EXACT) make_exact(a, m, k, block);
  if (one_sided) make_middle(codes, bytes, bits, a, m * k);
  uint8_t *packed = (uint8_t *)check_alloc((size_t)(groups * length * bits / 8));
  float *packed_scales = floats(groups * blocks), *packed_zeros = floats(groups * blocks);
  om_nbits_pack(codes, n, length, bits, packed);
  om_nbits_pack_blocks(scales, NULL, n, blocks, bits, packed_scales);
  om_nbits_pack_blocks(own, zeros == 1 ? zero_codes : NULL, n, blocks, bits, packed_zeros);
  const om_nbits w = {.n = n, .k = k, .block = block, .bits = bits, .codes = packed, .scales = packed_scales,
                      .zeros = zeros ? packed_zeros : NULL};
  void *scratch = check_scratch((size_t)OM_NBITS_SCRATCH(by == FLOATS ? OM_NBITS_OWN(k, block) : 0, m, k, block));
  if (by == FLOATS) om_matmul_nbits_f32(a, &w, with_bias ? bias : NULL, y, m, scratch);
  else om_matmul_nbits_int8(a, &w, with_bias ? bias : NULL, y, m, scratch);
  const int mask = (1 << bits) - 1;
  for (ptrdiff_t i = 0; i < m * n; i++) {
    const ptrdiff_t row = i % n;
    double sum = with_bias ? bias[row] : 0, size = 1, coarse = 0;
    for (ptrdiff_t b = 0; b < blocks; b++) {
      const double zero = zeros == 2 ? own[row * blocks + b]
                          : zeros == 1 ? zero_codes[row * zero_row + b * bits / 8] >> (b * bits % 8) & mask
                                       : 1 << (bits - 1);
      double largest = 0, weights = 0;
      for (ptrdiff_t j = b * block; j < om_min(k, (b + 1) * block); j++) {
        const int code = codes[(row * length + j) * bits / 8] >> (j * bits % 8) & mask;
        const double weight = (code - zero) * scales[row * blocks + b], number = a[i / n * k + j];
        sum += number * weight;
        size += fabs(number * weight);
        weights += fabs(weight), largest = fmax(largest, fabs(number));
      }
      coarse += largest / 127 * weights / 2; /* half a step of each number */
    }
    /* Of numbers of one sign all roundings go with their sum: 64 in a row, of 2^-24 each. */
    if (!close_to(y[i], sum, (one_sided ? 5e-6 : 1e-6) * size + (by == BYTES ? coarse : 0))) {
      fail("%d bits, m %d n %d k %d block %d zeros %d way %d: %g, want %g", bits, (int)m, (int)n, (int)k, (int)block, zeros,
           (int)by, (double)y[i], sum);
      break;
    }
  }
  free(codes), free(zero_codes), free(a), free(scales), free(own), free(bias), free(scratch);
  free(packed), free(packed_scales), free(packed_zeros);
  release_output(y, m * n, "nbits");
}

/* Of what is not finite nothing finite comes; what is next to nothing is nothing. */
static void run_odd(float odd, how by) {
  check_cases++;
  enum { N = 20, K = 48, BLOCK = 16 };
  uint8_t *codes = some_bytes(2 * OM_NBITS_COLUMNS * K / 2);
  for (int i = 0; i < 2 * OM_NBITS_COLUMNS * K / 2; i++) codes[i] &= 0x77; /* no weight is 0 */
  float *a = floats(2 * K), *scales = floats(2 * OM_NBITS_COLUMNS * (K / BLOCK)), *y = output(2 * N);
  a[K + 20] = odd;
  const om_nbits w = {.n = N, .k = K, .block = BLOCK, .bits = 4, .codes = codes, .scales = scales};
  void *scratch = check_scratch((size_t)OM_NBITS_SCRATCH(by == FLOATS ? OM_NBITS_OWN(K, BLOCK) : 0, 2, K, BLOCK));
  if (by == FLOATS) om_matmul_nbits_f32(a, &w, NULL, y, 2, scratch);
  else om_matmul_nbits_int8(a, &w, NULL, y, 2, scratch);
  /* Of an infinity a float's product is one, too, unless the weight is 0. */
  for (ptrdiff_t i = 0; i < 2 * N; i++)
    if (isfinite(y[i]) != (i < N) || (by == FLOATS && i >= N && !isnan(odd) && !isinf(y[i]))) {
      fail("row %d of an input with %g: %g", (int)(i / N), (double)odd, (double)y[i]);
      break;
    }
  free(codes), free(a), free(scales), free(scratch);
  release_output(y, 2 * N, "nbits");
}

static void run_tiny(void) {
  check_cases++;
  enum { N = 20, K = 32 };
  uint8_t *codes = some_bytes(2 * OM_NBITS_COLUMNS * K / 2);
  float *a = floats(K), *scales = floats(2 * OM_NBITS_COLUMNS), *y = output(N);
  for (ptrdiff_t i = 0; i < K; i++) a[i] *= i % 2 ? 1e-38f : 1e-44f;
  const om_nbits w = {.n = N, .k = K, .block = K, .bits = 4, .codes = codes, .scales = scales};
  void *scratch = check_scratch((size_t)OM_NBITS_SCRATCH(0, 1, K, K));
  om_matmul_nbits_int8(a, &w, NULL, y, 1, scratch);
  for (ptrdiff_t i = 0; i < N; i++)
    if (y[i] != 0.0f) {
      fail("of inputs around 1e-38: %g", (double)y[i]);
      break;
    }
  free(codes), free(a), free(scales), free(scratch);
  release_output(y, N, "nbits");
}

int main(void) {
  const int widths[] = {2, 4, 8};
  for (int i = 0; i < 450; i++)
    run(pick(1, 21), pick(1, 2 * OM_PANEL + 19), pick(1, 300), 16 << pick(0, 4), widths[i % 3], i / 3 % 3, i % 2,
        (how)(i / 9 % 3));
  for (int by = FLOATS; by <= BYTES; by++) run_odd(NAN, (how)by), run_odd(INFINITY, (how)by), run_odd(-INFINITY, (how)by);
  run_tiny();
  return check_done("nbits");
}
