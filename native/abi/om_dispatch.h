/* The choice among a library's levels (om_level.h), made when it is loaded, and the functions that hand on to the chosen one.
 * The unit that includes this defines `om_levels`, best first, and OM_LEVELS_SHARE, OM_LEVELS_PREPARE, OM_LEVELS_KEEP and OM_LEVELS_PROFILE where a level has
 * these functions. It is compiled for the lowest level. */
#ifndef OM_DISPATCH_H
#define OM_DISPATCH_H

#include "om_level.h"

#include <cpuid.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Bits of CPUID that levels have beside those below them. Source: x86-64 psABI, §3.1.1, "Micro-Architecture Levels". Level 3 counts
 * with level 2's: no library has code for that. */
enum {
  OM_LEAF1_ECX_V3 = 1 << 0 /* SSE3 */ | 1 << 9 /* SSSE3 */ | 1 << 12 /* FMA */ | 1 << 13 /* CMPXCHG16B */ |
                    1 << 19 /* SSE4.1 */ | 1 << 20 /* SSE4.2 */ | 1 << 22 /* MOVBE */ | 1 << 23 /* POPCNT */ |
                    1 << 27 /* OSXSAVE */ | 1 << 28 /* AVX */ | 1 << 29 /* F16C */,
  OM_LEAF7_EBX_V3 = 1 << 3 /* BMI1 */ | 1 << 5 /* AVX2 */ | 1 << 8 /* BMI2 */,
  OM_EXTENDED_ECX_V3 = 1 << 0 /* LAHF */ | 1 << 5 /* LZCNT */,
};
#define OM_LEAF7_EBX_V4 (1u << 16 /* F */ | 1u << 17 /* DQ */ | 1u << 28 /* CD */ | 1u << 30 /* BW */ | 1u << 31 /* VL */)

/* Bits of XCR0: registers that the operating system saves. SSE and AVX; AVX-512's masks and both halves of its registers.
 * macOS saves the latter once a program has used them, and doesn't say so before: there, level 3 is taken. */
enum { OM_XCR0_V3 = 0x06, OM_XCR0_V4 = 0xe6 };

/* 4, 3 or 1: the level of this machine and its operating system. */
static int32_t om_machine_level(void) {
  unsigned a, b, c, d, features, low, high;
  if (!__get_cpuid(1, &a, &b, &c, &d) || (c & OM_LEAF1_ECX_V3) != OM_LEAF1_ECX_V3) return 1;
  if (!__get_cpuid(0x80000001u, &a, &b, &c, &d) || (c & OM_EXTENDED_ECX_V3) != OM_EXTENDED_ECX_V3) return 1;
  if (__get_cpuid_max(0, NULL) < 7) return 1;
  __cpuid_count(7, 0, a, features, c, d);
  if ((features & OM_LEAF7_EBX_V3) != OM_LEAF7_EBX_V3) return 1;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  if ((low & OM_XCR0_V3) != OM_XCR0_V3) return 1;
  return (features & OM_LEAF7_EBX_V4) == OM_LEAF7_EBX_V4 && (low & OM_XCR0_V4) == OM_XCR0_V4 ? 4 : 3;
}

/* The level that ONNX_MLIR_CPU_LEVEL names, as a target is named, e.g. x86-64-v3: what the machine has above it is not used. */
static int32_t om_wanted_level(void) {
  const char *name = getenv("ONNX_MLIR_CPU_LEVEL");
  if (!name || strncmp(name, "x86-64", 6) != 0) return INT32_MAX;
  if (name[6] == '\0') return 1;
  return strncmp(name + 6, "-v", 2) == 0 && name[8] >= '1' && name[8] <= '9' && name[9] == '\0' ? name[8] - '0' : INT32_MAX;
}

/* The one that runs; the last of om_levels runs everywhere. */
static const om_level *om_chosen_level;

__attribute__((constructor)) static void om_choose_level(void) {
  const int32_t machine = om_machine_level(), wanted = om_wanted_level();
  const om_level *const *level = om_levels;
  while ((*level)->level > (machine < wanted ? machine : wanted) && (*level)->level > 1) level++;
  om_chosen_level = *level;
}

/* Name of the level in use, e.g. "x86-64-v3". */
const char *om_cpu_level(void);
OM_EXPORT(om_cpu_level) const char *om_cpu_level(void) { return om_chosen_level->target; }

static int om_run(void *arena, const om_buffer *inputs, om_buffer *outputs, om_message *message) {
  return om_chosen_level->run(arena, inputs, outputs, message);
}

#ifdef OM_LEVELS_SHARE
om_run_threads_function om_run_threads;
OM_EXPORT(om_run_threads) int om_run_threads(const om_pool *pool, int32_t most, void *arena, const om_buffer *inputs,
                                             om_buffer *outputs, om_message *message) {
  return om_chosen_level->run_threads(pool, most, arena, inputs, outputs, message);
}
#endif

#ifdef OM_LEVELS_PREPARE
void om_prepare(void);
OM_EXPORT(om_prepare) void om_prepare(void) {
  if (om_chosen_level->prepare) om_chosen_level->prepare();
}
#endif

#ifdef OM_LEVELS_KEEP
void om_forget(void);
OM_EXPORT(om_forget) void om_forget(void) {
  if (om_chosen_level->forget) om_chosen_level->forget();
}
#endif

#ifdef OM_LEVELS_PROFILE
void omInstrumentPrint(void);
OM_EXPORT(omInstrumentPrint) void omInstrumentPrint(void) { om_chosen_level->print_profile(); }
#endif

#endif
