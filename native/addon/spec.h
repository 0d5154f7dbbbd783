// What JavaScript says of a model when it loads it: NativeSpec of src/runtime/native.ts.
#pragma once

#include "classes.h"
#include "plan.h"
#include "pool.h"

namespace spec {

// All reading gives false for what is something else; an exception may then be pending. Types are looked at before
// values: the classes throw where a value is taken for what it is not.
inline bool read(const Napi::Value &given, std::string *text) {
  if (!given.IsString()) return false;
  *text = given.As<Napi::String>().Utf8Value();
  return true;
}

inline bool read(const Napi::Value &given, int64_t *number) {
  if (!given.IsNumber()) return false;
  *number = given.As<Napi::Number>().Int64Value();
  return true;
}

inline bool read(const Napi::Value &given, bool *flag) {
  if (!given.IsBoolean()) return false;
  *flag = given.As<Napi::Boolean>().Value();
  return true;
}

template <typename Read> bool read(const Napi::Value &given, std::vector<Read> *list);
inline bool read(const Napi::Value &given, Port *port);

template <typename Read> bool read(const Napi::Object &object, const char *name, Read *result) {
  Napi::Value value;
  return object.Get(name).UnwrapTo(&value) && read(value, result);
}

template <typename Read> bool read(const Napi::Value &given, std::vector<Read> *list) {
  if (!given.IsArray()) return false;
  const Napi::Array array = given.As<Napi::Array>();
  list->resize(array.Length());
  for (uint32_t i = 0; i < list->size(); ++i) {
    Napi::Value entry;
    if (!array.Get(i).UnwrapTo(&entry) || !read(entry, &(*list)[i])) return false;
  }
  return true;
}

inline bool read(const Napi::Value &given, Port *port) {
  if (!given.IsObject()) return false;
  const Napi::Object object = given.As<Napi::Object>();
  int64_t type = 0, kind = 0, rank = 0;
  if (!read(object, "type", &type) || !read(object, "kind", &kind) || !read(object, "rank", &rank) ||
      !read(object, "dims", &port->dims) || kind < OM_TENSOR || kind > OM_MAP_OF_INT64)
    return false;
  port->kind = static_cast<int32_t>(kind);
  port->type = static_cast<int32_t>(type);
  port->isOfAnyRank = port->isList() && rank < 0;
  return true;
}

} // namespace spec

struct Spec {
  library::File file;
  std::string profileFile; // empty for models that measure nothing
  library::Requirements required;
  int64_t staticLimit = 0, dynamicLimit = 0;
  int64_t processors = 1; // that this process may use
  Plan planned;

  bool read(const Napi::Value &path, const Napi::Value &given) {
    if (!spec::read(path, &file.path) || !given.IsObject()) return false;
    const Napi::Object object = given.As<Napi::Object>();
    Napi::Value profile;
    int64_t threads = 1;
    if (!object.Get("profileFile").UnwrapTo(&profile)) return false;
    const bool isRead =
        (profile.IsUndefined() || spec::read(profile, &profileFile)) && spec::read(object, "nnpa", &required.nnpa) &&
        spec::read(object, "cpu", &required.cpu) && spec::read(object, "identity", &file.identity) &&
        spec::read(object, "constantsFolder", &file.constantsFolder) && spec::read(object, "threads", &threads) &&
        spec::read(object, "processors", &processors) && spec::read(object, "staticLimit", &staticLimit) &&
        spec::read(object, "dynamicLimit", &dynamicLimit) && spec::read(object, "inputs", &planned.inputs) &&
        spec::read(object, "outputs", &planned.outputs);
    const auto inRange = [](int64_t count) { return count >= 1 && count <= threads::most; };
    if (!isRead || !inRange(threads) || processors < 1) return false;
    planned.threads = static_cast<int32_t>(threads);
    pool::ofProcess.setProcessors(static_cast<int32_t>(std::min<int64_t>(processors, threads::most)));
    return true;
  }
};
