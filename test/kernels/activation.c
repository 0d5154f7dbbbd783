/* Every activation against its formula in double. */
#include "activation.h"

#include "check.h"

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }

static double reference(om_activation kind, double x, double alpha, double beta) {
  switch (kind) {
  case OM_ACT_NONE: return x;
  case OM_ACT_RELU: return x > 0 ? x : 0;
  case OM_ACT_CLIP: return fmin(fmax(x, alpha), beta);
  case OM_ACT_LEAKY_RELU: return x < 0 ? alpha * x : x;
  case OM_ACT_THRESHOLDED_RELU: return x > alpha ? x : 0;
  case OM_ACT_ELU: return x < 0 ? alpha * expm1(x) : x;
  case OM_ACT_SELU: return beta * (x > 0 ? x : alpha * expm1(x));
  case OM_ACT_SIGMOID: return sigmoid(x);
  case OM_ACT_HARD_SIGMOID: return fmax(0, fmin(1, alpha * x + beta));
  case OM_ACT_HARD_SWISH: return x * fmax(0, fmin(1, x / 6 + 0.5));
  case OM_ACT_SWISH: return x * sigmoid(alpha * x);
  case OM_ACT_TANH: return tanh(x);
  case OM_ACT_SCALED_TANH: return alpha * tanh(beta * x);
  case OM_ACT_AFFINE: return alpha * x + beta;
  case OM_ACT_SOFTPLUS: return x > 40 ? x : log1p(exp(x));
  case OM_ACT_SOFTSIGN: return x / (1 + fabs(x));
  case OM_ACT_GELU: return 0.5 * x * (1 + erf(x * 0.7071067811865476));
  case OM_ACT_GELU_TANH: return 0.5 * x * (1 + tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
  case OM_ACT_MISH: return x * tanh(log1p(exp(x)));
  }
  abort();
}

#define ACTIVATION(kind)                                                                                               \
  do {                                                                                                                 \
    enum { N = 1003 };                                                                                                 \
    float *x = floats(N), *y = output(N);                                                                              \
    const float alpha = 0.375f, beta = 1.25f;                                                                          \
    for (int i = 0; i < N; i++) y[i] = x[i] = x[i] * (i % 2 ? 20 : 2);                                                 \
    y[N - 1] = x[N - 1] = NAN;                                                                                         \
    om_activate_row_f32(y, N, kind, alpha, beta);                                                                      \
    for (int i = 0; i < N - 1; i++) {                                                                                  \
      const double want = reference(kind, (double)x[i], (double)alpha, (double)beta);                                  \
      if (!close_to(y[i], want, 5e-7 * fmax(1, fabs((double)x[i]))))                                                   \
        fail(#kind "(%g) = %g, want %g", (double)x[i], (double)y[i], want);                                            \
    }                                                                                                                  \
    if (kind != OM_ACT_THRESHOLDED_RELU && !isnan(y[N - 1])) fail(#kind "(NaN) = %g", (double)y[N - 1]);               \
    free(x);                                                                                                           \
    release_output(y, N, #kind);                                                                                       \
    check_cases++;                                                                                                     \
  } while (0)

int main(void) {
  ACTIVATION(OM_ACT_NONE);
  ACTIVATION(OM_ACT_RELU);
  ACTIVATION(OM_ACT_CLIP);
  ACTIVATION(OM_ACT_LEAKY_RELU);
  ACTIVATION(OM_ACT_THRESHOLDED_RELU);
  ACTIVATION(OM_ACT_ELU);
  ACTIVATION(OM_ACT_SELU);
  ACTIVATION(OM_ACT_SIGMOID);
  ACTIVATION(OM_ACT_HARD_SIGMOID);
  ACTIVATION(OM_ACT_HARD_SWISH);
  ACTIVATION(OM_ACT_SWISH);
  ACTIVATION(OM_ACT_TANH);
  ACTIVATION(OM_ACT_SCALED_TANH);
  ACTIVATION(OM_ACT_AFFINE);
  ACTIVATION(OM_ACT_SOFTPLUS);
  ACTIVATION(OM_ACT_SOFTSIGN);
  ACTIVATION(OM_ACT_GELU);
  ACTIVATION(OM_ACT_GELU_TANH);
  ACTIVATION(OM_ACT_MISH);
  return check_done("activation");
}
