/* C = A B as the DSP likes it: four multiplications and additions an instruction, along k. */
#include "om_operator.h"

/* What the DSP's compiler would have as an intrinsic. */
typedef struct dsp_quad {
  float of[4];
} dsp_quad;

static inline dsp_quad dsp_mac4(dsp_quad sum, const float *a, const float *b, int64_t stride) {
  for (int i = 0; i < 4; i++) sum.of[i] += a[i] * b[i * stride];
  return sum;
}

int dsp_matmul(const om_input *inputs, const om_output *outputs, const om_attribute *attributes) {
  const float *a = inputs[0].data, *b = inputs[1].data;
  float *c = outputs[0].data;
  const int64_t m = inputs[0].dims[0], k = inputs[0].dims[1], n = inputs[1].dims[1];
  (void)attributes;
  for (int64_t row = 0; row < m; row++) {
    for (int64_t column = 0; column < n; column++) {
      const float *from = a + row * k, *with = b + column;
      dsp_quad sum = {{0}};
      int64_t i = 0;
      for (; i + 4 <= k; i += 4) sum = dsp_mac4(sum, from + i, with + i * n, n);
      float total = (sum.of[0] + sum.of[1]) + (sum.of[2] + sum.of[3]);
      for (; i < k; i++) total += from[i] * with[i * n];
      c[row * n + column] = total;
    }
  }
  return 0;
}
