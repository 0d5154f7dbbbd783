/* Sequences and optionals: how they are while a model runs, and how they cross its flat entry (om_builtin.h).
 *
 * Each tensor of a list has a rank and dimensions of its own. Lists share the tensors in them, which are never changed;
 * users are counted without a lock, so a list belongs to one call at a time.
 *
 * Input:  the caller's list, of tensors that the caller has checked against om_io. The model reads it, and may count
 *         itself among the users of its tensors for the time of the call.
 * Output: NULL on entry; the model sets it to a list that the caller frees with om_free_list(), also after an error. */
#ifndef OM_LIST_H
#define OM_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "om_shape.h"

/* A tensor in lists. */
typedef struct om_item {
  void *data;          /* dense, row-major; may be NULL where there are no elements */
  const int64_t *dims; /* `rank` entries */
  int64_t rank;
  int64_t users;       /* freed with the last */
  int32_t borrowed;    /* whether `data` is another's, to be copied before it leaves the call */
} om_item;

typedef struct om_list {
  om_item **items;
  int64_t count, room;
  int32_t given; /* Of an optional: whether it has an element. Of a sequence 1 */
} om_list;

static inline void om_drop_item(om_item *item) {
  if (--item->users == 0) free(item);
}

/* Empties a list and gives back its memory. */
static inline void om_clear_list(om_list *list) {
  for (int64_t i = 0; i < list->count; i++) om_drop_item(list->items[i]);
  free(list->items);
  memset(list, 0, sizeof *list);
}

/* Frees a list that a model gave. Strings are in memory of their own. */
static inline void om_free_list(om_list *list, bool strings) {
  if (!list) return;
  for (int64_t i = 0; strings && i < list->count; i++) {
    const om_item *item = list->items[i];
    const int64_t count = om_shape_bytes(item->dims, item->rank, 1);
    for (int64_t at = 0; at < count; at++) free(((char **)item->data)[at]);
  }
  om_clear_list(list);
  free(list);
}

#endif
