/* Boxes of an image, each sampled to one size (com.microsoft.CropAndResize). */
#ifndef OM_CROP_H
#define OM_CROP_H

#include <math.h>

#include "vector.h"

typedef struct om_crop {
  ptrdiff_t channels, height, width, out_height, out_width;
  bool nearest;
  float outside; /* what stands for pixels beyond the image */
} om_crop;

/* Where row or column i of `count` lies between `first` and `last`, which are shares of the way over `size` pixels. */
static inline float om_crop_place(float first, float last, ptrdiff_t i, ptrdiff_t count, ptrdiff_t size) {
  const float far = (float)(size - 1);
  return count > 1 ? first * far + (float)i * ((last - first) * far / (float)(count - 1)) : 0.5f * (first + last) * far;
}

/* x[channels, height, width] of one box [y1, x1, y2, x2] to y[channels, out_height, out_width]. */
OM_SHARED void om_crop_and_resize_f32(const float *x, const float *box, float *y, om_crop c) {
  for (ptrdiff_t channel = 0; channel < c.channels; channel++) {
    const float *plane = x + channel * c.height * c.width;
    for (ptrdiff_t row = 0; row < c.out_height; row++) {
      const float at_y = om_crop_place(box[0], box[2], row, c.out_height, c.height);
      for (ptrdiff_t column = 0; column < c.out_width; column++, y++) {
        const float at_x = om_crop_place(box[1], box[3], column, c.out_width, c.width);
        *y = c.outside;
        /* NaN is no place, too. */
        if (!(at_y >= 0 && at_y <= (float)(c.height - 1) && at_x >= 0 && at_x <= (float)(c.width - 1))) continue;
        if (c.nearest) {
          *y = plane[(ptrdiff_t)roundf(at_y) * c.width + (ptrdiff_t)roundf(at_x)];
          continue;
        }
        const ptrdiff_t top = (ptrdiff_t)floorf(at_y), left = (ptrdiff_t)floorf(at_x);
        const ptrdiff_t bottom = (ptrdiff_t)ceilf(at_y), right = (ptrdiff_t)ceilf(at_x);
        const float down = at_y - (float)top, along = at_x - (float)left;
        const float upper = plane[top * c.width + left] + (plane[top * c.width + right] - plane[top * c.width + left]) * along;
        const float lower = plane[bottom * c.width + left] + (plane[bottom * c.width + right] - plane[bottom * c.width + left]) * along;
        *y = upper + (lower - upper) * down;
      }
    }
  }
}

#endif
