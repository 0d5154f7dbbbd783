/* Discrete Fourier transforms of any length, by their definition. */
#ifndef OM_FOURIER_H
#define OM_FOURIER_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

/* e^(-2 pi i k / n) for k < n, + for the inverse: pairs of cosine and sine. */
static inline void om_roots_of_unity(double *roots, int64_t n, bool inverse) {
  for (int64_t k = 0; k < n; k++) {
    const double angle = 6.283185307179586477 * (double)k / (double)n;
    roots[2 * k] = cos(angle);
    roots[2 * k + 1] = inverse ? sin(angle) : -sin(angle);
  }
}

/* re + i im = sum over t < given of x[t] * tap * root^(k t) for 0 <= k < n; what is missing to n samples is zero.
 * Samples lie `step` elements apart and have `lanes` of them: 1 real, 2 complex. `tap` may mention t. */
#define OM_FOURIER_SUM(x, step, lanes, given, tap, roots, n, k, re, im)                                                \
  for (int64_t t = 0, at = 0; t < (given); t++, at += (k), at -= at >= (n) ? (n) : 0) {                                \
    const double weight = (tap);                                                                                       \
    const double real = (double)(x)[t * (step)] * weight;                                                              \
    const double imaginary = (lanes) == 2 ? (double)(x)[t * (step) + (lanes)-1] * weight : 0.0;                        \
    re += real * (roots)[2 * at] - imaginary * (roots)[2 * at + 1];                                                    \
    im += real * (roots)[2 * at + 1] + imaginary * (roots)[2 * at];                                                    \
  }

#endif
