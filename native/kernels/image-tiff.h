/* TIFF 6.0 (Adobe, 1992), baseline: the first image of the file, without compression, in strips of gray, RGB or palette
 * pixels of 8 bits. */
#ifndef OM_IMAGE_TIFF_H
#define OM_IMAGE_TIFF_H

#include "image.h"

/* A field of an image file directory: `count` values of type 1 (bytes), 3 (16 bits) or 4 (32 bits). */
typedef struct om_tiff_field {
  int64_t at, count;
  int size;
} om_tiff_field;

OM_INLINE om_tiff_field om_tiff_find(om_image *image, int64_t directory, uint32_t tag, bool big) {
  const int64_t entries = om_image_number(image, directory, 2, big);
  for (int64_t i = 0; i < entries && !image->cut; i++) {
    const int64_t at = directory + 2 + 12 * i;
    if (om_image_number(image, at, 2, big) != tag) continue;
    const uint32_t type = om_image_number(image, at + 2, 2, big);
    const int size = type == 1 ? 1 : type == 3 ? 2 : type == 4 ? 4 : 0;
    const int64_t count = om_image_number(image, at + 4, 4, big);
    if (size == 0) return (om_tiff_field){0, 0, 0};
    return (om_tiff_field){count * size <= 4 ? at + 8 : (int64_t)om_image_number(image, at + 8, 4, big), count, size};
  }
  return (om_tiff_field){0, 0, 0};
}

/* Value i of a field, or `otherwise` where it has not as many. */
OM_INLINE int64_t om_tiff_value(om_image *image, om_tiff_field field, int64_t i, bool big, int64_t otherwise) {
  return i < field.count ? (int64_t)om_image_number(image, field.at + i * field.size, field.size, big) : otherwise;
}

OM_SHARED om_image_status om_decode_tiff(om_image *image) {
  const bool big = image->data[0] == 'M';
  const int64_t directory = om_image_number(image, 4, 4, big);
  enum { WIDTH = 256, HEIGHT, BITS, COMPRESSION, PHOTOMETRIC = 262, OFFSETS = 273, SAMPLES = 277, ROWS, PLANAR = 284, COLORS = 320 };
#define OM_TIFF(tag, i, otherwise) om_tiff_value(image, om_tiff_find(image, directory, tag, big), i, big, otherwise)
  const om_image_status status = om_image_sized(image, OM_TIFF(WIDTH, 0, 0), OM_TIFF(HEIGHT, 0, 0));
  if (status != OM_IMAGE_OK) return status;
  const int64_t samples = OM_TIFF(SAMPLES, 0, 1), photometric = OM_TIFF(PHOTOMETRIC, 0, 1);
  const int64_t needed = photometric == 2 ? 3 : 1, rows = OM_TIFF(ROWS, 0, image->height);
  if (OM_TIFF(COMPRESSION, 0, 1) != 1 || OM_TIFF(PLANAR, 0, 1) != 1 || photometric > 3) return OM_IMAGE_UNSUPPORTED;
  if (samples < needed || samples > 8 || rows < 1) return OM_IMAGE_BROKEN;
  for (int64_t i = 0; i < samples; i++)
    if (OM_TIFF(BITS, i, OM_TIFF(BITS, 0, 1)) != 8) return OM_IMAGE_UNSUPPORTED;
  const om_tiff_field strips = om_tiff_find(image, directory, OFFSETS, big);
  const om_tiff_field colors = om_tiff_find(image, directory, COLORS, big);
  if (strips.count < (image->height + rows - 1) / rows || (photometric == 3 && colors.count < 768)) return OM_IMAGE_BROKEN;
#undef OM_TIFF
  if (image->cut || image->width * image->height * samples > image->bytes) return OM_IMAGE_BROKEN;
  if (!image->to) return OM_IMAGE_OK;
  for (int64_t y = 0; y < image->height && !image->cut; y++) {
    const int64_t strip = om_tiff_value(image, strips, y / rows, big, 0);
    for (int64_t x = 0; x < image->width; x++) {
      const int64_t at = strip + (y % rows * image->width + x) * samples;
      uint32_t color[3];
      for (int c = 0; c < 3; c++) {
        const uint32_t value = om_image_byte(image, at + (needed == 3 ? c : 0));
        /* 0 is white; colours of a palette have 16 bits. */
        color[c] = photometric == 0   ? 255 - value
                   : photometric == 3 ? (uint32_t)om_tiff_value(image, colors, 256 * c + (int64_t)value, big, 0) >> 8
                                      : value;
      }
      om_image_put(image, x, y, color[0], color[1], color[2]);
    }
  }
  return image->cut ? OM_IMAGE_BROKEN : OM_IMAGE_OK;
}

#endif
