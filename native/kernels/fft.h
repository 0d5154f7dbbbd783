/* Fast Fourier transform in one precision: included by fourier.h once per precision, with OM_REAL (the C type) and
 * OM_FFT(name), which makes names of their own. C. Temperton, "Self-sorting mixed-radix fast Fourier transforms" (1983),
 * with the passes in the order and the arithmetic of pocketfft, so that NumPy's results come out. */

typedef struct OM_FFT(om_complex) {
  OM_REAL r, i;
} OM_FFT(om_complex);

static inline OM_FFT(om_complex) OM_FFT(om_plus)(OM_FFT(om_complex) a, OM_FFT(om_complex) b) {
  return (OM_FFT(om_complex)){a.r + b.r, a.i + b.i};
}
static inline OM_FFT(om_complex) OM_FFT(om_minus)(OM_FFT(om_complex) a, OM_FFT(om_complex) b) {
  return (OM_FFT(om_complex)){a.r - b.r, a.i - b.i};
}
static inline OM_FFT(om_complex) OM_FFT(om_times)(OM_FFT(om_complex) a, OM_FFT(om_complex) b) {
  return (OM_FFT(om_complex)){a.r * b.r - a.i * b.i, a.r * b.i + a.i * b.r};
}

/* e^(-2 pi i k / n) for k < n; + for the inverse. */
static inline void OM_FFT(om_roots)(OM_FFT(om_complex) *roots, int64_t n, bool inverse) {
  for (int64_t k = 0; k < n; k++) {
    const double angle = 6.283185307179586477 * (double)k / (double)n;
    roots[k].r = (OM_REAL)cos(angle);
    roots[k].i = (OM_REAL)(inverse ? sin(angle) : -sin(angle));
  }
}

/* Transform of 2 to 5 numbers in place; u and w are the first and second root of unity of that order. */
static inline __attribute__((always_inline)) void OM_FFT(om_butterfly)(OM_FFT(om_complex) *v, int64_t radix, OM_FFT(om_complex) u,
                                        OM_FFT(om_complex) w) {
  typedef OM_FFT(om_complex) complex_number;
  const complex_number a = OM_FFT(om_plus)(v[1], v[radix - 1]), d = OM_FFT(om_minus)(v[1], v[radix - 1]);
  const complex_number zero = v[0];
  if (radix == 2) {
    const complex_number one = v[1];
    v[0] = OM_FFT(om_plus)(zero, one);
    v[1] = OM_FFT(om_minus)(zero, one);
  } else if (radix == 3) {
    const complex_number c = {zero.r + u.r * a.r, zero.i + u.r * a.i}, e = {-(u.i * d.i), u.i * d.r};
    v[0] = OM_FFT(om_plus)(zero, a);
    v[1] = OM_FFT(om_plus)(c, e);
    v[2] = OM_FFT(om_minus)(c, e);
  } else if (radix == 4) {
    const complex_number even = OM_FFT(om_plus)(zero, v[2]), odd = OM_FFT(om_minus)(zero, v[2]);
    const complex_number turned = {-(u.i * d.i), u.i * d.r};
    v[0] = OM_FFT(om_plus)(even, a);
    v[2] = OM_FFT(om_minus)(even, a);
    v[1] = OM_FFT(om_plus)(odd, turned);
    v[3] = OM_FFT(om_minus)(odd, turned);
  } else {
    const complex_number b = OM_FFT(om_plus)(v[2], v[3]), e = OM_FFT(om_minus)(v[2], v[3]);
    const complex_number near = {zero.r + u.r * a.r + w.r * b.r, zero.i + u.r * a.i + w.r * b.i};
    const complex_number far = {zero.r + w.r * a.r + u.r * b.r, zero.i + w.r * a.i + u.r * b.i};
    const complex_number across = {-(u.i * d.i + w.i * e.i), u.i * d.r + w.i * e.r};
    const complex_number along = {-(w.i * d.i - u.i * e.i), w.i * d.r - u.i * e.r};
    v[0] = (complex_number){zero.r + a.r + b.r, zero.i + a.i + b.i};
    v[1] = OM_FFT(om_plus)(near, across);
    v[4] = OM_FFT(om_minus)(near, across);
    v[2] = OM_FFT(om_plus)(far, along);
    v[3] = OM_FFT(om_minus)(far, along);
  }
}

/* One pass: l1 transforms of `radix` numbers that lie ido apart, from x to y, which gets them sorted. */
static inline __attribute__((always_inline)) void OM_FFT(om_pass)(const OM_FFT(om_complex) *x, OM_FFT(om_complex) *y,
                                   const OM_FFT(om_complex) *roots, int64_t radix, int64_t l1, int64_t ido) {
  const int64_t unit = l1 * ido; /* roots[unit] is the first root of order radix */
  for (int64_t k = 0; k < l1; k++)
    for (int64_t i = 0; i < ido; i++) {
      const OM_FFT(om_complex) *from = x + i + ido * radix * k;
      OM_FFT(om_complex) *to = y + i + ido * k;
      if (radix <= 5) {
        OM_FFT(om_complex) v[5];
        for (int64_t b = 0; b < radix; b++) v[b] = from[b * ido];
        OM_FFT(om_butterfly)(v, radix, roots[unit], roots[radix == 5 ? 2 * unit : 0]);
        for (int64_t c = 0; c < radix; c++)
          to[c * unit] = c == 0 || i == 0 ? v[c] : OM_FFT(om_times)(v[c], roots[c * l1 * i]);
        continue;
      }
      for (int64_t c = 0; c < radix; c++) {
        OM_FFT(om_complex) sum = from[0];
        for (int64_t b = 1, at = c; b < radix; b++, at += c, at -= at >= radix ? radix : 0)
          sum = OM_FFT(om_plus)(sum, OM_FFT(om_times)(from[b * ido], roots[at * unit]));
        to[c * unit] = c == 0 || i == 0 ? sum : OM_FFT(om_times)(sum, roots[c * l1 * i]);
      }
    }
}

/* Radix of the first pass: fours, then a two, which goes first, then odd primes. */
static inline int64_t OM_FFT(om_radix)(int64_t n, int64_t l1) {
  int64_t rest = n, fours = 0;
  while (rest % 4 == 0) rest /= 4, fours++;
  const bool two = rest % 2 == 0;
  if (two) {
    if (l1 == 1) return 2;
    l1 /= 2;
  }
  int64_t done = 1;
  for (int64_t four = 0; four < fours; four++, done *= 4)
    if (done == l1) return 4;
  int64_t left = n / (two ? 2 : 1) / l1;
  for (int64_t divisor = 3; divisor * divisor <= left; divisor += 2)
    if (left % divisor == 0) return divisor;
  return left;
}

/* Transforms x[n]; `work` has the same room. The result is in the one that is returned. */
static inline OM_FFT(om_complex) *OM_FFT(om_fft)(OM_FFT(om_complex) *x, OM_FFT(om_complex) *work,
                                                 const OM_FFT(om_complex) *roots, int64_t n) {
  for (int64_t l1 = 1; l1 < n;) {
    const int64_t radix = OM_FFT(om_radix)(n, l1);
    const int64_t ido = n / l1 / radix;
    /* Where the radix is a constant its numbers stay in registers. */
    switch (radix) {
      case 2: OM_FFT(om_pass)(x, work, roots, 2, l1, ido); break;
      case 3: OM_FFT(om_pass)(x, work, roots, 3, l1, ido); break;
      case 4: OM_FFT(om_pass)(x, work, roots, 4, l1, ido); break;
      case 5: OM_FFT(om_pass)(x, work, roots, 5, l1, ido); break;
      default: OM_FFT(om_pass)(x, work, roots, radix, l1, ido);
    }
    OM_FFT(om_complex) *const sorted = work;
    work = x;
    x = sorted;
    l1 *= radix;
  }
  return x;
}

#undef OM_REAL
#undef OM_FFT
