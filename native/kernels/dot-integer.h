/* Sums of products of bytes, the step of every integer product: four unsigned bytes times four signed ones per lane of
 * 32 bits, added without saturation. Where the processor has an instruction for it (VNNI: AVX-512's or AVX's; ARM's SDOT, whose
 * bytes are all signed; looked for when the model runs, since no level of x86-64 and no armv8-a includes it), that; else two products of 16 bits (pmaddwd and its kin),
 * which are exact where pmaddubsw is not; else plain C of vectors. */
#ifndef OM_DOT_INTEGER_H
#define OM_DOT_INTEGER_H

#include "lanes.h"

#if OM_VECTOR_BYTES > 0
typedef int16_t om_vs __attribute__((vector_size(OM_VECTOR_BYTES)));
#endif

/* Per lane: the lower halves' product plus the upper halves', of 16 bits each, signed. */
OM_INLINE om_vi om_multiply_halves(om_vi a, om_vi b) {
#if OM_VECTOR_BYTES == 64 && defined(__AVX512BW__) && defined(__clang__)
  typedef short halves __attribute__((vector_size(64)));
  return (om_vi)__builtin_ia32_pmaddwd512((halves)a, (halves)b);
#elif OM_VECTOR_BYTES == 64 && defined(__AVX512BW__)
  typedef short halves __attribute__((vector_size(64)));
  return (om_vi)__builtin_ia32_pmaddwd512_mask((halves)a, (halves)b, om_splat_int(0), (uint16_t)-1);
#elif OM_VECTOR_BYTES == 32 && defined(__AVX2__)
  typedef short halves __attribute__((vector_size(32)));
  return (om_vi)__builtin_ia32_pmaddwd256((halves)a, (halves)b);
#elif OM_VECTOR_BYTES == 16 && defined(__SSE2__)
  typedef short halves __attribute__((vector_size(16)));
  return (om_vi)__builtin_ia32_pmaddwd128((halves)a, (halves)b);
#elif OM_VECTOR_BYTES == 16 && defined(__wasm_simd128__)
  typedef short halves __attribute__((vector_size(16)));
  return (om_vi)__builtin_wasm_dot_s_i32x4_i16x8((halves)a, (halves)b);
#elif OM_VECTOR_BYTES == 16 && defined(__aarch64__)
  om_vi first, last;
  __asm__("smull %0.4s, %2.4h, %3.4h\n\tsmull2 %1.4s, %2.8h, %3.8h\n\taddp %0.4s, %0.4s, %1.4s"
          : "=&w"(first), "=&w"(last)
          : "w"(a), "w"(b));
  return first;
#elif OM_VECTOR_BYTES == 16 && defined(__s390x__)
  typedef short halves __attribute__((vector_size(16)));
  return (om_vi)__builtin_s390_vmeh((halves)a, (halves)b) + (om_vi)__builtin_s390_vmoh((halves)a, (halves)b);
#else
  return (a << 16 >> 16) * (b << 16 >> 16) + (a >> 16) * (b >> 16);
#endif
}

/* Whether the processor multiplies pairs of bytes (SSSE3 and wider). */
#if defined(__SSSE3__) && (OM_VECTOR_BYTES == 16 || (OM_VECTOR_BYTES == 32 && defined(__AVX2__)) || \
                           (OM_VECTOR_BYTES == 64 && defined(__AVX512BW__)))
#define OM_HAS_PAIRS_OF_BYTES 1
#else
#define OM_HAS_PAIRS_OF_BYTES 0
#endif

/* Per half: the sum plus the products of two unsigned bytes of a and two signed ones of b, within 16 bits; for processors that
 * have it. */
OM_INLINE om_vi om_add_pairs_of_bytes(om_vi sum, om_vi a, om_vi b) {
#if OM_HAS_PAIRS_OF_BYTES
  typedef char bytes __attribute__((vector_size(OM_VECTOR_BYTES)));
#if OM_VECTOR_BYTES == 64 && defined(__clang__)
  const om_vs products = (om_vs)__builtin_ia32_pmaddubsw512((bytes)a, (bytes)b);
#elif OM_VECTOR_BYTES == 64
  const om_vs products = (om_vs)__builtin_ia32_pmaddubsw512_mask((bytes)a, (bytes)b, (om_vs)om_splat_int(0), (uint32_t)-1);
#elif OM_VECTOR_BYTES == 32
  const om_vs products = (om_vs)__builtin_ia32_pmaddubsw256((bytes)a, (bytes)b);
#else
  const om_vs products = (om_vs)__builtin_ia32_pmaddubsw128((bytes)a, (bytes)b);
#endif
  return (om_vi)((om_vs)sum + products);
#else
  (void)a, (void)b;
  return sum;
#endif
}

/* Bytes 0 and 2 of each lane as halves, signed; bytes 1 and 3. On big-endian machines the other way round, for both
 * operands alike. */
OM_INLINE om_vi om_even_bytes(om_vi v) {
#if OM_VECTOR_BYTES > 0
  return (om_vi)((om_vs)v << 8 >> 8);
#else
  return ((int8_t)v & 0xffff) | (int32_t)((uint32_t)(int8_t)(v >> 16) << 16);
#endif
}
OM_INLINE om_vi om_odd_bytes(om_vi v) {
#if OM_VECTOR_BYTES > 0
  return (om_vi)((om_vs)v >> 8);
#else
  return ((int8_t)(v >> 8) & 0xffff) | (int32_t)((uint32_t)(int8_t)(v >> 24) << 16);
#endif
}

OM_INLINE int32_t om_quad(const void *p) {
  int32_t quad;
  memcpy(&quad, p, 4);
  return quad;
}

/* How bytes are multiplied. */
typedef enum om_dot_kind {
  OM_DOT_HALVES,
  OM_DOT_VNNI,    /* the instruction in AVX-512's encoding */
  OM_DOT_VNNI_VEX, /* in AVX's */
  OM_DOT_SDOT      /* of signed bytes: A is moved by 128, and what that takes from the sums is added to them again */
} om_dot_kind;

#if defined(__x86_64__) && OM_VECTOR_BYTES >= 32 && defined(__GNUC__) && (defined(__clang__) || __GNUC__ >= 8)
#define OM_HAS_VNNI 1
#else
#define OM_HAS_VNNI 0
#endif
#if OM_HAS_VNNI && OM_VECTOR_BYTES == 32 && (defined(__clang__) ? __clang_major__ >= 12 : __GNUC__ >= 11)
#define OM_HAS_VNNI_VEX 1
#else
#define OM_HAS_VNNI_VEX 0
#endif

#if defined(__aarch64__) && OM_VECTOR_BYTES == 16 && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define OM_HAS_SDOT 1
#else
#define OM_HAS_SDOT 0
#endif

/* name_KIND(...) of a kind. */
#if OM_HAS_VNNI_VEX
#define OM_INT_BY_KIND(kind, name, ...)                                                                                \
  (kind == OM_DOT_VNNI       ? name##_vnni(__VA_ARGS__)                                                                \
   : kind == OM_DOT_VNNI_VEX ? name##_vnni_vex(__VA_ARGS__)                                                            \
                             : name##_halves(__VA_ARGS__))
#elif OM_HAS_VNNI
#define OM_INT_BY_KIND(kind, name, ...)                                                                                \
  (kind == OM_DOT_VNNI ? name##_vnni(__VA_ARGS__) : name##_halves(__VA_ARGS__))
#elif OM_HAS_SDOT
#define OM_INT_BY_KIND(kind, name, ...)                                                                                \
  (kind == OM_DOT_SDOT ? name##_sdot(__VA_ARGS__) : name##_halves(__VA_ARGS__))
#else
#define OM_INT_BY_KIND(kind, name, ...) ((void)kind, name##_halves(__VA_ARGS__))
#endif

#if OM_HAS_SDOT
#if defined(__linux__)
unsigned long getauxval(unsigned long);
#endif

/* FEAT_DotProd: bit 20 of what Linux says of the processor (Documentation/arch/arm64/elf_hwcaps.rst); all Macs with ARM have it. */
OM_INLINE om_dot_kind om_find_dot_kind(void) {
#if defined(__ARM_FEATURE_DOTPROD) || defined(__APPLE__)
  return OM_DOT_SDOT;
#elif defined(__linux__)
  return getauxval(16) >> 20 & 1 ? OM_DOT_SDOT : OM_DOT_HALVES;
#else
  return OM_DOT_HALVES;
#endif
}
#elif OM_HAS_VNNI
OM_INLINE void om_cpuid(uint32_t leaf, uint32_t part, uint32_t out[4]) {
  __asm__("cpuid" : "=a"(out[0]), "=b"(out[1]), "=c"(out[2]), "=d"(out[3]) : "a"(leaf), "c"(part));
}

/* Bits of CPUID: Intel 64 and IA-32 Architectures Software Developer's Manual, volume 2, CPUID leaf 7. */
OM_SHARED om_dot_kind om_find_dot_kind(void) {
  uint32_t r[4], state = 0, high = 0;
  om_cpuid(0, 0, r);
  if (r[0] < 7) return OM_DOT_HALVES;
  om_cpuid(1, 0, r);
  if (r[2] >> 27 & 1) __asm__("xgetbv" : "=a"(state), "=d"(high) : "c"(0));
  om_cpuid(7, 0, r);
  const bool vl = r[1] >> 31 & 1, bw = r[1] >> 30 & 1, vnni = r[2] >> 11 & 1;
  if (vl && bw && vnni && (state & 0xe6) == 0xe6) return OM_DOT_VNNI;
  if (OM_HAS_VNNI_VEX && r[0] >= 1) {
    om_cpuid(7, 1, r);
    if (r[0] >> 4 & 1) return OM_DOT_VNNI_VEX;
  }
  return OM_DOT_HALVES;
}
#endif

/* What this processor is asked to do. Asking takes a microsecond where a hypervisor answers: once is enough. */
OM_INLINE om_dot_kind om_best_dot_kind(void) {
#if (OM_HAS_VNNI || OM_HAS_SDOT) && !defined(OM_DOT_KIND)
  static int known = -1;
  int kind = __atomic_load_n(&known, __ATOMIC_RELAXED);
  if (kind < 0) __atomic_store_n(&known, kind = om_find_dot_kind(), __ATOMIC_RELAXED);
  return (om_dot_kind)kind;
#elif defined(OM_DOT_KIND)
  return OM_DOT_KIND;
#else
  return OM_DOT_HALVES;
#endif
}

typedef struct om_bytes_of_quad {
  uint8_t of[4];
} om_bytes_of_quad;
#if OM_VECTOR_BYTES == 64
#define OM_TO_LANES "%{1to16%}"
#else
#define OM_TO_LANES "%{1to8%}"
#endif

/* sum + a·b per lane, a unsigned and b signed, by the processor's instruction: for functions that may use it. */
#define OM_DOT_BYTES(sum, a, b) __asm__("vpdpbusd %2, %1, %0" : "+v"(sum) : "v"(a), "v" OM_OR_MEMORY(b))
/* The same of four bytes in memory at b, for every lane. */
#define OM_DOT_BYTES_QUAD(sum, a, b)                                                                                   \
  __asm__("vpdpbusd %2" OM_TO_LANES ", %1, %0" : "+v"(sum) : "v"(a), "m"(*(const om_bytes_of_quad *)(b)))
#define OM_DOT_BYTES_VEX(sum, a, b)                                                                                    \
  __asm__("%{vex%} vpdpbusd %2, %1, %0" : "+x"(sum) : "x"(a), "x" OM_OR_MEMORY(b))
/* The same of signed bytes both. */
#define OM_DOT_SIGNED_BYTES(sum, a, b) __asm__("sdot %0.4s, %1.16b, %2.16b" : "+w"(sum) : "w"(a), "w"(b))
/* sum + a·b per lane, of the same four bytes at a: they need not be in all lanes of a register. */
#define OM_DOT_SIGNED_QUAD(sum, a, b)                                                                                  \
  do {                                                                                                                 \
    float quad; /* what a vector's register is loaded with */                                                          \
    memcpy(&quad, a, sizeof quad);                                                                                     \
    __asm__("sdot %0.4s, %2.16b, %1.4b[0]" : "+w"(sum) : "w"(quad), "w"(b));                                           \
  } while (0)
#ifdef __clang__
#define OM_DOT_SDOT_TARGET __attribute__((target("dotprod")))
#else
#define OM_DOT_SDOT_TARGET __attribute__((target("arch=armv8.2-a+dotprod")))
#endif

#endif
