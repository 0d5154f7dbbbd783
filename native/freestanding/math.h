/* <math.h> where there is no C library. Functions of float are those of double, rounded once more: so their error is
 * hardly over half a unit in the last place, and each function is there once. What must be fast in float is in
 * native/kernels/elementary.h. */
#ifndef OM_FREESTANDING_MATH_H
#define OM_FREESTANDING_MATH_H

#include "math-macros.h" /* which the others use */

#include "arcs.h"
#include "binary64.h"
#include "circular.h"
#include "error-function.h"
#include "exponential.h"
#include "hyperbolic.h"
#include "logarithm.h"
#include "power.h"
#include "remainder.h"

#define OM_INSTRUCTION(name)                                                                                           \
  static inline double name(double x) { return __builtin_##name(x); }                                                  \
  static inline float name##f(float x) { return __builtin_##name##f(x); }
OM_INSTRUCTION(ceil)
OM_INSTRUCTION(fabs)
OM_INSTRUCTION(floor)
OM_INSTRUCTION(nearbyint)
OM_INSTRUCTION(rint)
OM_INSTRUCTION(sqrt)
OM_INSTRUCTION(trunc)

#define OM_OF_ONE(name)                                                                                                \
  static inline double name(double x) { return om_c_##name(x); }                                                       \
  static inline float name##f(float x) { return (float)om_c_##name((double)x); }
OM_OF_ONE(acos)
OM_OF_ONE(acosh)
OM_OF_ONE(asin)
OM_OF_ONE(asinh)
OM_OF_ONE(atan)
OM_OF_ONE(atanh)
OM_OF_ONE(cos)
OM_OF_ONE(cosh)
OM_OF_ONE(erf)
OM_OF_ONE(erfc)
OM_OF_ONE(exp)
OM_OF_ONE(exp2)
OM_OF_ONE(expm1)
OM_OF_ONE(log)
OM_OF_ONE(log10)
OM_OF_ONE(log1p)
OM_OF_ONE(log2)
OM_OF_ONE(sin)
OM_OF_ONE(sinh)
OM_OF_ONE(tan)
OM_OF_ONE(tanh)

#define OM_OF_TWO(name)                                                                                                \
  static inline double name(double x, double y) { return om_c_##name(x, y); }                                          \
  static inline float name##f(float x, float y) { return (float)om_c_##name((double)x, (double)y); }
OM_OF_TWO(atan2)
OM_OF_TWO(fmod)
OM_OF_TWO(hypot)
OM_OF_TWO(remainder)

static inline double copysign(double x, double y) { return __builtin_copysign(x, y); }
static inline float copysignf(float x, float y) { return __builtin_copysignf(x, y); }
static inline double fmax(double x, double y) { return om_c_fmax(x, y); }
static inline float fmaxf(float x, float y) { return om_c_fmaxf(x, y); }
static inline double fmin(double x, double y) { return om_c_fmin(x, y); }
static inline float fminf(float x, float y) { return om_c_fminf(x, y); }
static inline double pow(double x, double y) { return om_c_pow(x, y); }
static inline float powf(float x, float y) { return om_c_powf(x, y); }
static inline double round(double x) { return om_c_round(x); }
static inline float roundf(float x) { return om_c_roundf(x); }
static inline double ldexp(double x, int n) { return om_c_scalbn(x, n); }
static inline float ldexpf(float x, int n) { return (float)om_c_scalbn((double)x, n); }
static inline double scalbn(double x, int n) { return om_c_scalbn(x, n); }
static inline float scalbnf(float x, int n) { return (float)om_c_scalbn((double)x, n); }
static inline double frexp(double x, int *exponent) { return om_c_frexp(x, exponent); }
static inline float frexpf(float x, int *exponent) { return (float)om_c_frexp((double)x, exponent); }

#endif
