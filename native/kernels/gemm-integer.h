/* Products of 8-bit integers, signed or not, with zero points: sums of (a - a_zero) * (b - b_zero) as int32, exact as long
 * as int32 holds them, and on the way out scaled to floats or quantised anew.
 *
 * Inside, A is unsigned and B is signed: the other kinds are moved by 128, and so are their zero points. Then
 *   sum (a - a0)(b - b0) = sum a·b - a0 · sum b - b0 · (sum a - k · a0),
 * so that zero points cost a little per result and nothing per product. Rows of A are gathered block by block, whole, as
 * those of convolutions are (conv-integer.h). */
#ifndef OM_GEMM_INTEGER_H
#define OM_GEMM_INTEGER_H

#include "dot-integer.h"
#include "quantize.h"

/* Rows of a tile at most; tiles of fewer rows take what is left. */
#if OM_VECTOR_BYTES == 64
#define OM_INT_TILE_ROWS 12
#define OM_INT_TILE_MIDDLE 4
#define OM_INT_BLOCK_ROWS 48
#else
#define OM_INT_TILE_ROWS 4
#define OM_INT_TILE_MIDDLE 2
#define OM_INT_BLOCK_ROWS 32
#endif
#define OM_INT_PANEL (2 * OM_LANES)
/* Columns whose sums wait for what is made of them. */
#define OM_INT_COLUMNS 256

/* Four bytes of k go together. */
#define OM_INT_DEPTH(k) (((k) + 3) / 4 * 4)
/* Bytes of a packed B[k, n]: see packIntegers of src/kernels/pack-integer.ts. */
#define OM_INT_PACKED(k, n) (OM_INT_DEPTH(k) * (((n) + OM_LANES - 1) / OM_LANES * OM_LANES))
/* Bytes of scratch of a product, 64-byte aligned. */
#define OM_INT_SCRATCH(k) (OM_INT_BLOCK_ROWS * (3 * OM_INT_DEPTH(k) + 4 + 4 * OM_INT_COLUMNS) + 64)

/* Elements of B as they are stored: row r, column c at (r / inner) * outer_step + (r % inner) * inner_step + c * column. */
typedef struct om_int_strides {
  ptrdiff_t inner, outer_step, inner_step, column;
} om_int_strides;

/* Packs B[k, n]: panels of two vectors of columns, then, where fewer are left, of one; each has four rows of each column
 * together, zeros behind. `sums`: of each column, as packed. */
OM_SHARED void om_pack_integers(const void *b, const om_int_strides s, ptrdiff_t k, ptrdiff_t n, bool is_signed,
                                int8_t *packed, int32_t *sums) {
  const uint8_t flip = is_signed ? 0 : 0x80;
  for (ptrdiff_t n0 = 0, width; n0 < n; n0 += width) {
    width = n - n0 > OM_INT_PANEL - OM_LANES ? OM_INT_PANEL : OM_LANES;
    for (ptrdiff_t j = 0; j < om_min(width, n - n0); j++) sums[n0 + j] = 0;
    for (ptrdiff_t row0 = 0; row0 < k; row0 += 4)
      for (ptrdiff_t j = 0; j < width; j++)
        for (ptrdiff_t row = row0; row < row0 + 4; row++) {
          const bool inside = row < k && n0 + j < n;
          const ptrdiff_t at = row / s.inner * s.outer_step + row % s.inner * s.inner_step + (n0 + j) * s.column;
          *packed = inside ? (int8_t)(((const uint8_t *)b)[at] ^ flip) : 0;
          if (inside) sums[n0 + j] += *packed;
          packed++;
        }
  }
}

/* What becomes of the sums. */
typedef enum om_int_result { OM_INT_SUMS, OM_INT_FLOATS, OM_INT_UINT8, OM_INT_INT8 } om_int_result;

typedef struct om_int_product {
  ptrdiff_t m, n, k;
  const int8_t *packed; /* B */
  const int32_t *sums;  /* of its columns */
  bool a_signed, b_signed;
  const void *a_zero, *b_zero;      /* as the operands' types; or NULL: 0 */
  ptrdiff_t a_zero_step, b_zero_step; /* 1: one per row of A, per column of B; 0: one for all */
  om_int_result result;
  const float *scale; /* what sums are multiplied with for all results but OM_INT_SUMS */
  ptrdiff_t scale_step; /* 1: one per column */
  const int32_t *bias;       /* [n], added to the sums; or NULL */
  const float *float_bias;   /* [n], added to floats; or NULL */
  const void *y_zero;        /* of the result's type; or NULL: 0 */
  void *y;
  ptrdiff_t y_row; /* elements between rows */
} om_int_product;

OM_INLINE int32_t om_read_byte(const void *p, ptrdiff_t i, bool is_signed) {
  return is_signed ? ((const int8_t *)p)[i] : ((const uint8_t *)p)[i];
}

/* Rows of A, OM_INT_DEPTH(k) bytes apart, and which panel of B; sums go to c. */
typedef struct om_int_tile {
  const uint8_t *a;      /* as bytes */
  const uint32_t *halves; /* the same as pairs of halves: even bytes, odd bytes */
  ptrdiff_t rows, depth;
  const int8_t *b;
  int32_t *c; /* rows OM_INT_COLUMNS apart */
} om_int_tile;

OM_INLINE int32_t om_quad(const void *p) {
  int32_t quad;
  memcpy(&quad, p, 4);
  return quad;
}

#define OM_INT_KIND halves
#define OM_INT_TARGET
#include "gemm-integer-tile.h"
#if OM_HAS_VNNI
#define OM_INT_KIND vnni
#define OM_INT_TARGET __attribute__((target("avx512f,avx512vl,avx512vnni")))
#define OM_INT_DOT OM_DOT_BYTES
#include "gemm-integer-tile.h"
#endif
#if OM_HAS_VNNI_VEX
#define OM_INT_KIND vnni_vex
#define OM_INT_TARGET __attribute__((target("avxvnni")))
#define OM_INT_DOT OM_DOT_BYTES_VEX
#include "gemm-integer-tile.h"
#endif

OM_INLINE void om_int_panel(const om_int_tile *t, bool wide, om_dot_kind kind) {
#if OM_HAS_VNNI
  if (kind == OM_DOT_VNNI) om_int_panel_vnni(t, wide);
#if OM_HAS_VNNI_VEX
  else if (kind == OM_DOT_VNNI_VEX) om_int_panel_vnni_vex(t, wide);
#endif
  else om_int_panel_halves(t, wide);
#else
  (void)kind;
  om_int_panel_halves(t, wide);
#endif
}

/* What is the same for all rows of some columns. */
typedef struct om_int_columns {
  int32_t start[OM_INT_COLUMNS]; /* added to the sums: the bias, less a_zero times the column's sum */
  int32_t zero[OM_INT_COLUMNS];  /* of B as packed */
  float scale[OM_INT_COLUMNS];
} om_int_columns;

OM_SHARED void om_int_prepare(const om_int_product *p, ptrdiff_t n0, ptrdiff_t count, int32_t a_zero, om_int_columns *to) {
  const int32_t moved = p->b_signed ? 0 : 128;
  memset(to, 0, sizeof *to);
  for (ptrdiff_t j = 0; j < count; j++) {
    to->start[j] = (p->bias ? p->bias[n0 + j] : 0) - (p->sums ? a_zero * p->sums[n0 + j] : 0);
    to->zero[j] = (p->b_zero ? om_read_byte(p->b_zero, (n0 + j) * p->b_zero_step, p->b_signed) : 0) - moved;
    to->scale[j] = p->scale ? p->scale[(n0 + j) * p->scale_step] : 1.0f;
  }
}

/* Sums of a block to results: rows OM_INT_COLUMNS apart to rows of y from `row` and columns from n0 on. `rest`: of each row
 * of A its sum less k times its zero point. In steps of a vector whose results wait in `room`: stores of bytes may alias
 * all that is read, as far as C knows. */
OM_INLINE void om_int_finish_as(const om_int_product *p, const int32_t *sum, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n0,
                                ptrdiff_t count, const om_int_columns *c, const int32_t *rest,
                                const om_int_result result, const bool zeros) {
  const float zero = !p->y_zero || result < OM_INT_UINT8 ? 0.0f : (float)om_read_byte(p->y_zero, 0, result == OM_INT_INT8);
  const float *bias = p->float_bias ? p->float_bias + n0 : NULL;
  const size_t size = result < OM_INT_UINT8 ? 4 : 1;
  for (ptrdiff_t r = 0; r < rows; r++, sum += OM_INT_COLUMNS) {
    char *y = (char *)p->y + (size_t)((row + r) * p->y_row + n0) * size;
    const int32_t moved = zeros ? rest[r] : 0;
    for (ptrdiff_t j = 0; j < count; j += OM_LANES) {
      const ptrdiff_t width = om_min(OM_LANES, count - j);
      int32_t whole[OM_LANES];
      float real[OM_LANES];
      uint8_t room[OM_LANES];
      /* Beyond the last column there is room in the sums, and what comes of it is not stored. */
      for (ptrdiff_t i = 0; i < OM_LANES; i++)
        whole[i] = sum[j + i] + c->start[j + i] - (zeros ? moved * c->zero[j + i] : 0);
      if (result == OM_INT_SUMS) {
        memcpy(y + j * 4, whole, (size_t)width * 4);
        continue;
      }
      for (ptrdiff_t i = 0; i < OM_LANES; i++) real[i] = (float)whole[i] * c->scale[j + i];
      if (result == OM_INT_FLOATS) {
        for (ptrdiff_t i = 0; bias && i < width; i++) real[i] += bias[j + i];
        memcpy(y + j * 4, real, (size_t)width * 4);
        continue;
      }
      if (result == OM_INT_UINT8)
        for (ptrdiff_t i = 0; i < OM_LANES; i++) room[i] = (uint8_t)om_quantize(real[i], zero, 0.0f, 255.0f);
      else
        for (ptrdiff_t i = 0; i < OM_LANES; i++) room[i] = (uint8_t)(int8_t)om_quantize(real[i], zero, -128.0f, 127.0f);
      if (width == OM_LANES) memcpy(y + j, room, OM_LANES);
      else
        for (ptrdiff_t i = 0; i < width; i++) y[j + i] = (char)room[i];
    }
  }
}

#define OM_INT_FINISH(name, result, zeros)                                                                             \
  OM_SHARED void name(const om_int_product *p, const int32_t *sum, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n0,        \
                      ptrdiff_t count, const om_int_columns *c, const int32_t *rest) {                                 \
    om_int_finish_as(p, sum, row, rows, n0, count, c, rest, result, zeros);                                            \
  }
OM_INT_FINISH(om_int_finish_sums, OM_INT_SUMS, true)
OM_INT_FINISH(om_int_finish_floats, OM_INT_FLOATS, true)
OM_INT_FINISH(om_int_finish_uint8, OM_INT_UINT8, false)
OM_INT_FINISH(om_int_finish_uint8_zeros, OM_INT_UINT8, true)
OM_INT_FINISH(om_int_finish_int8, OM_INT_INT8, false)
OM_INT_FINISH(om_int_finish_int8_zeros, OM_INT_INT8, true)

OM_INLINE void om_int_finish(const om_int_product *p, const int32_t *sum, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t n0,
                             ptrdiff_t count, const om_int_columns *c, const int32_t *rest, bool zeros) {
  if (p->result == OM_INT_SUMS) om_int_finish_sums(p, sum, row, rows, n0, count, c, rest);
  else if (p->result == OM_INT_FLOATS) om_int_finish_floats(p, sum, row, rows, n0, count, c, rest);
  else if (p->result == OM_INT_UINT8 && zeros) om_int_finish_uint8_zeros(p, sum, row, rows, n0, count, c, rest);
  else if (p->result == OM_INT_UINT8) om_int_finish_uint8(p, sum, row, rows, n0, count, c, rest);
  else if (zeros) om_int_finish_int8_zeros(p, sum, row, rows, n0, count, c, rest);
  else om_int_finish_int8(p, sum, row, rows, n0, count, c, rest);
}

/* Writes whole rows row .. row + rows of A to `block`, `depth` bytes apart, each byte xor `flip`; what is behind k is free. */
typedef void om_int_gather(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t depth, uint8_t flip,
                           uint8_t *block);

OM_INLINE int32_t om_int_a_zero(const om_int_product *p, ptrdiff_t row) {
  return (p->a_zero ? om_read_byte(p->a_zero, row * p->a_zero_step, p->a_signed) : 0) + (p->a_signed ? 128 : 0);
}

/* The product over any source of A's rows. scratch: OM_INT_SCRATCH(k) bytes. */
OM_SHARED void om_int_gemm_gathered(om_int_gather *gather, const void *source, const om_int_product *p, void *scratch) {
  const om_dot_kind kind = om_best_dot_kind();
  const ptrdiff_t depth = OM_INT_DEPTH(p->k), vectors = (p->n + OM_LANES - 1) / OM_LANES;
  const ptrdiff_t wide = vectors / 2 * OM_INT_PANEL;
  const bool zeros = p->b_zero || !p->b_signed, own = p->a_zero && p->a_zero_step;
  int32_t *c = (int32_t *)scratch, *rest = c + OM_INT_BLOCK_ROWS * OM_INT_COLUMNS;
  uint8_t *block = (uint8_t *)om_round_up((ptrdiff_t)(rest + OM_INT_BLOCK_ROWS), 64);
  uint32_t *halves = (uint32_t *)(block + OM_INT_BLOCK_ROWS * depth);
  om_int_columns columns;
  if (p->n <= OM_INT_COLUMNS && !own) om_int_prepare(p, 0, p->n, om_int_a_zero(p, 0), &columns);
  memset(rest, 0, OM_INT_BLOCK_ROWS * sizeof *rest);
  for (ptrdiff_t row0 = 0; row0 < p->m; row0 += OM_INT_BLOCK_ROWS) {
    om_int_tile t = {.a = block, .halves = halves, .depth = depth};
    t.rows = om_min(OM_INT_BLOCK_ROWS, p->m - row0);
    gather(source, row0, t.rows, depth, p->a_signed ? 0x80 : 0, block);
    if (zeros)
      for (ptrdiff_t r = 0; r < t.rows; r++) {
        int32_t sum = -(int32_t)p->k * om_int_a_zero(p, row0 + r);
        for (ptrdiff_t i = 0; i < p->k; i++) sum += block[r * depth + i];
        rest[r] = sum;
      }
    if (kind == OM_DOT_HALVES)
      for (ptrdiff_t i = 0; i < t.rows * (depth / 4); i++) {
        const uint32_t quad = (uint32_t)om_quad(block + 4 * i);
        halves[2 * i] = quad & 0x00ff00ffu, halves[2 * i + 1] = quad >> 8 & 0x00ff00ffu;
      }
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += OM_INT_COLUMNS) {
      const ptrdiff_t n1 = om_min(p->n, n0 + OM_INT_COLUMNS);
      for (ptrdiff_t j = n0; j < n1; j += j < wide ? OM_INT_PANEL : OM_LANES) {
        t.b = p->packed + j * depth;
        t.c = c + (j - n0);
        om_int_panel(&t, j < wide, kind);
      }
      if (!own) {
        if (p->n > OM_INT_COLUMNS) om_int_prepare(p, n0, n1 - n0, om_int_a_zero(p, 0), &columns);
        om_int_finish(p, c, row0, t.rows, n0, n1 - n0, &columns, rest, zeros);
      } else
        for (ptrdiff_t r = 0; r < t.rows; r++) {
          om_int_prepare(p, n0, n1 - n0, om_int_a_zero(p, row0 + r), &columns);
          om_int_finish(p, c + r * OM_INT_COLUMNS, row0 + r, 1, n0, n1 - n0, &columns, rest + r, zeros);
        }
    }
  }
}

/* n bytes, xor flip, by whole words of which the last may overlap those before: runs are short where channels are few. */
OM_INLINE void om_copy_bytes(uint8_t *to, const uint8_t *from, ptrdiff_t n, uint8_t flip) {
  const uint64_t flips = flip * UINT64_C(0x0101010101010101);
  uint64_t word, last;
  uint32_t half, last_half;
  if (n >= 8) {
    memcpy(&last, from + n - 8, 8);
    for (ptrdiff_t i = 0; i + 8 < n; i += 8) memcpy(&word, from + i, 8), word ^= flips, memcpy(to + i, &word, 8);
    last ^= flips, memcpy(to + n - 8, &last, 8);
  } else if (n >= 4) {
    memcpy(&half, from, 4), memcpy(&last_half, from + n - 4, 4);
    half ^= (uint32_t)flips, last_half ^= (uint32_t)flips;
    memcpy(to, &half, 4), memcpy(to + n - 4, &last_half, 4);
  } else
    for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i] ^ flip;
}

/* Dense rows of k bytes. */
typedef struct om_int_matrix {
  const uint8_t *data;
  ptrdiff_t k;
} om_int_matrix;

OM_SHARED void om_gather_bytes(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t depth, uint8_t flip,
                               uint8_t *block) {
  const om_int_matrix *a = (const om_int_matrix *)source;
  for (ptrdiff_t r = 0; r < rows; r++) om_copy_bytes(block + r * depth, a->data + (row + r) * a->k, a->k, flip);
}

/* A[m, k] times a packed B. */
OM_INLINE void om_int_gemm(const void *a, const om_int_product p, void *scratch) {
  const om_int_matrix source = {(const uint8_t *)a, p.k};
  om_int_gemm_gathered(om_gather_bytes, &source, &p, scratch);
}

#endif
