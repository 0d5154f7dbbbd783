/* Distinct rows of a matrix of any element type (ONNX Unique-11). */
#ifndef OM_UNIQUE_H
#define OM_UNIQUE_H

#include "vector.h"

typedef int (*om_comparison)(const void *a, const void *b);

/* NaN sorts behind every number and equals itself. */
#define OM_COMPARISON(name, T)                                            \
  static __attribute__((unused)) int name(const void *a, const void *b) { \
    const T x = *(const T *)a, y = *(const T *)b;                         \
    if (x < y || (x == x && y != y)) return -1;                           \
    return x > y || (x != x && y == y);                                   \
  }
OM_COMPARISON(om_compare_float32, float)
OM_COMPARISON(om_compare_float64, double)
OM_COMPARISON(om_compare_int8, int8_t)
OM_COMPARISON(om_compare_int16, int16_t)
OM_COMPARISON(om_compare_int32, int32_t)
OM_COMPARISON(om_compare_int64, int64_t)
OM_COMPARISON(om_compare_uint8, uint8_t)
OM_COMPARISON(om_compare_uint16, uint16_t)
OM_COMPARISON(om_compare_uint32, uint32_t)
OM_COMPARISON(om_compare_uint64, uint64_t)
OM_COMPARISON(om_compare_bool, bool)
static __attribute__((unused)) int om_compare_string(const void *a, const void *b) {
  return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A matrix of `rows` rows of `width` elements. */
typedef struct om_rows {
  const char *data;
  ptrdiff_t rows, width, element;
  om_comparison compare;
} om_rows;

OM_INLINE int om_compare_rows(const om_rows *x, int64_t a, int64_t b) {
  for (ptrdiff_t i = 0; i < x->width; i++) {
    const int order = x->compare(x->data + (a * x->width + i) * x->element, x->data + (b * x->width + i) * x->element);
    if (order != 0) return order;
  }
  return 0;
}

/* Sorts the row numbers in `order` by what the rows hold; bottom-up merge sort, stable. `spare` has room for as many. */
OM_SHARED void om_sort_rows(const om_rows *x, int64_t *order, int64_t *spare) {
  for (ptrdiff_t run = 1; run < x->rows; run *= 2) {
    for (ptrdiff_t begin = 0; begin < x->rows; begin += 2 * run) {
      const ptrdiff_t middle = om_min(begin + run, x->rows), end = om_min(begin + 2 * run, x->rows);
      ptrdiff_t left = begin, right = middle;
      for (ptrdiff_t i = begin; i < end; i++) {
        const bool takes_left = right == end || (left < middle && om_compare_rows(x, order[left], order[right]) <= 0);
        spare[i] = takes_left ? order[left++] : order[right++];
      }
    }
    memcpy(order, spare, (size_t)x->rows * sizeof *order);
  }
}

/* The number of distinct rows. Unless `y` is NULL: the rows themselves, sorted or in the order of their first occurrence,
 * where each occurs first, which of them each row of x is, and how often each occurs. `work` has room for 3 * rows. */
OM_SHARED int64_t om_unique(const om_rows *x, bool sorted, int64_t *work, void *y, int64_t *first, int64_t *inverse,
                            int64_t *counts) {
  int64_t *order = work, *leader = work + x->rows, *place = leader + x->rows, distinct = 0;
  for (ptrdiff_t i = 0; i < x->rows; i++) order[i] = i;
  om_sort_rows(x, order, leader);
  for (ptrdiff_t i = 0; i < x->rows; i++) {
    const bool repeats = i > 0 && om_compare_rows(x, order[i - 1], order[i]) == 0;
    leader[order[i]] = repeats ? leader[order[i - 1]] : order[i];
    if (!repeats) place[order[i]] = distinct++;
  }
  if (!y) return distinct;
  if (!sorted) {
    int64_t next = 0;
    for (ptrdiff_t i = 0; i < x->rows; i++)
      if (leader[i] == i) place[i] = next++;
  }
  memset(counts, 0, (size_t)distinct * sizeof *counts);
  for (ptrdiff_t i = 0; i < x->rows; i++) {
    const int64_t at = place[leader[i]];
    inverse[i] = at;
    if (counts[at]++ > 0) continue;
    first[at] = i;
    memcpy((char *)y + at * x->width * x->element, x->data + i * x->width * x->element, (size_t)(x->width * x->element));
  }
  return distinct;
}

#endif
