/* <stdlib.h> of any C library of Linux. */
#ifndef OM_LIBC_STDLIB_H
#define OM_LIBC_STDLIB_H

#include <stddef.h>

#include "declare.h"

#define EXIT_SUCCESS 0
#define EXIT_FAILURE 1
#define RAND_MAX 2147483647

OM_C(_Noreturn void, abort, void)
OM_C(int, abs, int x)
OM_C(void *, aligned_alloc, size_t alignment, size_t bytes)
OM_C(double, atof, const char *text)
OM_C(int, atoi, const char *text)
OM_C(void *, bsearch, const void *key, const void *from, size_t n, size_t bytes, int (*order)(const void *, const void *))
OM_C(void *, calloc, size_t n, size_t bytes)
OM_C(_Noreturn void, exit, int status)
OM_C(void, free, void *memory)
OM_C(char *, getenv, const char *name)
OM_C(long, labs, long x)
OM_C(long long, llabs, long long x)
OM_C(void *, malloc, size_t bytes)
OM_C(int, posix_memalign, void **memory, size_t alignment, size_t bytes)
OM_C(void, qsort, void *from, size_t n, size_t bytes, int (*order)(const void *, const void *))
OM_C(int, rand, void)
OM_C(void *, realloc, void *memory, size_t bytes)
OM_C(void, srand, unsigned seed)
OM_C(double, strtod, const char *text, char **end)
OM_C(float, strtof, const char *text, char **end)
OM_C(long, strtol, const char *text, char **end, int base)
OM_C(long long, strtoll, const char *text, char **end, int base)
OM_C(unsigned long, strtoul, const char *text, char **end, int base)
OM_C(unsigned long long, strtoull, const char *text, char **end, int base)

#endif
