/* Attention against sums in double: sizes around blocks and tiles, steps of every kind, and what must come of infinities
 * and NaN. */
#include "attention.h"

#include "check.h"

/* A step's tensor of [heads, queries, keys], of which any axis may be 1. */
typedef struct mask {
  om_score_step step;
  float *bias;
  bool *keep;
} mask;

static mask make_mask(ptrdiff_t all_heads, ptrdiff_t queries, ptrdiff_t keys, bool causal) {
  mask m = {{0}, NULL, NULL};
  const ptrdiff_t rows = causal || pick(0, 1) ? queries : 1, columns = causal || pick(0, 2) ? keys : 1;
  const ptrdiff_t heads = pick(0, 1) ? all_heads : 1;
  m.step.head = heads == 1 ? 0 : rows * columns, m.step.row = rows == 1 ? 0 : columns;
  m.step.column = columns == 1 ? 0 : 1;
  if (pick(0, 1)) {
    m.bias = floats(heads * rows * columns);
    for (ptrdiff_t r = 0; r < heads * rows; r++)
      for (ptrdiff_t c = 0; c < columns; c++)
        if (causal ? c > r % rows : pick(0, 9) == 0) m.bias[r * columns + c] = pick(0, 1) ? -INFINITY : -3.4028235e38f;
    m.step.bias = m.bias;
  } else {
    m.keep = (bool *)check_alloc((size_t)(heads * rows * columns));
    m.step.where = pick(0, 1), m.step.otherwise = pick(0, 1) ? -INFINITY : -10000.0f;
    for (ptrdiff_t r = 0; r < heads * rows; r++)
      for (ptrdiff_t c = 0; c < columns; c++)
        m.keep[r * columns + c] = (causal ? c <= r % rows : pick(0, 9) > 0) == m.step.where;
    m.step.keep = m.keep;
  }
  return m;
}

/* One query's result; `terms`: the sum of its terms' magnitudes, which errors are relative to. */
static void reference(const float *q, const float *k, const float *v, const om_score_step *steps, om_attention_shape s,
                      ptrdiff_t row, double *scores, double *y, double *terms) {
  double top = -INFINITY, sum = 0;
  for (ptrdiff_t key = 0; key < s.keys; key++) {
    double score = 0;
    for (ptrdiff_t i = 0; i < s.size; i++)
      score += (double)q[row * s.q_row + i] * (double)k[key * s.k_row + i * s.k_column];
    score *= (double)s.scale;
    for (int i = 0; i < s.steps; i++) {
      const ptrdiff_t head = row / s.queries, query = row % s.queries;
      const ptrdiff_t at = head * steps[i].head + query * steps[i].row + key * steps[i].column;
      if (steps[i].bias) score = (double)(float)(score + (double)steps[i].bias[at]);
      if (steps[i].keep && steps[i].keep[at] != steps[i].where) score = (double)steps[i].otherwise;
    }
    scores[key] = score;
    top = score > top ? score : top;
  }
  for (ptrdiff_t key = 0; key < s.keys; key++) sum += scores[key] = exp(scores[key] - top);
  for (ptrdiff_t i = 0; i < s.value_size; i++) y[i] = terms[i] = 0;
  for (ptrdiff_t key = 0; key < s.keys; key++)
    for (ptrdiff_t i = 0; i < s.value_size; i++) {
      const double term = scores[key] / sum * (double)v[key * s.v_row + i];
      y[i] += term, terms[i] += fabs(term);
    }
}

/* `wild`: which tensor has infinities and NaN. */
static void run(om_attention_shape s, int steps, bool causal, int wild) {
  check_cases++;
  const bool transposed = pick(0, 2) == 0;
  const ptrdiff_t apart = pick(0, 1) ? pick(1, 9) : 0;
  s.q_row = s.size + apart, s.v_row = s.value_size + apart, s.y_row = s.value_size + apart;
  s.k_row = transposed ? 1 : s.size + apart, s.k_column = transposed ? s.keys : 1;
  /* Large scores are off by more than what is tolerated here: by rounding of their sums, which is not in question. */
  s.scale = s.size > 64 || pick(0, 2) ? 1.0f / sqrtf((float)om_max(s.size, 1)) : 1.0f;
  s.steps = steps;
  /* The last row ends where its own elements do. */
#define EXTENT(rows, row, columns) ((rows) > 0 ? ((rows) - 1) * (row) + (columns) : 0)
  const ptrdiff_t rows = s.heads * s.queries;
  const ptrdiff_t qs = EXTENT(rows, s.q_row, s.size), vs = EXTENT(s.keys, s.v_row, s.value_size),
                  ks = transposed ? s.keys * s.size : EXTENT(s.keys, s.k_row, s.size),
                  ys = EXTENT(rows, s.y_row, s.value_size);
  float *q = floats(qs), *k = floats(ks), *v = floats(vs), *y = output(ys);
  for (ptrdiff_t i = 0; i < qs; i++) q[i] *= 4;
  const float odd[] = {NAN, INFINITY, -INFINITY};
  float *target = wild == 1 ? q : wild == 2 ? k : v;
  const ptrdiff_t n = wild == 1 ? qs : wild == 2 ? ks : vs;
  if (wild && n > 0) target[pick(0, (int)n - 1)] = odd[pick(0, 2)];
  mask masks[3];
  om_score_step list[3];
  for (int i = 0; i < steps; i++)
    masks[i] = make_mask(s.heads, s.queries, s.keys, causal && i == 0), list[i] = masks[i].step;
  void *scratch = check_scratch((size_t)OM_ATTENTION_SCRATCH(s.size, s.value_size));
  om_attention_f32(q, k, v, list, y, s, scratch);
  double *scores = (double *)check_alloc((size_t)s.keys * 8), *want = (double *)check_alloc((size_t)s.value_size * 8),
         *terms = (double *)check_alloc((size_t)s.value_size * 8);
  bool good = true;
  for (ptrdiff_t row = 0; row < rows && good; row++) {
    reference(q, k, v, list, s, row, scores, want, terms);
    for (ptrdiff_t i = 0; i < s.value_size && good; i++) {
      good = close_to(y[row * s.y_row + i], want[i], 4e-6 * (1 + terms[i]));
      if (!good)
        fail("attention %d x %d x %d, heads of %d and %d, %d steps, causal %d, wild %d: y[%d, %d] = %.9g, want %.9g",
             (int)s.heads, (int)s.queries, (int)s.keys, (int)s.size, (int)s.value_size, steps, causal, wild, (int)row,
             (int)i, (double)y[row * s.y_row + i], want[i]);
    }
    for (ptrdiff_t i = s.value_size; i < s.y_row && row + 1 < rows; i++)
      if (!isnan(y[row * s.y_row + i])) fail("attention: wrote between rows");
  }
  for (int i = 0; i < steps; i++) free(masks[i].bias), free(masks[i].keep);
  free(q), free(k), free(v), free(scratch), free(scores), free(want), free(terms);
  release_output(y, ys, "attention");
}

static om_attention_shape sized(ptrdiff_t heads, ptrdiff_t queries, ptrdiff_t keys, ptrdiff_t size,
                                ptrdiff_t value_size) {
  return (om_attention_shape){.heads = heads, .queries = queries, .keys = keys, .size = size, .value_size = value_size};
}

/* Rows that see nothing, at first or at all: a block of -inf before others takes no part, and of -inf only nothing is
 * left. */
static void run_unseen(void) {
  check_cases++;
  enum { KEYS = 2 * OM_KEY_BLOCK + 3, SIZE = 8 };
  float *q = floats(3 * SIZE), *k = floats(KEYS * SIZE), *v = floats(KEYS * SIZE), *y = output(3 * SIZE),
        *bias = floats(3 * KEYS);
  for (ptrdiff_t i = 0; i < KEYS; i++) {
    bias[i] = i == KEYS - 1 ? 0.0f : -INFINITY;
    bias[KEYS + i] = -INFINITY;
    bias[2 * KEYS + i] = i == 0 ? 0.0f : -INFINITY;
  }
  om_attention_shape s = {1, 3, KEYS, SIZE, SIZE, SIZE, SIZE, 1, SIZE, SIZE, 1.0f, 1};
  const om_score_step step = {.bias = bias, .row = KEYS, .column = 1};
  void *scratch = check_scratch((size_t)OM_ATTENTION_SCRATCH(SIZE, SIZE));
  om_attention_f32(q, k, v, &step, y, s, scratch);
  for (ptrdiff_t i = 0; i < SIZE; i++)
    if (y[i] != v[(KEYS - 1) * SIZE + i] || !isnan(y[SIZE + i]) || y[2 * SIZE + i] != v[i])
      fail("attention that sees one key or none: %g %g %g", (double)y[i], (double)y[SIZE + i], (double)y[2 * SIZE + i]);
  free(q), free(k), free(v), free(bias), free(scratch);
  release_output(y, 3 * SIZE, "attention that sees nothing");
}

int main(void) {
  const ptrdiff_t queries[] = {0, 1, 2, 3, OM_TILE_ROWS, OM_TILE_ROWS + 1, OM_QUERY_TILES * OM_TILE_ROWS + 1};
  const ptrdiff_t keys[] = {0, 1, OM_LANES - 1, OM_PANEL + 1, OM_KEY_BLOCK, OM_KEY_BLOCK + 1, 3 * OM_KEY_BLOCK - 5};
  const ptrdiff_t sizes[] = {0, 1, 5, OM_LANES, OM_PANEL, OM_PANEL + OM_LANES + 3, 64, 128, OM_K_BLOCK};
  for (int i = 0; i < 7; i++)
    for (int j = 0; j < 7; j++)
      run(sized(1, queries[i], keys[j], sizes[pick(0, 8)], sizes[pick(0, 8)]), pick(0, 3), pick(0, 1), 0);
  for (int i = 0; i < 7; i++)
    run(sized(pick(0, 9), queries[i], keys[i], sizes[pick(0, 8)], sizes[pick(0, 8)]), pick(1, 3), pick(0, 1), 0);
  for (int i = 0; i < 200; i++)
    run(sized(i % 2 ? 1 : pick(2, 8), pick(1, 90), pick(1, 600), pick(1, 80), pick(1, 80)), pick(0, 2), pick(0, 1),
        i / 2 % 4);
  run(sized(1, OM_MOST_QUERIES + 5, 70, 16, 16), 1, true, 0);
  run(sized(5, OM_MOST_QUERIES / 4, 40, 16, 16), 1, true, 0);
  run(sized(1, 2 * OM_MOST_QUERIES + 1, 300, 8, 20), 0, false, 0);
  run_unseen();
  return check_done("attention");
}
