/* softmax(scale · Q·Kᵀ, masked)·V of one head, or of those that share K and V, whose scores are never all in memory: for
 * a block of keys and one of queries at a time, they are made by the tiles of gemm-tile.h and become powers, which are
 * the left side of the product with V. What a row's powers are relative to, its largest score so far, changes from block
 * to block, and with it what has been summed: Milakov and Gimelshein, "Online normalizer calculation for softmax" (2018);
 * Dao et al., "FlashAttention" (2022). */
#ifndef OM_ATTENTION_H
#define OM_ATTENTION_H

#include "gemm.h"
#include "rows.h"

/* Keys of a block: the powers of a row are a row of gemm.h's block of A. */
#define OM_KEY_BLOCK OM_K_BLOCK
/* Tiles of queries per block, whose scores are to stay in the first or second level of the cache. */
#ifndef OM_QUERY_TILES
#define OM_QUERY_TILES 4
#endif
/* Queries that share the packing of a block of keys. */
#ifndef OM_MOST_QUERIES
#define OM_MOST_QUERIES 1024
#endif

/* Queries up to which keys are read as they lie. */
#ifndef OM_FEW_QUERIES
#define OM_FEW_QUERIES 2
#endif

/* One thing that is done to all scores. */
typedef struct om_score_step {
  const float *bias;     /* is added, or NULL */
  const bool *keep;      /* scores are kept where it is `where`, and become `otherwise` elsewhere; or NULL */
  ptrdiff_t head, row, column; /* elements between those of neighbouring heads, queries and keys; 0: the same for all */
  bool where;
  float otherwise;
} om_score_step;

typedef struct om_attention_shape {
  ptrdiff_t heads, queries, keys, size, value_size; /* as many queries of each head, one head's after another's */
  ptrdiff_t q_row, k_row, k_column, v_row, y_row; /* elements between rows; of K between columns, too */
  float scale;                                    /* of the scores */
  int steps;                                      /* that follow, in order */
} om_attention_shape;

#define OM_ATTENTION_BLOCK (OM_QUERY_TILES * OM_TILE_ROWS * OM_A_ROW)
/* Bytes of scratch, 64-byte aligned, for size <= OM_K_BLOCK and any number of queries and keys. */
#define OM_ATTENTION_SCRATCH(size, value_size)                                                                         \
  ((2 * OM_ATTENTION_BLOCK + OM_GEMM_PACKED(size, OM_KEY_BLOCK) + OM_GEMM_PACKED(OM_KEY_BLOCK, value_size) +           \
    2 * OM_TILE_ROWS * OM_PANEL + OM_PANEL + 2 * OM_MOST_QUERIES) *                                                    \
   4)

/* The scores of query `row` of all heads', from `key` on. */
OM_INLINE void om_score_step_f32(float *scores, ptrdiff_t n, const om_score_step *step, ptrdiff_t queries,
                                 ptrdiff_t row, ptrdiff_t key) {
  const ptrdiff_t at = row / queries * step->head + row % queries * step->row + key * step->column;
  if (step->bias) {
    const float *bias = step->bias + at;
    if (step->column == 1)
      for (ptrdiff_t i = 0; i < n; i++) scores[i] += bias[i];
    else
      for (ptrdiff_t i = 0; i < n; i++) scores[i] += bias[i * step->column];
  }
  if (step->keep) {
    const bool *keep = step->keep + at;
    const bool where = step->where;
    const float otherwise = step->otherwise;
    if (step->column == 1)
      for (ptrdiff_t i = 0; i < n; i++) scores[i] = keep[i] == where ? scores[i] : otherwise;
    else
      for (ptrdiff_t i = 0; i < n; i++) scores[i] = keep[i * step->column] == where ? scores[i] : otherwise;
  }
}

/* A row's next scores to powers relative to the largest so far, over whole vectors; gives what its sums are to be
 * multiplied by. Of -inf only there is no largest, and the sum is 0, which makes the result NaN unless others follow. */
OM_INLINE float om_score_powers_f32(float *scores, ptrdiff_t n, float *top, float *sum) {
  const ptrdiff_t whole = om_round_up(n, OM_LANES);
  for (ptrdiff_t i = n; i < whole; i++) scores[i] = -INFINITY;
  const float before = *top, here = om_row_max_f32(scores, whole), now = here > before ? here : before;
  const float shift = now == -INFINITY ? 0.0f : now, by = om_decay_f32(before - shift);
  *sum = *sum * by + om_row_powers_f32(scores, scores, whole, shift);
  *top = now;
  return by;
}

OM_INLINE void om_scale_row_f32(float *y, ptrdiff_t n, float by) {
  for (ptrdiff_t i = 0; i < n; i++) y[i] *= by;
}

/* Scores of few queries, for which packing the keys would take longer than the products: dot products of whole
 * vectors. */
OM_INLINE void om_few_scores_f32(const float *q, const float *k, ptrdiff_t k_row, ptrdiff_t keys, ptrdiff_t size,
                                 float *scores) {
  for (ptrdiff_t key = 0; key < keys; key++, k += k_row) {
    om_vf sum = om_splat(0.0f);
    for (ptrdiff_t i = 0; i < size; i += OM_LANES) sum += om_load(q + i) * om_load(k + i);
    scores[key] = om_lanes_sum(sum);
  }
}

/* The tiles tile0 .. tile1 of a product whose B is packed (b_row 0), or lies as it comes with n whole vectors. */
OM_INLINE void om_attention_product_f32(const float *block, const float *b, ptrdiff_t b_row, ptrdiff_t k, ptrdiff_t n,
                                        float *c, ptrdiff_t c_row, bool adds, const om_tiling split, ptrdiff_t tile0,
                                        ptrdiff_t tile1, float *room) {
  const ptrdiff_t wide = (n + OM_LANES - 1) / OM_LANES / OM_TILE_VECTORS * OM_PANEL;
  om_tile t = {.a = block, .k = k, .c_row = c_row, .start_row = c_row};
  for (ptrdiff_t n0 = 0; n0 < n; n0 += n0 < wide ? OM_PANEL : OM_LANES) {
    t.b_row = b_row ? b_row : n0 < wide ? OM_PANEL : OM_LANES;
    t.b = b + n0 * (b_row ? 1 : k);
    t.c = c + n0;
    t.start = adds ? t.c : NULL;
    om_gemm_columns_f32(t, split, tile0, tile1, n0, n, wide, room);
  }
}

/* The queries of the tiles tile0 .. tile1. */
OM_INLINE void om_attention_part_f32(const float *q, const float *k, const float *v, const om_score_step *steps,
                                     float *y, const om_attention_shape s, const om_tiling split, ptrdiff_t tile0,
                                     ptrdiff_t tile1, float *scratch) {
  float *block = scratch, *scores = block + OM_ATTENTION_BLOCK, *packed_k = scores + OM_ATTENTION_BLOCK;
  float *packed_v = packed_k + OM_GEMM_PACKED(s.size, OM_KEY_BLOCK);
  float *room = packed_v + OM_GEMM_PACKED(OM_KEY_BLOCK, s.value_size);
  float *top = room + 2 * OM_TILE_ROWS * OM_PANEL + OM_PANEL, *sum = top + OM_MOST_QUERIES;
  const ptrdiff_t first = om_first_row(split, tile0), last = om_first_row(split, tile1);
  const ptrdiff_t depth = om_pass_depth(s.keys, OM_PANEL);
  const bool packs_k = s.heads * s.queries > OM_FEW_QUERIES || s.k_column != 1 || s.size % OM_LANES != 0;
  const bool packs_v = s.value_size % OM_LANES != 0;
  for (ptrdiff_t i = 0; i < last - first; i++) top[i] = -INFINITY, sum[i] = 0.0f;
  for (ptrdiff_t key = 0; key < s.keys; key += depth) {
    const ptrdiff_t keys = om_min(depth, s.keys - key);
    const float *values = v + key * s.v_row;
    if (packs_k) om_gemm_pack_f32(k + key * s.k_row, s.k_column, s.k_row, s.size, keys, packed_k);
    if (packs_v) om_gemm_pack_f32(values, s.v_row, 1, keys, s.value_size, packed_v), values = packed_v;
    for (ptrdiff_t tile = tile0; tile < tile1; tile += OM_QUERY_TILES) {
      const ptrdiff_t end = om_min(tile + OM_QUERY_TILES, tile1);
      const ptrdiff_t row0 = om_first_row(split, tile), rows = om_first_row(split, end) - row0;
      for (ptrdiff_t r = 0; r < rows; r++)
        for (ptrdiff_t i = 0; i < s.size; i++) block[r * OM_A_ROW + i] = q[(row0 + r) * s.q_row + i] * s.scale;
      if (packs_k)
        om_attention_product_f32(block, packed_k, 0, s.size, om_round_up(keys, OM_LANES), scores, OM_A_ROW, false,
                                 split, tile, end, room);
      else
        for (ptrdiff_t r = 0; r < rows; r++)
          om_few_scores_f32(block + r * OM_A_ROW, k + key * s.k_row, s.k_row, keys, s.size, scores + r * OM_A_ROW);
      for (ptrdiff_t r = 0; r < rows; r++) {
        float *row = scores + r * OM_A_ROW;
        for (int i = 0; i < s.steps; i++) om_score_step_f32(row, keys, steps + i, s.queries, row0 + r, key);
        const float by = om_score_powers_f32(row, keys, top + row0 - first + r, sum + row0 - first + r);
        if (key > 0 && by != 1.0f) om_scale_row_f32(y + (row0 + r) * s.y_row, s.value_size, by);
      }
      om_attention_product_f32(scores, values, packs_v ? 0 : s.v_row, keys, s.value_size, y + row0 * s.y_row, s.y_row,
                               key > 0, split, tile, end, room);
    }
  }
  for (ptrdiff_t i = first; i < last; i++) {
    float *row = y + i * s.y_row;
    if (s.keys == 0) memset(row, 0, (size_t)s.value_size * sizeof(float));
    else om_scale_row_f32(row, s.value_size, 1.0f / sum[i - first]);
  }
}

/* y[heads, queries, value_size] of q[heads, queries, size], k[keys, size] and v[keys, value_size]. */
OM_INLINE void om_attention_f32(const float *q, const float *k, const float *v, const om_score_step *steps, float *y,
                                const om_attention_shape s, void *scratch) {
  const om_tiling split = om_split_rows(s.heads * s.queries);
  const ptrdiff_t tiles = split.whole + (split.first > 0) + (split.second > 0);
  /* What threads share is in more parts, of as many tiles each; a tile's rows are the same in any part. */
  const ptrdiff_t most = (om_is_shared() ? OM_MOST_QUERIES / 2 : OM_MOST_QUERIES) / OM_TILE_ROWS;
  const ptrdiff_t parts = om_max(1, (tiles + most - 1) / most), together = om_max(1, (tiles + parts - 1) / parts);
  for (ptrdiff_t tile = 0; tile < tiles; tile += together)
    if (om_is_mine())
      om_attention_part_f32(q, k, v, steps, y, s, split, tile, om_min(tile + together, tiles),
                            (float *)om_own_scratch(scratch));
}

#endif
