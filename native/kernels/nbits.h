/* Weights of 2, 4 or 8 bits in blocks along k, each block of a column with a scale and a zero point of its own, as
 * onnxruntime's MatMulNBits has them, and how they are packed for matmul-nbits.h.
 *
 * Packed, 16 columns go together, whatever the vector unit. A line of theirs is 64 bytes: per column four bytes, which
 * hold 8 / bits parts of four codes each, the first part in the lowest bits. So a vector of bytes gives, by one shift and
 * one mask, four codes of each column: what the processor's products of bytes take. */
#ifndef OM_NBITS_H
#define OM_NBITS_H

#include "lanes.h"
#include "parallel.h"

/* Columns of a group, bytes of a line, vectors of a group. */
#define OM_NBITS_COLUMNS 16
#define OM_NBITS_LINE 64
#define OM_NBITS_VECTORS (OM_NBITS_COLUMNS / OM_LANES)

typedef struct om_nbits {
  ptrdiff_t n, k, block; /* columns, their length, numbers in a block: a power of two, 16 at least */
  int bits;
  const uint8_t *codes;  /* [groups, blocks, lines, OM_NBITS_COLUMNS, 4], 0 behind n */
  const float *scales;   /* [groups, blocks, OM_NBITS_COLUMNS], 0 behind n */
  const float *zeros;    /* of the same shape: zero points; NULL: these are the middle of the range */
} om_nbits;

OM_INLINE ptrdiff_t om_nbits_blocks(const om_nbits *w) { return (w->k + w->block - 1) / w->block; }
OM_INLINE ptrdiff_t om_nbits_lines(const om_nbits *w, int bits) { return w->block * bits / 32; }
OM_INLINE ptrdiff_t om_nbits_groups(const om_nbits *w) { return (w->n + OM_NBITS_COLUMNS - 1) / OM_NBITS_COLUMNS; }

/* Rows of A that codes are taken apart for at once. */
#if OM_VECTOR_BYTES == 64
#define OM_NBITS_ROWS 8
#else
#define OM_NBITS_ROWS 4
#endif

/* All scratch of m rows, 64-byte aligned, of which each thread has `own` bytes by itself: src/lowering/pack-nbits.ts counts the
 * same. */
#define OM_NBITS_SCRATCH(own, m, k, block) ((own) + 4 * ((m) + OM_NBITS_ROWS) * ((k) + (block)))

/* Groups of columns that a thread takes together. */
OM_INLINE ptrdiff_t om_nbits_together(const om_nbits *w, ptrdiff_t m) {
  return OM_LEAST_PART / (OM_NBITS_COLUMNS * om_max(1, m * w->k)) + 1;
}

/* Writes a vector of row `y`, whose first column is `column`. */
OM_INLINE void om_nbits_store(const om_nbits *w, float *y, ptrdiff_t column, const float *bias, om_vf v) {
  const ptrdiff_t left = w->n - column;
  if (left >= OM_LANES) om_store(y + column, bias ? v + om_load(bias + column) : v);
  else if (left > 0) om_store_first(y + column, bias ? v + om_load_first(bias + column, left) : v, left);
}

/* Packs weights as MatMulNBits has them: codes[n, blocks, block * bits / 8], the first number of a byte in its lowest bits. */
OM_SHARED void om_nbits_pack(const uint8_t *codes, ptrdiff_t n, ptrdiff_t length, int bits, uint8_t *packed) {
  const ptrdiff_t parts = 8 / bits, lines = length * bits / 32;
  memset(packed, 0, (size_t)(om_round_up(n, OM_NBITS_COLUMNS) * length * bits / 8));
  for (ptrdiff_t column = 0; column < n; column++)
    for (ptrdiff_t k = 0; k < length; k++) {
      const uint8_t code = codes[(column * length + k) / parts] >> ((column * length + k) % parts * bits) & ((1 << bits) - 1);
      const ptrdiff_t line = column / OM_NBITS_COLUMNS * lines + k / (4 * parts);
      packed[line * OM_NBITS_LINE + column % OM_NBITS_COLUMNS * 4 + k % 4] |= (uint8_t)(code << (k / 4 % parts * bits));
    }
}

/* Numbers of blocks in groups: [groups, blocks, OM_NBITS_COLUMNS], 0 behind n. They are floats [n, blocks], or codes in whole
 * bytes per column. */
OM_SHARED void om_nbits_pack_blocks(const float *numbers, const uint8_t *codes, ptrdiff_t n, ptrdiff_t blocks, int bits,
                                    float *packed) {
  const ptrdiff_t row = (blocks * bits + 7) / 8;
  memset(packed, 0, (size_t)(om_round_up(n, OM_NBITS_COLUMNS) * blocks) * sizeof(float));
  for (ptrdiff_t column = 0; column < n; column++)
    for (ptrdiff_t block = 0; block < blocks; block++) {
      const int code = codes ? codes[column * row + block * bits / 8] >> (block * bits % 8) & ((1 << bits) - 1) : 0;
      packed[(column / OM_NBITS_COLUMNS * blocks + block) * OM_NBITS_COLUMNS + column % OM_NBITS_COLUMNS] =
          codes ? (float)code : numbers[column * blocks + block];
    }
}

#endif
