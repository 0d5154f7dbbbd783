// Where each input and output of a model lies during a call, decided once when the model is loaded.
//
// Small tensors of static shape travel through the *mailbox*, one ArrayBuffer that JavaScript has typed arrays on:
// TypedArray.set() into it costs 20 to 35 ns and the call without arguments 12 to 25 ns, while asking Node-API for the
// memory of an argument costs 50 ns, and 300 ns more when V8 still holds a short array on its own heap; an ArrayBuffer
// made here costs 200 to 400 ns more than one made in JavaScript (measured on Node 20, 60 floats). Larger inputs are
// passed as they are, so that nothing is copied; larger and dynamic outputs are returned in ArrayBuffers of their own.
#pragma once

#include "../abi/om_shape.h"
#include "library.h"

#include <vector>

struct Port {
  int32_t type = 0;
  int64_t elementBytes = 0;
  std::vector<int64_t> dims; // -1 where dynamic
  int64_t bytes = -1;        // of the whole tensor; -1 where the shape is dynamic
  int64_t mailbox = -1;      // offset there; -1: passed or returned by itself
  int64_t scratch = -1;      // outputs of the flat entry: offset there, for those of static shape outside the mailbox

  bool isString() const { return type == ONNX_TYPE_STRING; }
  bool isDynamic() const { return bytes < 0; }
};

struct Plan {
  std::vector<Port> inputs, outputs;
  int64_t dimsOffset = 0;    // in the mailbox: the dimensions of all dynamic inputs, one double each
  int64_t outputsOffset = 0; // in the mailbox: where inputs and dimensions end
  int64_t mailboxBytes = 0;
  int64_t scratchBytes = 0; // arena of the flat entry at 0, then its larger outputs
  bool returns = false;     // whether any output is returned by itself
};

namespace plan {

inline int64_t aligned(int64_t bytes) { return (bytes + 63) & ~static_cast<int64_t>(63); }

// Compares what the module says with what the library says of one input or output.
inline bool matches(const Port &port, const om_io &io) {
  if (port.type != io.type || port.dims.size() != static_cast<size_t>(io.rank)) return false;
  for (size_t i = 0; i < port.dims.size(); ++i)
    if (port.dims[i] >= 0 && io.dims[i] >= 0 && port.dims[i] != io.dims[i]) return false;
  return true;
}

inline bool matches(const std::vector<Port> &ports, const om_io *io, int32_t count) {
  if (ports.size() != static_cast<size_t>(count)) return false;
  for (size_t i = 0; i < ports.size(); ++i)
    if (!matches(ports[i], io[i])) return false;
  return true;
}

// Fills in all offsets. `inputs` and `outputs` come with type and dims; tensors of up to `limit` bytes use the mailbox.
inline bool make(const Library &library, int64_t limit, Plan *plan, Failure *failure) {
  const om_builtin_descriptor *model = library.builtin;
  if (model && !(matches(plan->inputs, model->inputs, model->input_count) &&
                 matches(plan->outputs, model->outputs, model->output_count)))
    return failure->set("LOAD_MISMATCH", "it is another model than the module was generated for; build again");
  // The flat entry allocates an output exactly where its own descriptor calls the shape dynamic.
  if (model)
    for (size_t i = 0; i < plan->outputs.size(); ++i)
      plan->outputs[i].dims.assign(model->outputs[i].dims, model->outputs[i].dims + model->outputs[i].rank);

  auto measure = [&](Port &port) {
    port.elementBytes = om_element_bytes(port.type);
    port.bytes = om_shape_bytes(port.dims.data(), static_cast<int64_t>(port.dims.size()), port.elementBytes);
  };
  auto intoMailbox = [&](Port &port) {
    if (port.isDynamic() || port.isString() || port.bytes > limit) return false;
    port.mailbox = plan->mailboxBytes;
    plan->mailboxBytes += aligned(port.bytes);
    return true;
  };

  size_t dynamicDims = 0;
  for (Port &port : plan->inputs) {
    measure(port);
    intoMailbox(port);
    if (port.isDynamic()) dynamicDims += port.dims.size();
  }
  plan->dimsOffset = plan->mailboxBytes;
  plan->outputsOffset = plan->mailboxBytes += aligned(static_cast<int64_t>(dynamicDims * sizeof(double)));
  plan->scratchBytes = model ? aligned(model->arena_bytes) : 0;
  for (Port &port : plan->outputs) {
    measure(port);
    if (model && intoMailbox(port)) continue; // onnx-mlir's entry allocates all outputs itself
    plan->returns = true;
    if (!model || port.isDynamic()) continue;
    port.scratch = plan->scratchBytes;
    plan->scratchBytes += aligned(port.bytes);
  }
  return true;
}

} // namespace plan
