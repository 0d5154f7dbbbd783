/* ONNX LSTM. Gates in the order i, o, f, c. */
#ifndef OM_LSTM_H
#define OM_LSTM_H

#include "recurrent.h"

/* The gates of one batch entry: h and c become the next state. */
OM_INLINE void om_lstm_cell_f32(const om_recurrent *p, const float *x, const float *r, float *OM_RESTRICT h,
                                float *OM_RESTRICT c, const om_gate_activation f, const om_gate_activation g,
                                const om_gate_activation out) {
  const ptrdiff_t n = p->s.hidden;
  const float clip = p->s.clip, *peephole = p->peephole;
  for (ptrdiff_t j = 0; j < n; j++) {
    float input = x[j] + r[j], forget = x[2 * n + j] + r[2 * n + j], output = x[n + j] + r[n + j];
    const float cell = om_gate_f32(x[3 * n + j] + r[3 * n + j], g, clip);
    if (peephole) {
      input += peephole[j] * c[j];
      forget += peephole[2 * n + j] * c[j];
    }
    input = om_gate_f32(input, f, clip);
    forget = p->s.input_forget ? 1.0f - input : om_gate_f32(forget, f, clip);
    c[j] = forget * c[j] + input * cell;
    if (peephole) output += peephole[n + j] * c[j];
    h[j] = om_gate_f32(output, f, clip) * om_gate_f32(c[j], out, clip);
  }
}

OM_INLINE void om_lstm_steps_f32(const om_recurrent *p, const ptrdiff_t d) {
  const ptrdiff_t n = p->s.hidden, width = 4 * n;
  const om_gate_activation *act = p->s.activations + 3 * d;
  for (ptrdiff_t turn = 0; turn < p->s.steps; turn++) {
    om_recurrent_product(p, turn, (om_gemm_shape){.m = p->s.batch, .n = width, .k = n});
    for (ptrdiff_t b = 0; b < p->s.batch; b++) {
      const ptrdiff_t step = om_recurrent_step(p, b, turn);
      if (step >= 0) {
        const float *x = p->from_x + (step * p->x_step + b * p->x_batch) * width;
        om_lstm_cell_f32(p, x, p->from_h + b * width, p->h + b * n, p->c + b * n, act[0], act[1], act[2]);
      }
      om_recurrent_emit(p, b, turn);
    }
  }
}

/* io.w: per direction Wᵀ [input, 4 * hidden] packed; io.r: per direction Rᵀ [hidden, 4 * hidden] packed.
 * scratch: OM_RECURRENT_SCRATCH(4, steps, batch, hidden, rooms) bytes. */
OM_INLINE void om_lstm_f32(const om_recurrent_io io, const om_recurrent_shape s, void *scratch) {
  const om_recurrent_kind kind = {.gates = 4, .merged = 4, .r_packed = OM_GEMM_PACKED(s.hidden, 4 * s.hidden)};
  OM_RECURRENT_DIRECTION(om_lstm_steps_f32, io, s, kind, 0, scratch);
  if (s.direction == OM_BIDIRECTIONAL) OM_RECURRENT_DIRECTION(om_lstm_steps_f32, io, s, kind, 1, scratch);
}

#endif
