/* Rows of codes that are normalised in integers alone, against doubles. */
#include "byte-rows.h"

#include "check.h"

static int32_t within(double code, bool is_signed) {
  return (int32_t)fmin(fmax(code, is_signed ? -128 : 0), is_signed ? 127 : 255);
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

/* Rows are random, of one code, and of both ends of the codes. */
static void shape_row(uint8_t *x, ptrdiff_t n, int kind) {
  for (ptrdiff_t i = 0; i < n && kind; i++) x[i] = kind == 1 ? x[0] : kind == 2 ? (i ? 0x80 : 0x7f) : (i & 1 ? 0 : 0xff);
}

static void check_log_softmax(ptrdiff_t rows, ptrdiff_t n, bool is_signed, double step, double unit) {
  check_cases++;
  uint32_t table[256];
  for (int i = 0; i < 256; i++) table[i] = (uint32_t)rint(exp(-i * step) * 1073741824);
  uint8_t *x = some_bytes(rows * n), *y = (uint8_t *)check_alloc((size_t)(rows * n));
  for (ptrdiff_t r = 0; r < rows; r++) shape_row(x + r * n, n, r < 4 ? (int)r : 0);
  const int32_t zero = is_signed ? 127 : 255, least = is_signed ? -128 : 0;
  const uint64_t x_unit = (uint64_t)rint(fmin(step / unit, 256) * 4294967296), by = (uint64_t)rint(log(2) / unit * 16777216);
  om_log_softmax_bytes(x, rows, n, is_signed, table, x_unit, by, zero, least, zero, y);
  for (ptrdiff_t r = 0; r < rows; r++) {
    int32_t top = -128;
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) top = byte_of(x, r * n + i, is_signed) > top ? byte_of(x, r * n + i, is_signed) : top;
    for (ptrdiff_t i = 0; i < n; i++) sum += exp((byte_of(x, r * n + i, is_signed) - top) * step);
    for (ptrdiff_t i = 0; i < n; i++) {
      const double real = ((byte_of(x, r * n + i, is_signed) - top) * step - log(sum)) / unit;
      const int32_t want = within(zero + rint(real), is_signed), got = byte_of(y, r * n + i, is_signed);
      /* The logarithm has 24 bits behind the point, and powers 30. */
      const double near = fabs(fabs(real - trunc(real)) - 0.5), error = (4e-9 + 5e-10 * (double)n / sum) / unit + 1e-6;
      if (got != want && !(near < error && abs(got - want) == 1)) fail("log softmax of %d: %d instead of %f", (int)n, got, zero + real);
    }
  }
  free(x), free(y);
}

/* Where all powers but the first are 0, differences of codes that count half go to the even one. */
static void check_log_softmax_halves(void) {
  check_cases++;
  const uint32_t table[256] = {1u << 30};
  for (int d = 1; d < 256; d++) {
    const uint8_t x[2] = {255, (uint8_t)(255 - d)};
    uint8_t y[2];
    om_log_softmax_bytes(x, 1, 2, false, table, 1ull << 31, 1, 255, 0, 255, y);
    if (y[1] != 255 - (int)rint(d / 2.0)) fail("half of %d: %d", d, 255 - y[1]);
  }
}

static void check_l2(ptrdiff_t rows, ptrdiff_t n, bool is_signed, int32_t x_zero, int bits, bool is_small) {
  check_cases++;
  uint8_t *x = some_bytes(rows * n), *y = (uint8_t *)check_alloc((size_t)(rows * n));
  for (ptrdiff_t r = 0; r < rows; r++) shape_row(x + r * n, n, r < 4 ? (int)r : 0);
  for (ptrdiff_t i = 0; i < rows * n && is_small; i++) x[i] = (uint8_t)(x_zero + x[i] % 9 - 4);
  const int32_t zero = is_signed ? 0 : 128, least = is_signed ? -128 : 0;
  om_l2_bytes(x, rows, n, is_signed, x_zero, bits, zero, least, least + 255, y);
  for (ptrdiff_t r = 0; r < rows; r++) {
    double sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) sum += pow(byte_of(x, r * n + i, is_signed) - x_zero, 2);
    for (ptrdiff_t i = 0; i < n; i++) {
      /* A half is one in doubles as well: the root of its sum is a rational number, and so a whole one. */
      const double value = byte_of(x, r * n + i, is_signed) - x_zero;
      const double real = sum > 0 ? ldexp(value, bits) / sqrt(sum) : 0;
      const int32_t want = within(zero + rint(real), is_signed), got = byte_of(y, r * n + i, is_signed);
      if (got != want) fail("%d over the norm: %d instead of %f", (int)value, got, zero + real);
    }
  }
  free(x), free(y);
}

/* All pairs of codes, among which are halves: 7 of 7 and 24 is 0.28, 3 of 3, 0 and 4 is 0.6. */
static void check_l2_pairs(bool is_signed, int32_t x_zero, int bits) {
  check_cases++;
  const int32_t zero = is_signed ? 0 : 128, least = is_signed ? -128 : 0;
  for (int a = 0; a < 256; a++)
    for (int b = 0; b < 256; b++) {
      const uint8_t x[2] = {(uint8_t)a, (uint8_t)b};
      uint8_t y[2];
      om_l2_bytes(x, 1, 2, is_signed, x_zero, bits, zero, least, least + 255, y);
      const double p = byte_of(x, 0, is_signed) - x_zero, q = byte_of(x, 1, is_signed) - x_zero, norm = sqrt(p * p + q * q);
      const int32_t want = within(zero + (norm > 0 ? rint(ldexp(p, bits) / norm) : 0), is_signed);
      if (byte_of(y, 0, is_signed) != want) fail("%f of %f: %d instead of %d", p, norm, byte_of(y, 0, is_signed), want);
    }
}

int main(void) {
  check_log_softmax_halves();
  for (int i = 0; i < 2; i++) {
    check_softmax(5, 12, i, 0.09, 1.0 / 256);
    check_softmax(2, 1001, i, 0.03, 1.0 / 256);
    check_softmax(3, 1, i, 0.5, 1.0 / 255);
    check_softmax(2, 4, i, 1e-3, 0.013);
    check_softmax(0, 4, i, 0.1, 1.0);
    check_softmax(7, 0, i, 0.1, 1.0);
    check_log_softmax(2000, 12, i, 0.09, 1.0 / 16);
    check_log_softmax(200, 1001, i, 0.03, 1.0 / 16);
    check_log_softmax(20, 1, i, 0.5, 1.0 / 16);
    check_log_softmax(500, 2, i, 1.0 / 32, 1.0 / 16);
    check_log_softmax(500, 7, i, 1e-9, 1.0);
    check_log_softmax(500, 3, i, 3.7, 1.0 / 256);
    check_log_softmax(4, 65536, i, 0.001, 1.0 / 16);
    check_log_softmax(7, 0, i, 0.1, 1.0 / 16);
    check_log_softmax(0, 4, i, 0.1, 1.0 / 16);
    for (int bits = 0; bits <= 7; bits++) {
      check_l2_pairs(i, i ? -3 : 0, bits);
      check_l2_pairs(i, i ? 127 : 255, bits);
      check_l2(300, 5, i, i ? -7 : 130, bits, true);
    }
    check_l2(2000, 64, i, i ? 0 : 128, 7, false);
    check_l2(2000, 17, i, i ? -128 : 0, 7, true);
    check_l2(6, 65536, i, i ? -128 : 255, 7, false);
    check_l2(7, 0, i, 0, 7, false);
    check_l2(0, 4, i, 0, 7, false);
  }
  return check_done("byte-rows");
}
