/* Stands in for onnx-mlir inside a container image that holds nothing else; statically linked.
 * Answers come from files of the image: /help, /version, /library. -O0 hangs, -O1 eats memory, -O2 fails. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int copy(const char *from, FILE *to) {
  FILE *file = fopen(from, "rb");
  char buffer[4096];
  size_t n;
  if (!file || !to) return 4;
  while ((n = fread(buffer, 1, sizeof buffer, file)) > 0) fwrite(buffer, 1, n, to);
  fclose(file);
  return fflush(to) == 0 ? 0 : 4;
}

int main(int argc, char **argv) {
  const char *output = NULL;
  const char *level = "";
  char path[512];
  char folder[256];
  FILE *model;
  FILE *library;
  for (int i = 1; i < argc; i++) {
    if (strncmp(argv[i], "--help", 6) == 0) return copy("/help", stdout);
    if (strcmp(argv[i], "--version") == 0) return copy("/version", stdout);
    if (strncmp(argv[i], "-O", 2) == 0) level = argv[i];
    if (strcmp(argv[i], "-o") == 0 && i + 1 < argc) output = argv[++i];
  }
  model = fopen(argv[argc - 1], "rb");
  if (!output || !model) return 3;
  fclose(model);
  printf("[1/6] Tue Mar 10 12:00:00 2026 (0s) Importing ONNX Model to MLIR Module from \"model.onnx\"\n");
  printf("uid %d home %s cwd %s\n", (int)getuid(), getenv("HOME"), getcwd(folder, sizeof folder));
  fflush(stdout);
  if (strcmp(level, "-O0") == 0) sleep(1000);
  while (strcmp(level, "-O1") == 0) {
    void *eaten = malloc(1 << 20);
    if (!eaten) return 1;
    memset(eaten, 1, 1 << 20);
  }
  if (strcmp(level, "-O2") == 0) {
    fprintf(stderr, "failed to legalize operation 'onnx.Softmax'\n");
    return 14;
  }
  snprintf(path, sizeof path, "%s.so", output);
  library = fopen(path, "wb");
  return copy("/library", library);
}
