/* ONNX GRU. Gates in the order z, r, h. */
#ifndef OM_GRU_H
#define OM_GRU_H

#include "recurrent.h"

/* Floats of one direction's packed R: Rᵀ of z and r, then Rᵀ of h, because h waits for r. */
#define OM_GRU_PACKED_R(hidden) (OM_GEMM_PACKED(hidden, 2 * (hidden)) + OM_GEMM_PACKED(hidden, hidden))

OM_INLINE void om_gru_steps_f32(const om_recurrent *p, const ptrdiff_t d) {
  const ptrdiff_t n = p->s.hidden, width = 3 * n;
  const om_gate_activation *act = p->s.activations + 2 * d;
  const om_gate_activation f = act[0], g = act[1];
  const bool linear = p->s.linear_before_reset;
  const om_gemm_shape both = {.m = p->s.batch, .n = 2 * n, .k = n, .c_row = width};
  const om_gemm_shape last = {.m = p->s.batch, .n = n, .k = n, .c_row = width};
  const float *r_last = p->r + OM_GEMM_PACKED(n, 2 * n);
  const om_epilogue bias = {.bias = linear && p->recurrent_bias ? p->recurrent_bias + 2 * n : NULL};
  for (ptrdiff_t turn = 0; turn < p->s.steps; turn++) {
    om_recurrent_product(p, turn, both);
    for (ptrdiff_t b = 0; b < p->s.batch; b++) { /* z to from_h[0 .. n], r to from_h[n .. 2 n] */
      const ptrdiff_t step = om_max(0, om_recurrent_step(p, b, turn));
      const float *x = p->from_x + (step * p->x_step + b * p->x_batch) * width;
      float *gates = p->from_h + b * width;
      for (ptrdiff_t j = 0; j < 2 * n; j++) gates[j] = om_gate_f32(gates[j] + x[j], f, p->s.clip);
      for (ptrdiff_t j = 0; j < n; j++) p->reset[b * n + j] = gates[n + j] * p->h[b * n + j];
    }
    om_gemm_f32(linear ? p->h : p->reset, r_last, p->from_h + 2 * n, last, bias, p->scratch);
    for (ptrdiff_t b = 0; b < p->s.batch; b++) {
      const ptrdiff_t step = om_recurrent_step(p, b, turn);
      if (step >= 0) {
        const float *x = p->from_x + (step * p->x_step + b * p->x_batch) * width + 2 * n;
        const float *gates = p->from_h + b * width;
        float *h = p->h + b * n;
        for (ptrdiff_t j = 0; j < n; j++) {
          const float from_h = linear ? gates[n + j] * gates[2 * n + j] : gates[2 * n + j];
          const float next = om_gate_f32(x[j] + from_h, g, p->s.clip);
          h[j] = (1.0f - gates[j]) * next + gates[j] * h[j];
        }
      }
      om_recurrent_emit(p, b, turn);
    }
  }
}

/* io.w: per direction Wᵀ [input, 3 * hidden] packed; io.r: per direction OM_GRU_PACKED_R.
 * scratch: OM_RECURRENT_SCRATCH(3, steps, batch, hidden, rooms) bytes. */
OM_INLINE void om_gru_f32(const om_recurrent_io io, const om_recurrent_shape s, void *scratch) {
  const om_recurrent_kind kind = {
      .gates = 3, .merged = s.linear_before_reset ? 2 : 3, .r_packed = OM_GRU_PACKED_R(s.hidden)};
  OM_RECURRENT_DIRECTION(om_gru_steps_f32, io, s, kind, 0, scratch);
  if (s.direction == OM_BIDIRECTIONAL) OM_RECURRENT_DIRECTION(om_gru_steps_f32, io, s, kind, 1, scratch);
}

#endif
