/* Inflate (RFC 1951) of a zlib stream (RFC 1950), a byte at a time: what a PNG's rows are made of. Codes are read bit by
 * bit, canonically; simple before fast. */
#ifndef OM_INFLATE_H
#define OM_INFLATE_H

#include "image.h"

#define OM_INFLATE_WINDOW 32768

/* A canonical Huffman code: how many symbols there are of each length, and the symbols in order. */
typedef struct om_huffman {
  uint16_t counts[16], symbols[288];
} om_huffman;

/* Input bytes come from `next`, which gives -1 at their end; every error ends the stream, and is remembered. */
typedef struct om_inflate {
  int (*next)(void *source);
  void *source;
  uint32_t bits, sum_low, sum_high;
  int held, kind; /* kind: of the current block; -1 between blocks */
  bool last, failed;
  int64_t written, stored, copied;
  uint32_t distance;
  om_huffman lengths, distances;
  uint8_t window[OM_INFLATE_WINDOW];
} om_inflate;

/* Deflate codes at most so many bytes in one. */
#define OM_INFLATE_MOST 1032

OM_SHARED uint32_t om_inflate_bits(om_inflate *s, int count) {
  while (s->held < count) {
    const int byte = s->next(s->source);
    if (byte < 0) s->failed = true;
    s->bits |= (uint32_t)(byte < 0 ? 0 : byte) << s->held;
    s->held += 8;
  }
  const uint32_t value = s->bits & ((1u << count) - 1);
  s->bits >>= count;
  s->held -= count;
  return value;
}

/* Makes a code of the lengths of its symbols. False where more symbols would have codes than there are. */
OM_SHARED bool om_huffman_make(om_huffman *code, const uint8_t *lengths, int count) {
  uint16_t offsets[16] = {0};
  memset(code->counts, 0, sizeof code->counts);
  for (int i = 0; i < count; i++) code->counts[lengths[i]]++;
  int left = 1;
  for (int length = 1; length < 16; length++) {
    left = 2 * left - code->counts[length];
    if (left < 0) return false;
    if (length < 15) offsets[length + 1] = (uint16_t)(offsets[length] + code->counts[length]);
  }
  for (int i = 0; i < count; i++)
    if (lengths[i]) code->symbols[offsets[lengths[i]]++] = (uint16_t)i;
  return true;
}

/* The next symbol, or -1. */
OM_SHARED int om_huffman_read(om_inflate *s, const om_huffman *code) {
  int value = 0, first = 0, index = 0;
  for (int length = 1; length < 16 && !s->failed; length++) {
    value |= (int)om_inflate_bits(s, 1);
    const int count = code->counts[length];
    if (value - first < count) return code->symbols[index + value - first];
    index += count;
    first = (first + count) << 1;
    value <<= 1;
  }
  return -1;
}

/* The codes of a block that brings its own. */
OM_SHARED bool om_inflate_codes(om_inflate *s) {
  static const uint8_t order[19] = {16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15};
  uint8_t lengths[320] = {0};
  const int literals = (int)om_inflate_bits(s, 5) + 257, distances = (int)om_inflate_bits(s, 5) + 1;
  const int count = (int)om_inflate_bits(s, 4) + 4, all = literals + distances;
  if (literals > 286 || distances > 30) return false;
  for (int i = 0; i < count; i++) lengths[order[i]] = (uint8_t)om_inflate_bits(s, 3);
  if (!om_huffman_make(&s->lengths, lengths, 19)) return false;
  memset(lengths, 0, sizeof lengths);
  for (int i = 0; i < all;) {
    const int symbol = om_huffman_read(s, &s->lengths);
    if (symbol < 0 || (symbol == 16 && i == 0)) return false;
    const uint8_t value = symbol < 16 ? (uint8_t)symbol : symbol == 16 ? lengths[i - 1] : 0;
    int times = symbol < 16    ? 1
                : symbol == 16 ? 3 + (int)om_inflate_bits(s, 2)
                : symbol == 17 ? 3 + (int)om_inflate_bits(s, 3)
                               : 11 + (int)om_inflate_bits(s, 7);
    if (i + times > all) return false;
    while (times-- > 0) lengths[i++] = value;
  }
  return om_huffman_make(&s->lengths, lengths, literals) && om_huffman_make(&s->distances, lengths + literals, distances);
}

OM_SHARED void om_inflate_fixed_codes(om_inflate *s) {
  uint8_t lengths[288];
  for (int i = 0; i < 288; i++) lengths[i] = i < 144 ? 8 : i < 256 ? 9 : i < 280 ? 7 : 8;
  om_huffman_make(&s->lengths, lengths, 288);
  memset(lengths, 5, 30);
  om_huffman_make(&s->distances, lengths, 30);
}

OM_SHARED bool om_inflate_block(om_inflate *s) {
  s->last = om_inflate_bits(s, 1);
  s->kind = (int)om_inflate_bits(s, 2);
  if (s->kind == 1) om_inflate_fixed_codes(s);
  if (s->kind == 2) return om_inflate_codes(s);
  if (s->kind == 0) {
    om_inflate_bits(s, s->held % 8);
    s->stored = om_inflate_bits(s, 16);
    return om_inflate_bits(s, 16) == (~(uint32_t)s->stored & 0xffff);
  }
  return s->kind == 1;
}

OM_INLINE int om_inflate_emit(om_inflate *s, uint8_t byte) {
  s->window[s->written++ % OM_INFLATE_WINDOW] = byte;
  s->sum_low = (s->sum_low + byte) % 65521;
  s->sum_high = (s->sum_high + s->sum_low) % 65521;
  return byte;
}

/* Begins a zlib stream. */
OM_SHARED void om_inflate_begin(om_inflate *s, int (*next)(void *source), void *source) {
  memset(s, 0, offsetof(om_inflate, window));
  s->next = next;
  s->source = source;
  s->kind = -1;
  s->sum_low = 1;
  const uint32_t header = om_inflate_bits(s, 8) << 8;
  const uint32_t flags = om_inflate_bits(s, 8);
  if ((header >> 8 & 15) != 8 || (header | flags) % 31 != 0 || (flags & 32)) s->failed = true;
}

/* The next byte, or -1 at the end or where the stream is broken. */
OM_SHARED int om_inflate_next(om_inflate *s) {
  static const uint16_t lengths[29] = {3,  4,  5,  6,  7,  8,  9,  10, 11,  13,  15,  17,  19,  23, 27,
                                       31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227, 258};
  static const uint8_t length_bits[29] = {0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0};
  static const uint16_t distances[30] = {1,   2,   3,   4,   5,   7,    9,    13,   17,   25,   33,   49,   65,    97,    129,
                                         193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097, 6145, 8193, 12289, 16385, 24577};
  while (!s->failed) {
    if (s->copied > 0) {
      s->copied--;
      return om_inflate_emit(s, s->window[(s->written - s->distance) % OM_INFLATE_WINDOW]);
    }
    if (s->kind < 0) {
      if (s->last) return -1;
      if (!om_inflate_block(s)) break;
    } else if (s->kind == 0) {
      if (s->stored-- > 0) return om_inflate_emit(s, (uint8_t)om_inflate_bits(s, 8));
      s->kind = -1;
    } else {
      const int symbol = om_huffman_read(s, &s->lengths);
      if (symbol >= 0 && symbol < 256) return om_inflate_emit(s, (uint8_t)symbol);
      if (symbol == 256) s->kind = -1;
      if (symbol == 256) continue;
      if (symbol < 0 || symbol > 285) break;
      s->copied = lengths[symbol - 257] + (int64_t)om_inflate_bits(s, length_bits[symbol - 257]);
      const int far = om_huffman_read(s, &s->distances);
      if (far < 0 || far > 29) break;
      s->distance = distances[far] + om_inflate_bits(s, far < 2 ? 0 : far / 2 - 1);
      if (s->distance > s->written) break;
    }
  }
  s->failed = true;
  return -1;
}

/* Whether the stream ends here, with the checksum of what it gave. */
OM_SHARED bool om_inflate_ends(om_inflate *s) {
  if (om_inflate_next(s) >= 0 || s->failed) return false;
  om_inflate_bits(s, s->held % 8);
  uint32_t sum = 0;
  for (int i = 0; i < 4; i++) sum = sum << 8 | om_inflate_bits(s, 8);
  return !s->failed && sum == (s->sum_high << 16 | s->sum_low);
}

#endif
