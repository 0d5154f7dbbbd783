/* Timing for the kernels' micro-benchmarks: the best of many runs, since other work shares the machine. */
#ifndef OM_BENCH_H
#define OM_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static inline double bench_seconds(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* n floats in [-0.5, 0.5), 64-byte aligned. */
static inline float *bench_floats(size_t n) {
  static uint32_t seed = 1;
  float *p = (float *)aligned_alloc(64, (n * sizeof(float) + 4095) / 4096 * 4096);
  if (!p) abort();
  for (size_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    p[i] = (float)(seed >> 8) / 16777216.0f - 0.5f;
  }
  return p;
}

static double bench_total;

/* Runs `code` for about 0.15 s and prints the best time and rate; flops: of one run. */
#define BENCH(name, flops, code)                                                                                       \
  do {                                                                                                                 \
    double best = 1e9, end = bench_seconds() + 0.15;                                                                   \
    do {                                                                                                               \
      const double begin = bench_seconds();                                                                            \
      code;                                                                                                            \
      const double time = bench_seconds() - begin;                                                                     \
      if (time < best) best = time;                                                                                    \
    } while (bench_seconds() < end);                                                                                   \
    bench_total += best;                                                                                               \
    printf("%-52s %10.1f us %8.1f GFLOP/s\n", name, best * 1e6, (double)(flops) / best * 1e-9);                        \
  } while (0)

/* The fields that shapes of convolutions and of pooling share: one image, a square kernel, the same pad on all sides. */
#define BENCH_WINDOW(h, w, c, kernel, stride, pad)                                                                     \
  .batch = 1, .height = h, .width = w, .channels = c, .out_height = ((h) + 2 * (pad) - (kernel)) / (stride) + 1,       \
  .out_width = ((w) + 2 * (pad) - (kernel)) / (stride) + 1, .kernel_height = kernel, .kernel_width = kernel,           \
  .stride_height = stride, .stride_width = stride, .dilation_height = 1, .dilation_width = 1, .pad_top = pad,          \
  .pad_left = pad

#endif
