/* Probabilities of classes from those of pairs of classes: the second method of Wu, Lin and Weng, "Probability Estimates
 * for Multi-class Classification by Pairwise Coupling" (2004), as LIBSVM and onnxruntime iterate it. */
#ifndef OM_COUPLING_H
#define OM_COUPLING_H

#include <math.h>

#include "vector.h"

/* pairs[classes * (classes - 1) / 2]: how probable class i is where it is i or j, for i < j in order; p[classes].
 * `work` has room for classes * (classes + 1) floats. It stops where p changes little, so that its last digits say
 * nothing. */
OM_SHARED void om_couple_pairs(const float *pairs, float *p, ptrdiff_t classes, float *work) {
  float *q = work, *qp = work + classes * classes;
  const float enough = 0.005f / (float)classes;
  for (ptrdiff_t i = 0; i < classes * classes; i++) q[i] = 0;
  for (ptrdiff_t i = 0; i < classes; i++)
    for (ptrdiff_t j = i + 1; j < classes; j++) {
      const float first = *pairs++, second = 1 - first;
      q[i * classes + i] += second * second;
      q[j * classes + j] += first * first;
      q[i * classes + j] = q[j * classes + i] = -first * second;
    }
  for (ptrdiff_t i = 0; i < classes; i++) p[i] = 1 / (float)classes;
  for (int round = 0; round < 100; round++) {
    float all = 0, most = 0;
    for (ptrdiff_t i = 0; i < classes; i++) {
      qp[i] = 0;
      for (ptrdiff_t j = 0; j < classes; j++) qp[i] += q[i * classes + j] * p[j];
      all += p[i] * qp[i];
    }
    for (ptrdiff_t i = 0; i < classes; i++)
      if (fabsf(qp[i] - all) > most) most = fabsf(qp[i] - all);
    if (most < enough) return;
    for (ptrdiff_t i = 0; i < classes; i++) {
      const float own = q[i * classes + i], step = (all - qp[i]) / own;
      p[i] += step;
      all = (all + step * (step * own + 2 * qp[i])) / (1 + step) / (1 + step);
      for (ptrdiff_t j = 0; j < classes; j++) {
        qp[j] = (qp[j] + step * q[i * classes + j]) / (1 + step);
        p[j] /= 1 + step;
      }
    }
  }
}

#endif
