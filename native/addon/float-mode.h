// How a thread computes with floats: rounding, and what becomes of denormals; without what exceptions there were. Whoever
// helps another does it in the other's way.
#pragma once

#include <cstdint>

namespace floats {

#if defined(__x86_64__) || defined(__SSE__)
inline uint64_t mode() { return __builtin_ia32_stmxcsr() & 0xffc0; }
inline void setMode(uint64_t mode) { __builtin_ia32_ldmxcsr(static_cast<uint32_t>(mode)); }
#elif defined(__aarch64__)
inline uint64_t mode() {
  uint64_t mode;
  __asm__ volatile("mrs %0, fpcr" : "=r"(mode));
  return mode;
}
inline void setMode(uint64_t mode) { __asm__ volatile("msr fpcr, %0" : : "r"(mode)); }
#elif defined(__arm__) && defined(__ARM_FP)
inline uint64_t mode() {
  uint32_t mode;
  __asm__ volatile("vmrs %0, fpscr" : "=r"(mode));
  return mode & 0x07ff9f00;
}
inline void setMode(uint64_t mode) { __asm__ volatile("vmsr fpscr, %0" : : "r"(static_cast<uint32_t>(mode))); }
#elif defined(__s390x__)
inline uint64_t mode() {
  uint32_t mode;
  __asm__ volatile("efpc %0" : "=r"(mode));
  return mode & 0xff0000ff;
}
inline void setMode(uint64_t mode) { __asm__ volatile("sfpc %0" : : "r"(static_cast<uint32_t>(mode))); }
#elif defined(__riscv) && defined(__riscv_flen)
inline uint64_t mode() {
  uint64_t mode;
  __asm__ volatile("csrr %0, fcsr" : "=r"(mode));
  return mode & 0xe0;
}
inline void setMode(uint64_t mode) { __asm__ volatile("csrw fcsr, %0" : : "r"(mode)); }
#else
inline uint64_t mode() { return 0; }
inline void setMode(uint64_t) {}
#endif

} // namespace floats
