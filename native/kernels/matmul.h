/* Products in the operands' own type: integers and doubles, for which there is no packed kernel. */
#ifndef OM_MATMUL_H
#define OM_MATMUL_H

#include <stdint.h>

/* y[m, n] = x[m, k]·w[k, n], dense row-major, computed in type T: for integers an unsigned one, where overflow is defined.
 * Row by row of w, so that the inner loop is contiguous and vectorises. */
#define OM_MATMUL_PLAIN(x, w, y, m, n, k, T)                                                                           \
  do {                                                                                                                 \
    for (int64_t row = 0; row < (m); row++) {                                                                          \
      for (int64_t column = 0; column < (n); column++) (y)[row * (n) + column] = 0;                                    \
      for (int64_t depth = 0; depth < (k); depth++)                                                                    \
        for (int64_t column = 0; column < (n); column++)                                                               \
          (y)[row * (n) + column] += (T)(x)[row * (k) + depth] * (T)(w)[depth * (n) + column];                         \
    }                                                                                                                  \
  } while (0)

#endif
