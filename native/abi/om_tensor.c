/* Definitions of om_tensor.h. Part of the one translation unit of a model that is a library of its own (om_entry.h), and by itself
 * the runtime library of programs that models are linked into. */
#include "om_tensor.h"

#include "om_alloc.h"
#include "om_shape.h"

#include <string.h>

#ifndef OM_NO_STDIO
#include "om_tensor_print.c"
#endif

/* Functions stand before their use: clang exports none from a DLL that it has met without the attribute. */
OM_EXPORT(omTensorDestroy) void omTensorDestroy(OMTensor *tensor) {
  if (!tensor) return;
  if (tensor->_owning) free(tensor->_allocatedPtr);
  free(tensor->_shape);
  free(tensor->_strides);
  free(tensor);
}

OM_EXPORT(omTensorCreateUntyped) OMTensor *omTensorCreateUntyped(int64_t rank) {
  if (rank < 0 || rank > INT64_MAX / (int64_t)sizeof(int64_t)) return NULL;
  OMTensor *tensor = (OMTensor *)calloc(1, sizeof *tensor);
  if (!tensor) return NULL;
  tensor->_rank = rank;
  tensor->_shape = (int64_t *)om_alloc(rank * (int64_t)sizeof(int64_t));
  tensor->_strides = (int64_t *)om_alloc(rank * (int64_t)sizeof(int64_t));
  if (!tensor->_shape || !tensor->_strides) {
    omTensorDestroy(tensor);
    return NULL;
  }
  for (int64_t i = 0; i < rank; ++i) tensor->_shape[i] = tensor->_strides[i] = 0;
  return tensor;
}

OM_EXPORT(omTensorCreateWithOwnership)
OMTensor *omTensorCreateWithOwnership(void *data, const int64_t *shape, int64_t rank, OM_DATA_TYPE type,
                                      int64_t owning) {
  OMTensor *tensor = om_shape_bytes(shape, rank, 1) < 0 ? NULL : omTensorCreateUntyped(rank);
  if (!tensor) return NULL;
  tensor->_allocatedPtr = tensor->_alignedPtr = data;
  tensor->_dataType = type;
  tensor->_owning = owning;
  int64_t stride = 1;
  for (int64_t i = rank - 1; i >= 0; --i) {
    tensor->_shape[i] = shape[i];
    tensor->_strides[i] = stride;
    stride *= shape[i];
  }
  return tensor;
}

OM_EXPORT(omTensorCreate)
OMTensor *omTensorCreate(void *data, const int64_t *shape, int64_t rank, OM_DATA_TYPE type) {
  return omTensorCreateWithOwnership(data, shape, rank, type, false);
}

OM_EXPORT(omTensorCreateEmpty)
OMTensor *omTensorCreateEmpty(const int64_t *shape, int64_t rank, OM_DATA_TYPE type) {
  void *data = om_alloc(om_shape_bytes(shape, rank, om_element_bytes(type)));
  if (!data) return NULL;
  OMTensor *tensor = omTensorCreateWithOwnership(data, shape, rank, type, true);
  if (!tensor) free(data);
  return tensor;
}

OM_EXPORT(omTensorGetDataPtr) void *omTensorGetDataPtr(const OMTensor *tensor) { return tensor->_alignedPtr; }

OM_EXPORT(omTensorGetAllocatedPtr) void *omTensorGetAllocatedPtr(const OMTensor *tensor) {
  return tensor->_allocatedPtr;
}

OM_EXPORT(omTensorGetShape) const int64_t *omTensorGetShape(const OMTensor *tensor) { return tensor->_shape; }

OM_EXPORT(omTensorGetStrides) const int64_t *omTensorGetStrides(const OMTensor *tensor) { return tensor->_strides; }

OM_EXPORT(omTensorGetDataType) OM_DATA_TYPE omTensorGetDataType(const OMTensor *tensor) { return tensor->_dataType; }

OM_EXPORT(omTensorGetRank) int64_t omTensorGetRank(const OMTensor *tensor) { return tensor->_rank; }

OM_EXPORT(omTensorGetNumElems) int64_t omTensorGetNumElems(const OMTensor *tensor) {
  return om_shape_bytes(tensor->_shape, tensor->_rank, 1);
}

OM_EXPORT(omTensorGetBufferSize) int64_t omTensorGetBufferSize(const OMTensor *tensor) {
  return om_shape_bytes(tensor->_shape, tensor->_rank, om_element_bytes(tensor->_dataType));
}

OM_EXPORT(omTensorGetOwning) int64_t omTensorGetOwning(const OMTensor *tensor) { return tensor->_owning; }

OM_EXPORT(omTensorSetShape) void omTensorSetShape(OMTensor *tensor, const int64_t *shape) {
  for (int64_t i = 0; i < tensor->_rank; ++i) tensor->_shape[i] = shape[i];
}

OM_EXPORT(omTensorSetStrides) void omTensorSetStrides(OMTensor *tensor, const int64_t *strides) {
  for (int64_t i = 0; i < tensor->_rank; ++i) tensor->_strides[i] = strides[i];
}

OM_EXPORT(omTensorSetDataType) void omTensorSetDataType(OMTensor *tensor, OM_DATA_TYPE type) {
  tensor->_dataType = type;
}

OM_EXPORT(omTensorSetOwning) void omTensorSetOwning(OMTensor *tensor, int64_t owning) { tensor->_owning = owning; }

OM_EXPORT(omTensorSetDataPtr)
void omTensorSetDataPtr(OMTensor *tensor, int64_t owning, void *allocated, void *aligned) {
  if (tensor->_owning && tensor->_allocatedPtr != allocated) free(tensor->_allocatedPtr);
  tensor->_allocatedPtr = allocated;
  tensor->_alignedPtr = aligned ? aligned : allocated;
  tensor->_owning = owning;
}

OM_EXPORT(omTensorListCreate) OMTensorList *omTensorListCreate(OMTensor **tensors, int64_t size) {
  if (size < 0 || size > INT64_MAX / (int64_t)sizeof *tensors) return NULL;
  OMTensorList *list = (OMTensorList *)malloc(sizeof *list);
  if (!list) return NULL;
  list->_omts = (OMTensor **)om_alloc(size * (int64_t)sizeof *tensors);
  if (!list->_omts) {
    free(list);
    return NULL;
  }
  if (size > 0) memcpy(list->_omts, tensors, (size_t)size * sizeof *tensors);
  list->_size = size;
  list->_shallow = false;
  return list;
}

OM_EXPORT(omTensorListGetOmtByIndex) OMTensor *omTensorListGetOmtByIndex(const OMTensorList *list, int64_t index) {
  return index >= 0 && index < list->_size ? list->_omts[index] : NULL;
}

OM_EXPORT(omTensorListGetOmtArray) OMTensor **omTensorListGetOmtArray(const OMTensorList *list) {
  return list->_omts;
}

OM_EXPORT(omTensorListGetSize) int64_t omTensorListGetSize(const OMTensorList *list) { return list->_size; }

OM_EXPORT(omTensorListDestroyShallow) void omTensorListDestroyShallow(OMTensorList *list) {
  if (!list) return;
  free(list->_omts);
  free(list);
}

OM_EXPORT(omTensorListDestroy) void omTensorListDestroy(OMTensorList *list) {
  if (!list) return;
  if (!list->_shallow)
    for (int64_t i = 0; i < list->_size; ++i) omTensorDestroy(list->_omts[i]);
  omTensorListDestroyShallow(list);
}
