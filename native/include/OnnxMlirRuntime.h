/* For C and C++ programs, by the name that onnx-mlir's own header has: tensors, lists of them, and what a model's library exports.
 * A model that is linked in statically (compile --emit obj, archive) has the entry points under its own name: see the header that comes
 * with it. */
#ifndef ONNX_MLIR_RUNTIME_H
#define ONNX_MLIR_RUNTIME_H

#include "../abi/om_tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Runs the model. The inputs stay the caller's; the result and all it holds is the caller's to omTensorListDestroy().
 * NULL with errno EINVAL (inputs that don't fit the model), ENOMEM, EDOM (a value the model can't take), or ENOSYS (a model
 * with inputs or outputs that are no tensors). Re-entrant. */
OMTensorList *run_main_graph(OMTensorList *inputs);
/* NULL-terminated list of entry points; `count` may be NULL. */
const char *const *omQueryEntryPoints(int64_t *count);
/* What an entry point takes and gives, as JSON; NULL for a name that is none. */
const char *omInputSignature(const char *entry);
const char *omOutputSignature(const char *entry);

#ifdef __cplusplus
}
#endif

#endif
