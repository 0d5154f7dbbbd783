/* Sequences and optionals whose elements only the run knows. */
#ifndef OM_KERNELS_LIST_H
#define OM_KERNELS_LIST_H

#include "om_list.h"
#include "runtime.h"

/* A tensor with room for `bytes` bytes; NULL when there is no memory. */
static inline om_item *om_new_item(int64_t rank, const int64_t *dims, int64_t bytes) {
  const int64_t head = ((int64_t)sizeof(om_item) + rank * (int64_t)sizeof(int64_t) + 63) & ~INT64_C(63);
  om_item *item = bytes < 0 ? NULL : (om_item *)om_allocate(head + bytes);
  if (!item) return NULL;
  int64_t *own = (int64_t *)(item + 1);
  for (int64_t axis = 0; axis < rank; axis++) own[axis] = dims[axis];
  *item = (om_item){(char *)item + head, own, rank, 1, 0};
  return item;
}

/* Room for one more tensor; doubles when it is full. */
static inline bool om_grow_list(om_list *list) {
  if (list->count < list->room) return true;
  const int64_t room = list->room > 0 ? 2 * list->room : 4;
  om_item **items = (om_item **)realloc(list->items, (size_t)room * sizeof *items);
  if (!items) return false;
  list->items = items;
  list->room = room;
  return true;
}

/* Parts that a tensor may be split into: more are no model's, and each takes memory of its own. */
#define OM_MOST_PARTS (INT64_C(1) << 24)

/* Puts a tensor, which the list then owns, at a position from 0 to the end; false when there is no memory. */
static inline bool om_insert_item(om_list *list, int64_t at, om_item *item) {
  if (!item) return false;
  if (!om_grow_list(list)) {
    om_drop_item(item);
    return false;
  }
  memmove(list->items + at + 1, list->items + at, (size_t)(list->count - at) * sizeof *list->items);
  list->items[at] = item;
  list->count++;
  list->given = 1;
  return true;
}

/* Puts a copy of a tensor. */
static inline bool om_insert(om_list *list, int64_t at, const void *data, int64_t bytes, int64_t rank,
                             const int64_t *dims) {
  om_item *item = om_new_item(rank, dims, bytes);
  if (item && bytes > 0) memcpy(item->data, data, (size_t)bytes);
  return om_insert_item(list, at, item);
}

static inline void om_erase(om_list *list, int64_t at) {
  om_drop_item(list->items[at]);
  list->count--;
  memmove(list->items + at, list->items + at + 1, (size_t)(list->count - at) * sizeof *list->items);
}

/* Makes `to` a list of the same tensors. */
static inline bool om_copy_list(om_list *to, const om_list *from) {
  om_clear_list(to);
  if (from->count > 0) {
    to->items = (om_item **)malloc((size_t)from->count * sizeof *to->items);
    if (!to->items) return false;
    to->room = from->count;
  }
  for (; to->count < from->count; to->count++) {
    to->items[to->count] = from->items[to->count];
    to->items[to->count]->users++;
  }
  to->given = from->given;
  return true;
}

static inline void om_swap_lists(om_list *a, om_list *b) {
  const om_list kept = *a;
  *a = *b;
  *b = kept;
}

/* A position from the front; negative ones count from the end. */
static inline int64_t om_position(int64_t position, int64_t count) {
  return position < 0 ? position + count : position;
}

static inline void om_read_item(void *to, const om_item *item, int64_t bytes) {
  if (bytes > 0) memcpy(to, item->data, (size_t)bytes);
}

/* Appends the part of a tensor that is `length` long in an axis; `squeezes`: without that axis, of which it has one. */
static inline bool om_append_part(om_list *list, const void *data, int64_t element, int64_t rank, const int64_t *dims,
                                  int64_t axis, int64_t start, int64_t length, bool squeezes) {
  int64_t part[64];
  int64_t outer = 1, row = element;
  for (int64_t i = 0; i < rank; i++) {
    if (i < axis) outer = om_dim_mul(outer, dims[i]);
    if (i > axis) row = om_dim_mul(row, dims[i]);
    part[i - (squeezes && i > axis)] = i == axis ? length : dims[i];
  }
  const int64_t bytes = om_dim_mul(length, row);
  om_item *item = om_new_item(rank - squeezes, part, om_byte_count(om_dim_mul(outer, bytes)));
  for (int64_t i = 0; item && i < outer && bytes > 0; i++)
    memcpy((char *)item->data + i * bytes, (const char *)data + (i * dims[axis] + start) * row, (size_t)bytes);
  return om_insert_item(list, list->count, item);
}

/* Joins tensors of `outer` rows each; `row`: bytes of a row of the whole, `element`: of one step along the axis. */
static inline void om_join(void *to, const om_list *list, int64_t outer, int64_t axis, int64_t element) {
  int64_t row = 0, start = 0;
  if (outer < 1) return;
  for (int64_t k = 0; k < list->count; k++) row += (axis < 0 ? 1 : list->items[k]->dims[axis]) * element;
  for (int64_t k = 0; k < list->count; k++) {
    const int64_t bytes = (axis < 0 ? 1 : list->items[k]->dims[axis]) * element;
    for (int64_t i = 0; i < outer && bytes > 0; i++)
      memcpy((char *)to + i * row + start, (const char *)list->items[k]->data + i * bytes, (size_t)bytes);
    start += bytes;
  }
}

/* A tensor that lasts beyond the call: strings are in memory of their own. */
static inline om_item *om_lasting_item(om_item *item, int64_t element, bool strings, bool *whole) {
  if (!item->borrowed && !strings) {
    item->users++;
    return item;
  }
  const int64_t count = om_shape_bytes(item->dims, item->rank, 1);
  om_item *copy = om_new_item(item->rank, item->dims, count * element);
  if (copy && strings) *whole = om_copy_strings(copy->data, item->data, count);
  else if (copy) om_read_item(copy->data, item, count * element);
  return copy;
}

/* A list for the caller. NULL when there is no memory. */
static inline om_list *om_give_list(om_list *list, int64_t element, bool strings) {
  om_list *given = (om_list *)calloc(1, sizeof *given);
  bool whole = given != NULL;
  for (int64_t i = 0; whole && i < list->count; i++) {
    /* Room first: an item that has strings would be lost with them. */
    whole = om_grow_list(given);
    if (whole && !om_insert_item(given, i, om_lasting_item(list->items[i], element, strings, &whole))) whole = false;
  }
  if (whole) given->given = list->given;
  else om_free_list(given, strings);
  return whole ? given : NULL;
}

static inline void om_release_lists(om_list *lists, int count) {
  for (int i = 0; i < count; i++) om_clear_list(&lists[i]);
}

#endif
