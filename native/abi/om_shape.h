/* Sizes of elements and shapes, for the C ABI and for the addon that calls it. */
#ifndef OM_SHAPE_H
#define OM_SHAPE_H

#include <stdbool.h>
#include <stdint.h>

/* Bytes of one element in memory, by OM_DATA_TYPE: sub-byte types take a byte. 0 where the type is unknown. */
static inline int64_t om_element_bytes(int32_t type) {
  static const uint8_t bytes[] = {0, 4, 1, 1, 2, 2, 4, 8, sizeof(char *), 1, 2, 8, 4, 8,
                                  8, 16, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  return type >= 0 && type < (int32_t)sizeof bytes ? bytes[type] : 0;
}

/* Elements of a shape times `element_bytes`; -1 when a dimension is negative or the product overflows. */
static inline int64_t om_shape_bytes(const int64_t *shape, int64_t rank, int64_t element_bytes) {
  int64_t bytes = element_bytes;
  bool empty = false;
  for (int64_t i = 0; i < rank; ++i) {
    if (shape[i] < 0) return -1;
    if (shape[i] == 0) empty = true;
    else if (bytes > INT64_MAX / shape[i]) return -1;
    else bytes *= shape[i];
  }
  return empty ? 0 : bytes;
}

#endif
