/* Time per node, for models compiled with ?profile=onnx: the record lines and the function that writes them out are
 * those of onnx-mlir's --profile-ir=Onnx, so one reader serves both compilers. Records are kept in one buffer of the
 * library: a profiled model is for one thread, as onnx-mlir's are. */
#ifndef OM_PROFILE_H
#define OM_PROFILE_H

#include "om_export.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What the generated code names its nodes by: `onnx.Conv` and the ONNX name, fused ones joined by `-`. */
typedef struct om_profile_node {
  const char *op, *name;
} om_profile_node;

typedef struct om_profile_record {
  const om_profile_node *node;
  double before, after; /* seconds */
} om_profile_record;

enum { OM_PROFILE_RECORDS = 8192 };

static struct {
  om_profile_record records[OM_PROFILE_RECORDS];
  int count;
  double start, last;
} om_profile;

static double om_profile_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Writes the records to the file that ONNX_MLIR_INSTRUMENT_FILE names (behind what it holds), else to standard output. */
void omInstrumentPrint(void);
OM_EXPORT(omInstrumentPrint) void omInstrumentPrint(void) {
  const char *path = getenv("ONNX_MLIR_INSTRUMENT_FILE");
  FILE *file = path ? fopen(path, "a") : stdout;
  if (!file) return;
  fputs("==START-REPORT==\n", file);
  for (int i = 0; i < om_profile.count; i++) {
    const om_profile_record *r = &om_profile.records[i];
    const char *line = "==PERF-REPORT==, %s, %s, %s, %.9f, %.9f\n";
    fprintf(file, line, r->node->op, r->node->name, "before", r->before - om_profile.last, r->before - om_profile.start);
    fprintf(file, line, r->node->op, r->node->name, "after", r->after - r->before, r->after - om_profile.start);
    om_profile.last = r->after;
  }
  om_profile.count = 0;
  if (path) fclose(file);
  else fflush(file);
}

static void om_profile_begin(const om_profile_node *node) {
  if (om_profile.count == OM_PROFILE_RECORDS) omInstrumentPrint();
  om_profile.records[om_profile.count].node = node;
  const double now = om_profile_now();
  if (om_profile.start == 0) om_profile.start = om_profile.last = now;
  om_profile.records[om_profile.count].before = now;
}

static void om_profile_end(void) { om_profile.records[om_profile.count++].after = om_profile_now(); }

#endif
