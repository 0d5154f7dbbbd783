/* Pixels of an image that lie a step apart, as channels of one pixel of a smaller image. */
#ifndef OM_SPACE_TO_DEPTH_H
#define OM_SPACE_TO_DEPTH_H

#include "parallel.h"
#include "vector.h"

/* Where the first of the pixels that go together lies. */
typedef struct om_phase {
  ptrdiff_t row, column;
} om_phase;

typedef struct om_space_to_depth {
  ptrdiff_t batch, channels, height, width; /* of x */
  ptrdiff_t rows, columns;                  /* of y */
  ptrdiff_t row_step, column_step, parts;
} om_space_to_depth;

/* y[b, i, j, part, c] = x[b, c, phases[part].row + row_step * i, phases[part].column + column_step * j], elements of 4 bytes. A
 * row of y is filled one channel after another: it is still in the cache when the next channel comes, and each is read from end
 * to end. */
OM_INLINE void om_space_to_depth_32(const void *x, void *y, const om_space_to_depth s, const om_phase *phases) {
  const ptrdiff_t pixel = s.parts * s.channels;
  OM_EACH_ROW(row, s.batch * s.rows, s.columns * pixel) {
    const uint32_t *image = (const uint32_t *)x + row / s.rows * s.channels * s.height * s.width;
    for (ptrdiff_t part = 0; part < s.parts; part++)
      for (ptrdiff_t c = 0; c < s.channels; c++) {
        const ptrdiff_t line = c * s.height + phases[part].row + s.row_step * (row % s.rows);
        const uint32_t *OM_RESTRICT from = image + line * s.width + phases[part].column;
        uint32_t *OM_RESTRICT to = (uint32_t *)y + row * s.columns * pixel + part * s.channels + c;
        for (ptrdiff_t j = 0; j < s.columns; j++) to[j * pixel] = from[j * s.column_step];
      }
  }
}

#endif
