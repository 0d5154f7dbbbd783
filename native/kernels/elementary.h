/* Elementary functions of one float, branch-free so that loops over them vectorise. */
#ifndef OM_ELEMENTARY_H
#define OM_ELEMENTARY_H

#include <math.h>

#include "vector.h"

OM_INLINE float om_exp_f32(float x) { return expf(x); }
OM_INLINE float om_log_f32(float x) { return logf(x); }
OM_INLINE float om_log1p_f32(float x) { return log1pf(x); }
OM_INLINE float om_tanh_f32(float x) { return tanhf(x); }
OM_INLINE float om_sigmoid_f32(float x) { return 1.0f / (1.0f + expf(-x)); }
OM_INLINE float om_erf_f32(float x) { return erff(x); }
OM_INLINE float om_softplus_f32(float x) { return fmaxf(x, 0.0f) + log1pf(expf(-fabsf(x))); }
OM_INLINE float om_sin_f32(float x) { return sinf(x); }
OM_INLINE float om_cos_f32(float x) { return cosf(x); }

#endif
