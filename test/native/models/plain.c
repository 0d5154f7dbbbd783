/* A library as onnx-mlir would make it: the plain ABI alone, no descriptor. Input x: float32 [n]; outputs:
 * `alias` is x itself, `constant` lies in the library, `owned` is 2x; the first two don't own their memory.
 *
 * TAG: symbols end in _tag, as with onnx-mlir's --tag; only omQueryEntryPoints tells their names. And its constants are
 * loaded by the first run, as at commit cc5be7b, instead of in a constructor.
 * x[0] < 0 fails with that errno; x[0] == 100 gives one output too few, 101 one of another type. */
#include "om_tensor.c"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>

#ifdef TAG
#define ENTRY run_main_graph_tag
#define ENTRY_NAME "run_main_graph_tag"
#else
#define ENTRY run_main_graph
#define ENTRY_NAME "run_main_graph"
#endif

OMTensorList *ENTRY(OMTensorList *inputs);
const char *const *omQueryEntryPoints(int64_t *count);

static float constant[2] = {0.5f, -1.0f};

/* onnx-mlir opens a file of constants relative to OM_CONSTANT_PATH or the current folder. */
static bool load_constants(void) {
  const char *folder = getenv("OM_CONSTANT_PATH");
  char path[4096];
  snprintf(path, sizeof path, "%s/plain.constants.bin", folder ? folder : ".");
  FILE *file = fopen(path, "rb");
  if (!file) return false;
  if (fread(constant, sizeof(float), 2, file) != 2) constant[0] = -999.0f;
  fclose(file);
  return true;
}

#ifdef TAG
bool omLoadConstantsFromFile(void);
OM_EXPORT(omLoadConstantsFromFile) bool omLoadConstantsFromFile(void) {
  static bool loaded = false;
  return loaded || (loaded = load_constants());
}
#else
__attribute__((constructor)) static void load_early(void) { load_constants(); }
#endif

OM_EXPORT(omQueryEntryPoints) const char *const *omQueryEntryPoints(int64_t *count) {
  static const char *const entries[] = {ENTRY_NAME, NULL};
  if (count) *count = 1;
  return entries;
}

OM_EXPORT(ENTRY) OMTensorList *ENTRY(OMTensorList *inputs) {
#ifdef TAG
  if (!omLoadConstantsFromFile()) return NULL;
#endif
  const OMTensor *x = omTensorListGetOmtByIndex(inputs, 0);
  float *data = (float *)omTensorGetDataPtr(x);
  const int64_t n = omTensorGetShape(x)[0];
  if (n > 0 && data[0] < 0) {
    errno = (int)-data[0];
    return NULL;
  }
  const int64_t two = 2;
  OMTensor *owned = omTensorCreateEmpty(&n, 1, ONNX_TYPE_FLOAT);
  for (int64_t i = 0; i < n; ++i) ((float *)owned->_alignedPtr)[i] = 2.0f * data[i];
  if (n > 0 && data[0] == 101.0f) omTensorSetDataType(owned, ONNX_TYPE_INT32);
  OMTensor *outputs[3] = {omTensorCreate(data, &n, 1, ONNX_TYPE_FLOAT),
                          omTensorCreate(constant, &two, 1, ONNX_TYPE_FLOAT), owned};
  if (n > 0 && data[0] == 100.0f) {
    omTensorDestroy(owned);
    return omTensorListCreate(outputs, 2);
  }
  return omTensorListCreate(outputs, 3);
}
