/* Softmax and its logarithm over one axis: x and y are [outer, axis, inner]; y may be x. */
#ifndef OM_SOFTMAX_H
#define OM_SOFTMAX_H

#include "parallel.h"
#include "rows.h"

/* Columns of a strided axis that go through at once. */
enum { OM_SOFTMAX_COLUMNS = 64, OM_SOFTMAX_SHORT = 8 };

OM_INLINE void om_softmax_row_f32(const float *x, float *y, ptrdiff_t n, const bool logarithm) {
  const float top = om_row_max_f32(x, n);
  if (logarithm) {
    /* The powers are needed for their sum only. */
    float sum = 0.0f, power[OM_SOFTMAX_COLUMNS];
    for (ptrdiff_t i = 0; i < n; i += OM_SOFTMAX_COLUMNS) {
      const ptrdiff_t count = om_min(OM_SOFTMAX_COLUMNS, n - i);
      sum += om_row_powers_f32(x + i, power, count, top);
    }
    const float shift = om_log_f32(sum);
    for (ptrdiff_t i = 0; i < n; i++) y[i] = (x[i] - top) - shift;
  } else {
    const float scale = 1.0f / om_row_powers_f32(x, y, n, top);
    for (ptrdiff_t i = 0; i < n; i++) y[i] *= scale;
  }
}

/* `columns` neighbouring columns, at most OM_SOFTMAX_COLUMNS. */
OM_INLINE void om_softmax_columns_f32(const float *x, float *y, ptrdiff_t axis, ptrdiff_t inner,
                                      const ptrdiff_t columns, const bool logarithm) {
  float top[OM_SOFTMAX_COLUMNS], sum[OM_SOFTMAX_COLUMNS];
  for (ptrdiff_t i = 0; i < columns; i++) top[i] = -INFINITY, sum[i] = 0.0f;
  for (ptrdiff_t a = 0; a < axis; a++)
    for (ptrdiff_t i = 0; i < columns; i++) top[i] = x[a * inner + i] > top[i] ? x[a * inner + i] : top[i];
  for (ptrdiff_t a = 0; a < axis; a++)
    for (ptrdiff_t i = 0; i < columns; i++) {
      const float shifted = x[a * inner + i] - top[i], power = om_decay_f32(shifted);
      sum[i] += power;
      y[a * inner + i] = logarithm ? shifted : power;
    }
  for (ptrdiff_t i = 0; i < columns; i++) sum[i] = logarithm ? om_log_f32(sum[i]) : 1.0f / sum[i];
  for (ptrdiff_t a = 0; a < axis; a++)
    for (ptrdiff_t i = 0; i < columns; i++)
      y[a * inner + i] = logarithm ? y[a * inner + i] - sum[i] : y[a * inner + i] * sum[i];
}

/* Rows that are as short as OM_SOFTMAX_SHORT, which is known when compiling: as columns, of which each lane of a vector has one. */
OM_INLINE void om_softmax_short_f32(const float *x, float *y, const ptrdiff_t rows, const ptrdiff_t n,
                                    const bool logarithm) {
  float column[OM_SOFTMAX_SHORT * OM_SOFTMAX_COLUMNS];
  for (ptrdiff_t row = 0; row < rows; row++)
OM_UNROLL(8)
    for (ptrdiff_t i = 0; i < n; i++) column[i * OM_SOFTMAX_COLUMNS + row] = x[row * n + i];
  om_softmax_columns_f32(column, column, n, OM_SOFTMAX_COLUMNS, rows, logarithm);
  for (ptrdiff_t row = 0; row < rows; row++)
OM_UNROLL(8)
    for (ptrdiff_t i = 0; i < n; i++) y[row * n + i] = column[i * OM_SOFTMAX_COLUMNS + row];
}

OM_INLINE void om_softmax_rows_f32(const float *x, float *y, ptrdiff_t rows, ptrdiff_t n, const bool logarithm) {
  if (__builtin_constant_p(n) && n > 0 && n <= OM_SOFTMAX_SHORT)
    for (ptrdiff_t row = 0; row < rows; row += OM_SOFTMAX_COLUMNS)
      om_softmax_short_f32(x + row * n, y + row * n, om_min(OM_SOFTMAX_COLUMNS, rows - row), n, logarithm);
  else
    for (ptrdiff_t row = 0; row < rows; row++) om_softmax_row_f32(x + row * n, y + row * n, n, logarithm);
}

OM_INLINE void om_softmax_any_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner,
                                  const bool logarithm) {
  const om_piece_parts parts = om_split_pieces(inner, axis, OM_SOFTMAX_COLUMNS);
  for (ptrdiff_t first = 0; first < outer; first += parts.outer)
    for (ptrdiff_t from = 0; from < inner; from += parts.inner) {
      if (!om_is_mine()) continue;
      const ptrdiff_t rows = om_min(parts.outer, outer - first), end = om_min(from + parts.inner, inner);
      const float *in = x + first * axis * inner;
      float *out = y + first * axis * inner;
      if (inner == 1) om_softmax_rows_f32(in, out, rows, axis, logarithm);
      else
        for (ptrdiff_t o = 0; o < rows; o++, in += axis * inner, out += axis * inner)
          for (ptrdiff_t i = from; i < end; i += OM_SOFTMAX_COLUMNS)
            om_softmax_columns_f32(in + i, out + i, axis, inner, om_min(OM_SOFTMAX_COLUMNS, inner - i), logarithm);
    }
}

/* y = e^(x - largest) / sum of e^(x - largest). A row with a NaN or of -inf only becomes NaN. */
OM_INLINE void om_softmax_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner) {
  om_softmax_any_f32(x, y, outer, axis, inner, false);
}

/* The logarithm of softmax. */
OM_INLINE void om_logsoftmax_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner) {
  om_softmax_any_f32(x, y, outer, axis, inner, true);
}

#endif
