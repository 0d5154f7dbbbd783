/* Products with weights of 2, 4 or 8 bits in blocks, each block of a row with a scale and a zero point of its own, as
 * onnxruntime's MatMulNBits has them: they stay packed in memory, and are floats only while they are used.
 *
 * A byte holds neighbours. To take codes apart by whole vectors, a unit of bytes gives all its first codes, then all its
 * second ones; rows of A are brought into the same order before, since a sum does not ask for one. */
#ifndef OM_MATMUL_NBITS_H
#define OM_MATMUL_NBITS_H

#include "gemm.h"

typedef struct om_nbits {
  ptrdiff_t n, k, block; /* rows of weights, their length, numbers in a block: a power of two, 16 at least */
  int bits;
  const uint8_t *weights;   /* [n, blocks, block * bits / 8], the first number of a byte in its lowest bits */
  const float *scales;      /* [n, blocks] */
  const uint8_t *zeros;     /* [n, whole bytes of blocks], packed alike; or NULL */
  const float *float_zeros; /* [n, blocks]; or NULL. Without either: the middle of the range */
} om_nbits;

OM_INLINE ptrdiff_t om_nbits_blocks(const om_nbits *w) { return (w->k + w->block - 1) / w->block; }

/* Bytes whose codes are taken apart together. */
OM_INLINE ptrdiff_t om_nbits_unit(const om_nbits *w) {
  const ptrdiff_t bytes = w->block * w->bits / 8;
  return bytes % OM_LANES == 0 ? OM_LANES : bytes;
}

OM_INLINE float om_nbits_zero(const om_nbits *w, ptrdiff_t row, ptrdiff_t block) {
  const ptrdiff_t blocks = om_nbits_blocks(w);
  if (w->float_zeros) return w->float_zeros[row * blocks + block];
  if (!w->zeros) return (float)(1 << (w->bits - 1));
  const uint8_t byte = w->zeros[row * ((blocks * w->bits + 7) / 8) + block * w->bits / 8];
  return (float)((byte >> (block * w->bits % 8)) & ((1 << w->bits) - 1));
}

/* Codes number `part` of OM_LANES bytes. */
OM_INLINE om_vf om_nbits_codes(om_vi bytes, int part, const int bits) {
  const om_vi codes = (bytes >> (part * bits)) & ((1 << bits) - 1);
#if OM_VECTOR_BYTES > 0
  return __builtin_convertvector(codes, om_vf);
#else
  return (float)codes;
#endif
}

/* A row of A in the order of the weights' units: [blocks * block], zeros behind. */
OM_SHARED void om_nbits_arrange(const om_nbits *w, const float *a, float *to) {
  const ptrdiff_t length = om_nbits_blocks(w) * w->block, unit = om_nbits_unit(w), each = 8 / w->bits;
  for (ptrdiff_t first = 0; first < length; first += unit * each)
    for (ptrdiff_t part = 0; part < each; part++)
      for (ptrdiff_t i = 0; i < unit; i++) {
        const ptrdiff_t from = first + i * each + part;
        *to++ = from < w->k ? a[from] : 0.0f;
      }
}

/* Row `row` of the weights as floats in the order of units. */
OM_INLINE void om_nbits_row_as(const om_nbits *w, ptrdiff_t row, float *to, const int bits) {
  const ptrdiff_t blocks = om_nbits_blocks(w), unit = om_nbits_unit(w), bytes = w->block * bits / 8;
  const uint8_t *codes = w->weights + row * blocks * bytes;
  for (ptrdiff_t block = 0; block < blocks; block++) {
    const float zero = om_nbits_zero(w, row, block), scale = w->scales[row * blocks + block];
    for (ptrdiff_t u = 0; u < bytes; u += unit, codes += unit)
      for (int part = 0; part < 8 / bits; part++, to += unit) {
        if (unit == OM_LANES) om_store(to, (om_nbits_codes(om_load_bytes(codes), part, bits) - om_splat(zero)) * om_splat(scale));
        else
          for (ptrdiff_t i = 0; i < unit; i++)
            to[i] = ((float)((codes[i] >> (part * bits)) & ((1 << bits) - 1)) - zero) * scale;
      }
  }
}

OM_SHARED void om_nbits_row(const om_nbits *w, ptrdiff_t row, float *to) {
  if (w->bits == 4) om_nbits_row_as(w, row, to, 4);
  else if (w->bits == 8) om_nbits_row_as(w, row, to, 8);
  else om_nbits_row_as(w, row, to, 2);
}

OM_INLINE float om_sum_lanes(om_vf v) {
  float lanes[OM_LANES], total = 0.0f;
  om_store(lanes, v);
  for (ptrdiff_t j = 0; j < OM_LANES; j++) total += lanes[j];
  return total;
}

/* Rows of A that a weight is multiplied with at once. Up to so many times four rows it is made a float anew for each four;
 * for more, weights are packed for the kernel of matrices, which takes as long as some 16 rows. */
#define OM_NBITS_ROWS 4
#define OM_NBITS_ROUNDS 4

/* `rows` rows of A times row `row` of the weights: per block, the sum of codes times A, and of A times the zero point,
 * are scaled together. sums: of A's blocks, [rows, blocks]. */
OM_INLINE void om_nbits_dots_as(const om_nbits *w, ptrdiff_t row, const float *a, const float *sums, float *to,
                                const int rows, const int bits) {
  const ptrdiff_t blocks = om_nbits_blocks(w), length = blocks * w->block, bytes = w->block * bits / 8;
  const uint8_t *codes = w->weights + row * blocks * bytes;
  om_vf total[OM_NBITS_ROWS];
  float zeros[OM_NBITS_ROWS];
OM_UNROLL(4)
  for (int r = 0; r < rows; r++) total[r] = om_splat(0.0f), zeros[r] = 0.0f;
  for (ptrdiff_t block = 0; block < blocks; block++) {
    const float scale = w->scales[row * blocks + block], zero = om_nbits_zero(w, row, block) * scale;
    om_vf sum[OM_NBITS_ROWS];
OM_UNROLL(4)
    for (int r = 0; r < rows; r++) sum[r] = om_splat(0.0f);
    for (ptrdiff_t u = 0; u < bytes; u += OM_LANES, codes += OM_LANES)
      for (int part = 0; part < 8 / bits; part++, a += OM_LANES) {
        const om_vf code = om_nbits_codes(om_load_bytes(codes), part, bits);
OM_UNROLL(4)
        for (int r = 0; r < rows; r++) sum[r] += code * om_load(a + r * length);
      }
OM_UNROLL(4)
    for (int r = 0; r < rows; r++) {
      total[r] += sum[r] * om_splat(scale);
      zeros[r] += zero * sums[r * blocks + block];
    }
  }
OM_UNROLL(4)
  for (int r = 0; r < rows; r++) to[r * w->n + row] = om_sum_lanes(total[r]) - zeros[r];
}

#define OM_NBITS_DOTS(bits)                                                                                            \
  OM_SHARED void om_nbits_dots_##bits(const om_nbits *w, ptrdiff_t row, const float *a, const float *sums, float *to,  \
                                      ptrdiff_t rows) {                                                                \
    if (rows == 1) om_nbits_dots_as(w, row, a, sums, to, 1, bits);                                                     \
    else if (rows == 2) om_nbits_dots_as(w, row, a, sums, to, 2, bits);                                                \
    else if (rows == 3) om_nbits_dots_as(w, row, a, sums, to, 3, bits);                                                \
    else om_nbits_dots_as(w, row, a, sums, to, 4, bits);                                                               \
  }
OM_NBITS_DOTS(2)
OM_NBITS_DOTS(4)
OM_NBITS_DOTS(8)

/* Bytes of scratch for m rows, 64-byte aligned, of which OM_NBITS_OWN are what each thread needs by itself:
 * src/ops/contrib/matmul-n-bits.ts counts the same. */
#define OM_NBITS_OWN(k, block) (OM_GEMM_SCRATCH + 4 * 2 * OM_PANEL * ((k) + (block)))
#define OM_NBITS_SCRATCH(m, k, block) (OM_NBITS_OWN(k, block) + 4 * ((m) + OM_NBITS_ROWS) * ((k) + (block)))

/* The rows of weights from `from` to `end` times all m rows of A, of which there are few. */
OM_SHARED void om_nbits_columns(const om_nbits *w, const float *arranged, const float *sums, const float *bias, float *y,
                                ptrdiff_t m, ptrdiff_t from, ptrdiff_t end) {
  const ptrdiff_t blocks = om_nbits_blocks(w), length = blocks * w->block;
  for (ptrdiff_t n = from; n < end; n++)
    for (ptrdiff_t r = 0; r < m; r += OM_NBITS_ROWS) {
      const float *a = arranged + r * length, *sum = sums + r * blocks;
      float *to = y + r * w->n;
      if (w->bits == 4) om_nbits_dots_4(w, n, a, sum, to, om_min(OM_NBITS_ROWS, m - r));
      else if (w->bits == 8) om_nbits_dots_8(w, n, a, sum, to, om_min(OM_NBITS_ROWS, m - r));
      else om_nbits_dots_2(w, n, a, sum, to, om_min(OM_NBITS_ROWS, m - r));
    }
  for (ptrdiff_t r = 0; bias && r < m; r++)
    for (ptrdiff_t n = from; n < end; n++) y[r * w->n + n] += bias[n];
}

/* A panel of the product with weights that are made floats for it; own: OM_NBITS_OWN bytes. */
OM_SHARED void om_nbits_panel(const om_nbits *w, const float *arranged, const float *bias, float *y, ptrdiff_t m,
                              ptrdiff_t n0, void *own) {
  const ptrdiff_t length = om_nbits_blocks(w) * w->block, width = om_min(OM_PANEL, w->n - n0);
  float *rows = (float *)((char *)own + OM_GEMM_SCRATCH), *packed = rows + OM_PANEL * length;
  for (ptrdiff_t j = 0; j < width; j++) om_nbits_row(w, n0 + j, rows + j * length);
  om_gemm_pack_f32(rows, 1, length, length, width, packed);
  const om_gemm_shape shape = {.m = m, .n = width, .k = length, .c_row = w->n};
  const om_epilogue epilogue = {.bias = bias ? bias + n0 : NULL};
  om_gemm_any_f32(arranged, packed, y + n0, &shape, &epilogue, own);
}

/* y[m, n] = a[m, k] · weightsᵀ + bias, which may be NULL. Threads share the rows of the weights. */
OM_SHARED void om_matmul_nbits_f32(const float *a, const om_nbits *w, const float *bias, float *y, ptrdiff_t m,
                                   void *scratch) {
  const ptrdiff_t blocks = om_nbits_blocks(w), length = blocks * w->block;
  const bool is_few = m <= OM_NBITS_ROUNDS * OM_NBITS_ROWS && om_nbits_unit(w) == OM_LANES;
  float *arranged = (float *)((char *)scratch + OM_NBITS_OWN(w->k, w->block)), *sums = arranged + m * length;
  for (ptrdiff_t r = 0; r < m; r++) {
    if (!om_is_mine()) continue;
    float *row = arranged + r * length;
    om_nbits_arrange(w, a + r * w->k, row);
    for (ptrdiff_t i = 0; is_few && i < blocks; i++) {
      sums[r * blocks + i] = 0.0f;
      for (ptrdiff_t j = 0; j < w->block; j++) sums[r * blocks + i] += row[i * w->block + j];
    }
  }
  om_settle();
  const ptrdiff_t together = om_round_up(OM_LEAST_PART / om_max(1, m * length) + 1, 16);
  if (is_few)
    for (ptrdiff_t n = 0; n < w->n; n += together) {
      if (om_is_mine()) om_nbits_columns(w, arranged, sums, bias, y, m, n, om_min(n + together, w->n));
    }
  else
    for (ptrdiff_t n0 = 0; n0 < w->n; n0 += OM_PANEL) {
      if (!om_is_mine()) continue;
      om_parts *shared = om_begin_alone();
      om_nbits_panel(w, arranged, bias, y, m, n0, om_own_scratch(scratch));
      om_end_alone(shared);
    }
}

#endif
