/* memcpy, memmove, memset and memcmp. Most copies that models make are rows of a few bytes up to some hundred: all bytes of
 * a short one are loaded before any is stored, long ones go by vectors, and very long ones are the machine's own
 * instruction where it has one (memory.copy and memory.fill of WebAssembly, which cost a call of the engine). */
#ifndef OM_FREESTANDING_COPY_H
#define OM_FREESTANDING_COPY_H

#include <stddef.h>
#include <stdint.h>

/* Compilers make loops that copy into calls of memcpy, which would be this very loop. */
#ifdef __clang__
#define OM_NO_IDIOM static __attribute__((noinline, unused, no_builtin("memcpy", "memmove", "memset", "memcmp")))
#else
#define OM_NO_IDIOM static __attribute__((noinline, unused, optimize("no-tree-loop-distribute-patterns")))
#endif

typedef uint64_t om_bytes16 __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t om_bytes8 __attribute__((aligned(1), may_alias));
typedef uint32_t om_bytes4 __attribute__((aligned(1), may_alias));
typedef uint16_t om_bytes2 __attribute__((aligned(1), may_alias));

/* Fewer bytes than this are not worth an instruction that calls the engine. */
#ifdef __wasm_bulk_memory__
enum { OM_BULK_COPY = 512, OM_BULK_FILL = 512 };
#endif

/* One type is enough for up to twice its size: its first and its last bytes, which may overlap. */
#define OM_COPY_ENDS(type, to, from, n)                                                                                \
  do {                                                                                                                 \
    const type first_ = *(const type *)(from), last_ = *(const type *)((from) + (n) - sizeof(type));                   \
    *(type *)(to) = first_;                                                                                            \
    *(type *)((to) + (n) - sizeof(type)) = last_;                                                                      \
  } while (0)

/* The two may overlap. */
OM_NO_IDIOM void *om_move_bytes(void *to_, const void *from_, size_t n) {
  char *to = (char *)to_;
  const char *from = (const char *)from_;
  if (n == 0 || to == from) return to_;
#ifdef __wasm_bulk_memory__
  if (n >= OM_BULK_COPY) return __builtin_memmove(to_, from_, n);
#endif
  if (n == 1) *to = *from;
  else if (n < 4) OM_COPY_ENDS(om_bytes2, to, from, n);
  else if (n < 8) OM_COPY_ENDS(om_bytes4, to, from, n);
  else if (n < 16) OM_COPY_ENDS(om_bytes8, to, from, n);
  else if (n <= 32) OM_COPY_ENDS(om_bytes16, to, from, n);
  else if ((uintptr_t)to - (uintptr_t)from >= n) { /* `to` does not begin within `from` */
    const om_bytes16 last = *(const om_bytes16 *)(from + n - 16);
    for (size_t i = 0; i < n - 16; i += 16) *(om_bytes16 *)(to + i) = *(const om_bytes16 *)(from + i);
    *(om_bytes16 *)(to + n - 16) = last;
  } else {
    const om_bytes16 first = *(const om_bytes16 *)from;
    for (size_t i = n; i > 16; i -= 16) *(om_bytes16 *)(to + i - 16) = *(const om_bytes16 *)(from + i - 16);
    *(om_bytes16 *)to = first;
  }
  return to_;
}

OM_NO_IDIOM void *om_set_bytes(void *to_, int byte, size_t n) {
  char *to = (char *)to_;
#ifdef __wasm_bulk_memory__
  if (n >= OM_BULK_FILL) return __builtin_memset(to_, byte, n);
#endif
  const uint64_t eight = (uint8_t)byte * UINT64_C(0x0101010101010101);
  if (n >= 16) {
    const om_bytes16 all = {eight, eight};
    for (size_t i = 0; i < n - 16; i += 16) *(om_bytes16 *)(to + i) = all;
    *(om_bytes16 *)(to + n - 16) = all;
  } else if (n >= 8) *(om_bytes8 *)to = *(om_bytes8 *)(to + n - 8) = eight;
  else if (n >= 4) *(om_bytes4 *)to = *(om_bytes4 *)(to + n - 4) = (uint32_t)eight;
  else if (n >= 2) *(om_bytes2 *)to = *(om_bytes2 *)(to + n - 2) = (uint16_t)eight;
  else if (n == 1) *to = (char)byte;
  return to_;
}

OM_NO_IDIOM int om_compare_bytes(const void *a_, const void *b_, size_t n) {
  const unsigned char *a = (const unsigned char *)a_, *b = (const unsigned char *)b_;
  size_t i = 0;
  while (n - i >= 8 && *(const om_bytes8 *)(a + i) == *(const om_bytes8 *)(b + i)) i += 8;
  while (i < n && a[i] == b[i]) i++;
  return i == n ? 0 : a[i] < b[i] ? -1 : 1;
}

/* A size that the compiler knows is loads and stores, or whatever it finds best. */
static inline __attribute__((always_inline)) void *om_c_memcpy(void *to, const void *from, size_t n) {
  return __builtin_constant_p(n) ? __builtin_memcpy(to, from, n) : om_move_bytes(to, from, n);
}
static inline __attribute__((always_inline)) void *om_c_memmove(void *to, const void *from, size_t n) {
  return __builtin_constant_p(n) ? __builtin_memmove(to, from, n) : om_move_bytes(to, from, n);
}
static inline __attribute__((always_inline)) void *om_c_memset(void *to, int byte, size_t n) {
  return __builtin_constant_p(n) ? __builtin_memset(to, byte, n) : om_set_bytes(to, byte, n);
}
static inline __attribute__((always_inline)) int om_c_memcmp(const void *a, const void *b, size_t n) {
  return __builtin_constant_p(n) ? __builtin_memcmp(a, b, n) : om_compare_bytes(a, b, n);
}

#endif
