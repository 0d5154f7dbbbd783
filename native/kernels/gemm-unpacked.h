/* Matrix products whose right side is computed in the same run, and so is not packed. */
#ifndef OM_GEMM_UNPACKED_H
#define OM_GEMM_UNPACKED_H

#include "gemm-dots.h"
#include "gemm.h"

/* Bytes of scratch of om_matmul_f32, 64-byte aligned. */
#define OM_MATMUL_SCRATCH(k, n) (OM_GEMM_SCRATCH + OM_GEMM_PACKED(k, n) * 4)

/* Rows up to which a row-major B is read in place. Packing it takes 2 to 4 times a product of one row, half of that of 14
 * (AVX-512, 1500 x 64), as much as is gained from some 60 on; where vectors are short, and rows of B compete for sets of
 * a cache, from 12. */
#define OM_FEW_ROWS (2 * OM_TILE_ROWS)
/* Rows up to which dot products are faster than to pack a B that is stored transposed. Short sums gain less, as each is
 * brought together from the lanes of a vector: AVX2 breaks even at 4 rows with k = 32, at 7 with 64; AVX-512 at 12 and 28. */
#define OM_FEW_DOTS(k) om_min((k) / 8, 8)

/* Dot products of A's rows, which are dense, and B's columns. */
OM_INLINE void om_matmul_dots_f32(const float *a, const float *b, float *c, const om_gemm_shape s, const om_epilogue e) {
  const ptrdiff_t c_row = s.c_row ? s.c_row : s.n, residual_row = e.residual_row ? e.residual_row : s.n;
  /* Few enough that rows which do not fit into one kernel find B in a cache. */
  const ptrdiff_t columns = om_round_up(OM_LEAST_PART / 2 / om_max(1, s.k) + 1, OM_DOTS_COLUMNS);
  for (ptrdiff_t n0 = 0; n0 < s.n; n0 += columns) {
    if (!om_is_mine()) continue;
    const ptrdiff_t width = om_min(columns, s.n - n0);
    om_dots d = {.a = a, .a_row = s.k, .b = b + n0 * s.k, .k = s.k, .c = c + n0, .c_row = c_row, .row_bias = e.row_bias};
    d.residual = e.residual ? e.residual + n0 : NULL;
    d.residual_row = residual_row;
    d.column_bias = e.bias ? e.bias + n0 : NULL;
    om_dots_f32(&d, s.m, width);
    for (ptrdiff_t row = 0; row < s.m && e.activation != OM_ACT_NONE; row++)
      om_activate_row_f32(c + n0 + row * c_row, width, e.activation, e.alpha, e.beta);
  }
}

/* The product with B packed before. */
OM_INLINE void om_matmul_packed_f32(const float *a, const float *b, ptrdiff_t b_row, ptrdiff_t b_column, float *c,
                                    const om_gemm_shape s, const om_epilogue e, void *scratch) {
  float *packed = (float *)((char *)scratch + OM_GEMM_SCRATCH);
  const ptrdiff_t columns = om_is_shared() ? om_round_up(om_max(OM_LEAST_PART / 8 / om_max(1, s.k), 1), OM_PANEL) : s.n;
  for (ptrdiff_t n0 = 0; n0 < s.n; n0 += columns)
    if (om_is_mine())
      om_gemm_pack_f32(b + n0 * b_column, b_row, b_column, s.k, om_min(columns, s.n - n0), packed + n0 * s.k);
  om_settle();
  om_gemm_f32(a, packed, c, s, e, scratch);
}

/* The product of few rows and a B that is row-major: whole vectors of its columns are read as they are. */
OM_INLINE void om_matmul_in_place_f32(const float *a, const float *b, float *c, const om_gemm_shape s,
                                      const om_epilogue e, void *scratch) {
  const ptrdiff_t whole = s.n / OM_LANES * OM_LANES;
  om_gemm_shape first = s, rest = s;
  om_epilogue before = e, after = e;
  first.n = whole, first.b_row = s.n;
  rest.n = s.n - whole;
  first.c_row = rest.c_row = s.c_row ? s.c_row : s.n;
  before.residual_row = after.residual_row = e.residual_row ? e.residual_row : s.n;
  if (e.residual) after.residual += whole;
  if (e.bias) after.bias += whole;
  om_gemm_f32(a, b, c, first, before, scratch);
  if (rest.n > 0) om_matmul_packed_f32(a, b + whole, s.n, 1, c + whole, rest, after, scratch);
}

/* C[m, n] = act(A[m, k]·B[k, n] + bias + residual), B's elements b_row and b_column apart (n, 1: dense row-major; 1, k: stored
 * transposed). */
OM_INLINE void om_matmul_f32(const float *a, const float *b, ptrdiff_t b_row, ptrdiff_t b_column, float *c,
                             const om_gemm_shape s, const om_epilogue e, void *scratch) {
  if (b_row == 1 && b_column == s.k && s.m <= OM_FEW_DOTS(s.k) && s.a_column <= 1) om_matmul_dots_f32(a, b, c, s, e);
  else if (b_column == 1 && b_row == s.n && s.m <= OM_FEW_ROWS) om_matmul_in_place_f32(a, b, c, s, e, scratch);
  else om_matmul_packed_f32(a, b, b_row, b_column, c, s, e, scratch);
}

#endif
