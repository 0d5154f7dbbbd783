/* <errno.h> where there is no C library: the numbers that Linux has. */
#ifndef OM_FREESTANDING_ERRNO_H
#define OM_FREESTANDING_ERRNO_H

enum { ENOMEM = 12, EINVAL = 22, EDOM = 33, ERANGE = 34, ENOSYS = 38 };

static int om_errno;
#define errno om_errno

#endif
