/* Products of 8-bit integers, signed or not, with zero points: sums of (a - a_zero) * (b - b_zero) as int32, exact as long
 * as int32 holds them, and on the way out scaled to floats or quantised anew.
 *
 * Inside, A is unsigned and B is signed: the other kinds are moved by 128, and so are their zero points. Then
 *   sum (a - a0)(b - b0) = sum a·b - a0 · sum b - b0 · (sum a - k · a0),
 * so that zero points cost a little per result and nothing per product. Rows of A are gathered block by block, whole, as
 * those of convolutions are (conv-integer.h). */
#ifndef OM_GEMM_INTEGER_H
#define OM_GEMM_INTEGER_H

#include "finish-integer.h"

/* Rows of a tile at most; tiles of fewer rows take what is left. */
#if OM_VECTOR_BYTES == 64
#define OM_INT_TILE_ROWS 12
#define OM_INT_TILE_MIDDLE 4
#elif defined(OM_INT_BLOCK_ROWS)
/* Memory is scarce, and so are registers: on a Cortex-M4 the code of a product is half as long. */
#define OM_INT_TILE_ROWS 2
#define OM_INT_TILE_MIDDLE 2
#else
#define OM_INT_TILE_ROWS 4
#define OM_INT_TILE_MIDDLE 2
#endif
/* Rows of a block at most; fewer where memory is scarce. */
#ifndef OM_INT_BLOCK_ROWS
#define OM_INT_BLOCK_ROWS (OM_VECTOR_BYTES == 64 ? 48 : 32)
#endif
#define OM_INT_PANEL (2 * OM_LANES)

/* Blocks of so many rows are few, for threads that share them. */
#define OM_INT_FEW_BLOCKS 8

/* Four bytes of k go together. */
#define OM_INT_DEPTH(k) (((k) + 3) / 4 * 4)
/* Bytes of a packed B[k, n]: see packIntegers of src/lowering/pack-integer.ts. */
#define OM_INT_PACKED(k, n) (OM_INT_DEPTH(k) * (((n) + OM_LANES - 1) / OM_LANES * OM_LANES))
/* What gathering may write behind the block (OM_INT_PIECE of conv-integer.h). */
#define OM_INT_BEHIND 16
/* Bytes of scratch of a product, 64-byte aligned. */
#define OM_INT_SCRATCH(m, k)                                                                                           \
  (om_min(OM_INT_BLOCK_ROWS, m) * (3 * OM_INT_DEPTH(k) + 4 + 4 * OM_INT_PANEL) + 64 + OM_INT_BEHIND)

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

/* Rows of A and a panel of B, and where what comes of them goes: codes to y, or sums to c. */
typedef struct om_int_tile {
  const uint8_t *a;      /* as bytes, a_row apart */
  const uint32_t *halves; /* the same as pairs of halves, a_row / 2 apart: even bytes, odd bytes */
  ptrdiff_t a_row, rows, depth;
  const int8_t *b;
  int32_t *c;              /* rows OM_INT_PANEL apart; or NULL */
  uint8_t *y;              /* rows y_row apart */
  ptrdiff_t y_row, width;  /* of the panel's columns, how many there are */
  const int32_t *start, *zero; /* of these columns, see om_int_columns; zeros where sums go to c */
  const float *scale, *nudge;
  const int32_t *rest;    /* see om_int_finish_as */
  bool is_plain;          /* see om_int_columns */
  om_int_limits limits;
} om_int_tile;

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
#if OM_HAS_SDOT
#define OM_INT_KIND sdot
#define OM_INT_TARGET OM_DOT_SDOT_TARGET
#define OM_INT_DOT OM_DOT_SIGNED_BYTES
#define OM_INT_DOT_QUAD OM_DOT_SIGNED_QUAD
#define OM_INT_MOVED 0x80
#include "gemm-integer-tile.h"
#endif

/* Writes whole rows row .. row + rows of A to `block`, `depth` bytes apart, each byte xor `flip`; what is behind k is free. */
typedef void om_int_gather(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t depth, uint8_t flip,
                           uint8_t *block);

/* The product over any source of A's rows, or over A itself, where `gather` is NULL: rows of whole quads of bytes that need not be
 * turned (om_int_flip), k apart. scratch: OM_INT_SCRATCH(m, k) bytes. */
OM_SHARED void om_int_gemm_gathered(om_int_gather *gather, const void *source, const om_int_product *p, void *scratch) {
  scratch = om_own_scratch(scratch);
  const om_dot_kind kind = om_best_dot_kind();
  const ptrdiff_t depth = OM_INT_DEPTH(p->k), vectors = (p->n + OM_LANES - 1) / OM_LANES;
  const ptrdiff_t wide = vectors / 2 * OM_INT_PANEL;
  const bool zeros = p->b_zero || !p->b_signed, own = p->a_zero && p->a_zero_step;
  /* Codes leave the registers as such: a store and a load of each sum less, but more code. */
  const bool direct = !OM_INT_SHORT && p->result >= OM_INT_UINT8 && !own;
  const ptrdiff_t most = om_min(OM_INT_BLOCK_ROWS, p->m);
  int32_t *c = (int32_t *)scratch, *rest = c + most * OM_INT_PANEL;
  uint8_t *block = (uint8_t *)om_round_up((ptrdiff_t)(rest + most), 64);
  uint32_t *halves = (uint32_t *)(block + most * depth);
  static const int32_t zero_start[OM_INT_PANEL];
  om_int_columns columns;
  if (p->n <= OM_INT_COLUMNS && !own) om_int_prepare(p, 0, p->n, om_int_a_zero(p, 0), &columns);
  om_int_tile t = {.c = direct ? NULL : c, .halves = halves, .a_row = depth, .depth = depth, .y_row = p->y_row, .rest = zeros ? rest : NULL,
                   .limits = om_int_limits_of(p)};
  /* A part, see parallel.h, is some blocks of all columns, or, where there are few blocks, some columns of each: then every thread
   * gathers all rows. What becomes of a sum costs as much as OM_INT_RESULT products. */
  const bool by_columns = p->m <= OM_INT_FEW_BLOCKS * OM_INT_BLOCK_ROWS;
  const ptrdiff_t least = OM_INT_LEAST_PART / om_max(1, om_min(p->m, OM_INT_BLOCK_ROWS)) / (p->k + OM_INT_RESULT);
  const ptrdiff_t together = by_columns ? least / OM_INT_PANEL + 1 : least / om_max(1, p->n) + 1;
  bool is_mine = false;
  for (ptrdiff_t row0 = 0; row0 < p->m; row0 += OM_INT_BLOCK_ROWS) {
    if (!by_columns && row0 / OM_INT_BLOCK_ROWS % together == 0) is_mine = om_is_mine();
    if (!by_columns && !is_mine) continue;
    t.rows = om_min(OM_INT_BLOCK_ROWS, p->m - row0);
    t.a = gather ? block : (const uint8_t *)source + row0 * depth;
    if (gather) gather(source, row0, t.rows, depth, om_int_flip(p, kind), block);
    if (zeros)
      for (ptrdiff_t r = 0; r < t.rows; r++) {
        int32_t sum = -(int32_t)p->k * om_int_a_zero(p, row0 + r);
        for (ptrdiff_t i = 0; i < p->k; i++) sum += t.a[r * depth + i] ^ (kind == OM_DOT_SDOT ? 0x80 : 0);
        rest[r] = sum;
      }
    if (kind == OM_DOT_HALVES)
      for (ptrdiff_t i = 0; i < t.rows * (depth / 4); i++) {
        const uint32_t quad = (uint32_t)om_quad(t.a + 4 * i);
        halves[2 * i] = quad & 0x00ff00ffu, halves[2 * i + 1] = quad >> 8 & 0x00ff00ffu;
      }
    for (ptrdiff_t n0 = 0; n0 < p->n; n0 += OM_INT_COLUMNS) {
      const ptrdiff_t n1 = om_min(p->n, n0 + OM_INT_COLUMNS);
      if (!own && p->n > OM_INT_COLUMNS) om_int_prepare(p, n0, n1 - n0, om_int_a_zero(p, 0), &columns);
      for (ptrdiff_t j = n0; j < n1; j += t.width) {
        t.b = p->packed + j * depth;
        t.width = om_min(j < wide ? OM_INT_PANEL : OM_LANES, n1 - j);
        if (by_columns && j / OM_INT_PANEL % together == 0) is_mine = om_is_mine();
        if (!is_mine) continue;
        t.y = (uint8_t *)p->y + row0 * p->y_row + j;
        t.start = direct ? columns.start + (j - n0) : zero_start;
        t.zero = columns.zero + (j - n0);
        t.scale = columns.scale + (j - n0);
        t.nudge = columns.nudge + (j - n0);
        t.is_plain = direct && columns.is_plain;
        OM_INT_BY_KIND(kind, om_int_panel, &t, j < wide);
        /* Panel by panel: sums of all columns would not stay in the cache. */
        for (ptrdiff_t r = 0, rows; !direct && r < t.rows; r += rows) {
          rows = own ? 1 : t.rows;
          if (own) om_int_prepare(p, n0, n1 - n0, om_int_a_zero(p, row0 + r), &columns);
          const int32_t *others = zeros ? rest + r : NULL;
          om_int_finish(p, c + r * OM_INT_PANEL, OM_INT_PANEL, row0 + r, rows, j, t.width, &columns, j - n0, others);
        }
      }
    }
  }
}

/* n bytes, xor flip, by whole words of which the last may overlap those before: runs are short where channels are few. */
OM_INT_OFTEN void om_copy_bytes(uint8_t *to, const uint8_t *from, ptrdiff_t n, uint8_t flip) {
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
  const bool as_it_is = om_int_flip(&p, om_best_dot_kind()) == 0 && p.k % 4 == 0;
  if (as_it_is) om_int_gemm_gathered(NULL, a, &p, scratch);
  else om_int_gemm_gathered(om_gather_bytes, &source, &p, scratch);
}

#endif
