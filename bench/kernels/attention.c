/* Attention of one head: prompts of transformers, an encoder of speech, and one token after many; the last of heads that
 * share keys and values, too. */
#include "attention.h"

#include "bench.h"

#define ATTENTION(heads_, queries_, keys_, size_)                                                                      \
  do {                                                                                                                 \
    if (!bench_kernel(0.77, "attention %d x %d queries, %d keys of %d", heads_, queries_, keys_, size_)) break;        \
    float *q = measure_floats((heads_) * (queries_) * (size_)), *k = measure_floats((keys_) * (size_));                \
    float *v = measure_floats((keys_) * (size_)), *y = measure_floats((heads_) * (queries_) * (size_));                \
    void *scratch = measure_floats(OM_ATTENTION_SCRATCH(size_, size_) / 4);                                            \
    const om_attention_shape s = {.heads = heads_, .queries = queries_, .keys = keys_, .size = size_,                  \
                                  .value_size = size_, .q_row = size_, .k_row = size_, .k_column = 1, .v_row = size_,  \
                                  .y_row = size_, .scale = 0.125f};                                                    \
    BENCH((double)(heads_) * (queries_) * (keys_) * (4 * (size_) + BENCH_EXP),                                         \
          8.0 * ((heads_) * (queries_) + (keys_)) * (size_), om_attention_f32(q, k, v, NULL, y, s, scratch));          \
  } while (0)

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  ATTENTION(1, 1, 128, 64);
  ATTENTION(1, 1, 1024, 64);
  ATTENTION(4, 1, 1024, 64);
  ATTENTION(8, 1, 1024, 64);
  ATTENTION(8, 1, 4096, 128);
  ATTENTION(1, 128, 128, 32);
  ATTENTION(1, 128, 128, 64);
  ATTENTION(1, 197, 197, 64);
  ATTENTION(1, 1024, 1024, 64);
  ATTENTION(1, 1500, 1500, 64);
  return bench_end();
}
