/* Weights that are stored in fewer bytes, as float32: what src/ops/nn/weights.ts makes when a model is loaded. */
#ifndef OM_WIDEN_H
#define OM_WIDEN_H

#include "types.h"
#include "vector.h"

/* y = x, of n elements. */
OM_SHARED void om_widen_float16(const om_f16 *x, float *y, ptrdiff_t n) {
  for (ptrdiff_t i = 0; i < n; i++) y[i] = om_load_float16(x[i]);
}

/* y[i][j][k][l] = codes[i][j][k][l] * scales[i][k], of sizes a, b, c and d. */
OM_SHARED void om_widen_int8(const int8_t *codes, const float *scales, float *y, ptrdiff_t a, ptrdiff_t b, ptrdiff_t c,
                             ptrdiff_t d) {
  for (ptrdiff_t i = 0; i < a; i++, scales += c)
    for (ptrdiff_t j = 0; j < b; j++, codes += c * d, y += c * d) {
      if (d == 1)
        for (ptrdiff_t k = 0; k < c; k++) y[k] = (float)codes[k] * scales[k];
      else
        for (ptrdiff_t k = 0; k < c; k++)
          for (ptrdiff_t l = 0; l < d; l++) y[k * d + l] = (float)codes[k * d + l] * scales[k];
    }
}

#endif
