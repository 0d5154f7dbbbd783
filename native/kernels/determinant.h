/* Determinant of a matrix by Gaussian elimination with partial pivoting. */
#ifndef OM_DETERMINANT_H
#define OM_DETERMINANT_H

#include <math.h>
#include <stdint.h>

/* a[n, n] is overwritten. */
static inline double om_determinant(double *a, int64_t n) {
  double result = 1.0;
  for (int64_t column = 0; column < n; column++) {
    int64_t pivot = column;
    // A NaN counts as the largest, so that the result is NaN.
    for (int64_t row = column + 1; row < n && !isnan(a[pivot * n + column]); row++)
      if (!(fabs(a[row * n + column]) <= fabs(a[pivot * n + column]))) pivot = row;
    const double head = a[pivot * n + column];
    if (head == 0.0) return 0.0;
    for (int64_t i = column; pivot != column && i < n; i++) {
      const double swapped = a[pivot * n + i];
      a[pivot * n + i] = a[column * n + i];
      a[column * n + i] = swapped;
    }
    result *= pivot == column ? head : -head;
    for (int64_t row = column + 1; row < n; row++) {
      const double factor = a[row * n + column] / head;
      for (int64_t i = column; i < n; i++) a[row * n + i] -= factor * a[column * n + i];
    }
  }
  return result;
}

#endif
