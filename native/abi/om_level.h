/* A model's code for several levels of x86-64 in one library. The same C is compiled once for each level, with the level's
 * flags, as a translation unit of its own that shows nothing but one table of functions; one more unit, compiled for the lowest
 * level, has the weights and the ABI, and takes the table of the best level that the machine has (om_dispatch.h).
 *
 * So that no instruction of a higher level is ever met on a lesser machine, units share no code: all functions are static
 * but those of the table, which are hidden and bear the level's name; there is none that a linker may take from any unit
 * (weak, or inline with a body of its own). */
#ifndef OM_LEVEL_H
#define OM_LEVEL_H

#include "om_builtin.h"
#include "om_thread_pool.h"

#ifdef _WIN32
#define OM_HIDDEN
#else
#define OM_HIDDEN __attribute__((visibility("hidden")))
#endif

/* What a level has; NULL where the model has no such function. See om_builtin.h, om_thread_pool.h and om_profile.h. */
typedef struct om_level {
  const char *target; /* e.g. "x86-64-v3" */
  int32_t level;      /* 3 of it; 1 of "x86-64" */
  int (*run)(void *arena, const om_buffer *inputs, om_buffer *outputs, om_message *message);
  om_run_threads_function *run_threads;
  void (*prepare)(void);
  void (*forget)(void);
  void (*print_profile)(void);
} om_level;

#endif
