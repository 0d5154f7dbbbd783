// Memory of one call, kept for the next: free lists of a library, shared by all threads.
#pragma once

#include "platform.h"

struct Scratch {
  void *data = nullptr;
  int64_t bytes = 0;
};

class ScratchPool {
public:
  // At least `bytes`, 64-byte aligned; data is null when memory is short. Where all that is kept is too small, some of it goes.
  Scratch take(int64_t bytes) {
    Scratch small;
    {
      const Locked lock(mutex_);
      for (int i = count_ - 1; i >= 0; --i) {
        if (blocks_[i].bytes < bytes) continue;
        const Scratch found = blocks_[i];
        blocks_[i] = blocks_[--count_];
        return found;
      }
      if (count_ > 0) small = blocks_[--count_];
    }
    platform::release(small.data);
    Scratch fresh{nullptr, bytes};
    if (static_cast<uint64_t>(bytes) <= SIZE_MAX) fresh.data = platform::allocate(static_cast<size_t>(bytes));
    return fresh;
  }

  void give(Scratch block) {
    {
      const Locked lock(mutex_);
      if (count_ < kept && users_ > 0) {
        blocks_[count_++] = block;
        return;
      }
    }
    platform::release(block.data);
  }

  void addUser() {
    const Locked lock(mutex_);
    ++users_;
  }

  // The last user takes the kept blocks along.
  void removeUser() {
    const Locked lock(mutex_);
    if (--users_ == 0)
      while (count_ > 0) platform::release(blocks_[--count_].data);
  }

  bool hasUsers() {
    const Locked lock(mutex_);
    return users_ > 0;
  }

private:
  // As many as libuv's pool has threads by default; what a burst of calls needs beyond that is freed after it.
  static constexpr int kept = 4;
  Mutex mutex_;
  Scratch blocks_[kept];
  int count_ = 0;
  int users_ = 0;
};
