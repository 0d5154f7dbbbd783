// One run of a model: its buffers, and the run itself, which touches no JavaScript and may happen on any thread.
#pragma once

#include "copies.h"
#include "plan.h"
#include "pool.h"

#include <cerrno>
#include <cstring>

class Call {
public:
  std::vector<om_buffer> inputs, outputs; // `outputs` are the flat entry's; onnx-mlir's are in `list`
  std::vector<int64_t> inputBytes;
  OMTensorList *list = nullptr;
  Failure failure;

  Call(Library &library, const Plan &plan)
      : inputs(plan.inputs.size()), outputs(plan.outputs.size()), inputBytes(plan.inputs.size()),
        library_(library), plan_(plan), copies_(library.copies) {
    size_t count = 0;
    for (const Port &port : plan.inputs) count += port.dims.size();
    for (const Port &port : plan.outputs) count += port.dims.size();
    dims_.resize(count + 1);
    int64_t *next = dims_.data();
    auto place = [&](om_buffer &buffer, const Port &port) {
      buffer.dims = next;
      for (int64_t dim : port.dims) *next++ = dim;
    };
    for (size_t i = 0; i < inputs.size(); ++i) place(inputs[i], plan.inputs[i]);
    for (size_t i = 0; i < outputs.size(); ++i) place(outputs[i], plan.outputs[i]);
  }
  Call(const Call &) = delete;
  ~Call() {
    clear();
    giveScratch();
  }

  // For a call that is made again and again on JavaScript's thread: it writes outputs straight into the mailbox, and
  // keeps its scratch, so that no run takes a lock.
  void repeatOn(char *mailbox) {
    mailbox_ = mailbox;
    for (size_t i = 0; i < inputs.size(); ++i)
      if (plan_.inputs[i].slotBytes >= 0) inputs[i].data = mailbox + plan_.inputs[i].slot;
  }

  // Whether the flat entry has written this output where JavaScript finds it.
  bool isInMailbox(const Port &port) const { return mailbox_ && port.scratch >= 0 && port.slotBytes >= 0; }

  // Memory that lives as long as this call's buffers are needed: 64-byte aligned, or null.
  void *own(size_t bytes) {
    void *block = platform::allocate(bytes > 0 ? bytes : 1);
    if (!block) return nullptr;
    owned_.push_back(block);
    return block;
  }

  // Replaces *data by a copy that lives as long; false when memory is short.
  bool copy(int64_t bytes, void **data) {
    *data = copies_.copy(*data, bytes);
    return *data != nullptr;
  }

  int64_t copiedBytes() const { return copies_.bytes(); }

  // Sets `failure` or makes the results ready to be read until clear().
  void execute() {
    if (library_.builtin) executeFlat(*library_.builtin);
    else executePlain();
  }

  // Frees all but the mailbox and kept scratch; the call can be used again.
  void clear() {
    clearOutputs();
    if (!mailbox_) giveScratch();
    if (list) library_.plain.destroyList(list);
    list = nullptr;
    for (void *block : owned_) platform::release(block);
    owned_.clear();
    copies_.clear();
    failure.code = nullptr;
  }

  void giveScratch() {
    if (scratch_.data) library_.scratch.give(scratch_);
    scratch_.data = nullptr;
  }

private:
  Library &library_;
  const Plan &plan_;
  std::vector<int64_t> dims_;
  std::vector<void *> owned_;
  Copies copies_;
  char *mailbox_ = nullptr;
  Scratch scratch_;
  bool ran_ = false;

  void executeFlat(const om_builtin_descriptor &model) {
    if (plan_.scratchBytes > 0 && !scratch_.data) scratch_ = library_.scratch.take(plan_.scratchBytes);
    if (plan_.scratchBytes > 0 && !scratch_.data) {
      failure.set("RUN_MEMORY", "no memory for " + std::to_string(plan_.scratchBytes) + " bytes of scratch");
      return;
    }
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Port &port = plan_.outputs[i];
      if (port.isAllocated) {
        outputs[i].data = nullptr;
        std::fill_n(outputs[i].dims, port.dims.size(), 0);
        continue;
      }
      outputs[i].data =
          isInMailbox(port) ? mailbox_ + port.slot : static_cast<char *>(scratch_.data) + port.scratch;
      if (port.isString()) memset(outputs[i].data, 0, static_cast<size_t>(port.bytes));
    }
    om_message message = {};
    ran_ = true;
    const int status =
        library_.runThreads && plan_.threads > 1
            ? library_.runThreads(&pool::lent, plan_.threads, scratch_.data, inputs.data(), outputs.data(), &message)
            : model.run(scratch_.data, inputs.data(), outputs.data(), &message);
    if (status == OM_OK) return;
    if (status == OM_ERR_MEMORY) failure.set("RUN_MEMORY", text(message, "not enough memory"));
    else if (status == OM_ERR_VALUE) failure.set("RUN_VALUE", text(message, "an input has a value it can't take"));
    else failure.set("RUN_SHAPE", text(message, "the inputs' dimensions don't fit together"));
  }

  static std::string text(const om_message &message, const char *otherwise) {
    if (!message.sentence) return otherwise;
    if (!message.sizes) return message.sentence;
    if (message.sizes == 2) {
      const std::string bytes = message.given < 0 ? "more than any machine has" : std::to_string(message.given) + " bytes";
      return std::string(message.sentence) + ": " + bytes;
    }
    return std::string(message.sentence) + ": expected " + std::to_string(message.expected) + ", given " +
           std::to_string(message.given);
  }

  // Frees what the flat entry allocated: dynamic outputs and all strings.
  void clearOutputs() {
    if (!ran_) return;
    ran_ = false;
    for (size_t i = 0; i < outputs.size(); ++i) {
      const Port &port = plan_.outputs[i];
      if (port.isList()) {
        om_free_list(static_cast<om_list *>(outputs[i].data), port.isString());
        outputs[i].data = nullptr;
        continue;
      }
      if (port.isString() && outputs[i].data) {
        char **strings = static_cast<char **>(outputs[i].data);
        const int64_t count = om_shape_bytes(outputs[i].dims, port.rank(), 1);
        for (int64_t s = 0; s < count; ++s) free(strings[s]);
      }
      if (!port.isAllocated) continue;
      free(outputs[i].data);
      outputs[i].data = nullptr;
    }
  }

  void executePlain() {
    const PlainAbi &abi = library_.plain;
    std::vector<OMTensor *> tensors;
    for (size_t i = 0; i < inputs.size(); ++i) {
      const Port &port = plan_.inputs[i];
      OMTensor *tensor = abi.createTensor(inputs[i].data, inputs[i].dims, port.rank(),
                                          static_cast<OM_DATA_TYPE>(port.type));
      if (tensor) tensors.push_back(tensor);
    }
    const bool complete = tensors.size() == inputs.size();
    OMTensorList *given = complete ? abi.createList(tensors.data(), static_cast<int64_t>(tensors.size())) : nullptr;
    if (!given) {
      for (OMTensor *tensor : tensors) abi.destroyTensor(tensor);
      failure.set("RUN_MEMORY", "no memory for its input tensors");
      return;
    }
    errno = 0;
    list = abi.run(given);
    const int error = errno; // before anything else can change it
    abi.destroyList(given);  // the tensors don't own the inputs' memory: an output may still point into it
    if (list) checkOutputs();
    else explain(error);
  }

  void explain(int error) {
    switch (error) {
    case ENOMEM:
      failure.set("RUN_MEMORY", "not enough memory");
      break;
    case EDOM:
      failure.set("RUN_VALUE", "an input has a value it can't take");
      break;
    case EPERM:
      failure.set("RUN_MACHINE", "it needs an accelerator (NNPA) that this machine doesn't have at that level");
      break;
    case EINVAL:
      failure.set("RUN_SHAPE", "it refused the inputs; its reason stands on standard output");
      break;
    default:
      failure.set("RUN_FAILED", std::string("it failed: ") + (error ? strerror(error) : "no reason given"));
    }
  }

  void checkOutputs() {
    const PlainAbi &abi = library_.plain;
    const int64_t count = abi.size(list);
    if (count != static_cast<int64_t>(plan_.outputs.size())) {
      failure.set("RUN_OUTPUT", "it gave " + std::to_string(count) + " outputs instead of " +
                                    std::to_string(plan_.outputs.size()));
      return;
    }
    for (int64_t i = 0; i < count; ++i) {
      const OMTensor *tensor = abi.at(list, i);
      const Port &port = plan_.outputs[static_cast<size_t>(i)];
      if (tensor && abi.type(tensor) == static_cast<OM_DATA_TYPE>(port.type) && abi.rank(tensor) <= plan::highestRank &&
          om_shape_bytes(abi.shape(tensor), abi.rank(tensor), port.elementBytes) >= 0)
        continue;
      failure.set("RUN_OUTPUT", "output " + std::to_string(i) + " has not the type of the model's signature");
      return;
    }
  }
};
