/* Activation functions that kernels apply to their results, chosen by a constant. */
#ifndef OM_ACTIVATION_H
#define OM_ACTIVATION_H

#include "elementary.h"

typedef enum om_activation {
  OM_ACT_NONE,
  OM_ACT_RELU,
  OM_ACT_CLIP,             /* min(max(x, alpha), beta); alpha <= beta, either may be infinite */
  OM_ACT_LEAKY_RELU,       /* alpha x where x < 0 */
  OM_ACT_THRESHOLDED_RELU, /* x where x > alpha, else 0 */
  OM_ACT_ELU,              /* alpha (e^x - 1) where x < 0 */
  OM_ACT_SELU,             /* alpha = alpha, beta = gamma of ONNX Selu */
  OM_ACT_SIGMOID,
  OM_ACT_HARD_SIGMOID, /* max(0, min(1, alpha x + beta)) */
  OM_ACT_HARD_SWISH,   /* x max(0, min(1, x / 6 + 1 / 2)) */
  OM_ACT_SWISH,        /* x sigmoid(alpha x) */
  OM_ACT_TANH,
  OM_ACT_SCALED_TANH, /* alpha tanh(beta x) */
  OM_ACT_AFFINE,      /* alpha x + beta */
  OM_ACT_SOFTPLUS,
  OM_ACT_SOFTSIGN,
  OM_ACT_GELU,      /* x / 2 (1 + erf(x / sqrt 2)) */
  OM_ACT_GELU_TANH, /* its tanh approximation */
  OM_ACT_MISH       /* x tanh(softplus(x)) */
} om_activation;

/* One value; `activation` is a constant at every call. Formulas: ONNX operators of the same names. */
OM_INLINE float om_activate_f32(float x, const om_activation activation, float alpha, float beta) {
  switch (activation) {
  case OM_ACT_NONE: return x;
  case OM_ACT_RELU: return 0.0f > x ? 0.0f : x;
  case OM_ACT_CLIP: x = alpha > x ? alpha : x; return beta < x ? beta : x;
  case OM_ACT_LEAKY_RELU: return x < 0.0f ? alpha * x : x;
  case OM_ACT_THRESHOLDED_RELU: return x > alpha ? x : 0.0f;
  case OM_ACT_ELU: return x < 0.0f ? alpha * om_expm1_f32(x) : x;
  case OM_ACT_SELU: return beta * (x > 0.0f ? x : alpha * om_expm1_f32(x));
  case OM_ACT_SIGMOID: return om_sigmoid_f32(x);
  case OM_ACT_HARD_SIGMOID:
    x = alpha * x + beta;
    x = 0.0f > x ? 0.0f : x;
    return 1.0f < x ? 1.0f : x;
  case OM_ACT_HARD_SWISH: {
    float gate = x * (1.0f / 6.0f) + 0.5f;
    gate = 0.0f > gate ? 0.0f : gate;
    return x * (1.0f < gate ? 1.0f : gate);
  }
  case OM_ACT_SWISH: return x * om_sigmoid_f32(alpha * x);
  case OM_ACT_TANH: return om_tanh_f32(x);
  case OM_ACT_SCALED_TANH: return alpha * om_tanh_f32(beta * x);
  case OM_ACT_AFFINE: return alpha * x + beta;
  case OM_ACT_SOFTPLUS: return om_softplus_f32(x);
  case OM_ACT_SOFTSIGN: return x / (1.0f + (x < 0.0f ? -x : x));
  case OM_ACT_GELU: return 0.5f * x * (1.0f + om_erf_f32(x * 0.70710678118654752f));
  case OM_ACT_GELU_TANH: return 0.5f * x * (1.0f + om_tanh_f32(0.79788456080286536f * (x + 0.044715f * x * x * x)));
  case OM_ACT_MISH: return om_mish_f32(x);
  }
  return x;
}

/* A row of values in place. */
OM_INLINE void om_activate_row_f32(float *x, ptrdiff_t n, const om_activation activation, float alpha, float beta) {
  for (ptrdiff_t i = 0; i < n; i++) x[i] = om_activate_f32(x[i], activation, alpha, beta);
}

#endif
