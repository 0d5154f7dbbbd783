/* Vectors of int32, one per lane of a vector of floats: what vector extensions alone do not make good code of. */
#ifndef OM_LANES_H
#define OM_LANES_H

#include "vector.h"

OM_INLINE om_vi om_load_int(const void *p) {
  om_vi v;
  memcpy(&v, p, sizeof v);
  return v;
}

OM_INLINE void om_store_int(void *p, om_vi v) { memcpy(p, &v, sizeof v); }

OM_INLINE om_vi om_splat_int(int32_t x) { return (om_vi){0} + x; }

/* Of negative numbers, too, for which C defines it of vectors only. */
OM_INLINE om_vi om_shift_left(om_vi x, int by) {
#if OM_VECTOR_BYTES > 0
  return x << by;
#else
  return (om_vi)((uint32_t)x << by);
#endif
}

OM_INLINE om_vf om_to_floats(om_vi v) {
#if OM_VECTOR_BYTES > 0
  return __builtin_convertvector(v, om_vf);
#else
  return (float)v;
#endif
}

OM_INLINE om_vi om_bits_of(om_vf v) {
  om_vi bits;
  memcpy(&bits, &v, sizeof bits);
  return bits;
}

OM_INLINE om_vf om_floats_of(om_vi bits) {
  om_vf v;
  memcpy(&v, &bits, sizeof v);
  return v;
}

/* v, but `least` at least and `most` at most; `least` for NaN. */
OM_INLINE om_vf om_keep_within(om_vf v, om_vf least, om_vf most) {
  return om_smaller_else(om_larger_else(v, least), most);
}

/* Behind "v" or "x" of an instruction's operand that may be memory, too. Where it may, clang always makes it that, and stores
 * what was in a register before: products of bytes took 2.7 times as long. */
#ifdef __clang__
#define OM_OR_MEMORY ""
#else
#define OM_OR_MEMORY "m"
#endif

/* A byte per lane. */
#if OM_VECTOR_BYTES > 0
typedef uint8_t om_vb __attribute__((vector_size(OM_LANES)));
#else
typedef uint8_t om_vb;
#endif

/* The lowest byte of each lane. Of __builtin_convertvector GCC 12 makes a move per byte on every vector unit. */
OM_INLINE om_vb om_lowest_bytes(om_vi v) {
  om_vb bytes;
#if OM_VECTOR_BYTES == 64 && defined(__AVX512F__)
  __asm__("vpmovdb %1, %0" : "=v"(bytes) : "v"(v));
#elif OM_VECTOR_BYTES == 32 && defined(__AVX2__)
  const om_vi of_lane = {0x0c080400, 0, 0, 0, 0x0c080400, 0, 0, 0}, first = {0, 4, 0, 0, 0, 0, 0, 0};
  om_vi together;
  __asm__("vpshufb %2, %1, %0" : "=x"(together) : "x"(v), "x" OM_OR_MEMORY(of_lane));
  __asm__("vpermd %1, %2, %0" : "=x"(v) : "x"(together), "x"(first));
  memcpy(&bytes, &v, sizeof bytes);
#elif OM_VECTOR_BYTES == 16 && defined(__SSE2__)
  typedef int words __attribute__((vector_size(16)));
  typedef short halves __attribute__((vector_size(16)));
  const halves half = __builtin_ia32_packssdw128((words)(v & 255), (words)v);
  v = (om_vi)__builtin_ia32_packuswb128(half, half);
  memcpy(&bytes, &v, sizeof bytes);
#elif OM_VECTOR_BYTES == 16 && defined(__wasm_simd128__)
  typedef short halves __attribute__((vector_size(16)));
  const halves half = (halves)__builtin_wasm_narrow_s_i16x8_i32x4(v & 255, v);
  v = (om_vi)__builtin_wasm_narrow_u_i8x16_i16x8(half, half);
  memcpy(&bytes, &v, sizeof bytes);
#elif OM_VECTOR_BYTES == 16 && !defined(__clang__)
  typedef uint8_t all __attribute__((vector_size(16)));
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
  const all chosen = {3, 7, 11, 15};
#else
  const all chosen = {0, 4, 8, 12};
#endif
  const all together = __builtin_shuffle((all)v, chosen);
  memcpy(&bytes, &together, sizeof bytes);
#elif OM_VECTOR_BYTES > 0
  bytes = __builtin_convertvector(v, om_vb);
#else
  bytes = (uint8_t)v;
#endif
  return bytes;
}

#endif
