/* Running totals along an axis of x[outer, axis, inner]; y has the same shape. */
#ifndef OM_CUMULATE_H
#define OM_CUMULATE_H

#include <stdint.h>

/* y = the elements so far joined by `sign` in type T (unsigned for integers, where overflow is defined), the current one
 * only if not `exclusive`; from the end if `reverse`. */
#define OM_CUMULATE(x, y, outer, axis, inner, T, initial, sign, exclusive, reverse)                                    \
  for (int64_t o = 0; o < (outer); o++)                                                                                \
    for (int64_t i = 0; i < (inner); i++) {                                                                            \
      T total = (initial);                                                                                             \
      for (int64_t a = 0; a < (axis); a++) {                                                                           \
        const int64_t at = (o * (axis) + ((reverse) ? (axis)-1 - a : a)) * (inner) + i;                                \
        if (exclusive) (y)[at] = total;                                                                                \
        total = total sign (T)(x)[at];                                                                                 \
        if (!(exclusive)) (y)[at] = total;                                                                             \
      }                                                                                                                \
    }

#endif
