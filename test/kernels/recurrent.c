/* LSTM, GRU and RNN with every attribute against the equations of the ONNX operators in double. */
#include "gru.h"
#include "lstm.h"
#include "rnn.h"

#include "check.h"
#include "pack.h"

typedef struct net {
  int gates; /* 4: LSTM, 3: GRU, 1: RNN */
  om_recurrent_shape s;
  ptrdiff_t directions;
  const float *x, *w, *r, *bias, *peephole, *initial_h, *initial_c;
  const int32_t *lengths;
} net;

static double activate(double x, const om_gate_activation a, double clip) {
  if (clip > 0) x = x < -clip ? -clip : x > clip ? clip : x;
  switch (a.kind) {
  case OM_ACT_SIGMOID: return 1 / (1 + exp(-x));
  case OM_ACT_TANH: return tanh(x);
  case OM_ACT_RELU: return x > 0 ? x : 0;
  case OM_ACT_HARD_SIGMOID: return fmax(0, fmin(1, (double)a.alpha * x + (double)a.beta));
  case OM_ACT_SOFTSIGN: return x / (1 + fabs(x));
  default: abort();
  }
}

/* Offsets by layout. */
static ptrdiff_t y_at(const net *t, ptrdiff_t step, ptrdiff_t d, ptrdiff_t b) {
  const om_recurrent_shape *s = &t->s;
  return (s->batch_first ? (b * s->steps + step) * t->directions + d : (step * t->directions + d) * s->batch + b) *
         s->hidden;
}
static ptrdiff_t state_at(const net *t, ptrdiff_t d, ptrdiff_t b) {
  return (t->s.batch_first ? b * t->directions + d : d * t->s.batch + b) * t->s.hidden;
}
static const float *x_at(const net *t, ptrdiff_t step, ptrdiff_t b) {
  return t->x + (t->s.batch_first ? b * t->s.steps + step : step * t->s.batch + b) * t->s.input;
}

/* Row `row` of W or R of direction d times a vector. */
static double dot(const float *matrix, ptrdiff_t rows, ptrdiff_t d, ptrdiff_t row, ptrdiff_t n, const double *v) {
  double sum = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += (double)matrix[(d * rows + row) * n + i] * v[i];
  return sum;
}

/* One direction of one batch entry. */
static void reference(const net *t, ptrdiff_t d, ptrdiff_t b, double *y, double *y_h, double *y_c) {
  const om_recurrent_shape *s = &t->s;
  const ptrdiff_t n = s->hidden, rows = t->gates * n, length = t->lengths ? t->lengths[b] : s->steps;
  const om_gate_activation *act = s->activations + d * (t->gates == 4 ? 3 : t->gates == 3 ? 2 : 1);
  const double clip = (double)s->clip;
  const bool reverse = s->direction == OM_REVERSE || d == 1;
  double h[64], c[64], next[64], x[64], reset[64], gate[4][64];
  for (ptrdiff_t j = 0; j < n; j++) {
    h[j] = t->initial_h ? (double)t->initial_h[state_at(t, d, b) + j] : 0;
    c[j] = t->initial_c ? (double)t->initial_c[state_at(t, d, b) + j] : 0;
  }
  for (ptrdiff_t step = 0; step < s->steps; step++)
    for (ptrdiff_t j = 0; j < n; j++) y[y_at(t, step, d, b) + j] = 0;
  for (ptrdiff_t turn = 0; turn < length; turn++) {
    const ptrdiff_t step = reverse ? length - 1 - turn : turn;
    for (ptrdiff_t i = 0; i < s->input; i++) x[i] = (double)x_at(t, step, b)[i];
#define FROM_X(g)                                                                                                      \
  (dot(t->w, rows, d, (g) * n + j, s->input, x) + (t->bias ? (double)t->bias[d * 2 * rows + (g) * n + j] : 0))
#define RECURRENT_BIAS(g) (t->bias ? (double)t->bias[d * 2 * rows + rows + (g) * n + j] : 0)
#define FROM(v, g) (dot(t->r, rows, d, (g) * n + j, n, v) + RECURRENT_BIAS(g))
    for (ptrdiff_t j = 0; j < n; j++) {
      if (t->gates == 1) next[j] = activate(FROM_X(0) + FROM(h, 0), act[0], clip);
      if (t->gates == 3) {
        gate[0][j] = activate(FROM_X(0) + FROM(h, 0), act[0], clip);
        gate[1][j] = activate(FROM_X(1) + FROM(h, 1), act[0], clip);
        reset[j] = gate[1][j] * h[j];
      }
      if (t->gates == 4) {
        const float *p = t->peephole ? t->peephole + d * 3 * n : NULL;
        const double i = activate(FROM_X(0) + FROM(h, 0) + (p ? (double)p[j] * c[j] : 0), act[0], clip);
        const double f = s->input_forget
                             ? 1 - i
                             : activate(FROM_X(2) + FROM(h, 2) + (p ? (double)p[2 * n + j] * c[j] : 0), act[0], clip);
        const double cell = f * c[j] + i * activate(FROM_X(3) + FROM(h, 3), act[1], clip);
        const double o = activate(FROM_X(1) + FROM(h, 1) + (p ? (double)p[n + j] * cell : 0), act[0], clip);
        gate[0][j] = cell;
        next[j] = o * activate(cell, act[2], clip);
      }
    }
    for (ptrdiff_t j = 0; t->gates == 3 && j < n; j++) {
      const double from_h = s->linear_before_reset ? gate[1][j] * FROM(h, 2) : FROM(reset, 2);
      next[j] = (1 - gate[0][j]) * activate(FROM_X(2) + from_h, act[1], clip) + gate[0][j] * h[j];
    }
    for (ptrdiff_t j = 0; j < n; j++) {
      if (t->gates == 4) c[j] = gate[0][j];
      y[y_at(t, step, d, b) + j] = h[j] = next[j];
    }
  }
  for (ptrdiff_t j = 0; j < n; j++) y_h[state_at(t, d, b) + j] = h[j], y_c[state_at(t, d, b) + j] = c[j];
}

static void compare(const char *name, const char *what, const float *got, const double *want, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++)
    if (!close_to(got[i], want[i], 2e-5 * (1 + fabs(want[i])))) {
      fail("%s: %s[%d] = %g, want %g", name, what, (int)i, (double)got[i], want[i]);
      return;
    }
}

/* The defaults forwards, others backwards. Literals, as in generated code: unknown ones would compile every
 * combination. */
static const om_gate_activation lstm_activations[6] = {{OM_ACT_SIGMOID, 0, 0}, {OM_ACT_TANH, 0, 0},
                                                       {OM_ACT_TANH, 0, 0},    {OM_ACT_HARD_SIGMOID, 0.2f, 0.5f},
                                                       {OM_ACT_RELU, 0, 0},    {OM_ACT_SOFTSIGN, 0, 0}};
static const om_gate_activation gru_activations[6] = {
    {OM_ACT_SIGMOID, 0, 0}, {OM_ACT_TANH, 0, 0}, {OM_ACT_HARD_SIGMOID, 0.2f, 0.5f}, {OM_ACT_SOFTSIGN, 0, 0}};
static const om_gate_activation rnn_activations[6] = {{OM_ACT_TANH, 0, 0}, {OM_ACT_RELU, 0, 0}};

#define WITH(activations_, kernel)                                                                                     \
  do {                                                                                                                 \
    for (int i = 0; i < 6; i++) s->activations[i] = activations_[i];                                                   \
    kernel(io, *s, scratch);                                                                                           \
  } while (0)

static void run_case(int gates) {
  net t = {.gates = gates};
  om_recurrent_shape *s = &t.s;
  s->steps = pick(1, 6), s->batch = pick(1, 5) * pick(1, 4), s->input = pick(1, 20), s->hidden = pick(1, 40);
  s->direction = (om_direction)pick(0, 2), s->batch_first = pick(0, 1), s->input_forget = pick(0, 2) == 0;
  s->linear_before_reset = pick(0, 1), s->clip = pick(0, 2) ? 0.0f : 0.75f;
  t.directions = s->direction == OM_BIDIRECTIONAL ? 2 : 1;
  s->at_once = t.directions == 2 && pick(0, 1);
  char name[200];
  snprintf(name, sizeof name,
           "%s steps %d batch %d input %d hidden %d direction %d batch_first %d clip %g forget %d linear %d at_once %d",
           gates == 4   ? "lstm"
           : gates == 3 ? "gru"
                        : "rnn",
           (int)s->steps, (int)s->batch, (int)s->input, (int)s->hidden, s->direction, s->batch_first, (double)s->clip,
           s->input_forget, s->linear_before_reset, s->at_once);
  check_cases++;
  const ptrdiff_t rows = gates * s->hidden, states = t.directions * s->batch * s->hidden;
  float *x = floats(s->steps * s->batch * s->input), *w = floats(t.directions * rows * s->input);
  float *r = floats(t.directions * rows * s->hidden), *bias = floats(t.directions * 2 * rows);
  float *peephole = floats(t.directions * 3 * s->hidden), *initial_h = floats(states), *initial_c = floats(states);
  int32_t *lengths = (int32_t *)check_alloc((size_t)s->batch * sizeof(int32_t));
  for (ptrdiff_t b = 0; b < s->batch; b++) lengths[b] = pick(0, (int)s->steps);
  for (ptrdiff_t i = 0; i < t.directions * rows * s->hidden; i++) r[i] *= 0.25f;
  t.x = x, t.w = w, t.r = r;
  if (pick(0, 3)) t.bias = bias;
  if (gates == 4 && pick(0, 1)) t.peephole = peephole;
  if (pick(0, 1)) t.initial_h = initial_h;
  if (gates == 4 && pick(0, 1)) t.initial_c = initial_c;
  if (pick(0, 1)) t.lengths = lengths;

  float *y = output(s->steps * states), *y_h = output(states), *y_c = output(states);
  float *packed_w = pack_recurrent(w, t.directions, gates, s->hidden, s->input, false);
  float *packed_r = pack_recurrent(r, t.directions, gates, s->hidden, s->hidden, gates == 3);
  void *scratch = check_scratch((size_t)OM_RECURRENT_SCRATCH(gates, s->steps, s->batch, s->hidden, s->at_once ? 2 : 1));
  const om_recurrent_io io = {t.x,
                              packed_w,
                              packed_r,
                              t.bias,
                              t.peephole,
                              t.initial_h,
                              t.initial_c,
                              t.lengths,
                              pick(0, 4) ? y : NULL,
                              pick(0, 4) ? y_h : NULL,
                              pick(0, 4) ? y_c : NULL};
  if (gates == 4) WITH(lstm_activations, om_lstm_f32);
  else if (gates == 3) WITH(gru_activations, om_gru_f32);
  else WITH(rnn_activations, om_rnn_f32);

  double *want = (double *)check_alloc((size_t)((s->steps + 2) * states) * sizeof(double));
  double *want_h = want + s->steps * states, *want_c = want_h + states;
  for (ptrdiff_t d = 0; d < t.directions; d++)
    for (ptrdiff_t b = 0; b < s->batch; b++) reference(&t, d, b, want, want_h, want_c);
  if (io.y) compare(name, "y", y, want, s->steps * states);
  if (io.y_h) compare(name, "y_h", y_h, want_h, states);
  if (io.y_c && gates == 4) compare(name, "y_c", y_c, want_c, states);
  free(x), free(w), free(r), free(bias), free(peephole), free(initial_h), free(initial_c), free(lengths);
  free(packed_w), free(packed_r), free(scratch), free(want);
  release_output(y, s->steps * states, name);
  release_output(y_h, states, name);
  release_output(y_c, states, name);
}

int main(void) {
  for (int i = 0; i < 200; i++) run_case(4), run_case(3), run_case(1);
  return check_done("recurrent");
}
