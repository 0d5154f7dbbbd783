/* Kernels whose arguments but the result are constants of the program, at distances from one address that differ by
 * element size: the form in which GCC 12 at -O2 and -O3 takes the kernel for pure and drops its call. */
#include <stdio.h>

#include "runtime.h"
#ifdef PLAIN
#undef OM_KERNEL
#define OM_KERNEL static __attribute__((noinline))
#endif

extern __attribute__((visibility("hidden"), aligned(64))) const unsigned char weights[1536];
__asm__(
  ".pushsection .rodata.weights,\"a\",%progbits\n"
  ".globl weights\n"
  ".hidden weights\n"
  ".balign 64\n"
  "weights:\n"
  ".fill 1536, 1, 1\n"
  ".popsection\n");

OM_KERNEL void dequantize(float *restrict y, const float *restrict x, const int8_t *restrict zero, const float *restrict shift,
                          const float *restrict scale) {
  for (int64_t row = 0; row < 10; row++)
    for (int64_t i = 0; i < 32; i++)
      y[row * 32 + i] = (x[row * 32 + i] + (float)zero[row] - shift[row]) * scale[row];
}

OM_KERNEL void widen(double *restrict y, const int16_t *restrict a, const int8_t *restrict b, const double *restrict c) {
  for (int64_t row = 0; row < 12; row++)
    for (int64_t i = 0; i < 16; i++) y[row * 16 + i] = (double)a[row * 16 + i] + (double)b[row] + c[row];
}

int main(void) {
  static float y[320];
  static double z[192];
  dequantize(y, (const float *)(weights + 0), (const int8_t *)(weights + 1280), (const float *)(weights + 1344),
             (const float *)(weights + 1408));
  widen(z, (const int16_t *)(weights + 0), (const int8_t *)(weights + 640), (const double *)(weights + 704));
  int dropped = 0;
  for (int i = 0; i < 320; i++) dropped += y[i] == 0.0f;
  for (int i = 0; i < 192; i++) dropped += z[i] == 0.0;
  printf("constant arguments: 512 cases, %d failures\n", dropped);
  return dropped > 0;
}
