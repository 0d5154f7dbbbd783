// The Node-API addon: loads any library with onnx-mlir's C ABI, and runs it on this thread or on libuv's pool.
//
// One translation unit, compiled by one command against the headers of the npm packages node-api-headers and
// node-addon-api. It has no state outside of JavaScript's environments but the registry of open libraries; so worker
// threads and several environments in one process can use it. Loading goes through node-addon-api; what runs per call
// (elements.h, lists.h, values.h, session.h) is plain C Node-API, which is a few nanoseconds cheaper.

#include <cstddef>
#ifdef __GLIBCXX__
// libstdc++ marks all that is in std as exported, whatever -fvisibility says: what is instantiated here is nobody else's.
#undef _GLIBCXX_VISIBILITY
#define _GLIBCXX_VISIBILITY(kind)
#endif

#include "classes.h"
#include "host-program.h"
#include "runtime.h"
#include "session.h"
#include "spec.h"

namespace {

// [{ slot, slotBytes, dims, dimsOffset }]: offsets are into the mailbox; slotBytes and dimsOffset are -1 for what doesn't
// travel through it; dims have -1 where dynamic.
Napi::Maybe<Napi::Array> describe(Napi::Env env, const std::vector<Port> &ports, int64_t base) {
  const Napi::Array entries = Napi::Array::New(env, ports.size());
  for (uint32_t i = 0; i < ports.size(); ++i) {
    const Port &port = ports[i];
    const Napi::Array dims = Napi::Array::New(env, port.dims.size());
    for (uint32_t d = 0; d < port.dims.size(); ++d)
      if (dims.Set(d, static_cast<double>(port.dims[d])).IsNothing()) return Napi::Nothing<Napi::Array>();
    const Napi::Object entry = Napi::Object::New(env);
    const int64_t dimsOffset = port.dimsOffset < 0 ? -1 : base + port.dimsOffset;
    if (entry.Set("slot", static_cast<double>(base + port.slot)).IsNothing() ||
        entry.Set("slotBytes", static_cast<double>(port.slotBytes)).IsNothing() ||
        entry.Set("dims", dims).IsNothing() ||
        entry.Set("dimsOffset", static_cast<double>(dimsOffset)).IsNothing() || entries.Set(i, entry).IsNothing())
      return Napi::Nothing<Napi::Array>();
  }
  return Napi::Just(entries);
}

// Gives `object` a function on a session, which it keeps alive. It runs per call, and so is none of the classes' own.
bool addMethod(const Napi::Object &object, Session *session, const char *name, napi_callback callback) {
  napi_value made = nullptr;
  if (napi_create_function(object.Env(), name, NAPI_AUTO_LENGTH, callback, session, &made) != napi_ok) return false;
  const Napi::Function function(object.Env(), made);
  session->retain();
  function.AddFinalizer([](Napi::Env env, Session *held) { held->release(env); }, session);
  return object.Set(name, function).IsJust();
}

// What JavaScript gets of a session: see NativeHandle in src/runtime/native.ts.
Napi::Value handleOf(Napi::Env env, Session *session) {
  void *data = nullptr;
  const napi_value mailbox = values::newArrayBuffer(env, session->plan().mailboxBytes + 64, &data);
  const int64_t base = mailbox ? session->useMailbox(env, mailbox, data) : -1;
  if (base < 0) {
    values::raise(env, "LOAD_MEMORY", "no memory for its inputs and outputs");
    return Napi::Value();
  }
  const Napi::Object handle = Napi::Object::New(env);
  Napi::Array inputs, outputs;
  if (addMethod(handle, session, "run", Session::run) && addMethod(handle, session, "runAsync", Session::runAsync) &&
      addMethod(handle, session, "dispose", Session::dispose) &&
      addMethod(handle, session, "printProfile", Session::printProfile) &&
      describe(env, session->plan().inputs, base).UnwrapTo(&inputs) &&
      describe(env, session->plan().outputs, base).UnwrapTo(&outputs) && handle.Set("mailbox", mailbox).IsJust() &&
      handle.Set("inputs", inputs).IsJust() && handle.Set("outputs", outputs).IsJust())
    return handle;
  values::raise(env, "LOAD_OPEN", "Node-API could not make its functions");
  return Napi::Value();
}

// load(path, spec)
Napi::Value load(const Napi::CallbackInfo &info) {
  const Napi::Env env = info.Env();
  Spec spec;
  if (!spec.read(info[0], info[1])) {
    values::raise(env, "LOAD_ADDON", "the addon was called with something else than the runtime gives it");
    return Napi::Value();
  }
  // onnx-mlir reads it when its first node runs. Set here because process.env of a worker thread does not reach C.
  if (!spec.profileFile.empty()) platform::setVariable("ONNX_MLIR_INSTRUMENT_FILE", spec.profileFile.c_str());

  Failure failure;
  Plan &planned = spec.planned;
  Library *opened = library::get(spec.file, spec.required, &failure);
  if (!opened || !plan::make(*opened, spec.staticLimit, spec.dynamicLimit, &planned, &failure)) {
    values::raise(env, failure);
    return Napi::Value();
  }
  Session *session = new Session(env, *opened, std::move(planned));
  session->retain(); // until its functions do
  const Napi::Value handle = handleOf(env, session);
  session->release(env);
  return handle;
}

// preload(path): a library that stays, and whose symbols those loaded later find.
Napi::Value preload(const Napi::CallbackInfo &info) {
  std::string path, error;
  if (!spec::read(info[0], &path)) values::raise(info.Env(), "LOAD_OPEN", "preload() is for the path of a library");
  else if (!platform::openForAll(path, &error)) values::raise(info.Env(), "LOAD_OPEN", error.c_str());
  return Napi::Value();
}

// misfit(cpu, nnpa): why a library for such a machine does not run on this one; empty where it does.
Napi::Value misfit(const Napi::CallbackInfo &info) {
  library::Requirements required;
  if (!spec::read(info[0], &required.cpu) || !spec::read(info[1], &required.nnpa)) {
    values::raise(info.Env(), "LOAD_ADDON", "misfit() is for the name of a target, and whether it needs NNPA");
    return Napi::Value();
  }
  Failure failure;
  library::checkMachine(required, &failure);
  return Napi::String::New(info.Env(), failure.message);
}

void forget(Napi::Env env, napi_ref__ *reference) {
  (void)napi_delete_reference(env, reference); // fails where its environment is gone
}

Napi::Object init(Napi::Env env, Napi::Object exports) {
  // The only state per environment: the ArrayBuffer constructor as it was before anyone could replace it.
  Napi::Value constructor;
  if (env.Global().Get("ArrayBuffer").UnwrapTo(&constructor) && constructor.IsFunction()) {
    Napi::FunctionReference arrayBuffer = Napi::Persistent(constructor.As<Napi::Function>());
    arrayBuffer.SuppressDestruct(); // which is forget()'s part
    env.SetInstanceData<napi_ref__, forget>(arrayBuffer);
    (void)exports.Set("load", Napi::Function::New<load>(env, "load"));
    (void)exports.Set("misfit", Napi::Function::New<misfit>(env, "misfit"));
    (void)exports.Set("preload", Napi::Function::New<preload>(env, "preload"));
  }
  return exports; // without load(), the runtime says that this is another addon
}

} // namespace

NODE_API_MODULE(onnx_mlir, init)
