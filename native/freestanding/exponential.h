/* exp, exp2, expm1. */
#ifndef OM_FREESTANDING_EXPONENTIAL_H
#define OM_FREESTANDING_EXPONENTIAL_H

#include "binary64.h"

static double om_c_expm1_small(double r) {
  double p = 1.0 / 6227020800.0;
  p = p * r + 1.0 / 479001600.0;
  p = p * r + 1.0 / 39916800.0;
  p = p * r + 1.0 / 3628800.0;
  p = p * r + 1.0 / 362880.0;
  p = p * r + 1.0 / 40320.0;
  p = p * r + 1.0 / 5040.0;
  p = p * r + 1.0 / 720.0;
  p = p * r + 1.0 / 120.0;
  p = p * r + 1.0 / 24.0;
  p = p * r + 1.0 / 6.0;
  p = p * r + 0.5;
  return p * (r * r) + r;
}
static __attribute__((noinline, unused)) double om_c_exp(double x) {
  if (!(x < 710.0)) return x * OM_INF;
  if (x < -746.0) return 0.0;
  const double n = __builtin_rint(x * 1.4426950408889634);
  const double r = (x - n * 0x1.62e42feep-1) - n * 0x1.a39ef35793c76p-33;
  return om_c_scalbn(1.0 + om_c_expm1_small(r), (int)n);
}
static __attribute__((noinline, unused)) double om_c_expm1(double x) {
  if (!(x < 710.0)) return x * OM_INF;
  if (x < -40.0) return -1.0;
  if (x > -0.34 && x < 0.34) return x == 0 ? x : om_c_expm1_small(x);
  return om_c_exp(x) - 1.0;
}
static inline double om_c_exp2(double x) { return om_c_exp(x * 0.6931471805599453); }

#endif
