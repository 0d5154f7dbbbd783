/* PNG (W3C, second edition): every colour type, depth and interlacing; alpha is left out, 16 bits become 8. */
#ifndef OM_IMAGE_PNG_H
#define OM_IMAGE_PNG_H

#include "inflate.h"

/* The bytes of all IDAT chunks, one after the other. */
typedef struct om_png_data {
  om_image *image;
  int64_t at, left;
} om_png_data;

#define OM_PNG_CHUNK(a, b, c, d) ((uint32_t)(a) << 24 | (uint32_t)(b) << 16 | (uint32_t)(c) << 8 | (uint32_t)(d))
#define OM_PNG_IDAT OM_PNG_CHUNK('I', 'D', 'A', 'T')

OM_SHARED int om_png_next(void *source) {
  om_png_data *d = source;
  while (d->left == 0) {
    const int64_t chunk = d->at + 4; /* behind the checksum of the last one */
    d->left = om_image_number(d->image, chunk, 4, true);
    if (om_image_number(d->image, chunk + 4, 4, true) != OM_PNG_IDAT || d->image->cut) return -1;
    d->at = chunk + 8;
  }
  d->left--;
  const uint8_t byte = om_image_byte(d->image, d->at++);
  return d->image->cut ? -1 : byte;
}

/* Bytes of `work` that om_decode_png needs for an image of this width: the state of inflate and two rows of up to 64 bits
 * a pixel. */
#define OM_PNG_SCRATCH(width) (35000 + 16 * (width))
_Static_assert(sizeof(om_inflate) + 2 <= OM_PNG_SCRATCH(0), "the state of inflate is larger than thought");

/* What a row says less than the bytes around it (PNG, 9 "Filtering"); `step` is how far the byte to the left is. */
OM_INLINE void om_png_unfilter(uint8_t *row, const uint8_t *above, int64_t count, int64_t step, int filter) {
  for (int64_t i = 0; i < count; i++) {
    const int left = i < step ? 0 : row[i - step], up = above[i], corner = i < step ? 0 : above[i - step];
    const int toLeft = up - corner, toUp = left - corner, toCorner = toLeft + toUp;
    const int a = toLeft < 0 ? -toLeft : toLeft, b = toUp < 0 ? -toUp : toUp, c = toCorner < 0 ? -toCorner : toCorner;
    const int paeth = a <= b && a <= c ? left : b <= c ? up : corner;
    const int guess[5] = {0, left, up, (left + up) / 2, paeth};
    row[i] = (uint8_t)(row[i] + guess[filter]);
  }
}

/* The pixels of a row, `step` apart from x on. palette: where its chunk begins in the file, of `colors` entries. */
OM_INLINE bool om_png_row(om_image *image, const uint8_t *row, int64_t count, int type, int depth, int64_t palette,
                          int64_t colors, int64_t x, int64_t step, int64_t y) {
  const int channels = type == 2 ? 3 : type == 6 ? 4 : type == 4 ? 2 : 1, most = (1 << depth) - 1;
  for (int64_t i = 0; i < count; i++) {
    uint32_t color[3];
    for (int c = 0; c < 3; c++) {
      const int64_t sample = i * channels + (channels < 3 ? 0 : c);
      color[c] = depth == 8    ? row[sample]
                 : depth == 16 ? row[2 * sample]
                               : (uint32_t)(row[sample * depth / 8] >> (8 - depth - sample * depth % 8) & most);
      if (type == 3 && color[c] >= (uint32_t)colors) return false;
      if (type == 3) color[c] = om_image_byte(image, palette + 3 * (int64_t)color[c] + c);
      else if (depth < 8) color[c] = color[c] * 255 / (uint32_t)most;
    }
    om_image_put(image, x + i * step, y, color[0], color[1], color[2]);
  }
  return true;
}

OM_SHARED om_image_status om_decode_png(om_image *image, void *work) {
  if (om_image_number(image, 12, 4, true) != OM_PNG_CHUNK('I', 'H', 'D', 'R')) return OM_IMAGE_BROKEN;
  const om_image_status status = om_image_sized(image, om_image_number(image, 16, 4, true), om_image_number(image, 20, 4, true));
  if (status != OM_IMAGE_OK) return status;
  const int depth = om_image_byte(image, 24), type = om_image_byte(image, 25), interlaced = om_image_byte(image, 28);
  const bool small = depth == 1 || depth == 2 || depth == 4;
  const bool fits = type == 0   ? small || depth == 8 || depth == 16
                    : type == 3 ? small || depth == 8
                                : (type == 2 || type == 4 || type == 6) && (depth == 8 || depth == 16);
  if (!fits || interlaced > 1 || om_image_number(image, 26, 2, true) != 0) return OM_IMAGE_BROKEN;
  const int bits = depth * (type == 2 ? 3 : type == 6 ? 4 : type == 4 ? 2 : 1);
  if (image->cut || (image->width * bits + 7) / 8 * image->height > OM_INFLATE_MOST * image->bytes) return OM_IMAGE_BROKEN;
  if (!image->to) return OM_IMAGE_OK;

  int64_t at = 33, palette = 0, colors = 0;
  while (!image->cut && om_image_number(image, at + 4, 4, true) != OM_PNG_IDAT) {
    const int64_t length = om_image_number(image, at, 4, true);
    if (om_image_number(image, at + 4, 4, true) == OM_PNG_CHUNK('P', 'L', 'T', 'E')) palette = at + 8, colors = length / 3;
    at += 12 + length;
  }
  om_png_data data = {image, at + 8, om_image_number(image, at, 4, true)};
  if (image->cut) return OM_IMAGE_BROKEN;
  om_inflate *s = work;
  om_inflate_begin(s, om_png_next, &data);

  const int64_t longest = 8 * image->width + 1, left = bits < 8 ? 1 : bits / 8;
  uint8_t *row = (uint8_t *)work + sizeof *s, *above = row + longest;
  /* Adam7: seven images of every eighth … second pixel; the whole image otherwise. */
  static const uint8_t starts[8][2] = {{0, 0}, {4, 0}, {0, 4}, {2, 0}, {0, 2}, {1, 0}, {0, 1}, {0, 0}};
  static const uint8_t steps[8][2] = {{8, 8}, {8, 8}, {4, 8}, {4, 4}, {2, 4}, {2, 2}, {1, 2}, {1, 1}};
  for (int pass = interlaced ? 0 : 7; pass < (interlaced ? 7 : 8); pass++) {
    const int64_t count = (image->width - starts[pass][0] + steps[pass][0] - 1) / steps[pass][0];
    const int64_t bytes = (count * bits + 7) / 8;
    if (count < 1) continue;
    memset(above, 0, (size_t)bytes);
    for (int64_t y = starts[pass][1]; y < image->height; y += steps[pass][1]) {
      const int filter = om_inflate_next(s);
      if (filter < 0 || filter > 4) return OM_IMAGE_BROKEN;
      for (int64_t i = 0; i < bytes; i++) row[i] = (uint8_t)om_inflate_next(s);
      if (s->failed) return OM_IMAGE_BROKEN;
      om_png_unfilter(row, above, bytes, left, filter);
      if (!om_png_row(image, row, count, type, depth, palette, colors, starts[pass][0], steps[pass][0], y)) return OM_IMAGE_BROKEN;
      uint8_t *const next = above;
      above = row;
      row = next;
    }
  }
  return om_inflate_ends(s) && !image->cut ? OM_IMAGE_OK : OM_IMAGE_BROKEN;
}

#endif
