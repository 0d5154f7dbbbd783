// Copies of a call's inputs, which the caller may change while the run goes on, in memory that calls before it had: the system
// clears every page that is new to a process when it is first touched, which took 450 to 850 page faults for the 18 MB of a
// decoder's caches. Copied past the processor's caches, as memcpy() reads from memory what it is to write over: 1.5 ms with new
// pages, 1.9 with memcpy() into old ones, 1.25 so; where other programs want the processor, too, 5.3 and 1.8 (new pages, so).
#pragma once

#include "scratch.h"

#include <cstring>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

namespace copies {

// memcpy() of what another thread is to read, to memory that is 64-byte aligned.
inline void stream(void *to, const void *from, size_t bytes) {
  size_t done = 0;
#ifdef __SSE2__
  constexpr size_t line = 64, least = size_t{1} << 18; // with less, as quick or quicker
  if (bytes >= least) {
    for (; done + line <= bytes; done += line) {
      const __m128i *source = reinterpret_cast<const __m128i *>(static_cast<const char *>(from) + done);
      __m128i *target = reinterpret_cast<__m128i *>(static_cast<char *>(to) + done);
      const __m128i a = _mm_loadu_si128(source), b = _mm_loadu_si128(source + 1);
      const __m128i c = _mm_loadu_si128(source + 2), d = _mm_loadu_si128(source + 3);
      _mm_stream_si128(target, a);
      _mm_stream_si128(target + 1, b);
      _mm_stream_si128(target + 2, c);
      _mm_stream_si128(target + 3, d);
    }
    _mm_sfence();
  }
#endif
  if (bytes > done) memcpy(static_cast<char *>(to) + done, static_cast<const char *>(from) + done, bytes - done);
}

} // namespace copies

class Copies {
public:
  explicit Copies(ScratchPool &pool) : pool_(pool) {}
  Copies(const Copies &) = delete;
  ~Copies() { clear(); }

  // A copy that lives until clear(): 64-byte aligned, or null when memory is short.
  void *copy(const void *data, int64_t bytes) {
    void *block = room(bytes > 0 ? (bytes + 63) & ~int64_t{63} : 64);
    if (block) copies::stream(block, data, static_cast<size_t>(bytes));
    return block;
  }

  // Of all since the last clear().
  int64_t bytes() const { return bytes_; }

  // What took several blocks finds one that is large enough the next time, and so does what is a little larger: caches grow from
  // run to run.
  void clear() {
    if (blocks_.size() == 1 && blocks_[0].bytes <= mostKept) {
      pool_.give(blocks_[0]);
    } else if (!blocks_.empty()) {
      for (const Scratch &block : blocks_) platform::release(block.data);
      const int64_t bytes = bytes_ + bytes_ / 8;
      void *data = bytes <= mostKept ? platform::allocate(static_cast<size_t>(bytes)) : nullptr;
      if (data) pool_.give({data, bytes});
    }
    blocks_.clear();
    used_ = bytes_ = 0;
  }

private:
  // Of a block that waits for the next call.
  static constexpr int64_t mostKept = int64_t{64} << 20;

  ScratchPool &pool_;
  std::vector<Scratch> blocks_;
  int64_t used_ = 0; // of the last block
  int64_t bytes_ = 0;

  void *room(int64_t bytes) {
    if (blocks_.empty() || blocks_.back().bytes - used_ < bytes) {
      const Scratch block = pool_.take(bytes);
      if (!block.data) return nullptr;
      blocks_.push_back(block);
      used_ = 0;
    }
    void *found = static_cast<char *>(blocks_.back().data) + used_;
    used_ += bytes;
    bytes_ += bytes;
    return found;
  }
};
