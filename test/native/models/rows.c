/* sums[i] = weight[i] * (x[i][0] + x[i][1] + x[i][2]); doubled = 2x. All of batch, which is dynamic. */
#include "om_builtin.h"

#include <stdlib.h>

static const int64_t dims_x[] = {-1, 3};
static const int64_t dims_weight[] = {-1};
static const om_io inputs[] = {{"x", 1, 2, dims_x, OM_TENSOR}, {"weight", 1, 1, dims_weight, OM_TENSOR}};
static const om_io outputs[] = {{"sums", 1, 1, dims_weight, OM_TENSOR}, {"doubled", 1, 2, dims_x, OM_TENSOR}};

static int run(void *arena, const om_buffer *in, om_buffer *out, om_message *message) {
  (void)arena;
  const int64_t batch = in[0].dims[0];
  const float *x = (const float *)in[0].data;
  const float *weight = (const float *)in[1].data;
  out[0].dims[0] = out[1].dims[0] = batch;
  out[1].dims[1] = 3;
  float *sums = (float *)(out[0].data = malloc(batch ? (size_t)batch * sizeof(float) : 1));
  float *doubled = (float *)(out[1].data = malloc(batch ? (size_t)batch * 3 * sizeof(float) : 1));
  if (in[1].dims[0] != batch) { /* after allocating: the caller frees after an error too */
    if (message) message->sentence = "batch differs between x and weight";
    return OM_ERR_SHAPE;
  }
  if (!sums || !doubled) return OM_ERR_MEMORY;
  for (int64_t i = 0; i < batch; ++i) sums[i] = weight[i] * (x[3 * i] + x[3 * i + 1] + x[3 * i + 2]);
  for (int64_t i = 0; i < 3 * batch; ++i) doubled[i] = 2.0f * x[i];
  return OM_OK;
}

const om_builtin_descriptor om_builtin_model = {
    OM_BUILTIN_MAGIC, OM_BUILTIN_ABI, "host", "hand-written", 0, 2, 2, inputs, outputs, run};

#define OM_IN_SIG                                                                                              \
  "[    { \"type\" : \"f32\" , \"dims\" : [-1 , 3] , \"name\" : \"x\" }\n ,    { \"type\" : \"f32\" , \"dims\" " \
  ": [-1] , \"name\" : \"weight\" }\n\n]"
#define OM_OUT_SIG                                                                                                \
  "[    { \"type\" : \"f32\" , \"dims\" : [-1] , \"name\" : \"sums\" }\n ,    { \"type\" : \"f32\" , \"dims\" : " \
  "[-1 , 3] , \"name\" : \"doubled\" }\n\n]"
#include "om_entry.h"
