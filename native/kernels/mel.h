/* The mel filter bank of ONNX MelWeightMatrix-17; formulas as in its reference implementation. */
#ifndef OM_MEL_H
#define OM_MEL_H

#include <math.h>
#include <stdint.h>

typedef struct om_mel_scale {
  int64_t bins, dft_length, sample_rate;
  double lower_hertz, upper_hertz;
} om_mel_scale;

static inline double om_hertz_to_mel(double hertz) { return 2595.0 * log10(1.0 + hertz / 700.0); }

/* Bin of the spectrum in which edge `i` of the filters lies; filter f has the edges f, f + 1 and f + 2. */
static inline int64_t om_mel_edge(const om_mel_scale *s, int64_t i) {
  const double low = om_hertz_to_mel(s->lower_hertz), high = om_hertz_to_mel(s->upper_hertz);
  const double mel = (double)i * ((high - low) / (double)(s->bins + 2)) + low;
  const double bin = floor((double)(s->dft_length + 1) * (700.0 * (pow(10.0, mel / 2595.0) - 1.0)) / (double)s->sample_rate);
  return bin > -0x1p62 && bin < 0x1p62 ? (int64_t)bin : -1;
}

/* Weight of spectrum bin j in the triangle (lower, center, upper); a triangle without width is its center. */
static inline double om_mel_weight(int64_t lower, int64_t center, int64_t upper, int64_t j) {
  if (j >= center && j < upper) return (double)(upper - j) / (double)(upper - center);
  if (center == lower) return j == center ? 1.0 : 0.0;
  return j >= lower && j <= center ? (double)(j - lower) / (double)(center - lower) : 0.0;
}

#endif
