/* Discrete Fourier transforms of any length: om_fft_f32 and om_fft_f64, see fft.h. */
#ifndef OM_FOURIER_H
#define OM_FOURIER_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* Products and sums are rounded one by one, so that terms that cancel do so on every machine. */
#if defined(__clang__)
#pragma clang fp contract(off)
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("fp-contract=off")
#endif
#define OM_REAL float
#define OM_FFT(name) name##_f32
#include "fft.h"
#define OM_REAL double
#define OM_FFT(name) name##_f64
#include "fft.h"
#if defined(__clang__)
#pragma clang fp contract(fast)
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

/* Fills buffer[n] with the samples x that lie `step` elements apart, of which `given` are there; the rest is zero.
 * Samples have `lanes` elements: 1 real, 2 complex. `tap` is a factor that may mention the sample's number t. */
#define OM_FOURIER_LOAD(buffer, n, x, step, lanes, given, tap)                                                         \
  for (int64_t t = 0; t < (n); t++) {                                                                                  \
    const bool there = t < (given);                                                                                    \
    (buffer)[t].r = there ? (x)[t * (step)] * (tap) : 0;                                                               \
    (buffer)[t].i = there && (lanes) == 2 ? (x)[t * (step) + (lanes)-1] * (tap) : 0;                                   \
  }

/* Completes the half of a spectrum that a real signal has: bin n - k is bin k's conjugate. */
#define OM_FOURIER_MIRROR(buffer, n)                                                                                   \
  (buffer)[0].i = 0;                                                                                                   \
  for (int64_t t = 1; 2 * t <= (n); t++) {                                                                             \
    if (2 * t == (n)) (buffer)[t].i = 0;                                                                               \
    (buffer)[(n) - t].r = (buffer)[t].r;                                                                               \
    (buffer)[(n) - t].i = -(buffer)[t].i;                                                                              \
  }

#endif
