// What the headers of GNU's C++ library want of the library itself, for an addon that is linked without it
// (OM_ADDON_ALONE, see scripts/prebuild.js): such an addon depends on no version of anything, and is a third of the size.
#pragma once

#ifdef OM_ADDON_ALONE

#include <cstdlib>
#include <new>
#include <string>

// As in every program without exceptions, what is too small to be checked for ends the process where memory is short.
// Tensors are allocated otherwise.
void *operator new(std::size_t bytes) {
  void *block = malloc(bytes > 0 ? bytes : 1);
  if (!block) abort();
  return block;
}
void *operator new[](std::size_t bytes) { return operator new(bytes); }
void operator delete(void *block) noexcept { free(block); }
void operator delete(void *block, std::size_t) noexcept { free(block); }
void operator delete[](void *block) noexcept { free(block); }

namespace std {
void __throw_length_error(const char *) { abort(); }
void __throw_logic_error(const char *) { abort(); }
void __throw_out_of_range_fmt(const char *, ...) { abort(); }
void __throw_bad_alloc() { abort(); }
void __throw_bad_array_new_length() { abort(); }
} // namespace std

// Which the headers leave to the library.
template class std::basic_string<char>;

#endif
