/* ONNX RNN: one gate. */
#ifndef OM_RNN_H
#define OM_RNN_H

#include "recurrent.h"

OM_INLINE void om_rnn_steps_f32(const om_recurrent *p, const ptrdiff_t d) {
  const ptrdiff_t n = p->s.hidden;
  const om_gate_activation f = p->s.activations[d];
  for (ptrdiff_t turn = 0; turn < p->s.steps; turn++) {
    om_recurrent_product(p, turn, (om_gemm_shape){.m = p->s.batch, .n = n, .k = n});
    for (ptrdiff_t b = 0; b < p->s.batch; b++) {
      const ptrdiff_t step = om_recurrent_step(p, b, turn);
      if (step >= 0) {
        const float *x = p->from_x + (step * p->x_step + b * p->x_batch) * n, *r = p->from_h + b * n;
        for (ptrdiff_t j = 0; j < n; j++) p->h[b * n + j] = om_gate_f32(x[j] + r[j], f, p->s.clip);
      }
      om_recurrent_emit(p, b, turn);
    }
  }
}

/* io.w: per direction Wᵀ [input, hidden] packed; io.r: per direction Rᵀ [hidden, hidden] packed.
 * scratch: OM_RECURRENT_SCRATCH(1, steps, batch, hidden, rooms) bytes. */
OM_INLINE void om_rnn_f32(const om_recurrent_io io, const om_recurrent_shape s, void *scratch) {
  const om_recurrent_kind kind = {.gates = 1, .merged = 1, .r_packed = OM_GEMM_PACKED(s.hidden, s.hidden)};
  OM_RECURRENT_DIRECTION(om_rnn_steps_f32, io, s, kind, 0, scratch);
  if (s.direction == OM_BIDIRECTIONAL) OM_RECURRENT_DIRECTION(om_rnn_steps_f32, io, s, kind, 1, scratch);
}

#endif
