/* Which taps of a sliding window lie inside the input, along one axis. */
#ifndef OM_WINDOW_H
#define OM_WINDOW_H

#include "vector.h"

/* Indices begin .. end - 1. */
typedef struct om_span {
  ptrdiff_t begin, end;
} om_span;

/* The taps of the window at output `out` that lie inside the input, along one axis; end <= begin: none. */
OM_INLINE om_span om_span_taps(ptrdiff_t out, ptrdiff_t in, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation,
                               ptrdiff_t pad) {
  const ptrdiff_t first = out * stride - pad;
  const ptrdiff_t begin = first >= 0 ? 0 : (-first + dilation - 1) / dilation;
  const ptrdiff_t end = first >= in ? 0 : (in - first + dilation - 1) / dilation;
  return (om_span){om_min(begin, kernel), om_min(end, kernel)};
}

/* The outputs whose whole window lies inside the input, along one axis. */
OM_INLINE om_span om_span_inside(ptrdiff_t out, ptrdiff_t in, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation,
                                 ptrdiff_t pad) {
  const ptrdiff_t room = in + pad - (kernel - 1) * dilation - 1;
  const ptrdiff_t begin = pad > 0 ? (pad + stride - 1) / stride : 0, end = room < 0 ? 0 : room / stride + 1;
  return (om_span){om_min(begin, out), om_max(om_min(begin, out), om_min(end, out))};
}

#endif
