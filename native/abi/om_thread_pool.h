/* Threads that a host lends to the models that it runs: one pool for all of them, since each model is a library of its own
 * and none may end up with threads in code that is gone. A host that has none calls om_builtin_model.run, and the model runs
 * on the thread that calls. */
#ifndef OM_THREAD_POOL_H
#define OM_THREAD_POOL_H

#include <stdint.h>

#include "om_builtin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Work that falls into parts, each of which is claimed by one thread (native/kernels/parallel.h). */
typedef struct om_job {
  /* Does parts until none is left to claim. own: memory of own_bytes that no other thread uses, 64-byte aligned. */
  void (*share)(struct om_job *job, void *own);
  int64_t own_bytes;
  int32_t most;  /* threads, the one that calls among them */
  int32_t wakes; /* whether there is so much to do that it is worth waking threads that sleep */
} om_job;

typedef struct om_pool {
  /* Whether others come into job->share() from now on; the caller does, too. Otherwise it does the work by itself. */
  int32_t (*begin)(om_job *job);
  /* After what began, and whatever begin() gave: nobody is in job->share() any more. */
  void (*end)(om_job *job, int32_t is_shared);
  /* Lets time pass for one who waits for another's part, and has looked `turns` times. */
  void (*idle)(uint32_t turns);
} om_pool;

/* Exported by a model that has work to share: as om_builtin_model.run, with the help of a pool.
 * most: threads, the one that calls among them. */
typedef int om_run_threads_function(const om_pool *pool, int32_t most, void *arena, const om_buffer *inputs,
                                    om_buffer *outputs, om_message *message);

#ifdef __cplusplus
}
#endif

#endif
