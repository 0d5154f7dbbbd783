/* Small weights as float32, against index arithmetic: results must be equal bit for bit. */
#include "widen.h"

#include "check.h"

static void run_int8(void) {
  const ptrdiff_t a = pick(1, 3), b = pick(1, 20), c = pick(1, 40), d = pick(0, 2) ? pick(1, 20) : 1;
  const ptrdiff_t count = a * b * c * d;
  check_cases++;
  int8_t *codes = (int8_t *)check_alloc((size_t)count);
  for (ptrdiff_t i = 0; i < count; i++) codes[i] = (int8_t)check_random();
  float *scales = floats(a * c), *y = output(count);
  om_widen_int8(codes, scales, y, a, b, c, d);
  for (ptrdiff_t i = 0; i < count; i++)
    if (y[i] != (float)codes[i] * scales[i / (b * c * d) * c + i / d % c])
      fail("widen_int8 %d x %d x %d x %d: element %d", (int)a, (int)b, (int)c, (int)d, (int)i);
  free(codes), free(scales);
  release_output(y, count, "widen_int8");
}

/* Every finite code, in rows of any length: sign * mantissa * 2^exponent is exact in double. */
static void run_float16(void) {
  static unsigned next;
  const ptrdiff_t count = pick(1, 300);
  check_cases++;
  om_f16 *x = (om_f16 *)check_alloc((size_t)count * sizeof(om_f16));
  float *y = output(count);
  for (ptrdiff_t i = 0; i < count; i++) {
    if ((next & 0x7c00u) == 0x7c00u) next += 0x400u;
    x[i] = (om_f16)next++;
  }
  om_widen_float16(x, y, count);
  for (ptrdiff_t i = 0; i < count; i++) {
    const int exponent = x[i] >> 10 & 31, fraction = x[i] & 1023;
    const double magnitude = exponent ? ldexp(1024 + fraction, exponent - 25) : ldexp(fraction, -24);
    const float expected = (float)(x[i] >> 15 ? -magnitude : magnitude);
    if (memcmp(&y[i], &expected, sizeof expected) != 0) fail("widen_float16 of %04x is %g", x[i], (double)y[i]);
  }
  free(x);
  release_output(y, count, "widen_float16");
}

int main(void) {
  for (int i = 0; i < 1000; i++) run_int8(), run_float16();
  return check_done("widen");
}
