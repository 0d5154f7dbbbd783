// What the addon asks of the operating system: libraries, locks, aligned memory, environment variables.
//
// Of POSIX only functions that every C library for Linux has had in one form for long: a prebuilt addon asks for them
// without a version (scripts/prebuild.js), and so is the same file for old and new glibc and for musl. That leaves out
// stat() and realpath(), which JavaScript does for it.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#ifdef _WIN32
#include <malloc.h>
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <dlfcn.h>
#include <pthread.h>
#include <time.h>
#endif

// Initialised at compile time, and never destroyed: threads of the pool may still use it while the process exits. What
// std::mutex is where the C++ library has one.
class Mutex {
public:
#ifdef _WIN32
  void lock() { AcquireSRWLockExclusive(&lock_); }
  void unlock() { ReleaseSRWLockExclusive(&lock_); }

private:
  SRWLOCK lock_ = SRWLOCK_INIT;
#else
  void lock() { pthread_mutex_lock(&lock_); }
  void unlock() { pthread_mutex_unlock(&lock_); }

private:
  pthread_mutex_t lock_ = PTHREAD_MUTEX_INITIALIZER;
#endif
};

class Locked {
public:
  explicit Locked(Mutex &mutex) : mutex_(mutex) { mutex_.lock(); }
  ~Locked() { mutex_.unlock(); }
  Locked(const Locked &) = delete;

private:
  Mutex &mutex_;
};

namespace platform {

#ifdef _WIN32

inline std::vector<wchar_t> wide(const std::string &text) {
  const int length = MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, nullptr, 0);
  std::vector<wchar_t> result(static_cast<size_t>(length) + 1); // with a NUL, however it went
  MultiByteToWideChar(CP_UTF8, 0, text.c_str(), -1, result.data(), length);
  return result;
}

// Null with the reason in *error.
inline void *open(const std::string &path, std::string *error) {
  // With what it depends on looked for in its own folder first, as absolute paths ask for.
  const HMODULE library = LoadLibraryExW(wide(path).data(), nullptr, LOAD_WITH_ALTERED_SEARCH_PATH);
  if (!library) *error = "Windows can't load " + path + ": error " + std::to_string(GetLastError());
  return reinterpret_cast<void *>(library);
}

// The same of a library whose symbols those loaded later are to find: by its name, as Windows has it for all.
inline void *openForAll(const std::string &path, std::string *error) { return open(path, error); }

inline void *symbol(void *library, const char *name) {
  return reinterpret_cast<void *>(GetProcAddress(static_cast<HMODULE>(library), name));
}

inline void setVariable(const char *name, const char *value) { _putenv_s(name, value); }
inline void unsetVariable(const char *name) { _putenv_s(name, ""); }

// Of a clock that only goes on.
inline double milliseconds() {
  LARGE_INTEGER now, perSecond;
  QueryPerformanceCounter(&now);
  QueryPerformanceFrequency(&perSecond);
  return 1e3 * static_cast<double>(now.QuadPart) / static_cast<double>(perSecond.QuadPart);
}

inline void *allocate(size_t bytes) { return _aligned_malloc(bytes, 64); }
inline void release(void *block) { _aligned_free(block); }

#else

// Null with the reason in *error.
inline void *open(const std::string &path, std::string *error) {
  // RTLD_LOCAL: every model exports run_main_graph, and must see its own.
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!library) *error = dlerror();
  return library;
}

// The same of a library whose symbols those loaded later are to find.
inline void *openForAll(const std::string &path, std::string *error) {
  void *library = dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL);
  if (!library) *error = dlerror();
  return library;
}

inline void *symbol(void *library, const char *name) { return dlsym(library, name); }

inline void setVariable(const char *name, const char *value) { setenv(name, value, 1); }
inline void unsetVariable(const char *name) { unsetenv(name); }

// Of a clock that only goes on.
inline double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return 1e3 * static_cast<double>(now.tv_sec) + 1e-6 * static_cast<double>(now.tv_nsec);
}

// 64-byte aligned memory, or null.
inline void *allocate(size_t bytes) {
  void *block = nullptr;
  return posix_memalign(&block, 64, bytes) == 0 ? block : nullptr;
}
inline void release(void *block) { free(block); }

#endif

} // namespace platform
