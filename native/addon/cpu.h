// What this machine's processor can do, compared with what a library was built for.
#pragma once

#include <cstdint>
#include <string>

#if defined(__x86_64__) || defined(__i386__)
#include <cpuid.h>
#elif defined(__s390x__) || defined(__arm__) || defined(__riscv)
#include <sys/auxv.h>
#endif

namespace cpu {

#if defined(__x86_64__) || defined(__i386__)

// A CPUID bit that a microarchitecture level asks for. Source: x86-64 psABI, table "Micro-Architecture Levels".
struct Feature {
  const char *name;
  int level; // 2, 3 or 4: the first level that has it
  uint32_t leaf;
  int reg; // 0 eax, 1 ebx, 2 ecx, 3 edx
  int bit;
};

constexpr Feature features[] = {
    {"CMPXCHG16B", 2, 1, 2, 13}, {"LAHF", 2, 0x80000001, 2, 0}, {"POPCNT", 2, 1, 2, 23},  {"SSE3", 2, 1, 2, 0},
    {"SSE4.1", 2, 1, 2, 19},     {"SSE4.2", 2, 1, 2, 20},       {"SSSE3", 2, 1, 2, 9},    {"AVX", 3, 1, 2, 28},
    {"AVX2", 3, 7, 1, 5},        {"BMI1", 3, 7, 1, 3},          {"BMI2", 3, 7, 1, 8},     {"F16C", 3, 1, 2, 29},
    {"FMA", 3, 1, 2, 12},        {"LZCNT", 3, 0x80000001, 2, 5}, {"MOVBE", 3, 1, 2, 22},  {"AVX512F", 4, 7, 1, 16},
    {"AVX512BW", 4, 7, 1, 30},   {"AVX512CD", 4, 7, 1, 28},     {"AVX512DQ", 4, 7, 1, 17}, {"AVX512VL", 4, 7, 1, 31},
};

inline bool has(const Feature &feature) {
  uint32_t registers[4] = {};
  return __get_cpuid_count(feature.leaf, 0, &registers[0], &registers[1], &registers[2], &registers[3]) &&
         (registers[feature.reg] >> feature.bit & 1);
}

// Whether the operating system saves the vector registers of a level (XCR0: SSE and AVX state, then AVX-512's).
inline bool systemSaves(int level) {
  uint32_t a = 0, b = 0, c = 0, d = 0;
  if (!__get_cpuid(1, &a, &b, &c, &d) || !(c >> 27 & 1)) return false; // OSXSAVE
  uint32_t low = 0, high = 0;
  __asm__("xgetbv" : "=a"(low), "=d"(high) : "c"(0));
  const uint32_t wanted = level >= 4 ? 0xe6 : 0x06;
  return (low & wanted) == wanted;
}

// Names of what is missing for a target, separated by commas; empty when this machine can run it.
inline std::string missing(const std::string &target) {
  const std::string prefix = "x86-64-v";
  if (target.compare(0, prefix.size(), prefix) != 0) return "";
  const int level = target[prefix.size()] - '0';
  std::string names;
  for (const Feature &feature : features)
    if (feature.level <= level && !has(feature)) names += (names.empty() ? "" : ", ") + std::string(feature.name);
  if (names.empty() && level >= 3 && !systemSaves(level)) names = "an operating system that saves vector registers";
  return names;
}

#elif defined(__s390x__)

// Whether the processor reports a facility. Every program may ask it (STORE FACILITY LIST EXTENDED); the kernel's AT_HWCAP
// has no names for what is newer than the kernel. Numbers: z/Architecture Principles of Operation, "Facility Indications".
inline bool facility(int bit) {
  uint64_t list[4] = {};
  __asm__("lghi %%r0, 3\n\tstfle %0" : "+Q"(list) : : "r0", "cc"); // r0: doublewords less one
  return list[bit / 64] >> (63 - bit % 64) & 1;
}

// Whether the operating system saves the vector registers (HWCAP_S390_VXRS).
inline bool systemSaves() { return getauxval(AT_HWCAP) >> 11 & 1; }

// The facility that each generation brought and its compilers make use of.
inline std::string missing(const std::string &target) {
  struct Generation {
    const char *target, *name;
    int facility;
  };
  constexpr Generation generations[] = {{"z13", "vector", 129},
                                        {"z14", "vector enhancements 1", 135},
                                        {"z15", "vector enhancements 2", 148},
                                        {"z16", "vector packed decimal 2", 192},
                                        {"z17", "miscellaneous instructions 4", 84}};
  for (const Generation &generation : generations) {
    if (target != generation.target) continue;
    if (!facility(generation.facility)) return generation.name;
    if (!systemSaves()) return "an operating system that saves vector registers";
  }
  return "";
}

// The neural network processing assist of z16 and z17. A guest of a hypervisor has it where it was given to it.
inline bool hasNnpa() { return facility(165); }

#elif defined(__arm__)

// NEON (HWCAP_NEON), which code for armv7 makes use of; there is none before ARMv7. Source: Linux, "ARM ELF HWCAPs".
inline std::string missing(const std::string &target) {
  return target == "armv7" && !(getauxval(AT_HWCAP) >> 12 & 1) ? "NEON" : "";
}

#elif defined(__riscv)

// The kernel sets a letter's bit where the processor has the extension and the kernel saves its registers (Linux 6.5 and newer:
// arch/riscv/include/uapi/asm/hwcap.h).
inline std::string missing(const std::string &target) {
  return target != "riscv64-v" || getauxval(AT_HWCAP) >> ('v' - 'a') & 1 ? "" : "the vector extension, or a kernel that saves its registers";
}

#else

inline std::string missing(const std::string &) { return ""; }

#endif

#if !defined(__s390x__)
inline bool hasNnpa() { return false; }
#endif

} // namespace cpu
