/* sin, cos, tan. */
#ifndef OM_FREESTANDING_CIRCULAR_H
#define OM_FREESTANDING_CIRCULAR_H

#include "remainder.h"

static double om_c_sin_small(double r) {
  const double z = r * r;
  double p = 0;
  for (int k = 17; k >= 3; k -= 2) p = (1 - p * z) / (k * (k - 1.0));
  return r - r * z * p;
}
static double om_c_cos_small(double r) {
  const double z = r * r;
  double p = 0;
  for (int k = 18; k >= 2; k -= 2) p = (1 - p * z) / (k * (k - 1.0));
  return 1 - z * p;
}
static int om_c_quarter(double x, double *r) {
  x = om_c_fmod(x, 0x1.921fb54442d18p+2);
  const double n = __builtin_rint(x * 0.6366197723675814);
  *r = ((x - n * 0x1.921fb54400000p+0) - n * 0x1.0b4611a600000p-34) - n * 0x1.3198a2e037073p-69;
  return (int)n;
}
static __attribute__((noinline, unused)) double om_c_sin(double x) {
  if (x - x != 0) return OM_NAN;
  if (x == 0) return x;
  double r;
  const int n = om_c_quarter(x, &r);
  const double y = n & 1 ? om_c_cos_small(r) : om_c_sin_small(r);
  return n & 2 ? -y : y;
}
static __attribute__((noinline, unused)) double om_c_cos(double x) {
  if (x - x != 0) return OM_NAN;
  double r;
  const int n = om_c_quarter(x, &r);
  const double y = n & 1 ? om_c_sin_small(r) : om_c_cos_small(r);
  return (n + 1) & 2 ? -y : y;
}
static inline double om_c_tan(double x) { return x == 0 ? x : om_c_sin(x) / om_c_cos(x); }

#endif
