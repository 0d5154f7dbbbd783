/* Matrix products C = act(A·B + bias + residual) with B packed into panels (src/lowering/pack.ts at build time, or
 * om_gemm_pack_f32 at run time). A's rows are gathered block by block, which costs 1/n of the arithmetic and lets
 * convolutions be matrix products whose gather walks the window (conv.h).
 * Blocking after Goto and van de Geijn, "Anatomy of High-Performance Matrix Multiplication" (2008). */
#ifndef OM_GEMM_H
#define OM_GEMM_H

#include "activation.h"
#include "gemm-tile.h"
#include "parallel.h"
#include "transpose-tile.h"

/* Tiles of rows per block of A: the block stays in the first- or second-level cache while every panel of B passes. */
#ifndef OM_ROW_TILES
#define OM_ROW_TILES 4
#endif
/* The same where B has more floats than OM_LARGE_B, and may come from memory anew for each block of rows: 128 x 32000 x 512
 * takes 83 GFLOP/s with 4 tiles and 96 with 16 (AVX-512), 52 and 75 (AVX2), on a machine whose peak is 115. Where B
 * stays in a cache, products lose up to 9 % by it, but that of a layer is gone when its turn comes again: with a limit of 2^22
 * BERT-base takes 285 ms instead of 258 (AVX2). */
#ifndef OM_MOST_ROW_TILES
#define OM_MOST_ROW_TILES 16
#endif
#define OM_LARGE_B (1 << 20)
/* Columns that get all passes over k before the next ones do, so that C and what is near in B stay in a cache: 64 x 50257 x 768
 * takes 49 ms with these and 54 in passes over all columns (AVX-512), 63 and 77 (AVX2); 256 and 1,024 are slower. */
#define OM_PASS_COLUMNS (512 / OM_PANEL * OM_PANEL)
/* Bytes of scratch of every product and convolution over packed weights, 64-byte aligned, whatever the shape. */
#define OM_GEMM_SCRATCH ((OM_MOST_ROW_TILES * OM_TILE_ROWS * OM_A_ROW + 2 * OM_TILE_ROWS * OM_PANEL + OM_PANEL) * 4)

/* What happens to a product before it is stored, in this order: bias, residual, activation. */
typedef struct om_epilogue {
  const float *bias;      /* [n], per column, or NULL */
  const float *row_bias;  /* [m], per row, or NULL; not for convolutions */
  const float *residual;  /* [m, n], or NULL; may be C itself */
  ptrdiff_t residual_row; /* elements between its rows; 0: n */
  om_activation activation;
  float alpha, beta; /* parameters of the activation */
} om_epilogue;

/* What results are limited to before they are stored; other activations follow when they are there. */
typedef struct om_limits {
  bool clamp;
  float low, high;
} om_limits;

OM_INLINE om_limits om_limits_of(const om_epilogue e) {
  const bool clips = e.activation == OM_ACT_CLIP;
  return (om_limits){clips || e.activation == OM_ACT_RELU, clips ? e.alpha : 0.0f, clips ? e.beta : INFINITY};
}

typedef struct om_gemm_shape {
  ptrdiff_t m, n, k;
  ptrdiff_t a_row, a_column; /* elements between A's rows and columns; 0, 0: row-major; 1, m: stored transposed */
  ptrdiff_t b_row;           /* elements between B's rows, where it is as it comes, with n whole vectors; 0: packed */
  ptrdiff_t c_row;           /* elements between C's rows; 0: n */
  ptrdiff_t k_unit;          /* passes over k end at multiples of this where it is small enough; 0: anywhere */
} om_gemm_shape;

/* Floats of a packed B[k, n]: whole vectors of columns. */
#define OM_GEMM_PACKED(k, n) ((k) * (((n) + OM_LANES - 1) / OM_LANES * OM_LANES))

#if OM_VECTOR_BYTES > 0
/* k / 4 * 4 rows of a panel of B that is stored transposed: rows of `width` elements. Of each column a line of a cache at a
 * time, as many columns may compete for one set of it: 1024 x 1024 takes a third (AVX-512: a quarter) of the time. */
OM_INLINE void om_gemm_pack_squares_f32(const float *b, ptrdiff_t b_column, ptrdiff_t k, ptrdiff_t width, float *packed) {
  const ptrdiff_t line = 16;
  for (ptrdiff_t i0 = 0; i0 + 4 <= k; i0 += line)
    for (ptrdiff_t j = 0; j < width; j += 4)
      for (ptrdiff_t i = i0; i < i0 + line && i + 4 <= k; i += 4)
        om_transpose4x4_32(b + i + j * b_column, b_column, packed + i * width + j, width);
}
#endif

/* Packs B[k, n] (elements b_row and b_column apart) as packGemmB in src/lowering/pack.ts does. */
OM_SHARED void om_gemm_pack_f32(const float *b, ptrdiff_t b_row, ptrdiff_t b_column, ptrdiff_t k, ptrdiff_t n,
                                float *packed) {
  for (ptrdiff_t n0 = 0, width; n0 < n; n0 += width, packed += k * width) {
    width = n - n0 > OM_PANEL - OM_LANES ? OM_PANEL : OM_LANES;
    ptrdiff_t columns = om_min(width, n - n0), i = 0;
#if OM_VECTOR_BYTES > 0
    if (b_row == 1 && columns == width) {
      om_gemm_pack_squares_f32(b + n0 * b_column, b_column, k, width, packed);
      i = k / 4 * 4;
    }
#endif
    for (; i < k; i++) {
      const float *row = b + i * b_row + n0 * b_column;
      float *to = packed + i * width;
      for (ptrdiff_t j = 0; j < columns; j++) to[j] = row[j * b_column];
      for (ptrdiff_t j = columns; j < width; j++) to[j] = 0.0f;
    }
  }
}

/* Writes A[row .. row + rows, k0 .. k0 + depth] to `block`, rows OM_A_ROW apart. */
typedef void om_gather(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k0, ptrdiff_t depth, float *block);

/* How m rows split into tiles: whole ones, then the rest with one whole tile in two of nearly equal height. */
typedef struct om_tiling {
  ptrdiff_t whole, first, second;
} om_tiling;

OM_INLINE om_tiling om_split_rows(ptrdiff_t m) {
  ptrdiff_t whole = m / OM_TILE_ROWS, rest = m % OM_TILE_ROWS;
  if (rest == 0) return (om_tiling){whole, 0, 0};
  if (whole == 0) return (om_tiling){0, rest, 0};
  ptrdiff_t first = (OM_TILE_ROWS + rest + 1) / 2;
  return (om_tiling){whole - 1, first, OM_TILE_ROWS + rest - first};
}

/* How much of k one pass takes: equal shares, none deeper than OM_K_BLOCK. */
OM_INLINE ptrdiff_t om_pass_depth(ptrdiff_t k, ptrdiff_t unit) {
  if (k == 0 || unit == 0 || unit > OM_K_BLOCK) unit = 1;
  const ptrdiff_t most = OM_K_BLOCK / unit * unit, passes = om_max(1, (k + most - 1) / most);
  return om_max(unit, om_round_up((k + passes - 1) / passes, unit));
}

/* The row on which a tile begins; of the tile behind the last: m. */
OM_INLINE ptrdiff_t om_first_row(const om_tiling split, ptrdiff_t tile) {
  if (tile <= split.whole) return tile * OM_TILE_ROWS;
  return split.whole * OM_TILE_ROWS + split.first + (tile > split.whole + 1 ? split.second : 0);
}

/* One tile of a panel that ends before its last lane, where vectors cannot be stored in part: computed in `room`, then
 * copied. */
OM_SHARED void om_tile_edge_f32(const om_tile *whole, ptrdiff_t rows, ptrdiff_t columns, bool narrow, float *room) {
  const ptrdiff_t width = narrow ? OM_LANES : OM_PANEL;
  const size_t bytes = (size_t)columns * sizeof(float);
  float *start = room + OM_TILE_ROWS * OM_PANEL, *bias = start + OM_TILE_ROWS * OM_PANEL;
  om_tile t = *whole;
  t.last = OM_LANES;
  if (t.start) {
    for (ptrdiff_t r = 0; r < rows; r++) memcpy(start + r * width, t.start + r * t.start_row, bytes);
    t.start = start;
    t.start_row = width;
  }
  if (t.column_bias) {
    memcpy(bias, t.column_bias, bytes);
    t.column_bias = bias;
  }
  t.c = room;
  t.c_row = width;
  om_tile_any_f32(&t, rows, narrow);
  for (ptrdiff_t r = 0; r < rows; r++) memcpy(whole->c + r * whole->c_row, room + r * width, bytes);
}

/* One tile; then `t` stands on the rows below. */
OM_INLINE void om_tile_next_f32(om_tile *t, const ptrdiff_t rows, const ptrdiff_t columns, const bool narrow,
                                float *room) {
  if (!OM_MASKED && columns < (narrow ? OM_LANES : OM_PANEL)) om_tile_edge_f32(t, rows, columns, narrow, room);
  else om_tile_run_f32(t, rows, narrow);
  t->a += rows * OM_A_ROW;
  t->c += rows * t->c_row;
  if (t->start) t->start += rows * t->start_row;
  if (t->row_bias) t->row_bias += rows;
}

/* A block of rows times one panel: the tiles tile0 .. tile1 of `split`. */
OM_INLINE void om_gemm_panel_f32(om_tile t, const om_tiling split, ptrdiff_t tile0, ptrdiff_t tile1,
                                 const ptrdiff_t columns, const bool narrow, float *room) {
  t.last = columns - (narrow ? 0 : OM_PANEL - OM_LANES);
  for (ptrdiff_t tile = tile0; tile < om_min(tile1, split.whole); tile++)
    om_tile_next_f32(&t, OM_TILE_ROWS, columns, narrow, room);
  if (split.first > 0 && tile0 <= split.whole && split.whole < tile1)
    om_tile_next_f32(&t, split.first, columns, narrow, room);
  if (split.second > 0 && split.whole + 1 < tile1) om_tile_next_f32(&t, split.second, columns, narrow, room);
}

/* The same with B's columns from n0 on of n, of which `wide` are in whole panels and the others in vectors. */
OM_INLINE void om_gemm_columns_f32(const om_tile t, const om_tiling split, ptrdiff_t tile0, ptrdiff_t tile1, ptrdiff_t n0,
                                   ptrdiff_t n, ptrdiff_t wide, float *room) {
  if (n0 + OM_PANEL <= n) om_gemm_panel_f32(t, split, tile0, tile1, OM_PANEL, false, room);
  else if (n0 < wide) om_gemm_panel_f32(t, split, tile0, tile1, n - n0, false, room);
  else if (n0 + OM_LANES <= n) om_gemm_panel_f32(t, split, tile0, tile1, OM_LANES, true, room);
  else om_gemm_panel_f32(t, split, tile0, tile1, n - n0, true, room);
}

/* The product of a block of A's rows, those of the tiles tile0 .. tile1, and B's columns from .. end, of whole panels. */
OM_INLINE void om_gemm_block_f32(om_gather *gather, const void *source, const float *packed, float *c,
                                 const om_gemm_shape s, const om_epilogue e, const om_tiling split, ptrdiff_t tile0,
                                 ptrdiff_t tile1, ptrdiff_t from, const ptrdiff_t end, float *block) {
  const ptrdiff_t c_row = s.c_row ? s.c_row : s.n;
  const ptrdiff_t residual_row = e.residual_row ? e.residual_row : s.n;
  const ptrdiff_t depth = om_pass_depth(s.k, s.k_unit), passes = om_max(1, (s.k + depth - 1) / depth);
  const ptrdiff_t vectors = (s.n + OM_LANES - 1) / OM_LANES, wide = vectors / OM_TILE_VECTORS * OM_PANEL;
  const om_limits limits = om_limits_of(e);
  const ptrdiff_t row0 = om_first_row(split, tile0), row1 = om_first_row(split, tile1);
  float *room = block + OM_MOST_ROW_TILES * OM_TILE_ROWS * OM_A_ROW;
  /* Where the block has room for these rows in all their length, a panel of B is done with when the next is begun. One row
   * times 384 x 51865 gets 40 GB/s out of memory by that, and 15 to 24 in passes over all panels. */
  const ptrdiff_t together = (tile1 - tile0) * passes <= OM_MOST_ROW_TILES ? passes : 1;
  const ptrdiff_t apart = (tile1 - tile0) * OM_TILE_ROWS * OM_A_ROW;
  const ptrdiff_t columns = passes > together && s.n > 4 * OM_PASS_COLUMNS ? OM_PASS_COLUMNS : om_max(1, end - from);
  for (ptrdiff_t begin = from; begin < end; begin += columns)
    for (ptrdiff_t pass0 = 0; pass0 < passes; pass0 += together) {
      for (ptrdiff_t i = 0; i < together; i++) {
        const ptrdiff_t k0 = (pass0 + i) * depth;
        gather(source, row0, row1 - row0, k0, om_min(depth, s.k - k0), block + i * apart);
      }
      for (ptrdiff_t n0 = begin; n0 < om_min(end, begin + columns); n0 += n0 < wide ? OM_PANEL : OM_LANES)
        for (ptrdiff_t i = 0; i < together; i++) {
          const ptrdiff_t pass = pass0 + i, k0 = pass * depth;
          om_tile t = {.a = block + i * apart, .k = om_min(depth, s.k - k0), .c_row = c_row};
          t.clamp = limits.clamp && pass == passes - 1;
          t.low = limits.low;
          t.high = limits.high;
          t.b_row = s.b_row ? s.b_row : n0 < wide ? OM_PANEL : OM_LANES;
          t.b = packed + (s.b_row ? n0 : n0 * s.k) + k0 * t.b_row;
          /* The panel beside this one, or below it. */
          t.ahead = (s.b_row ? OM_PANEL : (together > 1 ? t.k : s.k) * OM_PANEL) * 4;
          t.c = c + row0 * c_row + n0;
          t.start = pass > 0 ? t.c : e.residual ? e.residual + row0 * residual_row + n0 : NULL;
          t.start_row = pass > 0 ? c_row : residual_row;
          t.column_bias = pass == 0 && e.bias ? e.bias + n0 : NULL;
          if (pass == 0 && e.row_bias) t.row_bias = e.row_bias + row0;
          om_gemm_columns_f32(t, split, tile0, tile1, n0, s.n, wide, room);
        }
    }
  if (e.activation != OM_ACT_NONE && !limits.clamp)
    for (ptrdiff_t row = row0; row < row1; row++)
      om_activate_row_f32(c + row * c_row + from, end - from, e.activation, e.alpha, e.beta);
}

/* Tiles of rows that pass over B together. */
OM_INLINE ptrdiff_t om_block_tiles(const om_gemm_shape s) {
  return s.n > OM_LARGE_B / om_max(1, s.k) ? OM_MOST_ROW_TILES : OM_ROW_TILES;
}

/* How a product falls into parts for threads: blocks of rows, and where these are few, of columns. */
typedef struct om_gemm_parts {
  ptrdiff_t tiles;   /* of rows: whole blocks */
  ptrdiff_t columns; /* whole panels */
} om_gemm_parts;

/* Parts of at least OM_LEAST_PART multiplications, and sixteen of them where there is enough to do. Where the rows are
 * enough, the columns are not split, and their number stays the constant that it may be: what is not shared is 2 % slower
 * without (MobileNet v2, measured). */
OM_INLINE om_gemm_parts om_split_gemm(const om_gemm_shape s, ptrdiff_t tiles) {
  const ptrdiff_t block = om_block_tiles(s), blocks = (tiles + block - 1) / block;
  const ptrdiff_t panels = om_max(1, (s.n + OM_PANEL - 1) / OM_PANEL);
  /* Panels that make a part with one block of rows; 0: less than one. */
  const ptrdiff_t enough = OM_LEAST_PART / (block * OM_TILE_ROWS * OM_PANEL) / om_max(1, s.k);
  const ptrdiff_t together = om_max(1, om_min(enough / panels, blocks / 16));
  const ptrdiff_t sides = om_max(1, om_min(16 / om_max(1, blocks), panels / om_max(1, enough)));
  if (sides == 1) return (om_gemm_parts){om_is_shared() ? together * block : tiles, s.n};
  return om_is_shared() ? (om_gemm_parts){together * block, (panels + sides - 1) / sides * OM_PANEL}
                        : (om_gemm_parts){tiles, s.n};
}

/* The product over any source of A's rows. */
OM_INLINE void om_gemm_gathered_f32(om_gather *gather, const void *source, const float *packed, float *c,
                                    const om_gemm_shape s, const om_epilogue e, void *scratch) {
  const om_tiling split = om_split_rows(s.m);
  const ptrdiff_t tiles = split.whole + (split.first > 0) + (split.second > 0);
  const om_gemm_parts parts = om_split_gemm(s, tiles);
  const ptrdiff_t together = om_block_tiles(s);
  float *block = (float *)om_own_scratch(scratch);
  for (ptrdiff_t first = 0; first < tiles; first += parts.tiles)
    for (ptrdiff_t from = 0; from < s.n; from += parts.columns) {
      if (!om_is_mine()) continue;
      const ptrdiff_t last = om_min(first + parts.tiles, tiles), end = om_min(from + parts.columns, s.n);
      for (ptrdiff_t tile = first; tile < last; tile += together)
        om_gemm_block_f32(gather, source, packed, c, s, e, split, tile, om_min(tile + together, last), from, end,
                          block);
    }
}

typedef struct om_matrix {
  const float *data;
  ptrdiff_t row, column;
} om_matrix;

OM_INLINE void om_gather_matrix(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t k0, ptrdiff_t depth,
                                float *block) {
  const om_matrix *a = (const om_matrix *)source;
  const float *from = a->data + row * a->row + k0 * a->column;
  for (ptrdiff_t r = 0; r < rows; r++) {
    if (a->column == 1) memcpy(block + r * OM_A_ROW, from + r * a->row, (size_t)depth * sizeof(float));
    else
      for (ptrdiff_t k = 0; k < depth; k++) block[r * OM_A_ROW + k] = from[r * a->row + k * a->column];
  }
}

OM_INLINE void om_gemm_inlined_f32(const float *a, const float *packed, float *c, const om_gemm_shape s,
                                   const om_epilogue e, void *scratch) {
  const bool strided = s.a_row || s.a_column;
  const om_matrix source = {a, strided ? s.a_row : s.k, strided ? s.a_column : 1};
  om_gemm_gathered_f32(om_gather_matrix, &source, packed, c, s, e, scratch);
}

/* An epilogue whose activation is none, Relu or Clip, as one that clips: code for it does for all three. */
OM_INLINE om_epilogue om_as_clip(om_epilogue e) {
  if (e.activation == OM_ACT_RELU) e.alpha = 0.0f, e.beta = INFINITY;
  if (e.activation == OM_ACT_NONE) e.alpha = -INFINITY, e.beta = INFINITY;
  e.activation = OM_ACT_CLIP;
  return e;
}

/* For sizes that are not known when compiling, and no activation but Relu and Clip. */
OM_SHARED void om_gemm_any_f32(const float *a, const float *packed, float *c, const om_gemm_shape *s,
                               const om_epilogue *given, void *scratch) {
  om_gemm_inlined_f32(a, packed, c, *s, om_as_clip(*given), scratch);
}

/* C[m, n] = act(A[m, k]·B[k, n] + bias + residual), B packed. scratch: OM_GEMM_SCRATCH bytes. */
OM_INLINE void om_gemm_f32(const float *a, const float *packed, float *c, const om_gemm_shape s, const om_epilogue e,
                           void *scratch) {
  const bool known = __builtin_constant_p(s.m) && __builtin_constant_p(s.n) && __builtin_constant_p(s.k);
  const bool clamps = e.activation == OM_ACT_NONE || e.activation == OM_ACT_RELU || e.activation == OM_ACT_CLIP;
  if (known || !clamps) om_gemm_inlined_f32(a, packed, c, s, e, scratch);
  else om_gemm_any_f32(a, packed, c, &s, &e, scratch);
}

#endif
