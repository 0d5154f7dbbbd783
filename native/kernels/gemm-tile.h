/* The inner kernel of every matrix product: a tile of C of `rows` x `vectors` vectors, kept in registers while k runs.
 * A's rows lie OM_A_ROW floats apart in the block that gemm.h gathers them into, so that one pointer with constant
 * offsets reaches all of them; B's panel lies as src/lowering/pack.ts packs it: k-major, `vectors` vectors per k. */
#ifndef OM_GEMM_TILE_H
#define OM_GEMM_TILE_H

#include "vector.h"

/* Rows and vectors of a tile: as many accumulators as fit into the registers beside one row of B and one of A. */
#ifndef OM_TILE_ROWS
#if OM_VECTOR_BYTES == 64
#define OM_TILE_ROWS 6
#define OM_TILE_VECTORS 4
#elif OM_VECTOR_BYTES == 32
#define OM_TILE_ROWS 6
#define OM_TILE_VECTORS 2
#elif OM_VECTOR_BYTES == 16 && (defined(__aarch64__) || defined(__s390x__) || defined(__riscv))
#define OM_TILE_ROWS 8
#define OM_TILE_VECTORS 2
#elif OM_VECTOR_BYTES == 16
#define OM_TILE_ROWS 4
#define OM_TILE_VECTORS 2
#else
#define OM_TILE_ROWS 2
#define OM_TILE_VECTORS 4
#endif
#endif

/* Whether a tile of few rows has several sums of each element. A microcontroller's additions don't wait for each other, and it
 * has no registers for them. */
#ifndef OM_TILE_PARTS
#ifdef OM_MOST_ROW_TILES
#define OM_TILE_PARTS 0
#else
#define OM_TILE_PARTS 1
#endif
#endif

_Static_assert(OM_TILE_ROWS % 2 == 0 && OM_TILE_ROWS <= 14, "the kernels below are for even numbers of rows");

/* Whether a tile fetches what is multiplied with next into the second-level cache: a line per step of k. A layer's weights come
 * from memory whenever its turn comes, where processors fetch ahead by themselves too late: twelve layers of BERT-base with 128 rows
 * take 244 ms without and 205 with it (AVX2), 651 and 587 (SSE2), on a Zen 4; what is in a cache takes as long as without. With AVX-512 a
 * step is four lines, and nothing is gained. */
#if defined(__x86_64__) && (OM_VECTOR_BYTES == 16 || OM_VECTOR_BYTES == 32)
#define OM_TILE_FETCH(address) __builtin_prefetch((const void *)(address), 0, 2)
#else
#define OM_TILE_FETCH(address) (void)(address)
#endif

/* Columns of a full panel of B. */
#define OM_PANEL (OM_TILE_VECTORS * OM_LANES)
/* Depth of one pass over k: a panel of B this deep stays in the first-level cache. */
#define OM_K_BLOCK 256
/* Not a power of two, so that the rows of a tile do not compete for one cache set. */
#define OM_A_ROW (OM_K_BLOCK + 16)

typedef struct om_tile {
  const float *a; /* [rows, k], rows OM_A_ROW apart */
  const float *b; /* [k, vectors * lanes], rows b_row apart */
  ptrdiff_t b_row;
  ptrdiff_t ahead; /* bytes from B to what is multiplied with after it, which may lie outside of it; 0: not known */
  ptrdiff_t k;
  float *c; /* [rows, vectors * lanes], rows c_row apart */
  ptrdiff_t c_row;
  const float *start; /* added to the product: the sum so far, or a residual; rows start_row apart; or NULL */
  ptrdiff_t start_row;
  const float *column_bias; /* added per column, or NULL */
  const float *row_bias;    /* added per row, or NULL */
  ptrdiff_t last;           /* columns of the last vector; with OM_MASKED unset all its lanes, whatever this says */
  bool clamp;               /* limit to [low, high] */
  float low, high;
} om_tile;

/* Vector `v` of a tile's row. */
OM_INLINE om_vf om_tile_load(const om_tile *t, const float *row, const int v, const int vectors) {
  return OM_MASKED && v == vectors - 1 ? om_load_first(row + v * OM_LANES, t->last) : om_load(row + v * OM_LANES);
}

OM_INLINE void om_tile_f32(const om_tile *t, const int rows, const int vectors) {
  om_vf sum[OM_TILE_ROWS][OM_TILE_VECTORS];
#define OM_TILE_EACH(statement)                                                                                        \
  OM_UNROLL(16) for (int r = 0; r < rows; r++) OM_UNROLL(4) for (int v = 0; v < vectors; v++) statement
  OM_TILE_EACH(sum[r][v] = om_splat(0.0f);)
  if (t->start) OM_TILE_EACH(sum[r][v] = om_tile_load(t, t->start + r * t->start_row, v, vectors);)
  if (t->column_bias) OM_TILE_EACH(sum[r][v] += om_tile_load(t, t->column_bias, v, vectors);)
  if (t->row_bias) OM_TILE_EACH(sum[r][v] += om_splat(t->row_bias[r]);)
#undef OM_TILE_EACH
  const float *OM_RESTRICT a = t->a;
  const float *OM_RESTRICT b = t->b;
  ptrdiff_t k = t->k;
  if (OM_TILE_PARTS && rows <= 2) {
    /* So few accumulators would wait for each addition: let each of four steps of k have its own. */
    om_vf part[3][2][OM_TILE_VECTORS];
OM_UNROLL(3)
    for (int i = 0; i < 3; i++)
OM_UNROLL(2)
      for (int r = 0; r < rows; r++)
OM_UNROLL(4)
        for (int v = 0; v < vectors; v++) part[i][r][v] = om_splat(0.0f);
    for (; k >= 4; k -= 4, a += 4, b += 4 * t->b_row)
OM_UNROLL(4)
      for (int i = 0; i < 4; i++)
OM_UNROLL(2)
        for (int r = 0; r < rows; r++)
OM_UNROLL(4)
          for (int v = 0; v < vectors; v++) {
            const om_vf product = om_splat(a[r * OM_A_ROW + i]) * om_load(b + i * t->b_row + v * OM_LANES);
            if (i < 3) part[i][r][v] += product;
            else sum[r][v] += product;
          }
OM_UNROLL(2)
    for (int r = 0; r < rows; r++)
OM_UNROLL(4)
      for (int v = 0; v < vectors; v++) sum[r][v] += (part[0][r][v] + part[1][r][v]) + part[2][r][v];
  }
  for (const uintptr_t ahead = (uintptr_t)t->ahead; k > 0; k--, a++, b += t->b_row) {
    OM_TILE_FETCH((uintptr_t)b + ahead);
    om_vf row[OM_TILE_VECTORS];
OM_UNROLL(4)
    for (int v = 0; v < vectors; v++) row[v] = om_load(b + v * OM_LANES);
OM_UNROLL(16)
    for (int r = 0; r < rows; r++) {
      om_vf x = om_splat(a[r * OM_A_ROW]);
OM_UNROLL(4)
      for (int v = 0; v < vectors; v++) sum[r][v] += x * row[v];
    }
  }
  if (t->clamp) {
    om_vf low = om_splat(t->low), high = om_splat(t->high);
OM_UNROLL(16)
    for (int r = 0; r < rows; r++)
OM_UNROLL(4)
      for (int v = 0; v < vectors; v++) sum[r][v] = om_at_most(om_at_least(sum[r][v], low), high);
  }
OM_UNROLL(16)
  for (int r = 0; r < rows; r++)
OM_UNROLL(4)
    for (int v = 0; v < vectors; v++) {
      float *c = t->c + r * t->c_row + v * OM_LANES;
      if (OM_MASKED && v == vectors - 1) om_store_first(c, sum[r][v], t->last);
      else om_store(c, sum[r][v]);
    }
}

#define OM_TILE_KERNELS(rows)                                                                                          \
  OM_SHARED void om_tile_f32_##rows(const om_tile *t) { om_tile_f32(t, rows, OM_TILE_VECTORS); }                       \
  OM_SHARED void om_tile_f32_##rows##_narrow(const om_tile *t) { om_tile_f32(t, rows, 1); }

OM_TILE_KERNELS(1)
OM_TILE_KERNELS(2)
#if OM_TILE_ROWS > 2
OM_TILE_KERNELS(3)
OM_TILE_KERNELS(4)
#endif
#if OM_TILE_ROWS > 4
OM_TILE_KERNELS(5)
OM_TILE_KERNELS(6)
#endif
#if OM_TILE_ROWS > 6
OM_TILE_KERNELS(7)
OM_TILE_KERNELS(8)
#endif
#if OM_TILE_ROWS > 8
OM_TILE_KERNELS(9)
OM_TILE_KERNELS(10)
OM_TILE_KERNELS(11)
OM_TILE_KERNELS(12)
OM_TILE_KERNELS(13)
OM_TILE_KERNELS(14)
#endif

#define OM_TILE_CASE(rows)                                                                                             \
  case rows:                                                                                                           \
    if (narrow) om_tile_f32_##rows##_narrow(t);                                                                        \
    else om_tile_f32_##rows(t);                                                                                        \
    return;

OM_INLINE void om_tile_switch_f32(const om_tile *t, ptrdiff_t rows, const bool narrow) {
  switch (rows) {
    OM_TILE_CASE(1)
    OM_TILE_CASE(2)
#if OM_TILE_ROWS > 2
    OM_TILE_CASE(3)
    OM_TILE_CASE(4)
#endif
#if OM_TILE_ROWS > 4
    OM_TILE_CASE(5)
    OM_TILE_CASE(6)
#endif
#if OM_TILE_ROWS > 6
    OM_TILE_CASE(7)
    OM_TILE_CASE(8)
#endif
#if OM_TILE_ROWS > 8
    OM_TILE_CASE(9)
    OM_TILE_CASE(10)
    OM_TILE_CASE(11)
    OM_TILE_CASE(12)
    OM_TILE_CASE(13)
    OM_TILE_CASE(14)
#endif
  }
}

OM_SHARED void om_tile_any_f32(const om_tile *t, ptrdiff_t rows, bool narrow) { om_tile_switch_f32(t, rows, narrow); }

/* Runs the kernel of 1 <= rows <= OM_TILE_ROWS rows, on a full panel or one of a single vector. Where the number is
 * known, only its kernel is compiled; where it is not, all of them, once. */
OM_INLINE void om_tile_run_f32(const om_tile *t, ptrdiff_t rows, const bool narrow) {
  if (__builtin_constant_p(rows)) om_tile_switch_f32(t, rows, narrow);
  else om_tile_any_f32(t, rows, narrow);
}

#endif
