// What a pool asks of the operating system: threads, and sleep until a word changes.
//
// On Linux by the system call: pthread_cond_wait() has two forms in glibc, between which an addon that asks for functions
// without a version (platform.h) can't choose.
#pragma once

#include "platform.h"

#ifndef _WIN32
#include <csignal>
#include <unistd.h>
#endif
#ifdef __linux__
#include <sys/resource.h>
#include <sys/syscall.h>
#endif

namespace threads {

// Those that a kernel may have, with the one that calls.
constexpr int32_t most = 64;

// Of a thread's stack. Kernels take a few kilobytes: none calls itself, and none has arrays of a length that the run decides.
constexpr size_t stackBytes = 1 << 20;

// Tells the processor that this thread waits for another.
inline void pause() {
#if defined(__x86_64__) || defined(__i386__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("isb" : : : "memory"); // as long as that of x86-64; `yield` does nothing on most
#else
  __asm__ volatile("" : : : "memory");
#endif
}

// How often this thread had to let others have its processor, where the system tells.
inline int64_t displaced() {
#ifdef __linux__
  rusage usage;
  if (getrusage(1 /* RUSAGE_THREAD */, &usage) == 0) return usage.ru_nivcsw;
#endif
  return 0;
}

#ifdef _WIN32

inline uint32_t process() { return GetCurrentProcessId(); }
inline void rest() { Sleep(0); }

inline SRWLOCK sleepLock = SRWLOCK_INIT;
inline CONDITION_VARIABLE sleepers = CONDITION_VARIABLE_INIT;

inline void sleep(uint32_t *word, uint32_t seen) {
  AcquireSRWLockExclusive(&sleepLock);
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == seen) SleepConditionVariableSRW(&sleepers, &sleepLock, INFINITE, 0);
  ReleaseSRWLockExclusive(&sleepLock);
}

inline void wake(uint32_t *, int32_t) {
  AcquireSRWLockExclusive(&sleepLock);
  WakeAllConditionVariable(&sleepers);
  ReleaseSRWLockExclusive(&sleepLock);
}

template <void body(void *)> DWORD WINAPI threadBody(void *argument) {
  body(argument);
  return 0;
}

template <void body(void *)> bool start(void *argument) {
  const HANDLE thread = CreateThread(nullptr, stackBytes, threadBody<body>, argument, 0, nullptr);
  if (thread) CloseHandle(thread);
  return thread != nullptr;
}

// Keeps this code where it is for as long as the process lives.
inline void stay() {
  HMODULE self;
  GetModuleHandleExW(GET_MODULE_HANDLE_EX_FLAG_PIN | GET_MODULE_HANDLE_EX_FLAG_FROM_ADDRESS,
                     reinterpret_cast<LPCWSTR>(&sleepLock), &self);
}

#else

inline uint32_t process() { return static_cast<uint32_t>(getpid()); }

// Some 0.1 ms.
inline void rest() {
  const timespec while_{0, 50000};
  nanosleep(&while_, nullptr);
}

#ifdef __linux__

// Until wake(), or at once where the word is another by now; also without a reason.
inline void sleep(uint32_t *word, uint32_t seen) {
  constexpr int wait = 0 | 128; // FUTEX_WAIT, of this process alone
  syscall(SYS_futex, word, wait, seen, nullptr, nullptr, 0);
}

// So many threads that sleep on the word.
inline void wake(uint32_t *word, int32_t most) {
  constexpr int wake = 1 | 128;
  syscall(SYS_futex, word, wake, most, nullptr, nullptr, 0);
}

// The addon is linked so that it is never unmapped.
inline void stay() {}

#else

inline pthread_mutex_t sleepLock = PTHREAD_MUTEX_INITIALIZER;
inline pthread_cond_t sleepers = PTHREAD_COND_INITIALIZER;

inline void sleep(uint32_t *word, uint32_t seen) {
  pthread_mutex_lock(&sleepLock);
  if (__atomic_load_n(word, __ATOMIC_SEQ_CST) == seen) pthread_cond_wait(&sleepers, &sleepLock);
  pthread_mutex_unlock(&sleepLock);
}

inline void wake(uint32_t *, int32_t) {
  pthread_mutex_lock(&sleepLock);
  pthread_cond_broadcast(&sleepers);
  pthread_mutex_unlock(&sleepLock);
}

inline void stay() {
  Dl_info self;
  if (dladdr(&sleepLock, &self)) dlopen(self.dli_fname, RTLD_NOW | RTLD_NODELETE);
}

#endif

template <void body(void *)> void *threadBody(void *argument) {
  body(argument);
  return nullptr;
}

// A thread that gets no signals, and that nobody waits for.
template <void body(void *)> bool start(void *argument) {
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return false;
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_attr_setstacksize(&attributes, stackBytes);
  sigset_t all, before;
  sigfillset(&all);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  pthread_t thread;
  const bool started = pthread_create(&thread, &attributes, threadBody<body>, argument) == 0;
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  pthread_attr_destroy(&attributes);
  return started;
}

#endif

} // namespace threads
