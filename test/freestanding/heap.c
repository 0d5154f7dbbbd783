/* The heap over plain arrays: random requests against a model of what is in use. Memory may follow on what there was or
 * not, and may be refused. */
#include <stdbool.h>
#include <stddef.h>

#define OM_HEAP_MORE
#include "../../native/freestanding/heap.h"

#include "../kernels/check.h"

enum { MEMORY = 1 << 22, BLOCKS = 400 };

static _Alignas(64) char memory[MEMORY];
static size_t taken, most = MEMORY;
static bool gaps;

static size_t om_heap_more(size_t bytes, char **from) {
  size_t start = taken + (gaps && pick(0, 1) ? 64 * (size_t)pick(1, 9) : 0);
  size_t give = bytes + 64 * (size_t)pick(0, 20);
  if (start + give > most) give = bytes;
  if (start + give > most) return 0;
  *from = memory + start;
  taken = start + give;
  return give;
}

static struct {
  unsigned char *at;
  size_t bytes;
  unsigned char fill;
} used[BLOCKS];

static void reset(void) {
  memset(&om_heap, 0, sizeof om_heap);
  memset(used, 0, sizeof used);
  taken = 0;
}

/* Walks the memory as the heap sees it: sizes, links, bits and lists must agree, and free blocks have used neighbours. */
static void check_heap(void) {
  size_t listed = 0, walked = 0;
  for (int level = 0; level < OM_LEVELS; level++) {
    if ((om_heap.levels >> level & 1) != (om_heap.classes[level] != 0)) fail("bit of level %d", level);
    for (int class = 0; class < OM_CLASSES; class++) {
      if ((om_heap.classes[level] >> class & 1) != (om_heap.free[level][class] != NULL)) fail("bit of class %d", class);
      for (om_block *b = om_heap.free[level][class]; b; b = b->next) {
        int own;
        if (om_size_class(om_block_size(b), &own) != class || own != level) fail("block in another's list");
        if (*b->link != b || !om_block_is_free(b)) fail("link of a free block");
        listed++;
      }
    }
  }
  for (om_block *end = om_heap.end, *b = end ? end->before : NULL; b; b = b->before) {
    if (om_block_after(b)->before != b) fail("chain of blocks");
    if (om_block_is_free(b) && b->before && om_block_is_free(b->before)) fail("free neighbours");
    walked += om_block_is_free(b);
  }
  if (gaps ? walked > listed : walked != listed) fail("%zu free blocks in lists, %zu in memory", listed, walked);
}

static void check_block(int i) {
  for (size_t k = 0; k < used[i].bytes; k++)
    if (used[i].at[k] != used[i].fill) {
      fail("block %d of %zu bytes was overwritten at %zu", i, used[i].bytes, k);
      return;
    }
}

static size_t random_bytes(void) {
  const int kind = pick(0, 9);
  return (size_t)(kind < 5 ? pick(0, 100) : kind < 9 ? pick(0, 5000) : pick(0, 200000));
}

static void step(void) {
  const int i = pick(0, BLOCKS - 1);
  check_cases++;
  if (used[i].at) {
    check_block(i);
    if (pick(0, 2) == 0) {
      const size_t bytes = random_bytes();
      unsigned char *moved = (unsigned char *)om_c_realloc(used[i].at, bytes);
      if (!moved) return;
      const size_t kept = bytes < used[i].bytes ? bytes : used[i].bytes;
      for (size_t k = 0; k < kept; k++)
        if (moved[k] != used[i].fill) {
          fail("realloc lost byte %zu of %zu", k, kept);
          break;
        }
      used[i].at = moved;
      used[i].bytes = bytes;
    } else {
      om_c_free(used[i].at);
      used[i].at = NULL;
      return;
    }
  } else {
    const size_t bytes = random_bytes();
    const bool zeroed = pick(0, 3) == 0;
    used[i].at = (unsigned char *)(zeroed ? om_c_calloc(bytes, 1) : om_c_aligned_alloc(64, bytes));
    used[i].bytes = bytes;
    if (!used[i].at) return;
    for (size_t k = 0; zeroed && k < bytes; k++)
      if (used[i].at[k] != 0) {
        fail("calloc left byte %zu", k);
        break;
      }
  }
  if ((uintptr_t)used[i].at % 64 != 0) fail("not aligned");
  used[i].fill = (unsigned char)pick(1, 255);
  memset(used[i].at, used[i].fill, used[i].bytes);
}

static void check_many(int steps) {
  for (int i = 0; i < steps; i++) {
    step();
    if (i % 100 == 0) check_heap();
  }
  for (int i = 0; i < BLOCKS; i++) {
    if (used[i].at) check_block(i);
    om_c_free(used[i].at);
  }
  check_heap();
}

/* A model that is called again and again needs no more memory than the first time. */
static void check_steady(void) {
  reset();
  size_t first = 0;
  for (int round = 0; round < 1000; round++) {
    void *arena = om_c_malloc(700001), *output = om_c_malloc(123457), *texts[50];
    for (int i = 0; i < 50; i++) texts[i] = om_c_malloc((size_t)(i * 7));
    if (!arena || !output) fail("round %d: no memory", round);
    om_c_free(arena);
    for (int i = 0; i < 50; i++) om_c_free(texts[i]);
    void *other = om_c_malloc(300000);
    om_c_free(output);
    om_c_free(other);
    if (round == 0) first = taken;
    check_cases++;
  }
  if (taken > first + 400000) fail("%zu bytes in the first round, %zu after many", first, taken);
}

static void check_refusals(void) {
  reset();
  if (om_c_malloc(SIZE_MAX) || om_c_malloc(PTRDIFF_MAX) || om_c_malloc(SIZE_MAX - 70) || om_c_malloc(MEMORY))
    fail("memory that there is not");
  if (om_c_calloc(SIZE_MAX / 2, 3) || om_c_aligned_alloc(128, 1) || om_c_aligned_alloc(24, 1)) fail("not refused");
  void *all = om_c_malloc(MEMORY / 2);
  if (!all) fail("no memory though there is");
  if (om_c_malloc(MEMORY / 2)) fail("more than there is");
  if (om_c_realloc(all, MEMORY)) fail("grown beyond all");
  om_c_free(all);
  om_c_free(NULL);
  check_heap();
  /* What was given back in pieces is one piece again. */
  void *pieces[64];
  for (int i = 0; i < 64; i++) pieces[i] = om_c_malloc(MEMORY / 140);
  for (int i = 0; i < 64; i += 2) om_c_free(pieces[i]);
  for (int i = 63; i > 0; i -= 2) om_c_free(pieces[i]);
  const size_t before = taken;
  all = om_c_malloc(MEMORY / 140 * 60);
  if (!all || taken != before) fail("pieces were not joined");
  om_c_free(all);
  check_cases += 9;
}

int main(void) {
  for (int round = 0; round < 40; round++) {
    reset();
    gaps = round % 2;
    most = round % 4 < 2 ? MEMORY : (size_t)pick(1, MEMORY / 64) * 64;
    check_many(4000);
  }
  gaps = false;
  most = MEMORY;
  check_steady();
  check_refusals();
  return check_done("heap");
}
