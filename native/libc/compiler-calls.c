/* What clang calls by itself, for libraries that are linked without its own (compiler-rt, libgcc). */
#include "../freestanding/compiler-calls.h"
#ifdef __arm__
#include "compiler-calls-arm.h"
#endif
