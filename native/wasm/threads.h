/* The threads of a module that is compiled with OM_THREADS: workers of whoever instantiates it, each with an instance of its
 * own on the one memory, which all of them import. parallel.h says how they share a kernel; here is how they come and go.
 *
 * A worker calls om_work(), which sleeps until the main thread (the one that calls om_call) has a kernel to share. The main
 * thread waits for nobody but those that are in the kernel when its own part is done: without any workers, or before they
 * have started, it does all by itself.
 *
 * The stack of a worker is memory from om_alloc(), as large as src/runtime/wasm/threaded.ts makes it. What runs there are kernels:
 * none calls itself, and none has arrays of a length that the run decides, so that they need a few kilobytes. Should one need
 * more all the same, the words at the stack's end, which are looked at after each kernel, end it with a trap. */
#ifndef OM_WASM_THREADS_H
#define OM_WASM_THREADS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "om_export.h"
#include "runtime.h"

#define OM_CLOSED (UINT32_C(1) << 31)

/* Looks at a word before sleeping, some 30 µs: from one kernel of a model to the next is mostly less. */
#ifndef OM_THREAD_SPINS
#define OM_THREAD_SPINS 20000
#endif

enum { OM_STACK_GUARD = 16 /* words */ };

static struct {
  /* The kernel that is shared. */
  om_shared_kernel *kernel;
  const void *arguments;
  /* A piece for each worker. */
  char *scratch;
  int64_t scratch_bytes;
  uint32_t most; /* workers, whose numbers are below */

  _Alignas(64) uint32_t gate;   /* threads that are in the kernel; OM_CLOSED: no others may come in */
  _Alignas(64) uint32_t turn;   /* another number for each kernel */
  _Alignas(64) uint32_t workers; /* that are here, */
  uint32_t asleep;               /* and of them */
  uint32_t dismissed, failed;
  uint32_t met; /* workers that have come into the kernel, see om_meet() */
} om_threads = {.gate = OM_CLOSED};

/* Of the one kernel that is shared at a time. */
static om_parts om_all_parts;

/* Whether this thread may sleep: that of a page must not. */
static __thread bool om_sleeps;

static __thread om_share *om_here_pointer;

static inline om_share *om_here(void) { return om_here_pointer; }
static inline bool om_go(om_share *share) {
  om_here_pointer = share;
  return true;
}

/* Waiting and waking are in functions of their own, which hold nothing that is needed afterwards: V8 11.3 (Node 20) was seen
 * to lose a local variable over memory.atomic.wait32, in code of its baseline compiler.
 * most: nanoseconds; -1: until the thread is woken. */
static __attribute__((noinline)) void om_wait(uint32_t *word, uint32_t seen, int64_t most) {
  __builtin_wasm_memory_atomic_wait32((int *)word, (int)seen, most);
}

static __attribute__((noinline)) void om_wake(uint32_t *word, uint32_t most) {
  __builtin_wasm_memory_atomic_notify((int *)word, most);
}

/* Lets time pass while a word is `seen`; `turns`: how often it was looked at. After a trap elsewhere it ends in one, too. */
static void om_idle(uint32_t *word, uint32_t seen, uint32_t turns) {
  if (__atomic_load_n(&om_threads.failed, __ATOMIC_ACQUIRE)) __builtin_trap();
  /* Someone else needs the processor, maybe the thread that is waited for: 0.1 ms. Nobody wakes who waits here. */
  if (turns > OM_THREAD_SPINS && om_sleeps) om_wait(word, seen, 100000);
}

/* For tests: every thread takes part in every kernel. */
static inline void om_meet(uint32_t comes) {
#ifdef OM_MEET
  __atomic_fetch_add(&om_threads.met, comes, __ATOMIC_ACQ_REL);
  for (uint32_t met; (met = __atomic_load_n(&om_threads.met, __ATOMIC_ACQUIRE)) < om_threads.most;)
    om_idle(&om_threads.met, met, UINT32_MAX);
#else
  (void)comes;
#endif
}

/* Whether there is anybody to share a kernel with, and memory for them. */
static bool om_gather_threads(int64_t own_bytes) {
  const uint32_t workers = __atomic_load_n(&om_threads.workers, __ATOMIC_ACQUIRE);
  if (workers == 0) return false;
  own_bytes = (own_bytes + 127) / 64 * 64; /* so that no two share a line of a cache */
  if (own_bytes <= om_threads.scratch_bytes) return true;
  free(om_threads.scratch);
  om_threads.scratch = (char *)om_allocate(own_bytes * om_threads.most);
  om_threads.scratch_bytes = om_threads.scratch ? own_bytes : 0;
  return om_threads.scratch != NULL;
}

static void om_call_threads(om_shared_kernel *kernel, const void *arguments) {
  om_threads.kernel = kernel;
  om_threads.arguments = arguments;
  om_threads.met = 0;
  __atomic_fetch_and(&om_threads.gate, ~OM_CLOSED, __ATOMIC_RELEASE);
  __atomic_fetch_add(&om_threads.turn, 1, __ATOMIC_SEQ_CST);
  if (__atomic_load_n(&om_threads.asleep, __ATOMIC_SEQ_CST) > 0)
    om_wake(&om_threads.turn, om_threads.most);
  om_meet(0);
}

/* No part is left that nobody has claimed. */
static void om_await_threads(void) {
  uint32_t inside = __atomic_or_fetch(&om_threads.gate, OM_CLOSED, __ATOMIC_ACQUIRE);
  for (uint32_t turns = 0; inside != OM_CLOSED; turns++) {
    om_idle(&om_threads.gate, inside, turns);
    inside = __atomic_load_n(&om_threads.gate, __ATOMIC_ACQUIRE);
  }
}

/* Runs a kernel on all threads that are there; its results are there afterwards.
 * own_bytes: of the memory that each needs for itself, see om_own_scratch(). */
static void om_parallel(om_shared_kernel *kernel, const void *arguments, int64_t own_bytes, int64_t work) {
  (void)work;
  if (!om_gather_threads(own_bytes)) {
    kernel(arguments);
    return;
  }
  om_all_parts.next = om_all_parts.done = 0;
  om_call_threads(kernel, arguments);
  om_run_share(kernel, arguments, (om_share){.parts = &om_all_parts});
  om_await_threads();
}

/* Before the first om_call(): how many workers there will be, and whether this thread may sleep. */
void om_open(uint32_t workers, uint32_t sleeps);
OM_EXPORT(om_open) void om_open(uint32_t workers, uint32_t sleeps) {
  om_threads.most = workers;
  om_sleeps = sleeps;
}

/* Sends workers out of om_work() for other models' sake, or lets them in again. */
void om_dismiss(uint32_t dismissed);
OM_EXPORT(om_dismiss) void om_dismiss(uint32_t dismissed) {
  __atomic_store_n(&om_threads.dismissed, dismissed, __ATOMIC_RELEASE);
  __atomic_fetch_add(&om_threads.turn, 1, __ATOMIC_SEQ_CST);
  om_wake(&om_threads.turn, om_threads.most);
}

/* A thread ended with a trap: whoever waits for it ends likewise, and the module must not run again. */
void om_fail_threads(void);
OM_EXPORT(om_fail_threads) void om_fail_threads(void) {
  __atomic_store_n(&om_threads.failed, 1, __ATOMIC_RELEASE);
}

/* Until another kernel comes. */
static void om_sleep(uint32_t seen) {
  for (uint32_t turns = 0; turns < OM_THREAD_SPINS; turns++)
    if (__atomic_load_n(&om_threads.turn, __ATOMIC_ACQUIRE) != seen) return;
  __atomic_fetch_add(&om_threads.asleep, 1, __ATOMIC_SEQ_CST);
  om_wait(&om_threads.turn, seen, -1);
  __atomic_fetch_sub(&om_threads.asleep, 1, __ATOMIC_SEQ_CST);
}

/* A worker's life until it is dismissed. stack: the end that its stack grows to. */
void om_work(uint32_t number, uint32_t stack);
OM_EXPORT(om_work) void om_work(uint32_t number, uint32_t stack) {
  volatile uint32_t *guard = (volatile uint32_t *)stack;
  for (int i = 0; i < OM_STACK_GUARD; i++) guard[i] = OM_CLOSED;
  om_sleeps = true;
  __atomic_fetch_add(&om_threads.workers, 1, __ATOMIC_SEQ_CST);
  for (;;) {
    const uint32_t seen = __atomic_load_n(&om_threads.turn, __ATOMIC_SEQ_CST);
    if (__atomic_load_n(&om_threads.dismissed, __ATOMIC_ACQUIRE)) break;
    if (!(__atomic_fetch_add(&om_threads.gate, 1, __ATOMIC_ACQ_REL) & OM_CLOSED)) {
      om_meet(1);
      om_run_share(om_threads.kernel, om_threads.arguments,
                   (om_share){.parts = &om_all_parts, .scratch = om_threads.scratch + number * om_threads.scratch_bytes});
      for (int i = 0; i < OM_STACK_GUARD; i++)
        if (guard[i] != OM_CLOSED) __builtin_trap();
    }
    __atomic_fetch_sub(&om_threads.gate, 1, __ATOMIC_RELEASE);
    om_sleep(seen);
  }
  __atomic_fetch_sub(&om_threads.workers, 1, __ATOMIC_SEQ_CST);
}

#endif
