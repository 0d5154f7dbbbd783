/* Memory of values whose size only a run knows, kept for the runs that follow. What malloc has from the system is given back
 * when it is freed, and each of its pages is zeroed again when it is first written: 4 of the 18 ms of a detector with free
 * sizes (YOLOX-nano, 416 x 416, Zen 4, Linux 6.18). */
#ifndef OM_KEPT_H
#define OM_KEPT_H

#include "runtime.h"

/* Runs at the same time whose memory is kept: as many as libuv's pool has threads by default, and as native/addon/scratch.h
 * keeps arenas. What others need is freed behind them. */
enum { OM_KEPT_RUNS = 4 };

/* Runs after which memory that none of them had goes: one that came while others were under way left it. */
enum { OM_KEPT_IDLE = 64 };

typedef struct om_kept {
  om_slot *slots; /* `count` for each of the runs */
  int32_t count;
  uint32_t runs;
  int32_t taken[OM_KEPT_RUNS];
  bool used[OM_KEPT_RUNS]; /* since idle memory was last looked for; of who has taken it */
} om_kept;

static inline bool om_take_kept(om_kept *kept, int run) {
  return !__atomic_exchange_n(&kept->taken[run], 1, __ATOMIC_ACQUIRE);
}
static inline void om_give_kept(om_kept *kept, int run) { __atomic_store_n(&kept->taken[run], 0, __ATOMIC_RELEASE); }

/* Frees what nobody has taken, or, is_idle, what nobody has used since it was last asked. */
static inline void om_drop_kept(om_kept *kept, bool is_idle) {
  for (int run = 0; run < OM_KEPT_RUNS; run++) {
    if (!om_take_kept(kept, run)) continue;
    om_slot *slots = kept->slots + run * kept->count;
    if (!is_idle || !kept->used[run]) {
      om_release(slots, kept->count);
      memset(slots, 0, (size_t)kept->count * sizeof *slots);
    }
    kept->used[run] = false;
    om_give_kept(kept, run);
  }
}

/* Slots for one run: kept ones, whose memory has the sizes of former runs, or `fresh`, which are empty. */
static inline om_slot *om_take_slots(om_kept *kept, om_slot *fresh) {
  for (int run = 0; run < OM_KEPT_RUNS; run++)
    if (!OM_IS_EXACT && om_take_kept(kept, run)) return kept->slots + run * kept->count;
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
  const int run = (int)((slots - kept->slots) / kept->count);
  kept->used[run] = true;
  om_give_kept(kept, run);
  if (__atomic_add_fetch(&kept->runs, 1, __ATOMIC_RELAXED) % OM_KEPT_IDLE == 0) om_drop_kept(kept, true);
}

#endif
