/* Memory of values whose size only a run knows, kept for the runs that follow. What malloc has from the system is given back
 * when it is freed, and each of its pages is zeroed again when it is first written: 4 of the 18 ms of a detector with free
 * sizes (YOLOX-nano, 416 x 416, Zen 4, Linux 6.18). */
#ifndef OM_KEPT_H
#define OM_KEPT_H

#include "runtime.h"

/* Runs at the same time whose memory is kept: as many as libuv's pool has threads by default, and as native/addon/scratch.h
 * keeps arenas. What others need is freed behind them. */
enum { OM_KEPT_RUNS = 4 };

typedef struct om_kept {
  om_slot *slots; /* `count` for each of the runs */
  int32_t count;
  int32_t taken[OM_KEPT_RUNS];
} om_kept;

/* Slots for one run: kept ones, whose memory has the sizes of former runs, or `fresh`, which are empty. */
static inline om_slot *om_take_slots(om_kept *kept, om_slot *fresh) {
  for (int run = 0; run < OM_KEPT_RUNS; run++)
    if (!OM_IS_EXACT && !__atomic_exchange_n(&kept->taken[run], 1, __ATOMIC_ACQUIRE)) return kept->slots + run * kept->count;
  return fresh;
}

/* After the run. A slot of which it needed less than a quarter is emptied, so that one large input holds no memory while small
 * ones come. */
static inline void om_give_slots(om_kept *kept, om_slot *slots, const om_slot *fresh) {
  if (slots == fresh) {
    om_release(slots, kept->count);
    return;
  }
  for (int i = 0; i < kept->count; i++) {
    om_slot *slot = &slots[i];
    if (slot->data == NULL || slot->bytes / 4 > slot->needed) {
      free(slot->data);
      *slot = (om_slot){0};
    }
    slot->needed = 0;
  }
  __atomic_store_n(&kept->taken[(slots - kept->slots) / kept->count], 0, __ATOMIC_RELEASE);
}

/* Before the library goes; runs that go on, as they may when a process ends, keep theirs. */
static inline void om_drop_slots(om_kept *kept) {
  for (int run = 0; run < OM_KEPT_RUNS; run++)
    if (!__atomic_exchange_n(&kept->taken[run], 1, __ATOMIC_ACQUIRE)) om_release(kept->slots + run * kept->count, kept->count);
}

#endif
