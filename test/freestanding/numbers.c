/* Numbers from and to text against the C library, which rounds right. */
#include "../../native/freestanding/numbers.h"

#include "../kernels/check.h"

static uint64_t random64(void) { return (uint64_t)check_random() << 32 | check_random(); }

static void check_read(const char *text) {
  double got;
  const double want = strtod(text, NULL);
  check_cases++;
  if (!om_parse_float(text, &got) || memcmp(&got, &want, sizeof got) != 0) fail("%.60s: %a, want %a", text, got, want);
}

static void check_double(double x) {
  char text[1300], ours[OM_NUMBER_BYTES];
  snprintf(text, sizeof text, "%.17g", x);
  check_read(text);
  snprintf(text, sizeof text, "%.*e", pick(0, 900), x);
  check_read(text);
  /* Half way to the next, exactly: 54 bits. */
  const double next = nextafter(x, INFINITY);
  if (isfinite(next) && fabs(x) > 1e-290) {
    snprintf(text, sizeof text, "%.1200Lf", ((long double)x + (long double)next) / 2);
    if (fabs(x) < 1e60 && strlen(text) < sizeof text - 1) check_read(text);
  }
  const int digits = pick(1, 17);
  snprintf(text, sizeof text, "%.*e", digits - 1, x);
  om_format_float(ours, x, digits);
  const int exponent = atoi(strchr(text, 'e') + 1);
  check_cases++;
  if (exponent < -4 || exponent >= 16 ? strcmp(ours, text) != 0 : strtod(ours, NULL) != strtod(text, NULL))
    fail("%a in %d digits: %s, want %s", x, digits, ours, text);
  int fewest, want = 1;
  OM_SHORTEST(fewest, x, parsed == x)
  for (; want < 17; want++) {
    snprintf(text, sizeof text, "%.*e", want - 1, x);
    if (strtod(text, NULL) == x) break;
  }
  if (fewest != want) fail("%a takes %d digits, want %d", x, fewest, want);
}

static void check_integers(const char *text, int base) {
  char *got_end, *want_end;
  const long long got = om_c_strtoll(text, &got_end, base), want = strtoll(text, &want_end, base);
  const unsigned long long got2 = om_c_strtoull(text, NULL, base), want2 = strtoull(text, NULL, base);
  check_cases++;
  if (got != want || got2 != want2 || got_end != want_end)
    fail("\"%s\" in base %d: %lld and %llu, want %lld and %llu", text, base, got, got2, want, want2);
}

int main(void) {
  for (int i = 0; i < 6000; i++) {
    uint64_t bits = random64();
    if (i % 4 == 1) bits &= UINT64_C(0x800fffffffffffff); /* denormal */
    if (i % 4 == 2) bits = (bits & UINT64_C(0x803fffffffffffff)) | UINT64_C(0x3fc0000000000000);
    if (i % 8 == 3) bits &= ~UINT64_C(0xffffffffffff);
    double x;
    memcpy(&x, &bits, sizeof x);
    if (isfinite(x)) check_double(x);
  }
  const char *texts[] = {"0", "-0", "1e400", "-1e400", "1e-400", "inf", "-Infinity", ".5", "5.", "+1.5E+3", "0.1e1", "1e23",
                         "  7", "2.2250738585072011e-308", "9007199254740993", "1.7976931348623159e308", "4.9e-324", "2.4e-324",
                         "00000000000000000000000000000000001e10", "1e99999999999", "0e99999999999"};
  for (unsigned i = 0; i < sizeof texts / sizeof *texts; i++) check_read(texts[i]);
  const char *wrong[] = {"", " ", "x", "1x", "--1", "e5", ".", "1e5e", "in", "1 "};
  double value;
  for (unsigned i = 0; i < sizeof wrong / sizeof *wrong; i++)
    if (om_parse_float(wrong[i], &value)) fail("\"%s\" is taken for a number", wrong[i]);
  const char *integers[] = {"0", "-1", "+5x", "9223372036854775807", "9223372036854775808", "-9223372036854775808",
                            "-9223372036854775809", "18446744073709551615", "18446744073709551616", "0x1F", "0x", "077", "", " 12",
                            "zz", "-18446744073709551616"};
  const int bases[] = {0, 2, 8, 10, 16, 36};
  for (unsigned i = 0; i < sizeof integers / sizeof *integers; i++)
    for (unsigned k = 0; k < sizeof bases / sizeof *bases; k++) check_integers(integers[i], bases[k]);
  return check_done("numbers");
}
