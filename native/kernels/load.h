/* Constants that are made from smaller ones when a model is loaded (see om_prepare in om_builtin.h) or first runs, and kept
 * until its library is unloaded. */
#ifndef OM_LOAD_H
#define OM_LOAD_H

#include "runtime.h"

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
