/* Runs a library with onnx-mlir's C ABI: levels LIBRARY FILE DIM…, FILE with the floats of its input. Prints JSON: the level
 * in use, and of each output its elements as numbers. */
#include "om_tensor.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

#define MOST_DIMS 8
#define FIND(name) __typeof__(name) *name##_ = (__typeof__(name) *)dlsym(library, #name)

OMTensorList *run_main_graph(OMTensorList *inputs);
const char *om_cpu_level(void);

static void print_elements(const void *data, int type, int64_t count) {
  printf("[");
  for (int64_t i = 0; i < count; i++) {
    if (i > 0) printf(",");
    if (type == ONNX_TYPE_FLOAT) printf("%.9g", (double)((const float *)data)[i]);
    else if (type == ONNX_TYPE_INT32) printf("%d", ((const int32_t *)data)[i]);
    else exit(3);
  }
  printf("]");
}

int main(int argc, char **argv) {
  void *library = argc > 2 && argc <= MOST_DIMS + 3 ? dlopen(argv[1], RTLD_NOW) : NULL;
  FILE *file = library ? fopen(argv[2], "rb") : NULL;
  if (!file) {
    fprintf(stderr, "%s\n", library ? "no input" : dlerror());
    return 2;
  }
  FIND(omTensorCreate);
  FIND(omTensorListCreate);
  FIND(omTensorListGetSize);
  FIND(omTensorListGetOmtByIndex);
  FIND(omTensorGetNumElems);
  FIND(omTensorGetDataType);
  FIND(omTensorGetDataPtr);
  FIND(run_main_graph);
  FIND(om_cpu_level);
  int64_t dims[MOST_DIMS], count = 1;
  for (int i = 3; i < argc; i++) count *= dims[i - 3] = atoll(argv[i]);
  float *x = malloc((size_t)count * sizeof *x);
  if (!x || fread(x, sizeof *x, (size_t)count, file) != (size_t)count) return 2;
  OMTensor *inputs[] = {omTensorCreate_(x, dims, argc - 3, ONNX_TYPE_FLOAT)};
  OMTensorList *outputs = run_main_graph_(omTensorListCreate_(inputs, 1));
  if (!outputs) return 1;
  printf("{\"level\":\"%s\",\"outputs\":[", om_cpu_level_ ? om_cpu_level_() : "");
  for (int64_t i = 0; i < omTensorListGetSize_(outputs); i++) {
    OMTensor *tensor = omTensorListGetOmtByIndex_(outputs, i);
    if (i > 0) printf(",");
    print_elements(omTensorGetDataPtr_(tensor), (int)omTensorGetDataType_(tensor), omTensorGetNumElems_(tensor));
  }
  printf("]}\n");
  return 0;
}
