/* The LSTM layers of the fraud-detection model: 7 steps, batch 16, 220 inputs, 200 hidden units. */
#include "lstm.h"

#include "bench.h"

enum { STEPS = 7, BATCH = 16, HIDDEN = 200 };

#define LSTM(input_)                                                                                                   \
  do {                                                                                                                 \
    const om_recurrent_io io = {.x = bench_floats(STEPS * BATCH * (input_)),                                           \
                                .w = bench_floats(OM_GEMM_PACKED(input_, 4 * HIDDEN)),                                 \
                                .r = bench_floats(OM_GEMM_PACKED(HIDDEN, 4 * HIDDEN)),                                 \
                                .bias = bench_floats(8 * HIDDEN),                                                      \
                                .y = bench_floats(STEPS * BATCH * HIDDEN)};                                            \
    const om_recurrent_shape s = {.steps = STEPS,                                                                      \
                                  .batch = BATCH,                                                                      \
                                  .input = input_,                                                                     \
                                  .hidden = HIDDEN,                                                                    \
                                  .activations = {{OM_ACT_SIGMOID, 0, 0}, {OM_ACT_TANH, 0, 0}, {OM_ACT_TANH, 0, 0}}};  \
    BENCH("lstm 7 x 16 x " #input_ ", hidden 200", 8.0 * STEPS * BATCH * HIDDEN * ((input_) + HIDDEN),                 \
          om_lstm_f32(io, s, scratch));                                                                                \
  } while (0)

int main(void) {
  void *scratch = bench_floats(OM_RECURRENT_SCRATCH(4, STEPS, BATCH, HIDDEN, 1) / 4);
  LSTM(220);
  LSTM(200);
  printf("total %.1f us\n", bench_total * 1e6);
  return 0;
}
