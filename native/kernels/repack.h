/* Weights that are packed for a wider vector unit, brought into the order of this one: a library that has code for several
 * levels of a machine stores them once, in the order of the highest (native/abi/om_level.h). */
#ifndef OM_REPACK_H
#define OM_REPACK_H

#include "vector.h"

/* Repacks B[k, n], elements of 4 bytes, panel by panel: each has `vectors` vectors of columns, or, where no more are left, one,
 * and is k-major (src/lowering/pack.ts). from_lanes: elements of a vector that `from` is packed for, a multiple of OM_LANES,
 * so that each of our panels is part of one of those, the zeros behind the columns included. */
OM_SHARED void om_repack_32(const void *from, ptrdiff_t from_lanes, ptrdiff_t vectors, ptrdiff_t k, ptrdiff_t n, void *to) {
  const char *source = (const char *)from;
  char *target = (char *)to;
  const ptrdiff_t wide = vectors * from_lanes, narrow = vectors * OM_LANES;
  for (ptrdiff_t n0 = 0, width; n0 < n; n0 += width) {
    width = n - n0 > narrow - OM_LANES ? narrow : OM_LANES;
    const ptrdiff_t panel = n0 / wide * wide, row = n - panel > wide - from_lanes ? wide : from_lanes;
    const char *column = source + 4 * (k * panel + n0 - panel);
    for (ptrdiff_t i = 0; i < k; i++, target += 4 * width) memcpy(target, column + 4 * i * row, (size_t)(4 * width));
  }
}

#endif
