/* <assert.h>: no C library has a say in it. */
#include "../freestanding/assert.h"
