/* Softmax, reductions and normalisations against sums in double. */
#include "normalize.h"
#include "reduce.h"
#include "softmax.h"

#include "check.h"

/* Element a of column (o, i) of [outer, axis, inner]. */
#define AT(x, o, a, i) ((double)(x)[((o) * axis + (a)) * inner + (i)])

static void run_softmax(bool logarithm) {
  const ptrdiff_t outer = pick(1, 4), axis = pick(1, 200), inner = pick(0, 1) ? 1 : pick(2, 150),
                  n = outer * axis * inner;
  check_cases++;
  float *x = floats(n), *y = output(n);
  for (ptrdiff_t i = 0; i < n; i++) x[i] *= 30;
  const bool in_place = pick(0, 1);
  if (in_place) memcpy(y, x, (size_t)n * sizeof(float));
  if (logarithm) om_logsoftmax_f32(in_place ? y : x, y, outer, axis, inner);
  else om_softmax_f32(in_place ? y : x, y, outer, axis, inner);
  bool good = true;
  for (ptrdiff_t o = 0; o < outer && good; o++)
    for (ptrdiff_t i = 0; i < inner && good; i++) {
      double top = -INFINITY, sum = 0;
      for (ptrdiff_t a = 0; a < axis; a++) top = AT(x, o, a, i) > top ? AT(x, o, a, i) : top;
      for (ptrdiff_t a = 0; a < axis; a++) sum += exp(AT(x, o, a, i) - top);
      for (ptrdiff_t a = 0; a < axis && good; a++) {
        const double shifted = AT(x, o, a, i) - top, want = logarithm ? shifted - log(sum) : exp(shifted) / sum;
        good =
            close_to(y[(o * axis + a) * inner + i], want, 1e-6 * (1 + fabs(shifted)) * (logarithm ? 1 : want) + 1e-37);
        if (!good)
          fail("softmax %d: [%d, %d, %d] = %g, want %g", logarithm, (int)outer, (int)axis, (int)inner,
               (double)y[(o * axis + a) * inner + i], want);
      }
    }
  free(x);
  release_output(y, n, "softmax");
}

static double reduce(om_reduction kind, const double *v, ptrdiff_t n) {
  double sum = 0, product = 1, top = -INFINITY, low = INFINITY, square = 0, size = 0, power = 0;
  for (ptrdiff_t i = 0; i < n; i++) {
    sum += v[i], product *= v[i], square += v[i] * v[i], size += fabs(v[i]);
    top = v[i] > top ? v[i] : top, low = v[i] < low ? v[i] : low;
  }
  for (ptrdiff_t i = 0; i < n; i++) power += exp(v[i] - top);
  switch (kind) {
  case OM_REDUCE_SUM: return sum;
  case OM_REDUCE_MEAN: return sum / (double)n;
  case OM_REDUCE_PRODUCT: return product;
  case OM_REDUCE_MAX: return top;
  case OM_REDUCE_MIN: return low;
  case OM_REDUCE_SUM_SQUARE: return square;
  case OM_REDUCE_L1: return size;
  case OM_REDUCE_L2: return sqrt(square);
  case OM_REDUCE_LOG_SUM: return log(sum);
  case OM_REDUCE_LOG_SUM_EXP: return top + log(power);
  }
  abort();
}

static void run_reduce(om_reduction kind) {
  const ptrdiff_t outer = pick(1, 4), axis = pick(0, 3) ? pick(1, 150) : pick(200, 700), inner = pick(0, 1) ? 1 : pick(2, 90),
                  n = outer * axis * inner;
  check_cases++;
  float *x = floats(n), *y = output(outer * inner);
  for (ptrdiff_t i = 0; i < n; i++) {
    if (kind == OM_REDUCE_LOG_SUM) x[i] = x[i] < 0 ? -x[i] : x[i];
    if (kind == OM_REDUCE_LOG_SUM_EXP) x[i] *= 100;
  }
  om_reduce_f32(x, y, outer, axis, inner, kind);
  for (ptrdiff_t at = 0; at < outer * inner; at++) {
    double v[700];
    for (ptrdiff_t a = 0; a < axis; a++) v[a] = AT(x, at / inner, a, at % inner);
    const double want = reduce(kind, v, axis),
                 tolerance = kind == OM_REDUCE_PRODUCT ? 1e-5 * fabs(want) + 1e-44 * (double)axis : 1e-6 * (double)axis;
    if (!close_to(y[at], want, tolerance)) {
      fail("reduce %d [%d, %d, %d]: %g, want %g", kind, (int)outer, (int)axis, (int)inner, (double)y[at], want);
      break;
    }
  }
  free(x);
  release_output(y, outer * inner, "reduce");
}

/* layernorm and rmsnorm are groupnorm's arithmetic over other axes, so one reference serves: normalised over n
 * elements, with a shift, or without for rmsnorm. */
static void statistics(const float *x, ptrdiff_t n, bool shift, double epsilon, double *middle, double *inverse) {
  double sum = 0, square = 0;
  for (ptrdiff_t i = 0; i < n; i++) sum += (double)x[i];
  *middle = shift ? sum / (double)n : 0;
  for (ptrdiff_t i = 0; i < n; i++) square += ((double)x[i] - *middle) * ((double)x[i] - *middle);
  *inverse = 1 / sqrt(square / (double)n + epsilon);
}

static void run_norms(void) {
  const ptrdiff_t rows = pick(1, 5), columns = pick(1, 300);
  const float epsilon = 1e-3f;
  check_cases++;
  float *x = floats(rows * columns), *scale = floats(columns), *bias = floats(columns), *y = output(rows * columns);
  float *mean = output(rows), *inverse = output(rows), *rms = output(rows * columns);
  for (ptrdiff_t i = 0; i < rows * columns; i++) x[i] += 3;
  const bool biased = pick(0, 1);
  om_layernorm_f32(x, scale, biased ? bias : NULL, y, mean, inverse, rows, columns, epsilon);
  om_rmsnorm_f32(x, scale, rms, rows, columns, epsilon);
  for (ptrdiff_t i = 0; i < rows * columns; i++) {
    const ptrdiff_t r = i / columns, c = i % columns;
    double middle, by, none, by_rms;
    statistics(x + r * columns, columns, true, (double)epsilon, &middle, &by);
    statistics(x + r * columns, columns, false, (double)epsilon, &none, &by_rms);
    const double want = ((double)x[i] - middle) * by * scale[c] + (biased ? (double)bias[c] : 0);
    if (!close_to(y[i], want, 3e-5) || !close_to(mean[r], middle, 1e-5) || !close_to(inverse[r], by, 1e-4 * by))
      fail("layernorm %d x %d: y[%d] = %g, want %g", (int)rows, (int)columns, (int)i, (double)y[i], want);
    if (!close_to(rms[i], (double)x[i] * by_rms * scale[c], 1e-5)) fail("rmsnorm %d x %d", (int)rows, (int)columns);
  }
  free(x), free(scale), free(bias);
  release_output(y, rows * columns, "layernorm"), release_output(rms, rows * columns, "rmsnorm");
  release_output(mean, rows, "layernorm mean"), release_output(inverse, rows, "layernorm inverse");
}

static void run_channels(void) {
  const ptrdiff_t batch = pick(1, 2), groups = pick(1, 3), each = pick(1, 4), pixels = pick(1, 40),
                  channels = groups * each;
  const ptrdiff_t n = batch * channels * pixels, size = pick(1, 5);
  const float epsilon = 1e-3f, alpha = 0.5f, beta = 0.75f, offset = 1.5f;
  check_cases++;
  float *x = floats(n), *scale = floats(channels), *bias = floats(channels), *y = output(n), *lrn = output(n);
  om_groupnorm_f32(x, scale, bias, y, batch, groups, each, pixels, epsilon);
  om_lrn_f32(x, lrn, batch, channels, pixels, size, alpha, beta, offset);
  for (ptrdiff_t i = 0; i < n; i++) {
    const ptrdiff_t c = i / pixels % channels;
    double middle, by, square = 0;
    statistics(x + i / (each * pixels) * each * pixels, each * pixels, true, (double)epsilon, &middle, &by);
    if (!close_to(y[i], ((double)x[i] - middle) * by * scale[c] + bias[c], 2e-5)) fail("groupnorm: y[%d]", (int)i);
    for (ptrdiff_t k = 0; k < channels; k++)
      if (k >= c - (size - 1) / 2 && k <= c + size / 2) square += pow((double)x[i + (k - c) * pixels], 2);
    if (!close_to(lrn[i], (double)x[i] / pow((double)offset + (double)alpha / (double)size * square, (double)beta),
                  1e-6))
      fail("lrn: y[%d]", (int)i);
  }
  free(x), free(scale), free(bias);
  release_output(y, n, "groupnorm"), release_output(lrn, n, "lrn");
}

/* Short rows of literal length take a way of their own; and what must come of infinities, NaN and empty axes. */
static void run_special(void) {
  check_cases++;
  float x[] = {1, 3, INFINITY, 0, NAN, 0, -INFINITY, 2, -INFINITY, -INFINITY}, y[10], one;
  om_softmax_f32(x, y, 5, 2, 1);
  const double want[] = {1 / (1 + exp(2)), 1 / (1 + exp(-2)), NAN, NAN, NAN, NAN, 0, 1, NAN, NAN};
  for (int i = 0; i < 10; i++)
    if (i != 3 && !close_to(y[i], want[i], 1e-7))
      fail("softmax of pairs: y[%d] = %g, want %g", i, (double)y[i], want[i]);
  om_logsoftmax_f32(x, y, 1, 2, 1);
  if (!close_to(y[0], -2 - log1p(exp(-2)), 1e-6)) fail("logsoftmax of a pair: %g", (double)y[0]);
  om_reduce_f32(x, &one, 1, 6, 1, OM_REDUCE_MAX);
  if (!isnan(one)) fail("largest of a row with NaN: %g", (double)one);
  om_reduce_f32(x, &one, 1, 0, 1, OM_REDUCE_MAX);
  if (one != -INFINITY) fail("largest of nothing: %g", (double)one);
  om_reduce_f32(x, &one, 1, 0, 1, OM_REDUCE_PRODUCT);
  if (one != 1) fail("product of nothing: %g", (double)one);
  om_reduce_f32(x + 8, &one, 1, 2, 1, OM_REDUCE_LOG_SUM_EXP);
  if (one != -INFINITY) fail("log of the sum of e^-inf: %g", (double)one);
}

/* One after the other, as many tenths make 9998.6. */
static void run_long_columns(void) {
  enum { ROWS = 100000, COLUMNS = 3 };
  check_cases++;
  float *x = malloc(sizeof(float) * ROWS * COLUMNS), sums[COLUMNS];
  for (ptrdiff_t i = 0; i < ROWS * COLUMNS; i++) x[i] = 0.1f;
  om_reduce_f32(x, sums, 1, ROWS, COLUMNS, OM_REDUCE_SUM);
  for (int i = 0; i < COLUMNS; i++)
    if (!close_to(sums[i], 10000, 0.02)) fail("sum of a long column: %g", (double)sums[i]);
  free(x);
}

int main(void) {
  for (int i = 0; i < 100; i++) run_softmax(false), run_softmax(true), run_norms(), run_channels();
  for (int i = 0; i < 20; i++)
    for (int kind = OM_REDUCE_SUM; kind <= OM_REDUCE_LOG_SUM_EXP; kind++) run_reduce((om_reduction)kind);
  run_special();
  run_long_columns();
  return check_done("rows");
}
