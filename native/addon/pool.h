// The threads that help runs with their large kernels: one small pool for all models and all of Node's workers.
//
// - It belongs to the addon and not to a model's library, which has no state of its own: see native/abi/om_thread_pool.h.
// - One kernel has it at a time. Who finds it taken does the work alone, and so does who computes while the processors that
//   the process may use have runs of their own: many runs at once are as fast as they are with one thread each.
// - Threads start when the first kernel wants them, and never end: after a kernel they look for the next one for some 50 µs
//   (from one kernel of a model to the next is mostly less), then they sleep. They are asleep when the process exits.
// - They run code of libraries and of this addon, neither of which is ever unmapped.
// - A child that a process forked has no threads, and does all alone.
#pragma once

#include "../abi/om_thread_pool.h"
#include "backoff.h"
#include "float-mode.h"
#include "placement.h"

#include <algorithm>

class Pool {
public:
  // How many processors this process may use.
  void setProcessors(int32_t processors) {
    if (processors > load(&processors_)) __atomic_store_n(&processors_, processors, __ATOMIC_SEQ_CST);
  }

  // See om_pool.
  bool begin(om_job *job) {
    const int32_t others = __atomic_fetch_add(&computing_, 1, __ATOMIC_SEQ_CST);
    const int32_t wanted = std::min({job->most, load(&processors_) - others, threads::most}) - 1;
    // Where nobody could come, neither clock nor system are asked, as Backoff does: that takes as long as a small kernel (0.15 µs), of
    // which a network has many.
    const bool mayCome = wakes(job) || awake() > 0;
    if (wanted <= 0 || job->own_bytes < 0 || !mayCome || !tryLock()) return false;
    const int32_t helpers = found(wanted, wakes(job));
    if (helpers == 0) {
      unlock();
      return false;
    }
    job_ = job;
    mode_ = floats::mode();
    __atomic_store_n(&seats_, helpers, __ATOMIC_RELAXED);
    __atomic_fetch_and(&gate_, ~closed, __ATOMIC_RELEASE);
    __atomic_fetch_add(&turn_, 1, __ATOMIC_SEQ_CST);
    const int32_t ready = awake();
    if (helpers > ready) {
      placement_.apart();
      threads::wake(&turn_, helpers - ready);
    }
    meet();
    return true;
  }

  // See om_pool.
  void end(bool isShared) {
    if (isShared) {
      backoff_.awaits();
      uint32_t inside = __atomic_or_fetch(&gate_, closed, __ATOMIC_ACQUIRE);
      for (uint32_t turns = 0; (inside & ~awaited) != closed; ++turns) {
        wait(inside, turns);
        inside = __atomic_load_n(&gate_, __ATOMIC_ACQUIRE);
      }
      __atomic_fetch_and(&gate_, ~awaited, __ATOMIC_RELAXED);
      backoff_.judge();
      unlock();
    }
    __atomic_fetch_sub(&computing_, 1, __ATOMIC_SEQ_CST);
  }

  static void idle(uint32_t turns) {
    if (turns < spins) threads::pause();
    else threads::rest(); // someone else needs the processor, maybe the thread that is waited for
  }

private:
  // For tests: every thread takes part in every kernel.
#ifdef OM_MEET
  static constexpr bool meets = true;
#else
  static constexpr bool meets = false;
#endif

  // Looks at a word before sleeping: 30 to 100 µs.
  static constexpr uint32_t spins = 2000;

  // The gate: threads that are in the kernel, and
  static constexpr uint32_t closed = uint32_t{1} << 31;  // no others may come in
  static constexpr uint32_t awaited = uint32_t{1} << 30; // who shares it sleeps until nobody is in

  // Of whoever has the lock: the kernel that is shared, how it computes, and what is known of sharing.
  om_job *job_ = nullptr;
  uint64_t mode_ = 0;
  Backoff backoff_;
  Placement placement_;
  uint32_t process_ = 0; // whose threads they are

  // Each on a line of the cache.
  alignas(64) uint32_t gate_ = closed;
  alignas(64) uint32_t turn_ = 0;     // another number for each kernel
  alignas(64) int32_t seats_ = 0;     // threads that may still come
  alignas(64) int32_t computing_ = 0; // runs that are in kernels which could be shared
  alignas(64) int32_t isTaken_ = 0;
  int32_t processors_ = 1, started_ = 0, asleep_ = 0;

  static int32_t load(const int32_t *word) { return __atomic_load_n(word, __ATOMIC_SEQ_CST); }

  bool tryLock() { return load(&isTaken_) == 0 && __atomic_exchange_n(&isTaken_, 1, __ATOMIC_ACQUIRE) == 0; }
  void unlock() { __atomic_store_n(&isTaken_, 0, __ATOMIC_RELEASE); }

  int32_t awake() const { return load(&started_) - load(&asleep_); }

  // Whether threads that sleep are woken for a kernel.
  static bool wakes(const om_job *job) { return meets || job->wakes != 0; }

  // How many threads there are for a kernel, of those that are wanted.
  int32_t found(int32_t wanted, bool wakes) {
    if (!meets && !backoff_.isOver()) return 0;
    const int32_t helpers = wakes ? started(wanted) : awake();
    return process_ == threads::process() ? std::min(wanted, helpers) : 0;
  }

  // So many as are wanted, or as there can be.
  int32_t started(int32_t wanted) {
    if (started_ == 0) {
      process_ = threads::process();
      threads::stay();
    }
    const bool isOwn = process_ == threads::process();
    while (isOwn && started_ < wanted && threads::start<live>(this)) __atomic_fetch_add(&started_, 1, __ATOMIC_SEQ_CST);
    return started_;
  }

  void meet() {
    while (meets && load(&seats_) > 0) threads::rest();
  }

  // The gate had others in it when it was looked at.
  void wait(uint32_t inside, uint32_t turns) {
    if (turns < spins) return threads::pause();
    const uint32_t seen = inside | awaited;
    if (inside == seen ||
        __atomic_compare_exchange_n(&gate_, &inside, seen, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
      threads::sleep(&gate_, seen);
  }

  static void live(void *pool) { static_cast<Pool *>(pool)->help(); }

  // A thread's life.
  void help() {
    placement_.joins();
    void *own = nullptr;
    int64_t bytes = 0, displaced = 0;
    for (uint32_t seen = 0;; sleep(seen)) {
      seen = __atomic_load_n(&turn_, __ATOMIC_SEQ_CST);
      if (!(__atomic_fetch_add(&gate_, 1, __ATOMIC_ACQ_REL) & closed) &&
          __atomic_fetch_sub(&seats_, 1, __ATOMIC_RELAXED) > 0 && reserve(job_->own_bytes, &own, &bytes)) {
        meet();
        floats::setMode(mode_);
        job_->share(job_, own);
        backoff_.tell(&displaced);
      }
      if (__atomic_sub_fetch(&gate_, 1, __ATOMIC_SEQ_CST) == (closed | awaited)) threads::wake(&gate_, 1);
    }
  }

  // Memory of this thread's own, kept for the next kernel. Whoever has none, helps nobody.
  static bool reserve(int64_t wanted, void **own, int64_t *bytes) {
    if (wanted <= *bytes) return true;
    if (*own) platform::release(*own);
    *own = static_cast<uint64_t>(wanted) <= SIZE_MAX ? platform::allocate(static_cast<size_t>(wanted)) : nullptr;
    *bytes = *own ? wanted : 0;
    return *own != nullptr;
  }

  // Until another kernel comes.
  void sleep(uint32_t seen) {
    for (uint32_t turns = 0; turns < spins; ++turns) {
      if (__atomic_load_n(&turn_, __ATOMIC_ACQUIRE) != seen) return;
      threads::pause();
    }
    __atomic_fetch_add(&asleep_, 1, __ATOMIC_SEQ_CST);
    threads::sleep(&turn_, seen);
    __atomic_fetch_sub(&asleep_, 1, __ATOMIC_SEQ_CST);
  }
};

namespace pool {

static Pool ofProcess; // initialised at compile time, and never destroyed: its threads may outlive all else

static int32_t begin(om_job *job) { return ofProcess.begin(job); }
static void end(om_job *, int32_t isShared) { ofProcess.end(isShared != 0); }

static const om_pool lent = {begin, end, Pool::idle};

} // namespace pool
