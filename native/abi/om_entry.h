/* onnx-mlir's entry points for a model made by the built-in compiler, on top of its flat entry.
 *
 * The generated file is one translation unit:
 *
 *   #include "om_builtin.h"
 *   ...                                            kernels, weights, the flat entry
 *   const om_builtin_descriptor om_builtin_model = { ... };
 *   #define OM_IN_SIG "[    { \"type\" : \"f32\" , \"dims\" : [-1 , 3] , \"name\" : \"x\" }\n\n]"
 *   #define OM_OUT_SIG "..."
 *   #include "om_entry.h"
 *
 * Both signatures are the JSON of onnx-mlir as C string literals, names escaped for JSON and then for C. */
#ifndef OM_ENTRY_H
#define OM_ENTRY_H

#include "om_builtin.h"

/* Nothing here is worth an optimiser's time: it runs once per call, for callers of C alone, and optimised it is half of what
 * compiling a small model takes (0.12 of 0.25 s by GCC 12, 0.07 of 0.2 s by Clang 14). A call of run_main_graph takes
 * 0.22 µs instead of 0.10. */
#if defined(__clang__)
#pragma clang optimize off
#elif defined(__GNUC__)
#pragma GCC push_options
#pragma GCC optimize("O0")
#endif

#ifdef OM_TENSOR_APART
/* The functions of om_tensor.h are linked in once for all models of a program. */
#include "om_alloc.h"
#include "om_shape.h"
#include "om_tensor.h"
#else
#include "om_tensor.c"
#endif

#include <errno.h>
#include <string.h>

#ifndef OM_IN_SIG
#error "define OM_IN_SIG and OM_OUT_SIG before including om_entry.h"
#endif

extern OM_EXPORT_DATA const char _entry_point_0[];
extern OM_EXPORT_DATA const char _entry_point_0_in_sig[];
extern OM_EXPORT_DATA const char _entry_point_0_out_sig[];
/* The name as the linker sees it: src/builtin/tag.ts may have it bear the model's. */
#define OM_TEXT(name) #name
#define OM_TEXT_OF(name) OM_TEXT(name)
const char _entry_point_0[] = OM_TEXT_OF(run_main_graph);
const char _entry_point_0_in_sig[] = OM_IN_SIG;
const char _entry_point_0_out_sig[] = OM_OUT_SIG;

const char *const *omQueryEntryPoints(int64_t *count);
const char *omInputSignature(const char *entry);
const char *omOutputSignature(const char *entry);
OMTensorList *run_main_graph(OMTensorList *inputs);

/* NULL-terminated list of entry points; `count` may be NULL. */
OM_EXPORT(omQueryEntryPoints) const char *const *omQueryEntryPoints(int64_t *count) {
  static const char *const entries[] = {_entry_point_0, NULL};
  if (count) *count = 1;
  return entries;
}

OM_EXPORT(omInputSignature) const char *omInputSignature(const char *entry) {
  return strcmp(entry, _entry_point_0) == 0 ? _entry_point_0_in_sig : NULL;
}

OM_EXPORT(omOutputSignature) const char *omOutputSignature(const char *entry) {
  return strcmp(entry, _entry_point_0) == 0 ? _entry_point_0_out_sig : NULL;
}

/* An OM_ERR_* for the first input that breaks the descriptor. */
static int om_check_inputs(const OMTensorList *inputs) {
  const om_builtin_descriptor *model = &om_builtin_model;
  if (!inputs || inputs->_size != model->input_count) return OM_ERR_SHAPE;
  for (int32_t i = 0; i < model->input_count; ++i) {
    const OMTensor *tensor = inputs->_omts[i];
    const om_io *expected = &model->inputs[i];
    if (!tensor || (int32_t)tensor->_dataType != expected->type || tensor->_rank != expected->rank) return OM_ERR_SHAPE;
    const int64_t bytes = omTensorGetBufferSize(tensor);
    if (bytes < 0 || (bytes > 0 && !tensor->_alignedPtr)) return OM_ERR_SHAPE;
    for (int32_t d = 0; d < expected->rank; ++d)
      if (expected->dims[d] >= 0 && tensor->_shape[d] != expected->dims[d]) return OM_ERR_SHAPE;
  }
  return OM_OK;
}

/* Whether an output's room is the caller's. */
static bool om_is_static(const om_io *io) {
  if (io->kind != OM_TENSOR) return false;
  for (int32_t d = 0; d < io->rank; ++d)
    if (io->dims[d] < 0) return false;
  return true;
}

/* Room whose first byte to use is 64-byte aligned; *allocated is what to free(). */
static void *om_alloc_aligned(int64_t bytes, void **allocated) {
  *allocated = bytes < 0 || bytes > INT64_MAX - 64 ? NULL : om_alloc(bytes + 64);
  return *allocated ? (void *)(((uintptr_t)*allocated + 63) & ~(uintptr_t)63) : NULL;
}

static void om_free_strings(char **strings, int64_t count) {
  for (int64_t i = 0; strings && i < count; ++i) free(strings[i]);
}

/* Moves the elements of a string tensor into one block behind their pointers: omTensorDestroy() frees one block only. */
static int om_gather_strings(OMTensor *tensor) {
  char **strings = (char **)tensor->_alignedPtr;
  const int64_t count = omTensorGetNumElems(tensor);
  size_t bytes = (size_t)count * sizeof(char *) + 1;
  for (int64_t i = 0; i < count; ++i) bytes += (strings[i] ? strlen(strings[i]) : 0) + 1;
  char **block = (char **)malloc(bytes);
  if (block) {
    char *text = (char *)(block + count);
    for (int64_t i = 0; i < count; ++i) {
      const size_t length = strings[i] ? strlen(strings[i]) : 0;
      if (length > 0) memcpy(text, strings[i], length);
      text[length] = '\0';
      block[i] = text;
      text += length + 1;
    }
  }
  om_free_strings(strings, count);
  free(tensor->_allocatedPtr);
  tensor->_allocatedPtr = tensor->_alignedPtr = block;
  return block ? OM_OK : OM_ERR_MEMORY;
}

/* Tensor for one output before the run: with room for its elements where the shape is static. */
static OMTensor *om_prepare_output(const om_io *io) {
  OMTensor *tensor = omTensorCreateUntyped(io->rank);
  if (!tensor) return NULL;
  tensor->_dataType = (OM_DATA_TYPE)io->type;
  tensor->_owning = true;
  for (int32_t d = 0; d < io->rank; ++d) tensor->_shape[d] = io->dims[d] < 0 ? 0 : io->dims[d];
  if (!om_is_static(io)) return tensor;
  const int64_t bytes = omTensorGetBufferSize(tensor);
  tensor->_alignedPtr = om_alloc_aligned(bytes, &tensor->_allocatedPtr);
  if (!tensor->_alignedPtr) {
    omTensorDestroy(tensor);
    return NULL;
  }
  if (io->type == ONNX_TYPE_STRING) memset(tensor->_alignedPtr, 0, (size_t)bytes);
  return tensor;
}

/* After the run, whatever its status: hands what the model allocated to the tensors that own it. */
static int om_finish_outputs(OMTensorList *outputs, const om_buffer *buffers) {
  const om_builtin_descriptor *model = &om_builtin_model;
  int status = OM_OK;
  for (int32_t i = 0; i < model->output_count; ++i) {
    const om_io *io = &model->outputs[i];
    OMTensor *tensor = outputs->_omts[i];
    if (!om_is_static(io)) tensor->_allocatedPtr = tensor->_alignedPtr = buffers[i].data;
    int64_t stride = 1;
    for (int32_t d = io->rank - 1; d >= 0; --d) {
      tensor->_strides[d] = stride;
      stride *= tensor->_shape[d];
    }
    if (io->type == ONNX_TYPE_STRING && tensor->_alignedPtr && om_gather_strings(tensor) != OM_OK)
      status = OM_ERR_MEMORY;
  }
  return status;
}

/* Fills `outputs`, whose tensors are NULL; the caller destroys it after an error. */
static int om_run_list(const OMTensorList *inputs, OMTensorList *outputs, om_buffer *buffers) {
  const om_builtin_descriptor *model = &om_builtin_model;
  om_buffer *in = buffers, *out = buffers + model->input_count;
  for (int32_t i = 0; i < model->input_count; ++i) {
    in[i].data = inputs->_omts[i]->_alignedPtr;
    in[i].dims = inputs->_omts[i]->_shape;
  }
  for (int32_t i = 0; i < model->output_count; ++i) {
    OMTensor *tensor = outputs->_omts[i] = om_prepare_output(&model->outputs[i]);
    if (!tensor) return OM_ERR_MEMORY;
    out[i].data = tensor->_alignedPtr;
    out[i].dims = tensor->_shape;
  }
  void *allocated = NULL;
  void *arena = NULL;
  if (model->arena_bytes > 0) {
    arena = om_alloc_aligned(model->arena_bytes, &allocated);
    if (!arena) return OM_ERR_MEMORY;
  }
  const int status = model->run(arena, in, out, NULL);
  free(allocated);
  const int finished = om_finish_outputs(outputs, out);
  return status == OM_OK ? finished : status;
}

static bool om_has_lists(void) {
  const om_builtin_descriptor *model = &om_builtin_model;
  for (int32_t i = 0; i < model->input_count; ++i)
    if (model->inputs[i].kind != OM_TENSOR) return true;
  for (int32_t i = 0; i < model->output_count; ++i)
    if (model->outputs[i].kind != OM_TENSOR) return true;
  return false;
}

/* Runs the model. The inputs stay the caller's; the result and all it holds is the caller's to omTensorListDestroy().
 * NULL with errno EINVAL (inputs that don't fit the model), ENOMEM, EDOM (a value the model can't take), or ENOSYS (a model
 * with inputs or outputs that are no tensors: they have no place in an OMTensorList).
 * Re-entrant: each call has memory of its own. */
OM_EXPORT(run_main_graph) OMTensorList *run_main_graph(OMTensorList *inputs) {
  const om_builtin_descriptor *model = &om_builtin_model;
  if (om_has_lists()) {
    errno = ENOSYS;
    return NULL;
  }
  int status = om_check_inputs(inputs);
  if (status != OM_OK) {
    errno = EINVAL;
    return NULL;
  }
  const size_t inputs_and_outputs = (size_t)model->input_count + (size_t)model->output_count;
  om_buffer *buffers = (om_buffer *)calloc(inputs_and_outputs + 1, sizeof *buffers);
  OMTensor **none = (OMTensor **)calloc((size_t)model->output_count + 1, sizeof *none);
  OMTensorList *outputs = buffers && none ? omTensorListCreate(none, model->output_count) : NULL;
  status = outputs ? om_run_list(inputs, outputs, buffers) : OM_ERR_MEMORY;
  free(none);
  free(buffers);
  if (status == OM_OK) return outputs;
  omTensorListDestroy(outputs);
  errno = status == OM_ERR_MEMORY ? ENOMEM : status == OM_ERR_VALUE ? EDOM : EINVAL;
  return NULL;
}

#if defined(__clang__)
#pragma clang optimize on
#elif defined(__GNUC__)
#pragma GCC pop_options
#endif

#endif
