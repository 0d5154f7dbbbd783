/* <assert.h>: what does not hold ends the program. */
#undef assert
#ifdef NDEBUG
#define assert(condition) ((void)0)
#else
#define assert(condition) ((condition) ? (void)0 : __builtin_trap())
#endif
#ifndef OM_LIBC_ASSERT_H
#define OM_LIBC_ASSERT_H
#define static_assert _Static_assert
#endif
