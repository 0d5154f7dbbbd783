/* <errno.h> of any C library of Linux. */
#ifndef OM_LIBC_ERRNO_H
#define OM_LIBC_ERRNO_H

#include "declare.h"

enum { ENOMEM = 12, EINVAL = 22, EDOM = 33, ERANGE = 34, ENOSYS = 38 };

#ifdef __APPLE__
OM_C(int *, __error, void)
#define errno (*__error())
#else
OM_C(int *, __errno_location, void)
#define errno (*__errno_location())
#endif

#endif
