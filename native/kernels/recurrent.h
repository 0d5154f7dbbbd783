/* What LSTM, GRU and RNN share: their tensors, X·Wᵀ of all steps as one product, and how threads share the rest: one takes
 * some batch entries of a direction through all steps. ONNX's operators of these names define the gates' order, the layouts
 * and the defaults; here every default is written out by the caller. */
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
  bool at_once;             /* both directions have scratch of their own, so that threads may take one each */
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

/* Floats that a direction needs; gates: 4 for LSTM, 3 for GRU, 1 for RNN. */
#define OM_RECURRENT_FLOATS(gates, steps, batch, hidden)                                                               \
  (((steps) + 1) * (batch) * (gates) * (hidden) + 3 * (batch) * (hidden) + (gates) * (hidden))

/* Bytes of scratch, 64-byte aligned; rooms: 2 for both directions at once, else 1. */
#define OM_RECURRENT_SCRATCH(gates, steps, batch, hidden, rooms)                                                       \
  (OM_GEMM_SCRATCH + 4 * (rooms) * OM_RECURRENT_FLOATS(gates, steps, batch, hidden))

/* One direction's share of everything, or that of some batch entries, with the strides that the layout gives. */
typedef struct om_recurrent {
  om_recurrent_shape s; /* batch: of these entries */
  bool reverse;
  const float *w, *r, *peephole;
  const int32_t *sequence_lens;
  float *y, *y_h, *y_c;
  ptrdiff_t y_step, y_batch;   /* elements between steps and batch entries of y */
  ptrdiff_t state_batch;       /* the same of the states' tensors */
  ptrdiff_t x_step, x_batch;   /* rows of `from_x` between steps and batch entries */
  const float *recurrent_bias; /* GRU: Rb, else unused */
  ptrdiff_t state;             /* where the initial and last states are in their tensors */
  float *bias;                 /* what X·Wᵀ adds: [gates * hidden] */
  float *from_x;               /* X·Wᵀ + bias: [steps * batch, gates * hidden] */
  float *from_h;               /* H·Rᵀ of a step: [batch, gates * hidden] */
  float *h, *c, *reset;        /* states [batch, hidden]; GRU: reset gate times h */
  void *scratch;
} om_recurrent;

/* How a kind of cell differs from the others. */
typedef struct om_recurrent_kind {
  ptrdiff_t gates;
  ptrdiff_t merged;   /* how many of the gates add R's bias at once: GRU's last may have to add it later */
  ptrdiff_t r_packed; /* floats of a direction's packed R */
} om_recurrent_kind;

/* Direction `d`, the batch entries first .. first + batch of it. */
OM_INLINE om_recurrent om_recurrent_part(const om_recurrent_io io, const om_recurrent_shape s,
                                         const om_recurrent_kind kind, const ptrdiff_t d, ptrdiff_t first,
                                         const ptrdiff_t batch, void *scratch) {
  const ptrdiff_t directions = s.direction == OM_BIDIRECTIONAL ? 2 : 1, width = kind.gates * s.hidden;
  const ptrdiff_t side = d * s.hidden * (s.batch_first ? 1 : s.batch); /* where the direction's part begins */
  om_recurrent p = {.s = s};
  p.s.batch = batch;
  p.reverse = s.direction == OM_REVERSE || d == 1;
  p.w = io.w + d * OM_GEMM_PACKED(s.input, width);
  p.r = io.r + d * kind.r_packed;
  if (io.bias) p.recurrent_bias = io.bias + (2 * d + 1) * width;
  if (io.peephole) p.peephole = io.peephole + d * 3 * s.hidden;
  if (io.sequence_lens) p.sequence_lens = io.sequence_lens + first;
  p.y_step = (s.batch_first ? 1 : s.batch) * directions * s.hidden;
  p.y_batch = s.batch_first ? s.steps * directions * s.hidden : s.hidden;
  p.state_batch = (s.batch_first ? directions : 1) * s.hidden;
  p.x_step = s.batch_first ? 1 : s.batch;
  p.x_batch = s.batch_first ? s.steps : 1;
  p.state = side + first * p.state_batch;
  if (io.y) p.y = io.y + side + first * p.y_batch;
  if (io.y_h) p.y_h = io.y_h + p.state;
  if (io.y_c) p.y_c = io.y_c + p.state;
  p.scratch = scratch;
  float *room = (float *)((char *)scratch + OM_GEMM_SCRATCH);
  if (s.at_once) room += d * OM_RECURRENT_FLOATS(kind.gates, s.steps, s.batch, s.hidden);
  p.bias = room;
  p.h = room + width + first * s.hidden;
  p.c = p.h + s.batch * s.hidden;
  p.reset = p.c + s.batch * s.hidden;
  p.from_h = room + width + 3 * s.batch * s.hidden + first * width;
  p.from_x = room + width + 3 * s.batch * s.hidden + s.batch * width + first * p.x_batch * width;
  return p;
}

/* The bias that X·Wᵀ adds: W's, and R's of the gates that are `merged`. */
OM_INLINE void om_recurrent_bias(const om_recurrent_io io, const om_recurrent_shape s, const om_recurrent_kind kind,
                                 const ptrdiff_t d, void *scratch) {
  if (!io.bias || !om_is_mine()) return;
  const om_recurrent p = om_recurrent_part(io, s, kind, d, 0, s.batch, scratch);
  const ptrdiff_t width = kind.gates * s.hidden, merged = kind.merged * s.hidden;
  const float *given = io.bias + d * 2 * width;
  for (ptrdiff_t i = 0; i < width; i++) p.bias[i] = given[i] + (i < merged ? given[width + i] : 0.0f);
}

/* X·Wᵀ + bias of all steps. */
OM_INLINE void om_recurrent_from_x(const om_recurrent_io io, const om_recurrent_shape s, const om_recurrent_kind kind,
                                   const ptrdiff_t d, void *scratch) {
  const om_recurrent p = om_recurrent_part(io, s, kind, d, 0, s.batch, scratch);
  const om_epilogue e = {.bias = io.bias ? p.bias : NULL};
  const om_gemm_shape shape = {.m = s.steps * s.batch, .n = kind.gates * s.hidden, .k = s.input};
  om_gemm_f32(io.x, p.w, p.from_x, shape, e, scratch);
}

OM_INLINE void om_recurrent_state(const om_recurrent *p, float *state, const float *initial) {
  for (ptrdiff_t b = 0; b < p->s.batch; b++) {
    const size_t bytes = (size_t)p->s.hidden * sizeof(float);
    if (initial) memcpy(state + b * p->s.hidden, initial + p->state + b * p->state_batch, bytes);
    else memset(state + b * p->s.hidden, 0, bytes);
  }
}

/* The states before the first turn. */
OM_INLINE void om_recurrent_start(const om_recurrent_io io, const om_recurrent *p) {
  om_recurrent_state(p, p->h, io.initial_h);
  om_recurrent_state(p, p->c, io.initial_c);
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

/* Batch entries of which a thread takes all steps: equal parts, and a number that the C compiler knows where it knows the
 * batch, as what it makes of known sizes is faster. */
OM_INLINE ptrdiff_t om_recurrent_rows(ptrdiff_t batch) {
  return batch % 8 == 0 ? 8 : batch % 7 == 0 ? 7 : batch % 6 == 0 ? 6 : batch % 5 == 0 ? 5 : batch % 4 == 0 ? 4 : batch;
}

/* What comes before the steps of direction `d`, or of both at once before those of the first. */
OM_INLINE void om_recurrent_begin(const om_recurrent_io io, const om_recurrent_shape s, const om_recurrent_kind kind,
                                  const ptrdiff_t d, void *scratch) {
  const bool both = s.direction == OM_BIDIRECTIONAL && s.at_once;
  if (both && d == 1) return;
  const ptrdiff_t end = both ? 2 : d + 1;
  if (d == 1) om_settle(); /* the first one's values are done with */
  for (ptrdiff_t side = d; side < end; side++) om_recurrent_bias(io, s, kind, side, scratch);
  om_settle();
  for (ptrdiff_t side = d; side < end; side++) om_recurrent_from_x(io, s, kind, side, scratch);
  om_settle();
}

/* Direction `d` in parts; steps(p, d) takes one through all of its steps. No function: GCC inlines none whose address is handed
 * on, and what is known of sizes and activations would be lost (the demo's layers took 2.3 ms instead of 1.35). */
#define OM_RECURRENT_DIRECTION(steps, io, s, kind, d, scratch)                                                         \
  do {                                                                                                                 \
    const ptrdiff_t rows = om_recurrent_rows((s).batch);                                                               \
    om_recurrent_begin(io, s, kind, d, scratch);                                                                       \
    for (ptrdiff_t first = 0; first < (s).batch; first += rows) {                                                      \
      if (!om_is_mine()) continue;                                                                                     \
      om_parts *before = om_begin_alone();                                                                             \
      const om_recurrent part = om_recurrent_part(io, s, kind, d, first, rows, scratch);                               \
      om_recurrent_start(io, &part);                                                                                   \
      steps(&part, d);                                                                                                 \
      om_recurrent_end(&part);                                                                                         \
      om_end_alone(before);                                                                                            \
    }                                                                                                                  \
  } while (0)

/* The activation of a gate, its input limited to [-clip, clip]. */
OM_INLINE float om_gate_f32(float x, const om_gate_activation activation, float clip) {
  if (clip > 0.0f) x = om_activate_f32(x, OM_ACT_CLIP, -clip, clip);
  return om_activate_f32(x, activation.kind, activation.alpha, activation.beta);
}

#endif
