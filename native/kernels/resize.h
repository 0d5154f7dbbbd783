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
  OM_TF_CROP_AND_RESIZE
} om_coordinates;

typedef enum om_rounding { OM_ROUND_PREFER_FLOOR, OM_ROUND_PREFER_CEIL, OM_ROUND_FLOOR, OM_ROUND_CEIL } om_rounding;

/* `begin` and `end` are the region of interest, from 0 to 1. */
typedef struct om_resize {
  ptrdiff_t outer, in, out, inner;
  om_coordinates coordinates;
  /* Output size / input size, as it was asked for: the quotient may be no integer. */
  double scale;
  /* The scale is the quotient of the two sizes: positions are computed from these, so that none is next to an integer
   * that it should be. Scales that were given are numbers of float32, and so is what is computed from them. */
  bool by_size;
  double begin, end, extrapolation;
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

/* Where output element x lies in the input; NAN outside of it, where that means extrapolation. */
OM_INLINE double om_resize_position(const om_resize *r, ptrdiff_t x) {
  const double in = (double)r->in, out = (double)r->out, width = r->by_size ? out : r->scale * in, at = (double)x;
  switch (r->coordinates) {
    case OM_ALIGN_CORNERS: return width == 1 ? 0 : at * (in - 1) / (width - 1);
    case OM_ASYMMETRIC: return r->by_size ? at * in / out : (float)at / (float)r->scale;
    case OM_PYTORCH_HALF_PIXEL: return r->out == 1 ? 0 : om_resize_half_pixel(r, at);
    case OM_HALF_PIXEL_SYMMETRIC: {
      if (r->by_size) return om_resize_half_pixel(r, at);
      const float scale = (float)r->scale, offset = (float)in / 2 * (1 - (float)out / (scale * (float)in));
      return offset + ((float)at + 0.5f) / scale - 0.5f;
    }
    case OM_TF_CROP_AND_RESIZE: {
      const double extent = (r->end - r->begin) * (in - 1);
      const double position = r->begin * (in - 1) + (width == 1 ? extent / 2 : at * extent / (width - 1));
      return position < 0 || position > in - 1 ? NAN : position;
    }
    default: return om_resize_half_pixel(r, at);
  }
}

OM_INLINE ptrdiff_t om_resize_clamp(const om_resize *r, double position) {
  return position < 0 ? 0 : position > (double)(r->in - 1) ? r->in - 1 : (ptrdiff_t)position;
}

/* The element that is nearest, of any element size. */
OM_SHARED void om_resize_nearest(const void *x, void *y, const om_resize *r, om_rounding rounding, const void *filler,
                                 ptrdiff_t element) {
  for (ptrdiff_t at = 0; at < r->out; at++) {
    const double position = om_resize_position(r, at), low = floor(position), part = position - low;
    const bool up = rounding == OM_ROUND_CEIL                 ? part > 0
                    : rounding == OM_ROUND_PREFER_CEIL  ? part >= 0.5
                    : rounding == OM_ROUND_PREFER_FLOOR ? part > 0.5
                                                        : false;
    const ptrdiff_t from = om_resize_clamp(r, position != position ? 0 : low + up);
#define OM_NEAREST(T)                                                                                              \
  for (ptrdiff_t o = 0; o < r->outer; o++)                                                                         \
    for (ptrdiff_t j = 0; j < r->inner; j++)                                                                       \
      ((T *)y)[(o * r->out + at) * r->inner + j] =                                                                 \
          position != position ? *(const T *)filler : ((const T *)x)[(o * r->in + from) * r->inner + j];
    OM_BY_ELEMENT_SIZE(element, OM_NEAREST)
#undef OM_NEAREST
  }
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

/* Linear and cubic interpolation; `weights` has room for r->in numbers. */
#define OM_RESIZE_FILTER(name, T)                                                                                   \
  OM_SHARED void name(const T *x, T *y, const om_resize *r, const om_filter *f, double *weights) {                  \
    for (ptrdiff_t at = 0; at < r->out; at++) {                                                                     \
      const double position = om_resize_position(r, at);                                                            \
      ptrdiff_t first = 0;                                                                                          \
      const ptrdiff_t count = position != position ? 0 : om_resize_weights(r, f, position, weights, &first);        \
      for (ptrdiff_t o = 0; o < r->outer; o++) {                                                                    \
        T *to = y + (o * r->out + at) * r->inner;                                                                   \
        for (ptrdiff_t j = 0; j < r->inner; j++) to[j] = count == 0 ? (T)r->extrapolation : 0;                      \
        for (ptrdiff_t i = 0; i < count; i++) {                                                                     \
          const T *from = x + (o * r->in + first + i) * r->inner;                                                   \
          const T weight = (T)weights[i];                                                                           \
          for (ptrdiff_t j = 0; j < r->inner; j++) to[j] += weight * from[j];                                       \
        }                                                                                                           \
      }                                                                                                             \
    }                                                                                                               \
  }
OM_RESIZE_FILTER(om_resize_f32, float)
OM_RESIZE_FILTER(om_resize_f64, double)

#endif
