/* Images that are stored as they are: Windows bitmaps (BMP without run lengths) and Netpbm's PBM, PGM and PPM. */
#ifndef OM_IMAGE_PLAIN_H
#define OM_IMAGE_PLAIN_H

#include "image.h"

/* The bits of `mask` in a word as a number from 0 to 255. */
OM_INLINE uint32_t om_bmp_field(uint32_t word, uint32_t mask) {
  if (mask == 0) return 0;
  while (!(mask & 1)) mask >>= 1, word >>= 1;
  return (uint32_t)(((uint64_t)(word & mask) * 255 + mask / 2) / mask);
}

/* Bitmaps with headers of OS/2 (12 bytes) and of Windows 3 and newer (40 and more). Rows are padded to 4 bytes, and begin
 * at the bottom unless the height is negative. */
OM_SHARED om_image_status om_decode_bmp(om_image *image) {
  const int64_t start = om_image_number(image, 10, 4, false), header = om_image_number(image, 14, 4, false);
  const bool old = header == 12;
  if (!old && header < 40) return OM_IMAGE_BROKEN;
  const int size = old ? 2 : 4;
  const int64_t width = om_image_number(image, 18, size, false), tall = om_image_number(image, 18 + size, size, false);
  const int64_t given = !old && tall >> 31 ? tall - (INT64_C(1) << 32) : tall;
  const int depth = (int)om_image_number(image, old ? 24 : 28, 2, false);
  const uint32_t compression = old ? 0 : om_image_number(image, 30, 4, false);
  const om_image_status status = om_image_sized(image, width, given < 0 ? -given : given);
  if (status != OM_IMAGE_OK) return status;
  const bool fields = compression == 3 && (depth == 16 || depth == 32);
  const bool paletted = depth == 1 || depth == 4 || depth == 8;
  if (compression != 0 && !fields) return OM_IMAGE_UNSUPPORTED;
  if (!paletted && depth != 16 && depth != 24 && depth != 32) return OM_IMAGE_UNSUPPORTED;
  const int64_t palette = 14 + header, entry = old ? 3 : 4, stride = (image->width * depth + 31) / 32 * 4;
  if (start + stride * image->height > image->bytes) return OM_IMAGE_BROKEN;
  if (!image->to) return OM_IMAGE_OK;
  uint32_t masks[3] = {0xff0000, 0xff00, 0xff};
  if (depth == 16) masks[0] = 0x7c00, masks[1] = 0x3e0, masks[2] = 0x1f;
  for (int i = 0; i < 3 && fields; i++) masks[i] = om_image_number(image, 54 + 4 * i, 4, false);
  for (int64_t row = 0; row < image->height; row++)
    for (int64_t x = 0; x < image->width; x++) {
      const int64_t line = start + row * stride, y = given < 0 ? row : image->height - 1 - row;
      if (paletted) {
        const int64_t bit = x * depth;
        const uint32_t shift = (uint32_t)(8 - depth - bit % 8), most = (1u << depth) - 1;
        const int64_t at = palette + (om_image_byte(image, line + bit / 8) >> shift & most) * entry;
        const uint32_t color = om_image_number(image, at, 3, false);
        om_image_put(image, x, y, color >> 16, color >> 8 & 255, color & 255);
      } else {
        const uint32_t word = om_image_number(image, line + x * (depth / 8), depth / 8, false);
        om_image_put(image, x, y, om_bmp_field(word, masks[0]), om_bmp_field(word, masks[1]), om_bmp_field(word, masks[2]));
      }
    }
  return image->cut ? OM_IMAGE_BROKEN : OM_IMAGE_OK;
}

/* The next number of a Netpbm text, after white space and comments, and where it ends; -1 where there is none. `digits`:
 * the most that belong to it. */
OM_INLINE int64_t om_pnm_number(om_image *image, int64_t *at, int digits) {
  uint8_t c = om_image_byte(image, *at);
  while (!image->cut && (c == ' ' || (c >= '\t' && c <= '\r') || c == '#')) {
    if (c == '#')
      while (!image->cut && c != '\n' && c != '\r') c = om_image_byte(image, ++*at);
    else c = om_image_byte(image, ++*at);
  }
  int64_t number = -1;
  for (; digits > 0 && c >= '0' && c <= '9'; digits--) {
    number = (number < 0 ? 0 : number) * 10 + (c - '0');
    /* A text may end with its last digit. */
    c = ++*at < image->bytes ? image->data[*at] : ' ';
  }
  return number;
}

/* P1 … P3 are texts, P4 … P6 bytes; black and white, gray and colour. */
OM_SHARED om_image_status om_decode_pnm(om_image *image) {
  const int kind = image->data[1] - '0', channels = kind % 3 == 0 ? 3 : 1;
  const bool text = kind < 4, bits = kind % 3 == 1;
  int64_t at = 2;
  const int64_t width = om_pnm_number(image, &at, 8), height = om_pnm_number(image, &at, 8);
  const int64_t most = bits ? 1 : om_pnm_number(image, &at, 5);
  const om_image_status status = om_image_sized(image, width, height);
  if (status != OM_IMAGE_OK) return status;
  if (most < 1 || most > 65535) return OM_IMAGE_BROKEN;
  const int size = most > 255 ? 2 : 1;
  at++; /* a single white space before bytes */
  const int64_t row = text ? image->width * channels : bits ? (image->width + 7) / 8 : image->width * channels * size;
  if (row * image->height > image->bytes - (text ? 0 : at)) return OM_IMAGE_BROKEN;
  if (!image->to) return OM_IMAGE_OK;
  for (int64_t y = 0; y < image->height; y++)
    for (int64_t x = 0; x < image->width; x++) {
      uint32_t color[3] = {0};
      for (int c = 0; c < channels; c++) {
        int64_t value;
        if (text) value = om_pnm_number(image, &at, bits ? 1 : 5);
        else if (bits) value = om_image_byte(image, at + y * row + x / 8) >> (7 - x % 8) & 1;
        else value = om_image_number(image, at + y * row + (x * channels + c) * size, size, true);
        if (value < 0 || value > most) return OM_IMAGE_BROKEN;
        color[c] = (uint32_t)(((bits ? 1 - value : value) * 255 + most / 2) / most);
      }
      if (channels == 1) color[1] = color[2] = color[0];
      om_image_put(image, x, y, color[0], color[1], color[2]);
    }
  return image->cut ? OM_IMAGE_BROKEN : OM_IMAGE_OK;
}

#endif
