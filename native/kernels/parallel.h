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

#ifndef OM_THREADS

enum { OM_IS_THREADED = 0 };

/* Whether the next part is for this thread to do. */
static inline bool om_is_mine(void) { return true; }
/* Waits until all parts so far are done, by whomever. */
static inline void om_settle(void) {}
/* Scratch memory of this thread alone, of the bytes that the kernel's call stated; `given`, the call's, is for all of them. */
static inline void *om_own_scratch(void *given) { return given; }
/* Between these a thread is by itself: all parts in between are its own. */
static inline bool om_begin_alone(void) { return false; }
static inline void om_end_alone(bool before) { (void)before; }

#else

#include "threads.h"

enum { OM_IS_THREADED = 1 };

/* What a thread knows of the kernel that it is in. */
typedef struct om_share {
  bool is_shared; /* other threads may be in it, too */
  bool is_busy;   /* with a part that is not counted as done */
  uint32_t at;    /* parts that were come upon */
  uint32_t end;   /* how many there are up to the one that was claimed last */
  void *scratch;  /* its own; NULL: the call's */
} om_share;
static __thread om_share om_this;

static struct {
  _Alignas(64) uint32_t next; /* the part that is claimed next */
  _Alignas(64) uint32_t done; /* how many are done */
} om_parts;

static inline void om_end_part(om_share *own) {
  if (own->is_busy) __atomic_fetch_add(&om_parts.done, 1, __ATOMIC_RELEASE);
  own->is_busy = false;
}

static __attribute__((noinline)) bool om_is_mine(void) {
  om_share *own = &om_this;
  if (!own->is_shared) return true;
  if (own->at == own->end) {
    om_end_part(own);
    own->end = __atomic_fetch_add(&om_parts.next, 1, __ATOMIC_RELAXED) + 1;
  }
  return own->is_busy = ++own->at == own->end;
}

static __attribute__((noinline, unused)) void om_settle(void) {
  om_share *own = &om_this;
  if (!own->is_shared) return;
  if (own->at == own->end) om_end_part(own);
  for (uint32_t done, turns = 0; (done = __atomic_load_n(&om_parts.done, __ATOMIC_ACQUIRE)) < own->at; turns++)
    om_idle(&om_parts.done, done, turns);
}

static inline void *om_own_scratch(void *given) { return om_this.scratch ? om_this.scratch : given; }

static inline bool om_begin_alone(void) {
  const bool before = om_this.is_shared;
  om_this.is_shared = false;
  return before;
}
static inline void om_end_alone(bool before) { om_this.is_shared = before; }

/* A thread's share of a kernel. */
static void om_run_share(om_shared_kernel *kernel, const void *arguments, void *scratch) {
  om_this = (om_share){.is_shared = true, .scratch = scratch};
  kernel(arguments);
  om_end_part(&om_this);
  om_this = (om_share){0};
}

/* Runs a kernel on all threads that are there; its results are there afterwards.
 * own_bytes: of the memory that each needs for itself, see om_own_scratch(). */
static void om_parallel(om_shared_kernel *kernel, const void *arguments, int64_t own_bytes) {
  if (!om_gather_threads(own_bytes)) {
    kernel(arguments);
    return;
  }
  om_parts.next = om_parts.done = 0;
  om_call_threads(kernel, arguments);
  om_run_share(kernel, arguments, NULL);
  om_await_threads();
}

#endif

#endif
