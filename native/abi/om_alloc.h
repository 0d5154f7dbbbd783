/* Memory of the C ABI. */
#ifndef OM_ALLOC_H
#define OM_ALLOC_H

#include <stdint.h>
#include <stdlib.h>

/* Room for `bytes`, never NULL for 0. Refuses what size_t can't hold (32-bit machines). */
static inline void *om_alloc(int64_t bytes) {
  if (bytes < 0 || (uint64_t)bytes > SIZE_MAX - 64) return NULL;
  return malloc(bytes == 0 ? 1 : (size_t)bytes);
}

#endif
