/* Where the threads of the addon's pool run.
 *
 *   c++ -std=c++17 -DOM_MEET -Inative/addon test/native/placement.cc -o placement && ./placement */
#include "pool.h"

#include <cstdio>
#include <sched.h>

/* A kernel that every thread comes into; each tells on which processor. */
struct Meeting {
  om_job job = {share, 0, 2, 1};
  pthread_t caller = pthread_self();
  int helperAt = -1;

  static void share(om_job *job, void *) {
    Meeting &meeting = *reinterpret_cast<Meeting *>(job);
    if (!pthread_equal(pthread_self(), meeting.caller)) meeting.helperAt = sched_getcpu();
  }

  void run() {
    const int32_t isShared = pool::lent.begin(&job);
    share(&job, nullptr);
    pool::lent.end(&job, isShared);
  }
};

static cpu_set_t only(int processor) {
  cpu_set_t set;
  CPU_ZERO(&set);
  CPU_SET(processor, &set);
  return set;
}

static void fallAsleep() { usleep(2000); }

int main() {
  cpu_set_t all;
  sched_getaffinity(0, sizeof all, &all);
  if (CPU_COUNT(&all) < 2) return puts("one processor"), 0;
  pool::ofProcess.setProcessors(2);

  // Where a thread begins, the system says.
  Meeting{}.run();

  int together = 0, apart = 0;
  for (int round = 0; round < 100; ++round)
    for (int processor = 0; processor < CPU_SETSIZE; ++processor) {
      if (!CPU_ISSET(processor, &all)) continue;
      const cpu_set_t here = only(processor);
      sched_setaffinity(0, sizeof here, &here); // goes there,
      sched_setaffinity(0, sizeof all, &all);   // and may go anywhere
      fallAsleep();
      Meeting meeting;
      const int before = sched_getcpu();
      meeting.run();
      if (before != sched_getcpu()) continue; // moved meanwhile
      if (meeting.helperAt == before) together++;
      else apart++;
    }
  printf("%s\n", together == 0 && apart > 0 ? "always apart" : "together");

  // A caller that may be nowhere else is helped all the same.
  const cpu_set_t here = only(sched_getcpu());
  sched_setaffinity(0, sizeof here, &here);
  fallAsleep();
  Meeting pinned;
  pinned.run();
  puts(pinned.helperAt >= 0 ? "helped" : "alone");
}
