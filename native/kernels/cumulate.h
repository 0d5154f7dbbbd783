/* Running totals along an axis of x[outer, axis, inner]; y has the same shape. */
#ifndef OM_CUMULATE_H
#define OM_CUMULATE_H

#include <stdint.h>

#include "axes.h"

/* y = the elements so far joined by `sign` in type T (unsigned for integers, where overflow is defined), the current one
 * only if not `exclusive`; from the end if `reverse`. */
#define OM_CUMULATE(x, y, outer, axis, inner, T, initial, sign, exclusive, reverse)                                    \
  for (int64_t o = 0; o < (outer); o++)                                                                                \
    for (int64_t i = 0, width; width = om_min(OM_BLOCK, (inner)-i), i < (inner); i += width) {                         \
      T totals[OM_BLOCK];                                                                                              \
      for (int64_t j = 0; j < width; j++) totals[j] = (initial);                                                       \
      for (int64_t a = 0; a < (axis); a++) {                                                                           \
        const int64_t at = (o * (axis) + ((reverse) ? (axis)-1 - a : a)) * (inner) + i;                                \
        for (int64_t j = 0; j < width; j++) {                                                                          \
          const T before = totals[j];                                                                                  \
          totals[j] = before sign (T)(x)[at + j];                                                                      \
          (y)[at + j] = (exclusive) ? before : totals[j];                                                              \
        }                                                                                                              \
      }                                                                                                                \
    }

#endif
