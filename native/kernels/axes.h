/* Axes that are known only when the model runs. */
#ifndef OM_AXES_H
#define OM_AXES_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "parallel.h"
#include "vector.h"

/* Most axes that a tensor can have here. */
enum { OM_MAX_RANK = 64 };

/* Marks the axes that a list names, negative ones from the end: how many there are, or -1 when one is out of range. */
static inline int64_t om_mark_axes(const int64_t *axes, int64_t count, int64_t rank, bool *marked) {
  int64_t marks = 0;
  for (int64_t i = 0; i < rank; i++) marked[i] = false;
  for (int64_t i = 0; i < count; i++) {
    if (axes[i] < -rank || axes[i] >= rank) return -1;
    bool *mark = &marked[axes[i] < 0 ? axes[i] + rank : axes[i]];
    marks += !*mark;
    *mark = true;
  }
  return marks;
}

/* Copies x[dims] to y with the marked axes moved behind the others: y[outer, extent]. */
static inline void om_axes_last(const void *x, void *y, int64_t element, int64_t rank, const int64_t *dims,
                                const bool *marked, int64_t *outer, int64_t *extent) {
  int64_t sizes[OM_MAX_RANK], strides[OM_MAX_RANK], index[OM_MAX_RANK] = {0}, offset = 0, count = 1;
  int64_t axes = 0;
  *outer = *extent = 1;
  for (int behind = 0; behind < 2; behind++)
    for (int64_t axis = 0; axis < rank; axis++) {
      if (marked[axis] != (behind == 1)) continue;
      int64_t stride = element;
      for (int64_t after = axis + 1; after < rank; after++) stride *= dims[after];
      sizes[axes] = dims[axis], strides[axes++] = stride;
      *(behind ? extent : outer) *= dims[axis];
      count *= dims[axis];
    }
  for (int64_t i = 0; i < count; i++) {
    memcpy((char *)y + i * element, (const char *)x + offset, (size_t)element);
    for (int64_t axis = rank - 1; axis >= 0; axis--) {
      offset += strides[axis];
      if (++index[axis] < sizes[axis]) break;
      offset -= sizes[axis] * strides[axis];
      index[axis] = 0;
    }
  }
}

/* What lies before, on and behind an axis; false when it is out of range. */
static inline bool om_split_axis(int64_t axis, int64_t rank, const int64_t *dims, int64_t *outer, int64_t *extent,
                                 int64_t *inner) {
  if (axis < -rank || axis >= rank) return false;
  if (axis < 0) axis += rank;
  *outer = *inner = 1;
  for (int64_t i = 0; i < axis; i++) *outer *= dims[i];
  for (int64_t i = axis + 1; i < rank; i++) *inner *= dims[i];
  *extent = dims[axis];
  return true;
}

/* Before what is done for the pieces i0 to `end` of o of [outer, count], which go through so many elements each: threads share
 * them. */
#define OM_EACH_PART(outer, count, elements)                                                                           \
  for (int64_t o0 = 0, rows = om_part_rows((count) * (elements)); o0 < (outer); o0 += rows)                            \
    for (int64_t i0 = 0, pieces = om_split_pieces(count, elements, 16).inner, end; end = om_min(i0 + pieces, count), i0 < (count);\
         i0 += pieces)                                                                                                 \
      if (om_is_mine())                                                                                                \
        for (int64_t o = o0, last = om_min(o0 + rows, outer); o < last; o++)

/* The same for each piece i, and for blocks: pieces i to i + width, OM_BLOCK at most. */
#define OM_EACH_PIECE(outer, count, elements)                                                                          \
  OM_EACH_PART(outer, count, elements) for (int64_t i = i0; i < end; i++)
enum { OM_BLOCK = 64 };
#define OM_EACH_BLOCK(outer, count, elements)                                                                          \
  OM_EACH_PART(outer, count, elements)                                                                                 \
  for (int64_t i = i0, width; width = om_min(OM_BLOCK, end - i), i < end; i += width)

#endif
