/* How long something takes: the best of many samples, since other work shares the machine. */
#ifndef OM_BENCH_MEASURE_H
#define OM_BENCH_MEASURE_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

/* For how long each thing is run. */
static double measure_limit = 0.15;

static inline double measure_clock(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

typedef struct measure {
  double best; /* seconds of one run */
  double begin, end;
  int64_t runs, left; /* of this sample */
  int samples;
} measure;

/* Ends a sample and begins the next, of so many runs that the clock, which takes some 30 ns, is no part of it: 20 µs, which
 * is short enough for most samples to pass between two interruptions. */
static __attribute__((noinline)) bool measure_sample(measure *m) {
  const double now = measure_clock(), time = m->runs > 0 ? (now - m->begin) / (double)m->runs : 1e9;
  if (m->runs == 0) m->end = now + measure_limit, m->samples = 0, m->best = m->best > 0 ? m->best : time;
  else if (m->samples++ > 2 && now >= m->end) return false;
  m->best = time < m->best ? time : m->best;
  m->runs = m->best < 20e-6 ? (int64_t)(20e-6 / (m->best + 1e-9)) : 1;
  m->left = m->runs - 1;
  m->begin = measure_clock();
  return true;
}

/* `measure m = {0}; while (measure_goes_on(&m)) …;`: each run reads and writes all its memory. */
static inline bool measure_goes_on(measure *m) {
  __asm__ volatile("" ::: "memory");
  return m->left-- > 0 || measure_sample(m);
}

/* Lets it go on for as long again. */
static inline void measure_again(measure *m) { m->runs = m->left = 0; }

/* What has been allocated since measure_free(): a kernel's operands. */
static void *measure_memory[64];
static int measure_blocks;

/* 64-byte aligned within `*block`, which is to be freed. */
static inline void *measure_allocate(size_t bytes, void **block) {
  *block = malloc(bytes + 64);
  if (!*block) abort();
  return (char *)*block + (64 - (uintptr_t)*block % 64);
}

/* The same, which measure_free() frees. */
static inline void *measure_bytes(size_t bytes) {
  if (measure_blocks == sizeof measure_memory / sizeof *measure_memory) abort();
  return measure_allocate(bytes, &measure_memory[measure_blocks++]);
}

/* n floats in [-0.5, 0.5). */
static inline float *measure_floats(ptrdiff_t n) {
  static uint32_t seed = 1;
  float *p = (float *)measure_bytes((size_t)n * sizeof(float));
  for (ptrdiff_t i = 0; i < n; i++) {
    seed = seed * 1664525u + 1013904223u;
    p[i] = (float)(seed >> 8) / 16777216.0f - 0.5f;
  }
  return p;
}

static inline void measure_free(void) {
  while (measure_blocks > 0) free(measure_memory[--measure_blocks]);
}

#endif
