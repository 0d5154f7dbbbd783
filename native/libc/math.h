/* <math.h> of any C library of Linux. */
#ifndef OM_LIBC_MATH_H
#define OM_LIBC_MATH_H

#include "../freestanding/math-macros.h"
#include "declare.h"

#define OM_C_OF_ONE(name)                                                                                              \
  OM_C(double, name, double x)                                                                                         \
  OM_C(float, name##f, float x)
OM_C_OF_ONE(acos)
OM_C_OF_ONE(acosh)
OM_C_OF_ONE(asin)
OM_C_OF_ONE(asinh)
OM_C_OF_ONE(atan)
OM_C_OF_ONE(atanh)
OM_C_OF_ONE(cbrt)
OM_C_OF_ONE(ceil)
OM_C_OF_ONE(cos)
OM_C_OF_ONE(cosh)
OM_C_OF_ONE(erf)
OM_C_OF_ONE(erfc)
OM_C_OF_ONE(exp)
OM_C_OF_ONE(exp2)
OM_C_OF_ONE(expm1)
OM_C_OF_ONE(fabs)
OM_C_OF_ONE(floor)
OM_C_OF_ONE(lgamma)
OM_C_OF_ONE(log)
OM_C_OF_ONE(log10)
OM_C_OF_ONE(log1p)
OM_C_OF_ONE(log2)
OM_C_OF_ONE(logb)
OM_C_OF_ONE(nearbyint)
OM_C_OF_ONE(rint)
OM_C_OF_ONE(round)
OM_C_OF_ONE(sin)
OM_C_OF_ONE(sinh)
OM_C_OF_ONE(sqrt)
OM_C_OF_ONE(tan)
OM_C_OF_ONE(tanh)
OM_C_OF_ONE(tgamma)
OM_C_OF_ONE(trunc)

#define OM_C_OF_TWO(name)                                                                                              \
  OM_C(double, name, double x, double y)                                                                               \
  OM_C(float, name##f, float x, float y)
OM_C_OF_TWO(atan2)
OM_C_OF_TWO(copysign)
OM_C_OF_TWO(fdim)
OM_C_OF_TWO(fmax)
OM_C_OF_TWO(fmin)
OM_C_OF_TWO(fmod)
OM_C_OF_TWO(hypot)
OM_C_OF_TWO(nextafter)
OM_C_OF_TWO(pow)
OM_C_OF_TWO(remainder)

#define OM_C_OF_BOTH(result, name, other)                                                                              \
  OM_C(result(double), name, double x, other(double))                                                                  \
  OM_C(result(float), name##f, float x, other(float))
#define OM_C_SAME(type) type
#define OM_C_INT(type) int
#define OM_C_TO_INT(type) int *
#define OM_C_TO_SAME(type) type *
OM_C_OF_BOTH(OM_C_SAME, frexp, OM_C_TO_INT)
OM_C_OF_BOTH(OM_C_SAME, ldexp, OM_C_INT)
OM_C_OF_BOTH(OM_C_SAME, modf, OM_C_TO_SAME)
OM_C_OF_BOTH(OM_C_SAME, scalbn, OM_C_INT)
OM_C(double, fma, double x, double y, double z)
OM_C(float, fmaf, float x, float y, float z)
OM_C(int, ilogb, double x)
OM_C(int, ilogbf, float x)
OM_C(long, lrint, double x)
OM_C(long, lrintf, float x)
OM_C(long, lround, double x)
OM_C(long, lroundf, float x)
OM_C(long long, llrint, double x)
OM_C(long long, llrintf, float x)
OM_C(long long, llround, double x)
OM_C(long long, llroundf, float x)

#endif
