/* Transposes: between NCHW and NHWC, and general ones. */
#ifndef OM_LAYOUT_H
#define OM_LAYOUT_H

#include "vector.h"

/* y[b, column, row] = x[b, row, column], elements of 4 bytes. */
OM_INLINE void om_transpose2d_32(const void *x, void *y, ptrdiff_t batch, ptrdiff_t rows, ptrdiff_t columns) {
  const uint32_t *from = (const uint32_t *)x;
  uint32_t *to = (uint32_t *)y;
  for (ptrdiff_t b = 0; b < batch; b++, from += rows * columns, to += rows * columns)
    for (ptrdiff_t r = 0; r < rows; r++)
      for (ptrdiff_t c = 0; c < columns; c++) to[c * rows + r] = from[r * columns + c];
}

/* x f32[batch, channels, pixels] to y f32[batch, pixels, channels]. */
OM_INLINE void om_nchw_to_nhwc_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t pixels) {
  om_transpose2d_32(x, y, batch, channels, pixels);
}

/* x f32[batch, pixels, channels] to y f32[batch, channels, pixels]. */
OM_INLINE void om_nhwc_to_nchw_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t pixels) {
  om_transpose2d_32(x, y, batch, pixels, channels);
}

/* y.dims[i] = dims[perm[i]]; elements of 1, 2, 4, 8 or 16 bytes; rank <= 64. */
OM_SHARED void om_transpose(const void *x, void *y, ptrdiff_t element, int rank, const ptrdiff_t *dims,
                            const int *perm) {
  ptrdiff_t stride[64], index[64] = {0}, count = 1;
  for (int i = 0; i < rank; i++) {
    ptrdiff_t step = element;
    for (int j = perm[i] + 1; j < rank; j++) step *= dims[j];
    stride[i] = step;
    count *= dims[i];
  }
  const char *from = (const char *)x;
  char *to = (char *)y;
  for (; count > 0; count--, to += element) {
    memcpy(to, from, (size_t)element);
    for (int i = rank - 1; i >= 0; i--) {
      from += stride[i];
      if (++index[i] < dims[perm[i]]) break;
      from -= stride[i] * index[i];
      index[i] = 0;
    }
  }
}

#endif
