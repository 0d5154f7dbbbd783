/* Activation functions of doubles, by the C library; what activation.h has for floats. */
#ifndef OM_ACTIVATION_F64_H
#define OM_ACTIVATION_F64_H

#include "activation.h"

static inline double om_sigmoid_f64(double x) {
  const double power = exp(-fabs(x));
  return (x < 0.0 ? power : 1.0) / (1.0 + power);
}
static inline double om_softplus_f64(double x) { return (x < 0.0 ? 0.0 : x) + log1p(exp(-fabs(x))); }
static inline double om_clamp_f64(double x, double low, double high) {
  x = low > x ? low : x;
  return high < x ? high : x;
}

/* One value; `activation` is a constant at every call. Formulas and parameters: as om_activate_f32. */
static inline double om_activate_f64(double x, const om_activation activation, double alpha, double beta) {
  switch (activation) {
  case OM_ACT_NONE: return x;
  case OM_ACT_RELU: return 0.0 > x ? 0.0 : x;
  case OM_ACT_CLIP: return om_clamp_f64(x, alpha, beta);
  case OM_ACT_LEAKY_RELU: return x < 0.0 ? alpha * x : x;
  case OM_ACT_THRESHOLDED_RELU: return x > alpha ? x : 0.0;
  case OM_ACT_ELU: return x < 0.0 ? alpha * expm1(x) : x;
  case OM_ACT_SELU: return beta * (x > 0.0 ? x : alpha * expm1(x));
  case OM_ACT_SIGMOID: return om_sigmoid_f64(x);
  case OM_ACT_HARD_SIGMOID: return om_clamp_f64(alpha * x + beta, 0.0, 1.0);
  case OM_ACT_HARD_SWISH: return x * om_clamp_f64(x / 6.0 + 0.5, 0.0, 1.0);
  case OM_ACT_SWISH: return x * om_sigmoid_f64(alpha * x);
  case OM_ACT_TANH: return tanh(x);
  case OM_ACT_SCALED_TANH: return alpha * tanh(beta * x);
  case OM_ACT_AFFINE: return alpha * x + beta;
  case OM_ACT_SOFTPLUS: return om_softplus_f64(x);
  case OM_ACT_SOFTSIGN: return x / (1.0 + fabs(x));
  case OM_ACT_GELU: return 0.5 * x * (1.0 + erf(x * 0.70710678118654752));
  case OM_ACT_GELU_TANH: return 0.5 * x * (1.0 + tanh(0.79788456080286536 * (x + 0.044715 * x * x * x)));
  case OM_ACT_MISH: return x * tanh(om_softplus_f64(x));
  }
  return x;
}

#endif
