// Where the system lets threads run that help a kernel: not on the processor of the thread that calls it.
//
// A system that wakes a thread prefers the waker's processor, or the one where the thread ran before, to one that it takes for
// busy; the kernel of a virtual machine under KVM takes any for busy whose host has let it go, the idle ones first of all. Both
// threads then share one processor until some tick of the clock moves one of them, which is after the kernel. Measured on two
// virtual processors with onnxruntime-node in the same process, asleep: mobilenet-v1 took 11.3 ms with two threads, as with
// one, and takes 6.2.
#pragma once

#include "threads.h"

#ifdef __linux__

class Placement {
public:
  // Of a thread that helps, before anything else.
  void joins() {
    const int32_t seat = __atomic_fetch_add(&joined_, 1, __ATOMIC_SEQ_CST);
    __atomic_store_n(&threads_[seat], static_cast<int32_t>(syscall(SYS_gettid)), __ATOMIC_SEQ_CST);
  }

  // Of whoever has the pool, before threads that sleep are woken: they may run where the caller may, but for where it does now.
  void apart() {
    uint32_t here;
    const int32_t joined = __atomic_load_n(&joined_, __ATOMIC_SEQ_CST);
    if (syscall(SYS_getcpu, &here, nullptr, nullptr) != 0 || (here == away_ && joined == placed_)) return;
    unsigned long allowed[words] = {};
    // Fails on machines with more processors than there are bits.
    const long bytes = syscall(SYS_sched_getaffinity, 0, sizeof allowed, allowed);
    if (bytes <= 0 || here >= sizeof allowed * 8) return;
    allowed[here / wordBits] &= ~(1ul << here % wordBits);
    bool isAny = false;
    for (const unsigned long word : allowed) isAny |= word != 0;
    if (!isAny) return;
    for (int32_t seat = 0; seat < joined; ++seat) {
      const int32_t thread = __atomic_load_n(&threads_[seat], __ATOMIC_SEQ_CST);
      if (thread != 0) syscall(SYS_sched_setaffinity, thread, bytes, allowed);
    }
    away_ = here;
    placed_ = joined;
  }

private:
  static constexpr size_t words = 16, wordBits = sizeof(unsigned long) * 8;

  int32_t threads_[threads::most] = {}; // their numbers; 0: none yet
  int32_t joined_ = 0;
  // What they were last told: the processor that is not theirs, and how many of them there were.
  uint32_t away_ = UINT32_MAX;
  int32_t placed_ = 0;
};

#else

class Placement {
public:
  void joins() {}
  void apart() {}
};

#endif
