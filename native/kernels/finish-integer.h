/* What becomes of the sums of integer products: they stay as they are, become floats, or are quantised anew. */
#ifndef OM_FINISH_INTEGER_H
#define OM_FINISH_INTEGER_H

#include "dot-integer.h"
#include "parallel.h"
#include "quantize.h"
#include "soft-code.h"

/* Columns whose sums wait for what is made of them. */
#ifndef OM_INT_COLUMNS
#define OM_INT_COLUMNS 256
#endif

/* Whether little code is wanted more than fast code: what is called by several is one function then. */
#if OM_VECTOR_BYTES == 0 && defined(__OPTIMIZE_SIZE__)
#define OM_INT_SHORT 1
#define OM_INT_OFTEN OM_SHARED
#else
#define OM_INT_SHORT 0
#define OM_INT_OFTEN OM_INLINE
#endif

/* Whether codes are made by packing that saturates. */
#if OM_VECTOR_BYTES >= 32 && defined(__AVX2__)
#define OM_INT_PACKS 1
#else
#define OM_INT_PACKS 0
#endif

/* A part that is worth claiming, in products of bytes, which are four times as fast as those of floats; and how many of them
 * the way of a sum to its result is worth. */
#define OM_INT_LEAST_PART (4 * OM_LEAST_PART)
#define OM_INT_RESULT 32

/* What becomes of the sums. */
typedef enum om_int_result { OM_INT_SUMS, OM_INT_FLOATS, OM_INT_UINT8, OM_INT_INT8 } om_int_result;

typedef struct om_int_product om_int_product;
typedef struct om_int_columns om_int_columns;

/* Makes results of sums, `sum_row` apart, with room behind each row for a whole vector: rows of y from `row` and columns from
 * n0 on, which are those of `c` from `first` on. `rest`: of each row of A its sum less k times its zero point; NULL where B's
 * zero point as packed is 0. */
typedef void om_int_finisher(const om_int_product *p, const int32_t *sum, ptrdiff_t sum_row, ptrdiff_t row, ptrdiff_t rows,
                             ptrdiff_t n0, ptrdiff_t count, const om_int_columns *c, ptrdiff_t first, const int32_t *rest);

struct om_int_product {
  ptrdiff_t m, n, k;
  const int8_t *packed; /* B */
  const int32_t *sums;  /* of its columns; or NULL: `bias` has what A's zero point takes from them */
  bool a_signed, b_signed;
  const void *a_zero, *b_zero;      /* as the operands' types; or NULL: 0 */
  ptrdiff_t a_zero_step, b_zero_step; /* 1: one per row of A, per column of B; 0: one for all */
  om_int_result result;
  om_int_finisher *finish; /* of sums and floats: om_int_finish_sums or _floats, so that a program without these has neither */
  const float *scale; /* what sums are multiplied with for all results but OM_INT_SUMS */
  ptrdiff_t scale_step; /* 1: one per column */
  const float *nudge; /* moves what is quantised away from 0 before it is rounded; less than 0.5; or NULL */
  ptrdiff_t nudge_step; /* 1: one per column */
  const int32_t *bias;       /* [n], added to the sums; or NULL */
  const float *float_bias;   /* [n], added to floats; or NULL */
  const void *y_zero;        /* of the result's type; or NULL: 0 */
  void *y;
  ptrdiff_t y_row; /* elements between rows */
};

OM_INLINE int32_t om_read_byte(const void *p, ptrdiff_t i, bool is_signed) {
  return is_signed ? ((const int8_t *)p)[i] : ((const uint8_t *)p)[i];
}

/* What is the same for all rows of some columns. */
struct om_int_columns {
  int32_t start[OM_INT_COLUMNS]; /* added to the sums: the bias, less a_zero times the column's sum */
  int32_t zero[OM_INT_COLUMNS];  /* of B as packed */
  float scale[OM_INT_COLUMNS];
  float nudge[OM_INT_COLUMNS];
  /* Scales are below 1, as almost all are, so that any sum times one is an int32; and nothing is nudged. False where nobody asks: without
   * vectors, where a comparison of floats may be a call. */
  bool is_plain;
};

OM_SHARED void om_int_prepare(const om_int_product *p, ptrdiff_t n0, ptrdiff_t count, int32_t a_zero, om_int_columns *to) {
  const int32_t moved = p->b_signed ? 0 : 128;
  memset(to, 0, sizeof *to);
  to->is_plain = OM_VECTOR_BYTES > 0 && !p->nudge;
  for (ptrdiff_t j = 0; j < count; j++) {
    to->start[j] = (p->bias ? p->bias[n0 + j] : 0) - (p->sums ? a_zero * p->sums[n0 + j] : 0);
    to->zero[j] = (p->b_zero ? om_read_byte(p->b_zero, (n0 + j) * p->b_zero_step, p->b_signed) : 0) - moved;
    to->scale[j] = p->scale ? p->scale[(n0 + j) * p->scale_step] : 1.0f;
    to->nudge[j] = p->nudge ? p->nudge[(n0 + j) * p->nudge_step] : 0.0f;
    if (OM_VECTOR_BYTES > 0) to->is_plain &= fabsf(to->scale[j]) < 1.0f;
  }
}

#if OM_SOFT_FLOAT
typedef int32_t om_int_limit;
#else
typedef float om_int_limit;
#endif

/* The type that is quantised to, and its zero point. */
typedef struct om_int_limits {
  om_int_limit least, most; /* its ends less the zero point */
  int32_t zero;
  int32_t flip;      /* 128 where it is signed */
} om_int_limits;

OM_INLINE om_int_limits om_int_limits_of(const om_int_product *p) {
  const bool is_signed = p->result == OM_INT_INT8;
  const int32_t zero = p->y_zero ? om_read_byte(p->y_zero, 0, is_signed) : 0, low = is_signed ? -128 : 0;
  return (om_int_limits){(om_int_limit)(low - zero), (om_int_limit)(low + 255 - zero), zero, is_signed ? 128 : 0};
}

/* 1.5 * 2^23: where floats are whole numbers, so that a sum with it is rounded to one, of two as near to the even one, and
 * its lower bits are that number. One addition in place of a rounding and a conversion, on every vector unit. */
#define OM_INT_ROUNDER 12582912.0f
#define OM_INT_ROUNDER_BITS 0x4b400000

/* Sums times scales. `nudge` has the sum's sign, which is that of what it is added to (scales that come with it are
 * positive): of 0, it makes what still is rounded to 0. */
OM_INLINE om_vf om_int_scaled(om_vi sum, om_vf scale, om_vf nudge, const bool nudged) {
  const om_vf real = om_to_floats(sum) * scale;
  return nudged ? real + om_floats_of(om_bits_of(nudge) | (sum & om_splat_int(INT32_MIN))) : real;
}

/* The same as codes, one per lane, as om_quantize rounds and saturates. Limits come first: what lies between them is small
 * enough for OM_INT_ROUNDER, and as they are whole it is the same. */
OM_INLINE om_vi om_int_codes(om_vi sum, om_vf scale, om_vf nudge, const bool nudged, const om_int_limits *limits) {
#if OM_SOFT_FLOAT
  return om_soft_code(sum, scale, nudged ? nudge : 0.0f, limits->least, limits->most) + limits->zero;
#else
  const om_vf real = om_int_scaled(sum, scale, nudge, nudged);
  const om_vf kept = om_keep_within(real, om_splat(limits->least), om_splat(limits->most));
  return om_bits_of(kept + om_splat(OM_INT_ROUNDER)) - om_splat_int(OM_INT_ROUNDER_BITS - limits->zero);
#endif
}

/* What turns the sums of two vectors of columns into codes. */
typedef struct om_int_units {
  om_vf scale[2], nudge[2];
} om_int_units;

/* The same of four vectors, of even and odd units in turn, as bytes, one vector's behind the other's. On AVX2 and AVX-512 by packing that saturates: only
 * what is too large for an int32 must be limited before, as it becomes the least, and nothing where it `is_plain` (see
 * om_int_columns): 5 to 8 instructions a vector instead of 11. */
OM_INLINE om_vi om_int_four_codes(om_vi a, om_vi b, om_vi c, om_vi d, const om_int_units u, const bool is_plain,
                                  const om_int_limits *limits) {
  om_vi all;
#if OM_INT_PACKS
#if OM_VECTOR_BYTES == 64
  const om_vi order = {0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15};
#else
  const om_vi order = {0, 4, 1, 5, 2, 6, 3, 7};
#endif
  const om_vf most = om_splat(limits->most);
  const om_vi zero = om_splat_int(((limits->zero + limits->flip) & 0xffff) * 0x00010001);
#define OM_INT_ROUNDED(v, i)                                                                                           \
  do {                                                                                                                 \
    om_vf real = om_int_scaled(v, u.scale[i], u.nudge[i], !is_plain);                                                  \
    if (!is_plain) __asm__("vminps %1, %2, %0" : "=v"(real) : "v"(real), "v"(most)); /* NaN where real is */           \
    __asm__("vcvtps2dq %1, %0" : "=v"(v) : "v"(real));                                                                 \
  } while (0)
  OM_INT_ROUNDED(a, 0);
  OM_INT_ROUNDED(b, 1);
  OM_INT_ROUNDED(c, 0);
  OM_INT_ROUNDED(d, 1);
#undef OM_INT_ROUNDED
  __asm__("vpackssdw %2, %1, %0" : "=v"(a) : "v"(a), "v"(b));
  __asm__("vpackssdw %2, %1, %0" : "=v"(c) : "v"(c), "v"(d));
  __asm__("vpaddsw %2, %1, %0" : "=v"(a) : "v"(a), "v"(zero));
  __asm__("vpaddsw %2, %1, %0" : "=v"(c) : "v"(c), "v"(zero));
  __asm__("vpackuswb %2, %1, %0" : "=v"(all) : "v"(a), "v"(c));
  __asm__("vpermd %1, %2, %0" : "=v"(all) : "v"(all), "v"(order));
  all ^= om_splat_int(limits->flip * 0x01010101);
#else
  const om_vi sums[4] = {a, b, c, d};
  om_vb bytes[4];
OM_UNROLL(4)
  for (int i = 0; i < 4; i++)
    bytes[i] = om_lowest_bytes(om_int_codes(sums[i], u.scale[i % 2], u.nudge[i % 2], !is_plain, limits));
  memcpy(&all, bytes, sizeof all);
#endif
  return all;
}

/* The first or the second half of the bytes of a vector. */
OM_INLINE void om_store_half(uint8_t *y, om_vi v, const int half) {
#if OM_INT_PACKS
  typedef struct om_half {
    uint8_t of[2 * OM_LANES];
  } om_half;
#if OM_VECTOR_BYTES == 64
  if (half) __asm__("vextracti64x4 $1, %1, %0" : "=m"(*(om_half *)y) : "v"(v));
  else __asm__("vextracti64x4 $0, %1, %0" : "=m"(*(om_half *)y) : "v"(v));
#else
  if (half) __asm__("vextracti128 $1, %1, %0" : "=m"(*(om_half *)y) : "x"(v));
  else __asm__("vextracti128 $0, %1, %0" : "=m"(*(om_half *)y) : "x"(v));
#endif
#else
  memcpy(y, (const uint8_t *)&v + half * 2 * OM_LANES, 2 * OM_LANES);
#endif
}

/* `n` bytes, less than 64, in powers of two: a copy of any length is a call. */
OM_INLINE void om_store_bytes(uint8_t *y, const uint8_t *from, ptrdiff_t n) {
  if (n & 32) memcpy(y, from, 32), y += 32, from += 32;
  if (n & 16) memcpy(y, from, 16), y += 16, from += 16;
  if (n & 8) memcpy(y, from, 8), y += 8, from += 8;
  if (n & 4) memcpy(y, from, 4), y += 4, from += 4;
  if (n & 2) memcpy(y, from, 2), y += 2, from += 2;
  if (n & 1) *y = *from;
}

/* The first `width` codes of a vector that are one per lane. A function of its own, as that below: its room in memory is
 * none of its callers'. */
OM_SHARED void om_store_some_codes(uint8_t *y, om_vi codes, ptrdiff_t width) {
  const om_vb bytes = om_lowest_bytes(codes);
  uint8_t room[64] = {0};
  memcpy(room, &bytes, OM_LANES);
  om_store_bytes(y, room, width);
}

/* `width` codes of a vector, or all that it has. */
OM_INLINE void om_store_codes(uint8_t *y, om_vi codes, ptrdiff_t width) {
  const om_vb bytes = om_lowest_bytes(codes);
  if (OM_LANES == 1 || width >= OM_LANES) memcpy(y, &bytes, OM_LANES);
  else om_store_some_codes(y, codes, width);
}

/* The first `width` bytes of both halves of a vector, to rows of y. */
OM_SHARED void om_store_some_of_halves(uint8_t *y, ptrdiff_t y_row, om_vi codes, ptrdiff_t width) {
  if (OM_LANES == 1) { /* of two */
    memcpy(y, &codes, 1), memcpy(y + y_row, (const uint8_t *)&codes + 2, 1);
    return;
  }
  uint8_t room[64] = {0};
  memcpy(room, &codes, sizeof codes);
  om_store_bytes(y, room, width);
  om_store_bytes(y + y_row, room + 2 * OM_LANES, width);
}

/* See om_int_finisher. */
OM_INLINE void om_int_finish_as(const om_int_product *p, const int32_t *sum, ptrdiff_t sum_row, ptrdiff_t row, ptrdiff_t rows,
                                ptrdiff_t n0, ptrdiff_t count, const om_int_columns *c, ptrdiff_t first,
                                const int32_t *rest, const om_int_result result, const bool nudged) {
  const om_int_limits limits = om_int_limits_of(p);
  const size_t size = result < OM_INT_UINT8 ? 4 : 1;
  ptrdiff_t r = 0;
  /* Four rows at once, where that pays: taking the vectors of AVX-512 apart again costs more than packing saves. */
  if (OM_VECTOR_BYTES == 32 && result == OM_INT_UINT8 && !rest && count % OM_LANES == 0)
    for (; r + 4 <= rows; r += 4, sum += 4 * sum_row) {
      uint8_t *y = (uint8_t *)p->y + (row + r) * p->y_row + n0;
      for (ptrdiff_t j = 0; j < count; j += OM_LANES) {
        const om_vi start = om_load_int(c->start + first + j);
        const om_vf scale = om_load(c->scale + first + j), nudge = om_load(c->nudge + first + j);
        const om_int_units units = {{scale, scale}, {nudge, nudge}};
        om_vi whole[4];
OM_UNROLL(4)
        for (int i = 0; i < 4; i++) whole[i] = om_load_int(sum + i * sum_row + j) + start;
        const om_vi codes = om_int_four_codes(whole[0], whole[1], whole[2], whole[3], units, !nudged && c->is_plain, &limits);
OM_UNROLL(4)
        for (int i = 0; i < 4; i++) memcpy(y + i * p->y_row + j, (const uint8_t *)&codes + i * OM_LANES, OM_LANES);
      }
    }
  for (; r < rows; r++, sum += sum_row) {
    char *y = (char *)p->y + (size_t)((row + r) * p->y_row + n0) * size;
    for (ptrdiff_t j = 0; j < count; j += OM_LANES) {
      const ptrdiff_t width = om_min(OM_LANES, count - j);
      om_vi whole = om_load_int(sum + j) + om_load_int(c->start + first + j);
      if (rest) whole -= om_splat_int(rest[r]) * om_load_int(c->zero + first + j);
      if (result == OM_INT_UINT8) {
        const om_vf scale = om_load(c->scale + first + j), nudge = om_load(c->nudge + first + j);
        om_store_codes((uint8_t *)y + j, om_int_codes(whole, scale, nudge, nudged, &limits), width);
        continue;
      }
      if (result == OM_INT_FLOATS) {
        om_vf real = om_to_floats(whole) * om_load(c->scale + first + j);
        /* A copy of any length is a call, which took as long as all else here. */
        if (p->float_bias && width == OM_LANES) real += om_load(p->float_bias + n0 + j);
        else if (p->float_bias) real += om_load_first(p->float_bias + n0 + j, width);
        whole = om_bits_of(real);
      }
      if (width == OM_LANES) om_store_int(y + j * 4, whole);
      else memcpy(y + j * 4, &whole, (size_t)(width % OM_LANES) * 4);
    }
  }
}

#define OM_INT_FINISH(name, result, nudged)                                                                            \
  OM_SHARED void name(const om_int_product *p, const int32_t *sum, ptrdiff_t sum_row, ptrdiff_t row, ptrdiff_t rows,   \
                      ptrdiff_t n0, ptrdiff_t count, const om_int_columns *c, ptrdiff_t first, const int32_t *rest) {  \
    om_int_finish_as(p, sum, sum_row, row, rows, n0, count, c, first, rest, result, nudged);                           \
  }
OM_INT_FINISH(om_int_finish_sums, OM_INT_SUMS, false)
OM_INT_FINISH(om_int_finish_floats, OM_INT_FLOATS, false)
OM_INT_FINISH(om_int_finish_codes, OM_INT_UINT8, false)
OM_INT_FINISH(om_int_finish_nudged, OM_INT_UINT8, true)

/* See om_int_finisher. What makes codes is called by its name, so that compilers make it for
 * arguments that are constant. */
OM_INLINE void om_int_finish(const om_int_product *p, const int32_t *sum, ptrdiff_t sum_row, ptrdiff_t row, ptrdiff_t rows,
                             ptrdiff_t n0, ptrdiff_t count, const om_int_columns *c, ptrdiff_t first,
                             const int32_t *rest) {
  if (p->result < OM_INT_UINT8) p->finish(p, sum, sum_row, row, rows, n0, count, c, first, rest);
  else if (OM_INT_SHORT || p->nudge) om_int_finish_nudged(p, sum, sum_row, row, rows, n0, count, c, first, rest);
  else om_int_finish_codes(p, sum, sum_row, row, rows, n0, count, c, first, rest);
}

/* What A's bytes are turned with so that all are unsigned, or signed for the instruction that wants that: it is given back there. */
OM_INLINE uint8_t om_int_flip(const om_int_product *p, om_dot_kind kind) {
  return p->a_signed == (kind == OM_DOT_SDOT) ? 0 : 0x80;
}

OM_INLINE int32_t om_int_a_zero(const om_int_product *p, ptrdiff_t row) {
  return (p->a_zero ? om_read_byte(p->a_zero, row * p->a_zero_step, p->a_signed) : 0) + (p->a_signed ? 128 : 0);
}

#endif
