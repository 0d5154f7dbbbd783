/* The kernels' micro-benchmarks, which `npm run bench -- kernels` compiles and runs: each kernel's time beside the least that
 * the machine could do it in (roof.h). A program takes the seconds for which each kernel is run, and what is part of the names
 * of those that are wanted. What it prints is for bench/kernels.js:
 *
 *   kernel  NAME  SECONDS  OPERATIONS  BYTES  SECONDS-OF-THE-ROOF  GOAL
 *   roof  RATE-OF-OPERATIONS  (BYTES  RATE-OF-BYTES)… */
#ifndef OM_BENCH_H
#define OM_BENCH_H

#include <stdarg.h>
#include <stdio.h>

#include "roof.h"

static struct {
  const char *only;
  char name[96];
  double goal;
} bench = {.only = ""};

static inline void bench_begin(int argc, char **argv) {
  if (argc > 1) measure_limit = atof(argv[1]);
  if (argc > 2) bench.only = argv[2];
}

/* Names the kernel that comes next, and tells whether it is wanted. goal: the least fraction of the roof that is good enough;
 * 0: none is known. */
__attribute__((format(printf, 2, 3))) static bool bench_kernel(double goal, const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  vsnprintf(bench.name, sizeof bench.name, format, arguments);
  va_end(arguments);
  bench.goal = goal;
  measure_free();
  return strstr(bench.name, bench.only) != NULL;
}

/* Memory is shared with all that runs: where bytes may come from it, its rate is measured in turn with the kernel, three times,
 * and of both the best counts. reach: bytes that go by until the same come again. */
static bool bench_again(measure *m, double reach, int round) {
  const int power = roof_power(reach);
  if (power < ROOF_MEMORY || round == 3) return false;
  if (round == 0) roof_rates[power] = 0;
  roof_read(power);
  measure_again(m);
  return true;
}

/* peak: of the operations, or 0 where none is known. */
static void bench_report(double seconds, double operations, double bytes, double peak, double reach) {
  const double of_bytes = bytes / roof_bandwidth(reach);
  const double roof = peak > 0 ? fmax(operations / peak, of_bytes) : 0;
  printf("kernel\t%s\t%.9g\t%.9g\t%.9g\t%.9g\t%g\n", bench.name, seconds, operations, bytes, roof, bench.goal);
  fflush(stdout);
}

static inline int bench_end(void) {
  printf("roof\t%.9g", roof_peak());
  for (int power = 0; power <= ROOF_MOST; power++)
    if (roof_rates[power] > 0) printf("\t%.0f\t%.9g", ldexp(1, power), roof_rates[power]);
  printf("\n");
  return 0;
}

/* Measures `code`. operations, bytes: what it has to compute, and to read and write at least once. */
#define BENCH(operations, bytes, code) BENCH_BESIDE(roof_peak(), bytes, operations, bytes, code)

/* The same beside another roof, see bench_again() and bench_report(). */
#define BENCH_BESIDE(peak, reach, operations, bytes, code)                                                             \
  do {                                                                                                                 \
    measure m = {0};                                                                                                   \
    int round = 0;                                                                                                     \
    do {                                                                                                               \
      while (measure_goes_on(&m)) {                                                                                    \
        code;                                                                                                          \
      }                                                                                                                \
    } while (bench_again(&m, reach, round++));                                                                         \
    bench_report(m.best, operations, bytes, peak, reach);                                                              \
  } while (0)

/* Operations of e^x by elementary.h: ten products, with a sum or without, and two sums. */
#define BENCH_EXP 20.0

/* The fields that shapes of convolutions and of pooling share: one image, a square kernel, the same pad on all sides. */
#define BENCH_WINDOW(h, w, c, kernel, stride, pad)                                                                     \
  .batch = 1, .height = h, .width = w, .channels = c, .out_height = ((h) + 2 * (pad) - (kernel)) / (stride) + 1,       \
  .out_width = ((w) + 2 * (pad) - (kernel)) / (stride) + 1, .kernel_height = kernel, .kernel_width = kernel,           \
  .stride_height = stride, .stride_width = stride, .dilation_height = 1, .dilation_width = 1, .pad_top = pad,          \
  .pad_left = pad

/* Floats of the input that such windows read: where they are narrower than the steps between them, not all. */
#define BENCH_READ(s)                                                                                                  \
  ((double)((s).channels * om_min((s).height, (s).out_height * (s).kernel_height) *                                    \
            om_min((s).width, (s).out_width * (s).kernel_width)))
/* Floats of the output per channel. */
#define BENCH_PIXELS(s) ((double)((s).out_height * (s).out_width))

#endif
