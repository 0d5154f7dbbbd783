/* Transposes: between NCHW and NHWC, and general ones. */
#ifndef OM_LAYOUT_H
#define OM_LAYOUT_H

#include "axes.h"
#include "parallel.h"
#include "transpose-tile.h"
#include "vector.h"

/* Rows and columns that threads take at once of one matrix, or all of so many. */
typedef struct om_transpose_parts {
  ptrdiff_t batch, rows, columns;
} om_transpose_parts;

/* Of the longer side, in whole lines of a cache of either. */
OM_INLINE om_transpose_parts om_split_transpose(ptrdiff_t batch, ptrdiff_t rows, ptrdiff_t columns) {
  const ptrdiff_t matrix = om_max(1, rows * columns);
  if (!om_is_shared() || matrix <= OM_PART_ELEMENTS)
    return (om_transpose_parts){om_is_shared() ? om_max(1, OM_PART_ELEMENTS / matrix) : batch, rows, columns};
  if (rows >= columns) return (om_transpose_parts){1, om_round_up(om_max(1, OM_PART_ELEMENTS / columns), 16), columns};
  return (om_transpose_parts){1, rows, om_round_up(om_max(1, OM_PART_ELEMENTS / rows), 16)};
}

/* The rows row0 .. row1 and columns column0 .. column1 of a matrix. */
OM_INLINE void om_transpose_block_32(const uint32_t *OM_RESTRICT from, uint32_t *OM_RESTRICT to, ptrdiff_t rows,
                                     ptrdiff_t columns, ptrdiff_t row0, ptrdiff_t row1, ptrdiff_t column0,
                                     ptrdiff_t column1) {
#if OM_VECTOR_BYTES > 0
  /* So many columns that what is written is still in the cache when the next rows come. Of more rows than columns, a line of
   * what is written is filled at once: those a power of two apart drive each other out of the cache (4096 x 64 with AVX2: 63 µs
   * instead of 110), and of more columns the lines that are read do (64 x 4096: 30 instead of 49). The last tiles begin
   * where they end with the matrix, over elements that are there already. */
  if (row1 - row0 >= 4 && column1 - column0 >= 4) {
    const bool is_tall = row1 - row0 >= OM_LANES;
    const ptrdiff_t tall = is_tall ? OM_LANES : 4, together = rows > columns ? 16 : tall, wide = 64;
    for (ptrdiff_t first = column0; first < column1; first += wide)
      for (ptrdiff_t line = row0; line < row1; line += together)
        for (ptrdiff_t column = first; column < om_min(column1, first + wide); column += 4)
          for (ptrdiff_t row = line; row < om_min(row1, line + together); row += tall) {
            const ptrdiff_t r = om_min(row, row1 - tall), c = om_min(column, column1 - 4);
            if (is_tall) om_transpose_wide_32(from + r * columns + c, columns, to + c * rows + r, rows);
            else om_transpose4x4_32(from + r * columns + c, columns, to + c * rows + r, rows);
          }
    return;
  }
#endif
  for (ptrdiff_t column = column0; column < column1; column++)
    for (ptrdiff_t r = row0; r < row1; r++) to[column * rows + r] = from[r * columns + column];
}

/* y[b, column, row] = x[b, row, column], elements of 4 bytes. */
OM_INLINE void om_transpose2d_32(const void *x, void *y, ptrdiff_t batch, ptrdiff_t rows, ptrdiff_t columns) {
  const om_transpose_parts parts = om_split_transpose(batch, rows, columns);
  for (ptrdiff_t first = 0; first < batch; first += parts.batch)
    for (ptrdiff_t row = 0; row < rows; row += parts.rows)
      for (ptrdiff_t column = 0; column < columns; column += parts.columns) {
        if (!om_is_mine()) continue;
        for (ptrdiff_t b = first; b < om_min(batch, first + parts.batch); b++)
          om_transpose_block_32((const uint32_t *)x + b * rows * columns, (uint32_t *)y + b * rows * columns, rows,
                                columns, row, om_min(rows, row + parts.rows), column,
                                om_min(columns, column + parts.columns));
      }
}

/* y[8 columns, 8 rows] = x[8 rows, 8 columns] transposed, bytes: halves, quarters and eighths of 8-byte words change places
 * (H. S. Warren, "Hacker's Delight", section 7-3, for bits). */
OM_INLINE void om_transpose8x8_8(const uint8_t *x, ptrdiff_t x_row, uint8_t *y, ptrdiff_t y_row) {
  static const uint64_t masks[3] = {UINT64_C(0x00000000ffffffff), UINT64_C(0x0000ffff0000ffff), UINT64_C(0x00ff00ff00ff00ff)};
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  const int last = 7;
#else
  const int last = 0;
#endif
  uint64_t words[8];
OM_UNROLL(8)
  for (int i = 0; i < 8; i++) memcpy(&words[i], x + (i ^ last) * x_row, 8);
OM_UNROLL(3)
  for (int stage = 0; stage < 3; stage++) {
    const int apart = 4 >> stage;
OM_UNROLL(8)
    for (int i = 0; i < 8; i++) {
      if (i & apart) continue;
      const uint64_t change = (words[i] >> (8 * apart) ^ words[i + apart]) & masks[stage];
      words[i + apart] ^= change;
      words[i] ^= change << (8 * apart);
    }
  }
OM_UNROLL(8)
  for (int i = 0; i < 8; i++) memcpy(y + (i ^ last) * y_row, &words[i], 8);
}

/* y[b, column, row] = x[b, row, column], bytes. */
OM_SHARED void om_transpose2d_8(const void *x, void *y, ptrdiff_t batch, ptrdiff_t rows, ptrdiff_t columns) {
  const uint8_t *OM_RESTRICT from = (const uint8_t *)x;
  uint8_t *OM_RESTRICT to = (uint8_t *)y;
  for (ptrdiff_t b = 0; b < batch; b++, from += rows * columns, to += rows * columns) {
    const ptrdiff_t square_rows = rows / 8 * 8, square_columns = columns / 8 * 8;
    for (ptrdiff_t row = 0; row < square_rows; row += 8)
      for (ptrdiff_t column = 0; column < square_columns; column += 8)
        om_transpose8x8_8(from + row * columns + column, columns, to + column * rows + row, rows);
    for (ptrdiff_t column = 0; column < columns; column++)
      for (ptrdiff_t row = column < square_columns ? square_rows : 0; row < rows; row++)
        to[column * rows + row] = from[row * columns + column];
  }
}

/* x f32[batch, channels, pixels] to y f32[batch, pixels, channels]. */
OM_INLINE void om_nchw_to_nhwc_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t pixels) {
  om_transpose2d_32(x, y, batch, channels, pixels);
}

/* x f32[batch, pixels, channels] to y f32[batch, channels, pixels]. */
OM_INLINE void om_nhwc_to_nchw_f32(const float *x, float *y, ptrdiff_t batch, ptrdiff_t channels, ptrdiff_t pixels) {
  om_transpose2d_32(x, y, batch, pixels, channels);
}

/* Copies n elements of a size; those of `from` lie `stride` bytes apart. */
OM_INLINE void om_copy_strided(char *to, const char *from, ptrdiff_t n, ptrdiff_t stride, const ptrdiff_t element) {
  for (ptrdiff_t i = 0; i < n; i++) memcpy(to + i * element, from + i * stride, (size_t)element);
}

/* y's axis i is x's axis perm[i]; `dims` are x's; elements of 1, 2, 4, 8 or 16 bytes; rank <= OM_MAX_RANK. */
OM_SHARED void om_transpose(const void *x, void *y, ptrdiff_t element, int rank, const ptrdiff_t *dims,
                            const int *perm) {
  /* y's axes, outermost first: size, and step in x in bytes. Axes that stay neighbours become one. */
  ptrdiff_t size[OM_MAX_RANK + 1] = {1}, step[OM_MAX_RANK + 1] = {0}, index[OM_MAX_RANK + 1] = {0}, count = 1;
  int axes = 0;
  for (int i = 0; i < rank; i++) {
    ptrdiff_t stride = element;
    for (int j = perm[i] + 1; j < rank; j++) stride *= dims[j];
    const ptrdiff_t n = dims[perm[i]];
    count *= n;
    if (n == 1) continue;
    if (axes > 0 && step[axes - 1] == n * stride) size[axes - 1] *= n, step[axes - 1] = stride;
    else size[axes] = n, step[axes++] = stride;
  }
  if (count == 0) return;
  const ptrdiff_t n = axes > 0 ? size[axes - 1] : 1, stride = axes > 0 ? step[axes - 1] : element;
  const char *from = (const char *)x;
  char *to = (char *)y;
  const ptrdiff_t together = om_part_rows(n);
  bool is_mine = false;
  for (ptrdiff_t row = 0, next = 0; row < count / n; row++, to += n * element) {
    if (row == next) is_mine = om_is_mine(), next += together; /* a division takes as long as a short row */
    if (is_mine) {
      if (stride == element) memcpy(to, from, (size_t)(n * element));
      else if (element == 4) om_copy_strided(to, from, n, stride, 4);
      else if (element == 8) om_copy_strided(to, from, n, stride, 8);
      else om_copy_strided(to, from, n, stride, element);
    }
    for (int i = axes - 2; i >= 0; i--) {
      from += step[i];
      if (++index[i] < size[i]) break;
      from -= step[i] * size[i];
      index[i] = 0;
    }
  }
}

#endif
