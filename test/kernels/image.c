/* Decoders of images on bytes that nobody vouches for: small images of each format with bytes changed, cut off and put in.
 * Nothing is read or written outside of buffers that are exactly as large as they must be (the sanitizers see to that),
 * and what is decoded is of the size that was measured. */
#include "image-decode.h"

#include "check.h"

typedef struct file {
  uint8_t bytes[2048];
  int count;
} file;

static void put(file *f, const void *bytes, int count) {
  memcpy(f->bytes + f->count, bytes, (size_t)count);
  f->count += count;
}

static void number(file *f, uint32_t value, int count, bool big) {
  for (int i = 0; i < count; i++) {
    const int place = big ? count - 1 - i : i;
    f->bytes[f->count++] = (uint8_t)(place < 4 ? value >> 8 * place : 0);
  }
}

static void noise(file *f, int count) {
  while (count-- > 0) f->bytes[f->count++] = (uint8_t)check_random();
}

/* A PNG whose rows are in a single stored block. */
static file png(int type, int depth, int interlaced) {
  file f = {.count = 0};
  const int bits = depth * (type == 2 ? 3 : type == 6 ? 4 : type == 4 ? 2 : 1), raw = 7 * (1 + (5 * bits + 7) / 8);
  put(&f, "\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\5\0\0\0\7", 24);
  number(&f, (uint32_t)depth, 1, true), number(&f, (uint32_t)type, 1, true), number(&f, 0, 2, true);
  number(&f, (uint32_t)interlaced, 1, true), number(&f, 0, 4, true);
  if (type == 3) number(&f, 48, 4, true), put(&f, "PLTE", 4), noise(&f, 48), number(&f, 0, 4, true);
  number(&f, (uint32_t)raw + 11, 4, true), put(&f, "IDAT\x78\x01\x01", 7);
  number(&f, (uint32_t)raw, 2, false), number(&f, ~(uint32_t)raw, 2, false);
  uint32_t low = 1, high = 0;
  for (int i = 0; i < raw; i++) {
    const uint8_t byte = i % (raw / 7) == 0 ? (uint8_t)pick(0, 4) : (uint8_t)check_random();
    put(&f, &byte, 1);
    low = (low + byte) % 65521, high = (high + low) % 65521;
  }
  number(&f, high << 16 | low, 4, true), number(&f, 0, 4, true), put(&f, "\0\0\0\0IEND\0\0\0\0", 12);
  return f;
}

/* A gray PNG of 20 by 20 as zlib's deflate packs it: with codes of its own, in two chunks. */
static file packed(void) {
  static const uint8_t bytes[] = {
    0x89, 0x50, 0x4e, 0x47, 0xd, 0xa, 0x1a, 0xa, 0x0, 0x0, 0x0, 0xd, 0x49, 0x48, 0x44, 0x52, 0x0, 0x0, 0x0, 0x14,
    0x0, 0x0, 0x0, 0x14, 0x8, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x3c, 0x49, 0x44, 0x41,
    0x54, 0x78, 0xda, 0x15, 0xcf, 0x1, 0xb6, 0x45, 0x11, 0x8, 0x0, 0x40, 0x14, 0xa2, 0x90, 0xc8, 0x7d, 0xfb, 0x5f, 0xe9,
    0x3f, 0x7f, 0x7, 0x33, 0x21, 0xc6, 0xd2, 0x37, 0x2c, 0x38, 0xd2, 0x88, 0xda, 0xb4, 0xbc, 0x92, 0x46, 0xc4, 0x36, 0x4e,
    0xb1, 0xe2, 0x8b, 0x5b, 0xe7, 0xfd, 0x8a, 0x16, 0x4f, 0xa5, 0xb1, 0x3e, 0xba, 0x2d, 0xda, 0x92, 0xa1, 0x96, 0xf8, 0xd0,
    0x83, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0xd3, 0x49, 0x44, 0x41, 0x54, 0xce, 0xe3, 0xc0, 0xf8, 0x26, 0x7e, 0x67,
    0x6f, 0x73, 0x1c, 0x6f, 0x20, 0xca, 0xb0, 0xaf, 0x2a, 0x6e, 0x4a, 0xf7, 0xdc, 0x1b, 0xeb, 0xc6, 0x59, 0xc2, 0xb6, 0x3,
    0xcd, 0xf2, 0x61, 0xc, 0xfe, 0x2, 0xf2, 0x2d, 0x46, 0xf1, 0xf8, 0x87, 0x72, 0xfb, 0xb7, 0x8, 0x22, 0x40, 0x5d, 0xde,
    0xae, 0x24, 0xff, 0xa5, 0xaa, 0x71, 0x80, 0x72, 0xcd, 0xf9, 0x5f, 0x37, 0x82, 0x42, 0x4c, 0x45, 0x2c, 0x6b, 0xf1, 0xd9,
    0xa9, 0xb6, 0xe5, 0x65, 0xa2, 0x21, 0x16, 0x9a, 0x8f, 0xe, 0xfd, 0x4c, 0x44, 0x64, 0xff, 0xda, 0x29, 0x2f, 0xd4, 0x26,
    0x1a, 0xfb, 0x63, 0x38, 0x6b, 0x8e, 0x75, 0x80, 0x1f, 0xc7, 0xd8, 0x59, 0x2f, 0x8c, 0x30, 0xf2, 0xef, 0x98, 0x9d, 0x57,
    0x56, 0x98, 0x90, 0x86, 0xfe, 0xd7, 0xf2, 0x26, 0xf0, 0xeb, 0x2f, 0xb5, 0x8d, 0xab, 0x80, 0x99, 0x27, 0xb6, 0x7a, 0xb9,
    0xa4, 0xdf, 0x4b, 0x55, 0xbc, 0x5a, 0x47, 0xf7, 0x94, 0x87, 0xf7, 0xb7, 0x28, 0x23, 0x64, 0xd2, 0x8f, 0x9f, 0x84, 0x17,
    0xa0, 0xad, 0x34, 0x71, 0x4b, 0xcd, 0xb9, 0xca, 0x49, 0x3, 0x34, 0xa6, 0x4c, 0x6c, 0xb8, 0xaa, 0x4f, 0x21, 0x12, 0xbd,
    0x79, 0x17, 0x4b, 0xb9, 0x34, 0x75, 0x3a, 0x2d, 0xd8, 0x62, 0x9e, 0x3b, 0xb4, 0x4b, 0x1f, 0xb4, 0x26, 0x3b, 0xb1, 0xb,
    0xb8, 0x4e, 0xd5, 0x97, 0xc7, 0xe3, 0x84, 0x32, 0xd5, 0xcb, 0x80, 0x59, 0xd3, 0x39, 0xfb, 0x6, 0xd2, 0x38, 0xf0, 0xf,
    0x6f, 0xd3, 0x12, 0xc7, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x0, 0x49, 0x45, 0x4e, 0x44, 0x0, 0x0, 0x0, 0x0};
  file f = {.count = 0};
  put(&f, bytes, sizeof bytes);
  return f;
}

static file bmp(int depth) {
  file f = {.count = 0};
  put(&f, "BM\0\0\0\0\0\0\0\0", 10), number(&f, depth <= 8 ? 54 + (4u << depth) : 54, 4, false), number(&f, 40, 4, false);
  number(&f, 5, 4, false), number(&f, 7, 4, false), number(&f, 1, 2, false), number(&f, (uint32_t)depth, 2, false);
  number(&f, 0, 4, false), noise(&f, 20 + (depth <= 8 ? 4 << depth : 0) + 7 * ((5 * depth + 31) / 32 * 4));
  return f;
}

/* A JPEG whose blocks are all zero: six bits each, in one scan or in one for each component. */
static file jpeg(int components, int sampling, bool apart, int interval) {
  file f = {.count = 0};
  put(&f, "\xff\xd8\xff\xdb\0\x43\0", 7);
  for (int i = 0; i < 64; i++) number(&f, (uint32_t)pick(1, 255), 1, true);
  put(&f, "\xff\xc4\0\x1f\0\0\0\0\x0c\0\0\0\0\0\0\0\0\0\0\0\0\0\1\2\3\4\5\6\7\x08\x09\x0a\x0b", 33);
  put(&f, "\xff\xc4\0\x1c\x10\0\1\0\x08\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x11\x02\x21\x03\xf0\x12\x31", 30);
  if (interval) put(&f, "\xff\xdd\0\4", 4), number(&f, (uint32_t)interval, 2, true);
  put(&f, "\xff\xc0", 2), number(&f, (uint32_t)(8 + 3 * components), 2, true), put(&f, "\x08\0\x15\0\x13", 5);
  number(&f, (uint32_t)components, 1, true);
  for (int i = 0; i < components; i++) number(&f, (uint32_t)i + 1, 1, true), number(&f, i ? 0x11 : (uint32_t)sampling, 1, true), number(&f, 0, 1, true);
  for (int scan = 0; scan < (apart ? components : 1); scan++) {
    const int count = apart ? 1 : components;
    put(&f, "\xff\xda", 2), number(&f, (uint32_t)(6 + 2 * count), 2, true), number(&f, (uint32_t)count, 1, true);
    for (int i = 0; i < count; i++) number(&f, (uint32_t)(scan + i) + 1, 1, true), number(&f, 0, 1, true);
    number(&f, 0x003f00, 3, true);
    const int across = sampling >> 4, down = sampling & 15;
    const int units = apart && scan ? ((19 + across - 1) / across + 7) / 8 * (((21 + down - 1) / down + 7) / 8)
                      : apart || components == 1 ? 9 : ((19 + 8 * across - 1) / (8 * across)) * ((21 + 8 * down - 1) / (8 * down));
    const int blocks = apart || components == 1 ? 1 : across * down + components - 1;
    for (int at = 0, turn = 0; at < units; turn++) {
      const int some = interval && interval < units - at ? interval : units - at;
      number(&f, 0, (some * blocks * 6 + 7) / 8, true);
      at += some;
      if (at < units) number(&f, 0xffd0u + (uint32_t)turn % 8, 2, true);
    }
  }
  put(&f, "\xff\xd9", 2);
  return f;
}

static file pnm(char kind) {
  file f = {.count = 0};
  put(&f, "P0 # five by seven\n5 7", 22);
  f.bytes[1] = (uint8_t)kind;
  if (kind != '1' && kind != '4') put(&f, " 255", 4);
  put(&f, "\n", 1);
  for (int i = 0; kind < '4' && i < 105; i++) put(&f, i % 3 ? "1\n" : "0 ", 2);
  if (kind >= '4') noise(&f, 105);
  return f;
}

static file tiff(bool big, uint32_t photometric) {
  file f = {.count = 0};
  const uint32_t samples = photometric == 2 ? 3 : 1;
  const uint32_t fields[8][2] = {{256, 5}, {257, 7}, {258, 8}, {259, 1}, {262, photometric}, {273, 110}, {277, samples}, {278, 7}};
  put(&f, big ? "MM\0*" : "II*\0", 4), number(&f, 8, 4, big), number(&f, 8, 2, big);
  for (int i = 0; i < 8; i++) {
    number(&f, fields[i][0], 2, big), number(&f, 4, 2, big), number(&f, 1, 4, big);
    number(&f, fields[i][1], 4, big);
  }
  while (f.count < 110) number(&f, 0, 1, big);
  noise(&f, 105);
  return f;
}

/* Decodes a copy that is exactly as long, twice; true where it is an image. */
static bool decode(const file *f, int count, om_image_pixels pixels) {
  uint8_t *bytes = check_alloc((size_t)count);
  memcpy(bytes, f->bytes, (size_t)count);
  om_image image = {.data = bytes, .bytes = count, .pixels = pixels};
  bool good = om_decode_image(&image, NULL) == OM_IMAGE_OK;
  const int64_t width = image.width, height = image.height;
  check_cases++;
  if (good && width * height < 1 << 20) {
    uint8_t *to = check_alloc((size_t)(width * height * (pixels == OM_IMAGE_GRAY ? 1 : 3)));
    void *work = check_alloc((size_t)OM_IMAGE_SCRATCH(width, height));
    om_image again = {.data = bytes, .bytes = count, .pixels = pixels, .to = to};
    good = om_decode_image(&again, work) == OM_IMAGE_OK;
    if (again.width != width || again.height != height) check_failures++;
    free(work), free(to);
  }
  free(bytes);
  return good;
}

int main(void) {
  file all[60];
  int files = 0;
  const uint8_t kinds[15][2] = {{0, 1}, {0, 2}, {0, 4}, {0, 8}, {0, 16}, {2, 8}, {2, 16}, {3, 1}, {3, 2}, {3, 4}, {4, 8}, {4, 16}, {6, 8}, {6, 16}, {3, 4}};
  for (int i = 0; i < 15; i++) all[files++] = png(kinds[i][0], kinds[i][1], 0);
  const int depths[6] = {1, 4, 8, 16, 24, 32};
  for (int i = 0; i < 6; i++) all[files++] = bmp(depths[i]);
  for (char kind = '1'; kind <= '6'; kind++) all[files++] = pnm(kind);
  all[files++] = packed();
  const int samplings[5] = {0x11, 0x22, 0x21, 0x12, 0x41};
  for (int i = 0; i < 5; i++) {
    all[files++] = jpeg(3, samplings[i], false, i % 2 * 2);
    all[files++] = jpeg(3, samplings[i], true, 0);
  }
  all[files++] = jpeg(1, 0x11, false, 1);
  for (uint32_t i = 0; i < 6; i++) all[files++] = tiff(i % 2, i / 2);
  for (int i = 0; i < files; i++)
    if (!decode(&all[i], all[i].count, OM_IMAGE_RGB) && !(i < 15 && all[i].bytes[25] == 3)) {
      printf("image %d is not decoded\n", i);
      check_failures++;
    }
  all[files++] = png(2, 8, 1);
  all[files++] = png(0, 4, 1);
  for (int i = 0; i < files; i++) {
    for (int cut = 0; cut < all[i].count; cut++) decode(&all[i], cut, OM_IMAGE_GRAY);
    for (int turn = 0; turn < 4000; turn++) {
      file changed = all[i];
      for (int times = pick(1, 4); times > 0; times--) {
        /* Mostly headers, which say how the rest is read. */
        const int at = pick(0, pick(0, 1) ? changed.count - 1 : 60);
        if (pick(0, 1)) changed.bytes[at] = (uint8_t)check_random();
        else changed.bytes[at] ^= (uint8_t)(1 << pick(0, 7));
      }
      decode(&changed, changed.count, turn % 2 ? OM_IMAGE_BGR : OM_IMAGE_RGB);
    }
  }
  printf("images: %lld cases, %d failures\n", check_cases, check_failures);
  return 0;
}
