/* The entry points of a model as a WebAssembly module, in place of om_entry.h: the flat entry of om_builtin.h and memory for
 * whoever calls it. Everything is in the module's one memory, which it exports; nothing is imported. Pointers are 32 bits
 * wide, so that an om_buffer takes 8 bytes, and an om_message, an om_list and an om_item take 32 each.
 *
 * The generated file is one translation unit: kernels, weights, om_run, then this.
 *
 * A module whose weights are in a file of their own also exports the address `om_weights`: whoever instantiates it copies the
 * file there before the first call. */
#ifndef OM_WASM_H
#define OM_WASM_H

#include "om_builtin.h"
#include "compiler-calls.h"
#include "runtime.h"

#ifndef OM_ARENA_BYTES
#error "define OM_ARENA_BYTES before including om_wasm.h"
#endif

_Static_assert(sizeof(om_buffer) == 8 && sizeof(om_message) == 32, "src/runtime/wasm/values.ts has these layouts");

uint32_t om_alloc(uint32_t bytes);
void om_free(uint32_t address);
uint32_t om_arena_bytes(void);
int32_t om_call(uint32_t arena, uint32_t inputs, uint32_t outputs, uint32_t message);

/* Address of 64-byte aligned room for `bytes`; 0 where there is no memory. */
OM_EXPORT(om_alloc) uint32_t om_alloc(uint32_t bytes) { return (uint32_t)om_allocate((int64_t)bytes); }

/* Gives back what om_alloc() or a run has given; 0 is nothing. */
OM_EXPORT(om_free) void om_free(uint32_t address) { free((void *)address); }

/* Size of the arena that a call needs, see om_builtin_descriptor. */
OM_EXPORT(om_arena_bytes) uint32_t om_arena_bytes(void) { return OM_ARENA_BYTES; }

/* om_builtin_descriptor.run, of addresses. */
OM_EXPORT(om_call) int32_t om_call(uint32_t arena, uint32_t inputs, uint32_t outputs, uint32_t message) {
  return om_run((void *)arena, (const om_buffer *)inputs, (om_buffer *)outputs, (om_message *)message);
}

#endif
