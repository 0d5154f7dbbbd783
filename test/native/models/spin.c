/* Keeps a processor busy for `milliseconds`, then gives `seed` back from its arena: slow on purpose. */
#define _POSIX_C_SOURCE 199309L
#include "om_builtin.h"

#include <time.h>

static const int64_t none[] = {0};
static const om_io inputs[] = {{"milliseconds", 7, 0, none, OM_TENSOR}, {"seed", 7, 0, none, OM_TENSOR}};
static const om_io outputs[] = {{"seed", 7, 0, none, OM_TENSOR}};

static double now(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return 1e3 * (double)time.tv_sec + 1e-6 * (double)time.tv_nsec;
}

static int run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  (void)message;
  const double end = now() + (double)*(const int64_t *)in[0].data;
  volatile int64_t *seed = (volatile int64_t *)arena;
  *seed = *(const int64_t *)in[1].data;
  while (now() < end) continue;
  *(int64_t *)out[0].data = *seed; /* another call in the same arena would have changed it */
  return OM_OK;
}

const om_builtin_descriptor om_builtin_model = {
    OM_BUILTIN_MAGIC, OM_BUILTIN_ABI, "host", "hand-written", 8, 2, 1, inputs, outputs, run};

#define OM_IN_SIG                                                                                                \
  "[    { \"type\" : \"i64\" , \"dims\" : [] , \"name\" : \"milliseconds\" }\n ,    { \"type\" : \"i64\" , \"dims\" " \
  ": [] , \"name\" : \"seed\" }\n\n]"
#define OM_OUT_SIG "[    { \"type\" : \"i64\" , \"dims\" : [] , \"name\" : \"seed\" }\n\n]"
#include "om_entry.h"
