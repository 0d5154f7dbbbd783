/* Tiles of elements of 4 bytes, transposed in registers: what transposes and the packing of transposed matrices are made of. */
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

/* y[4 columns, OM_LANES rows] = x[OM_LANES rows, 4 columns] transposed: squares of 4 x 4 side by side in wide vectors, whose
 * stores fill lines of a cache that narrow ones would come back to. */
OM_INLINE void om_transpose_wide_32(const void *x, ptrdiff_t x_row, void *y, ptrdiff_t y_row) {
#if OM_LANES == 4
  om_transpose4x4_32(x, x_row, y, y_row);
#else
#if OM_LANES == 16
#define OM_IN_SQUARES(a, b, i, j, k, l)                                                                                \
  __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4, i + 8, j + 8, k + 8, l + 8, i + 12, j + 12, k + 12, l + 12)
#else
#define OM_IN_SQUARES(a, b, i, j, k, l) __builtin_shufflevector(a, b, i, j, k, l, i + 4, j + 4, k + 4, l + 4)
#endif
  const uint32_t *from = (const uint32_t *)x;
  uint32_t *to = (uint32_t *)y;
  om_vi row[4];
OM_UNROLL(4)
  for (int i = 0; i < 4; i++) {
    om_four square[OM_LANES / 4];
OM_UNROLL(4)
    for (int s = 0; s < OM_LANES / 4; s++) memcpy(&square[s], from + (4 * s + i) * x_row, 16);
#if OM_LANES == 16
    typedef uint32_t om_eight __attribute__((vector_size(32)));
    const om_eight low = __builtin_shufflevector(square[0], square[1], 0, 1, 2, 3, 4, 5, 6, 7);
    const om_eight high = __builtin_shufflevector(square[2], square[3], 0, 1, 2, 3, 4, 5, 6, 7);
    row[i] = (om_vi)__builtin_shufflevector(low, high, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15);
#else
    row[i] = (om_vi)__builtin_shufflevector(square[0], square[1], 0, 1, 2, 3, 4, 5, 6, 7);
#endif
  }
  const om_vi ab = OM_IN_SQUARES(row[0], row[1], 0, OM_LANES, 1, OM_LANES + 1);
  const om_vi ab2 = OM_IN_SQUARES(row[0], row[1], 2, OM_LANES + 2, 3, OM_LANES + 3);
  const om_vi cd = OM_IN_SQUARES(row[2], row[3], 0, OM_LANES, 1, OM_LANES + 1);
  const om_vi cd2 = OM_IN_SQUARES(row[2], row[3], 2, OM_LANES + 2, 3, OM_LANES + 3);
  row[0] = OM_IN_SQUARES(ab, cd, 0, 1, OM_LANES, OM_LANES + 1), row[1] = OM_IN_SQUARES(ab, cd, 2, 3, OM_LANES + 2, OM_LANES + 3);
  row[2] = OM_IN_SQUARES(ab2, cd2, 0, 1, OM_LANES, OM_LANES + 1), row[3] = OM_IN_SQUARES(ab2, cd2, 2, 3, OM_LANES + 2, OM_LANES + 3);
#undef OM_IN_SQUARES
OM_UNROLL(4)
  for (int i = 0; i < 4; i++) memcpy(to + i * y_row, &row[i], sizeof row[i]);
#endif
}
#endif

#endif
