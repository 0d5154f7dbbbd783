/* Non-maximum suppression (ONNX NonMaxSuppression-11). */
#ifndef OM_SUPPRESS_H
#define OM_SUPPRESS_H

#include "vector.h"

typedef struct om_suppression {
  ptrdiff_t batch, classes, boxes;
  bool center; /* boxes are x, y, width, height of their centres, not two corners y, x */
  int64_t most;
  bool has_threshold;
  float threshold, overlap;
} om_suppression;

typedef struct om_box {
  float top, left, bottom, right;
} om_box;

OM_INLINE om_box om_box_of(const float *b, bool center) {
  if (center) return (om_box){b[1] - b[3] / 2, b[0] - b[2] / 2, b[1] + b[3] / 2, b[0] + b[2] / 2};
  return (om_box){b[0] < b[2] ? b[0] : b[2], b[1] < b[3] ? b[1] : b[3], b[0] < b[2] ? b[2] : b[0], b[1] < b[3] ? b[3] : b[1]};
}

OM_INLINE float om_box_area(om_box b) {
  return b.bottom > b.top && b.right > b.left ? (b.bottom - b.top) * (b.right - b.left) : 0;
}

/* Intersection over union. */
OM_INLINE float om_box_overlap(om_box a, om_box b) {
  const om_box both = {a.top > b.top ? a.top : b.top, a.left > b.left ? a.left : b.left,
                       a.bottom < b.bottom ? a.bottom : b.bottom, a.right < b.right ? a.right : b.right};
  const float shared = om_box_area(both), all = om_box_area(a) + om_box_area(b) - shared;
  return all > 0 ? shared / all : 0;
}

/* Whether box a is taken before box b: the higher score, the lower index among equals. */
OM_INLINE bool om_box_before(const float *scores, int64_t a, int64_t b) {
  return scores[a] > scores[b] || (scores[a] == scores[b] && a < b);
}

OM_INLINE void om_sift_box(const float *scores, int64_t *heap, ptrdiff_t count, ptrdiff_t at) {
  for (ptrdiff_t child = 2 * at + 1; child < count; at = child, child = 2 * at + 1) {
    if (child + 1 < count && om_box_before(scores, heap[child + 1], heap[child])) child++;
    if (!om_box_before(scores, heap[child], heap[at])) return;
    const int64_t kept = heap[at];
    heap[at] = heap[child];
    heap[child] = kept;
  }
}

/* The number of boxes selected; rows of batch item, class and box go to `selected` unless it is NULL. A heap gives the
 * boxes by score, for only the best are asked for. `work` has room for 2 * boxes. */
OM_SHARED int64_t om_suppress(const float *boxes, const float *all_scores, const om_suppression *s, int64_t *work,
                              int64_t *selected) {
  int64_t total = 0, *heap = work, *taken = work + s->boxes;
  for (ptrdiff_t i = 0; i < s->batch * s->classes; i++) {
    const float *scores = all_scores + i * s->boxes, *corners = boxes + i / s->classes * s->boxes * 4;
    ptrdiff_t count = 0, kept = 0;
    for (ptrdiff_t b = 0; b < s->boxes; b++)
      if (s->has_threshold ? scores[b] > s->threshold : scores[b] == scores[b]) heap[count++] = b;
    for (ptrdiff_t at = count / 2 - 1; at >= 0; at--) om_sift_box(scores, heap, count, at);
    while (count > 0 && kept < s->most) {
      const int64_t best = heap[0];
      heap[0] = heap[--count];
      om_sift_box(scores, heap, count, 0);
      const om_box box = om_box_of(corners + best * 4, s->center);
      bool suppressed = false;
      for (ptrdiff_t t = 0; t < kept && !suppressed; t++)
        suppressed = om_box_overlap(box, om_box_of(corners + taken[t] * 4, s->center)) > s->overlap;
      if (suppressed) continue;
      taken[kept++] = best;
      if (selected) {
        selected[total * 3] = i / s->classes;
        selected[total * 3 + 1] = i % s->classes;
        selected[total * 3 + 2] = best;
      }
      total++;
    }
  }
  return total;
}

#endif
