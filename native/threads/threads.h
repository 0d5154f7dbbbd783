/* How kernels of a library of native code come to the threads that its host lends (native/abi/om_thread_pool.h): what parallel.h
 * wants of a `threads.h`. Nothing is kept from one run to the next but a pointer of each thread to what is on its stack, which
 * all files of a model have in common. */
#ifndef OM_NATIVE_THREADS_H
#define OM_NATIVE_THREADS_H

#include "om_export.h"
#include "om_thread_pool.h"
#include "parts.h"

#ifdef _WIN32

/* Of kernel32; <windows.h> would be native/kernels/windows.h. What MinGW makes of `__thread` would bring a DLL along. */
__declspec(dllimport) unsigned long __stdcall TlsAlloc(void);
__declspec(dllimport) int __stdcall TlsFree(unsigned long key);
__declspec(dllimport) void *__stdcall TlsGetValue(unsigned long key);
__declspec(dllimport) int __stdcall TlsSetValue(unsigned long key, void *value);

#define OM_NO_KEY 0xFFFFFFFFul
#ifdef OM_PART
extern unsigned long om_here_key;
#else
OM_COMMON unsigned long om_here_key = OM_NO_KEY;
#endif

static inline om_share *om_here(void) {
  const unsigned long key = __atomic_load_n(&om_here_key, __ATOMIC_ACQUIRE);
  return key == OM_NO_KEY ? NULL : (om_share *)TlsGetValue(key);
}

/* False where Windows has no place for the pointer. */
static inline bool om_go(om_share *share) {
  unsigned long key = __atomic_load_n(&om_here_key, __ATOMIC_ACQUIRE);
  if (key == OM_NO_KEY) {
    const unsigned long fresh = TlsAlloc();
    if (fresh == OM_NO_KEY) return false;
    if (__atomic_compare_exchange_n(&om_here_key, &key, fresh, false, __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE)) key = fresh;
    else TlsFree(fresh);
  }
  return TlsSetValue(key, share) != 0;
}

#else

#ifdef OM_PART
extern OM_COMMON __thread om_share *om_here_pointer;
#else
OM_COMMON __thread om_share *om_here_pointer;
#endif

static inline om_share *om_here(void) { return om_here_pointer; }
static inline bool om_go(om_share *share) {
  om_here_pointer = share;
  return true;
}

#endif

/* Lets time pass while a word is `seen`; `turns`: how often it was looked at. */
static inline void om_idle(const uint32_t *word, uint32_t seen, uint32_t turns) {
  (void)word, (void)seen;
  om_here()->pool->idle(turns);
}

/* A kernel that is shared, on the stack of the thread that calls it. */
typedef struct om_shared_call {
  om_job job; /* at the beginning, so that its address is the call's */
  om_shared_kernel *kernel;
  const void *arguments;
  const om_pool *pool;
  om_parts parts;
} om_shared_call;

static void om_share_call(om_job *job, void *own) {
  om_shared_call *call = (om_shared_call *)job;
  om_run_share(call->kernel, call->arguments, (om_share){.parts = &call->parts, .scratch = own, .pool = call->pool});
}

/* Runs a kernel on all threads that the host has for it; its results are there afterwards.
 * own_bytes: of the memory that each needs for itself, see om_own_scratch(). work: multiplications. */
static void om_parallel(om_shared_kernel *kernel, const void *arguments, int64_t own_bytes, int64_t work) {
  const om_share *here = om_here();
  if (!here || here->most < 2) {
    kernel(arguments);
    return;
  }
  const om_pool *pool = here->pool;
  om_shared_call call = {.job = {om_share_call, own_bytes, here->most, work >= OM_WAKING_WORK},
                         .kernel = kernel,
                         .arguments = arguments,
                         .pool = pool};
  const int32_t is_shared = pool->begin(&call.job);
  if (is_shared) om_share_call(&call.job, NULL);
  else kernel(arguments);
  pool->end(&call.job, is_shared);
}

#ifndef OM_PART

/* The model's flat entry, om_builtin_model.run. */
static int om_run(void *arena, const om_buffer *inputs, om_buffer *outputs, om_message *message);

om_run_threads_function om_run_threads;
OM_EXPORT(om_run_threads) int om_run_threads(const om_pool *pool, int32_t most, void *arena, const om_buffer *inputs,
                                             om_buffer *outputs, om_message *message) {
  om_share here = {.pool = pool, .most = most};
  const bool is_here = om_go(&here);
  const int status = om_run(arena, inputs, outputs, message);
  if (is_here) om_go(NULL);
  return status;
}

#endif

#endif
