/* Functions that compilers call by themselves where the machine has no instruction: products of 128 bits, and products and
 * quotients of complex numbers (C11, Annex G.5.1), the latter with OM_COMPLEX_CALLS. The linker looks for these names. */
#ifndef OM_FREESTANDING_COMPILER_CALLS_H
#define OM_FREESTANDING_COMPILER_CALLS_H

#include "binary64.h"
#include "wide.h"

#define OM_CALLED __attribute__((visibility("hidden")))

#ifdef __SIZEOF_INT128__

typedef __int128 om_int128;
typedef unsigned __int128 om_uint128;

/* From halves, since a product of this type would call this very function. */
static inline om_uint128 om_halves(uint64_t high, uint64_t low) { return (om_uint128)high << 64 | low; }

static inline om_uint128 om_whole_product(uint64_t a, uint64_t b) {
  uint64_t high;
  const uint64_t low = om_wide_product(a, b, &high);
  return om_halves(high, low);
}

OM_CALLED om_int128 __multi3(om_int128 a, om_int128 b);
OM_CALLED om_int128 __multi3(om_int128 a, om_int128 b) {
  const uint64_t a0 = (uint64_t)a, b0 = (uint64_t)b;
  const uint64_t high = (uint64_t)((om_uint128)a >> 64) * b0 + a0 * (uint64_t)((om_uint128)b >> 64);
  return (om_int128)(om_whole_product(a0, b0) + om_halves(high, 0));
}

/* Wraps, and says whether it did. */
OM_CALLED om_int128 __muloti4(om_int128 a, om_int128 b, int *overflow);
OM_CALLED om_int128 __muloti4(om_int128 a, om_int128 b, int *overflow) {
  const om_int128 wrapped = __multi3(a, b);
  const om_uint128 x = a < 0 ? -(om_uint128)a : (om_uint128)a, y = b < 0 ? -(om_uint128)b : (om_uint128)b;
  const uint64_t x1 = (uint64_t)(x >> 64), y1 = (uint64_t)(y >> 64), x0 = (uint64_t)x, y0 = (uint64_t)y;
  const om_uint128 cross = om_whole_product(x1, y0) + om_whole_product(x0, y1), low = om_whole_product(x0, y0);
  const om_uint128 size = low + (cross << 64);
  const om_uint128 most = ((om_uint128)1 << 127) - !((a < 0) != (b < 0));
  *overflow = (x1 && y1) || cross >> 64 || size < low || size > most;
  return wrapped;
}

#endif

#ifdef OM_COMPLEX_CALLS

/* Both are the formulas of school where they give no NaN. Where they do, what has an infinite part is infinite, whatever its
 * other part: Annex G takes it for a point of the unit square far away, and asks again. */
#define OM_COMPLEX(type, f, mul, div)                                                                                  \
  static inline type om_corner##f(bool infinite, type x) {                                                             \
    return __builtin_copysign##f(infinite && __builtin_isinf(x) ? (type)1 : infinite || x != x ? (type)0 : x, x);      \
  }                                                                                                                    \
                                                                                                                       \
  static inline type _Complex om_complex##f(type real, type imaginary) {                                               \
    type _Complex z;                                                                                                   \
    __real__ z = real;                                                                                                 \
    __imag__ z = imaginary;                                                                                            \
    return z;                                                                                                          \
  }                                                                                                                    \
                                                                                                                       \
  OM_CALLED type _Complex mul(type a, type b, type c, type d);                                                         \
  OM_CALLED type _Complex mul(type a, type b, type c, type d) {                                                        \
    const type ac = a * c, bd = b * d, ad = a * d, bc = b * c, real = ac - bd, imaginary = ad + bc;                    \
    if (!(real != real && imaginary != imaginary)) return om_complex##f(real, imaginary);                              \
    const bool left = __builtin_isinf(a) || __builtin_isinf(b), right = __builtin_isinf(c) || __builtin_isinf(d);      \
    const bool beyond = __builtin_isinf(ac) || __builtin_isinf(bd) || __builtin_isinf(ad) || __builtin_isinf(bc);      \
    if (!left && !right && !beyond) return om_complex##f(real, imaginary);                                             \
    a = om_corner##f(left, a), b = om_corner##f(left, b), c = om_corner##f(right, c), d = om_corner##f(right, d);      \
    return om_complex##f((type)__builtin_inf() * (a * c - b * d), (type)__builtin_inf() * (a * d + b * c));            \
  }                                                                                                                    \
                                                                                                                       \
  OM_CALLED type _Complex div(type a, type b, type c, type d);                                                         \
  OM_CALLED type _Complex div(type a, type b, type c, type d) {                                                        \
    /* By a power of two, which is exact, the divisor comes near to 1: so its square fits. */                          \
    const int exponent = om_exponent(om_c_fmax(__builtin_fabs((double)c), __builtin_fabs((double)d)));            \
    const type x = (type)om_scale((double)c, -exponent), y = (type)om_scale((double)d, -exponent);                     \
    const type square = x * x + y * y;                                                                                 \
    type real = (type)om_scale((double)((a * x + b * y) / square), -exponent);                                         \
    type imaginary = (type)om_scale((double)((b * x - a * y) / square), -exponent);                                    \
    if (!(real != real && imaginary != imaginary)) return om_complex##f(real, imaginary);                              \
    const bool above = __builtin_isinf(a) || __builtin_isinf(b), below = __builtin_isinf(c) || __builtin_isinf(d);     \
    const type infinity = (type)__builtin_inf();                                                                       \
    if (square == 0 && (a == a || b == b))                                                                             \
      return om_complex##f(__builtin_copysign##f(infinity, c) * a, __builtin_copysign##f(infinity, c) * b);            \
    if (above && __builtin_isfinite(c) && __builtin_isfinite(d)) {                                                     \
      a = om_corner##f(true, a), b = om_corner##f(true, b);                                                            \
      real = infinity * (a * c + b * d), imaginary = infinity * (b * c - a * d);                                       \
    } else if (below && __builtin_isfinite(a) && __builtin_isfinite(b)) {                                              \
      c = om_corner##f(true, c), d = om_corner##f(true, d);                                                            \
      real = 0 * (a * c + b * d), imaginary = 0 * (b * c - a * d);                                                     \
    }                                                                                                                  \
    return om_complex##f(real, imaginary);                                                                             \
  }

static inline int om_exponent(double x) {
  int exponent;
  om_c_frexp(x, &exponent);
  return exponent;
}
static inline double om_scale(double x, int n) { return om_c_scalbn(x, n); }

OM_COMPLEX(float, f, __mulsc3, __divsc3)
OM_COMPLEX(double, , __muldc3, __divdc3)

#endif

#endif
