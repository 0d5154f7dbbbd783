/* What LSTM, GRU and RNN share: their tensors, and X·Wᵀ of all steps as one product. ONNX's operators of these names
 * define the gates' order, the layouts and the defaults; here every default is written out by the caller. */
#ifndef OM_RECURRENT_H
#define OM_RECURRENT_H

#include "gemm.h"

typedef enum om_direction { OM_FORWARD, OM_REVERSE, OM_BIDIRECTIONAL } om_direction;

typedef struct om_gate_activation {
  om_activation kind;
  float alpha, beta;
} om_gate_activation;

typedef struct om_recurrent_shape {
  ptrdiff_t steps, batch, input, hidden;
  om_direction direction;
  bool batch_first;         /* ONNX layout 1 */
  bool input_forget;        /* LSTM: couples input and forget gate */
  bool linear_before_reset; /* GRU */
  float clip;               /* limits every activation's input to [-clip, clip]; 0: no limit */
  /* Of the forward direction, then of the other: LSTM f, g, h; GRU f, g; RNN f. */
  om_gate_activation activations[6];
} om_recurrent_shape;

/* Directions = 1, or 2 when bidirectional; D below. Shapes for batch_first in brackets where they differ. */
typedef struct om_recurrent_io {
  const float *x;               /* [steps, batch, input] ([batch, steps, input]) */
  const float *w, *r;           /* packed, see packMatrices in src/lowering/pack.ts */
  const float *bias;            /* ONNX B: [D, 2 * gates * hidden], or NULL */
  const float *peephole;        /* LSTM P: [D, 3 * hidden], or NULL */
  const float *initial_h;       /* [D, batch, hidden] ([batch, D, hidden]), or NULL: zeros */
  const float *initial_c;       /* LSTM: the same */
  const int32_t *sequence_lens; /* [batch], each in 0 .. steps, or NULL: steps */
  float *y;                     /* [steps, D, batch, hidden] ([batch, steps, D, hidden]), or NULL */
  float *y_h;                   /* as initial_h, or NULL */
  float *y_c;                   /* LSTM: the same */
} om_recurrent_io;

/* Bytes of scratch, 64-byte aligned; gates: 4 for LSTM, 3 for GRU, 1 for RNN. */
#define OM_RECURRENT_SCRATCH(gates, steps, batch, hidden)                                                              \
  (OM_GEMM_SCRATCH + 4 * (((steps) + 1) * (batch) * (gates) * (hidden) + 3 * (batch) * (hidden) + (gates) * (hidden)))

/* One direction's share of everything, with the strides that the layout gives. */
typedef struct om_recurrent {
  om_recurrent_shape s;
  bool reverse;
  const float *w, *r, *peephole;
  const int32_t *sequence_lens;
  float *y, *y_h, *y_c;
  ptrdiff_t y_step, y_batch;   /* elements between steps and batch entries of y */
  ptrdiff_t state_batch;       /* the same of the states' tensors */
  ptrdiff_t x_step, x_batch;   /* rows of `from_x` between steps and batch entries */
  const float *recurrent_bias; /* GRU: Rb, else unused */
  float *from_x;               /* X·Wᵀ + bias: [steps * batch, gates * hidden] */
  float *from_h;               /* H·Rᵀ of a step: [batch, gates * hidden] */
  float *h, *c, *reset;        /* states [batch, hidden]; GRU: reset gate times h */
  void *scratch;
} om_recurrent;

OM_INLINE void om_recurrent_state(float *state, const float *initial, ptrdiff_t batch, ptrdiff_t hidden,
                                  ptrdiff_t row) {
  for (ptrdiff_t b = 0; b < batch; b++) {
    if (initial) memcpy(state + b * hidden, initial + b * row, (size_t)hidden * sizeof(float));
    else memset(state + b * hidden, 0, (size_t)hidden * sizeof(float));
  }
}

/* Lays out scratch, sets the initial states and multiplies all of X with W for direction `d`.
 * `merged`: how many of the gates add R's bias at once (GRU's last gate may have to add it later). */
OM_INLINE om_recurrent om_recurrent_begin(const om_recurrent_io io, const om_recurrent_shape s, const ptrdiff_t gates,
                                          const ptrdiff_t merged, const ptrdiff_t r_packed, const ptrdiff_t d,
                                          void *scratch) {
  const ptrdiff_t directions = s.direction == OM_BIDIRECTIONAL ? 2 : 1, width = gates * s.hidden;
  const ptrdiff_t state = d * s.hidden * (s.batch_first ? 1 : s.batch);
  om_recurrent p = {.s = s};
  p.reverse = s.direction == OM_REVERSE || d == 1;
  p.w = io.w + d * OM_GEMM_PACKED(s.input, width);
  p.r = io.r + d * r_packed;
  if (io.peephole) p.peephole = io.peephole + d * 3 * s.hidden;
  p.sequence_lens = io.sequence_lens;
  p.y_step = (s.batch_first ? 1 : s.batch) * directions * s.hidden;
  p.y_batch = s.batch_first ? s.steps * directions * s.hidden : s.hidden;
  p.state_batch = (s.batch_first ? directions : 1) * s.hidden;
  p.x_step = s.batch_first ? 1 : s.batch;
  p.x_batch = s.batch_first ? s.steps : 1;
  if (io.y) p.y = io.y + state;
  if (io.y_h) p.y_h = io.y_h + state;
  if (io.y_c) p.y_c = io.y_c + state;
  p.scratch = scratch;
  p.from_x = (float *)((char *)scratch + OM_GEMM_SCRATCH);
  p.from_h = p.from_x + s.steps * s.batch * width;
  p.h = p.from_h + s.batch * width;
  p.c = p.h + s.batch * s.hidden;
  p.reset = p.c + s.batch * s.hidden;
  float *bias = p.reset + s.batch * s.hidden;
  om_recurrent_state(p.h, io.initial_h ? io.initial_h + state : NULL, s.batch, s.hidden, p.state_batch);
  om_recurrent_state(p.c, io.initial_c ? io.initial_c + state : NULL, s.batch, s.hidden, p.state_batch);
  om_epilogue e = {0};
  if (io.bias) {
    const float *given = io.bias + d * 2 * width;
    p.recurrent_bias = given + width;
    for (ptrdiff_t i = 0; i < width; i++) bias[i] = given[i] + (i < merged * s.hidden ? given[width + i] : 0.0f);
    e.bias = bias;
  }
  om_gemm_f32(io.x, p.w, p.from_x, (om_gemm_shape){.m = s.steps * s.batch, .n = width, .k = s.input}, e, scratch);
  return p;
}

OM_INLINE bool om_all_zero(const float *x, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++)
    if (x[i] != 0.0f) return false;
  return true;
}

/* H·Rᵀ of one turn to from_h. Sequences mostly begin with a state of zeros, and that product needs no arithmetic. */
OM_INLINE void om_recurrent_product(const om_recurrent *p, ptrdiff_t turn, const om_gemm_shape shape) {
  if (turn == 0 && om_all_zero(p->h, p->s.batch * p->s.hidden))
    memset(p->from_h, 0, (size_t)(shape.m * (shape.c_row ? shape.c_row : shape.n)) * sizeof(float));
  else om_gemm_f32(p->h, p->r, p->from_h, shape, (om_epilogue){0}, p->scratch);
}

/* Of batch entry b: the step of x and y that the direction takes at its `turn`-th turn; -1 past the sequence's end. */
OM_INLINE ptrdiff_t om_recurrent_step(const om_recurrent *p, ptrdiff_t b, ptrdiff_t turn) {
  const ptrdiff_t length = p->sequence_lens ? (ptrdiff_t)p->sequence_lens[b] : p->s.steps;
  if (turn >= length) return -1;
  return p->reverse ? length - 1 - turn : turn;
}

/* Writes h of a turn to y, zeros past the sequence's end. */
OM_INLINE void om_recurrent_emit(const om_recurrent *p, ptrdiff_t b, ptrdiff_t turn) {
  if (!p->y) return;
  const ptrdiff_t step = om_recurrent_step(p, b, turn);
  const size_t bytes = (size_t)p->s.hidden * sizeof(float);
  float *to = p->y + (step < 0 ? turn : step) * p->y_step + b * p->y_batch;
  if (step < 0) memset(to, 0, bytes);
  else memcpy(to, p->h + b * p->s.hidden, bytes);
}

OM_INLINE void om_recurrent_end(const om_recurrent *p) {
  const size_t bytes = (size_t)p->s.hidden * sizeof(float);
  for (ptrdiff_t b = 0; b < p->s.batch; b++) {
    if (p->y_h) memcpy(p->y_h + b * p->state_batch, p->h + b * p->s.hidden, bytes);
    if (p->y_c) memcpy(p->y_c + b * p->state_batch, p->c + b * p->s.hidden, bytes);
  }
}

/* The activation of a gate, its input limited to [-clip, clip]. */
OM_INLINE float om_gate_f32(float x, const om_gate_activation activation, float clip) {
  if (clip > 0.0f) x = om_activate_f32(x, OM_ACT_CLIP, -clip, clip);
  return om_activate_f32(x, activation.kind, activation.alpha, activation.beta);
}

#endif
