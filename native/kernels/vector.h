/* Vectors of floats for one target, on GCC and clang vector extensions: no intrinsics, so the same kernels
 * serve AVX-512, AVX2, SSE2, NEON, VXE (z14 and newer) and wasm simd128, and scalars where there is no vector unit.
 *
 * OM_VECTOR_BYTES, OM_TILE_ROWS and OM_TILE_VECTORS come from src/lowering/kernel-shape.ts as -D options, because
 * weights are packed to them at build time. The defaults here are the same table, for tests and by-hand builds. */
#ifndef OM_VECTOR_H
#define OM_VECTOR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#ifndef OM_VECTOR_BYTES
#if defined(__AVX512F__)
#define OM_VECTOR_BYTES 64
#elif defined(__AVX__)
#define OM_VECTOR_BYTES 32
#elif defined(__SSE2__) || defined(__ARM_NEON) || defined(__wasm_simd128__) || (defined(__VX__) && __ARCH__ >= 12) || \
    defined(__riscv_vector)
#define OM_VECTOR_BYTES 16
#else
#define OM_VECTOR_BYTES 0
#endif
#endif

/* Kernels take their sizes as literals and are inlined so that the compiler specialises them. */
#define OM_INLINE static inline __attribute__((always_inline, unused))
/* Inner kernels worth sharing between call sites, to keep code size and compile time down. */
#define OM_SHARED static __attribute__((noinline, unused))
#define OM_RESTRICT __restrict__

/* Before a loop that runs at most n times, as often as the compiler knows: it becomes that many copies of its body. clang
 * passes over GCC's pragma without a word, and then keeps arrays of vectors in memory. */
#define OM_PRAGMA(text) _Pragma(#text)
#ifdef __clang__
#define OM_UNROLL(n) OM_PRAGMA(clang loop unroll(full))
#else
#define OM_UNROLL(n) OM_PRAGMA(GCC unroll n)
#endif

#if OM_VECTOR_BYTES > 0
#define OM_LANES (OM_VECTOR_BYTES / 4)
typedef float om_vf __attribute__((vector_size(OM_VECTOR_BYTES)));
typedef int32_t om_vi __attribute__((vector_size(OM_VECTOR_BYTES)));
#else
#define OM_LANES 1
typedef float om_vf;
typedef int32_t om_vi;
#endif
/* Bytes from one vector to the next. */
#define OM_VECTOR_STEP (OM_LANES * 4)

OM_INLINE om_vf om_load(const float *p) {
  om_vf v;
  memcpy(&v, p, sizeof v);
  return v;
}

OM_INLINE void om_store(float *p, om_vf v) { memcpy(p, &v, sizeof v); }

/* OM_LANES unsigned bytes, one per lane. GCC 12 makes __builtin_convertvector of memory a load and an insertion per byte. */
OM_INLINE om_vi om_load_bytes(const uint8_t *p) {
#if OM_VECTOR_BYTES >= 32 && defined(__AVX2__)
  typedef struct om_bytes {
    uint8_t of[OM_LANES];
  } om_bytes;
  om_vi v;
  __asm__("vpmovzxbd %1, %0" : "=v"(v) : "m"(*(const om_bytes *)p));
  return v;
#elif OM_VECTOR_BYTES > 0
  typedef uint8_t lanes __attribute__((vector_size(OM_LANES)));
  lanes v;
  memcpy(&v, p, sizeof v);
  return __builtin_convertvector(v, om_vi);
#else
  return *p;
#endif
}

/* All lanes x. Written as a lane initialiser: `(om_vf){0} + x` would keep a real addition, since -0.0 + 0 is 0. */
OM_INLINE om_vf om_splat(float x) {
#if OM_LANES == 16
  return (om_vf){x, x, x, x, x, x, x, x, x, x, x, x, x, x, x, x};
#elif OM_LANES == 8
  return (om_vf){x, x, x, x, x, x, x, x};
#elif OM_LANES == 4
  return (om_vf){x, x, x, x};
#else
  return x;
#endif
}

/* Whether part of a vector is loaded and stored as fast as a whole one: by the masks of AVX-512. Measured: the way
 * through memory made a convolution of 8 output channels a third slower. AVX2's masked stores are slow on AMD. */
#if OM_VECTOR_BYTES == 64 && defined(__AVX512F__)
#define OM_MASKED 1
#else
#define OM_MASKED 0
#endif

/* a where it is larger than b (`kind` max, `compared` >) or smaller (min, <), else b, even where one of them is NaN. x86 and
 * WebAssembly have an instruction for just that, which GCC and clang make of no comparison of vectors. */
#if OM_VECTOR_BYTES == 64 && defined(__AVX512F__) && defined(__clang__)
#define OM_EXTREME(kind, compared, a, b) __builtin_ia32_##kind##ps512(a, b, 4)
#elif OM_VECTOR_BYTES == 64 && defined(__AVX512F__)
#define OM_EXTREME(kind, compared, a, b) __builtin_ia32_##kind##ps512_mask(a, b, b, (uint16_t)-1, 4)
#elif OM_VECTOR_BYTES == 32 && defined(__AVX__)
#define OM_EXTREME(kind, compared, a, b) __builtin_ia32_##kind##ps256(a, b)
#elif OM_VECTOR_BYTES == 16 && defined(__SSE__)
#define OM_EXTREME(kind, compared, a, b) __builtin_ia32_##kind##ps(a, b)
#elif OM_VECTOR_BYTES == 16 && defined(__wasm_simd128__)
#define OM_EXTREME(kind, compared, a, b) __builtin_wasm_p##kind##_f32x4(b, a)
#elif OM_VECTOR_BYTES > 0
#define OM_EXTREME(kind, compared, a, b) (om_vf)(((a compared b) & (om_vi)a) | (~(a compared b) & (om_vi)b))
#else
#define OM_EXTREME(kind, compared, a, b) (a compared b ? a : b)
#endif
OM_INLINE om_vf om_larger_else(om_vf a, om_vf b) { return OM_EXTREME(max, >, a, b); }
OM_INLINE om_vf om_smaller_else(om_vf a, om_vf b) { return OM_EXTREME(min, <, a, b); }
#undef OM_EXTREME

/* The larger one; NaN where either is. */
OM_INLINE om_vf om_larger(om_vf a, om_vf b) {
  const om_vf larger = om_larger_else(a, b);
#if OM_VECTOR_BYTES > 0
  om_vi odd = a != a;
  return (om_vf)((odd & (om_vi)a) | (~odd & (om_vi)larger));
#else
  return a != a ? a : larger;
#endif
}

/* The larger one; of a NaN in v: NaN (ONNX Relu and Clip pass NaN on). `bound` must not be NaN. */
OM_INLINE om_vf om_at_least(om_vf v, om_vf bound) { return om_larger_else(bound, v); }

/* The smaller one; of a NaN in v: NaN. `bound` must not be NaN. */
OM_INLINE om_vf om_at_most(om_vf v, om_vf bound) { return om_smaller_else(bound, v); }

/* The first `lanes` lanes from p, the others 0; reads no byte beyond them. Fewer than all, unless OM_MASKED. */
OM_INLINE om_vf om_load_first(const float *p, ptrdiff_t lanes) {
#if OM_MASKED
  return __builtin_ia32_loadups512_mask(p, om_splat(0.0f), (uint16_t)((1u << lanes) - 1));
#else
  float room[OM_LANES] = {0};
  memcpy(room, p, ((size_t)lanes & (OM_LANES - 1)) * sizeof(float));
  return om_load(room);
#endif
}

/* Writes only the first `lanes` lanes. */
OM_INLINE void om_store_first(float *p, om_vf v, ptrdiff_t lanes) {
#if OM_MASKED
  __builtin_ia32_storeups512_mask(p, v, (uint16_t)((1u << lanes) - 1));
#else
  float room[OM_LANES];
  om_store(room, v);
  memcpy(p, room, ((size_t)lanes & (OM_LANES - 1)) * sizeof(float));
#endif
}

OM_INLINE ptrdiff_t om_min(ptrdiff_t a, ptrdiff_t b) { return a < b ? a : b; }
OM_INLINE ptrdiff_t om_max(ptrdiff_t a, ptrdiff_t b) { return a > b ? a : b; }
OM_INLINE ptrdiff_t om_round_up(ptrdiff_t n, ptrdiff_t unit) { return (n + unit - 1) / unit * unit; }

#endif
