/* y = 2x + 1 over a static [3, 20]: the 60-element model that call overhead is measured with.
 * MODEL_TARGET and MODEL_ABI make libraries that must be refused. */
#include "om_builtin.h"

#ifndef MODEL_TARGET
#define MODEL_TARGET "host"
#endif
#ifndef MODEL_ABI
#define MODEL_ABI OM_BUILTIN_ABI
#endif

static const int64_t dims[] = {3, 20};
static const om_io inputs[] = {{"x", 1, 2, dims, OM_TENSOR}};
static const om_io outputs[] = {{"y", 1, 2, dims, OM_TENSOR}};

static int run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  (void)message;
  float *doubled = (float *)arena;
  const float *x = (const float *)in[0].data;
  float *y = (float *)out[0].data;
  for (int i = 0; i < 60; ++i) doubled[i] = 2.0f * x[i];
  for (int i = 0; i < 60; ++i) y[i] = doubled[i] + 1.0f;
  return OM_OK;
}

const om_builtin_descriptor om_builtin_model = {
    OM_BUILTIN_MAGIC, MODEL_ABI, MODEL_TARGET, "hand-written", 60 * sizeof(float), 1, 1, inputs, outputs, run};

#define OM_IN_SIG "[    { \"type\" : \"f32\" , \"dims\" : [3 , 20] , \"name\" : \"x\" }\n\n]"
#define OM_OUT_SIG "[    { \"type\" : \"f32\" , \"dims\" : [3 , 20] , \"name\" : \"y\" }\n\n]"
#include "om_entry.h"
