/* A C program that knows onnx-mlir's ABI and nothing else. Linked with test/native/models/rows.c, whose batch is dynamic,
 * or words.c (-DWORDS), and run under the address and undefined-behaviour sanitizers. Prints what went wrong. */
#include "om_tensor.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

OMTensorList *run_main_graph(OMTensorList *inputs);
const char *const *omQueryEntryPoints(int64_t *count);
const char *omInputSignature(const char *entry);
const char *omOutputSignature(const char *entry);
extern const char _entry_point_0[], _entry_point_0_in_sig[], _entry_point_0_out_sig[];

static int failures = 0;
#define CHECK(condition)                                                                      \
  do {                                                                                        \
    if (!(condition)) {                                                                       \
      ++failures;                                                                             \
      printf("%s:%d: " #condition "\n", __FILE__, __LINE__);                                  \
    }                                                                                         \
  } while (0)

static void check_layout(void) {
#if INTPTR_MAX == INT64_MAX
  CHECK(sizeof(OMTensor) == 64 && sizeof(OMTensorList) == 24);
  CHECK(offsetof(OMTensor, _alignedPtr) == 8 && offsetof(OMTensor, _offset) == 16);
  CHECK(offsetof(OMTensor, _shape) == 24 && offsetof(OMTensor, _strides) == 32);
  CHECK(offsetof(OMTensor, _rank) == 40 && offsetof(OMTensor, _dataType) == 48);
  CHECK(offsetof(OMTensor, _owning) == 56);
#endif
}

static void check_tensors(void) {
  const int64_t shape[] = {2, 3, 4};
  OMTensor *tensor = omTensorCreateEmpty(shape, 3, ONNX_TYPE_DOUBLE);
  CHECK(omTensorGetNumElems(tensor) == 24 && omTensorGetBufferSize(tensor) == 192);
  CHECK(omTensorGetStrides(tensor)[0] == 12 && omTensorGetStrides(tensor)[2] == 1);
  CHECK(omTensorGetOwning(tensor) && omTensorGetRank(tensor) == 3);
  memset(omTensorGetDataPtr(tensor), 0, 192);
  float other[6] = {1, 2, 3, 4, 5, 6};
  omTensorSetDataPtr(tensor, false, other, NULL); /* frees the old block */
  const int64_t smaller[] = {1, 2, 3};
  omTensorSetShape(tensor, smaller);
  omTensorSetDataType(tensor, ONNX_TYPE_FLOAT);
  CHECK(omTensorGetAllocatedPtr(tensor) == other && omTensorGetBufferSize(tensor) == 24);
  omTensorPrint("%t|%d|\n", tensor);
  omTensorDestroy(tensor);

  const int64_t huge[] = {INT64_MAX, 2};
  const int64_t negative[] = {-1};
  CHECK(omTensorCreateEmpty(huge, 2, ONNX_TYPE_FLOAT) == NULL);
  CHECK(omTensorCreateEmpty(negative, 1, ONNX_TYPE_FLOAT) == NULL);
  CHECK(omTensorCreateUntyped(-1) == NULL);

  const int64_t empty[] = {0, 5};
  OMTensor *tensors[2] = {omTensorCreateEmpty(empty, 2, ONNX_TYPE_INT64), omTensorCreateUntyped(0)};
  CHECK(omTensorGetNumElems(tensors[0]) == 0 && omTensorGetNumElems(tensors[1]) == 1);
  OMTensorList *list = omTensorListCreate(tensors, 2);
  CHECK(omTensorListGetSize(list) == 2 && omTensorListGetOmtByIndex(list, 1) == tensors[1]);
  CHECK(omTensorListGetOmtArray(list)[0] == tensors[0] && omTensorListGetOmtByIndex(list, 2) == NULL);
  omTensorListDestroyShallow(list);
  omTensorListDestroy(omTensorListCreate(tensors, 2));
}

static void check_entries(void) {
  int64_t count = 0;
  const char *const *entries = omQueryEntryPoints(&count);
  CHECK(count == 1 && strcmp(entries[0], "run_main_graph") == 0 && entries[1] == NULL);
  CHECK(omQueryEntryPoints(NULL) == entries && strcmp(entries[0], _entry_point_0) == 0);
  CHECK(strcmp(omInputSignature("run_main_graph"), _entry_point_0_in_sig) == 0);
  CHECK(strcmp(omOutputSignature("run_main_graph"), _entry_point_0_out_sig) == 0);
  CHECK(omInputSignature("main") == NULL && omOutputSignature("run_main_graph2") == NULL);
}

static OMTensorList *run(OMTensor **tensors, int64_t count) {
  OMTensorList *inputs = omTensorListCreate(tensors, count);
  errno = 0;
  OMTensorList *outputs = run_main_graph(inputs);
  const int error = errno;
  omTensorListDestroy(inputs);
  errno = error;
  return outputs;
}

static void expect_refusal(OMTensor **tensors, int64_t count, int error) {
  OMTensorList *outputs = run(tensors, count);
  CHECK(outputs == NULL);
  CHECK(errno == error);
  omTensorListDestroy(outputs);
}

#ifdef WORDS
static void check_model(void) {
  const char *words[] = {"one", "two", "three"};
  const int64_t n = 3;
  OMTensor *tensors[1] = {omTensorCreate(words, &n, 1, ONNX_TYPE_STRING)};
  OMTensorList *outputs = run(tensors, 1);
  const char *const *shouted = (const char *const *)omTensorGetDataPtr(omTensorListGetOmtByIndex(outputs, 0));
  const char *const *pair = (const char *const *)omTensorGetDataPtr(omTensorListGetOmtByIndex(outputs, 1));
  CHECK(strcmp(shouted[2], "THREE") == 0 && strcmp(pair[0], "one") == 0 && strcmp(pair[1], "three") == 0);
  omTensorListDestroy(outputs);

  const char *bad[] = {"one", "fail"};
  const int64_t two = 2;
  tensors[0] = omTensorCreate(bad, &two, 1, ONNX_TYPE_STRING);
  expect_refusal(tensors, 1, EDOM);
}
#else
static void check_model(void) {
  float x[6] = {1, 2, 3, 4, 5, 6}, weight[2] = {1, 10};
  const int64_t shape[] = {2, 3}, wide[] = {3, 2};
  OMTensor *tensors[2] = {omTensorCreate(x, shape, 2, ONNX_TYPE_FLOAT), omTensorCreate(weight, shape, 1, ONNX_TYPE_FLOAT)};
  OMTensorList *outputs = run(tensors, 2);
  CHECK(omTensorListGetSize(outputs) == 2);
  const OMTensor *sums = omTensorListGetOmtByIndex(outputs, 0), *doubled = omTensorListGetOmtByIndex(outputs, 1);
  CHECK(omTensorGetShape(sums)[0] == 2 && omTensorGetOwning(sums) && omTensorGetStrides(doubled)[0] == 3);
  CHECK(((float *)omTensorGetDataPtr(sums))[1] == 150.0f && ((float *)omTensorGetDataPtr(doubled))[5] == 12.0f);
  omTensorListDestroy(outputs);

  CHECK(run_main_graph(NULL) == NULL);
  OMTensor *one[1] = {omTensorCreate(x, shape, 2, ONNX_TYPE_FLOAT)};
  expect_refusal(one, 1, EINVAL);
  OMTensor *type[2] = {omTensorCreate(x, shape, 2, ONNX_TYPE_INT32), omTensorCreate(weight, shape, 1, ONNX_TYPE_FLOAT)};
  expect_refusal(type, 2, EINVAL);
  OMTensor *rank[2] = {omTensorCreate(x, shape, 1, ONNX_TYPE_FLOAT), omTensorCreate(weight, shape, 1, ONNX_TYPE_FLOAT)};
  expect_refusal(rank, 2, EINVAL);
  OMTensor *dim[2] = {omTensorCreate(x, wide, 2, ONNX_TYPE_FLOAT), omTensorCreate(weight, shape, 1, ONNX_TYPE_FLOAT)};
  expect_refusal(dim, 2, EINVAL);
  OMTensor *data[2] = {omTensorCreate(NULL, shape, 2, ONNX_TYPE_FLOAT), omTensorCreate(weight, shape, 1, ONNX_TYPE_FLOAT)};
  expect_refusal(data, 2, EINVAL);
  OMTensor *batch[2] = {omTensorCreate(x, shape, 2, ONNX_TYPE_FLOAT), omTensorCreate(weight, wide, 1, ONNX_TYPE_FLOAT)};
  expect_refusal(batch, 2, EINVAL); /* the model's own check, with its outputs allocated */
}
#endif

int main(void) {
  check_layout();
  check_tensors();
  check_entries();
  check_model();
  printf("%d failures\n", failures);
  return failures != 0;
}
