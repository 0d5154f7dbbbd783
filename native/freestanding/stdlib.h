/* <stdlib.h> where there is no C library. */
#ifndef OM_FREESTANDING_STDLIB_H
#define OM_FREESTANDING_STDLIB_H

#include "errno.h"
#include "heap.h"
#include "string.h"

#include "numbers.h"

#define malloc om_c_malloc
#define calloc om_c_calloc
#define realloc om_c_realloc
#define free om_c_free
#define aligned_alloc om_c_aligned_alloc
#define strtod om_c_strtod
#define strtof(text, end) ((float)om_c_strtod(text, end))
#define strtoll om_c_strtoll
#define strtoull om_c_strtoull
#define strtol om_c_strtol
#define atoi(text) ((int)om_c_strtol(text, NULL, 10))
#define atof(text) om_c_strtod(text, NULL)

static inline int posix_memalign(void **memory, size_t alignment, size_t bytes) {
  *memory = om_c_aligned_alloc(alignment, bytes);
  return *memory ? 0 : ENOMEM;
}

static inline int abs(int x) { return x < 0 ? -x : x; }
static inline long labs(long x) { return x < 0 ? -x : x; }
static inline long long llabs(long long x) { return x < 0 ? -x : x; }
static inline _Noreturn void abort(void) { __builtin_trap(); }
static inline _Noreturn void exit(int status) {
  (void)status;
  __builtin_trap();
}

#endif
