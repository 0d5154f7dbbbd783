/* Copies of inputs by themselves, for sanitizers: what they hold, and which memory they are in.
 *
 *   c++ -std=c++17 -fsanitize=address,undefined -Inative/addon test/native/copies.cc -o copies && ./copies */
#include "copies.h"

#include <cstdio>
#include <initializer_list>

static int failures = 0;
#define EXPECT(condition)                                                                                              \
  if (!(condition)) printf("line %d: %s\n", __LINE__, #condition), __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED)

static std::vector<char> numbers(int64_t bytes, int64_t seed) {
  std::vector<char> made(static_cast<size_t>(bytes));
  for (size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>(i * 31 + static_cast<size_t>(seed));
  return made;
}

/* A call that copies inputs of these sizes; where the first of them went. */
static void *call(ScratchPool &pool, std::initializer_list<int64_t> sizes) {
  Copies copies(pool);
  std::vector<std::vector<char>> inputs;
  std::vector<const char *> made;
  for (int64_t bytes : sizes) {
    inputs.push_back(numbers(bytes, bytes + static_cast<int64_t>(made.size())));
    made.push_back(static_cast<const char *>(copies.copy(inputs.back().data(), bytes)));
    EXPECT(made.back() && reinterpret_cast<uintptr_t>(made.back()) % 64 == 0);
  }
  for (size_t i = 0; i < made.size(); ++i) EXPECT(inputs[i].empty() || memcmp(made[i], inputs[i].data(), inputs[i].size()) == 0);
  return const_cast<char *>(made[0]);
}

static constexpr int64_t MB = int64_t{1} << 20;

/* What is in the pool: a block of at least so many bytes, which stays there. */
static void *kept(ScratchPool &pool, int64_t bytes) {
  const Scratch block = pool.take(bytes);
  pool.give(block);
  return block.data;
}

static void *manyCalls(void *pool) {
  for (int64_t i = 0; i < 200; ++i) call(*static_cast<ScratchPool *>(pool), {1 + i * 1000, 300000 + i, i % 7, 64});
  return nullptr;
}

int main() {
  ScratchPool pool;
  pool.addUser();

  for (int64_t bytes : {int64_t{0}, int64_t{1}, int64_t{63}, int64_t{64}, int64_t{65}, MB / 4 - 1, MB / 4, MB / 4 + 63, MB + 17})
    call(pool, {bytes});

  /* Of one size again and again: in the same memory, from the second time on in one block. */
  call(pool, {2 * MB, 2 * MB, 3 * MB});
  void *first = call(pool, {2 * MB, 2 * MB, 3 * MB});
  EXPECT(call(pool, {2 * MB, 2 * MB, 3 * MB}) == first);
  EXPECT(kept(pool, 7 * MB) == first);
  /* What is a little larger, or smaller, has room there, too. */
  EXPECT(call(pool, {2 * MB, 2 * MB, 3 * MB + MB / 2}) == first);
  EXPECT(call(pool, {MB}) == first);
  /* What is too large leaves a block that is large enough. */
  call(pool, {7 * MB, 7 * MB});
  void *larger = kept(pool, 14 * MB);
  EXPECT(call(pool, {7 * MB, 7 * MB}) == larger);

  /* Of inputs that are very large nothing waits for the next call. */
  Copies copies(pool);
  const std::vector<char> large(65 * MB);
  EXPECT(copies.copy(large.data(), 65 * MB));
  EXPECT(copies.bytes() == 65 * MB);
  copies.clear();
  EXPECT(copies.bytes() == 0);

  pthread_t threads[4];
  for (pthread_t &thread : threads) pthread_create(&thread, nullptr, manyCalls, &pool);
  for (pthread_t &thread : threads) pthread_join(thread, nullptr);

  /* A call that outlives the last user keeps nothing: else AddressSanitizer tells. */
  EXPECT(copies.copy(large.data(), MB));
  pool.removeUser();
  copies.clear();

  printf("%d failures\n", failures);
}
