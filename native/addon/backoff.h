// When threads are not worth it: where processors are busy with others, a kernel waits for threads that have none.
#pragma once

#include "threads.h"

#include <algorithm>

// Of whoever has the pool; the threads that help tell it what they met with. Measured with two busy loops beside it on two
// processors: a model that took 2.6 ms alone took 3.4 with threads and without this, and 2.6 with it.
class Backoff {
public:
  // Whether to try again by now.
  bool isOver() {
    began_ = platform::milliseconds();
    if (began_ < until_) return false;
    displaced_ = threads::displaced();
    return true;
  }

  // The caller has done its part, and waits for the others.
  void awaits() { waits_ = platform::milliseconds(); }

  // The kernel is done. Where the caller waited for longer than half of what it worked, or a thread had to give up its
  // processor, the next kernels are the caller's alone, for a time that doubles.
  void judge() {
    const double now = platform::milliseconds(), waited = now - waits_, worked = waits_ - began_;
    const bool isLate = waited > 0.05 && waited > worked / 2;
    const bool isHelperDisplaced = __atomic_exchange_n(&isHelperDisplaced_, 0, __ATOMIC_RELAXED) != 0;
    if (isLate || isHelperDisplaced || threads::displaced() != displaced_) {
      until_ = now + pause_;
      pause_ = std::min(2 * pause_, most);
    } else {
      pause_ = std::max(0.9 * pause_, least);
    }
  }

  // Of a thread that helped. before: its threads::displaced() when it helped last.
  void tell(int64_t *before) {
    const int64_t now = threads::displaced();
    if (now != *before) __atomic_store_n(&isHelperDisplaced_, 1, __ATOMIC_RELAXED);
    *before = now;
  }

private:
  static constexpr double least = 0.5, most = 100; // milliseconds
  double began_ = 0, waits_ = 0, until_ = 0, pause_ = least;
  int64_t displaced_ = 0;
  int32_t isHelperDisplaced_ = 0;
};
