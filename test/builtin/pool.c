/* Runs a library with a pool of threads that never lends any: pool LIBRARY, a model of one input and one output. Prints how often
 * its kernels asked. */
#include "om_thread_pool.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>

static int asked, ended;

static int32_t begin(om_job *job) {
  (void)job;
  asked++;
  return 0;
}
static void end(om_job *job, int32_t is_shared) {
  (void)job, (void)is_shared;
  ended++;
}
static void idle(uint32_t turns) { (void)turns; }

static int64_t count(const om_io *io) {
  int64_t elements = 1;
  for (int32_t i = 0; i < io->rank; i++) elements *= io->dims[i];
  return elements;
}

int main(int argc, char **argv) {
  void *library = argc == 2 ? dlopen(argv[1], RTLD_NOW) : NULL;
  const om_builtin_descriptor *model = library ? dlsym(library, "om_builtin_model") : NULL;
  om_run_threads_function *run = library ? (om_run_threads_function *)dlsym(library, "om_run_threads") : NULL;
  if (!model || !run) {
    fprintf(stderr, "%s\n", dlerror());
    return 2;
  }
  int64_t dims[8];
  om_buffer in = {aligned_alloc(64, ((size_t)count(model->inputs) * 4 + 63) / 64 * 64), (int64_t *)model->inputs->dims};
  om_buffer out = {aligned_alloc(64, ((size_t)count(model->outputs) * 4 + 63) / 64 * 64), dims};
  float *x = in.data;
  for (int64_t i = 0; i < count(model->inputs); i++) x[i] = 1;
  om_message message = {0};
  void *arena = aligned_alloc(64, ((size_t)model->arena_bytes + 127) / 64 * 64);
  const om_pool pool = {begin, end, idle};
  const int status = run(&pool, 2, arena, &in, &out, &message);
  printf("%d %d %d\n", status, asked, ended);
  return 0;
}
