/* POSIX's functions on libraries by those of kernel32, as far as the programs beside this use them; <windows.h> would be
 * native/kernels/windows.h. */
#ifndef OM_CHECK_DLFCN_H
#define OM_CHECK_DLFCN_H

#include <stdio.h>

enum { RTLD_NOW, RTLD_LOCAL };

__declspec(dllimport) void *__stdcall LoadLibraryA(const char *path);
__declspec(dllimport) void *__stdcall GetProcAddress(void *library, const char *name);
__declspec(dllimport) unsigned long __stdcall GetLastError(void);

static inline void *dlopen(const char *path, int mode) {
  (void)mode;
  return LoadLibraryA(path);
}

static inline void *dlsym(void *library, const char *name) { return GetProcAddress(library, name); }

static inline const char *dlerror(void) {
  static char text[64];
  snprintf(text, sizeof text, "Windows can't load the library: error %lu", GetLastError());
  return text;
}

#endif
