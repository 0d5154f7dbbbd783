/* malloc and its kin over a memory that grows: two-level segregated fit (M. Masmano, I. Ripoll, A. Crespo and J. Real,
 * "TLSF: a new dynamic memory allocator for real-time systems", 2004).
 *
 * Memory is a row of blocks, free ones never side by side. A block is a header and then what the caller gets, which is
 * 64-byte aligned; sizes are multiples of 64 and count the header, so up to 48 bytes take 64. Free blocks are in lists, one
 * for each class of sizes: sixteen classes per doubling, and two levels of bits say which lists hold any. So taking and
 * giving back look at a few words, however many blocks there are, and a block is at most 1/16 larger than it has to be
 * before its rest is split off.
 *
 * Where there is no more memory the answer is NULL and all stays as it was. What was never handed out or was given back
 * before ends the program when it is freed (a trap). For one thread. */
#ifndef OM_FREESTANDING_HEAP_H
#define OM_FREESTANDING_HEAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "copy.h"

/* At least `bytes` more bytes, a multiple of 64, from *from on, which is 64-byte aligned; tells how many, or 0 where there
 * are none. Machines other than WebAssembly (and tests) define OM_HEAP_MORE and a function of their own. */
#ifndef OM_HEAP_MORE
#include "wasm-memory.h"
#endif
static size_t om_heap_more(size_t bytes, char **from);

enum {
  OM_UNIT = 64,
  OM_HEAD = 16, /* bytes of a header that are there while the block is in use */
  OM_CLASSES = 16,
  OM_LEVELS = 8 * sizeof(size_t) - 8,
};

typedef struct om_block {
  struct om_block *before; /* the block in front, NULL for the first of a region */
  size_t size;             /* bytes to the next block; lowest bit: whether this one is free. 0: the end of a region */
  struct om_block *next, **link; /* while it is free: the next of its list, and what points to it */
} __attribute__((may_alias)) om_block;

static struct {
  uint64_t levels;
  uint32_t classes[OM_LEVELS];
  om_block *free[OM_LEVELS][OM_CLASSES];
  om_block *end; /* of the newest region */
} om_heap;

static inline size_t om_block_size(const om_block *block) { return block->size & ~(size_t)1; }
static inline bool om_block_is_free(const om_block *block) { return block->size & 1; }
static inline om_block *om_block_after(om_block *block) { return (om_block *)((char *)block + om_block_size(block)); }

/* Sizes below 1 KiB have a class each; of the others the class is the five leading bits. */
static inline int om_size_class(size_t size, int *level) {
  const size_t units = size / OM_UNIT;
  const int top = 63 - __builtin_clzll(units | 1);
  *level = top < 4 ? 0 : top - 3;
  return (int)(top < 4 ? units : units >> (top - 4)) & (OM_CLASSES - 1);
}

/* Takes a free block out of its list. */
static inline void om_heap_unlist(om_block *block) {
  int level;
  const int class = om_size_class(om_block_size(block), &level);
  *block->link = block->next;
  if (block->next) block->next->link = block->link;
  if (om_heap.free[level][class]) return;
  om_heap.classes[level] &= ~(1u << class);
  if (om_heap.classes[level] == 0) om_heap.levels &= ~(UINT64_C(1) << level);
}

/* Makes `size` bytes a free block, one with its free neighbours. */
static inline void om_heap_list(om_block *block, size_t size) {
  om_block *after = (om_block *)((char *)block + size);
  if (om_block_is_free(after)) {
    om_heap_unlist(after);
    size += om_block_size(after);
  }
  if (block->before && om_block_is_free(block->before)) {
    block = block->before;
    om_heap_unlist(block);
    size += om_block_size(block);
  }
  block->size = size | 1;
  om_block_after(block)->before = block;
  int level;
  const int class = om_size_class(size, &level);
  om_block **first = &om_heap.free[level][class];
  block->next = *first;
  block->link = first;
  if (*first) (*first)->link = &block->next;
  *first = block;
  om_heap.classes[level] |= 1u << class;
  om_heap.levels |= UINT64_C(1) << level;
}

/* A block of the class of `size` itself may be large enough: looks at the first `most`. */
static inline om_block *om_heap_first_fit(size_t size, size_t most) {
  int level;
  const int class = om_size_class(size, &level);
  om_block *block = om_heap.free[level][class];
  while (block && most-- > 0 && om_block_size(block) < size) block = block->next;
  return block && om_block_size(block) >= size ? block : NULL;
}

/* Any block of the smallest class of which all are larger; NULL if there is none. */
static inline om_block *om_heap_larger(size_t size) {
  int level;
  const int class = om_size_class(size, &level);
  uint32_t classes = om_heap.classes[level] & ~1u << class;
  if (classes == 0) {
    const uint64_t levels = om_heap.levels & ~UINT64_C(1) << level;
    if (levels == 0) return NULL;
    level = __builtin_ctzll(levels);
    classes = om_heap.classes[level];
  }
  return om_heap.free[level][__builtin_ctz(classes)];
}

/* A free block of at least `size` bytes from memory that was not ours before. */
static om_block *om_heap_grow(size_t size) {
  om_block *end = om_heap.end;
  const bool extends = end && end->before && om_block_is_free(end->before);
  /* Most often the new memory follows on the old, whose free end then counts; else comes a second round. */
  for (int round = extends ? 0 : 1; round < 2; round++) {
    char *from;
    const size_t room = round == 0 ? size - om_block_size(end->before) : size;
    const size_t got = om_heap_more(room + OM_UNIT, &from);
    if (got == 0) return NULL;
    om_block *block, *last = (om_block *)(from + got - OM_HEAD);
    size_t bytes = got;
    if (end && from == (char *)end + OM_HEAD) block = end;
    else {
      /* The first header is where its block's 64-byte aligned part begins 16 bytes later. */
      block = (om_block *)(from + OM_UNIT - OM_HEAD);
      block->before = NULL;
      bytes -= OM_UNIT;
    }
    last->size = 0;
    om_heap.end = end = last;
    om_heap_list(block, bytes);
    if (om_block_size(last->before) >= size) return last->before;
  }
  return NULL;
}

/* Bytes of the block that holds so many; 0 where no block can. */
static inline size_t om_heap_size(size_t bytes) {
  return bytes > PTRDIFF_MAX - 4 * OM_UNIT ? 0 : (bytes + OM_HEAD + OM_UNIT - 1) & ~(size_t)(OM_UNIT - 1);
}

/* Makes a block, of which `has` bytes are ours and in no list, one in use of `size` bytes, and the rest free. */
static inline void om_heap_use(om_block *block, size_t has, size_t size) {
  block->size = size;
  om_block *after = om_block_after(block);
  if (has == size) {
    after->before = block;
    return;
  }
  after->before = block;
  after->size = 0; /* in use, until it is listed */
  om_heap_list(after, has - size);
}

/* The block of what malloc gave. */
static inline om_block *om_heap_block(void *memory) {
  om_block *block = (om_block *)((char *)memory - OM_HEAD);
  const bool ours = ((uintptr_t)memory & (OM_UNIT - 1)) == 0 && block->size >= OM_UNIT && !om_block_is_free(block) &&
                    om_block_after(block)->before == block;
  if (!ours) __builtin_trap();
  return block;
}

static __attribute__((noinline, unused)) void *om_c_malloc(size_t bytes) {
  const size_t size = om_heap_size(bytes);
  if (size == 0) return NULL;
  om_block *block = om_heap_first_fit(size, 16);
  if (!block) block = om_heap_larger(size);
  if (!block) block = om_heap_first_fit(size, SIZE_MAX);
  if (!block) block = om_heap_grow(size);
  if (!block) return NULL;
  om_heap_unlist(block);
  om_heap_use(block, om_block_size(block), size);
  return (char *)block + OM_HEAD;
}

static __attribute__((noinline, unused)) void om_c_free(void *memory) {
  if (!memory) return;
  om_block *block = om_heap_block(memory);
  om_heap_list(block, block->size);
}

/* Alignments up to 64; others get NULL. */
static inline void *om_c_aligned_alloc(size_t alignment, size_t bytes) {
  return alignment <= OM_UNIT && (alignment & (alignment - 1)) == 0 ? om_c_malloc(bytes) : NULL;
}

static inline void *om_c_calloc(size_t count, size_t size) {
  size_t bytes;
  void *memory = __builtin_mul_overflow(count, size, &bytes) ? NULL : om_c_malloc(bytes);
  return memory ? om_c_memset(memory, 0, bytes) : NULL;
}

static __attribute__((noinline, unused)) void *om_c_realloc(void *memory, size_t bytes) {
  if (!memory) return om_c_malloc(bytes);
  om_block *block = om_heap_block(memory), *after = om_block_after(block);
  const size_t size = om_heap_size(bytes), has = block->size;
  if (size == 0) return NULL;
  if (size > has && om_block_is_free(after) && has + om_block_size(after) >= size) {
    om_heap_unlist(after);
    om_heap_use(block, has + om_block_size(after), size);
    return memory;
  }
  if (size <= has) {
    om_heap_use(block, has, size);
    return memory;
  }
  void *larger = om_c_malloc(bytes);
  if (!larger) return NULL;
  om_c_memcpy(larger, memory, has - OM_HEAD);
  om_c_free(memory);
  return larger;
}

#endif
