/* Prints what src/builtin/kernel-shape.ts and pack.ts have to agree with: sizes, and packed matrices whose element
 * [row, column] is row * 100 + column + 1. */
#include "gru.h"
#include "winograd.h"

#include "check.h"

int main(void) {
  printf("%d %d %d %d\n", OM_VECTOR_BYTES, OM_TILE_ROWS, OM_TILE_VECTORS, (int)OM_GEMM_SCRATCH);
  printf("%d %d %d\n", (int)OM_MATMUL_SCRATCH(70, 50), (int)OM_RECURRENT_SCRATCH(3, 5, 4, 10), (int)OM_WINOGRAD_SCRATCH(300));
  const int columns[] = {1, OM_LANES, OM_LANES + 1, OM_PANEL, OM_PANEL + 1, 2 * OM_PANEL - 1};
  for (unsigned i = 0; i < sizeof columns / sizeof *columns; i++) {
    const int k = 3, n = columns[i];
    float *b = (float *)check_alloc((size_t)(k * n) * sizeof(float));
    float *packed = (float *)check_alloc(OM_GEMM_PACKED((size_t)k, n) * sizeof(float));
    for (int row = 0; row < k; row++)
      for (int column = 0; column < n; column++) b[row * n + column] = (float)(row * 100 + column + 1);
    om_gemm_pack_f32(b, n, 1, k, n, packed);
    printf("%d %d", k, n);
    for (int j = 0; j < OM_GEMM_PACKED(k, n); j++) printf(" %g", (double)packed[j]);
    printf("\n");
    free(b), free(packed);
  }
  return 0;
}
