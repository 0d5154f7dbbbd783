/* What clang calls by itself, for libraries that are linked without its own (compiler-rt, libgcc). */
#define OM_COMPLEX_CALLS
#include "../freestanding/compiler-calls.h"
#ifdef __arm__
#include "compiler-calls-arm.h"
#endif
