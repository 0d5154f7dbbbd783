// Elements and dimensions of single tensors to and from JavaScript. Every function returns false or null with an exception
// pending.
#pragma once

#include "call.h"

#include <node_api.h>

namespace values {

// Null where JavaScript can't go on: in a worker that is being terminated.
inline napi_value toError(napi_env env, const Failure &failure) {
  napi_value code = nullptr, message = nullptr, error = nullptr;
  if (napi_create_string_utf8(env, failure.code, NAPI_AUTO_LENGTH, &code) != napi_ok ||
      napi_create_string_utf8(env, failure.message.c_str(), failure.message.size(), &message) != napi_ok ||
      napi_create_error(env, code, message, &error) != napi_ok)
    return nullptr;
  return error;
}

// An exception is pending after it in any case: the only reasons why throwing fails are one that is, and the end of a
// worker, whose JavaScript sees nothing any more.
inline bool raise(napi_env env, const Failure &failure) {
  const napi_value error = toError(env, failure);
  if (error) (void)napi_throw(env, error);
  return false;
}

inline bool raise(napi_env env, const char *code, const char *message) {
  (void)napi_throw_error(env, code, message);
  return false;
}

// Handles made in its lifetime go with it: one per element would fill memory.
class Scope {
public:
  explicit Scope(napi_env env) : env_(env), isOpen_(napi_open_handle_scope(env, &scope_) == napi_ok) {}
  ~Scope() {
    if (isOpen_) (void)napi_close_handle_scope(env_, scope_);
  }
  Scope(const Scope &) = delete;

private:
  napi_env env_;
  napi_handle_scope scope_ = nullptr;
  bool isOpen_;
};

// Memory of a typed array that must have exactly `bytes`; a detached one has 0. Node-API counts in elements, and knows
// no Float16Array before Node 24: the caller passes a Uint16Array on its memory instead. Memory that other threads may
// write to while the model reads it is copied: a kernel that reads an index twice must find the same.
inline bool typedArray(napi_env env, napi_value value, int64_t bytes, Call *call, void **data) {
  napi_typedarray_type type;
  napi_value buffer = nullptr;
  size_t length = 0;
  bool isUnshared = false;
  if (napi_get_typedarray_info(env, value, &type, &length, data, &buffer, nullptr) != napi_ok ||
      napi_is_arraybuffer(env, buffer, &isUnshared) != napi_ok)
    return raise(env, "RUN_INPUT", "an input is no typed array");
  static constexpr int64_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8}; // in the order of napi_typedarray_type
  const size_t index = static_cast<size_t>(type);
  if (index >= sizeof sizes / sizeof *sizes || static_cast<int64_t>(length) * sizes[index] != bytes)
    return raise(env, "RUN_INPUT", "an input's memory doesn't fit its dimensions: was it transferred or resized?");
  return isUnshared || call->copy(bytes, data) || raise(env, "RUN_MEMORY", "no memory for a copy of an input");
}

// Element `index` of an array of strings: its bytes in *length, or itself at `target`, which has room for `room`.
inline bool string(napi_env env, napi_value array, int64_t index, char *target, size_t room, size_t *length) {
  const Scope scope(env);
  napi_value text;
  return napi_get_element(env, array, static_cast<uint32_t>(index), &text) == napi_ok &&
         napi_get_value_string_utf8(env, text, target, room, length) == napi_ok;
}

// An array of `count` strings as C strings, in memory that `call` owns.
inline bool strings(napi_env env, napi_value array, int64_t count, Call *call, void **data) {
  constexpr size_t longest = 0x7fffffff; // Node-API counts in int
  uint32_t given = 0;
  if (napi_get_array_length(env, array, &given) != napi_ok || given != count)
    return raise(env, "RUN_INPUT", "an input is no array of as many strings as its dimensions say");
  size_t bytes = static_cast<size_t>(count) * sizeof(char *);
  for (int64_t i = 0; i < count; ++i) {
    size_t length = 0;
    if (!string(env, array, i, nullptr, 0, &length)) return raise(env, "RUN_INPUT", "an input's element is no string");
    bytes += length + 1;
  }
  char **pointers = static_cast<char **>(*data = call->own(bytes));
  if (!pointers) return raise(env, "RUN_MEMORY", "no memory for its strings");
  char *next = reinterpret_cast<char *>(pointers + count);
  char *const end = reinterpret_cast<char *>(pointers) + bytes;
  for (int64_t i = 0; i < count; ++i) {
    const size_t room = std::min(static_cast<size_t>(end - next), longest);
    size_t length = 0;
    if (room == 0 || !string(env, array, i, next, room, &length))
      return raise(env, "RUN_INPUT", "an input's strings changed while they were read");
    pointers[i] = next;
    next += length + 1;
  }
  return true;
}

// The dimensions that JavaScript left in the mailbox for a dynamic input.
inline bool dimensions(napi_env env, const Port &port, const om_io *expected, const double *given, int64_t *dims) {
  for (size_t i = 0; i < port.dims.size(); ++i) {
    if (!(given[i] >= 0 && given[i] <= 9007199254740991.0)) return raise(env, "RUN_INPUT", "a dimension is no length");
    dims[i] = static_cast<int64_t>(given[i]);
    if (expected && expected->dims[i] >= 0 && expected->dims[i] != dims[i])
      return raise(env, "RUN_SHAPE", "a dimension differs from the one that the model was compiled for");
  }
  return true;
}

// A new ArrayBuffer and its memory, through its constructor, which is the addon's instance data:
// napi_create_arraybuffer ends the process when memory is short, the constructor throws.
inline napi_value newArrayBuffer(napi_env env, int64_t bytes, void **data) {
  napi_value constructor, length, buffer = nullptr;
  void *reference = nullptr;
  size_t size = 0;
  if (napi_get_instance_data(env, &reference) != napi_ok ||
      napi_get_reference_value(env, static_cast<napi_ref>(reference), &constructor) != napi_ok ||
      napi_create_double(env, static_cast<double>(bytes), &length) != napi_ok ||
      napi_new_instance(env, constructor, 1, &length, &buffer) != napi_ok ||
      napi_get_arraybuffer_info(env, buffer, data, &size) != napi_ok || size != static_cast<size_t>(bytes))
    return nullptr;
  return buffer;
}

inline napi_value copyOut(napi_env env, const void *data, int64_t bytes) {
  void *target = nullptr;
  const napi_value buffer = newArrayBuffer(env, bytes, &target);
  if (buffer && bytes > 0) memcpy(target, data, static_cast<size_t>(bytes));
  return buffer;
}

inline napi_value copyStrings(napi_env env, const char *const *data, int64_t count) {
  napi_value array = nullptr;
  if (napi_create_array_with_length(env, static_cast<size_t>(count), &array) != napi_ok) return nullptr;
  for (int64_t i = 0; i < count; ++i) {
    const Scope scope(env);
    napi_value text;
    if (napi_create_string_utf8(env, data[i] ? data[i] : "", NAPI_AUTO_LENGTH, &text) != napi_ok ||
        napi_set_element(env, array, static_cast<uint32_t>(i), text) != napi_ok)
      return nullptr;
  }
  return array;
}

} // namespace values
