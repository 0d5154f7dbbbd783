/* <string.h> where there is no C library. */
#ifndef OM_FREESTANDING_STRING_H
#define OM_FREESTANDING_STRING_H

#include "texts.h"

/* What compilers call by themselves, for large structs and loops that copy: the linker looks for these names. */
#define OM_SYMBOL __attribute__((visibility("hidden")))
OM_SYMBOL void *memcpy(void *to, const void *from, size_t n);
OM_SYMBOL void *memmove(void *to, const void *from, size_t n);
OM_SYMBOL void *memset(void *to, int byte, size_t n);
OM_SYMBOL int memcmp(const void *a, const void *b, size_t n);
OM_SYMBOL void *memcpy(void *to, const void *from, size_t n) { return om_move_bytes(to, from, n); }
OM_SYMBOL void *memmove(void *to, const void *from, size_t n) { return om_move_bytes(to, from, n); }
OM_SYMBOL void *memset(void *to, int byte, size_t n) { return om_set_bytes(to, byte, n); }
OM_SYMBOL int memcmp(const void *a, const void *b, size_t n) { return om_compare_bytes(a, b, n); }

#define memcpy om_c_memcpy
#define memmove om_c_memmove
#define memset om_c_memset
#define memcmp om_c_memcmp
#define memchr om_c_memchr
#define strlen om_c_strlen
#define strcmp om_c_strcmp
#define strncmp om_c_strncmp
#define strcpy om_c_strcpy
#define strchr om_c_strchr
#define strrchr om_c_strrchr
#define strstr om_c_strstr

#endif
