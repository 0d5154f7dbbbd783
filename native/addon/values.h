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

// Points the call's inputs at what JavaScript gave: in the mailbox, or in `direct`, an array of those that don't fit
// there. They may move or vanish as soon as JavaScript runs again.
inline bool readInputs(napi_env env, const Library &library, const Plan &plan, char *mailbox, napi_value direct,
                       Call *call) {
  uint32_t index = 0;
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const Port &port = plan.inputs[i];
    om_buffer &buffer = call->inputs[i];
    int64_t bytes = port.bytes;
    if (port.isDynamic()) {
      const om_io *expected = library.builtin ? &library.builtin->inputs[i] : nullptr;
      const double *given = reinterpret_cast<const double *>(mailbox + port.dimsOffset);
      if (!dimensions(env, port, expected, given, buffer.dims)) return false;
      bytes = om_shape_bytes(buffer.dims, port.rank(), port.elementBytes);
      if (bytes < 0) return raise(env, "RUN_INPUT", "its dimensions are too large");
    }
    if (bytes <= port.slotBytes) {
      buffer.data = mailbox + port.slot;
      continue;
    }
    napi_value value;
    if (napi_get_element(env, direct, index++, &value) != napi_ok) return raise(env, "RUN_INPUT", "an input is missing");
    const bool read = port.isString()
                          ? strings(env, value, om_shape_bytes(buffer.dims, port.rank(), 1), call, &buffer.data)
                          : typedArray(env, value, bytes, &buffer.data);
    if (!read) return false;
  }
  return true;
}

// Copies all inputs into memory of the call's own, after which JavaScript may do with them what it likes.
inline bool copyInputs(napi_env env, const Plan &plan, Call *call) {
  const auto bytesOf = [&](size_t i) {
    const Port &port = plan.inputs[i]; // strings were copied when they were read
    return port.isString() ? 0 : om_shape_bytes(call->inputs[i].dims, port.rank(), port.elementBytes);
  };
  int64_t total = 0;
  for (size_t i = 0; i < plan.inputs.size(); ++i) total += plan::aligned(bytesOf(i));
  char *copy = static_cast<char *>(call->own(static_cast<size_t>(total)));
  if (!copy) return raise(env, "RUN_MEMORY", "no memory for a copy of the inputs");
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const int64_t bytes = bytesOf(i);
    if (bytes == 0) continue;
    call->inputs[i].data = memcpy(copy, call->inputs[i].data, static_cast<size_t>(bytes));
    copy += plan::aligned(bytes);
  }
  return true;
}

// A new ArrayBuffer with a copy of `data`, through its constructor, which is the addon's instance data:
// napi_create_arraybuffer ends the process when memory is short, the constructor throws.
inline napi_value copyOut(napi_env env, const void *data, int64_t bytes) {
  napi_value arrayBuffer, length, buffer = nullptr;
  void *constructor = nullptr, *target = nullptr;
  size_t size = 0;
  if (napi_get_instance_data(env, &constructor) != napi_ok ||
      napi_get_reference_value(env, static_cast<napi_ref>(constructor), &arrayBuffer) != napi_ok ||
      napi_create_double(env, static_cast<double>(bytes), &length) != napi_ok ||
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

// One output of a finished call.
struct Result {
  const void *data;
  const int64_t *dims;
  int64_t rank;
};

inline Result resultOf(const Library &library, const Plan &plan, const Call &call, size_t index) {
  if (!call.list) return {call.outputs[index].data, call.outputs[index].dims, plan.outputs[index].rank()};
  const OMTensor *tensor = library.plain.at(call.list, static_cast<int64_t>(index));
  return {library.plain.data(tensor), library.plain.shape(tensor), library.plain.rank(tensor)};
}

inline void writeDims(const Port &port, const Result &result, char *mailbox) {
  double *dims = reinterpret_cast<double *>(mailbox + port.dimsOffset);
  *dims++ = static_cast<double>(result.rank);
  for (int64_t i = 0; i < result.rank; ++i) *dims++ = static_cast<double>(result.dims[i]);
}

// Puts the outputs where JavaScript finds them: dimensions and what fits there in the mailbox, the rest as an array of
// ArrayBuffers and string[]s, in order; *returned stays undefined where there is no rest. All of it are copies, so
// outputs that alias an input or a constant of the library are safe too.
inline bool writeOutputs(napi_env env, const Library &library, const Plan &plan, const Call &call, char *mailbox,
                         napi_value *returned) {
  uint32_t index = 0;
  for (size_t i = 0; i < plan.outputs.size(); ++i) {
    const Port &port = plan.outputs[i];
    if (call.isInMailbox(port)) continue;
    const Result result = resultOf(library, plan, call, i);
    const int64_t bytes = om_shape_bytes(result.dims, result.rank, port.elementBytes);
    if (bytes < 0 || (bytes > 0 && !result.data))
      return raise(env, "RUN_OUTPUT", "it gave an output without a shape or elements");
    if (port.dimsOffset >= 0) writeDims(port, result, mailbox);
    if (bytes <= port.slotBytes) {
      if (bytes > 0) memcpy(mailbox + port.slot, result.data, static_cast<size_t>(bytes));
      continue;
    }
    napi_value elements = port.isString() ? copyStrings(env, static_cast<const char *const *>(result.data),
                                                        om_shape_bytes(result.dims, result.rank, 1))
                                          : copyOut(env, result.data, bytes);
    if (!elements || (index == 0 && napi_create_array(env, returned) != napi_ok) ||
        napi_set_element(env, *returned, index++, elements) != napi_ok)
      return false;
  }
  return true;
}

} // namespace values
