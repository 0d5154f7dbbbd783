/* Constants that are made from smaller ones when a model is loaded (see om_prepare in om_builtin.h) or first runs, and kept
 * until its library is unloaded. */
#ifndef OM_LOAD_H
#define OM_LOAD_H

#include "runtime.h"

#ifdef __linux__
#include <sys/mman.h>
#endif

/* Weights are read from end to end in every run: on large pages addresses are translated once for 2 MiB instead of 4 kiB,
 * which makes a product of 100 MB of weights with one row at least 1.4 times as fast (Zen 4, Linux 6.18). An advice: that it is not taken is no error. */
static inline void om_use_large_pages(char *memory, int64_t bytes) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
  const uintptr_t page = (uintptr_t)1 << 21;
  const uintptr_t begin = ((uintptr_t)memory + page - 1) & ~(page - 1);
  const uintptr_t end = ((uintptr_t)memory + (uintptr_t)bytes) & ~(page - 1);
  if (begin < end) madvise((void *)begin, end - begin, MADV_HUGEPAGE);
#else
  (void)memory, (void)bytes;
#endif
}

/* Makes them in `loaded`; `arena` is room for what lies between. Gives OM_OK or an error. */
typedef int om_load_function(char *loaded, void *arena, om_message *message);

/* Never freed: when a process ends, a run may still be going on in a thread of its own. */
static char *om_loaded_memory;

/* The memory that holds them, filled by the first call. Calls that come at the same time each fill memory of their own, and
 * that of the first one stays: no run waits for another, and no library of threads is needed. */
static inline int om_load_once(om_load_function *load, int64_t bytes, int64_t arena_bytes, char **loaded,
                               om_message *message) {
  *loaded = __atomic_load_n(&om_loaded_memory, __ATOMIC_ACQUIRE);
  if (*loaded) return OM_OK;
  char *memory = (char *)om_allocate(bytes), *others = NULL;
  void *arena = om_allocate(arena_bytes);
  if (memory) om_use_large_pages(memory, bytes);
  const int error = memory && arena ? load(memory, arena, message) : OM_ERR_MEMORY;
  free(arena);
  if (error == OM_OK && __atomic_compare_exchange_n(&om_loaded_memory, &others, memory, false, __ATOMIC_ACQ_REL,
                                                     __ATOMIC_ACQUIRE)) {
    *loaded = memory;
    return OM_OK;
  }
  free(memory);
  *loaded = others;
  return error;
}

#endif
