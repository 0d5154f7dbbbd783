/* Blocks of bytes, of neighbouring channels: spread over the lanes of four vectors, and packed again. On x86 an instruction
 * works on each 16 bytes by itself, and packing is the inverse of spreading: lanes lie in an order of their own between the
 * two, of vector i channels 4i to 4i + 3 of each 16, and nothing has to be moved for it.
 *
 * Of 32 bytes where there is AVX2 or AVX-512, whose wider vectors are as fast here only, and more often too wide. */
#ifndef OM_BYTE_BLOCKS_H
#define OM_BYTE_BLOCKS_H

#include "finish-integer.h"

#if OM_INT_PACKS
#define OM_BLOCK_BYTES 32
#elif OM_VECTOR_BYTES == 16 && (defined(__SSE2__) || defined(__wasm_simd128__))
#define OM_BLOCK_BYTES 16
#else
#define OM_BLOCK_BYTES 0
#endif

#if OM_BLOCK_BYTES > 0
typedef int32_t om_bi __attribute__((vector_size(OM_BLOCK_BYTES)));
typedef float om_bf __attribute__((vector_size(OM_BLOCK_BYTES)));

OM_INLINE om_bi om_load_block(const void *p) {
  om_bi v;
  memcpy(&v, p, sizeof v);
  return v;
}

/* A vector of four lanes from p and, where a block has 32 channels, of four that are `apart` lanes behind. Not by way of
 * memory, from which a vector comes late where two halves of it were just written. */
OM_INLINE om_bi om_load_fours(const int32_t *p, ptrdiff_t apart) {
#if OM_BLOCK_BYTES == 32
  typedef struct om_four_lanes {
    uint8_t of[16];
  } om_four_lanes;
  om_bi v;
  __asm__("vmovdqu %1, %x0\n\tvinserti128 $1, %2, %0, %0"
          : "=&x"(v)
          : "m"(*(const om_four_lanes *)p), "m"(*(const om_four_lanes *)(p + apart)));
  return v;
#else
  (void)apart;
  return om_load_block(p);
#endif
}

OM_INLINE om_bi om_splat_block(int32_t x) { return (om_bi){0} + x; }

/* `low`, `high`: bytes or halves of a and b in turn, of the first or the last 8 bytes of every 16. `pack`: words of a, then of
 * b, as halves; halves as unsigned bytes; what is too large saturates, as do sums. */
#ifdef __wasm_simd128__
typedef int8_t om_block_bytes __attribute__((vector_size(16)));
typedef int16_t om_block_halves __attribute__((vector_size(16)));
#define OM_BLOCK_TURNS(name, type, ...)                                                                                \
  OM_INLINE om_bi name(om_bi a, om_bi b) { return (om_bi)__builtin_shufflevector((type)a, (type)b, __VA_ARGS__); }
OM_BLOCK_TURNS(om_low_bytes, om_block_bytes, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
OM_BLOCK_TURNS(om_high_bytes, om_block_bytes, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
OM_BLOCK_TURNS(om_low_halves, om_block_halves, 0, 8, 1, 9, 2, 10, 3, 11)
OM_BLOCK_TURNS(om_high_halves, om_block_halves, 4, 12, 5, 13, 6, 14, 7, 15)
#undef OM_BLOCK_TURNS
OM_INLINE om_bi om_pack_words(om_bi a, om_bi b) { return (om_bi)__builtin_wasm_narrow_s_i16x8_i32x4(a, b); }
OM_INLINE om_bi om_pack_halves(om_bi a, om_bi b) {
  return (om_bi)__builtin_wasm_narrow_u_i8x16_i16x8((om_block_halves)a, (om_block_halves)b);
}
#else
#if OM_BLOCK_BYTES == 32
#define OM_BLOCK_DOES(name, instruction)                                                                               \
  OM_INLINE om_bi name(om_bi a, om_bi b) {                                                                             \
    om_bi v;                                                                                                           \
    __asm__("v" #instruction " %2, %1, %0" : "=v"(v) : "v"(a), "v"(b));                                                \
    return v;                                                                                                          \
  }
#else
#define OM_BLOCK_DOES(name, instruction)                                                                               \
  OM_INLINE om_bi name(om_bi a, om_bi b) {                                                                             \
    __asm__(#instruction " %1, %0" : "+x"(a) : "x"(b));                                                                \
    return a;                                                                                                          \
  }
#endif
OM_BLOCK_DOES(om_low_bytes, punpcklbw)
OM_BLOCK_DOES(om_high_bytes, punpckhbw)
OM_BLOCK_DOES(om_low_halves, punpcklwd)
OM_BLOCK_DOES(om_high_halves, punpckhwd)
OM_BLOCK_DOES(om_pack_words, packssdw)
OM_BLOCK_DOES(om_pack_halves, packuswb)
OM_BLOCK_DOES(om_add_halves, paddsw)
#undef OM_BLOCK_DOES
#endif

/* A sum that is made in the order in which it is written: GCC else multiplies first, and keeps the products in memory. */
#ifdef __wasm_simd128__
#define OM_BLOCK_KEEP(sum) ((void)(sum))
#else
#define OM_BLOCK_KEEP(sum) __asm__("" : "+x"(sum))
#endif

/* om_multiply_halves of a vector of a block. */
OM_INLINE om_bi om_multiply_block(om_bi a, om_bi b) {
#if OM_BLOCK_BYTES == 32
  typedef short halves __attribute__((vector_size(32)));
  return (om_bi)__builtin_ia32_pmaddwd256((halves)a, (halves)b);
#else
  return om_multiply_halves(a, b);
#endif
}

/* What becomes of the sums of a block: for each of the four vectors what they begin with, and their scales. */
typedef struct om_int_block {
  om_bi start[4];
  om_bf scale[4], nudge[4];
  om_int_limits limits;
  om_bf most;         /* or all of these in vectors, as they are used: */
  om_bi zero, flip;
} om_int_block;

/* Of the columns from `first` of c on. */
OM_INLINE void om_int_prepare_block(const om_int_product *p, const om_int_columns *c, ptrdiff_t first, om_int_block *b) {
  const om_int_limits limits = om_int_limits_of(p);
  b->limits = (om_int_limits){limits.least, limits.most, limits.zero + limits.flip, 0};
  b->most = (om_bf){0} + limits.most;
  b->zero = om_splat_block(((limits.zero + limits.flip) & 0xffff) * 0x00010001);
  b->flip = om_splat_block(limits.flip * 0x01010101);
  for (ptrdiff_t i = 0; i < 4; i++) {
    const ptrdiff_t at = first + 4 * i;
    b->start[i] = om_load_fours(c->start + at, 16);
    b->scale[i] = (om_bf)om_load_fours((const int32_t *)c->scale + at, 16);
    b->nudge[i] = (om_bf)om_load_fours((const int32_t *)c->nudge + at, 16);
  }
}

/* Sums of a block, with what they begin with, as bytes, the channels in their order: as om_quantize rounds and saturates. */
OM_INLINE om_bi om_block_codes(const om_bi sum[4], const om_int_block *b, const bool is_plain) {
  om_bi word[4];
OM_UNROLL(4)
  for (int i = 0; i < 4; i++) {
#ifdef __wasm_simd128__
    word[i] = om_int_codes(sum[i], b->scale[i], b->nudge[i], !is_plain, &b->limits);
#else
    /* As om_int_four_codes does it. */
    om_bf real = __builtin_convertvector(sum[i], om_bf) * b->scale[i];
    if (!is_plain) real += (om_bf)((om_bi)b->nudge[i] | (sum[i] & INT32_MIN));
#if OM_BLOCK_BYTES == 32
    if (!is_plain) __asm__("vminps %1, %2, %0" : "=v"(real) : "v"(real), "v"(b->most)); /* NaN where real is */
    __asm__("vcvtps2dq %1, %0" : "=v"(word[i]) : "v"(real));
#else
    if (!is_plain) real = __builtin_ia32_minps(b->most, real); /* NaN where real is */
    word[i] = (om_bi)__builtin_ia32_cvtps2dq(real);
#endif
#endif
  }
  om_bi first = om_pack_words(word[0], word[1]), last = om_pack_words(word[2], word[3]);
#ifndef __wasm_simd128__
  first = om_add_halves(first, b->zero), last = om_add_halves(last, b->zero);
#endif
  return om_pack_halves(first, last) ^ b->flip;
}
#endif

#endif
