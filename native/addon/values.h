// What JavaScript gives to a call, and gets from it. Every function returns false or null with an exception pending.
#pragma once

#include "lists.h"

namespace values {

// Points the call's inputs at what JavaScript gave: in the mailbox, or in `direct`, an array of those that don't fit
// there. They may move or vanish as soon as JavaScript runs again, unless `copied`.
inline bool readInputs(napi_env env, const Library &library, const Plan &plan, char *mailbox, napi_value direct,
                       bool copied, Call *call) {
  if (plan.isAllInMailbox && !copied) return true; // Call::repeatOn() has set them
  std::vector<int64_t> &bytes = call->inputBytes;
  std::vector<napi_value> given; // by input; empty where all of them are in the mailbox
  std::vector<GivenList> lists;  // those that are no tensors, in order
  uint32_t count = 0;
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const Port &port = plan.inputs[i];
    if (port.isList()) {
      napi_value array;
      lists.emplace_back();
      if (napi_get_element(env, direct, count++, &array) != napi_ok || !lists.back().take(env, array))
        return raise(env, "RUN_INPUT", "an input is missing");
      continue;
    }
    int64_t *dims = call->inputs[i].dims;
    bytes[i] = port.bytes;
    if (port.isDynamic()) {
      const om_io *expected = library.builtin ? &library.builtin->inputs[i] : nullptr;
      const double *stated = reinterpret_cast<const double *>(mailbox + port.dimsOffset);
      if (!dimensions(env, port, expected, stated, dims)) return false;
      bytes[i] = om_shape_bytes(dims, port.rank(), port.elementBytes);
      if (bytes[i] < 0) return raise(env, "RUN_INPUT", "its dimensions are too large");
    }
    if (bytes[i] <= port.slotBytes) continue;
    if (given.empty()) given.resize(plan.inputs.size());
    if (napi_get_element(env, direct, count++, &given[i]) != napi_ok)
      return raise(env, "RUN_INPUT", "an input is missing");
  }
  // Only now their memory, as taking elements of an array may run JavaScript.
  size_t list = 0;
  for (size_t i = 0; i < plan.inputs.size(); ++i) {
    const Port &port = plan.inputs[i];
    om_buffer &buffer = call->inputs[i];
    if (port.isList()) {
      if (!lists[list++].make(env, port, &library.builtin->inputs[i], copied, call, &buffer.data)) return false;
      continue;
    }
    if (port.isString()) {
      if (!strings(env, given[i], om_shape_bytes(buffer.dims, port.rank(), 1), call, &buffer.data)) return false;
      continue; // they are copies
    }
    if (bytes[i] <= port.slotBytes) buffer.data = mailbox + port.slot;
    else if (!typedArray(env, given[i], bytes[i], call, &buffer.data)) return false;
    if (copied && !call->copy(bytes[i], &buffer.data))
      return raise(env, "RUN_MEMORY", "no memory for a copy of the inputs");
  }
  return true;
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
    if (port.isList()) {
      const om_list *list = static_cast<const om_list *>(call.outputs[i].data);
      const napi_value array = list ? copyList(env, port, *list) : nullptr;
      if (!array || (index == 0 && napi_create_array(env, returned) != napi_ok) ||
          napi_set_element(env, *returned, index++, array) != napi_ok)
        return raise(env, "RUN_MEMORY", "no memory for an output");
      continue;
    }
    if (call.isInMailbox(port)) continue;
    const Result result = resultOf(library, plan, call, i);
    const int64_t bytes = om_shape_bytes(result.dims, result.rank, port.elementBytes);
    if (bytes < 0 || (bytes > 0 && !result.data))
      return raise(env, "RUN_OUTPUT", "it gave an output without a shape or elements");
    if (bytes <= port.slotBytes) continue;
    napi_value elements = port.isString() ? copyStrings(env, static_cast<const char *const *>(result.data),
                                                        om_shape_bytes(result.dims, result.rank, 1))
                                          : copyOut(env, result.data, bytes);
    if (!elements || (index == 0 && napi_create_array(env, returned) != napi_ok) ||
        napi_set_element(env, *returned, index++, elements) != napi_ok)
      return raise(env, "RUN_MEMORY", "no memory for an output"); // unless the constructor has thrown its own error
  }
  // The mailbox last: a setter that someone gave Array.prototype may have run other models in between.
  for (size_t i = 0; i < plan.outputs.size(); ++i) {
    const Port &port = plan.outputs[i];
    if (port.isList() || call.isInMailbox(port)) continue;
    const Result result = resultOf(library, plan, call, i);
    const int64_t bytes = om_shape_bytes(result.dims, result.rank, port.elementBytes);
    if (port.dimsOffset >= 0) writeDims(port, result, mailbox);
    if (bytes > 0 && bytes <= port.slotBytes) memcpy(mailbox + port.slot, result.data, static_cast<size_t>(bytes));
  }
  return true;
}

} // namespace values
