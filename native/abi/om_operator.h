/* What the kernel of an operator of your own gets, see docs/operators-of-your-own.md. */
#ifndef OM_OPERATOR_H
#define OM_OPERATOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Element types, by ONNX's numbers (TensorProto.DataType). */
enum {
  OM_TYPE_FLOAT32 = 1,
  OM_TYPE_UINT8 = 2,
  OM_TYPE_INT8 = 3,
  OM_TYPE_UINT16 = 4,
  OM_TYPE_INT16 = 5,
  OM_TYPE_INT32 = 6,
  OM_TYPE_INT64 = 7,
  OM_TYPE_STRING = 8,
  OM_TYPE_BOOL = 9,
  OM_TYPE_FLOAT16 = 10,
  OM_TYPE_FLOAT64 = 11,
  OM_TYPE_UINT32 = 12,
  OM_TYPE_UINT64 = 13,
  OM_TYPE_BFLOAT16 = 16
};

/* A tensor that is read: dense, row-major. Left out: data is NULL, and everything else 0. */
typedef struct om_input {
  const void *data;
  const int64_t *dims; /* rank of them */
  int64_t rank;
  int64_t count; /* of elements: the product of dims */
  int32_t type;
} om_input;

/* A tensor to write, every element of it; its memory is there, and overlaps no input. */
typedef struct om_output {
  void *data;
  const int64_t *dims;
  int64_t rank;
  int64_t count;
  int32_t type;
} om_output;

/* An attribute: the member of its type is set, and `count` of a list. */
typedef struct om_attribute {
  int64_t i;
  double f;
  const char *s;
  const int64_t *ints;
  const double *floats;
  int64_t count;
} om_attribute;

/* The kernel: inputs, outputs and attributes as they are declared. 0, or the run fails. */
typedef int (*om_operator)(const om_input *inputs, const om_output *outputs, const om_attribute *attributes);

#endif
