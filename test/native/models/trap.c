/* A library whose constructor ends the process, as an instruction that the processor doesn't know would. */
#include <stdlib.h>

#include "om_export.h"

int trap(void);

__attribute__((constructor)) static void trapped(void) { abort(); }

OM_EXPORT(trap) int trap(void) { return 0; }
