/* What a model made by the built-in compiler exports beside onnx-mlir's C ABI: one constant descriptor
 * with a flat entry point, so that a host can check the machine before it runs any of the model's code
 * and call without making OMTensors. Version this with OM_BUILTIN_ABI. */
#ifndef OM_BUILTIN_H
#define OM_BUILTIN_H

#include <stdint.h>

#include "om_export.h"

#ifdef __cplusplus
extern "C" {
#endif

#define OM_BUILTIN_MAGIC 0x4d4f4255u /* "UBOM" in memory on little-endian machines */
#define OM_BUILTIN_ABI 3u

/* One input or output of the flat entry.
 * Input:  data and dims are the caller's, dims has `rank` entries that the caller has checked against om_io.
 * Output: dims points to the caller's room for `rank` entries, which the model fills.
 *         data of an output whose shape is static: the caller's room, 64-byte aligned, written by the model.
 *         data of an output whose shape is dynamic: NULL on entry; the model sets it to malloc'ed memory that
 *         the caller free()s, also after an error.
 * String elements are `char *`: in outputs each string is malloc'ed and the caller's to free.
 * What is no tensor: data is an om_list (om_list.h), and dims is not looked at. */
typedef struct om_buffer {
  void *data;
  int64_t *dims;
} om_buffer;

/* What an input or output is. onnx-mlir's C ABI (om_entry.h) knows tensors only: a model that has anything else runs
 * through the flat entry alone. Maps whose keys are constants leave a model as a tensor of a row for each map. */
enum {
  OM_TENSOR = 0,
  OM_SEQUENCE = 1,          /* a list of tensors */
  OM_OPTIONAL = 2,          /* a list of one tensor, or not given */
  OM_OPTIONAL_SEQUENCE = 3, /* a list of tensors, or not given */
  OM_MAP_OF_STRING = 4,     /* a list of two tensors of rank 1: keys, all different, and values of `type` */
  OM_MAP_OF_INT64 = 5,      /* the same, keys in ascending order */
};

typedef struct om_io {
  const char *name;    /* UTF-8 */
  int32_t type;        /* OM_DATA_TYPE = onnx TensorProto.DataType */
  int32_t rank;        /* of a list: of each tensor in it; -1: they may differ */
  const int64_t *dims; /* rank entries; -1 where dynamic */
  int32_t kind;
} om_io;

/* Errors of the flat entry. The plain ABI turns them into errno: EINVAL, ENOMEM, EDOM. */
enum { OM_OK = 0, OM_ERR_SHAPE = 1, OM_ERR_MEMORY = 2, OM_ERR_VALUE = 3 };

/* Why a run ended with an error. */
typedef struct om_message {
  const char *sentence; /* static English text, UTF-8 */
  int64_t expected;     /* sizes that the sentence speaks of, where `sizes` is 1 */
  int64_t given;        /* or a number of bytes, where it is 2: -1 for more than any machine has */
  int32_t sizes;
} om_message;

typedef struct om_builtin_descriptor {
  uint32_t magic;
  uint32_t abi;
  const char *target;   /* e.g. "x86-64-v3": what the machine must offer; see src/targets */
  const char *compiler; /* e.g. "unplugin-onnx-mlir 0.1.0" */
  int64_t arena_bytes;  /* scratch for one call, 64-byte aligned; may be 0 */
  int32_t input_count;
  int32_t output_count;
  const om_io *inputs;
  const om_io *outputs;
  /* Re-entrant. `arena` has arena_bytes and is used by one call at a time; its contents need not be kept.
   * `message` may be NULL or point to zeroed room for what is to be said of an error. */
  int (*run)(void *arena, const om_buffer *inputs, om_buffer *outputs, om_message *message);
} om_builtin_descriptor;

/* A model that makes constants from smaller ones also exports `void om_prepare(void)`, which does so ahead of the first run.
 * Calling it is optional: runs make what is missing, and tell what fails.
 * One with sizes that only a run knows keeps memory for the next run, and exports `void om_forget(void)`, which frees what no run has
 * just then; so does unloading its library. */

/* Visible even under -fvisibility=hidden. */
extern OM_EXPORT_DATA const om_builtin_descriptor om_builtin_model;

#ifdef __cplusplus
}
#endif

#endif
