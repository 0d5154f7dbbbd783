/* <complex.h> where there is no C library: parts, and numbers made of parts. Products and quotients are the compiler's,
 * with compiler-calls.h. */
#ifndef OM_FREESTANDING_COMPLEX_H
#define OM_FREESTANDING_COMPLEX_H

#include "math.h"

#define complex _Complex
#define _Complex_I (__extension__ 1.0fi)
#define I _Complex_I
#define CMPLX(real, imaginary) __builtin_complex((double)(real), (double)(imaginary))
#define CMPLXF(real, imaginary) __builtin_complex((float)(real), (float)(imaginary))

static inline double creal(double _Complex z) { return __real__ z; }
static inline double cimag(double _Complex z) { return __imag__ z; }
static inline double _Complex conj(double _Complex z) { return ~z; }
static inline double cabs(double _Complex z) { return hypot(creal(z), cimag(z)); }
static inline double carg(double _Complex z) { return atan2(cimag(z), creal(z)); }
static inline float crealf(float _Complex z) { return __real__ z; }
static inline float cimagf(float _Complex z) { return __imag__ z; }
static inline float _Complex conjf(float _Complex z) { return ~z; }
static inline float cabsf(float _Complex z) { return hypotf(crealf(z), cimagf(z)); }
static inline float cargf(float _Complex z) { return atan2f(cimagf(z), crealf(z)); }

#endif
