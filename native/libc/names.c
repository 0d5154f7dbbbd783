/* A library that has all names of these headers and does nothing: what a model's library is linked with in the place of the
 * C library that it will find where it runs.
 *
 * On Linux it passes for libm.so.6 alone: glibc's brings its libc along, and musl takes the name for itself. No name has a
 * version, for which glibc takes its first or only one, so that any release does. On macOS it passes for libSystem. */
#define OM_LIBC_NAMES

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* What compilers make of other calls, or call by themselves. */
OM_C(int, bcmp, )
OM_C(void *, stpcpy, )
OM_C(void, __stack_chk_fail, )
OM_C_DATA(long, __stack_chk_guard)

#ifdef __APPLE__
OM_C(void, bzero, )
OM_C(void, __bzero, )
OM_C(double, __exp10, )
OM_C(float, __exp10f, )
OM_C(void, memset_pattern4, )
OM_C(void, memset_pattern8, )
OM_C(void, memset_pattern16, )
OM_C(void, __sincos_stret, )
OM_C(void, __sincosf_stret, )
/* Of the dynamic loader: variables that each thread has for itself, and functions that are looked up when first called. */
OM_C(void, _tlv_bootstrap, )
__asm__(".globl dyld_stub_binder\ndyld_stub_binder:");
#else
#include <sys/mman.h>
OM_C(double, exp10, )
OM_C(float, exp10f, )
OM_C(void, sincos, )
OM_C(void, sincosf, )
#ifdef __aarch64__
OM_C(unsigned long, getauxval, ) /* of dot-integer.h, which asks what the processor has */
#endif
/* Of the dynamic loader: variables that each thread has for itself. */
#ifdef __s390x__
OM_C(void *, __tls_get_offset, )
#else
OM_C(void *, __tls_get_addr, )
#endif
#endif
