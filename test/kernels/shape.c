/* Prints what src/lowering/kernel-shape.ts and pack.ts have to agree with: sizes, and packed weights. */
#include "attention.h"
#include "depthwise-integer.h"
#include "grouped.h"
#include "gemm-integer.h"
#include "gemm-unpacked.h"
#include "gru.h"
#include "matmul-nbits.h"
#include "winograd.h"

#include "check.h"
#include "pack.h"

/* The first n of any weights: small, uneven, exact. */
static const float *weights(ptrdiff_t n) {
  static float p[1024];
  if (n > 1024) abort();
  for (ptrdiff_t i = 0; i < n; i++) p[i] = (float)(i * 37 % 101 - 50) / 8;
  return p;
}

static void print(const char *name, float *packed, ptrdiff_t n) {
  printf("%s", name);
  for (ptrdiff_t i = 0; i < n; i++) printf(" %.9g", (double)packed[i]);
  printf("\n");
  free(packed);
}

static void print_integers(int n) {
  static uint8_t bytes[1024];
  for (int i = 0; i < 6 * n; i++) bytes[i] = (uint8_t)(i * 37 % 256);
  int8_t *packed = (int8_t *)check_alloc((size_t)OM_INT_PACKED(6, n));
  int32_t *sums = (int32_t *)check_alloc((size_t)n * 4);
  om_pack_integers(bytes, (om_int_strides){3, 1, 2, 6}, 6, n, false, packed, sums);
  printf("integers");
  for (int i = 0; i < OM_INT_PACKED(6, n); i++) printf(" %d", packed[i]);
  printf("\nsums");
  for (int i = 0; i < n; i++) printf(" %d", sums[i]);
  printf("\n");
  free(packed), free(sums);
}

static void print_depthwise_integers(int channels, int lines, int taps) {
  static uint8_t bytes[1024];
  const uint8_t zeros[] = {120, 128, 121};
  for (int i = 0; i < channels * lines * taps; i++) bytes[i] = (uint8_t)(i * 37 % 256);
  int32_t packed[1024], sums[64];
  const bool narrow = om_pack_depthwise_integers(bytes, channels, lines, taps, false, channels == 3 ? zeros : zeros + 1,
                                                 channels == 3, packed, sums);
  printf("depthwise-integers %d", narrow);
  for (int i = 0; i < OM_INT_DEPTHWISE_PACKED(channels, lines, taps); i++) printf(" %d", packed[i]);
  for (int i = 0; i < channels; i++) printf(" %d", sums[i]);
  printf("\n");
}

static void print_bits(int bits) {
  enum { N = 19, LENGTH = 32, BLOCKS = 2 };
  uint8_t bytes[N * LENGTH], packed[32 * LENGTH];
  for (int i = 0; i < N * LENGTH; i++) bytes[i] = (uint8_t)(i * 37 % 256);
  om_nbits_pack(bytes, N, LENGTH, bits, packed);
  printf("bits");
  for (int i = 0; i < 32 * LENGTH * bits / 8; i++) printf(" %d", packed[i]);
  float *blocks = (float *)check_alloc(32 * BLOCKS * sizeof(float));
  om_nbits_pack_blocks(weights(N * BLOCKS), NULL, N, BLOCKS, bits, blocks);
  printf("\n");
  print("blocks", blocks, 32 * BLOCKS);
}

int main(void) {
  printf("sizes %d %d %d %d", OM_VECTOR_BYTES, OM_TILE_ROWS, OM_TILE_VECTORS, (int)OM_GEMM_SCRATCH);
  printf(" %d %d %d %d %d", (int)OM_MATMUL_SCRATCH(70, 50), (int)OM_RECURRENT_SCRATCH(3, 5, 4, 10, 2),
         (int)OM_WINOGRAD_SCRATCH(300), (int)OM_INT_SCRATCH(5, 70) + (int)OM_INT_SCRATCH(50, 70), (int)OM_ATTENTION_SCRATCH(70, 50));
  printf(" %d\n", (int)OM_NBITS_SCRATCH(OM_NBITS_OWN(70, 32), 5, 70, 32));
  for (int n = 1; n <= 70; n += 3) {
    float *packed = floats(OM_GEMM_PACKED(4, n));
    om_gemm_pack_f32(weights(4 * n), n, 1, 4, n, packed);
    print("gemm", packed, OM_GEMM_PACKED(4, n));
  }
  float *packed = floats(OM_CONV2D_PACKED(2, 3, 6, 38, 2));
  om_conv2d_pack_f32(weights(38 * 3 * 6), 38, 3, 6, 2, packed);
  print("conv", packed, OM_CONV2D_PACKED(2, 3, 6, 38, 2));
  packed = floats(OM_DEPTHWISE_PACKED(3, 2, 19));
  om_depthwise2d_pack_f32(weights(19 * 6), 19, 6, packed);
  print("depthwise", packed, OM_DEPTHWISE_PACKED(3, 2, 19));
  packed = floats(OM_GROUPED_PACKED(3, 2, 4, 20));
  om_grouped2d_pack_f32(weights(20 * 4 * 6), 20, 4, 6, packed);
  print("grouped", packed, OM_GROUPED_PACKED(3, 2, 4, 20));
  packed = floats(OM_WINOGRAD_PACKED(3, 21));
  om_winograd_pack_f32(weights(21 * 3 * 9), 21, 3, packed);
  print("winograd", packed, OM_WINOGRAD_PACKED(3, 21));
  print("lstm", pack_recurrent(weights(2 * 20 * 3), 2, 4, 5, 3, false), 2 * OM_GEMM_PACKED(3, 20));
  for (int n = 1; n <= 64; n += 7) print_integers(n);
  print_depthwise_integers(3, 3, 2);
  print_depthwise_integers(21, 4, 3);
  print("gru", pack_recurrent(weights(2 * 15 * 5), 2, 3, 5, 5, true), 2 * OM_GRU_PACKED_R(5));
  print_bits(2), print_bits(4), print_bits(8);
  return 0;
}
