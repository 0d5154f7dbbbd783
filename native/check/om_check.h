/* A run of a built-in model on values from a file: what the programs beside this have in common.
 *
 * Both files hold one value after the other in this machine's byte order: each dimension as an int64, then the elements.
 * A string is its length as an int64 and its bytes. What is no tensor begins with two int64, whether it is given and of how
 * many tensors it is; each of them has its rank in front. */
#ifndef OM_CHECK_H
#define OM_CHECK_H

#include <stdio.h>

#include "om_list.h"
#include "om_shape.h"
#include "om_tensor.h"
#include "runtime.h"

static void om_check_that(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s\n", what);
  exit(4);
}

static void om_check_read(FILE *file, void *to, int64_t bytes) {
  om_check_that(bytes >= 0 && fread(to, 1, (size_t)bytes, file) == (size_t)bytes, "the inputs are cut off");
}

static void *om_check_memory(int64_t bytes) {
  void *memory = om_allocate(bytes);
  om_check_that(memory != NULL, "out of memory");
  /* What a kernel reads without having written it shall show in the result. */
  memset(memory, 0xa5, (size_t)bytes);
  return memory;
}

static char *om_check_read_string(FILE *file) {
  int64_t length;
  om_check_read(file, &length, sizeof length);
  char *text = om_check_memory(length + 1);
  om_check_read(file, text, length);
  text[length] = '\0';
  return text;
}

static int64_t om_check_bytes(int32_t type, int64_t rank, const int64_t *dims) {
  return om_shape_bytes(dims, rank, om_element_bytes(type));
}

static int64_t om_check_strings(int32_t type, int64_t rank, const int64_t *dims) {
  return type == ONNX_TYPE_STRING ? om_shape_bytes(dims, rank, 1) : 0;
}

static int64_t om_check_read_int(FILE *file) {
  int64_t value;
  om_check_read(file, &value, sizeof value);
  return value;
}

static om_buffer om_check_tensor(FILE *file, int32_t type, int64_t rank) {
  om_buffer buffer = {NULL, om_check_memory(rank * (int64_t)sizeof(int64_t))};
  om_check_read(file, buffer.dims, rank * (int64_t)sizeof(int64_t));
  const int64_t bytes = om_check_bytes(type, rank, buffer.dims), strings = om_check_strings(type, rank, buffer.dims);
  buffer.data = om_check_memory(bytes);
  for (int64_t i = 0; i < strings; i++) ((char **)buffer.data)[i] = om_check_read_string(file);
  if (type != ONNX_TYPE_STRING) om_check_read(file, buffer.data, bytes);
  return buffer;
}

/* The type of a tensor in a list: of a map the keys come first. */
static int32_t om_check_item_type(const om_io *io, int64_t index) {
  if (index > 0 || io->kind < OM_MAP_OF_STRING) return io->type;
  return io->kind == OM_MAP_OF_STRING ? ONNX_TYPE_STRING : ONNX_TYPE_INT64;
}

static om_list *om_check_list(FILE *file, const om_io *io) {
  om_list *list = om_check_memory(sizeof *list);
  const int32_t given = (int32_t)om_check_read_int(file);
  const int64_t count = om_check_read_int(file);
  *list = (om_list){om_check_memory(count * (int64_t)sizeof(om_item *)), count, count, given};
  for (int64_t i = 0; i < count; i++) {
    const int64_t rank = om_check_read_int(file);
    const om_buffer tensor = om_check_tensor(file, om_check_item_type(io, i), rank);
    list->items[i] = om_check_memory(sizeof(om_item));
    *list->items[i] = (om_item){tensor.data, tensor.dims, rank, 1, 1};
  }
  return list;
}

static om_buffer om_check_input(FILE *file, const om_io *io) {
  if (io->kind != OM_TENSOR) return (om_buffer){om_check_list(file, io), NULL};
  const om_buffer buffer = om_check_tensor(file, io->type, io->rank);
  /* As the runtime does: a model may rely on what its signature says. */
  for (int64_t axis = 0; axis < io->rank; axis++)
    om_check_that(io->dims[axis] < 0 || io->dims[axis] == buffer.dims[axis], "an input is not of the signature's shape");
  return buffer;
}

/* Whether an output's room is the caller's. */
static bool om_check_is_static(const om_io *io) {
  if (io->kind != OM_TENSOR) return false;
  for (int64_t axis = 0; axis < io->rank; axis++)
    if (io->dims[axis] < 0) return false;
  return true;
}

static om_buffer om_check_output(const om_io *io) {
  if (io->kind != OM_TENSOR) return (om_buffer){NULL, NULL};
  om_buffer buffer = {NULL, om_check_memory(io->rank * (int64_t)sizeof(int64_t))};
  const int64_t bytes = om_check_is_static(io) ? om_check_bytes(io->type, io->rank, io->dims) : 0;
  if (om_check_is_static(io)) buffer.data = om_check_memory(bytes);
  if (buffer.data && io->type == ONNX_TYPE_STRING) memset(buffer.data, 0, (size_t)bytes);
  return buffer;
}

static void om_check_write_tensor(FILE *file, int32_t type, int64_t rank, const int64_t *dims, const void *data) {
  fwrite(dims, sizeof(int64_t), (size_t)rank, file);
  const int64_t strings = om_check_strings(type, rank, dims);
  for (int64_t i = 0; i < strings; i++) {
    const char *text = ((const char *const *)data)[i];
    const int64_t length = text ? (int64_t)strlen(text) : 0;
    fwrite(&length, sizeof length, 1, file);
    fwrite(text ? text : "", 1, (size_t)length, file);
  }
  const size_t bytes = type == ONNX_TYPE_STRING ? 0 : (size_t)om_check_bytes(type, rank, dims);
  if (bytes > 0) fwrite(data, 1, bytes, file);
}

static void om_check_write(FILE *file, const om_io *io, const om_buffer *buffer) {
  if (io->kind == OM_TENSOR) {
    om_check_write_tensor(file, io->type, io->rank, buffer->dims, buffer->data);
    return;
  }
  const om_list *list = buffer->data;
  const int64_t head[] = {list->given, list->count};
  fwrite(head, sizeof(int64_t), 2, file);
  for (int64_t i = 0; i < list->count; i++) {
    const om_item *item = list->items[i];
    fwrite(&item->rank, sizeof item->rank, 1, file);
    om_check_write_tensor(file, io->type, item->rank, item->dims, item->data);
  }
}

static void om_check_free_tensor(int32_t type, int64_t rank, om_buffer buffer, bool has_dims) {
  const int64_t strings = buffer.data && has_dims ? om_check_strings(type, rank, buffer.dims) : 0;
  for (int64_t i = 0; i < strings; i++) free(((char **)buffer.data)[i]);
  free(buffer.data);
  free(buffer.dims);
}

static void om_check_free_input(const om_io *io, om_buffer buffer) {
  if (io->kind == OM_TENSOR) {
    om_check_free_tensor(io->type, io->rank, buffer, true);
    return;
  }
  om_list *list = buffer.data;
  for (int64_t i = 0; i < list->count; i++) {
    om_item *item = list->items[i];
    om_check_that(item->users == 1, "the model still holds an input");
    om_check_free_tensor(om_check_item_type(io, i), item->rank, (om_buffer){item->data, (int64_t *)item->dims}, true);
    free(item);
  }
  free(list->items);
  free(list);
}

static void om_check_free_output(const om_io *io, om_buffer buffer, bool has_dims) {
  if (io->kind == OM_TENSOR) om_check_free_tensor(io->type, io->rank, buffer, has_dims);
  else om_free_list(buffer.data, io->type == ONNX_TYPE_STRING);
}

/* Runs the model on memory that holds its values and no more.
 * Exit code of a program. 0: the outputs are written; 3: the model's error is on standard output; 4, at once: something else
 * went wrong, said on standard error. */
static int om_check_run(const om_builtin_descriptor *model, const char *inputs, const char *outputs) {
  om_buffer *in = om_check_memory(model->input_count * (int64_t)sizeof(om_buffer));
  om_buffer *out = om_check_memory(model->output_count * (int64_t)sizeof(om_buffer));
  FILE *file = fopen(inputs, "rb");
  om_check_that(file != NULL, "the inputs can't be opened");
  for (int32_t i = 0; i < model->input_count; i++) in[i] = om_check_input(file, &model->inputs[i]);
  fclose(file);
  for (int32_t i = 0; i < model->output_count; i++) out[i] = om_check_output(&model->outputs[i]);
  void *arena = om_check_memory(model->arena_bytes);

  om_message message = {0};
  const int status = model->run(arena, in, out, &message);
  if (status == OM_OK) {
    file = fopen(outputs, "wb");
    om_check_that(file != NULL, "the outputs can't be opened");
    for (int32_t i = 0; i < model->output_count; i++) om_check_write(file, &model->outputs[i], &out[i]);
    om_check_that(fclose(file) == 0, "the outputs can't be written");
  } else {
    printf("error %d: %s\n", status, message.sentence ? message.sentence : "no message");
    if (message.sizes == 1) printf("expected %lld, given %lld\n", (long long)message.expected, (long long)message.given);
  }
  for (int32_t i = 0; i < model->input_count; i++) om_check_free_input(&model->inputs[i], in[i]);
  for (int32_t i = 0; i < model->output_count; i++) om_check_free_output(&model->outputs[i], out[i], status == OM_OK);
  free(in);
  free(out);
  free(arena);
  return status == OM_OK ? 0 : 3;
}

#endif
