/* Weights that are packed for a wider vector unit, brought into the order of this one: a library that has code for several
 * levels of a machine stores them once, in the order of the highest (native/abi/om_level.h). */
#ifndef OM_REPACK_H
#define OM_REPACK_H

#include "vector.h"

/* Panels that a packed B[k, n] falls into: of `vectors` vectors of columns, or, where fewer are left, of one. */
typedef struct om_panels {
  ptrdiff_t lanes; /* elements of a vector */
  ptrdiff_t vectors;
} om_panels;

/* Columns of the panel that begins with column n0. */
OM_INLINE ptrdiff_t om_panel_width(const om_panels p, ptrdiff_t n, ptrdiff_t n0) {
  return n - n0 > (p.vectors - 1) * p.lanes ? p.vectors * p.lanes : p.lanes;
}

/* First column of the panel that has column n1. */
OM_INLINE ptrdiff_t om_panel_start(const om_panels p, ptrdiff_t n, ptrdiff_t n1) {
  const ptrdiff_t wide = p.vectors * p.lanes, start = n1 / wide * wide;
  return om_panel_width(p, n, start) == wide ? start : n1 / p.lanes * p.lanes;
}

/* Repacks B[k, n], elements of 4 bytes, panel by panel, each of which is k-major (src/lowering/pack.ts). Vectors of `from` have
 * a multiple of ours, so that none of ours is in two of them; a panel of ours may be in several. */
OM_SHARED void om_repack_32(const void *source, const om_panels from, ptrdiff_t vectors, ptrdiff_t k, ptrdiff_t n, void *target) {
  const om_panels own = {OM_LANES, vectors};
  char *panel = (char *)target;
  for (ptrdiff_t n0 = 0, width; n0 < n; n0 += width, panel += 4 * k * width) {
    width = om_panel_width(own, n, n0);
    for (ptrdiff_t at = 0, piece; at < width; at += piece) {
      const ptrdiff_t start = om_panel_start(from, n, n0 + at), row = om_panel_width(from, n, start);
      const char *columns = (const char *)source + 4 * (k * start + n0 + at - start);
      piece = om_min(width - at, start + row - (n0 + at));
      for (ptrdiff_t i = 0; i < k; i++)
        memcpy(panel + 4 * (i * width + at), columns + 4 * i * row, (size_t)(4 * piece));
    }
  }
}

#endif
