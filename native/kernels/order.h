/* Largest and smallest elements along an axis of x[outer, axis, inner]. */
#ifndef OM_ORDER_H
#define OM_ORDER_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "axes.h"

/* y[o, i] = position along the axis of the element that wins: `wins` says so of `v` against `top`, the best so far. Columns go
 * row by row in blocks, with positions of 32 bits where they fit. */
#define OM_ARG(x, y, outer, axis, inner, T, wins)                                                                      \
  if ((inner) >= 8 && (axis) < INT32_MAX) {                                                                            \
    OM_EACH_BLOCK(outer, inner, axis) {                                                                                \
      T tops[OM_BLOCK];                                                                                                \
      int32_t at[OM_BLOCK];                                                                                            \
      for (int64_t j = 0; j < width; j++) tops[j] = (x)[o * (axis) * (inner) + i + j], at[j] = 0;                      \
      for (int64_t a = 1; a < (axis); a++)                                                                             \
        for (int64_t j = 0; j < width; j++) {                                                                          \
          const T v = (x)[(o * (axis) + a) * (inner) + i + j], top = tops[j];                                          \
          const bool is_new = wins;                                                                                    \
          tops[j] = is_new ? v : top;                                                                                  \
          at[j] = is_new ? (int32_t)a : at[j];                                                                         \
        }                                                                                                              \
      for (int64_t j = 0; j < width; j++) (y)[o * (inner) + i + j] = at[j];                                            \
    }                                                                                                                  \
  } else OM_EACH_PIECE(outer, inner, axis) {                                                                           \
    T top = (x)[o * (axis) * (inner) + i];                                                                             \
    int64_t at = 0;                                                                                                    \
    for (int64_t a = 1; a < (axis); a++) {                                                                             \
      const T v = (x)[(o * (axis) + a) * (inner) + i];                                                                 \
      if (wins) top = v, at = a;                                                                                       \
    }                                                                                                                  \
    (y)[o * (inner) + i] = at;                                                                                         \
  }

/* y[o, a, i] = 1 at the first largest element along the axis, where a NaN is the largest, and 0 elsewhere. */
#define OM_HARDMAX(x, y, outer, axis, inner, T)                                                                        \
  OM_EACH_PIECE(outer, inner, axis) {                                                                                 \
    const int64_t first = o * (axis) * (inner) + i;                                                                    \
    int64_t at = first;                                                                                                \
    for (int64_t a = 0; a < (axis); a++) {                                                                             \
      const T v = (x)[first + a * (inner)], top = (x)[at];                                                             \
      if (v > top || (v != v && top == top)) at = first + a * (inner);                                                 \
    }                                                                                                                  \
    for (int64_t a = 0; a < (axis); a++) (y)[first + a * (inner)] = first + a * (inner) == at;                         \
  }

/* Numbers as keys that unsigned comparison orders; NaN comes after infinity. */
static inline uint64_t om_key_uint(uint64_t value) { return value; }
static inline uint64_t om_key_int(int64_t value) { return (uint64_t)value ^ UINT64_C(1) << 63; }
static inline uint64_t om_key_float(double value) {
  uint64_t bits;
  if (value == 0.0) value = 0.0; /* both zeros are equal */
  memcpy(&bits, &value, sizeof bits);
  return bits >> 63 && value == value ? ~bits : bits | UINT64_C(1) << 63;
}

typedef struct om_ranked {
  uint64_t key;
  int64_t index;
} om_ranked;

/* Of equal elements the one with the lower index ranks higher. */
static inline bool om_ranks_below(om_ranked a, om_ranked b) {
  return a.key < b.key || (a.key == b.key && a.index > b.index);
}

static inline void om_sift_down(om_ranked *heap, int64_t count, int64_t root) {
  const om_ranked item = heap[root];
  for (int64_t child; (child = 2 * root + 1) < count; root = child) {
    if (child + 1 < count && om_ranks_below(heap[child + 1], heap[child])) child++;
    if (!om_ranks_below(heap[child], item)) break;
    heap[root] = heap[child];
  }
  heap[root] = item;
}

/* Keeps the `most` highest of all items offered: a heap with the lowest of them on top. */
static inline void om_rank(om_ranked *heap, int64_t *count, int64_t most, uint64_t key, int64_t index) {
  const om_ranked item = {key, index};
  if (*count < most) {
    heap[(*count)++] = item;
    if (*count == most)
      for (int64_t root = most / 2 - 1; root >= 0; root--) om_sift_down(heap, most, root);
  } else if (most > 0 && om_ranks_below(heap[0], item)) {
    heap[0] = item;
    om_sift_down(heap, most, 0);
  }
}

/* Offers x[0], x[step], … to the heap, `extent` of them, of type T and with the key `key` of `v`. Sixteen that can't rise above
 * the lowest of a full heap are passed over at once: `stays` says so of `v` beside that one's number, `top`. One by one, five
 * of 1024 took five times as long. */
#define OM_RANK_ALL(x, step, extent, T, heap, count, most, key, stays)                                                 \
  for (int64_t a = 0; a < (extent);) {                                                                                 \
    const int64_t end = om_min(a + 16, extent);                                                                        \
    int rising = *(count) < (most) || end - a < 16;                                                                    \
    if (!rising && (most) > 0) {                                                                                       \
      const T top = (x)[(heap)[0].index * (step)];                                                                     \
      for (int64_t b = a; b < a + 16; b++) {                                                                           \
        const T v = (x)[b * (step)];                                                                                   \
        rising |= !(stays);                                                                                            \
      }                                                                                                                \
    }                                                                                                                  \
    for (; rising && a < end; a++) {                                                                                   \
      const T v = (x)[a * (step)];                                                                                     \
      om_rank(heap, count, most, key, a);                                                                              \
    }                                                                                                                  \
    a = end;                                                                                                           \
  }

/* Puts a full heap in descending order. */
static inline void om_rank_sort(om_ranked *heap, int64_t count) {
  for (int64_t last = count - 1; last > 0; last--) {
    const om_ranked lowest = heap[0];
    heap[0] = heap[last];
    heap[last] = lowest;
    om_sift_down(heap, last, 0);
  }
}

#endif
