// The Node-API addon: loads any library with onnx-mlir's C ABI, and runs it on this thread or on libuv's pool.
//
// One translation unit, compiled by one command against the headers of the npm packages node-api-headers and
// node-addon-api. It has no state outside of JavaScript's environments but the registry of open libraries; so worker
// threads and several environments in one process can use it. Loading goes through node-addon-api; what runs per call
// is plain C Node-API, which is a few nanoseconds cheaper and can't end the process when a worker is terminated.

#include <napi.h>

#include "session.h"

namespace {

// All reading gives false for what is something else, or throws when it is asked: Node-API's C++ classes end the process
// where a value is taken for what it is not.
bool readText(const Napi::Value &given, std::string *text) {
  if (!given.IsString()) return false;
  *text = given.As<Napi::String>().Utf8Value();
  return true;
}

bool readNumber(const Napi::Value &given, int64_t *number) {
  if (!given.IsNumber()) return false;
  *number = given.As<Napi::Number>().Int64Value();
  return true;
}

bool readPorts(const Napi::Value &given, std::vector<Port> *ports) {
  if (!given.IsArray()) return false;
  const Napi::Array entries = given.As<Napi::Array>();
  for (uint32_t i = 0; i < entries.Length(); ++i) {
    const Napi::Value entry = entries.Get(i);
    if (!entry.IsObject()) return false;
    const Napi::Object object = entry.As<Napi::Object>();
    const Napi::Value type = object.Get("type"), shape = object.Get("dims");
    int64_t kind = OM_TENSOR, rank = 0;
    if (!type.IsNumber() || !shape.IsArray() || !readNumber(object.Get("kind"), &kind) ||
        !readNumber(object.Get("rank"), &rank) || kind < OM_TENSOR || kind > OM_MAP_OF_INT64)
      return false;
    Port port;
    port.kind = static_cast<int32_t>(kind);
    port.isOfAnyRank = port.isList() && rank < 0;
    port.type = type.As<Napi::Number>().Int32Value();
    const Napi::Array dims = shape.As<Napi::Array>();
    for (uint32_t d = 0; d < dims.Length(); ++d) {
      const Napi::Value dim = dims.Get(d);
      if (!dim.IsNumber()) return false;
      port.dims.push_back(dim.As<Napi::Number>().Int64Value());
    }
    ports->push_back(std::move(port));
  }
  return true;
}

// NativeSpec of src/runtime/native.ts.
struct Spec {
  std::string path, constantsFolder, profileFile;
  library::Requirements required;
  int64_t staticLimit = 0, dynamicLimit = 0;
  Plan planned;
};

bool readSpec(const Napi::CallbackInfo &info, Spec *spec) {
  if (!readText(info[0], &spec->path) || !info[1].IsObject()) return false;
  const Napi::Object given = info[1].As<Napi::Object>();
  const Napi::Value nnpa = given.Get("nnpa");
  if (!nnpa.IsBoolean()) return false;
  spec->required.nnpa = nnpa.As<Napi::Boolean>();
  readText(given.Get("profileFile"), &spec->profileFile); // which most models have none of
  return readText(given.Get("cpu"), &spec->required.cpu) &&
         readText(given.Get("constantsFolder"), &spec->constantsFolder) &&
         readNumber(given.Get("staticLimit"), &spec->staticLimit) &&
         readNumber(given.Get("dynamicLimit"), &spec->dynamicLimit) &&
         readPorts(given.Get("inputs"), &spec->planned.inputs) &&
         readPorts(given.Get("outputs"), &spec->planned.outputs);
}

// [{ slot, slotBytes, dims, dimsOffset }]: offsets are into the mailbox; slotBytes and dimsOffset are -1 for what doesn't
// travel through it; dims have -1 where dynamic.
Napi::Array describe(Napi::Env env, const std::vector<Port> &ports, int64_t base) {
  Napi::Array entries = Napi::Array::New(env, ports.size());
  for (uint32_t i = 0; i < ports.size(); ++i) {
    const Port &port = ports[i];
    Napi::Array dims = Napi::Array::New(env, port.dims.size());
    for (uint32_t d = 0; d < port.dims.size(); ++d) dims.Set(d, static_cast<double>(port.dims[d]));
    Napi::Object entry = Napi::Object::New(env);
    entry.Set("slot", static_cast<double>(base + port.slot));
    entry.Set("slotBytes", static_cast<double>(port.slotBytes));
    entry.Set("dims", dims);
    entry.Set("dimsOffset", static_cast<double>(port.dimsOffset < 0 ? -1 : base + port.dimsOffset));
    entries.Set(i, entry);
  }
  return entries;
}

// Gives `object` a function on a session, which it keeps alive. False with an exception pending.
bool addMethod(napi_env env, napi_value object, Session *session, const char *name, napi_callback callback) {
  const auto finalize = [](napi_env finalizerEnv, void *data, void *) {
    static_cast<Session *>(data)->release(finalizerEnv);
  };
  napi_value function = nullptr;
  if (napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, session, &function) == napi_ok &&
      napi_add_finalizer(env, function, session, finalize, nullptr, nullptr) == napi_ok) {
    session->retain();
    if (napi_set_named_property(env, object, name, function) == napi_ok) return true;
  }
  return values::raise(env, "LOAD_OPEN", "Node-API could not make its functions");
}

// What JavaScript gets of a session: see NativeHandle in src/runtime/native.ts.
Napi::Value handleOf(Napi::Env env, Session *session) {
  void *data = nullptr;
  const napi_value mailbox = values::newArrayBuffer(env, session->plan().mailboxBytes + 64, &data);
  const int64_t base = mailbox ? session->useMailbox(env, mailbox, data) : -1;
  if (base < 0) {
    values::raise(env, "LOAD_MEMORY", "no memory for its inputs and outputs");
    return env.Undefined();
  }
  Napi::Object result = Napi::Object::New(env);
  if (!addMethod(env, result, session, "run", Session::run) ||
      !addMethod(env, result, session, "runAsync", Session::runAsync) ||
      !addMethod(env, result, session, "dispose", Session::dispose) ||
      !addMethod(env, result, session, "printProfile", Session::printProfile))
    return env.Undefined();
  result.Set("mailbox", mailbox);
  result.Set("inputs", describe(env, session->plan().inputs, base));
  result.Set("outputs", describe(env, session->plan().outputs, base));
  return result;
}

// load(path, spec)
Napi::Value load(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  Spec spec;
  if (!readSpec(info, &spec)) {
    values::raise(env, "LOAD_ADDON", "the addon was called with something else than the runtime gives it");
    return env.Undefined();
  }
  // onnx-mlir reads it when its first node runs. Set here because process.env of a worker thread does not reach C.
  if (!spec.profileFile.empty()) setenv("ONNX_MLIR_INSTRUMENT_FILE", spec.profileFile.c_str(), 1);

  Failure failure;
  Plan &planned = spec.planned;
  Library *opened = library::get(spec.path, spec.constantsFolder, spec.required, &failure);
  if (!opened || !plan::make(*opened, spec.staticLimit, spec.dynamicLimit, &planned, &failure)) {
    values::raise(env, failure);
    return env.Undefined();
  }
  Session *session = new Session(env, *opened, std::move(planned));
  session->retain(); // until its functions do
  const Napi::Value handle = handleOf(env, session);
  session->release(env);
  return handle;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The only state per environment: the ArrayBuffer constructor as it was before anyone could replace it.
  napi_ref arrayBuffer = nullptr;
  const auto forget = [](napi_env finalizerEnv, void *data, void *) {
    (void)napi_delete_reference(finalizerEnv, static_cast<napi_ref>(data)); // fails where its environment is gone
  };
  if (napi_create_reference(env, env.Global().Get("ArrayBuffer"), 1, &arrayBuffer) == napi_ok &&
      napi_set_instance_data(env, arrayBuffer, forget, nullptr) == napi_ok)
    exports.Set("load", Napi::Function::New(env, load, "load"));
  return exports; // without load(), the runtime says that this is another addon
}

} // namespace

NODE_API_MODULE(onnx_mlir, init)
