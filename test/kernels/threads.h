/* One thread that plays two, one after the other, for parts.c: what parallel.h wants of a `threads.h`. Each claims every other
 * part, whatever the counter says, and takes the other's parts for done. */
#ifndef OM_TEST_THREADS_H
#define OM_TEST_THREADS_H

static om_share *played;
static uint32_t turn; /* 0 or 1: who is played */

static inline om_share *om_here(void) {
  if (played && played->parts && played->at == played->end)
    played->parts->next = played->at + (played->at % 2 != turn);
  return played;
}

static inline bool om_go(om_share *share) {
  played = share;
  return true;
}

static inline void om_idle(uint32_t *word, uint32_t seen, uint32_t turns) {
  (void)seen, (void)turns;
  *word = UINT32_MAX / 2;
}

#endif
