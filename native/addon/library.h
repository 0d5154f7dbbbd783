// Libraries with onnx-mlir's C ABI: found, checked and opened once per process, and never closed.
#pragma once

#include "../abi/om_builtin.h"
#include "../abi/om_list.h"
#include "../abi/om_thread_pool.h"
#include "../abi/om_tensor.h"
#include "cpu.h"
#include "failure.h"
#include "scratch.h"

#include <string>

// The functions of onnx-mlir's C ABI that a caller needs; each model's library brings its own.
struct PlainAbi {
  OMTensorList *(*run)(OMTensorList *) = nullptr;
  decltype(&omTensorCreate) createTensor = nullptr;
  decltype(&omTensorDestroy) destroyTensor = nullptr;
  decltype(&omTensorGetDataPtr) data = nullptr;
  decltype(&omTensorGetShape) shape = nullptr;
  decltype(&omTensorGetRank) rank = nullptr;
  decltype(&omTensorGetDataType) type = nullptr;
  decltype(&omTensorListCreate) createList = nullptr;
  decltype(&omTensorListGetSize) size = nullptr;
  decltype(&omTensorListGetOmtByIndex) at = nullptr;
  decltype(&omTensorListDestroy) destroyList = nullptr;
};

struct Library {
  const om_builtin_descriptor *builtin = nullptr; // null for a library of onnx-mlir: then `plain` is filled
  PlainAbi plain;
  om_run_threads_function *runThreads = nullptr; // of a built-in model that has work for several
  void (*forget)() = nullptr; // of one that keeps memory from run to run
  void (*printProfile)() = nullptr; // where the library can measure its nodes
  ScratchPool scratch; // what a run needs beside inputs and outputs
  ScratchPool copies;  // of inputs
};

namespace library {

template <typename Symbol> bool resolve(void *handle, const char *name, Symbol *symbol, Failure *failure) {
  *symbol = reinterpret_cast<Symbol>(platform::symbol(handle, name));
  return *symbol || failure->set("LOAD_SYMBOL", std::string("it does not export ") + name +
                                                    ", which onnx-mlir's C ABI has; was it built with --EmitLib?");
}

// Finds run_main_graph, or in a library whose symbols bear a tag the first entry point that it names itself.
inline bool resolveEntry(void *handle, PlainAbi *abi, Failure *failure) {
  const char *entry = "run_main_graph";
  if (!platform::symbol(handle, entry))
    if (auto query = reinterpret_cast<const char *const *(*)(int64_t *)>(platform::symbol(handle, "omQueryEntryPoints"))) {
      const char *const *entries = query(nullptr);
      if (entries && entries[0]) entry = entries[0];
    }
  return resolve(handle, entry, &abi->run, failure);
}

inline bool resolvePlain(void *handle, PlainAbi *abi, Failure *failure) {
  return resolveEntry(handle, abi, failure) && resolve(handle, "omTensorCreate", &abi->createTensor, failure) &&
         resolve(handle, "omTensorDestroy", &abi->destroyTensor, failure) &&
         resolve(handle, "omTensorGetDataPtr", &abi->data, failure) &&
         resolve(handle, "omTensorGetShape", &abi->shape, failure) &&
         resolve(handle, "omTensorGetRank", &abi->rank, failure) &&
         resolve(handle, "omTensorGetDataType", &abi->type, failure) &&
         resolve(handle, "omTensorListCreate", &abi->createList, failure) &&
         resolve(handle, "omTensorListGetSize", &abi->size, failure) &&
         resolve(handle, "omTensorListGetOmtByIndex", &abi->at, failure) &&
         resolve(handle, "omTensorListDestroy", &abi->destroyList, failure);
}

// What is to be opened.
struct File {
  std::string path;
  std::string identity; // tells it from every other file, and from one that later takes its place
  std::string constantsFolder;
};

// What a machine must have to run a library; known where the build tells, before the library is opened.
struct Requirements {
  std::string cpu; // a target's name; empty where nothing is known
  bool nnpa = false;
};

inline bool checkMachine(const Requirements &required, Failure *failure) {
  // Emulators run more than they report: QEMU says z15 and runs what compilers make for z16.
  const char *assumed = getenv("ONNX_MLIR_ASSUME_CPU");
  const std::string missing = assumed && required.cpu == assumed ? "" : cpu::missing(required.cpu);
  if (!missing.empty())
    return failure->set("LOAD_CPU", "it is built for " + required.cpu + ", but this processor lacks " + missing +
                                        "; build it with a lower target");
  return !required.nnpa || cpu::hasNnpa() ||
         failure->set("LOAD_NNPA", "it is built for the accelerator NNPA of " + required.cpu +
                                       ", which this machine lacks, or doesn't give to this guest; build it with target "
                                       "z15, or with onnx-mlir's option accel: 'none'");
}

// Looks at the descriptor only: no code of the library has run yet.
inline bool checkBuiltin(const om_builtin_descriptor *model, Failure *failure) {
  if (model->magic != OM_BUILTIN_MAGIC || model->abi != OM_BUILTIN_ABI)
    return failure->set("LOAD_ABI", "its interface is version " + std::to_string(model->abi) + ", this addon knows " +
                                        std::to_string(OM_BUILTIN_ABI) + "; build it again with this package");
  return checkMachine({model->target, false}, failure);
}

// onnx-mlir opens a large model's constants file in the folder that this variable names: in a constructor, or, seen at
// commit cc5be7b, when the model runs for the first time. Set here because process.env of a worker thread does not reach
// C, and for no longer than loading takes (the registry's mutex): each model has a folder of its own.
class ConstantsFolder {
public:
  explicit ConstantsFolder(const std::string &folder) {
    if (const char *value = getenv(name)) {
      had_ = true;
      before_ = value;
    }
    platform::setVariable(name, folder.c_str());
  }
  ~ConstantsFolder() {
    if (had_) platform::setVariable(name, before_.c_str());
    else platform::unsetVariable(name);
  }

private:
  static constexpr const char *name = "OM_CONSTANT_PATH";
  bool had_ = false;
  std::string before_;
};

inline bool open(const File &file, Library *opened, Failure *failure) {
  const ConstantsFolder folder(file.constantsFolder);
  std::string error;
  void *handle = platform::open(file.path, &error);
  if (!handle) return failure->set("LOAD_OPEN", error);
  // What the first run would do, by when the variable is another's; later runs see that it is done.
  auto *loadConstants = reinterpret_cast<bool (*)()>(platform::symbol(handle, "omLoadConstantsFromFile"));
  if (loadConstants && !loadConstants())
    return failure->set("LOAD_CONSTANTS", "its constants file can't be opened in " + file.constantsFolder +
                                              "; copy it along, under the name that the build gave it");
  opened->printProfile = reinterpret_cast<void (*)()>(platform::symbol(handle, "omInstrumentPrint"));
  opened->builtin = static_cast<const om_builtin_descriptor *>(platform::symbol(handle, "om_builtin_model"));
  if (!opened->builtin) return resolvePlain(handle, &opened->plain, failure);
  if (!checkBuiltin(opened->builtin, failure)) return false;
  opened->runThreads = reinterpret_cast<om_run_threads_function *>(platform::symbol(handle, "om_run_threads"));
  opened->forget = reinterpret_cast<void (*)()>(platform::symbol(handle, "om_forget"));
  // See om_builtin.h: what the first run would do.
  if (auto *prepare = reinterpret_cast<void (*)()>(platform::symbol(handle, "om_prepare"))) prepare();
  return true;
}

// The libraries that were opened. Initialised at compile time, so that no two threads can meet here first.
struct Opened {
  std::string identity;
  Library *library;
  const Opened *next;
};
static Mutex mutex;
static const Opened *everOpened = nullptr;

// The library of a file, opened by the first caller in this process. Null with `failure` set when it can't be used.
// Opening runs constructors, which may have any instruction in them: so the machine is looked at before.
inline Library *get(const File &file, const Requirements &required, Failure *failure) {
  if (!checkMachine(required, failure)) return nullptr;
  const Locked lock(mutex);
  for (const Opened *known = everOpened; known; known = known->next)
    if (known->identity == file.identity) return known->library;
  Library *opened = new Library;
  if (open(file, opened, failure)) {
    everOpened = new Opened{file.identity, opened, everOpened};
    return opened;
  }
  delete opened;
  return nullptr;
}

} // namespace library
