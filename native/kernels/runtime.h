/* What the generated run function needs beside kernels: memory whose size is known only at run time,
 * checked sizes, errors, and the integer functions of symbolic dimensions (src/graph/dim.ts). */
#ifndef OM_RUNTIME_H
#define OM_RUNTIME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#ifndef OM_NO_MALLOC
#include <stdlib.h>
#endif
#include <string.h>

#include "om_builtin.h"
#include "parts.h"

/* One function per kernel: the text is specialised by constants, and equal kernels are one function.
 * noipa and not just noinline: where all pointers that a kernel reads are constants, GCC (seen in 12.2) makes a clone
 * without these parameters, addresses one constant relative to another (`MEM[0B + a + 4 * i]`), takes the 0B for a
 * dereferenced null pointer that nothing comes after, so sees no store, calls the kernel pure and drops the call.
 * Compilers that lack noipa have no such analysis (clang) or -fno-delete-null-pointer-checks (src/toolchains/flags.ts). */
#if defined(__has_attribute)
#if __has_attribute(noipa)
#define OM_KERNEL OM_COMMON __attribute__((noipa))
#endif
#endif
#ifndef OM_KERNEL
#define OM_KERNEL OM_COMMON __attribute__((noinline))
#endif

/* OM_NO_MALLOC: the model has all its memory from its caller (src/builtin/c-files.ts), and what follows for others is left out. */

/* Memory of one value; grows, and is kept for the next round of a loop and, where it pays, for the next run (kept.h). */
typedef struct om_slot {
  void *data;
  int64_t bytes;
  int64_t needed; /* most bytes that were asked for in this run */
} om_slot;

/* Largest dimension that is taken from data: beyond, no product of two could be an address. */
#define OM_MAX_DIM (INT64_C(1) << 40)

static inline bool om_valid_dim(int64_t dim) { return dim >= 0 && dim <= OM_MAX_DIM; }

/* A number of bytes, or -1 where no machine has as many. */
static inline int64_t om_byte_count(int64_t bytes) { return bytes <= (INT64_C(1) << 46) ? bytes : -1; }

/* OM_EXACT, for builds with a sanitizer: memory ends where its value does, so that it notices an overflow by one byte. */
#ifdef OM_EXACT
enum { OM_IS_EXACT = 1 };
#else
enum { OM_IS_EXACT = 0 };
#endif

/* What size_t and differences of pointers can tell. */
#define OM_MAX_BYTES ((uint64_t)PTRDIFF_MAX - 64)

#ifndef OM_NO_MALLOC
/* Memory that the caller may free(): 64-byte aligned where the C library can, so that vector code runs well. */
static inline void *om_allocate(int64_t bytes) {
  if (bytes < 0 || (uint64_t)bytes > OM_MAX_BYTES) return NULL;
#ifdef OM_EXACT
  const size_t size = (size_t)bytes;
#else
  const size_t size = ((size_t)bytes + 63u + (bytes == 0)) & ~(size_t)63;
#endif
#if defined(_WIN32)
  return malloc(size); /* what is aligned there is not for free() */
#elif __STDC_VERSION__ >= 201112L && !defined(OM_EXACT)
  return aligned_alloc(64, size);
#else
  void *memory = NULL;
  return posix_memalign(&memory, 64, size) == 0 ? memory : NULL;
#endif
}

/* Room for `bytes` in a slot; false when there is no memory (or the count is -1, see om_byte_count). */
static inline bool om_reserve(om_slot *slot, int64_t bytes) {
  if (bytes > slot->needed) slot->needed = bytes;
  if (slot->data && bytes >= 0 && (OM_IS_EXACT ? slot->bytes == bytes : slot->bytes >= bytes)) return true;
  free(slot->data);
  slot->data = om_allocate(bytes);
  slot->bytes = slot->data ? bytes : 0;
  return slot->data != NULL;
}

/* Stores `bytes` bytes behind the `row` rows of the same size that the slot holds; doubles the room when it is full. */
static inline bool om_append(om_slot *slot, const void *from, int64_t bytes, int64_t row) {
  if (bytes < 0 || (bytes > 0 && row >= INT64_MAX / 4 / bytes)) return false;
  const int64_t used = row * bytes;
  if (used + bytes > slot->needed) slot->needed = used + bytes;
  if (!slot->data || slot->bytes < used + bytes) {
    om_slot larger = {0};
    if (!om_reserve(&larger, (OM_IS_EXACT ? 1 : 2) * (used + bytes))) return false;
    if (used > 0) memcpy(larger.data, slot->data, (size_t)used);
    free(slot->data);
    *slot = larger;
  }
  memcpy((char *)slot->data + used, from, (size_t)bytes);
  return true;
}

static inline void om_release(om_slot *slots, int count) {
  for (int i = 0; i < count; i++) free(slots[i].data);
}
#endif

static inline void om_swap(om_slot *a, om_slot *b) {
  const om_slot kept = *a;
  *a = *b;
  *b = kept;
}

static inline int om_fail(om_message *message, int error, const char *sentence) {
  if (message) message->sentence = sentence;
  return error;
}

/* A size that is not what it has to be. */
static inline int om_fail_size(om_message *message, const char *sentence, int64_t expected, int64_t given) {
  if (message) *message = (om_message){sentence, expected, given, 1};
  return OM_ERR_SHAPE;
}

#ifndef OM_NO_MALLOC
/* om_reserve, or the error that says what there was no memory for. */
static inline int om_make_room(om_slot *slot, int64_t bytes, om_message *message, const char *sentence) {
  if (om_reserve(slot, bytes)) return OM_OK;
  if (message) *message = (om_message){sentence, 0, bytes, 2};
  return OM_ERR_MEMORY;
}

/* Strings that leave the model belong to the caller. On false, those made so far are NULL-terminated by NULLs. */
static inline bool om_copy_strings(void *to, const void *from, int64_t count) {
  char **target = (char **)to;
  const char *const *source = (const char *const *)from;
  bool complete = true;
  for (int64_t i = 0; i < count; i++) {
    const size_t bytes = strlen(source[i]) + 1;
    target[i] = complete ? (char *)malloc(bytes) : NULL;
    if (target[i]) memcpy(target[i], source[i], bytes);
    else complete = false;
  }
  return complete;
}

/* Texts that kernels make; they live until the call ends, wherever pointers to them go. */
typedef struct om_text {
  struct om_text *next;
  char bytes[];
} om_text;
typedef struct om_texts {
  om_text *last;
} om_texts;

/* Room for a text of `length` bytes and the zero behind it; NULL when there is no memory. */
static inline char *om_make_text(om_texts *texts, size_t length) {
  om_text *text = (om_text *)malloc(sizeof(om_text) + length + 1);
  if (!text) return NULL;
  text->next = texts->last;
  texts->last = text;
  return text->bytes;
}

static inline void om_free_texts(om_texts *texts) {
  for (om_text *text = texts->last; text;) {
    om_text *next = text->next;
    free(text);
    text = next;
  }
}
#endif

/* Functions and not inlined: a model of unknown sizes has thousands of them in one function, which GCC then took five times
 * as long to compile. What is equal is still computed once. */
#define OM_SIZE static __attribute__((noinline, const, unused))

OM_SIZE int64_t om_floor_div(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return b == 0 || a == INT64_MIN ? 0 : -a;
  return a / b - (a % b != 0 && (a < 0) != (b < 0));
}
OM_SIZE int64_t om_trunc_div(int64_t a, int64_t b) {
  if (b == 0 || b == -1) return b == 0 || a == INT64_MIN ? 0 : -a;
  return a / b;
}
OM_SIZE int64_t om_mod(int64_t a, int64_t b) { return b == 0 ? 0 : a - om_floor_div(a, b) * b; }
/* Arithmetic of sizes saturates far beyond any that can be, and far from where a sum of two would overflow. */
#define OM_SATURATED (INT64_C(1) << 61)
static inline int64_t om_saturate(int64_t x) {
  return x > OM_SATURATED ? OM_SATURATED : x < -OM_SATURATED ? -OM_SATURATED : x;
}
OM_SIZE int64_t om_dim_add(int64_t a, int64_t b) { return om_saturate(om_saturate(a) + om_saturate(b)); }
OM_SIZE int64_t om_dim_mul(int64_t a, int64_t b) {
  int64_t product;
  if (__builtin_mul_overflow(a, b, &product)) return (a < 0) == (b < 0) ? OM_SATURATED : -OM_SATURATED;
  return om_saturate(product);
}
static inline int64_t om_dim_min(int64_t a, int64_t b) { return a < b ? a : b; }
static inline int64_t om_dim_max(int64_t a, int64_t b) { return a > b ? a : b; }
static inline int64_t om_dim_broadcast(int64_t a, int64_t b) { return a == 1 ? b : a; }

#endif
