/* Squares of 4 x 4 elements of 4 bytes, transposed in registers: what transposes and the packing of transposed matrices are
 * made of. */
#ifndef OM_TRANSPOSE_TILE_H
#define OM_TRANSPOSE_TILE_H

#include "vector.h"

#if OM_VECTOR_BYTES > 0
typedef uint32_t om_four __attribute__((vector_size(16)));

/* y[4 columns, 4 rows] = x[4 rows, 4 columns] transposed; rows of x and y lie x_row and y_row elements apart. */
OM_INLINE void om_transpose4x4_32(const void *x, ptrdiff_t x_row, void *y, ptrdiff_t y_row) {
  const uint32_t *from = (const uint32_t *)x;
  uint32_t *to = (uint32_t *)y;
  om_four a, b, c, d;
  memcpy(&a, from, 16), memcpy(&b, from + x_row, 16);
  memcpy(&c, from + 2 * x_row, 16), memcpy(&d, from + 3 * x_row, 16);
  const om_four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5), ab2 = __builtin_shufflevector(a, b, 2, 6, 3, 7);
  const om_four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5), cd2 = __builtin_shufflevector(c, d, 2, 6, 3, 7);
  a = __builtin_shufflevector(ab, cd, 0, 1, 4, 5), b = __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
  c = __builtin_shufflevector(ab2, cd2, 0, 1, 4, 5), d = __builtin_shufflevector(ab2, cd2, 2, 3, 6, 7);
  memcpy(to, &a, 16), memcpy(to + y_row, &b, 16), memcpy(to + 2 * y_row, &c, 16), memcpy(to + 3 * y_row, &d, 16);
}
#endif

#endif
