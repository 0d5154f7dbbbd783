/* What is done with codes in integers alone, against floats: codes of sums, averages, sums of two tensors, Softmax. */
#include "bytes.h"

#include "check.h"

static float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

/* As float32 does it, a rounding at a time. */
static int32_t code_by_floats(int32_t sum, float scale, float nudge, int32_t least, int32_t most) {
  volatile float real = (float)sum;
  real = real * scale;
  if (nudge != 0) real = real + copysignf(nudge, (float)sum);
  return (int32_t)om_quantize(real, 0.0f, (float)least, (float)most);
}

/* Scales of all sizes, of few digits, and such that a product is near a half. */
static float some_scale(int32_t sum) {
  const float any = ldexpf(1.0f + (float)(check_random() & 0x7fffff) / 8388608.0f, -pick(0, 25));
  switch (check_random() % 6) {
    case 0: return from_bits(check_random());
    case 1: return ldexpf(1.0f, -pick(0, 24));
    case 2: {
      const float near = sum ? ((float)pick(-256, 255) + 0.5f) / (float)sum : 1.0f;
      uint32_t bits;
      memcpy(&bits, &near, 4);
      return from_bits(bits + (uint32_t)pick(0, 6) - 3);
    }
    default: return any;
  }
}

static float some_nudge(float scale) {
  if (!(scale > 0)) return 0.0f;
  const float any = ldexpf(1.0f + (float)(check_random() & 0x7fffff) / 8388608.0f, -pick(2, 20));
  return check_random() % 3 == 0 ? 0.0f : check_random() % 2 ? ldexpf(1.0f, -pick(2, 13)) : any;
}

static void check_codes(void) {
  check_cases++;
  for (int i = 0; i < 3000000; i++) {
    const int32_t sum = (int32_t)(check_random() ^ check_random() << 16) >> pick(0, 31);
    const float scale = some_scale(sum), nudge = some_nudge(scale);
    const int32_t least = -pick(0, 255), most = least + 255;
    const int32_t got = om_soft_code(sum, scale, nudge, least, most), want = code_by_floats(sum, scale, nudge, least, most);
    if (got != want) fail("%d times %a moved by %a in %d..%d: %d instead of %d", sum, scale, nudge, least, most, got, want);
  }
  const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, -0.25f};
  for (int i = 0; i < 6; i++)
    for (int32_t sum = -3; sum <= 3; sum++)
      if (om_soft_code(sum, odd[i], 0.0f, -9, 8) != code_by_floats(sum, odd[i], 0.0f, -9, 8)) fail("%d times %f", sum, odd[i]);
}

static uint8_t *some_bytes(ptrdiff_t n) {
  uint8_t *p = (uint8_t *)check_alloc((size_t)n);
  for (ptrdiff_t i = 0; i < n; i++) p[i] = (uint8_t)(check_random() >> 9);
  return p;
}

static int32_t byte_of(const uint8_t *p, ptrdiff_t i, bool is_signed) { return is_signed ? (int8_t)p[i] : p[i]; }

static void check_average(ptrdiff_t batch, ptrdiff_t pixels, ptrdiff_t channels, bool is_signed, bool nudged) {
  check_cases++;
  uint8_t *x = some_bytes(batch * pixels * channels), *zeros = some_bytes(2), *y = (uint8_t *)output((batch * channels + 3) / 4);
  const float scale = 1.7f / (float)(pixels ? pixels : 1), nudge = 0.01f;
  const om_int_product p = {.n = channels, .a_signed = is_signed, .a_zero = zeros, .y_zero = zeros + 1, .scale = &scale,
                            .result = is_signed ? OM_INT_INT8 : OM_INT_UINT8, .nudge = nudged ? &nudge : NULL, .y = y,
                            .y_row = channels};
  om_average_bytes(x, batch, pixels, &p);
  for (ptrdiff_t i = 0; i < batch * channels; i++) {
    int32_t sum = -(int32_t)pixels * byte_of(zeros, 0, is_signed);
    for (ptrdiff_t j = 0; j < pixels; j++)
      sum += byte_of(x, (i / channels * pixels + j) * channels + i % channels, is_signed);
    const int32_t zero = byte_of(zeros, 1, is_signed), low = is_signed ? -128 : 0;
    const int32_t want = zero + code_by_floats(sum, scale, nudged ? nudge : 0.0f, low - zero, low + 255 - zero);
    if (byte_of(y, i, is_signed) != want)
      fail("average of %d pixels, channel %d: %d instead of %d", (int)pixels, (int)i, byte_of(y, i, is_signed), want);
  }
  free(x), free(zeros);
  release_output((float *)y, (batch * channels + 3) / 4, "average");
}

/* Halves of both: a sum of one is a half, which goes to the even code. */
static void check_sums(bool even) {
  check_cases++;
  enum { SHIFT = 8, ZERO = 3 };
  int32_t a_table[256], b_table[256];
  uint8_t a[256], b[256], y[256];
  for (int i = 0; i < 256; i++) {
    a[i] = (uint8_t)i;
    b_table[i] = (i - 100) << (SHIFT - 1);
    a_table[i] = ((i - 30) << (SHIFT - 1)) + (1 << (SHIFT - 1)) + ZERO * (1 << SHIFT);
  }
  for (int other = 0; other < 256; other += 5) {
    memset(b, other, sizeof b);
    om_sum_bytes(a, b, a_table, b_table, 256, SHIFT, even, ZERO, -128, 127, y);
    for (int i = 0; i < 256; i++) {
      const float real = (float)(i - 30 + other - 100) / 2;
      const float want = fminf(fmaxf((even ? rintf(real) : floorf(real + 0.5f)) + ZERO, -128.0f), 127.0f);
      if ((int8_t)y[i] != (int32_t)want) fail("sum of %d and %d: %d instead of %f", i, other, (int8_t)y[i], (double)want);
    }
  }
}

static void check_softmax(ptrdiff_t rows, ptrdiff_t n, bool is_signed, double step, double unit) {
  check_cases++;
  const int power = (int)floor(log2(unit)) - 23;
  const uint32_t digits = (uint32_t)ldexp(unit, -power);
  unit = ldexp(digits, power);
  uint32_t table[256];
  for (int i = 0; i < 256; i++) table[i] = (uint32_t)rint(exp(-i * step) * 8388608);
  uint8_t *x = some_bytes(rows * n), *y = (uint8_t *)check_alloc((size_t)(rows * n));
  om_softmax_bytes(x, rows, n, is_signed, table, digits, power, is_signed ? -128 : 0, is_signed ? -128 : 0, is_signed ? 127 : 255, y);
  for (ptrdiff_t r = 0; r < rows; r++) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) sum += exp(byte_of(x, r * n + i, is_signed) * step);
    for (ptrdiff_t i = 0; i < n; i++) {
      const double real = fmin(exp(byte_of(x, r * n + i, is_signed) * step) / sum / unit, 255);
      const int32_t got = byte_of(y, r * n + i, is_signed) + (is_signed ? 128 : 0);
      /* Powers are rounded, too: an error of a hundred thousandth of a code for each 256 of them. */
      if (fabs(got - real) > 0.5 + 1e-5 * (double)(1 + n)) fail("softmax of %d: %d instead of %f", (int)n, got, real);
    }
  }
  free(x), free(y);
}

int main(void) {
  check_codes();
  for (int i = 0; i < 4; i++) {
    check_average(1, 125, 64, i & 1, i & 2);
    check_average(2, 49, 2 * OM_INT_COLUMNS + 3, i & 1, i & 2);
    check_average(3, 1, 1, i & 1, i & 2);
    check_average(0, 4, 5, i & 1, i & 2);
  }
  check_sums(false), check_sums(true);
  for (int i = 0; i < 2; i++) {
    check_softmax(5, 12, i, 0.09, 1.0 / 256);
    check_softmax(2, 1001, i, 0.03, 1.0 / 256);
    check_softmax(3, 1, i, 0.5, 1.0 / 255);
    check_softmax(2, 4, i, 1e-3, 0.013);
    check_softmax(0, 4, i, 0.1, 1.0);
  }
  return check_done("bytes");
}
