/* erf and erfc. */
#ifndef OM_FREESTANDING_ERROR_FUNCTION_H
#define OM_FREESTANDING_ERROR_FUNCTION_H

#include "exponential.h"

static __attribute__((noinline, unused)) double om_c_erfc(double x) {
  if (x != x) return x;
  if (x < 2) {
    double term = x, sum = x;
    if (x < -6) return 2;
    for (int n = 1; n < 150; n++) {
      term *= -x * x / n;
      sum += term / (2 * n + 1);
    }
    return 1 - 1.1283791670955126 * sum;
  }
  double fraction = 0;
  for (int n = 120; n > 0; n--) fraction = n / 2.0 / (x + fraction);
  return om_c_exp(-x * x) / 1.7724538509055160 / (x + fraction);
}
static __attribute__((noinline, unused)) double om_c_erf(double x) {
  if (x > 2 || x < -2) return x > 0 ? 1 - om_c_erfc(x) : om_c_erfc(-x) - 1;
  double term = x, sum = x;
  for (int n = 1; n < 80; n++) {
    term *= -x * x / n;
    sum += term / (2 * n + 1);
  }
  return 1.1283791670955126 * sum;
}

#endif
