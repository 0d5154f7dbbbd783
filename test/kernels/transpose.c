/* Transposes against index arithmetic: results must be equal bit for bit. */
#include "layout.h"
#include "space-to-depth.h"

#include "check.h"

/* Sides that are less than a tile, some tiles with what is left, and more columns than are gone through at once. */
static void run_2d(void) {
  const ptrdiff_t batch = pick(1, 3), rows = pick(1, pick(0, 1) ? 20 : 70), columns = pick(1, pick(0, 1) ? 20 : 150);
  check_cases++;
  float *x = floats(batch * rows * columns), *y = output(batch * rows * columns);
  om_transpose2d_32(x, y, batch, rows, columns);
  for (ptrdiff_t i = 0; i < batch * rows * columns; i++) {
    const ptrdiff_t b = i / (rows * columns), r = i / columns % rows, c = i % columns;
    if (y[(b * columns + c) * rows + r] != x[i])
      fail("transpose2d %d x %d x %d: element %d", (int)batch, (int)rows, (int)columns, (int)i);
  }
  free(x);
  release_output(y, batch * rows * columns, "transpose2d");
}

static void run_2d_bytes(void) {
  const ptrdiff_t batch = pick(1, 3), rows = pick(0, 40), columns = pick(0, 40), count = batch * rows * columns;
  check_cases++;
  uint8_t *x = (uint8_t *)check_alloc((size_t)count), *y = (uint8_t *)check_alloc((size_t)count);
  for (ptrdiff_t i = 0; i < count; i++) x[i] = (uint8_t)check_random();
  om_transpose2d_8(x, y, batch, rows, columns);
  for (ptrdiff_t i = 0; i < count; i++) {
    const ptrdiff_t b = i / (rows * columns), r = i / columns % rows, c = i % columns;
    if (y[(b * columns + c) * rows + r] != x[i])
      fail("transpose of bytes %d x %d x %d: element %d", (int)batch, (int)rows, (int)columns, (int)i);
  }
  free(x), free(y);
}

static void run_any(void) {
  const ptrdiff_t elements[] = {1, 2, 4, 8, 16};
  const ptrdiff_t element = elements[pick(0, 4)];
  const int rank = pick(0, 5);
  ptrdiff_t dims[5], count = 1;
  int perm[5];
  for (int i = 0; i < rank; i++) {
    dims[i] = pick(0, 20) ? pick(1, 5) : 0;
    count *= dims[i];
    perm[i] = i;
  }
  for (int i = rank - 1; i > 0; i--) {
    const int j = pick(0, i), swap = perm[i];
    perm[i] = perm[j], perm[j] = swap;
  }
  check_cases++;
  const size_t bytes = (size_t)(count * element);
  unsigned char *x = (unsigned char *)check_alloc(bytes), *y = (unsigned char *)check_alloc(bytes);
  for (size_t i = 0; i < bytes; i++) x[i] = (unsigned char)check_random();
  om_transpose(x, y, element, rank, dims, perm);
  for (ptrdiff_t at = 0; at < count; at++) {
    ptrdiff_t index[5], rest = at, from = 0;
    for (int i = rank - 1; i >= 0; i--) index[perm[i]] = rest % dims[perm[i]], rest /= dims[perm[i]];
    for (int i = 0; i < rank; i++) from = from * dims[i] + index[i];
    if (memcmp(y + at * element, x + from * element, (size_t)element) != 0) {
      fail("transpose rank %d element %d", rank, (int)element);
      break;
    }
  }
  free(x), free(y);
}

/* Phases in any order, and any number of times; images whose last rows and columns no phase has. */
static void run_phases(void) {
  const ptrdiff_t batch = pick(1, 3), channels = pick(1, 5), row_step = pick(1, 4), column_step = pick(1, 4);
  const ptrdiff_t rows = pick(0, 6), columns = pick(0, 40), parts = pick(1, 6), pixel = parts * channels;
  const ptrdiff_t height = rows * row_step + pick(0, 2), width = columns * column_step + pick(0, 2);
  om_phase phases[6];
  for (ptrdiff_t part = 0; part < parts; part++)
    phases[part] = (om_phase){pick(0, (int)row_step - 1), pick(0, (int)column_step - 1)};
  check_cases++;
  float *x = floats(batch * channels * height * width), *y = output(batch * rows * columns * pixel);
  const om_space_to_depth s = {batch, channels, height, width, rows, columns, row_step, column_step, parts};
  om_space_to_depth_32(x, y, s, phases);
  for (ptrdiff_t at = 0; at < batch * rows * columns * pixel; at++) {
    const ptrdiff_t c = at % channels, j = at / pixel % columns, i = at / pixel / columns % rows;
    const om_phase phase = phases[at / channels % parts];
    const ptrdiff_t line = (at / (rows * columns * pixel) * channels + c) * height + phase.row + row_step * i;
    if (y[at] != x[line * width + phase.column + column_step * j]) {
      fail("phases of %d x %d: element %d", (int)height, (int)width, (int)at);
      break;
    }
  }
  free(x);
  release_output(y, batch * rows * columns * pixel, "space to depth");
}

int main(void) {
  for (int i = 0; i < 300; i++) run_2d(), run_2d_bytes(), run_any(), run_phases();
  return check_done("transpose");
}
