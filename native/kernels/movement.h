/* Elements moved unchanged, whatever their type: between strided places, and through tables of offsets per axis. */
#ifndef OM_MOVEMENT_H
#define OM_MOVEMENT_H

#include "axes.h"
#include "parallel.h"
#include "vector.h"

typedef struct om_element_16 {
  uint64_t halves[2];
} om_element_16;

/* One loop per element size, so that each is a plain load and store. */
#define OM_BY_ELEMENT_SIZE(element, LOOP) \
  switch (element) {                      \
    case 1: LOOP(uint8_t) break;           \
    case 2: LOOP(uint16_t) break;          \
    case 4: LOOP(uint32_t) break;          \
    case 8: LOOP(uint64_t) break;          \
    default: LOOP(om_element_16) break;   \
  }

/* `count` times the element at `value`. */
OM_SHARED void om_fill(void *to, const void *value, ptrdiff_t element, ptrdiff_t count) {
#define OM_FILL(T)                                         \
  {                                                        \
    const T filler = *(const T *)value;                    \
    for (ptrdiff_t i = 0; i < count; i++) ((T *)to)[i] = filler; \
  }
  OM_BY_ELEMENT_SIZE(element, OM_FILL)
#undef OM_FILL
}

/* One row of om_copy_box. */
OM_INLINE void om_copy_row(void *to, ptrdiff_t to_stride, const void *from, ptrdiff_t from_stride, ptrdiff_t element,
                           ptrdiff_t count) {
#define OM_COPY(T) \
  for (ptrdiff_t i = 0; i < count; i++) ((T *)to)[i * to_stride] = ((const T *)from)[i * from_stride];
  OM_BY_ELEMENT_SIZE(element, OM_COPY)
#undef OM_COPY
}

/* Copies a box of `dims` elements; strides are in elements, 0 repeats and negative ones turn an axis round. */
OM_SHARED void om_copy_box(void *to, const ptrdiff_t *to_strides, const void *from, const ptrdiff_t *from_strides,
                           const ptrdiff_t *dims, int rank, ptrdiff_t element) {
  ptrdiff_t index[OM_MAX_RANK] = {0}, run = 1, rows = 1;
  /* Inner axes that both sides hold densely are one run. */
  while (rank > 0 && (dims[rank - 1] == 1 || (to_strides[rank - 1] == run && from_strides[rank - 1] == run))) run *= dims[--rank];
  const int row_axis = run == 1 && rank > 0 ? rank - 1 : rank;
  for (int i = 0; i < row_axis; i++) rows *= dims[i];
  char *target = (char *)to;
  const char *source = (const char *)from;
  if (run == 0) return;
  const ptrdiff_t together = om_part_rows(row_axis < rank ? dims[row_axis] : run);
  bool is_mine = true;
  for (ptrdiff_t row = 0, next = 0; row < rows; row++) {
    if (row == next) is_mine = om_is_mine(), next += together; /* a division takes as long as a short row */
    if (is_mine && row_axis < rank)
      om_copy_row(target, to_strides[row_axis], source, from_strides[row_axis], element, dims[row_axis]);
    else if (is_mine) memcpy(target, source, (size_t)(run * element));
    for (int i = row_axis - 1; i >= 0; i--) {
      target += to_strides[i] * element;
      source += from_strides[i] * element;
      if (++index[i] < dims[i]) break;
      target -= to_strides[i] * dims[i] * element;
      source -= from_strides[i] * dims[i] * element;
      index[i] = 0;
    }
  }
}

/* The longest stretch of a table, from *first to *end, whose elements lie one behind the other. */
OM_SHARED void om_longest_run(const int64_t *table, ptrdiff_t count, ptrdiff_t *first, ptrdiff_t *end) {
  *first = *end = 0;
  for (ptrdiff_t from = 0, to; from < count; from = to) {
    for (to = from + 1; to < count && table[from] >= 0 && table[to] == table[to - 1] + 1;) to++;
    if (table[from] >= 0 && to - from > *end - *first) *first = from, *end = to;
  }
}

/* to[i0, i1, ...] = from[tables[0][i0] + tables[1][i1] + ...], in elements; `filler` where any of them is negative. */
OM_SHARED void om_pick_axes(void *to, const void *from, const int64_t *const *tables, const ptrdiff_t *dims, int rank,
                            const void *filler, ptrdiff_t element) {
  ptrdiff_t index[OM_MAX_RANK] = {0}, rows = 1;
  const ptrdiff_t count = rank > 0 ? dims[rank - 1] : 1;
  const int64_t here = 0, *last = rank > 0 ? tables[rank - 1] : &here;
  for (int i = 0; i < rank - 1; i++) rows *= dims[i];
  char *target = (char *)to;
  ptrdiff_t run, run_end;
  om_longest_run(last, count, &run, &run_end);
  for (; rows > 0; rows--, target += count * element) {
    int64_t base = 0;
    for (int i = 0; i < rank - 1; i++) base = base < 0 || tables[i][index[i]] < 0 ? -1 : base + tables[i][index[i]];
    const ptrdiff_t copied = base < 0 ? count : run, behind = base < 0 ? count : run_end;
#define OM_PICK_ONE(T) ((T *)target)[i] = base < 0 || last[i] < 0 ? *(const T *)filler : ((const T *)from)[base + last[i]]
#define OM_PICK(T)                                                  \
  for (ptrdiff_t i = 0; i < copied; i++) OM_PICK_ONE(T);            \
  for (ptrdiff_t i = behind; i < count; i++) OM_PICK_ONE(T);
    OM_BY_ELEMENT_SIZE(element, OM_PICK)
#undef OM_PICK
#undef OM_PICK_ONE
    if (copied < behind)
      memcpy(target + copied * element, (const char *)from + (base + last[copied]) * element, (size_t)((behind - copied) * element));
    for (int i = rank - 2; i >= 0; i--) {
      if (++index[i] < dims[i]) break;
      index[i] = 0;
    }
  }
}

typedef enum om_pad_mode { OM_PAD_CONSTANT, OM_PAD_REFLECT, OM_PAD_EDGE, OM_PAD_WRAP } om_pad_mode;

/* The table of om_pick_axes for one padded axis (ONNX Pad-25, numpy.pad): `in` elements, `begin` new ones before them.
 * What is cropped at one end is not repeated at the other. False where there is nothing to repeat. */
OM_SHARED bool om_pad_axis(int64_t *table, ptrdiff_t in, ptrdiff_t out, ptrdiff_t begin, ptrdiff_t stride, om_pad_mode mode) {
  const ptrdiff_t first = begin < 0 ? -begin : 0, end = out - in - begin, kept = in - first + (end < 0 ? end : 0);
  if (kept <= 0 && out > 0 && mode != OM_PAD_CONSTANT) return false;
  for (ptrdiff_t i = 0; i < out; i++) {
    ptrdiff_t at = i - begin;
    if (mode == OM_PAD_CONSTANT) {
      table[i] = at < 0 || at >= in ? -1 : at * stride;
      continue;
    }
    at -= first;
    if (at < 0 || at >= kept) {
      const ptrdiff_t period = mode == OM_PAD_WRAP ? kept : om_max(1, 2 * (kept - 1));
      if (mode == OM_PAD_EDGE) at = at < 0 ? 0 : kept - 1;
      else at = (at % period + period) % period;
      if (mode == OM_PAD_REFLECT && at >= kept) at = period - at;
    }
    table[i] = (first + at) * stride;
  }
  return true;
}

/* Start and number of steps of a slice (ONNX Slice-13: bounds are clamped, negative ones count from the end). */
OM_SHARED int64_t om_slice_axis(int64_t size, int64_t start, int64_t end, int64_t step, int64_t *first) {
  const int64_t low = step > 0 ? 0 : -1, high = step > 0 ? size : size - 1;
  if (start < 0) start += size;
  if (end < 0) end += size;
  start = start < 0 ? 0 : start > high ? high : start;
  end = end < low ? low : end > high ? high : end;
  *first = 0;
  if (size == 0 || step == 0 || (step > 0 ? end <= start : end >= start)) return 0;
  *first = start;
  /* The lowest step has no positive counterpart; any as large takes one element. */
  const int64_t stride = step > 0 ? step : step < -INT64_MAX ? INT64_MAX : -step;
  return ((step > 0 ? end - start : start - end) - 1) / stride + 1;
}

#endif
