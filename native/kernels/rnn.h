/* ONNX RNN: one gate. */
#ifndef OM_RNN_H
#define OM_RNN_H

#include "recurrent.h"

OM_INLINE void om_rnn_direction_f32(const om_recurrent_io io, const om_recurrent_shape s, const ptrdiff_t d,
                                    void *scratch) {
  const ptrdiff_t n = s.hidden;
  const om_gate_activation f = s.activations[d];
  const om_recurrent p = om_recurrent_begin(io, s, 1, 1, OM_GEMM_PACKED(n, n), d, scratch);
  for (ptrdiff_t turn = 0; turn < s.steps; turn++) {
    om_recurrent_product(&p, turn, (om_gemm_shape){.m = s.batch, .n = n, .k = n});
    for (ptrdiff_t b = 0; b < s.batch; b++) {
      const ptrdiff_t step = om_recurrent_step(&p, b, turn);
      if (step >= 0) {
        const float *x = p.from_x + (step * p.x_step + b * p.x_batch) * n, *r = p.from_h + b * n;
        for (ptrdiff_t j = 0; j < n; j++) p.h[b * n + j] = om_gate_f32(x[j] + r[j], f, s.clip);
      }
      om_recurrent_emit(&p, b, turn);
    }
  }
  om_recurrent_end(&p);
}

/* io.w: per direction Wᵀ [input, hidden] packed; io.r: per direction Rᵀ [hidden, hidden] packed.
 * scratch: OM_RECURRENT_SCRATCH(1, steps, batch, hidden) bytes. */
OM_INLINE void om_rnn_f32(const om_recurrent_io io, const om_recurrent_shape s, void *scratch) {
  om_rnn_direction_f32(io, s, 0, scratch);
  if (s.direction == OM_BIDIRECTIONAL) om_rnn_direction_f32(io, s, 1, scratch);
}

#endif
