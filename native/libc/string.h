/* <string.h> of any C library of Linux. */
#ifndef OM_LIBC_STRING_H
#define OM_LIBC_STRING_H

#include <stddef.h>

#include "declare.h"

OM_C(void *, memchr, const void *s, int byte, size_t n)
OM_C(int, memcmp, const void *a, const void *b, size_t n)
OM_C(void *, memcpy, void *to, const void *from, size_t n)
OM_C(void *, memmove, void *to, const void *from, size_t n)
OM_C(void *, memset, void *to, int byte, size_t n)
OM_C(char *, strcat, char *to, const char *from)
OM_C(char *, strchr, const char *s, int c)
OM_C(int, strcmp, const char *a, const char *b)
OM_C(char *, strcpy, char *to, const char *from)
OM_C(size_t, strcspn, const char *s, const char *set)
OM_C(char *, strdup, const char *s)
OM_C(size_t, strlen, const char *s)
OM_C(int, strncmp, const char *a, const char *b, size_t n)
OM_C(char *, strncpy, char *to, const char *from, size_t n)
OM_C(size_t, strnlen, const char *s, size_t n)
OM_C(char *, strpbrk, const char *s, const char *set)
OM_C(char *, strrchr, const char *s, int c)
OM_C(size_t, strspn, const char *s, const char *set)
OM_C(char *, strstr, const char *s, const char *part)

#endif
