/* Transposes: of images between NCHW and NHWC, of channels that are shuffled, and of heads. Writing may be slower than the
 * reading that the roof is made of, by how much is the machine's: no goal. */
#include "layout.h"

#include "bench.h"

#define TRANSPOSE(name, element, n, call)                                                                              \
  do {                                                                                                                 \
    if (!bench_kernel(0, name)) break;                                                                                 \
    float *x = measure_floats(n), *y = measure_floats(n);                                                              \
    BENCH(0, 2.0 * (element) * (n), call);                                                                             \
  } while (0)
#define TO_NHWC(c, h, w)                                                                                               \
  TRANSPOSE("nchw to nhwc " #c " x " #h " x " #w, 4, (c) * (h) * (w), om_nchw_to_nhwc_f32(x, y, 1, c, (h) * (w)))
#define TO_NCHW(c, h, w)                                                                                               \
  TRANSPOSE("nhwc to nchw " #h " x " #w " x " #c, 4, (c) * (h) * (w), om_nhwc_to_nchw_f32(x, y, 1, c, (h) * (w)))
#define BYTES(rows, columns)                                                                                           \
  TRANSPOSE("bytes " #rows " x " #columns, 1, (rows) * (columns), om_transpose2d_8(x, y, 1, rows, columns))
#define SHUFFLE(pixels, groups, c)                                                                                     \
  TRANSPOSE("shuffle " #pixels " x " #groups " x " #c, 4, (pixels) * (groups) * (c),                                   \
            om_transpose2d_32(x, y, pixels, groups, c))
#define HEADS(rows, heads, size)                                                                                       \
  TRANSPOSE("heads " #rows " x " #heads " x " #size, 4, (rows) * (heads) * (size),                                     \
            om_transpose(x, y, 4, 3, (const ptrdiff_t[]){rows, heads, size}, (const int[]){1, 0, 2}))

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  TO_NHWC(3, 224, 224);
  TO_NHWC(3, 240, 320);
  TO_NHWC(64, 56, 56);
  TO_NCHW(64, 56, 56);
  TO_NCHW(512, 7, 7);
  TO_NHWC(112, 56, 56);
  TO_NCHW(64, 64, 64);
  TO_NHWC(64, 64, 64);
  TO_NCHW(8, 1, 8192);
  SHUFFLE(3136, 4, 28);
  SHUFFLE(784, 4, 34);
  SHUFFLE(784, 2, 58);
  BYTES(768, 768);
  HEADS(128, 12, 64);
  return bench_end();
}
