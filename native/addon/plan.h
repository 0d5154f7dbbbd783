// Where each input and output of a model lies during a call, decided once when the model is loaded.
//
// Small tensors travel through the *mailbox*, one ArrayBuffer that JavaScript has typed arrays on, with a slot for each:
// TypedArray.set() into it costs 20 to 35 ns and the call without arguments 12 to 25 ns, while asking Node-API for the
// memory of an argument costs 50 ns, and 300 ns more when V8 still holds a short array on its own heap; an ArrayBuffer
// made here costs 200 to 400 ns more than one made in JavaScript (measured on Node 20, 60 floats). Larger inputs are
// passed as they are, so that nothing is copied; larger outputs are returned in ArrayBuffers of their own.
// Dynamic dimensions go through the mailbox too, as doubles: those of inputs one after another, those of an output
// after its rank. What is no tensor never goes there: a list of arrays is passed, or returned, in its place (values.h).
#pragma once

#include "../abi/om_shape.h"
#include "library.h"

#include <algorithm>
#include <vector>

struct Port {
  int32_t kind = OM_TENSOR;
  int32_t type = 0;
  bool isOfAnyRank = false; // of a list: its tensors
  int64_t elementBytes = 0;
  std::vector<int64_t> dims; // -1 where dynamic; of a list: those of each tensor in it
  int64_t bytes = -1;        // of the whole tensor; -1 where the shape is dynamic
  int64_t slot = 0;          // offset in the mailbox
  int64_t slotBytes = -1;    // what fits there; -1: it never travels through the mailbox
  int64_t dimsOffset = -1;   // in the mailbox, where JavaScript or the addon writes dimensions; -1: they are fixed
  int64_t scratch = -1;      // offset there of an output that the flat entry wants room for
  bool isAllocated = false;  // whether the flat entry allocates this output itself

  bool isList() const { return kind != OM_TENSOR; }
  bool isString() const { return type == ONNX_TYPE_STRING; }
  bool isDynamic() const { return !isList() && bytes < 0; }
  int64_t rank() const { return static_cast<int64_t>(dims.size()); }
};

struct Plan {
  std::vector<Port> inputs, outputs;
  bool isAllInMailbox = false; // whether no input's place or dimensions differ from call to call
  int64_t mailboxBytes = 0;
  int32_t threads = 1; // that work on a run at most, with the one that makes it
  int64_t scratchBytes = 0; // of the flat entry: its arena at 0, then its outputs of static shape
};

namespace plan {

// Libraries of onnx-mlir may give an output of another rank than the signature says; more than this is refused.
constexpr int64_t highestRank = 16;

// JavaScript's numbers are exact up to here, and no machine has as much memory.
constexpr int64_t mostBytes = int64_t{1} << 53;

inline int64_t aligned(int64_t bytes) { return (bytes + 63) & ~static_cast<int64_t>(63); }

// Compares what the module says with what the library says of one input or output.
inline bool matches(const Port &port, const om_io &io) {
  if (port.kind != io.kind || port.type != io.type || io.rank > highestRank) return false;
  if (port.isOfAnyRank || io.rank < 0) return port.isOfAnyRank && io.rank < 0;
  if (port.rank() != io.rank) return false;
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

inline void measure(Port *port) {
  port->elementBytes = om_element_bytes(port->type);
  port->bytes = om_shape_bytes(port->dims.data(), port->rank(), port->elementBytes);
}

// Gives a tensor of up to `limit` bytes a slot, and one that may have up to `dynamicLimit` bytes.
inline void placeSlot(Port *port, int64_t limit, int64_t dynamicLimit, Plan *plan) {
  const int64_t bytes = port->isDynamic() ? dynamicLimit : port->bytes;
  if (port->isString() || bytes > limit) return;
  port->slot = plan->mailboxBytes;
  port->slotBytes = bytes;
  plan->mailboxBytes += aligned(bytes);
}

inline void placeDims(Port *port, int64_t count, Plan *plan) {
  port->dimsOffset = plan->mailboxBytes;
  plan->mailboxBytes += count * static_cast<int64_t>(sizeof(double));
}

// Fills in all offsets. `inputs` and `outputs` come with type and dims.
inline bool make(const Library &library, int64_t limit, int64_t dynamicLimit, Plan *plan, Failure *failure) {
  const om_builtin_descriptor *model = library.builtin;
  const auto isList = [](const Port &port) { return port.isList(); };
  if (!model && (std::any_of(plan->inputs.begin(), plan->inputs.end(), isList) ||
                 std::any_of(plan->outputs.begin(), plan->outputs.end(), isList)))
    return failure->set("LOAD_ABI", "onnx-mlir's C ABI has no sequences, optionals and maps");
  if (model && !(matches(plan->inputs, model->inputs, model->input_count) &&
                 matches(plan->outputs, model->outputs, model->output_count)))
    return failure->set("LOAD_MISMATCH", "it is another model than the module was generated for; build again");
  // Module and library may each know dimensions that the other calls dynamic. What counts for who allocates an output
  // is the library's view.
  for (size_t i = 0; model && i < plan->outputs.size(); ++i) {
    if (plan->outputs[i].isList()) plan->outputs[i].isAllocated = true;
    else for (size_t d = 0; d < plan->outputs[i].dims.size(); ++d) {
      const int64_t dim = model->outputs[i].dims[d];
      if (dim < 0) plan->outputs[i].isAllocated = true;
      else plan->outputs[i].dims[d] = dim;
    }
  }

  bool measured = true; // no sum overflows: each is below mostBytes before it grows by as much
  const auto check = [&](int64_t bytes) {
    measured = measured && bytes <= mostBytes && plan->mailboxBytes <= mostBytes && plan->scratchBytes <= mostBytes;
    return measured;
  };
  for (Port &port : plan->inputs) {
    if (port.isList()) {
      port.elementBytes = om_element_bytes(port.type);
      continue;
    }
    measure(&port);
    if (!check(port.bytes)) break;
    placeSlot(&port, limit, dynamicLimit, plan);
  }
  plan->isAllInMailbox = std::all_of(plan->inputs.begin(), plan->inputs.end(),
                                     [](const Port &port) { return !port.isList() && !port.isDynamic() && port.slotBytes >= 0; });
  for (Port &port : plan->inputs)
    if (port.isDynamic()) placeDims(&port, port.rank(), plan);
  plan->mailboxBytes = aligned(plan->mailboxBytes);

  plan->scratchBytes = model ? aligned(model->arena_bytes) : 0;
  for (Port &port : plan->outputs) {
    if (port.isList()) {
      port.elementBytes = om_element_bytes(port.type);
      continue;
    }
    measure(&port);
    if (!check(port.bytes)) break;
    placeSlot(&port, limit, dynamicLimit, plan);
    if (!model || port.isAllocated) continue;
    port.scratch = plan->scratchBytes;
    plan->scratchBytes += aligned(port.bytes);
  }
  for (Port &port : plan->outputs)
    if (port.scratch < 0 && !port.isList()) placeDims(&port, 1 + highestRank, plan);
  return measured || failure->set("LOAD_MEMORY", "its tensors are larger than any memory");
}

} // namespace plan
