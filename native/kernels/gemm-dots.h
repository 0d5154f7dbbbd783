/* Products of few rows with a right side that is stored transposed: dot products of A's rows and B's, both read as they lie.
 * To pack B would take longer than the product. */
#ifndef OM_GEMM_DOTS_H
#define OM_GEMM_DOTS_H

#include "gemm.h"

/* Columns of C that are computed together, and rows: as many as the registers have room for their sums. */
#define OM_DOTS_COLUMNS 4
#define OM_DOTS_ROWS (OM_TILE_ROWS >= 8 ? 4 : 2)

#if OM_VECTOR_BYTES > 0
typedef float om_four_floats __attribute__((vector_size(16)));

/* Two vectors' elements by their places in each four lanes; the second's begin at OM_LANES. */
#if OM_LANES == 16
#define OM_OF_EACH_FOUR(x, y, a, b, c, d)                                                                              \
  __builtin_shufflevector(x, y, a, b, c, d, a + 4, b + 4, c + 4, d + 4, a + 8, b + 8, c + 8, d + 8, a + 12, b + 12,    \
                          c + 12, d + 12)
#elif OM_LANES == 8
#define OM_OF_EACH_FOUR(x, y, a, b, c, d) __builtin_shufflevector(x, y, a, b, c, d, a + 4, b + 4, c + 4, d + 4)
#else
#define OM_OF_EACH_FOUR(x, y, a, b, c, d) __builtin_shufflevector(x, y, a, b, c, d)
#endif
#define OM_FOUR_AT(x, i) __builtin_shufflevector(x, x, i, i + 1, i + 2, i + 3)

/* In each four lanes, sums of two of x and two of y, in turn. */
OM_INLINE om_vf om_add_pairs(om_vf x, om_vf y) {
  return OM_OF_EACH_FOUR(x, y, 0, OM_LANES, 1, OM_LANES + 1) + OM_OF_EACH_FOUR(x, y, 2, OM_LANES + 2, 3, OM_LANES + 3);
}
#endif

/* The sum of the lanes of each of four vectors. */
OM_INLINE void om_sum_four(const om_vf *v, float *sums) {
#if OM_VECTOR_BYTES > 0
  const om_vf x = om_add_pairs(v[0], v[1]), y = om_add_pairs(v[2], v[3]);
  const om_vf four = OM_OF_EACH_FOUR(x, y, 0, 1, OM_LANES, OM_LANES + 1) +
                     OM_OF_EACH_FOUR(x, y, 2, 3, OM_LANES + 2, OM_LANES + 3);
#if OM_LANES == 16
  const om_four_floats sum = (OM_FOUR_AT(four, 0) + OM_FOUR_AT(four, 4)) + (OM_FOUR_AT(four, 8) + OM_FOUR_AT(four, 12));
#elif OM_LANES == 8
  const om_four_floats sum = OM_FOUR_AT(four, 0) + OM_FOUR_AT(four, 4);
#else
  const om_four_floats sum = four;
#endif
  memcpy(sums, &sum, sizeof sum);
#else
  memcpy(sums, v, 4 * sizeof *sums);
#endif
}

typedef struct om_dots {
  const float *a; /* [rows, k], rows a_row apart */
  ptrdiff_t a_row;
  const float *b; /* [columns, k], dense */
  ptrdiff_t k;
  float *c; /* [rows, columns], rows c_row apart */
  ptrdiff_t c_row;
  const float *residual; /* added to the product, rows residual_row apart; or NULL */
  ptrdiff_t residual_row;
  const float *column_bias; /* added per column, or NULL */
  const float *row_bias;    /* added per row, or NULL */
} om_dots;

/* C's columns from `column`, OM_DOTS_COLUMNS of them where there are as many before `columns`. */
OM_INLINE void om_dots_store(const om_dots *d, ptrdiff_t row, ptrdiff_t column, ptrdiff_t columns, const float *sums) {
  float *c = d->c + row * d->c_row + column;
  const float *residual = d->residual ? d->residual + row * d->residual_row + column : NULL;
  const float *bias = d->column_bias ? d->column_bias + column : NULL;
  const ptrdiff_t width = om_min(OM_DOTS_COLUMNS, columns - column);
  if (width == OM_DOTS_COLUMNS && !residual && !bias && !d->row_bias) {
    memcpy(c, sums, OM_DOTS_COLUMNS * sizeof *c);
    return;
  }
  for (ptrdiff_t i = 0; i < width; i++) {
    float start = residual ? residual[i] : 0.0f;
    if (bias) start += bias[i];
    if (d->row_bias) start += d->row_bias[row];
    c[i] = start + sums[i];
  }
}

OM_INLINE void om_dots_as(const om_dots *d, ptrdiff_t columns, const int rows) {
  /* One row's few sums would wait for each addition: let each of two vectors have its own. */
  const int steps = rows == 1 ? 2 : 1;
  const ptrdiff_t depth = d->k;
  const float *OM_RESTRICT a = d->a;
  for (ptrdiff_t column = 0; column < columns; column += OM_DOTS_COLUMNS) {
    om_vf part[2][OM_DOTS_ROWS][OM_DOTS_COLUMNS];
    const float *b[OM_DOTS_COLUMNS]; /* the last column once more for each that there is not */
OM_UNROLL(4)
    for (int c = 0; c < OM_DOTS_COLUMNS; c++) b[c] = d->b + om_min(column + c, columns - 1) * depth;
OM_UNROLL(2)
    for (int i = 0; i < steps; i++)
OM_UNROLL(4)
      for (int r = 0; r < rows; r++)
OM_UNROLL(4)
        for (int c = 0; c < OM_DOTS_COLUMNS; c++) part[i][r][c] = om_splat(0.0f);
    ptrdiff_t k = 0;
    for (; k + steps * OM_LANES <= depth; k += steps * OM_LANES)
OM_UNROLL(2)
      for (int i = 0; i < steps; i++) {
        om_vf x[OM_DOTS_ROWS];
OM_UNROLL(4)
        for (int r = 0; r < rows; r++) x[r] = om_load(a + r * d->a_row + k + i * OM_LANES);
OM_UNROLL(4)
        for (int c = 0; c < OM_DOTS_COLUMNS; c++) {
          const om_vf y = om_load(b[c] + k + i * OM_LANES);
OM_UNROLL(4)
          for (int r = 0; r < rows; r++) part[i][r][c] += x[r] * y;
        }
      }
    for (; k < depth && (OM_MASKED || k + OM_LANES <= depth); k += OM_LANES) {
      const ptrdiff_t last = om_min(OM_LANES, depth - k);
OM_UNROLL(4)
      for (int r = 0; r < rows; r++) {
        const float *from = a + r * d->a_row + k;
        const om_vf x = OM_MASKED ? om_load_first(from, last) : om_load(from);
OM_UNROLL(4)
        for (int c = 0; c < OM_DOTS_COLUMNS; c++)
          part[0][r][c] += x * (OM_MASKED ? om_load_first(b[c] + k, last) : om_load(b[c] + k));
      }
    }
OM_UNROLL(4)
    for (int r = 0; r < rows; r++) {
      float sums[OM_DOTS_COLUMNS];
      om_vf total[OM_DOTS_COLUMNS];
OM_UNROLL(4)
      for (int c = 0; c < OM_DOTS_COLUMNS; c++) total[c] = steps == 2 ? part[0][r][c] + part[1][r][c] : part[0][r][c];
      om_sum_four(total, sums);
      for (ptrdiff_t i = k; i < depth; i++)
OM_UNROLL(4)
        for (int c = 0; c < OM_DOTS_COLUMNS; c++) sums[c] += a[r * d->a_row + i] * b[c][i];
      om_dots_store(d, r, column, columns, sums);
    }
  }
}

#define OM_DOTS_KERNEL(rows)                                                                                           \
  OM_SHARED void om_dots_f32_##rows(const om_dots *d, ptrdiff_t columns) { om_dots_as(d, columns, rows); }
OM_DOTS_KERNEL(1)
OM_DOTS_KERNEL(2)
#if OM_TILE_ROWS >= 8
OM_DOTS_KERNEL(3)
OM_DOTS_KERNEL(4)
#endif

/* C[rows, columns], whatever `rows`. */
OM_INLINE void om_dots_f32(const om_dots *d, ptrdiff_t rows, ptrdiff_t columns) {
  om_dots t = *d;
  for (ptrdiff_t row = 0, height; row < rows; row += height) {
    height = om_min(OM_DOTS_ROWS, rows - row);
    if (height == 1) om_dots_f32_1(&t, columns);
    else if (height == 2) om_dots_f32_2(&t, columns);
#if OM_TILE_ROWS >= 8
    else if (height == 3) om_dots_f32_3(&t, columns);
    else om_dots_f32_4(&t, columns);
#endif
    t.a += height * t.a_row;
    t.c += height * t.c_row;
    if (t.residual) t.residual += height * t.residual_row;
    if (t.row_bias) t.row_bias += height;
  }
}

#endif
