/* omTensorPrint: for people who debug a C program; nothing in a model calls it. Left out by OM_NO_STDIO. */
#include "om_tensor.h"

#include <inttypes.h>
#include <stdio.h>

static void om_print_element(const OMTensor *tensor, int64_t index) {
  const void *data = tensor->_alignedPtr;
  switch (tensor->_dataType) {
  case ONNX_TYPE_FLOAT:
    printf("%g", (double)((const float *)data)[index]);
    break;
  case ONNX_TYPE_DOUBLE:
    printf("%g", ((const double *)data)[index]);
    break;
  case ONNX_TYPE_COMPLEX64:
    printf("(%g,%g)", (double)((const float *)data)[2 * index], (double)((const float *)data)[2 * index + 1]);
    break;
  case ONNX_TYPE_COMPLEX128:
    printf("(%g,%g)", ((const double *)data)[2 * index], ((const double *)data)[2 * index + 1]);
    break;
  case ONNX_TYPE_INT64:
    printf("%" PRId64, ((const int64_t *)data)[index]);
    break;
  case ONNX_TYPE_UINT64:
    printf("%" PRIu64, ((const uint64_t *)data)[index]);
    break;
  case ONNX_TYPE_INT32:
    printf("%" PRId32, ((const int32_t *)data)[index]);
    break;
  case ONNX_TYPE_UINT32:
    printf("%" PRIu32, ((const uint32_t *)data)[index]);
    break;
  case ONNX_TYPE_INT16:
    printf("%d", ((const int16_t *)data)[index]);
    break;
  case ONNX_TYPE_UINT16:
    printf("%u", (unsigned)((const uint16_t *)data)[index]);
    break;
  case ONNX_TYPE_FLOAT16:
  case ONNX_TYPE_BFLOAT16: /* bits */
    printf("0x%04x", (unsigned)((const uint16_t *)data)[index]);
    break;
  case ONNX_TYPE_INT8:
  case ONNX_TYPE_INT4:
  case ONNX_TYPE_INT2:
    printf("%d", ((const int8_t *)data)[index]);
    break;
  case ONNX_TYPE_STRING:
    printf("\"%s\"", ((const char *const *)data)[index]);
    break;
  default: /* bool, unsigned values and the bits of narrow floats */
    printf("%u", (unsigned)((const uint8_t *)data)[index]);
  }
}

/* Prints dimension `axis` and all inside it; returns the index of the element after them. */
static int64_t om_print_elements(const OMTensor *tensor, int64_t axis, int64_t index) {
  if (axis == tensor->_rank) {
    om_print_element(tensor, index);
    return index + 1;
  }
  printf("[");
  for (int64_t i = 0; i < tensor->_shape[axis]; ++i) {
    if (i > 0) printf(", ");
    index = om_print_elements(tensor, axis + 1, index);
  }
  printf("]");
  return index;
}

/* `2x3xf32` */
static void om_print_type(const OMTensor *tensor) {
  static const char *const names[] = {
      "undefined", "f32",        "ui8",    "i8",         "ui16", "i16", "i32",      "i64",       "string",
      "i1",        "f16",        "f64",    "ui32",       "ui64", "c32", "c64",      "bf16",      "f8E4M3FN",
      "f8E4M3FNUZ", "f8E5M2",    "f8E5M2FNUZ", "ui4",    "i4",   "f4E2M1FN", "f8E8M0FNU", "ui2", "i2"};
  for (int64_t i = 0; i < tensor->_rank; ++i) printf("%" PRId64 "x", tensor->_shape[i]);
  const unsigned type = (unsigned)tensor->_dataType;
  printf("%s", type < sizeof names / sizeof *names ? names[type] : "unknown");
}

OM_EXPORT(omTensorPrint) void omTensorPrint(const char *format, const OMTensor *tensor) {
  for (const char *p = format; *p; ++p) {
    if (*p != '%' || !p[1]) {
      putchar(*p);
      continue;
    }
    switch (*++p) {
    case 's':
      printf("<");
      om_print_type(tensor);
      printf("> rank %" PRId64 ", owning %" PRId64 ", %p", tensor->_rank, tensor->_owning, tensor->_alignedPtr);
      break;
    case 't':
      om_print_type(tensor);
      break;
    case 'd':
      om_print_elements(tensor, 0, 0);
      break;
    default:
      putchar(*p);
    }
  }
}
