/* The addon's pool of threads by itself, for sanitizers. Threads share jobs of many parts; each part is to be done once.
 *
 *   c++ -std=c++17 -fsanitize=thread -Inative/addon test/native/pool.cc -o pool && ./pool
 *
 * With OM_MEET every thread takes part in every job. */
#include "pool.h"

#include <cstdio>
#include <sys/wait.h>
#include <vector>

static int failures = 0;
#define EXPECT(condition)                                                                                              \
  if (!(condition)) printf("line %d: %s\n", __LINE__, #condition), failures++

/* As parallel.h has it: parts are claimed from a counter. */
struct Work {
  om_job job;
  int32_t next = 0;
  int32_t threads = 0;
  uint64_t mode;
  bool sameMode = true;
  std::vector<int32_t> done;

  Work(int32_t parts, int32_t most, int64_t bytes) : mode(floats::mode()), done(static_cast<size_t>(parts)) {
    job = {share, bytes, most, 1};
  }

  static void share(om_job *job, void *own) {
    Work &work = *reinterpret_cast<Work *>(job);
    __atomic_fetch_add(&work.threads, 1, __ATOMIC_RELAXED);
    if (floats::mode() != work.mode) work.sameMode = false;
    volatile char *memory = static_cast<char *>(own);
    for (int32_t part; (part = __atomic_fetch_add(&work.next, 1, __ATOMIC_RELAXED)) < static_cast<int32_t>(work.done.size());) {
      for (int64_t i = 0; memory && i < job->own_bytes; i += 997) memory[i] = static_cast<char>(part);
      for (int64_t i = 0; memory && i < job->own_bytes; i += 997)
        if (memory[i] != static_cast<char>(part)) work.done[static_cast<size_t>(part)] += 100; // somebody else's memory
      work.done[static_cast<size_t>(part)]++;
    }
  }

  bool run() {
    const int32_t isShared = pool::lent.begin(&job);
    share(&job, nullptr);
    pool::lent.end(&job, isShared);
    return isShared != 0;
  }

  bool isRight() const {
    for (int32_t count : done)
      if (count != 1) return false;
    return sameMode;
  }
};

static void *manyRuns(void *) {
  static int32_t wrong = 0;
  for (int32_t i = 0; i < 300; ++i) {
    Work work(1 + i % 40, 2 + i % 7, (i % 5) * 10000);
    work.run();
    if (!work.isRight()) __atomic_fetch_add(&wrong, 1, __ATOMIC_RELAXED);
  }
  return __atomic_load_n(&wrong, __ATOMIC_RELAXED) ? &wrong : nullptr;
}

int main(int, char **arguments) {
  const bool forks = arguments[1] != nullptr;
  {
    Work work(100, 8, 1 << 16);
    EXPECT(!work.run()); // nobody said that there are processors
    EXPECT(work.threads == 1 && work.isRight());
  }
  pool::ofProcess.setProcessors(8);
  for (int32_t most = 1; most <= 8; ++most) {
    Work work(1000, most, most * 1000);
    const bool isShared = work.run();
    EXPECT(work.isRight());
    EXPECT(work.threads <= most);
#ifdef OM_MEET
    EXPECT(isShared == (most > 1) && work.threads == most);
#else
    (void)isShared;
#endif
  }
  {
    Work work(100, 8, -1); // of no known size
    EXPECT(!work.run() && work.isRight());
  }
#if defined(__x86_64__)
  for (const uint64_t flushing : {0x8040u, 0u}) { // the way of the one who calls, whatever that of others was
    const uint64_t before = floats::mode();
    floats::setMode(before | flushing);
    Work work(1000, 8, 0);
    work.run();
    EXPECT(work.isRight());
    floats::setMode(before);
  }
#endif
  pthread_t threads[6];
  for (pthread_t &thread : threads) pthread_create(&thread, nullptr, manyRuns, nullptr);
  for (pthread_t &thread : threads) {
    void *wrong = nullptr;
    pthread_join(thread, &wrong);
    EXPECT(wrong == nullptr);
  }
  if (forks) {
    const pid_t child = fork();
    if (child == 0) {
      Work work(100, 8, 1000);
      const bool isShared = work.run();
      _exit(!isShared && work.isRight() && work.threads == 1 ? 0 : 1);
    }
    int status = -1;
    waitpid(child, &status, 0);
    EXPECT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    Work work(100, 8, 1000);
    work.run();
    EXPECT(work.isRight());
  }
  printf("%d failures\n", failures);
  return failures > 0; // with threads that look for more to do
}
