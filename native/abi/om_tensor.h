/* OMTensor and OMTensorList: onnx-mlir's C ABI for tensors, as a compiled model exports it.
 * Same names, layout and ownership as onnx-mlir's own runtime (v0.4 to v0.5), so that programs written
 * for one run with the other. Written from the ABI's description; sizes below hold on 64-bit machines. */
#ifndef OM_TENSOR_H
#define OM_TENSOR_H

#include <stdbool.h>
#include <stdint.h>

#include "om_export.h"

#ifdef __cplusplus
extern "C" {
#endif

/* onnx TensorProto.DataType. */
typedef enum {
  ONNX_TYPE_UNDEFINED = 0,
  ONNX_TYPE_FLOAT = 1,
  ONNX_TYPE_UINT8 = 2,
  ONNX_TYPE_INT8 = 3,
  ONNX_TYPE_UINT16 = 4,
  ONNX_TYPE_INT16 = 5,
  ONNX_TYPE_INT32 = 6,
  ONNX_TYPE_INT64 = 7,
  ONNX_TYPE_STRING = 8, /* elements are const char * */
  ONNX_TYPE_BOOL = 9,   /* one byte */
  ONNX_TYPE_FLOAT16 = 10,
  ONNX_TYPE_DOUBLE = 11,
  ONNX_TYPE_UINT32 = 12,
  ONNX_TYPE_UINT64 = 13,
  ONNX_TYPE_COMPLEX64 = 14,
  ONNX_TYPE_COMPLEX128 = 15,
  ONNX_TYPE_BFLOAT16 = 16,
  ONNX_TYPE_FLOAT8E4M3FN = 17,
  ONNX_TYPE_FLOAT8E4M3FNUZ = 18,
  ONNX_TYPE_FLOAT8E5M2 = 19,
  ONNX_TYPE_FLOAT8E5M2FNUZ = 20,
  ONNX_TYPE_UINT4 = 21, /* this and all narrower types: one byte per element */
  ONNX_TYPE_INT4 = 22,
  ONNX_TYPE_FLOAT4E2M1 = 23,
  ONNX_TYPE_FLOAT8E8M0 = 24,
  ONNX_TYPE_UINT2 = 25,
  ONNX_TYPE_INT2 = 26
} OM_DATA_TYPE;

typedef struct OMTensor {
  void *_allocatedPtr;    /*  0: free()d by omTensorDestroy when _owning */
  void *_alignedPtr;      /*  8: the elements, dense and row-major */
  int64_t _offset;        /* 16: always 0 */
  int64_t *_shape;        /* 24: malloc'ed, _rank entries */
  int64_t *_strides;      /* 32: malloc'ed, in elements */
  int64_t _rank;          /* 40 */
  OM_DATA_TYPE _dataType; /* 48 */
  int64_t _owning;        /* 56 */
} OMTensor;

typedef struct OMTensorList {
  OMTensor **_omts;
  int64_t _size;
  bool _shallow;
} OMTensorList;

/* Each of these returns NULL when memory is short or a size overflows. `shape` is copied, `data` is not. */
OMTensor *omTensorCreate(void *data, const int64_t *shape, int64_t rank, OM_DATA_TYPE type);
OMTensor *omTensorCreateWithOwnership(void *data, const int64_t *shape, int64_t rank, OM_DATA_TYPE type,
                                      int64_t owning);
OMTensor *omTensorCreateEmpty(const int64_t *shape, int64_t rank, OM_DATA_TYPE type);
OMTensor *omTensorCreateUntyped(int64_t rank);
void omTensorDestroy(OMTensor *tensor);

void *omTensorGetDataPtr(const OMTensor *tensor);
void *omTensorGetAllocatedPtr(const OMTensor *tensor);
const int64_t *omTensorGetShape(const OMTensor *tensor);
const int64_t *omTensorGetStrides(const OMTensor *tensor);
OM_DATA_TYPE omTensorGetDataType(const OMTensor *tensor);
int64_t omTensorGetRank(const OMTensor *tensor);
int64_t omTensorGetNumElems(const OMTensor *tensor);
int64_t omTensorGetBufferSize(const OMTensor *tensor); /* bytes; 0 for an undefined type */
int64_t omTensorGetOwning(const OMTensor *tensor);

void omTensorSetShape(OMTensor *tensor, const int64_t *shape);
void omTensorSetStrides(OMTensor *tensor, const int64_t *strides);
void omTensorSetDataType(OMTensor *tensor, OM_DATA_TYPE type);
void omTensorSetOwning(OMTensor *tensor, int64_t owning);
/* Frees what the tensor owned before. `aligned` may be NULL and is then `allocated`. */
void omTensorSetDataPtr(OMTensor *tensor, int64_t owning, void *allocated, void *aligned);
/* printf's the tensor: %s its signature, %t its type, %d its elements; anything else as it stands. */
void omTensorPrint(const char *format, const OMTensor *tensor);

/* Copies the array of pointers. A list destroys its tensors with it unless destroyed "shallow". */
OMTensorList *omTensorListCreate(OMTensor **tensors, int64_t size);
OMTensor *omTensorListGetOmtByIndex(const OMTensorList *list, int64_t index);
OMTensor **omTensorListGetOmtArray(const OMTensorList *list);
int64_t omTensorListGetSize(const OMTensorList *list);
void omTensorListDestroy(OMTensorList *list);
void omTensorListDestroyShallow(OMTensorList *list);

#ifdef __cplusplus
}
#endif

#endif
