/* JPEG (ITU-T T.81), sequential: 8 bits, Huffman codes, gray or three components of any sampling, restarts and several
 * scans; not progressive, arithmetic or lossless. Digit by digit as libjpeg decodes, whose results ONNX's tests hold: its
 * slow integer inverse DCT (after Loeffler, Ligtenberg and Moschytz 1989), triangular upsampling, and colours in 16 bits. */
#ifndef OM_IMAGE_JPEG_H
#define OM_IMAGE_JPEG_H

#include "image.h"

typedef struct om_jpeg_code {
  uint8_t counts[17], symbols[256];
} om_jpeg_code;

/* width, height: samples that the image has; stride: of `plane`, which holds whole blocks and more. */
typedef struct om_jpeg_component {
  int id, across, down, table, dc, ac, last;
  int64_t width, height, stride;
  uint8_t *plane;
  bool scanned;
} om_jpeg_component;

typedef struct om_jpeg {
  om_image *image;
  int64_t at, columns, rows; /* of units that all components have whole blocks in */
  uint32_t bits;
  int held, count, most_across, most_down, interval, transform; /* transform: of Adobe's marker, -1 without one */
  bool failed, jfif;
  uint16_t tables[4][64];
  om_jpeg_code codes[8];
  om_jpeg_component components[3];
} om_jpeg;

/* Bytes of `work` for an image: three planes of whole units of at most 32 by 32 pixels. */
#define OM_JPEG_SCRATCH(width, height) (3 * ((width) + 32) * ((height) + 32))

static const uint8_t om_jpeg_order[64] = {0,  1,  8,  16, 9,  2,  3,  10, 17, 24, 32, 25, 18, 11, 4,  5,  12, 19, 26, 33, 40, 48,
                                          41, 34, 27, 20, 13, 6,  7,  14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23,
                                          30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63};

/* The next bits of a scan, the highest first; a zero follows each byte 255 that is none of a marker. */
OM_SHARED int om_jpeg_bits(om_jpeg *j, int count) {
  while (j->held < count) {
    const uint8_t byte = om_image_byte(j->image, j->at);
    const bool marker = byte == 255 && om_image_byte(j->image, j->at + 1) != 0;
    if (marker || j->image->cut) j->failed = true;
    if (j->failed) return 0;
    j->at += byte == 255 ? 2 : 1;
    j->bits = j->bits << 8 | byte;
    j->held += 8;
  }
  j->held -= count;
  return (int)(j->bits >> j->held & ((1u << count) - 1));
}

OM_SHARED int om_jpeg_symbol(om_jpeg *j, const om_jpeg_code *code) {
  int value = 0, first = 0, index = 0;
  for (int length = 1; length <= 16 && !j->failed; length++) {
    value = value << 1 | om_jpeg_bits(j, 1);
    if (value - first < code->counts[length]) return code->symbols[index + value - first];
    index += code->counts[length];
    first = (first + code->counts[length]) << 1;
  }
  j->failed = true;
  return 0;
}

/* A number of `size` bits; the lower half of what they can say is negative. */
OM_INLINE int om_jpeg_signed(om_jpeg *j, int size) {
  if (size == 0) return 0;
  const int value = om_jpeg_bits(j, size);
  return value < 1 << (size - 1) ? value - (1 << size) + 1 : value;
}

/* One pass of the inverse DCT, over eight numbers `step` apart; the result is shifted down, rounded. */
OM_INLINE void om_jpeg_transform(int64_t *x, int step, int shift) {
  const int64_t half = INT64_C(1) << (shift - 1);
  const int64_t turn = (x[2 * step] + x[6 * step]) * 4433;
  const int64_t low = turn - x[6 * step] * 15137, high = turn + x[2 * step] * 6270;
  const int64_t sum = (x[0] + x[4 * step]) * 8192, difference = (x[0] - x[4 * step]) * 8192;
  const int64_t even[4] = {sum + high, difference + low, difference - low, sum - high};
  int64_t a = x[7 * step], b = x[5 * step], c = x[3 * step], d = x[step];
  const int64_t both = (a + c + b + d) * 9633;
  const int64_t ad = (a + d) * -7373, bc = (b + c) * -20995, ac = (a + c) * -16069 + both, bd = (b + d) * -3196 + both;
  a = a * 2446 + ad + ac;
  b = b * 16819 + bc + bd;
  c = c * 25172 + bc + ac;
  d = d * 12299 + ad + bd;
  const int64_t odd[4] = {d, c, b, a};
  for (int i = 0; i < 4; i++) {
    x[i * step] = (even[i] + odd[i] + half) >> shift;
    x[(7 - i) * step] = (even[i] - odd[i] + half) >> shift;
  }
}

/* The next block of a component, to its place. */
OM_SHARED void om_jpeg_block(om_jpeg *j, om_jpeg_component *c, int64_t column, int64_t row) {
  int64_t x[64] = {0};
  const uint16_t *table = j->tables[c->table];
  const int size = om_jpeg_symbol(j, &j->codes[c->dc]);
  if (size > 15) j->failed = true;
  if (j->failed) return;
  c->last = (int16_t)(c->last + om_jpeg_signed(j, size));
  x[0] = (int64_t)c->last * table[0];
  for (int k = 1; k < 64; k++) {
    const int symbol = om_jpeg_symbol(j, &j->codes[4 + c->ac]), zeros = symbol >> 4, bits = symbol & 15;
    if (bits == 0 && zeros < 15) break;
    k += zeros;
    if (k > 63) j->failed = true;
    if (j->failed) return;
    if (bits > 0) x[om_jpeg_order[k]] = (int64_t)om_jpeg_signed(j, bits) * table[k];
  }
  for (int i = 0; i < 8; i++) om_jpeg_transform(x + i, 8, 11);
  for (int i = 0; i < 8; i++) om_jpeg_transform(x + 8 * i, 1, 18);
  uint8_t *to = c->plane + row * 8 * c->stride + column * 8;
  for (int i = 0; i < 64; i++) {
    const int64_t value = x[i] + 128;
    to[i / 8 * c->stride + i % 8] = (uint8_t)(value < 0 ? 0 : value > 255 ? 255 : value);
  }
}

/* Between intervals codes begin anew, at a byte, behind a marker. */
OM_SHARED void om_jpeg_restart(om_jpeg *j) {
  j->held = 0;
  while (om_image_byte(j->image, j->at) == 255 && om_image_byte(j->image, j->at + 1) == 255) j->at++;
  if (om_image_byte(j->image, j->at) != 255 || (om_image_byte(j->image, j->at + 1) & 0xf8) != 0xd0) j->failed = true;
  j->at += 2;
  for (int i = 0; i < j->count; i++) j->components[i].last = 0;
}

/* A scan: one component by its blocks, or several by units. `at` is behind the marker's length. */
OM_SHARED bool om_jpeg_scan(om_jpeg *j, int64_t length) {
  om_jpeg_component *own[3];
  const int count = om_image_byte(j->image, j->at);
  if (count < 1 || count > j->count || length < 6 + 2 * count) return false;
  for (int i = 0; i < count; i++) {
    const int id = om_image_byte(j->image, j->at + 1 + 2 * i), codes = om_image_byte(j->image, j->at + 2 + 2 * i);
    own[i] = NULL;
    for (int c = 0; c < j->count; c++)
      if (j->components[c].id == id && !j->components[c].scanned) own[i] = &j->components[c];
    if (!own[i] || (codes >> 4) > 3 || (codes & 15) > 3) return false;
    own[i]->dc = codes >> 4, own[i]->ac = codes & 15, own[i]->last = 0, own[i]->scanned = true;
  }
  j->at += length - 2;
  j->held = 0;
  const bool alone = count == 1;
  const int64_t columns = alone ? (own[0]->width + 7) / 8 : j->columns, rows = alone ? (own[0]->height + 7) / 8 : j->rows;
  int left = j->interval;
  for (int64_t unit = 0; unit < columns * rows && !j->failed; unit++) {
    if (j->interval > 0 && left-- == 0) om_jpeg_restart(j), left = j->interval - 1;
    const int64_t column = unit % columns, row = unit / columns;
    if (alone) om_jpeg_block(j, own[0], column, row);
    for (int i = 0; i < count && !alone; i++)
      for (int b = 0; b < own[i]->across * own[i]->down && !j->failed; b++)
        om_jpeg_block(j, own[i], column * own[i]->across + b % own[i]->across, row * own[i]->down + b / own[i]->across);
  }
  return !j->failed;
}

/* Tables that several may stand behind one marker, up to `end`. */
OM_SHARED bool om_jpeg_tables(om_jpeg *j, int64_t end, bool codes) {
  while (j->at < end && !j->image->cut) {
    const int head = om_image_byte(j->image, j->at++), kind = head >> 4, to = head & 15;
    if (to > 3 || kind > 1) return false;
    if (!codes) {
      for (int i = 0; i < 64; i++) {
        j->tables[to][i] = (uint16_t)om_image_number(j->image, j->at, 1 + kind, true);
        j->at += 1 + kind;
      }
      continue;
    }
    om_jpeg_code *code = &j->codes[4 * kind + to];
    int symbols = 0;
    for (int i = 1; i <= 16; i++) symbols += code->counts[i] = om_image_byte(j->image, j->at++);
    if (symbols > 256) return memset(code, 0, sizeof *code), false;
    for (int i = 0; i < symbols; i++) code->symbols[i] = om_image_byte(j->image, j->at++);
  }
  return j->at == end;
}

/* The frame: sizes and samplings. */
OM_SHARED om_image_status om_jpeg_frame(om_jpeg *j) {
  om_image *image = j->image;
  const int64_t height = om_image_number(image, j->at + 1, 2, true), width = om_image_number(image, j->at + 3, 2, true);
  if (om_image_byte(image, j->at) != 8) return OM_IMAGE_UNSUPPORTED;
  j->count = om_image_byte(image, j->at + 5);
  if (j->count != 1 && j->count != 3) return OM_IMAGE_UNSUPPORTED;
  const om_image_status status = om_image_sized(image, width, height);
  if (status != OM_IMAGE_OK) return status;
  for (int i = 0; i < j->count; i++) {
    const int64_t at = j->at + 6 + 3 * i;
    const int sampling = om_image_byte(image, at + 1);
    om_jpeg_component *c = &j->components[i];
    c->id = om_image_byte(image, at), c->across = sampling >> 4, c->down = sampling & 15, c->table = om_image_byte(image, at + 2);
    if (c->across < 1 || c->across > 4 || c->down < 1 || c->down > 4 || c->table > 3) return OM_IMAGE_BROKEN;
    if (c->across > j->most_across) j->most_across = c->across;
    if (c->down > j->most_down) j->most_down = c->down;
  }
  j->columns = (width + 8 * j->most_across - 1) / (8 * j->most_across);
  j->rows = (height + 8 * j->most_down - 1) / (8 * j->most_down);
  for (int i = 0; i < j->count; i++) {
    om_jpeg_component *c = &j->components[i];
    if (j->most_across % c->across || j->most_down % c->down) return OM_IMAGE_UNSUPPORTED;
    c->width = (width * c->across + j->most_across - 1) / j->most_across;
    c->height = (height * c->down + j->most_down - 1) / j->most_down;
    c->stride = j->columns * c->across * 8;
  }
  /* A block of a component takes a code for its mean and one for its end: two bits at least. */
  if (j->columns * j->rows * j->count > 4 * image->bytes) return OM_IMAGE_BROKEN;
  return image->cut ? OM_IMAGE_BROKEN : OM_IMAGE_OK;
}

/* A component's sample of a pixel. Twice as many pixels as samples lie a quarter off, and take a quarter of the next. */
OM_INLINE int om_jpeg_sample(const om_jpeg *j, const om_jpeg_component *c, int64_t x, int64_t y) {
  const int wide = j->most_across / c->across, tall = j->most_down / c->down;
  const bool smooth = wide <= 2 && tall <= 2 && (wide == 1 || c->width > 2);
  const int64_t column = x / wide, row = y / tall;
  const uint8_t *own = c->plane + row * c->stride, *next = own;
  if (!smooth) return own[column];
  const int64_t beside = wide == 1 ? column : x % 2 ? column + 1 : column - 1;
  const int64_t under = tall == 1 ? row : y % 2 ? row + 1 : row - 1;
  const bool atEdge = beside < 0 || beside >= c->width;
  next = c->plane + (under < 0 || under >= c->height ? row : under) * c->stride;
  if (wide == 1 && tall == 1) return own[column];
  if (tall == 1) return atEdge ? own[column] : (3 * own[column] + own[beside] + (x % 2 ? 2 : 1)) >> 2;
  const int here = 3 * own[column] + next[column];
  if (wide == 1) return (here + (y % 2 ? 2 : 1)) >> 2;
  return (3 * here + (atEdge ? here : 3 * own[beside] + next[beside]) + (x % 2 ? 7 : 8)) >> 4;
}

OM_INLINE uint32_t om_jpeg_clamp(int value) { return (uint32_t)(value < 0 ? 0 : value > 255 ? 255 : value); }

OM_SHARED void om_jpeg_pixels(const om_jpeg *j) {
  const om_jpeg_component *c = j->components;
  const bool named = c[0].id == 'R' && c[1].id == 'G' && c[2].id == 'B';
  const bool plain = !j->jfif && (j->transform < 0 ? named : j->transform == 0);
  for (int64_t y = 0; y < j->image->height; y++)
    for (int64_t x = 0; x < j->image->width; x++) {
      const int first = om_jpeg_sample(j, &c[0], x, y);
      const int second = j->count == 1 ? first : om_jpeg_sample(j, &c[1], x, y);
      const int third = j->count == 1 ? first : om_jpeg_sample(j, &c[2], x, y);
      if (j->count == 1 || plain) {
        om_image_put(j->image, x, y, (uint32_t)first, (uint32_t)second, (uint32_t)third);
        continue;
      }
      const int blue = second - 128, red = third - 128;
      om_image_put(j->image, x, y, om_jpeg_clamp(first + ((91881 * red + 32768) >> 16)),
                   om_jpeg_clamp(first + ((-22554 * blue - 46802 * red + 32768) >> 16)),
                   om_jpeg_clamp(first + ((116130 * blue + 32768) >> 16)));
    }
}

OM_SHARED om_image_status om_decode_jpeg(om_image *image, void *work) {
  om_jpeg j;
  memset(&j, 0, sizeof j);
  j.image = image, j.at = 2, j.transform = -1;
  int left = 1;
  while (left > 0) {
    while (om_image_byte(image, j.at) == 255 && om_image_byte(image, j.at + 1) == 255) j.at++;
    const int marker = om_image_byte(image, j.at + 1);
    const int64_t length = om_image_number(image, j.at + 2, 2, true), end = j.at + 2 + length;
    if (image->cut || om_image_byte(image, j.at) != 255 || marker == 0xd9 || length < 2) return OM_IMAGE_BROKEN;
    j.at += 4;
    if (marker == 0xda) {
      if (j.count == 0 || !om_jpeg_scan(&j, length)) return OM_IMAGE_BROKEN;
      for (int i = left = 0; i < j.count; i++) left += !j.components[i].scanned;
      continue;
    }
    if (marker == 0xc0 || marker == 0xc1) {
      if (j.count > 0 || length < 11) return OM_IMAGE_BROKEN;
      const om_image_status status = om_jpeg_frame(&j);
      if (status != OM_IMAGE_OK || !image->to) return status;
      for (int i = 0; i < j.count; i++) {
        om_jpeg_component *c = &j.components[i];
        c->plane = work;
        work = c->plane + c->stride * j.rows * c->down * 8;
      }
    } else if (marker == 0xc4 || marker == 0xdb) {
      if (!om_jpeg_tables(&j, end, marker == 0xc4)) return OM_IMAGE_BROKEN;
    } else if ((marker & 0xf0) == 0xc0 && marker != 0xc8) {
      return OM_IMAGE_UNSUPPORTED;
    } else if (marker == 0xdd) {
      j.interval = (int)om_image_number(image, j.at, 2, true);
    } else if (marker == 0xe0 && length >= 7) {
      j.jfif = om_image_number(image, j.at, 4, true) == 0x4a464946;
    } else if (marker == 0xee && length >= 14 && om_image_number(image, j.at, 4, true) == 0x41646f62) {
      j.transform = om_image_byte(image, j.at + 11);
    }
    j.at = end;
  }
  if (image->cut) return OM_IMAGE_BROKEN;
  om_jpeg_pixels(&j);
  return OM_IMAGE_OK;
}

#endif
