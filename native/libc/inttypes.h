/* <inttypes.h>: what prints numbers of 32 and 64 bits, as the compiler knows it. */
#ifndef OM_LIBC_INTTYPES_H
#define OM_LIBC_INTTYPES_H

#include <stdint.h>

#define PRId32 __INT32_FMTd__
#define PRIi32 __INT32_FMTi__
#define PRIu32 __UINT32_FMTu__
#define PRIx32 __UINT32_FMTx__
#define PRId64 __INT64_FMTd__
#define PRIi64 __INT64_FMTi__
#define PRIu64 __UINT64_FMTu__
#define PRIx64 __UINT64_FMTx__

#endif
