/* What decoders of images share. Files are not trusted: every byte is read through om_image_byte, which gives 0 beyond
 * the end and remembers it, and every pixel is written through om_image_put, which writes none beyond the image. */
#ifndef OM_IMAGE_H
#define OM_IMAGE_H

#include "vector.h"

typedef enum om_image_status {
  OM_IMAGE_OK,
  OM_IMAGE_UNKNOWN,     /* of no format that is decoded */
  OM_IMAGE_UNSUPPORTED, /* of a variant of its format that is not decoded */
  OM_IMAGE_BROKEN
} om_image_status;

typedef enum om_image_pixels { OM_IMAGE_RGB, OM_IMAGE_BGR, OM_IMAGE_GRAY } om_image_pixels;

/* `to`: [height, width, 3, or 1 where gray], or NULL where only the size is asked for. */
typedef struct om_image {
  const uint8_t *data;
  int64_t bytes;
  bool cut;
  int64_t width, height;
  om_image_pixels pixels;
  uint8_t *to;
} om_image;

/* Larger sides are no image, and no product of them could be an address. */
#define OM_IMAGE_MOST (INT64_C(1) << 26)

OM_INLINE uint8_t om_image_byte(om_image *image, int64_t at) {
  if (at >= 0 && at < image->bytes) return image->data[at];
  image->cut = true;
  return 0;
}

/* `count` bytes from `at` on as one number: the first is the highest (big endian), or the lowest. */
OM_INLINE uint32_t om_image_number(om_image *image, int64_t at, int count, bool big) {
  uint32_t number = 0;
  for (int i = 0; i < count; i++) number = number << 8 | om_image_byte(image, at + (big ? i : count - 1 - i));
  return number;
}

OM_INLINE bool om_image_starts(om_image *image, const char *with, int count) {
  return image->bytes >= count && memcmp(image->data, with, (size_t)count) == 0;
}

OM_INLINE om_image_status om_image_sized(om_image *image, int64_t width, int64_t height) {
  if (width < 1 || height < 1 || width > OM_IMAGE_MOST || height > OM_IMAGE_MOST) return OM_IMAGE_BROKEN;
  image->width = width;
  image->height = height;
  return image->cut ? OM_IMAGE_BROKEN : OM_IMAGE_OK;
}

/* One pixel. Gray is luminance as ITU-R BT.601 weighs it, in the 16 bits that Pillow computes with, whose results ONNX's
 * tests hold. */
OM_INLINE void om_image_put(om_image *image, int64_t x, int64_t y, uint32_t red, uint32_t green, uint32_t blue) {
  if (x < 0 || y < 0 || x >= image->width || y >= image->height) return;
  const int64_t at = y * image->width + x;
  if (image->pixels == OM_IMAGE_GRAY) {
    image->to[at] = (uint8_t)((red * 19595 + green * 38470 + blue * 7471 + 32768) >> 16);
    return;
  }
  const bool reversed = image->pixels == OM_IMAGE_BGR;
  image->to[at * 3] = (uint8_t)(reversed ? blue : red);
  image->to[at * 3 + 1] = (uint8_t)green;
  image->to[at * 3 + 2] = (uint8_t)(reversed ? red : blue);
}

#endif
