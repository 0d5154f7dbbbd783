/* Runs calls of many models, each with buffers of exactly the size that it needs, in child processes: a report of a
 * sanitizer, a signal or a hang ends one child, is noted for its call, and the next child goes on behind it.
 *   driver CALLS STATUSES   (formats: test/soundness/binary.ts) */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "om_builtin.h"
#include "om_list.h"

extern const om_builtin_descriptor *const models[];

enum { SECONDS = 20, RAN = 1, REFUSED = 2, FAILED = 3 };

typedef struct shared {
  int64_t at; /* the call that a child is at */
  unsigned char status[];
} shared;

static const unsigned char *cursor;

static int64_t next(void) {
  int64_t value;
  memcpy(&value, cursor, sizeof value);
  cursor += sizeof value;
  return value;
}

static void *block(int64_t bytes) {
  void *memory = NULL;
  if (posix_memalign(&memory, 64, bytes > 0 ? (size_t)bytes : 1) != 0) abort();
  return memory;
}

static int64_t element_bytes(int32_t type) {
  static const char sizes[] = {0, 4, 1, 1, 2, 2, 4, 8, 8, 1, 2, 8, 4, 8, 8, 16, 2, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1};
  return sizes[type];
}

static int is_static(const om_io *io) {
  if (io->kind != OM_TENSOR) return 0;
  for (int32_t i = 0; i < io->rank; i++)
    if (io->dims[i] < 0) return 0;
  return 1;
}

static int64_t count_of(const int64_t *dims, int32_t rank) {
  int64_t count = 1;
  for (int32_t i = 0; i < rank; i++) {
    if (dims[i] < 0) abort();
    if (dims[i] == 0) return 0;
  }
  for (int32_t i = 0; i < rank; i++) count *= dims[i];
  return count;
}

/* The inputs that stand at the cursor; sizes that the signature states are the caller's to check, so it refuses others. */
static int read_inputs(const om_builtin_descriptor *model, om_buffer *in) {
  int fits = 1;
  for (int32_t i = 0; i < model->input_count; i++) {
    const om_io *io = &model->inputs[i];
    in[i].dims = (int64_t *)block(io->rank * 8);
    for (int32_t d = 0; d < io->rank; d++) {
      in[i].dims[d] = next();
      if (io->dims[d] >= 0 && io->dims[d] != in[i].dims[d]) fits = 0;
    }
    const int64_t bytes = next();
    if (io->type == 8) {
      char **strings = (char **)(in[i].data = block(bytes));
      for (int64_t s = 0; s < bytes / 8; s++) {
        const int64_t length = next();
        strings[s] = (char *)block(length + 1);
        memcpy(strings[s], cursor, (size_t)length);
        strings[s][length] = 0;
        cursor += length;
      }
    } else {
      in[i].data = block(bytes);
      memcpy(in[i].data, cursor, (size_t)bytes);
      cursor += bytes;
    }
  }
  return fits;
}

/* Every byte that was promised is there. */
static void touch(const void *data, int64_t bytes) {
  static volatile unsigned char sum;
  for (int64_t b = 0; b < bytes; b++) sum = (unsigned char)(sum + ((const unsigned char *)data)[b]);
}

static int run(const om_builtin_descriptor *model, const unsigned char *inputs) {
  cursor = inputs;
  om_buffer *in = (om_buffer *)block(model->input_count * (int64_t)sizeof *in);
  om_buffer *out = (om_buffer *)block(model->output_count * (int64_t)sizeof *out);
  if (!read_inputs(model, in)) return REFUSED;
  for (int32_t i = 0; i < model->output_count; i++) {
    const om_io *io = &model->outputs[i];
    out[i].dims = (int64_t *)block((io->kind == OM_TENSOR ? io->rank : 0) * 8);
    out[i].data = NULL;
    if (!is_static(io)) continue;
    const int64_t bytes = count_of(io->dims, io->rank) * element_bytes(io->type);
    out[i].data = block(bytes);
    memset(out[i].data, 0, (size_t)bytes);
  }
  om_message message = {0};
  const int error = model->run(model->arena_bytes > 0 ? block(model->arena_bytes) : NULL, in, out, &message);
  if (error) return error == OM_ERR_MEMORY || message.sentence ? REFUSED : FAILED;
  for (int32_t i = 0; i < model->output_count; i++) {
    const om_io *io = &model->outputs[i];
    if (io->kind == OM_TENSOR) {
      touch(out[i].data, count_of(out[i].dims, io->rank) * element_bytes(io->type));
      continue;
    }
    const om_list *list = (const om_list *)out[i].data;
    for (int64_t k = 0; k < list->count; k++) {
      const om_item *item = list->items[k];
      touch(item->data, count_of(item->dims, (int32_t)item->rank) * element_bytes(io->type));
    }
  }
  return RAN;
}

int main(int argc, char **argv) {
  if (argc != 3) return 2;
  FILE *file = fopen(argv[1], "rb");
  if (!file) return 2;
  fseek(file, 0, SEEK_END);
  const long size = ftell(file);
  rewind(file);
  unsigned char *calls = (unsigned char *)malloc((size_t)size);
  if (fread(calls, 1, (size_t)size, file) != (size_t)size) return 2;
  fclose(file);
  cursor = calls;
  const int64_t count = next();
  const int64_t *table = (const int64_t *)cursor; /* model and offset of each call */
  shared *memory = (shared *)mmap(NULL, sizeof(shared) + (size_t)count, PROT_READ | PROT_WRITE,
                                  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  for (int64_t first = 0; first < count; first = memory->at + 1) {
    memory->at = first;
    fflush(NULL);
    const pid_t child = fork();
    if (child == 0) {
      for (int64_t at = first; at < count; at++) {
        memory->at = at;
        alarm(SECONDS);
        memory->status[at] = (unsigned char)run(models[table[2 * at]], calls + table[2 * at + 1]);
      }
      _exit(0);
    }
    int status = 0;
    waitpid(child, &status, 0);
    if (WIFEXITED(status) && WEXITSTATUS(status) == 0) break;
    memory->status[memory->at] = FAILED;
    fprintf(stderr, "\n@@ %lld %d\n", (long long)memory->at, WIFSIGNALED(status) ? WTERMSIG(status) : 0);
  }
  FILE *statuses = fopen(argv[2], "wb");
  if (!statuses || fwrite(memory->status, 1, (size_t)count, statuses) != (size_t)count) return 2;
  return fclose(statuses);
}
