/* om_gemm_f32 and om_matmul_f32 against sums in double, around every multiple of the tile. */
#include "gemm-unpacked.h"

#include "check.h"

typedef struct gemm_case {
  int m, n, k;
  bool transposed_a, transposed_b, unpacked, bias, row_bias, residual, in_place;
  int c_gap, residual_gap;
  om_activation activation;
} gemm_case;

static void run_case(const gemm_case t) {
  char name[160];
  snprintf(name, sizeof name, "gemm m %d n %d k %d ta %d tb %d unpacked %d bias %d/%d residual %d/%d gap %d/%d act %d",
           t.m, t.n, t.k, t.transposed_a, t.transposed_b, t.unpacked, t.bias, t.row_bias, t.residual, t.in_place,
           t.c_gap, t.residual_gap, t.activation);
  check_cases++;
  const ptrdiff_t c_row = t.n + t.c_gap, residual_row = t.in_place ? c_row : t.n + t.residual_gap;
  const ptrdiff_t c_length = t.m == 0 || t.n == 0 ? 0 : (t.m - 1) * c_row + t.n;
  float *a = floats(t.m * t.k), *b = floats(t.k * t.n), *bias = floats(t.n), *row_bias = floats(t.m);
  float *residual = floats(c_length == 0 ? 0 : (t.m - 1) * residual_row + t.n), *c = output(c_length);
  float *packed = (float *)check_alloc(OM_GEMM_PACKED(t.k, t.n) * sizeof(float));
  const ptrdiff_t b_row = t.transposed_b ? 1 : t.n, b_column = t.transposed_b ? t.k : 1;
  void *scratch = check_scratch(t.unpacked ? OM_MATMUL_SCRATCH(t.k, t.n) : OM_GEMM_SCRATCH);
  if (t.in_place) memcpy(c, residual, (size_t)c_length * sizeof(float));

  om_gemm_shape s = {.m = t.m, .n = t.n, .k = t.k};
  if (t.transposed_a) s.a_row = 1, s.a_column = t.m;
  if (t.c_gap) s.c_row = c_row;
  om_epilogue e = {.activation = t.activation, .alpha = -0.25f, .beta = 0.5f};
  if (t.bias) e.bias = bias;
  if (t.row_bias) e.row_bias = row_bias;
  if (t.residual) e.residual = t.in_place ? c : residual, e.residual_row = residual_row;
  if (t.unpacked) om_matmul_f32(a, b, b_row, b_column, c, s, e, scratch);
  else {
    om_gemm_pack_f32(b, b_row, b_column, t.k, t.n, packed);
    om_gemm_f32(a, packed, c, s, e, scratch);
  }

  bool good = true;
  for (int i = 0; i < t.m && good; i++)
    for (int j = 0; j < t.n && good; j++) {
      double sum = 0, size = 1;
      for (int k = 0; k < t.k; k++) {
        const double term = (double)a[t.transposed_a ? k * t.m + i : i * t.k + k] * b[k * b_row + j * b_column];
        sum += term;
        size += fabs(term);
      }
      if (t.bias) sum += bias[j];
      if (t.row_bias) sum += row_bias[i];
      if (t.residual) sum += residual[i * residual_row + j];
      if (t.activation == OM_ACT_RELU) sum = sum > 0 ? sum : 0;
      if (t.activation == OM_ACT_CLIP) sum = sum < -0.25 ? -0.25 : sum > 0.5 ? 0.5 : sum;
      if (t.activation == OM_ACT_TANH) sum = tanh(sum);
      good = close_to(c[i * c_row + j], sum, 1e-6 * size);
      if (!good) fail("%s: c[%d, %d] = %g, want %g", name, i, j, (double)c[i * c_row + j], sum);
    }
  for (int i = 0; i + 1 < t.m && c_length > 0 && !t.in_place && good; i++)
    for (int j = t.n; j < c_row && good; j++) {
      good = isnan(c[i * c_row + j]);
      if (!good) fail("%s: wrote between rows", name);
    }
  free(a), free(b), free(bias), free(row_bias), free(residual), free(packed), free(scratch);
  release_output(c, c_length, name);
}

/* What is read in place comes to the same bits as what is packed before, by the same kernels: a rest behind the panels may be
 * another's, whose products and sums the compiler may join otherwise. */
static void run_same_bits(void) {
  for (int i = 0; i < 100; i++) {
    const ptrdiff_t m = pick(1, OM_FEW_ROWS), n = pick(1, 3) * OM_PANEL, k = pick(1, 3 * OM_K_BLOCK);
    float *a = floats(m * k), *b = floats(k * n), *c = output(m * n), *want = floats(m * n);
    float *packed = (float *)check_alloc(OM_GEMM_PACKED(k, n) * sizeof(float));
    void *scratch = check_scratch(OM_MATMUL_SCRATCH(k, n));
    const om_gemm_shape s = {.m = m, .n = n, .k = k};
    check_cases++;
    om_gemm_pack_f32(b, n, 1, k, n, packed);
    om_gemm_f32(a, packed, want, s, (om_epilogue){0}, scratch);
    om_matmul_f32(a, b, n, 1, c, s, (om_epilogue){0}, scratch);
    if (memcmp(c, want, (size_t)(m * n) * sizeof(float)) != 0)
      fail("%d x %d x %d in place: other bits than packed", (int)m, (int)n, (int)k);
    free(a), free(b), free(want), free(packed), free(scratch);
    release_output(c, m * n, "in place");
  }
}

int main(void) {
  const int columns[] = {
      1, OM_LANES - 1, OM_LANES, OM_LANES + 1, OM_PANEL - 1, OM_PANEL, OM_PANEL + 1, 2 * OM_PANEL + OM_LANES + 3};
  for (int m = 1; m <= 2 * OM_TILE_ROWS + 1; m++)
    for (unsigned j = 0; j < sizeof columns / sizeof *columns; j++)
      if (columns[j] > 0) run_case((gemm_case){.m = m, .n = columns[j], .k = pick(1, 20), .bias = true});
  const int depths[] = {1, 2, 3, OM_K_BLOCK - 1, OM_K_BLOCK, OM_K_BLOCK + 1, 2 * OM_K_BLOCK + 5};
  const om_activation activations[] = {OM_ACT_NONE, OM_ACT_RELU, OM_ACT_CLIP, OM_ACT_TANH};
  for (unsigned i = 0; i < sizeof depths / sizeof *depths; i++)
    for (int a = 0; a < 4; a++)
      for (int residual = 0; residual < 3; residual++)
        run_case((gemm_case){.m = OM_ROW_TILES * OM_TILE_ROWS + a,
                             .n = OM_PANEL + 3 * residual,
                             .k = depths[i],
                             .bias = a & 1,
                             .row_bias = i & 1,
                             .residual = residual > 0,
                             .in_place = residual > 1,
                             .activation = activations[a]});
  /* B as it comes: few rows, for which it is not packed, and more; sums shorter than a vector, and with a rest behind vectors. */
  const int lengths[] = {0, 1, 7, 8, 16, 31, 32, 64, 67, 2 * OM_K_BLOCK + 5};
  for (int m = 0; m <= 2 * OM_TILE_ROWS + 1; m++)
    for (unsigned i = 0; i < sizeof lengths / sizeof *lengths; i++)
      for (int n = 0; n <= 2 * OM_PANEL + 1; n += pick(1, 7))
        run_case((gemm_case){.m = m,
                             .n = n,
                             .k = lengths[i],
                             .transposed_b = pick(0, 1),
                             .unpacked = true,
                             .bias = pick(0, 1),
                             .row_bias = pick(0, 1),
                             .residual = pick(0, 1),
                             .c_gap = pick(0, 1) * 3,
                             .activation = activations[pick(0, 3)]});
  for (int i = 0; i < 300; i++) {
    gemm_case t = {.m = pick(1, 3 * OM_ROW_TILES * OM_TILE_ROWS), .n = pick(1, 3 * OM_PANEL), .k = pick(0, 40)};
    if (i % 10 == 0) t.k = pick(1, 3 * OM_K_BLOCK);
    t.transposed_a = pick(0, 1), t.transposed_b = pick(0, 1), t.unpacked = pick(0, 1);
    t.bias = pick(0, 1), t.row_bias = pick(0, 1), t.residual = pick(0, 1), t.in_place = t.residual && pick(0, 1);
    t.c_gap = pick(0, 1) * pick(1, 9), t.residual_gap = pick(0, 1) * pick(1, 9), t.activation = activations[pick(0, 3)];
    run_case(t);
  }
  /* B so large that more rows pass over it together, and one row behind them; its columns in groups of OM_PASS_COLUMNS. */
  _Static_assert(OM_LARGE_B / 512 + 1 > 4 * OM_PASS_COLUMNS, "columns go in groups");
  run_case((gemm_case){.m = OM_MOST_ROW_TILES * OM_TILE_ROWS + 1, .n = OM_LARGE_B / 512 + 1, .k = 512, .bias = true});
  run_same_bits();
  return check_done("gemm");
}
