/* Products of bytes with weights of few bits (nbits.h), which accuracy_level 4 of MatMulNBits allows. */
#ifndef OM_MATMUL_NBITS_BYTES_H
#define OM_MATMUL_NBITS_BYTES_H

#include "dot-integer.h"
#include "nbits.h"

/* A vector of row `a` from element `at` on, 0 behind k. */
OM_INLINE om_vf om_nbits_load(const float *a, ptrdiff_t at, ptrdiff_t k) {
  if (at + OM_LANES <= k) return om_load(a + at);
  return at < k ? om_load_first(a + at, k - at) : om_splat(0.0f);
}

/* Rows of A are quantised block by block as well, to [-127, 127], with the largest magnitude over 127 as their scale, as
 * onnxruntime's processors do it (MLAS, QuantizeARow_CompInt8 of its kernels of few bits). */
typedef struct om_nbits_bytes {
  const om_nbits *w;
  ptrdiff_t blocks;
  const int8_t *codes;    /* [m, blocks * block] */
  const uint32_t *halves; /* the same as pairs of halves: even bytes, odd bytes of each four */
  const float *scales;    /* [m, blocks] */
  const float *rests;     /* [m, blocks]: sums of codes, for zero points */
  const int32_t *starts;  /* [m, blocks]: what sums of products begin with, so that zero points of the middle are out of them */
  const float *bias;
  float *y;
} om_nbits_bytes;

/* A block of a row of A: its codes, and their scale and sum. Of a NaN among them the scale is NaN, of an infinity infinite. */
OM_INLINE float om_nbits_quantize(const float *a, ptrdiff_t from, ptrdiff_t k, ptrdiff_t block, int8_t *codes, int32_t *sum) {
  om_vi top = om_splat_int(0), total = om_splat_int(0);
  for (ptrdiff_t i = 0; i < block; i += OM_LANES) {
    /* Magnitudes are ordered as their bits are, NaN above all. */
    const om_vi size = om_bits_of(om_nbits_load(a, from + i, k)) & 0x7fffffff;
#if OM_VECTOR_BYTES > 0
    const om_vi larger = size > top;
    top = (larger & size) | (~larger & top);
#else
    top = size > top ? size : top;
#endif
  }
  int32_t tops[OM_LANES], totals[OM_LANES], most = 0;
  om_store_int(tops, top);
  for (ptrdiff_t j = 0; j < OM_LANES; j++) most = tops[j] > most ? tops[j] : most;
  float largest;
  memcpy(&largest, &most, sizeof largest);
  /* 127 divided by less than that may be infinite: such numbers are 0. */
  const float inverse = largest > 1e-30f ? 127.0f / largest : 0.0f, rounder = 12582912.0f;
  for (ptrdiff_t i = 0; i < block; i += OM_LANES) {
    const om_vf rounded = om_nbits_load(a, from + i, k) * om_splat(inverse) + om_splat(rounder);
    const om_vi code = om_bits_of(rounded) - om_bits_of(om_splat(rounder));
    total += code;
    const om_vb bytes = om_lowest_bytes(code);
    memcpy(codes + i, &bytes, sizeof bytes);
  }
  om_store_int(totals, total);
  *sum = 0;
  for (ptrdiff_t j = 0; j < OM_LANES; j++) *sum += totals[j];
  return largest / 127.0f;
}

#define OM_NBITS_KIND halves
#define OM_NBITS_TARGET
#include "nbits-tile.h"
#if OM_HAS_VNNI
#define OM_NBITS_KIND vnni
#define OM_NBITS_TARGET __attribute__((target("avx512f,avx512vl,avx512vnni")))
#define OM_NBITS_DOT(sum, w, a) OM_DOT_BYTES_QUAD(sum, w, a)
#include "nbits-tile.h"
#endif
#if OM_HAS_VNNI_VEX
#define OM_NBITS_KIND vnni_vex
#define OM_NBITS_TARGET __attribute__((target("avxvnni")))
#define OM_NBITS_DOT(sum, w, a) OM_DOT_BYTES_VEX(sum, w, om_splat_int(om_quad(a)))
#include "nbits-tile.h"
#endif
#if OM_HAS_SDOT
#define OM_NBITS_KIND sdot
#define OM_NBITS_TARGET OM_DOT_SDOT_TARGET
#define OM_NBITS_DOT(sum, w, a) OM_DOT_SIGNED_QUAD(sum, a, w)
#define OM_NBITS_SIGNED 1
#include "nbits-tile.h"
#endif

/* Whether a kind multiplies halves, and whether codes of 8 bits are signed for it, moved by 128. */
OM_INLINE bool om_nbits_takes_halves(om_dot_kind kind, int bits) {
  return kind == OM_DOT_HALVES && !(OM_HAS_PAIRS_OF_BYTES && bits <= 4);
}
OM_INLINE int32_t om_nbits_moved(om_dot_kind kind, int bits) { return kind == OM_DOT_SDOT && bits == 8 ? 128 : 0; }

/* y[m, n] = a[m, k] · weights + bias, which may be NULL, by products of bytes. Threads share the groups of columns. */
OM_INLINE void om_matmul_nbits_int8(const float *a, const om_nbits *w, const float *bias, float *y, ptrdiff_t m,
                                    void *scratch) {
  const om_dot_kind kind = om_best_dot_kind();
  const ptrdiff_t blocks = om_nbits_blocks(w), length = blocks * w->block, all = m * blocks;
  const int32_t middle = w->zeros ? 0 : 1 << (w->bits - 1);
  float *scales = (float *)scratch, *rests = scales + all;
  int32_t *starts = (int32_t *)(rests + all);
  uint32_t *halves = (uint32_t *)(starts + all);
  int8_t *codes = (int8_t *)(halves + (om_nbits_takes_halves(kind, w->bits) ? m * length / 2 : 0));
  for (ptrdiff_t r = 0; r < m; r++) {
    if (!om_is_mine()) continue;
    for (ptrdiff_t i = r * blocks, block = 0; block < blocks; block++, i++) {
      int32_t sum;
      scales[i] = om_nbits_quantize(a + r * w->k, block * w->block, w->k, w->block, codes + i * w->block, &sum);
      rests[i] = (float)sum;
      starts[i] = (om_nbits_moved(kind, w->bits) - middle) * sum;
    }
    if (!om_nbits_takes_halves(kind, w->bits)) continue;
    for (ptrdiff_t q = r * length / 4; q < (r + 1) * length / 4; q++) {
      const om_vi quad = om_splat_int(om_quad(codes + 4 * q)), even = om_even_bytes(quad), odd = om_odd_bytes(quad);
      memcpy(halves + 2 * q, &even, 4), memcpy(halves + 2 * q + 1, &odd, 4);
    }
  }
  om_settle();
  const om_nbits_bytes bytes = {w, blocks, codes, halves, scales, rests, starts, bias, y};
  const ptrdiff_t groups = om_nbits_groups(w), together = om_nbits_together(w, m);
  for (ptrdiff_t group = 0; group < groups; group += together) {
    if (!om_is_mine()) continue;
    const ptrdiff_t end = om_min(group + together, groups);
    if (w->bits == 4) OM_INT_BY_KIND(kind, om_nbits_4, &bytes, group, end, m);
    else if (w->bits == 8) OM_INT_BY_KIND(kind, om_nbits_8, &bytes, group, end, m);
    else OM_INT_BY_KIND(kind, om_nbits_2, &bytes, group, end, m);
  }
}

#endif
