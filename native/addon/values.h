// JavaScript values to and from a call's buffers. Every function returns false or null with an exception pending.
#pragma once

#include "call.h"

#include <node_api.h>

namespace values {

inline napi_value toError(napi_env env, const Failure &failure) {
  napi_value code = nullptr, message = nullptr, error = nullptr;
  napi_create_string_utf8(env, failure.code, NAPI_AUTO_LENGTH, &code);
  napi_create_string_utf8(env, failure.message.c_str(), failure.message.size(), &message);
  napi_create_error(env, code, message, &error);
  return error;
}

inline bool raise(napi_env env, const char *code, const char *message) {
  napi_throw_error(env, code, message);
  return false;
}

// Memory of a typed array that must have exactly `bytes`; a detached one has 0. Node-API counts in elements, and knows
// no Float16Array before Node 24: the caller passes a Uint16Array on its memory instead.
inline bool typedArray(napi_env env, napi_value value, int64_t bytes, void **data) {
  napi_typedarray_type type;
  size_t length = 0;
  if (napi_get_typedarray_info(env, value, &type, &length, data, nullptr, nullptr) != napi_ok)
    return raise(env, "RUN_INPUT", "an input is no typed array");
  static constexpr int64_t sizes[] = {1, 1, 1, 2, 2, 4, 4, 4, 8, 8, 8}; // in the order of napi_typedarray_type
  const size_t index = static_cast<size_t>(type);
  if (index < sizeof sizes / sizeof *sizes && static_cast<int64_t>(length) * sizes[index] == bytes) return true;
  return raise(env, "RUN_INPUT", "an input's memory doesn't fit its dimensions: was it transferred or resized?");
}

// An array of `count` strings as C strings, in memory that `call` owns.
inline bool strings(napi_env env, napi_value value, int64_t count, Call *call, void **data) {
  std::vector<size_t> lengths(static_cast<size_t>(count));
  size_t bytes = lengths.size() * sizeof(char *);
  for (size_t i = 0; i < lengths.size(); ++i) {
    napi_value text;
    if (napi_get_element(env, value, static_cast<uint32_t>(i), &text) != napi_ok ||
        napi_get_value_string_utf8(env, text, nullptr, 0, &lengths[i]) != napi_ok)
      return raise(env, "RUN_INPUT", "an input's element is no string");
    bytes += lengths[i] + 1;
  }
  char **pointers = static_cast<char **>(*data = call->own(bytes));
  if (!pointers) return raise(env, "RUN_MEMORY", "no memory for its strings");
  char *next = reinterpret_cast<char *>(pointers + lengths.size());
  for (size_t i = 0; i < lengths.size(); ++i) {
    napi_value text;
    napi_get_element(env, value, static_cast<uint32_t>(i), &text);
    napi_get_value_string_utf8(env, text, next, lengths[i] + 1, nullptr);
    pointers[i] = next;
    next += lengths[i] + 1;
  }
  return true;
}

// The dimensions that JavaScript left in the mailbox for a dynamic input; moves `next` past them.
inline bool dimensions(napi_env env, const Port &port, const om_io *expected, const double **next, int64_t *dims) {
  for (size_t i = 0; i < port.dims.size(); ++i) {
    const double dim = *(*next)++;
    if (!(dim >= 0 && dim <= 9007199254740991.0)) return raise(env, "RUN_INPUT", "a dimension is no length");
    dims[i] = static_cast<int64_t>(dim);
    if (expected && expected->dims[i] >= 0 && expected->dims[i] != dims[i])
      return raise(env, "RUN_SHAPE", "a dimension differs from the one that the model was compiled for");
  }
  return true;
}

// Points the call's inputs at what JavaScript gave: `direct` is an array of those that aren't in the mailbox, in order.
// They may move or vanish as soon as JavaScript runs again.
inline bool readInputs(napi_env env, const Library &library, const Plan &plan, const char *mailbox, napi_value direct,
                       Call *call) {
  uint32_t index = 0;
  const double *dims = reinterpret_cast<const double *>(mailbox + plan.dimsOffset);
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const Port &port = plan.inputs[i];
    if (port.mailbox >= 0) continue;
    om_buffer &buffer = call->inputs[i];
    const om_io *expected = library.builtin ? &library.builtin->inputs[i] : nullptr;
    if (port.isDynamic() && !dimensions(env, port, expected, &dims, buffer.dims)) return false;
    const int64_t rank = static_cast<int64_t>(port.dims.size());
    const int64_t bytes = om_shape_bytes(buffer.dims, rank, port.elementBytes);
    napi_value value;
    if (napi_get_element(env, direct, index++, &value) != napi_ok) return raise(env, "RUN_INPUT", "an input is missing");
    const bool read = port.isString() ? strings(env, value, om_shape_bytes(buffer.dims, rank, 1), call, &buffer.data)
                                      : typedArray(env, value, bytes, &buffer.data);
    if (!read) return false;
  }
  return true;
}

// A new ArrayBuffer with a copy of `data`, through its constructor: napi_create_arraybuffer ends the process when
// memory is short, the constructor throws.
inline napi_value copyOut(napi_env env, napi_value arrayBuffer, const void *data, int64_t bytes) {
  napi_value length, buffer = nullptr;
  void *target = nullptr;
  size_t size = 0;
  if (napi_create_double(env, static_cast<double>(bytes), &length) != napi_ok ||
      napi_new_instance(env, arrayBuffer, 1, &length, &buffer) != napi_ok ||
      napi_get_arraybuffer_info(env, buffer, &target, &size) != napi_ok)
    return nullptr;
  if (bytes > 0) memcpy(target, data, static_cast<size_t>(bytes));
  return buffer;
}

inline napi_value copyStrings(napi_env env, const char *const *data, int64_t count) {
  napi_value array = nullptr;
  if (napi_create_array_with_length(env, static_cast<size_t>(count), &array) != napi_ok) return nullptr;
  for (int64_t i = 0; i < count; ++i) {
    napi_value text;
    if (napi_create_string_utf8(env, data[i] ? data[i] : "", NAPI_AUTO_LENGTH, &text) != napi_ok ||
        napi_set_element(env, array, static_cast<uint32_t>(i), text) != napi_ok)
      return nullptr;
  }
  return array;
}

inline napi_value copyDims(napi_env env, const int64_t *dims, int64_t rank) {
  napi_value array = nullptr;
  if (napi_create_array_with_length(env, static_cast<size_t>(rank), &array) != napi_ok) return nullptr;
  for (int64_t i = 0; i < rank; ++i) {
    napi_value dim;
    if (napi_create_double(env, static_cast<double>(dims[i]), &dim) != napi_ok ||
        napi_set_element(env, array, static_cast<uint32_t>(i), dim) != napi_ok)
      return nullptr;
  }
  return array;
}

// Outputs that aren't in the mailbox, as an array [data, dims, data, dims, …]; data is an ArrayBuffer or strings.
// Everything is copied, so outputs that alias an input or a constant of the library are safe too.
inline napi_value writeOutputs(napi_env env, const Library &library, const Plan &plan, const Call &call,
                               napi_value arrayBuffer) {
  napi_value array = nullptr;
  if (napi_create_array(env, &array) != napi_ok) return nullptr;
  uint32_t index = 0;
  for (size_t i = 0; i < plan.outputs.size(); ++i) {
    const Port &port = plan.outputs[i];
    if (port.mailbox >= 0) continue;
    const OMTensor *tensor = call.list ? library.plain.at(call.list, static_cast<int64_t>(i)) : nullptr;
    const void *data = tensor ? library.plain.data(tensor) : call.outputs[i].data;
    const int64_t *dims = tensor ? library.plain.shape(tensor) : call.outputs[i].dims;
    const int64_t rank = tensor ? library.plain.rank(tensor) : static_cast<int64_t>(port.dims.size());
    const int64_t bytes = om_shape_bytes(dims, rank, port.elementBytes);
    if (bytes < 0 || (bytes > 0 && !data)) {
      raise(env, "RUN_OUTPUT", "it gave an output without a shape or elements");
      return nullptr;
    }
    napi_value elements = port.isString()
                              ? copyStrings(env, static_cast<const char *const *>(data), om_shape_bytes(dims, rank, 1))
                              : copyOut(env, arrayBuffer, data, bytes);
    napi_value shape = elements ? copyDims(env, dims, rank) : nullptr;
    if (!shape || napi_set_element(env, array, index, elements) != napi_ok ||
        napi_set_element(env, array, index + 1, shape) != napi_ok)
      return nullptr;
    index += 2;
  }
  return array;
}

} // namespace values
