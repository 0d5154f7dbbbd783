// One model loaded by one JavaScript environment: its plan, its mailbox, and runs on this thread or on libuv's pool.
#pragma once

#include "values.h"

class Session {
public:
  Session(napi_env env, Library &library, Plan plan) : library_(library), plan_(std::move(plan)), call_(library, plan_) {
    library_.scratch.addUser();
    library_.copies.addUser();
    tell(env, plan_.scratchBytes);
  }
  Session(const Session &) = delete;

  const Plan &plan() const { return plan_; }

  // `buffer` is an ArrayBuffer of plan().mailboxBytes + 64 at `data`; gives the first offset in it that is 64-byte
  // aligned, or -1 where JavaScript can't go on.
  int64_t useMailbox(napi_env env, napi_value buffer, void *data) {
    if (napi_create_reference(env, buffer, 1, &mailboxReference_) != napi_ok) return -1;
    mailbox_ = reinterpret_cast<char *>(plan::aligned(reinterpret_cast<intptr_t>(data)));
    call_.repeatOn(mailbox_);
    return mailbox_ - static_cast<char *>(data);
  }

  // The functions of a session and its running jobs each hold it; the last to go deletes it.
  void retain() { ++holders_; }
  void release(napi_env env) {
    if (--holders_ > 0) return;
    close(env);
    if (mailboxReference_) (void)napi_delete_reference(env, mailboxReference_); // fails where its environment is gone
    delete this;
  }

  // Gives back what the model holds natively. Jobs that run still finish.
  void close(napi_env env) {
    if (closed_) return;
    closed_ = true;
    call_.giveScratch();
    library_.scratch.removeUser();
    library_.copies.removeUser();
    tell(env, -plan_.scratchBytes - copiedBytes_);
    forget();
  }

  // run(direct?: (TypedArray | string[])[]): the outputs that aren't in the mailbox, if there are any.
  static napi_value run(napi_env env, napi_callback_info info) {
    size_t count = 1;
    napi_value direct;
    Session *self = called(env, info, &count, &direct);
    return self ? self->runNow(env, direct) : nullptr;
  }

  // runAsync(done: (error, outputs, milliseconds) => void, direct?): `done` is called on this thread with the mailbox
  // filled in.
  static napi_value runAsync(napi_env env, napi_callback_info info) {
    size_t count = 2;
    napi_value arguments[2];
    if (Session *self = called(env, info, &count, arguments)) self->runLater(env, arguments[0], arguments[1]);
    return nullptr;
  }

  // printProfile(): whether the library wrote what it measured to the file named when it was loaded.
  static napi_value printProfile(napi_env env, napi_callback_info info) {
    size_t count = 0;
    Session *self = called(env, info, &count, nullptr);
    if (!self) return nullptr;
    auto *print = self->library_.printProfile;
    if (print) print();
    napi_value printed = nullptr;
    return napi_get_boolean(env, print != nullptr, &printed) == napi_ok ? printed : nullptr;
  }

  static napi_value dispose(napi_env env, napi_callback_info info) {
    size_t count = 0;
    Session *self = called(env, info, &count, nullptr);
    if (self && self->isIdle(env)) self->close(env);
    return nullptr;
  }

private:
  Library &library_;
  const Plan plan_;
  Call call_; // of run(), which this thread makes one at a time; runAsync() makes its own
  char *mailbox_ = nullptr;
  napi_ref mailboxReference_ = nullptr;
  int holders_ = 0;
  bool closed_ = false;
  bool running_ = false; // on this thread
  int64_t copiedBytes_ = 0; // that a run elsewhere copied at most: as much is kept for the next

  // Memory that the library keeps from run to run goes with the last that has it open.
  void forget() {
    if (closed_ && library_.forget && !library_.scratch.hasUsers()) library_.forget();
  }

  struct Job {
    Session &session;
    Call call;
    napi_async_work work = nullptr;
    napi_ref done = nullptr;
    double milliseconds = 0;
    explicit Job(Session &owner) : session(owner), call(owner.library_, owner.plan_) {}
  };

  // The session whose function is called; null with an exception pending.
  static Session *called(napi_env env, napi_callback_info info, size_t *count, napi_value *arguments) {
    void *self = nullptr;
    if (napi_get_cb_info(env, info, count, arguments, nullptr, &self) != napi_ok)
      values::raise(env, "RUN_FAILED", "Node-API did not tell what was called");
    return static_cast<Session *>(self);
  }

  // So that the garbage collector knows of native memory; where it can't be told, nothing else is lost.
  static void tell(napi_env env, int64_t bytes) {
    int64_t total = 0;
    (void)napi_adjust_external_memory(env, bytes, &total);
  }

  // A run reads and writes memory of the session's own; JavaScript that comes in between (a setter on Array.prototype
  // can) must not use it.
  bool isIdle(napi_env env) const {
    return !running_ || values::raise(env, "RUN_BUSY", "it was called out of its own run");
  }
  bool isOpen(napi_env env) const {
    return isIdle(env) && (!closed_ || values::raise(env, "RUN_DISPOSED", "it was disposed"));
  }

  // Null when there is nothing to return; or, with an exception pending, when that failed.
  napi_value returned(napi_env env, const Call &call) const {
    napi_value outputs = nullptr;
    return values::writeOutputs(env, library_, plan_, call, mailbox_, &outputs) ? outputs : nullptr;
  }

  napi_value runNow(napi_env env, napi_value direct) {
    if (!isOpen(env)) return nullptr;
    napi_value outputs = nullptr;
    running_ = true;
    if (values::readInputs(env, library_, plan_, mailbox_, direct, false, &call_)) {
      call_.execute();
      if (call_.failure.code) values::raise(env, call_.failure);
      else outputs = returned(env, call_);
    }
    call_.clear();
    running_ = false;
    return outputs;
  }

  bool queue(napi_env env, napi_value done, Job *job) {
    napi_value name;
    return napi_create_string_utf8(env, "onnx-mlir", NAPI_AUTO_LENGTH, &name) == napi_ok &&
           napi_create_reference(env, done, 1, &job->done) == napi_ok &&
           napi_create_async_work(env, nullptr, name, executeJob, completeJob, job, &job->work) == napi_ok &&
           napi_queue_async_work(env, job->work) == napi_ok;
  }

  void runLater(napi_env env, napi_value done, napi_value direct) {
    if (!isOpen(env)) return;
    Job *job = new Job(*this);
    retain();
    if (!values::readInputs(env, library_, plan_, mailbox_, direct, true, &job->call)) {
      discard(env, job);
    } else if (!queue(env, done, job)) {
      discard(env, job);
      values::raise(env, "RUN_FAILED", "it could not be queued");
    } else if (job->call.copiedBytes() > copiedBytes_) {
      tell(env, job->call.copiedBytes() - copiedBytes_);
      copiedBytes_ = job->call.copiedBytes();
    }
  }

  static void discard(napi_env env, Job *job) {
    Session &session = job->session;
    // Both fail only where the environment, and what they delete with it, is gone.
    if (job->work) (void)napi_delete_async_work(env, job->work);
    if (job->done) (void)napi_delete_reference(env, job->done);
    delete job;
    session.forget(); // what it left, where the model was closed before it was done
    session.release(env);
  }

  static void executeJob(napi_env, void *data) {
    Job *job = static_cast<Job *>(data);
    const double start = platform::milliseconds();
    job->call.execute();
    job->milliseconds = platform::milliseconds() - start;
  }

  // On the JavaScript thread. In a worker that is being terminated every Node-API call fails, and only discard() counts.
  static void completeJob(napi_env env, napi_status status, void *data) {
    Job *job = static_cast<Job *>(data);
    if (status == napi_ok) job->session.report(env, job);
    discard(env, job);
  }

  // Calls `done` with an error, or with outputs: with neither it would take what the mailbox held before for a result.
  void report(napi_env env, Job *job) {
    napi_value error = nullptr, outputs = nullptr, nothing, done, took;
    if (job->call.failure.code) {
      if (!(error = values::toError(env, job->call.failure))) return;
    } else {
      outputs = returned(env, job->call);
      bool pending = false;
      if (napi_is_exception_pending(env, &pending) != napi_ok ||
          (pending && napi_get_and_clear_last_exception(env, &error) != napi_ok))
        return;
    }
    if (napi_get_undefined(env, &nothing) != napi_ok || napi_get_reference_value(env, job->done, &done) != napi_ok ||
        napi_create_double(env, job->milliseconds, &took) != napi_ok)
      return;
    napi_value arguments[] = {error ? error : nothing, outputs ? outputs : nothing, took};
    // What it throws becomes an uncaught exception, as Node has it.
    (void)napi_call_function(env, nothing, done, 3, arguments, nullptr);
  }
};
