/* Kernels that several threads work on. Such a kernel is one function that every thread runs from its first line to its last;
 * what it computes falls into parts, and each thread does those that it claims:
 *
 *   for (ptrdiff_t row = 0; row < rows; row++)
 *     if (om_is_mine()) compute(row);
 *
 * All threads come upon the same parts in the same order, so a part's number is how many came before it, and claiming is
 * taking the next number of a counter. Nothing waits for a thread that comes late or not at all: the others find more to claim.
 * A part is computed as it would be without threads, and no sum is split, so results do not depend on the number of threads.
 *
 * Without OM_THREADS every part is this thread's, and what is here costs nothing. */
#ifndef OM_PARALLEL_H
#define OM_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Multiplications of floats that make a part worth claiming: some 10 µs. */
#ifndef OM_LEAST_PART
#define OM_LEAST_PART 65536
#endif

/* Elements that are moved or computed one by one in that time: 16 multiplications each, as MOVED in src/lowering/sharing.ts has
 * it. Of whole vectors and lines of a cache. */
#define OM_PART_ELEMENTS (OM_LEAST_PART < 2048 ? 64 : OM_LEAST_PART / 1024 * 64)

/* Multiplications of a kernel that native threads are woken for: some 0.1 ms. */
#ifndef OM_WAKING_WORK
#define OM_WAKING_WORK 2000000
#endif

/* How many rows of so many elements are a part. */
static inline ptrdiff_t om_part_rows(ptrdiff_t elements) {
  return elements <= 1 ? OM_PART_ELEMENTS : elements < OM_PART_ELEMENTS ? OM_PART_ELEMENTS / elements : 1;
}

/* Before what is done for each row, which goes through so many elements: threads share the rows. */
#define OM_EACH_ROW(row, rows, elements)                                                                               \
  for (ptrdiff_t row##_0 = 0, row##_part = om_part_rows(elements); row##_0 < (rows); row##_0 += row##_part)            \
    if (om_is_mine())                                                                                                  \
      for (ptrdiff_t row = row##_0, row##_end = (rows)-row##_0 < row##_part ? (rows) : row##_0 + row##_part;           \
           row < row##_end; row++)

/* How [outer, inner] pieces fall into parts: several rows of them, or some pieces of one row. */
typedef struct om_piece_parts {
  ptrdiff_t outer, inner;
} om_piece_parts;

/* Pieces of so many elements each, of which `together` are computed at once. A row that is no longer stays the constant that
 * it may be. */
static inline om_piece_parts om_split_pieces(ptrdiff_t inner, ptrdiff_t elements, ptrdiff_t together) {
  const ptrdiff_t pieces = (om_part_rows(elements) + together - 1) / together * together;
  return (om_piece_parts){om_part_rows(inner * elements), inner <= together ? inner : pieces};
}

typedef struct om_parts om_parts;

#ifndef OM_THREADS

/* Whether other threads may be in this kernel, too. */
static inline bool om_is_shared(void) { return false; }
/* Whether the next part is for this thread to do. */
static inline bool om_is_mine(void) { return true; }
/* Waits until all parts so far are done, by whomever. */
static inline void om_settle(void) {}
/* Scratch memory of this thread alone, of the bytes that the kernel's call stated; `given`, the call's, is for all of them. */
static inline void *om_own_scratch(void *given) { return given; }
/* Between these a thread is by itself: all parts in between are its own. */
static inline om_parts *om_begin_alone(void) { return NULL; }
static inline void om_end_alone(om_parts *before) { (void)before; }

#else

typedef void om_shared_kernel(const void *arguments);

/* How far the threads are that are in a kernel. */
struct om_parts {
  uint32_t next; /* the part that is claimed next */
  char apart[60]; /* lines of a cache */
  uint32_t done; /* how many are done */
};

/* What a thread knows of the kernel that it is in. */
typedef struct om_share {
  om_parts *parts; /* NULL: every part is this thread's */
  bool is_busy;    /* with a part that is not counted as done */
  uint32_t at;     /* parts that were come upon */
  uint32_t end;    /* how many there are up to the one that was claimed last */
  void *scratch;   /* its own; NULL: the call's */
  /* Of native code, see om_thread_pool.h: whose threads they are, and outside of kernels, how many may come. */
  const struct om_pool *pool;
  int32_t most;
} om_share;

static void om_run_share(om_shared_kernel *kernel, const void *arguments, om_share share);

#include "threads.h"

/* Whether other threads may be in this kernel, too. */
static inline bool om_is_shared(void) {
  const om_share *own = om_here();
  return own && own->parts;
}

static inline void om_end_part(om_share *own) {
  if (own->is_busy) __atomic_fetch_add(&own->parts->done, 1, __ATOMIC_RELEASE);
  own->is_busy = false;
}

static __attribute__((noinline)) bool om_is_mine(void) {
  om_share *own = om_here();
  if (!own || !own->parts) return true;
  if (own->at == own->end) {
    om_end_part(own);
    own->end = __atomic_fetch_add(&own->parts->next, 1, __ATOMIC_RELAXED) + 1;
  }
  return own->is_busy = ++own->at == own->end;
}

static __attribute__((noinline, unused)) void om_settle(void) {
  om_share *own = om_here();
  if (!own || !own->parts) return;
  if (own->at == own->end) om_end_part(own);
  uint32_t *word = &own->parts->done;
  for (uint32_t done, turns = 0; (done = __atomic_load_n(word, __ATOMIC_ACQUIRE)) < own->at; turns++)
    om_idle(word, done, turns);
}

static inline void *om_own_scratch(void *given) {
  const om_share *own = om_here();
  return own && own->scratch ? own->scratch : given;
}

/* What the thread is alone in, see om_end_alone(). */
static inline om_parts *om_begin_alone(void) {
  om_share *own = om_here();
  om_parts *before = own ? own->parts : NULL;
  if (own) own->parts = NULL;
  return before;
}
static inline void om_end_alone(om_parts *before) {
  if (before) om_here()->parts = before;
}

/* A thread's share of a kernel. */
static void om_run_share(om_shared_kernel *kernel, const void *arguments, om_share share) {
  om_share *before = om_here();
  if (!om_go(&share)) return; /* to the others it is one that never came */
  kernel(arguments);
  om_end_part(&share);
  om_go(before);
}

#endif

#endif
