/* Inverse of a matrix by Gauss-Jordan elimination with partial pivoting. */
#ifndef OM_INVERSE_H
#define OM_INVERSE_H

#include <math.h>
#include <stdint.h>

/* y[n, n] becomes the inverse of a[n, n], which is overwritten. A singular matrix divides by zero. */
static inline void om_inverse(double *a, double *y, int64_t n) {
  for (int64_t i = 0; i < n * n; i++) y[i] = i % (n + 1) == 0 ? 1.0 : 0.0;
  for (int64_t column = 0; column < n; column++) {
    int64_t pivot = column;
    for (int64_t row = column + 1; row < n; row++)
      if (fabs(a[row * n + column]) > fabs(a[pivot * n + column])) pivot = row;
    const double head = a[pivot * n + column];
    for (int64_t i = 0; i < n; i++) {
      const double left = a[pivot * n + i], right = y[pivot * n + i];
      a[pivot * n + i] = a[column * n + i];
      y[pivot * n + i] = y[column * n + i];
      a[column * n + i] = left / head;
      y[column * n + i] = right / head;
    }
    for (int64_t row = 0; row < n; row++) {
      const double factor = a[row * n + column];
      for (int64_t i = 0; row != column && i < n; i++) {
        a[row * n + i] -= factor * a[column * n + i];
        y[row * n + i] -= factor * y[column * n + i];
      }
    }
  }
}

#endif
