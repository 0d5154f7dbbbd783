/* Where heap.h gets its memory in WebAssembly: from the end of the module's data on, and by `memory.grow`. */
#ifndef OM_FREESTANDING_WASM_MEMORY_H
#define OM_FREESTANDING_WASM_MEMORY_H

#include <stddef.h>
#include <stdint.h>

#ifdef __wasm__

enum { OM_PAGE = 65536 };

/* The linker's: the first address that neither data nor the stack has. */
extern unsigned char __heap_base;

/* Takes whole pages. An eighth of what there is comes along, so that many small needs are few calls: each makes the
 * engine replace the buffer that JavaScript sees. The caller of the module may grow the memory for itself in between. */
static size_t om_heap_more(size_t bytes, char **from) {
  static int begun;
  const size_t pages = __builtin_wasm_memory_size(0);
  const uintptr_t base = ((uintptr_t)&__heap_base + 63) & ~(uintptr_t)63;
  if (!begun) {
    begun = 1;
    const uint64_t rest = (uint64_t)pages * OM_PAGE - base;
    if (pages <= 65535 && (uint64_t)pages * OM_PAGE > base && rest >= bytes) {
      *from = (char *)base;
      return (size_t)rest;
    }
  }
  const size_t need = bytes / OM_PAGE + (bytes % OM_PAGE != 0);
  size_t more = need > pages / 8 ? need : pages / 8;
  /* The last page stays unused: its end would be address 0. */
  if (pages > 65535 || need > 65535 - pages) return 0;
  if (more > 65535 - pages) more = need;
  size_t first = __builtin_wasm_memory_grow(0, more);
  if (first == SIZE_MAX && more > need) first = __builtin_wasm_memory_grow(0, more = need);
  if (first == SIZE_MAX) return 0;
  *from = (char *)(first * OM_PAGE);
  return more * OM_PAGE;
}

#endif

#endif
