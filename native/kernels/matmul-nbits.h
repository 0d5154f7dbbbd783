/* Products with weights of 2, 4 or 8 bits in blocks, each block of a row with a scale and a zero point of its own, as
 * onnxruntime's MatMulNBits has them: they stay packed in memory, and are floats only while they are used. */
#ifndef OM_MATMUL_NBITS_H
#define OM_MATMUL_NBITS_H

#include "gemm.h"

typedef struct om_nbits {
  ptrdiff_t n, k, block; /* rows of weights, their length, numbers in a block */
  int bits;
  const uint8_t *weights;   /* [n, blocks, block * bits / 8], the first number of a byte in its lowest bits */
  const float *scales;      /* [n, blocks] */
  const uint8_t *zeros;     /* [n, whole bytes of blocks], packed alike; or NULL */
  const float *float_zeros; /* [n, blocks]; or NULL. Without either: the middle of the range */
} om_nbits;

OM_INLINE ptrdiff_t om_nbits_blocks(const om_nbits *w) { return (w->k + w->block - 1) / w->block; }

/* to[i] = (code i - zero) * scale of `count` codes: what is the same for each byte is a loop that becomes vectors. */
OM_INLINE void om_nbits_block(const uint8_t *OM_RESTRICT codes, ptrdiff_t count, const int bits, float zero,
                              float scale, float *OM_RESTRICT to) {
  const int each = 8 / bits, mask = (1 << bits) - 1;
  const ptrdiff_t bytes = count / each;
  for (ptrdiff_t i = 0; i < bytes; i++) {
    const int byte = codes[i];
    if (bits == 8) to[i] = ((float)byte - zero) * scale;
    if (bits == 4) {
      to[2 * i] = ((float)(byte & mask) - zero) * scale;
      to[2 * i + 1] = ((float)(byte >> 4) - zero) * scale;
    }
    if (bits == 2) {
      to[4 * i] = ((float)(byte & mask) - zero) * scale;
      to[4 * i + 1] = ((float)(byte >> 2 & mask) - zero) * scale;
      to[4 * i + 2] = ((float)(byte >> 4 & mask) - zero) * scale;
      to[4 * i + 3] = ((float)(byte >> 6) - zero) * scale;
    }
  }
  for (ptrdiff_t i = bytes * each; i < count; i++)
    to[i] = ((float)(codes[i / each] >> (i % each * bits) & mask) - zero) * scale;
}

/* Row `row` of the weights as k floats. */
OM_SHARED void om_nbits_row(const om_nbits *w, ptrdiff_t row, float *to) {
  const ptrdiff_t blocks = om_nbits_blocks(w), bytes = w->block * w->bits / 8, zero_row = (blocks * w->bits + 7) / 8;
  for (ptrdiff_t i = 0; i < blocks; i++) {
    float zero = (float)(1 << (w->bits - 1));
    if (w->float_zeros) zero = w->float_zeros[row * blocks + i];
    else if (w->zeros)
      zero = (float)((w->zeros[row * zero_row + i * w->bits / 8] >> (i * w->bits % 8)) & ((1 << w->bits) - 1));
    const uint8_t *codes = w->weights + (row * blocks + i) * bytes;
    const ptrdiff_t count = om_min(w->block, w->k - i * w->block);
    const float scale = w->scales[row * blocks + i];
    /* The usual size of a block, known to the compiler. */
    if (w->bits == 4 && count == 32) om_nbits_block(codes, 32, 4, zero, scale, to + i * w->block);
    else if (w->bits == 4) om_nbits_block(codes, count, 4, zero, scale, to + i * w->block);
    else if (w->bits == 8) om_nbits_block(codes, count, 8, zero, scale, to + i * w->block);
    else om_nbits_block(codes, count, 2, zero, scale, to + i * w->block);
  }
}

OM_SHARED float om_dot_f32(const float *a, const float *b, ptrdiff_t n) {
  om_vf sum[4];
  for (int j = 0; j < 4; j++) sum[j] = om_splat(0.0f);
  ptrdiff_t i = 0;
  for (; i + 4 * OM_LANES <= n; i += 4 * OM_LANES)
#pragma GCC unroll 4
    for (int j = 0; j < 4; j++) sum[j] += om_load(a + i + j * OM_LANES) * om_load(b + i + j * OM_LANES);
  float lanes[OM_LANES], total = 0.0f;
  om_store(lanes, (sum[0] + sum[1]) + (sum[2] + sum[3]));
  for (ptrdiff_t j = 0; j < OM_LANES; j++) total += lanes[j];
  for (; i < n; i++) total += a[i] * b[i];
  return total;
}

/* Up to so many rows of A each weight is used at once; for more, weights are packed for the kernel of matrices: measured
 * on 1024 by 1024 weights, of which packing takes as long as 30 rows. */
#define OM_NBITS_ROWS 32
/* Bytes of scratch, 64-byte aligned. */
#define OM_NBITS_SCRATCH(k) (OM_GEMM_SCRATCH + 4 * (2 * OM_PANEL * (k)) + 64)

/* y[m, n] = a[m, k] · weightsᵀ + bias, which may be NULL. */
OM_SHARED void om_matmul_nbits_f32(const float *a, const om_nbits *w, const float *bias, float *y, ptrdiff_t m,
                                   void *scratch) {
  float *rows = (float *)((char *)scratch + OM_GEMM_SCRATCH);
  if (m <= OM_NBITS_ROWS) {
    for (ptrdiff_t n = 0; n < w->n; n++) {
      om_nbits_row(w, n, rows);
      for (ptrdiff_t r = 0; r < m; r++)
        y[r * w->n + n] = om_dot_f32(a + r * w->k, rows, w->k) + (bias ? bias[n] : 0.0f);
    }
    return;
  }
  float *packed = rows + OM_PANEL * w->k;
  for (ptrdiff_t n0 = 0; n0 < w->n; n0 += OM_PANEL) {
    const ptrdiff_t width = om_min(OM_PANEL, w->n - n0);
    for (ptrdiff_t j = 0; j < width; j++) om_nbits_row(w, n0 + j, rows + j * w->k);
    om_gemm_pack_f32(rows, 1, w->k, w->k, width, packed);
    const om_gemm_shape shape = {.m = m, .n = width, .k = w->k, .c_row = w->n};
    const om_epilogue epilogue = {.bias = bias ? bias + n0 : NULL};
    om_gemm_any_f32(a, packed, y + n0, &shape, &epilogue, scratch);
  }
}

#endif
