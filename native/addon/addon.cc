// The Node-API addon: loads any library with onnx-mlir's C ABI, and runs it on this thread or on libuv's pool.
//
// One translation unit, compiled by one command against the headers of the npm packages node-api-headers and
// node-addon-api. It has no state outside of JavaScript's environments but the registry of open libraries; so worker
// threads and several environments in one process can use it. Loading goes through node-addon-api; what runs per call
// is plain C Node-API, which is a few nanoseconds cheaper and can't end the process when a worker is terminated.

#include <napi.h>

#include "session.h"

namespace {

std::vector<Port> readPorts(const Napi::Array &entries) {
  std::vector<Port> ports(entries.Length());
  for (uint32_t i = 0; i < entries.Length(); ++i) {
    const Napi::Object entry = entries.Get(i).As<Napi::Object>();
    const Napi::Array dims = entry.Get("dims").As<Napi::Array>();
    ports[i].type = entry.Get("type").As<Napi::Number>().Int32Value();
    for (uint32_t d = 0; d < dims.Length(); ++d)
      ports[i].dims.push_back(dims.Get(d).As<Napi::Number>().Int64Value());
  }
  return ports;
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

// A function on a session, which it keeps alive.
Napi::Value method(Napi::Env env, Session *session, const char *name, napi_callback callback) {
  napi_value function = nullptr;
  napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, session, &function);
  session->retain();
  napi_add_finalizer(
      env, function, session,
      [](napi_env finalizerEnv, void *data, void *) { static_cast<Session *>(data)->release(finalizerEnv); }, nullptr,
      nullptr);
  return Napi::Value(env, function);
}

// load(path, spec): see NativeSpec in src/runtime/native.ts.
Napi::Value load(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  const std::string path = info[0].As<Napi::String>();
  const Napi::Object spec = info[1].As<Napi::Object>();
  Plan planned;
  planned.inputs = readPorts(spec.Get("inputs").As<Napi::Array>());
  planned.outputs = readPorts(spec.Get("outputs").As<Napi::Array>());
  const int64_t limit = spec.Get("staticLimit").As<Napi::Number>().Int64Value();
  const int64_t dynamicLimit = spec.Get("dynamicLimit").As<Napi::Number>().Int64Value();

  // onnx-mlir reads it when its first node runs. Set here because process.env of a worker thread does not reach C.
  const Napi::Value profileFile = spec.Get("profileFile");
  if (profileFile.IsString()) setenv("ONNX_MLIR_INSTRUMENT_FILE", profileFile.As<Napi::String>().Utf8Value().c_str(), 1);

  Failure failure;
  const library::Requirements required = {spec.Get("cpu").As<Napi::String>(), spec.Get("nnpa").As<Napi::Boolean>()};
  Library *opened = library::get(path, spec.Get("constantsFolder").As<Napi::String>(), required, &failure);
  if (!opened || !plan::make(*opened, limit, dynamicLimit, &planned, &failure)) {
    napi_throw(env, values::toError(env, failure));
    return env.Undefined();
  }
  const Napi::Value bytes = Napi::Number::New(env, static_cast<double>(planned.mailboxBytes + 64));
  const Napi::Value mailbox = env.Global().Get("ArrayBuffer").As<Napi::Function>().New({bytes});
  if (env.IsExceptionPending()) return env.Undefined(); // not enough memory

  Session *session = new Session(env, *opened, std::move(planned));
  const int64_t base = session->useMailbox(env, mailbox);
  Napi::Object result = Napi::Object::New(env);
  result.Set("run", method(env, session, "run", Session::run));
  result.Set("runAsync", method(env, session, "runAsync", Session::runAsync));
  result.Set("dispose", method(env, session, "dispose", Session::dispose));
  result.Set("printProfile", method(env, session, "printProfile", Session::printProfile));
  result.Set("mailbox", mailbox);
  result.Set("inputs", describe(env, session->plan().inputs, base));
  result.Set("outputs", describe(env, session->plan().outputs, base));
  return result;
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The only state per environment: the ArrayBuffer constructor as it was before anyone could replace it.
  napi_ref arrayBuffer = nullptr;
  napi_create_reference(env, env.Global().Get("ArrayBuffer"), 1, &arrayBuffer);
  napi_set_instance_data(
      env, arrayBuffer,
      [](napi_env finalizerEnv, void *data, void *) {
        napi_delete_reference(finalizerEnv, static_cast<napi_ref>(data));
      },
      nullptr);
  exports.Set("load", Napi::Function::New(env, load, "load"));
  return exports;
}

} // namespace

NODE_API_MODULE(onnx_mlir, init)
