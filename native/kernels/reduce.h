/* Reductions over one axis (axes that lie together are one): x f32[outer, axis, inner] to y f32[outer, inner]. */
#ifndef OM_REDUCE_H
#define OM_REDUCE_H

#include "elementary.h"
#include "parallel.h"
#include "rows.h"

typedef enum om_reduction {
  OM_REDUCE_SUM,
  OM_REDUCE_MEAN,
  OM_REDUCE_PRODUCT,
  OM_REDUCE_MAX,
  OM_REDUCE_MIN,
  OM_REDUCE_SUM_SQUARE,
  OM_REDUCE_L1,
  OM_REDUCE_L2,
  OM_REDUCE_LOG_SUM,
  OM_REDUCE_LOG_SUM_EXP
} om_reduction;

/* Columns that are reduced at once, and rows whose sum is added as one: sums of thousands of numbers lose less that way
 * (Higham, Accuracy and Stability of Numerical Algorithms, 4.2). */
enum { OM_REDUCE_COLUMNS = 64, OM_REDUCE_ROWS = 256 };

/* One more element; `top` is the column's largest, for LOG_SUM_EXP. */
OM_INLINE float om_reduce_step_f32(float sum, float x, float top, const om_reduction kind) {
  switch (kind) {
  case OM_REDUCE_PRODUCT: return sum * x;
  case OM_REDUCE_MAX: return ((x > sum) | (x != x)) ? x : sum;
  case OM_REDUCE_MIN: return ((x < sum) | (x != x)) ? x : sum;
  case OM_REDUCE_SUM_SQUARE:
  case OM_REDUCE_L2: return sum + x * x;
  case OM_REDUCE_L1: return sum + om_abs_f32(x);
  case OM_REDUCE_LOG_SUM_EXP: return sum + om_decay_f32(x - top);
  default: return sum + x;
  }
}

/* What two parts of a column make together. */
OM_INLINE float om_reduce_join_f32(float a, float b, const om_reduction kind) {
  switch (kind) {
  case OM_REDUCE_PRODUCT:
  case OM_REDUCE_MAX:
  case OM_REDUCE_MIN: return om_reduce_step_f32(a, b, 0.0f, kind);
  default: return a + b;
  }
}

OM_INLINE float om_reduce_begin_f32(const om_reduction kind) {
  return kind == OM_REDUCE_PRODUCT ? 1.0f : kind == OM_REDUCE_MAX ? -INFINITY : kind == OM_REDUCE_MIN ? INFINITY : 0.0f;
}

OM_INLINE float om_reduce_end_f32(float sum, float top, ptrdiff_t axis, const om_reduction kind) {
  switch (kind) {
  case OM_REDUCE_MEAN: return sum / (float)axis;
  case OM_REDUCE_L2: return sqrtf(sum);
  case OM_REDUCE_LOG_SUM: return om_log_f32(sum);
  case OM_REDUCE_LOG_SUM_EXP: return om_log_f32(sum) + top;
  default: return sum;
  }
}

/* What LOG_SUM_EXP subtracts from a column before its powers are taken. */
OM_INLINE float om_reduce_top_f32(float largest) { return om_abs_f32(largest) < INFINITY ? largest : 0.0f; }

/* Whole rows, in several chains, as one waits for itself: the largest of each of 128 rows of 768 take 8 us instead of 58. */
OM_INLINE float om_reduce_row_f32(const float *x, ptrdiff_t axis, const om_reduction kind) {
  if (kind == OM_REDUCE_SUM || kind == OM_REDUCE_MEAN || kind == OM_REDUCE_LOG_SUM)
    return om_reduce_end_f32(om_row_sum_f32(x, axis), 0.0f, axis, kind);
  if (kind == OM_REDUCE_SUM_SQUARE || kind == OM_REDUCE_L2)
    return om_reduce_end_f32(om_row_square_sum_f32(x, axis, 0.0f), 0.0f, axis, kind);
  const float top = kind == OM_REDUCE_LOG_SUM_EXP ? om_reduce_top_f32(om_row_max_f32(x, axis)) : 0.0f;
  float sum = om_reduce_begin_f32(kind);
  if (axis < OM_REDUCE_COLUMNS / 4)
    for (ptrdiff_t a = 0; a < axis; a++) sum = om_reduce_step_f32(sum, x[a], top, kind);
  else {
    float part[OM_REDUCE_COLUMNS];
    for (int i = 0; i < OM_REDUCE_COLUMNS; i++) part[i] = sum;
    ptrdiff_t a = 0;
    for (; a + OM_REDUCE_COLUMNS <= axis; a += OM_REDUCE_COLUMNS)
      for (int i = 0; i < OM_REDUCE_COLUMNS; i++) part[i] = om_reduce_step_f32(part[i], x[a + i], top, kind);
    /* The rest in chains, too: of rows of 96 it took three times as long as what was before it. */
    for (ptrdiff_t i = 0; i < axis - a; i++) part[i] = om_reduce_step_f32(part[i], x[a + i], top, kind);
    for (int half = OM_REDUCE_COLUMNS / 2; half > 0; half /= 2)
      for (int i = 0; i < half; i++) part[i] = om_reduce_join_f32(part[i], part[i + half], kind);
    sum = part[0];
  }
  return om_reduce_end_f32(sum, top, axis, kind);
}

/* `columns` neighbouring columns, at most OM_REDUCE_COLUMNS. */
OM_INLINE void om_reduce_columns_f32(const float *x, float *y, ptrdiff_t axis, ptrdiff_t inner, const ptrdiff_t columns,
                                     const om_reduction kind) {
  float sum[OM_REDUCE_COLUMNS], top[OM_REDUCE_COLUMNS];
  for (ptrdiff_t i = 0; i < columns; i++) sum[i] = om_reduce_begin_f32(kind), top[i] = -INFINITY;
  if (kind == OM_REDUCE_LOG_SUM_EXP)
    for (ptrdiff_t a = 0; a < axis; a++)
      for (ptrdiff_t i = 0; i < columns; i++) top[i] = x[a * inner + i] > top[i] ? x[a * inner + i] : top[i];
  for (ptrdiff_t i = 0; i < columns; i++) top[i] = om_reduce_top_f32(top[i]);
  for (ptrdiff_t from = 0; from < axis; from += OM_REDUCE_ROWS) {
    const ptrdiff_t end = om_min(axis, from + OM_REDUCE_ROWS);
    float part[OM_REDUCE_COLUMNS];
    for (ptrdiff_t i = 0; i < columns; i++) part[i] = om_reduce_begin_f32(kind);
    for (ptrdiff_t a = from; a < end; a++)
      for (ptrdiff_t i = 0; i < columns; i++) part[i] = om_reduce_step_f32(part[i], x[a * inner + i], top[i], kind);
    for (ptrdiff_t i = 0; i < columns; i++) sum[i] = om_reduce_join_f32(sum[i], part[i], kind);
  }
  for (ptrdiff_t i = 0; i < columns; i++) y[i] = om_reduce_end_f32(sum[i], top[i], axis, kind);
}

/* Empty axis: sums 0, products 1, MAX -inf, MIN inf, MEAN NaN, logarithms -inf. NaN in, NaN out. */
OM_INLINE void om_reduce_f32(const float *x, float *y, ptrdiff_t outer, ptrdiff_t axis, ptrdiff_t inner,
                             const om_reduction kind) {
  const om_piece_parts parts = om_split_pieces(inner, axis, OM_REDUCE_COLUMNS);
  for (ptrdiff_t first = 0; first < outer; first += parts.outer)
    for (ptrdiff_t from = 0; from < inner; from += parts.inner) {
      if (!om_is_mine()) continue;
      const ptrdiff_t last = om_min(first + parts.outer, outer), end = om_min(from + parts.inner, inner);
      const float *in = x + first * axis * inner;
      float *out = y + first * inner;
      for (ptrdiff_t o = first; o < last; o++, in += axis * inner, out += inner) {
        if (inner == 1) *out = om_reduce_row_f32(in, axis, kind);
        else
          for (ptrdiff_t i = from; i < end; i += OM_REDUCE_COLUMNS) {
            if (inner - i >= OM_REDUCE_COLUMNS)
              om_reduce_columns_f32(in + i, out + i, axis, inner, OM_REDUCE_COLUMNS, kind);
            else om_reduce_columns_f32(in + i, out + i, axis, inner, inner % OM_REDUCE_COLUMNS, kind);
          }
      }
    }
}

#endif
