/* A program around one model, for builds with sanitizers (`conformance --sanitize`): included behind the model's C, which
 * was made with every value apart. It runs the model on memory that ends exactly where the data do.
 *
 *   program INPUTS OUTPUTS
 *
 * Both files hold one value after the other in this machine's byte order: each dimension as an int64, then the elements.
 * A string is its length as an int64 and its bytes. Exit code 0: the outputs are written; 3: the model's error is on
 * standard output; 4: something else went wrong, said on standard error. */
#include <stdio.h>

#include "om_shape.h"

void __asan_poison_memory_region(const volatile void *begin, size_t bytes);

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

static int64_t om_check_bytes(const om_io *io, const int64_t *dims) {
  return om_shape_bytes(dims, io->rank, om_element_bytes(io->type));
}

static int64_t om_check_strings(const om_io *io, const int64_t *dims) {
  return io->type == ONNX_TYPE_STRING ? om_check_bytes(io, dims) / (int64_t)sizeof(char *) : 0;
}

static om_buffer om_check_input(FILE *file, const om_io *io) {
  om_buffer buffer = {NULL, om_check_memory(io->rank * (int64_t)sizeof(int64_t))};
  om_check_read(file, buffer.dims, io->rank * (int64_t)sizeof(int64_t));
  const int64_t bytes = om_check_bytes(io, buffer.dims), strings = om_check_strings(io, buffer.dims);
  buffer.data = om_check_memory(bytes);
  for (int64_t i = 0; i < strings; i++) ((char **)buffer.data)[i] = om_check_read_string(file);
  if (io->type != ONNX_TYPE_STRING) om_check_read(file, buffer.data, bytes);
  return buffer;
}

static om_buffer om_check_output(const om_io *io) {
  om_buffer buffer = {NULL, om_check_memory(io->rank * (int64_t)sizeof(int64_t))};
  if (om_is_static(io)) buffer.data = om_check_memory(om_check_bytes(io, io->dims));
  if (buffer.data && io->type == ONNX_TYPE_STRING) memset(buffer.data, 0, (size_t)om_check_bytes(io, io->dims));
  return buffer;
}

static void om_check_write(FILE *file, const om_io *io, const om_buffer *buffer) {
  fwrite(buffer->dims, sizeof(int64_t), (size_t)io->rank, file);
  const int64_t strings = om_check_strings(io, buffer->dims);
  for (int64_t i = 0; i < strings; i++) {
    const char *text = ((const char *const *)buffer->data)[i];
    const int64_t length = text ? (int64_t)strlen(text) : 0;
    fwrite(&length, sizeof length, 1, file);
    fwrite(text ? text : "", 1, (size_t)length, file);
  }
  if (io->type != ONNX_TYPE_STRING) fwrite(buffer->data, 1, (size_t)om_check_bytes(io, buffer->dims), file);
}

static void om_check_free(const om_io *io, om_buffer *buffer, bool has_dims) {
  const int64_t strings = buffer->data && has_dims ? om_check_strings(io, buffer->dims) : 0;
  for (int64_t i = 0; i < strings; i++) free(((char **)buffer->data)[i]);
  free(buffer->data);
  free(buffer->dims);
}

int main(int count, char **arguments) {
  om_check_that(count == 3, "usage: program INPUTS OUTPUTS");
  for (const int64_t(*gap)[2] = om_gaps; (*gap)[1] > 0; gap++)
    __asan_poison_memory_region(om_weights + (*gap)[0], (size_t)((*gap)[1] - (*gap)[0]));
  const om_builtin_descriptor *model = &om_builtin_model;
  om_buffer *in = om_check_memory(model->input_count * (int64_t)sizeof(om_buffer));
  om_buffer *out = om_check_memory(model->output_count * (int64_t)sizeof(om_buffer));
  FILE *file = fopen(arguments[1], "rb");
  om_check_that(file != NULL, "the inputs can't be opened");
  for (int32_t i = 0; i < model->input_count; i++) in[i] = om_check_input(file, &model->inputs[i]);
  fclose(file);
  for (int32_t i = 0; i < model->output_count; i++) out[i] = om_check_output(&model->outputs[i]);
  void *arena = om_check_memory(model->arena_bytes);

  om_message message = {0};
  const int status = model->run(arena, in, out, &message);
  if (status == OM_OK) {
    file = fopen(arguments[2], "wb");
    om_check_that(file != NULL, "the outputs can't be opened");
    for (int32_t i = 0; i < model->output_count; i++) om_check_write(file, &model->outputs[i], &out[i]);
    om_check_that(fclose(file) == 0, "the outputs can't be written");
  } else {
    printf("error %d: %s\n", status, message.sentence ? message.sentence : "no message");
    if (message.sizes) printf("expected %lld, given %lld\n", (long long)message.expected, (long long)message.given);
  }
  for (int32_t i = 0; i < model->input_count; i++) om_check_free(&model->inputs[i], &in[i], true);
  for (int32_t i = 0; i < model->output_count; i++) om_check_free(&model->outputs[i], &out[i], status == OM_OK);
  free(in);
  free(out);
  free(arena);
  return status == OM_OK ? 0 : 3;
}
