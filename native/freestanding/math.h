/* <math.h> where there is no C library. Functions of float are those of double, rounded once more: so their error is
 * hardly over half a unit in the last place, and each function is there once. What must be fast in float is in
 * native/kernels/elementary.h. */
#ifndef OM_FREESTANDING_MATH_H
#define OM_FREESTANDING_MATH_H

#define INFINITY (__builtin_inff())
#define NAN (__builtin_nanf(""))
#define HUGE_VAL (__builtin_inf())
#define HUGE_VALF (__builtin_inff())
#define M_E 2.7182818284590452354
#define M_LOG2E 1.4426950408889634074
#define M_LOG10E 0.43429448190325182765
#define M_LN2 0.69314718055994530942
#define M_LN10 2.30258509299404568402
#define M_PI 3.14159265358979323846
#define M_PI_2 1.57079632679489661923
#define M_PI_4 0.78539816339744830962
#define M_1_PI 0.31830988618379067154
#define M_2_PI 0.63661977236758134308
#define M_2_SQRTPI 1.12837916709551257390
#define M_SQRT2 1.41421356237309504880
#define M_SQRT1_2 0.70710678118654752440

typedef float float_t;
typedef double double_t;

#define isnan(x) __builtin_isnan(x)
#define isinf(x) __builtin_isinf(x)
#define isfinite(x) __builtin_isfinite(x)
#define isnormal(x) __builtin_isnormal(x)
#define signbit(x) __builtin_signbit(x)

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
