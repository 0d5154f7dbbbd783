/* ONNX GRU. Gates in the order z, r, h. */
#ifndef OM_GRU_H
#define OM_GRU_H

#include "recurrent.h"

/* Floats of one direction's packed R: Rᵀ of z and r, then Rᵀ of h, because h waits for r. */
#define OM_GRU_PACKED_R(hidden) (OM_GEMM_PACKED(hidden, 2 * (hidden)) + OM_GEMM_PACKED(hidden, hidden))

OM_INLINE void om_gru_direction_f32(const om_recurrent_io io, const om_recurrent_shape s, const ptrdiff_t d,
                                    void *scratch) {
  const ptrdiff_t n = s.hidden, width = 3 * n;
  const om_gate_activation f = s.activations[2 * d], g = s.activations[2 * d + 1];
  const bool linear = s.linear_before_reset;
  const om_recurrent p = om_recurrent_begin(io, s, 3, linear ? 2 : 3, OM_GRU_PACKED_R(n), d, scratch);
  const om_gemm_shape both = {.m = s.batch, .n = 2 * n, .k = n, .c_row = width};
  const om_gemm_shape last = {.m = s.batch, .n = n, .k = n, .c_row = width};
  const float *r_last = p.r + OM_GEMM_PACKED(n, 2 * n);
  const om_epilogue bias = {.bias = linear && p.recurrent_bias ? p.recurrent_bias + 2 * n : NULL};
  for (ptrdiff_t turn = 0; turn < s.steps; turn++) {
    om_recurrent_product(&p, turn, both);
    for (ptrdiff_t b = 0; b < s.batch; b++) { /* z to from_h[0 .. n], r to from_h[n .. 2 n] */
      const ptrdiff_t step = om_max(0, om_recurrent_step(&p, b, turn));
      const float *x = p.from_x + (step * p.x_step + b * p.x_batch) * width;
      float *gates = p.from_h + b * width;
      for (ptrdiff_t j = 0; j < 2 * n; j++) gates[j] = om_gate_f32(gates[j] + x[j], f, s.clip);
      for (ptrdiff_t j = 0; j < n; j++) p.reset[b * n + j] = gates[n + j] * p.h[b * n + j];
    }
    om_gemm_f32(linear ? p.h : p.reset, r_last, p.from_h + 2 * n, last, bias, scratch);
    for (ptrdiff_t b = 0; b < s.batch; b++) {
      const ptrdiff_t step = om_recurrent_step(&p, b, turn);
      if (step >= 0) {
        const float *x = p.from_x + (step * p.x_step + b * p.x_batch) * width + 2 * n;
        const float *gates = p.from_h + b * width;
        float *h = p.h + b * n;
        for (ptrdiff_t j = 0; j < n; j++) {
          const float from_h = linear ? gates[n + j] * gates[2 * n + j] : gates[2 * n + j];
          const float next = om_gate_f32(x[j] + from_h, g, s.clip);
          h[j] = (1.0f - gates[j]) * next + gates[j] * h[j];
        }
      }
      om_recurrent_emit(&p, b, turn);
    }
  }
  om_recurrent_end(&p);
}

/* io.w: per direction Wᵀ [input, 3 * hidden] packed; io.r: per direction OM_GRU_PACKED_R.
 * scratch: OM_RECURRENT_SCRATCH(3, steps, batch, hidden) bytes. */
OM_INLINE void om_gru_f32(const om_recurrent_io io, const om_recurrent_shape s, void *scratch) {
  om_gru_direction_f32(io, s, 0, scratch);
  if (s.direction == OM_BIDIRECTIONAL) om_gru_direction_f32(io, s, 1, scratch);
}

#endif
