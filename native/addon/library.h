// Libraries with onnx-mlir's C ABI: found, checked and opened once per process, and never closed.
#pragma once

#include "../abi/om_builtin.h"
#include "../abi/om_list.h"
#include "../abi/om_tensor.h"
#include "cpu.h"
#include "failure.h"
#include "scratch.h"

#include <cstdlib>
#include <dlfcn.h>
#include <map>
#include <mutex>
#include <string>
#include <sys/stat.h>

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
  void (*printProfile)() = nullptr; // where the library can measure its nodes
  ScratchPool scratch;
};

namespace library {

template <typename Symbol> bool resolve(void *handle, const char *name, Symbol *symbol, Failure *failure) {
  *symbol = reinterpret_cast<Symbol>(dlsym(handle, name));
  return *symbol || failure->set("LOAD_SYMBOL", std::string("it does not export ") + name +
                                                    ", which onnx-mlir's C ABI has; was it built with --EmitLib?");
}

// Finds run_main_graph, or in a library whose symbols bear a tag the first entry point that it names itself.
inline bool resolveEntry(void *handle, PlainAbi *abi, Failure *failure) {
  const char *entry = "run_main_graph";
  if (!dlsym(handle, entry))
    if (auto query = reinterpret_cast<const char *const *(*)(int64_t *)>(dlsym(handle, "omQueryEntryPoints"))) {
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

// What a machine must have to run a library; known where the build tells, before the library is opened.
struct Requirements {
  std::string cpu; // a target's name; empty where nothing is known
  bool nnpa = false;
};

inline bool checkMachine(const Requirements &required, Failure *failure) {
  const std::string missing = cpu::missing(required.cpu);
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
    setenv(name, folder.c_str(), 1);
  }
  ~ConstantsFolder() {
    if (had_) setenv(name, before_.c_str(), 1);
    else unsetenv(name);
  }

private:
  static constexpr const char *name = "OM_CONSTANT_PATH";
  bool had_ = false;
  std::string before_;
};

inline bool open(const std::string &path, const std::string &constantsFolder, Library *opened, Failure *failure) {
  const ConstantsFolder folder(constantsFolder);
  // RTLD_LOCAL: every model exports run_main_graph, and must see its own.
  void *handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!handle) return failure->set("LOAD_OPEN", dlerror());
  // What the first run would do, by when the variable is another's; later runs see that it is done.
  auto *loadConstants = reinterpret_cast<bool (*)()>(dlsym(handle, "omLoadConstantsFromFile"));
  if (loadConstants && !loadConstants())
    return failure->set("LOAD_CONSTANTS", "its constants file can't be opened in " + constantsFolder +
                                              "; copy it along, under the name that the build gave it");
  opened->printProfile = reinterpret_cast<void (*)()>(dlsym(handle, "omInstrumentPrint"));
  opened->builtin = static_cast<const om_builtin_descriptor *>(dlsym(handle, "om_builtin_model"));
  if (!opened->builtin) return resolvePlain(handle, &opened->plain, failure);
  if (!checkBuiltin(opened->builtin, failure)) return false;
  // See om_builtin.h: what the first run would do.
  if (auto *prepare = reinterpret_cast<void (*)()>(dlsym(handle, "om_prepare"))) prepare();
  return true;
}

// What tells one library file from another that later takes its place.
inline std::string identity(const std::string &path, const struct stat &info) {
  return path + '\n' + std::to_string(info.st_dev) + ' ' + std::to_string(info.st_ino) + ' ' +
         std::to_string(info.st_size) + ' ' + std::to_string(info.st_mtime);
}

// The library at `path`, opened by the first caller in this process. Null with `failure` set when it can't be used.
// Opening runs constructors, which may have any instruction in them: so the machine is looked at before.
inline Library *get(const std::string &path, const std::string &constantsFolder, const Requirements &required,
                    Failure *failure) {
  if (!checkMachine(required, failure)) return nullptr;
  char *canonical = realpath(path.c_str(), nullptr);
  struct stat info;
  if (!canonical || stat(canonical, &info) != 0) {
    free(canonical);
    failure->set("LOAD_OPEN", "the file can't be read");
    return nullptr;
  }
  const std::string real = canonical;
  free(canonical);

  // Never destroyed: threads of the pool may still run a model while the process exits.
  static std::mutex &mutex = *new std::mutex;
  static auto &libraries = *new std::map<std::string, Library *>;
  std::lock_guard<std::mutex> lock(mutex);
  Library *&known = libraries[identity(real, info)];
  if (known) return known;
  Library *opened = new Library;
  if (open(real, constantsFolder, opened, failure)) return known = opened;
  delete opened;
  return nullptr;
}

} // namespace library
