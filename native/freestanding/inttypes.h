/* <inttypes.h> where there is no C library: the types alone, since there is nothing to print with. */
#ifndef OM_FREESTANDING_INTTYPES_H
#define OM_FREESTANDING_INTTYPES_H

#include <stdint.h>

#endif
