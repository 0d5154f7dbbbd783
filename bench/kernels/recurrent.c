/* LSTM and GRU: the layers of the fraud-detection model, of a detector of speech, step by step, and of a reader of text. */
#include "gru.h"
#include "lstm.h"

#include "bench.h"

/* What the gates of one hidden unit cost beside the products: a power for each. */
#define LSTM_GATES (5 * BENCH_EXP)
#define GRU_GATES (3 * BENCH_EXP)

#define RUN(kernel, gates, r_packed, of_gates, steps_, batch_, input_, hidden_, ...)                                   \
  do {                                                                                                                 \
    if (!bench_kernel(0.77, #kernel " %d x %d x %d, hidden %d", steps_, batch_, input_, hidden_)) break;               \
    const om_recurrent_io io = {.x = measure_floats((steps_) * (batch_) * (input_)),                                   \
                                .w = measure_floats(OM_GEMM_PACKED(input_, (gates) * (hidden_))),                      \
                                .r = measure_floats(r_packed),                                                         \
                                .bias = measure_floats(2 * (gates) * (hidden_)),                                       \
                                .initial_h = measure_floats((batch_) * (hidden_)), /* zeros would spare a product */   \
                                .initial_c = measure_floats((batch_) * (hidden_)),                                     \
                                .y = measure_floats((steps_) * (batch_) * (hidden_))};                                 \
    const om_recurrent_shape s = {.steps = steps_, .batch = batch_, .input = input_, .hidden = hidden_, __VA_ARGS__};  \
    void *scratch = measure_floats(OM_RECURRENT_SCRATCH(gates, steps_, batch_, hidden_, 1) / 4);                       \
    const double units = (double)(steps_) * (batch_) * (hidden_), weights = (gates) * ((input_) + (hidden_));          \
    BENCH(units * (2 * weights + (of_gates)), 4 * (weights * (hidden_) + (double)(steps_) * (batch_) * (input_) + units), \
          om_##kernel##_f32(io, s, scratch));                                                                          \
  } while (0)

#define LSTM(steps, batch, input, hidden)                                                                              \
  RUN(lstm, 4, OM_GEMM_PACKED(hidden, 4 * (hidden)), LSTM_GATES, steps, batch, input, hidden,                          \
      .activations = {{OM_ACT_SIGMOID, 0, 0}, {OM_ACT_TANH, 0, 0}, {OM_ACT_TANH, 0, 0}})

#define GRU(steps, batch, input, hidden)                                                                               \
  RUN(gru, 3, OM_GRU_PACKED_R(hidden), GRU_GATES, steps, batch, input, hidden, .linear_before_reset = true,            \
      .activations = {{OM_ACT_SIGMOID, 0, 0}, {OM_ACT_TANH, 0, 0}})

int main(int argc, char **argv) {
  bench_begin(argc, argv);
  LSTM(7, 16, 220, 200);
  LSTM(7, 16, 200, 200);
  LSTM(1, 1, 128, 128);
  LSTM(26, 1, 512, 256);
  GRU(7, 16, 200, 200);
  GRU(26, 1, 512, 256);
  return bench_end();
}
