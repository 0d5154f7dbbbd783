/* <sys/mman.h> of any C library of Linux: advice on memory. */
#ifndef OM_LIBC_MMAN_H
#define OM_LIBC_MMAN_H

#include <stddef.h>

#include "../declare.h"

#define MADV_HUGEPAGE 14

OM_C(int, madvise, void *memory, size_t bytes, int advice)

#endif
