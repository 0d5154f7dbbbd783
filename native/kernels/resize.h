/* Resizing along one axis (ONNX Resize-19 and its reference implementation onnx/reference/ops/op_resize.py):
 * several axes are resized one after the other, since every mode is a product of one-dimensional filters. */
#ifndef OM_RESIZE_H
#define OM_RESIZE_H

#include <math.h>

#include "movement.h"

typedef enum om_coordinates {
  OM_HALF_PIXEL,
  OM_HALF_PIXEL_SYMMETRIC,
  OM_PYTORCH_HALF_PIXEL,
  OM_ALIGN_CORNERS,
  OM_ASYMMETRIC,
  OM_TF_CROP_AND_RESIZE,
  OM_TF_HALF_PIXEL_FOR_NN
} om_coordinates;

typedef enum om_rounding { OM_ROUND_PREFER_FLOOR, OM_ROUND_PREFER_CEIL, OM_ROUND_FLOOR, OM_ROUND_CEIL } om_rounding;

/* `begin` and `end` are the region of interest, from 0 to 1. */
typedef struct om_resize {
  ptrdiff_t outer, in, out, inner;
  om_coordinates coordinates;
  /* Output size / input size, as it was asked for: the quotient may be no integer. */
  double scale;
  /* The scale is the quotient of the two sizes: positions are computed from these, so that none is next to an integer
   * that it should be. Scales and regions that were given are numbers of float32, and so is what is computed from
   * them (the order of operations is onnxruntime's, upsamplebase.h). */
  bool by_size;
  double begin, end, extrapolation;
  ptrdiff_t x_pixel, y_pixel; /* elements between neighbours along the axis; 0: inner */
} om_resize;

/* Weights of the neighbours: a triangle (support 1) or Keys' cubic with parameter a (support 2), made wider by
 * `antialias` where the scale is below 1. */
typedef struct om_filter {
  int support;
  double a;
  bool antialias, exclude_outside;
} om_filter;

/* The middle of output element x in the input, where both begin at 0. */
OM_INLINE double om_resize_half_pixel(const om_resize *r, double x) {
  if (!r->by_size) return ((float)x + 0.5f) / (float)r->scale - 0.5f;
  const double in = (double)r->in, out = (double)r->out;
  return ((2 * x + 1) * in - out) / (2 * out);
}

/* The size of the output before it is rounded down to elements: a whole number where only float32 kept it from being one. */
OM_INLINE double om_resize_width(const om_resize *r) {
  if (r->by_size) return (double)r->out;
  const double width = (float)(r->scale * (double)r->in), whole = nearbyint(width);
  return fabs(width - whole) <= 2.4e-7 * width ? whole : width;
}

/* Where output element x lies in the input; NAN outside of it, where that means extrapolation. */
OM_INLINE double om_resize_position(const om_resize *r, ptrdiff_t x) {
  const double in = (double)r->in, out = (double)r->out, at = (double)x;
  const double width = om_resize_width(r);
  switch (r->coordinates) {
    case OM_ALIGN_CORNERS: {
      const double position = width == 1 ? 0 : at * (in - 1) / (width - 1);
      return r->by_size ? position : (float)position;
    }
    case OM_ASYMMETRIC: return r->by_size ? at * in / out : (float)at / (float)r->scale;
    case OM_PYTORCH_HALF_PIXEL: return r->out == 1 ? 0 : om_resize_half_pixel(r, at);
    case OM_HALF_PIXEL_SYMMETRIC: {
      if (r->by_size) return om_resize_half_pixel(r, at);
      const float scale = (float)r->scale, offset = (float)in / 2 * (1 - (float)out / (scale * (float)in));
      return (float)(offset + (at + 0.5) / scale - 0.5);
    }
    case OM_TF_CROP_AND_RESIZE: {
      const float begin = (float)r->begin, end = (float)r->end, last = (float)(in - 1);
      /* Rounded before the sum, whatever the C compiler fuses: at the border it decides between in and out. */
      const float start = (float)(r->begin * (in - 1));
      const float position = width > 1 ? start + (float)at * (end - begin) * last / (float)(width - 1)
                                       : (float)(0.5 * (begin + end) * last);
      return position < 0 || position > in - 1 ? NAN : position;
    }
    case OM_TF_HALF_PIXEL_FOR_NN:
      if (r->by_size ? r->in == r->out : r->scale == 1) return at; /* nothing is resized */
      return r->by_size ? (2 * at + 1) * in / (2 * out) : ((float)at + 0.5f) / (float)r->scale;
    default: return om_resize_half_pixel(r, at);
  }
}

OM_INLINE ptrdiff_t om_resize_clamp(const om_resize *r, double position) {
  return position < 0 ? 0 : position > (double)(r->in - 1) ? r->in - 1 : (ptrdiff_t)position;
}

/* How far from the middle between two elements a position may be to count as there. A scale or region that was given
 * went through float32, and 3.4999998 meant 3.5 (onnxruntime issue 28291, whose tolerance this is); the quotient of two
 * sizes is exact. */
OM_INLINE double om_resize_slack(const om_resize *r) {
  return r->by_size && r->coordinates != OM_TF_CROP_AND_RESIZE ? 0 : 1e-6;
}

/* The element that is nearest to output element `at`; -1 outside of the input, where that means extrapolation. */
OM_INLINE ptrdiff_t om_resize_pick(const om_resize *r, om_rounding rounding, ptrdiff_t at) {
  const double position = om_resize_position(r, at), slack = om_resize_slack(r);
  if (position != position) return -1;
  const double low = floor(position), part = position - low;
  const bool up = rounding == OM_ROUND_CEIL           ? part > 0
                  : rounding == OM_ROUND_PREFER_CEIL  ? part >= 0.5 - slack
                  : rounding == OM_ROUND_PREFER_FLOOR ? part > 0.5 + slack
                                                      : false;
  return om_resize_clamp(r, low + up);
}

/* Elements from one along the axis to the next, as a field of r says it. */
OM_INLINE ptrdiff_t om_resize_step(ptrdiff_t given, const om_resize *r) { return given ? given : r->inner; }

/* The elements that are nearest, of any element size; `picks` has room for r->out numbers. */
OM_SHARED void om_resize_nearest(const void *x, void *y, const om_resize *r, om_rounding rounding, const void *filler,
                                 ptrdiff_t element, int64_t *picks) {
  if (om_is_mine())
    for (ptrdiff_t at = 0; at < r->out; at++) picks[at] = om_resize_pick(r, rounding, at);
  om_settle();
  const om_piece_parts parts = om_split_pieces(r->out, r->inner, 1);
  const ptrdiff_t x_pixel = om_resize_step(r->x_pixel, r), y_pixel = om_resize_step(r->y_pixel, r);
#define OM_NEAREST(T)                                                                             \
  for (ptrdiff_t o = first; o < last; o++) {                                                      \
    const T *from = (const T *)x + o * r->in * x_pixel;                                           \
    T *to = (T *)y + o * r->out * y_pixel;                                                        \
    if (r->inner == 1)                                                                            \
      for (ptrdiff_t at = begin; at < end; at++)                                                  \
        to[at * y_pixel] = picks[at] < 0 ? *(const T *)filler : from[picks[at] * x_pixel];        \
    else                                                                                          \
      for (ptrdiff_t at = begin; at < end; at++) {                                                \
        if (picks[at] < 0) om_fill(to + at * y_pixel, filler, element, r->inner);                 \
        else memcpy(to + at * y_pixel, from + picks[at] * x_pixel, (size_t)r->inner * sizeof(T)); \
      }                                                                                           \
  }
  for (ptrdiff_t first = 0; first < r->outer; first += parts.outer)
    for (ptrdiff_t begin = 0; begin < r->out; begin += parts.inner) {
      if (!om_is_mine()) continue;
      const ptrdiff_t last = om_min(first + parts.outer, r->outer), end = om_min(begin + parts.inner, r->out);
      OM_BY_ELEMENT_SIZE(element, OM_NEAREST)
    }
#undef OM_NEAREST
}

OM_INLINE double om_filter_weight(const om_filter *f, double distance) {
  const double d = fabs(distance), a = f->a;
  if (f->support == 1) return d < 1 ? 1 - d : 0;
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  return d < 2 ? ((a * d - 5 * a) * d + 8 * a) * d - 4 * a : 0;
}

/* Weights of the input elements from *first on for one position; their number. Elements beyond the border are those at
 * the border, or left out. */
OM_SHARED ptrdiff_t om_resize_weights(const om_resize *r, const om_filter *f, double position, double *weights,
                                      ptrdiff_t *first) {
  const double scale = f->antialias && r->scale < 1 ? r->scale : 1;
  const double base = ceil(position) - 1, start = floor(-f->support / scale) + 1;
  const ptrdiff_t taps = (ptrdiff_t)(2 - 2 * start);
  *first = om_resize_clamp(r, base + start);
  const ptrdiff_t count = om_resize_clamp(r, base + 1 - start) - *first + 1;
  double sum = 0;
  for (ptrdiff_t i = 0; i < count; i++) weights[i] = 0;
  for (ptrdiff_t tap = 0; tap < taps; tap++) {
    const double at = base + start + (double)tap;
    if (f->exclude_outside && (at < 0 || at >= (double)r->in)) continue;
    const double weight = om_filter_weight(f, (at - position) * scale);
    weights[om_resize_clamp(r, at) - *first] += weight;
    sum += weight;
  }
  for (ptrdiff_t i = 0; i < count; i++) weights[i] /= sum;
  return count;
}

/* What one output element is made of where nothing is made wider: `count` input elements from `first` on; 0: of none. */
typedef struct om_resize_taps {
  int64_t first, count;
  double weights[4];
} om_resize_taps;

OM_SHARED void om_resize_list_taps(const om_resize *r, const om_filter *f, om_resize_taps *taps) {
  for (ptrdiff_t at = 0; at < r->out; at++) {
    const double position = om_resize_position(r, at);
    ptrdiff_t first = 0;
    taps[at].count = position != position ? 0 : om_resize_weights(r, f, position, taps[at].weights, &first);
    taps[at].first = first;
  }
}

/* Linear and cubic interpolation, outer by outer, so that what neighbouring elements are made of stays in the cache.
 * taps: room for r->out of them; weights: a thread's own, for r->in numbers, where f->antialias is set, which takes any number
 * of taps. */
#define OM_RESIZE_FILTER(name, T)                                                                                   \
  /* `count` rows of `inner` elements, each times its weight; they lie x_pixel apart. */                            \
  OM_INLINE void name##_sum(const T *x, const ptrdiff_t x_pixel, T *to, const ptrdiff_t inner,                      \
                            const double *weights, const ptrdiff_t count) {                                         \
    for (ptrdiff_t j = 0; j < inner; j++) {                                                                         \
      T sum = (T)weights[0] * x[j];                                                                                 \
      for (ptrdiff_t i = 1; i < count; i++) sum += (T)weights[i] * x[i * x_pixel + j];                              \
      to[j] = sum;                                                                                                  \
    }                                                                                                               \
  }                                                                                                                 \
  OM_SHARED void name##_row(const T *x, ptrdiff_t x_pixel, T *to, ptrdiff_t inner, const double *weights,           \
                            ptrdiff_t count, T none) {                                                              \
    if (count == 2) name##_sum(x, x_pixel, to, inner, weights, 2);                                                  \
    else if (count == 4) name##_sum(x, x_pixel, to, inner, weights, 4);                                             \
    else if (count > 0) name##_sum(x, x_pixel, to, inner, weights, count);                                          \
    else                                                                                                            \
      for (ptrdiff_t j = 0; j < inner; j++) to[j] = none;                                                           \
  }                                                                                                                 \
  OM_SHARED void name(const T *x, T *y, const om_resize *r, const om_filter *f, om_resize_taps *taps,               \
                      double *weights) {                                                                            \
    const ptrdiff_t x_pixel = om_resize_step(r->x_pixel, r), y_pixel = om_resize_step(r->y_pixel, r);               \
    const T none = (T)r->extrapolation;                                                                             \
    if (f->antialias) {                                                                                             \
      double *own = (double *)om_own_scratch(weights);                                                              \
      const ptrdiff_t together = om_part_rows(r->outer * r->inner);                                                 \
      bool is_mine = false;                                                                                         \
      for (ptrdiff_t at = 0; at < r->out; at++) {                                                                   \
        if (at % together == 0) is_mine = om_is_mine();                                                             \
        if (!is_mine) continue;                                                                                     \
        const double position = om_resize_position(r, at);                                                          \
        ptrdiff_t first = 0;                                                                                        \
        const ptrdiff_t count = position != position ? 0 : om_resize_weights(r, f, position, own, &first);          \
        for (ptrdiff_t o = 0; o < r->outer; o++)                                                                    \
          name##_row(x + (o * r->in + first) * x_pixel, x_pixel, y + (o * r->out + at) * y_pixel, r->inner, own,    \
                     count, none);                                                                                  \
      }                                                                                                             \
      return;                                                                                                       \
    }                                                                                                               \
    if (om_is_mine()) om_resize_list_taps(r, f, taps);                                                              \
    om_settle();                                                                                                    \
    const ptrdiff_t inner = r->inner;                                                                               \
    const om_piece_parts parts = om_split_pieces(r->out, inner, 1);                                                 \
    for (ptrdiff_t first = 0; first < r->outer; first += parts.outer)                                               \
      for (ptrdiff_t begin = 0; begin < r->out; begin += parts.inner) {                                             \
        if (!om_is_mine()) continue;                                                                                \
        const ptrdiff_t last = om_min(first + parts.outer, r->outer), end = om_min(begin + parts.inner, r->out);    \
        for (ptrdiff_t o = first; o < last; o++) {                                                                  \
          const T *image = x + o * r->in * x_pixel;                                                                 \
          T *to = y + (o * r->out + begin) * y_pixel;                                                               \
          for (const om_resize_taps *t = taps + begin; t < taps + end; t++, to += y_pixel) {                        \
            const T *from = image + t->first * x_pixel;                                                             \
            if (inner == 1 && t->count == 2) to[0] = (T)t->weights[0] * from[0] + (T)t->weights[1] * from[x_pixel]; \
            else name##_row(from, x_pixel, to, inner, t->weights, t->count, none);                                  \
          }                                                                                                         \
        }                                                                                                           \
      }                                                                                                             \
  }
OM_RESIZE_FILTER(om_resize_f32, float)
OM_RESIZE_FILTER(om_resize_f64, double)

#endif
