/* Products of floats with weights of few bits (nbits.h). They stay packed in memory, and are taken apart only while they are used. */
#ifndef OM_MATMUL_NBITS_H
#define OM_MATMUL_NBITS_H

#include "gemm.h"
#include "nbits.h"

/* Where weights become floats for the kernel of matrices: so many columns, and so much of their length, that a cache of the second
 * level holds them. Fewer columns would have A's rows gathered more often than they are used: 128 rows by single panels took
 * 1.1 times as long (v4) to 1.2 (v3). */
#define OM_NBITS_WIDE (OM_VECTOR_BYTES == 0 ? OM_NBITS_COLUMNS : 128 / OM_PANEL * OM_PANEL)
#define OM_NBITS_DEPTH 512

/* Numbers of A's rows that such a step takes: whole blocks. */
OM_INLINE ptrdiff_t om_nbits_depth(ptrdiff_t k, ptrdiff_t block) {
  return om_min(om_round_up(k, block), om_max(block, OM_NBITS_DEPTH));
}

/* A thread's own part of the scratch: src/lowering/pack-nbits.ts counts the same. */
#define OM_NBITS_OWN(k, block) (OM_GEMM_SCRATCH + 4 * OM_NBITS_WIDE * om_nbits_depth(k, block))

/* Where instructions of AVX-512 move codes of `bits` bits by the middle of their range on the way to floats. */
#if OM_VECTOR_BYTES == 64 && defined(__AVX512F__)
#define OM_NBITS_MOVES(bits) ((bits) != 2)
#else
#define OM_NBITS_MOVES(bits) false
#endif

/* A line's bytes, in which codes are made signed otherwise: moved by the middle. */
OM_INLINE om_vi om_nbits_line(const uint8_t *line, const int bits) {
  const uint32_t middles = bits == 8 ? 0x80808080u : bits == 4 ? 0x88888888u : 0xaaaaaaaau;
  const om_vi bytes = om_load_int(line);
  return OM_NBITS_MOVES(bits) ? bytes : bytes ^ (int32_t)middles;
}

/* Code number `i` of such bytes less the middle, as floats: in part i / 4, byte i % 4 of each lane. */
OM_INLINE om_vf om_nbits_code(om_vi bytes, const int i, const int bits) {
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  const int shift = 8 * (3 - i % 4) + bits * (i / 4);
#else
  const int shift = 8 * (i % 4) + bits * (i / 4);
#endif
#if OM_VECTOR_BYTES == 64 && defined(__AVX512F__)
  if (bits == 4) { /* a table of sixteen floats, of whose indices only four bits count: no mask, no conversion */
    const om_vf table = {-8, -7, -6, -5, -4, -3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7};
    om_vf code;
    __asm__("vpermps %1, %2, %0" : "=v"(code) : "v"(table), "v"(shift ? bytes >> shift : bytes));
    return code;
  }
  /* The mantissa of 2^23 and the code: mask and exponent are one instruction. */
  if (bits == 8) return (om_vf)(((bytes >> shift) & 255) | 0x4b000000) - om_splat(8388608.0f + 128.0f);
#endif
  return om_to_floats(om_shift_left(bytes, 32 - bits - shift) >> (32 - bits));
}

/* What is to be taken off those: zero points of a block's columns, from `zeros` on, less the middle. */
OM_INLINE om_vf om_nbits_zero(const float *zeros, const int bits) { return om_load(zeros) - om_splat((float)(1 << (bits - 1))); }

/* `rows` rows of A, `a_row` apart, times a group. Zero points are taken off codes and not off sums of products, which are
 * large where A's sum is: little of their digits would be left, and of an infinity nothing. */
OM_INLINE void om_nbits_dots(const om_nbits *w, ptrdiff_t group, const float *a, ptrdiff_t a_row, const float *bias, float *y,
                             const int rows, const int bits, const bool has_zeros) {
  const ptrdiff_t blocks = om_nbits_blocks(w), lines = om_nbits_lines(w, bits), first = group * blocks;
  const uint8_t *codes = w->codes + first * lines * OM_NBITS_LINE;
  om_vf total[OM_NBITS_ROWS][OM_NBITS_VECTORS];
OM_UNROLL(8)
  for (int r = 0; r < rows; r++)
OM_UNROLL(16)
    for (int v = 0; v < OM_NBITS_VECTORS; v++) total[r][v] = om_splat(0.0f);
  for (ptrdiff_t block = 0; block < blocks; block++, codes += lines * OM_NBITS_LINE, a += w->block)
OM_UNROLL(16)
    for (int v = 0; v < OM_NBITS_VECTORS; v++) {
      const ptrdiff_t at = (first + block) * OM_NBITS_COLUMNS + v * OM_LANES;
      const om_vf zero = has_zeros ? om_nbits_zero(w->zeros + at, bits) : om_splat(0.0f), scale = om_load(w->scales + at);
      /* A single row's sum would wait for itself. */
      om_vf sum[OM_NBITS_ROWS][2];
OM_UNROLL(8)
      for (int r = 0; r < rows; r++) sum[r][0] = sum[r][1] = om_splat(0.0f);
      const float *numbers = a;
      for (ptrdiff_t line = 0; line < lines; line++) {
        const om_vi bytes = om_nbits_line(codes + line * OM_NBITS_LINE + v * OM_VECTOR_STEP, bits);
OM_UNROLL(16)
        for (int i = 0; i < 16; i++) {
          if (i * bits >= 32) break;
          om_vf code = om_nbits_code(bytes, i, bits);
          if (has_zeros) code -= zero;
OM_UNROLL(8)
          for (int r = 0; r < rows; r++) sum[r][rows == 1 ? i % 2 : 0] += code * om_splat(numbers[r * a_row + i]);
        }
        numbers += 32 / bits;
      }
OM_UNROLL(8)
      for (int r = 0; r < rows; r++) total[r][v] += (rows == 1 ? sum[r][0] + sum[r][1] : sum[r][0]) * scale;
    }
OM_UNROLL(8)
  for (int r = 0; r < rows; r++)
OM_UNROLL(16)
    for (int v = 0; v < OM_NBITS_VECTORS; v++)
      om_nbits_store(w, y + r * w->n, group * OM_NBITS_COLUMNS + v * OM_LANES, bias, total[r][v]);
}

/* All m rows times the groups from `group` to `end`. */
#define OM_NBITS_GROUPS(name, bits, has_zeros)                                                                         \
  OM_SHARED void name(const om_nbits *w, ptrdiff_t group, ptrdiff_t end, const float *a, ptrdiff_t a_row,              \
                      const float *bias, float *y, ptrdiff_t m) {                                                      \
    for (; group < end; group++) {                                                                                     \
      ptrdiff_t r = 0;                                                                                                 \
      for (; r + OM_NBITS_ROWS <= m; r += OM_NBITS_ROWS)                                                               \
        om_nbits_dots(w, group, a + r * a_row, a_row, bias, y + r * w->n, OM_NBITS_ROWS, bits, has_zeros);             \
      for (; OM_NBITS_ROWS > 4 && r + 4 <= m; r += 4)                                                                  \
        om_nbits_dots(w, group, a + r * a_row, a_row, bias, y + r * w->n, 4, bits, has_zeros);                         \
      for (; r + 2 <= m; r += 2) om_nbits_dots(w, group, a + r * a_row, a_row, bias, y + r * w->n, 2, bits, has_zeros);\
      for (; r < m; r++) om_nbits_dots(w, group, a + r * a_row, a_row, bias, y + r * w->n, 1, bits, has_zeros);        \
    }                                                                                                                  \
  }
OM_NBITS_GROUPS(om_nbits_groups_2, 2, false)
OM_NBITS_GROUPS(om_nbits_groups_4, 4, false)
OM_NBITS_GROUPS(om_nbits_groups_8, 8, false)
OM_NBITS_GROUPS(om_nbits_groups_with_zeros_2, 2, true)
OM_NBITS_GROUPS(om_nbits_groups_with_zeros_4, 4, true)
OM_NBITS_GROUPS(om_nbits_groups_with_zeros_8, 8, true)
typedef void om_nbits_groups_of(const om_nbits *, ptrdiff_t, ptrdiff_t, const float *, ptrdiff_t, const float *, float *, ptrdiff_t);

/* `width` columns from n0 on, and of these the blocks from `from` to `end`, as floats packed for the kernel of matrices. */
OM_INLINE void om_nbits_widen(const om_nbits *w, ptrdiff_t n0, ptrdiff_t width, ptrdiff_t from, ptrdiff_t end, float *packed,
                              const int bits) {
  const ptrdiff_t blocks = om_nbits_blocks(w), lines = om_nbits_lines(w, bits), length = (end - from) * w->block;
  const ptrdiff_t wide = (width + OM_LANES - 1) / OM_LANES / OM_TILE_VECTORS * OM_PANEL; /* see om_gemm_pack_f32 */
  for (ptrdiff_t column = 0; column < width; column += OM_LANES) {
    const ptrdiff_t group = (n0 + column) / OM_NBITS_COLUMNS, vector = (n0 + column) % OM_NBITS_COLUMNS;
    const ptrdiff_t step = column < wide ? OM_PANEL : OM_LANES;
    float *to = packed + (column < wide ? column / OM_PANEL * OM_PANEL * length + column % OM_PANEL : column * length);
    const uint8_t *codes = w->codes + (group * blocks + from) * lines * OM_NBITS_LINE + vector * 4;
    for (ptrdiff_t block = from; block < end; block++) {
      const ptrdiff_t at = (group * blocks + block) * OM_NBITS_COLUMNS + vector;
      const om_vf scale = om_load(w->scales + at), zero = w->zeros ? om_nbits_zero(w->zeros + at, bits) : om_splat(0.0f);
      for (ptrdiff_t line = 0; line < lines; line++, codes += OM_NBITS_LINE) {
        const om_vi bytes = om_nbits_line(codes, bits);
OM_UNROLL(16)
        for (int i = 0; i < 16; i++) {
          if (i * bits >= 32) break;
          om_store(to + i * step, (om_nbits_code(bytes, i, bits) - zero) * scale);
        }
        to += 32 / bits * step;
      }
    }
  }
}

/* The product with OM_NBITS_WIDE columns from n0 on, step by step of their length; own: OM_NBITS_OWN bytes. */
OM_SHARED void om_nbits_panels(const om_nbits *w, const float *a, ptrdiff_t length, const float *bias, float *y, ptrdiff_t m,
                               ptrdiff_t n0, void *own) {
  const ptrdiff_t width = om_min(OM_NBITS_WIDE, w->n - n0), blocks = om_nbits_blocks(w);
  const ptrdiff_t together = om_nbits_depth(w->k, w->block) / w->block;
  float *packed = (float *)((char *)own + OM_GEMM_SCRATCH);
  for (ptrdiff_t block = 0; block < blocks; block += together) {
    const ptrdiff_t end = om_min(block + together, blocks);
    if (w->bits == 4) om_nbits_widen(w, n0, width, block, end, packed, 4);
    else if (w->bits == 8) om_nbits_widen(w, n0, width, block, end, packed, 8);
    else om_nbits_widen(w, n0, width, block, end, packed, 2);
    const om_gemm_shape shape = {.m = m, .n = width, .k = (end - block) * w->block, .c_row = w->n, .a_row = length, .a_column = 1};
    om_epilogue epilogue = {.bias = block == 0 && bias ? bias + n0 : NULL};
    if (block > 0) epilogue.residual = y + n0, epilogue.residual_row = w->n;
    om_gemm_any_f32(a + block * w->block, packed, y + n0, &shape, &epilogue, own);
  }
}

/* Rows of A that are few: making weights floats for the kernel of matrices takes as long as some eight. */
#define OM_NBITS_FEW 8

/* y[m, n] = a[m, k] · weights + bias, which may be NULL, by products of floats. Threads share the columns. */
OM_INLINE void om_matmul_nbits_f32(const float *a, const om_nbits *w, const float *bias, float *y, ptrdiff_t m, void *scratch) {
  const ptrdiff_t length = om_nbits_blocks(w) * w->block;
  const bool is_few = m <= OM_NBITS_FEW;
  float *whole = (float *)((char *)scratch + OM_NBITS_OWN(w->k, w->block));
  for (ptrdiff_t r = 0; length > w->k && r < m; r++) {
    if (!om_is_mine()) continue;
    memcpy(whole + r * length, a + r * w->k, (size_t)w->k * sizeof(float));
    memset(whole + r * length + w->k, 0, (size_t)(length - w->k) * sizeof(float));
  }
  om_settle();
  if (length > w->k) a = whole;
  if (is_few) {
    om_nbits_groups_of *of_two = w->zeros ? om_nbits_groups_with_zeros_2 : om_nbits_groups_2;
    om_nbits_groups_of *of_four = w->zeros ? om_nbits_groups_with_zeros_4 : om_nbits_groups_4;
    om_nbits_groups_of *of_eight = w->zeros ? om_nbits_groups_with_zeros_8 : om_nbits_groups_8;
    om_nbits_groups_of *multiply = w->bits == 4 ? of_four : w->bits == 8 ? of_eight : of_two;
    const ptrdiff_t groups = om_nbits_groups(w), together = om_nbits_together(w, m);
    for (ptrdiff_t group = 0; group < groups; group += together)
      if (om_is_mine()) multiply(w, group, om_min(group + together, groups), a, length, bias, y, m);
  } else
    for (ptrdiff_t n0 = 0; n0 < w->n; n0 += OM_NBITS_WIDE) {
      if (!om_is_mine()) continue;
      om_parts *shared = om_begin_alone();
      om_nbits_panels(w, a, length, bias, y, m, n0, om_own_scratch(scratch));
      om_end_alone(shared);
    }
}

#endif
