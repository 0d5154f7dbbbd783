/* Functions of float, which are those of double rounded once more, against the C library's of double. Without an argument
 * every 8209th float and those around every special value; `floats STRIDE [FUNCTION]`: STRIDE 1 are all 2^32 of them. */
#include "../../native/freestanding/arcs.h"
#include "../../native/freestanding/circular.h"
#include "../../native/freestanding/error-function.h"
#include "../../native/freestanding/hyperbolic.h"
#include "../../native/freestanding/power.h"

#include "../kernels/check.h"

static float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, sizeof x);
  return x;
}

static uint32_t to_bits(float x) {
  uint32_t bits;
  memcpy(&bits, &x, sizeof bits);
  return bits;
}

/* Distance of got from want in units in the last place of a float of want's size; infinite where the kind is wrong. */
static double error_in_ulp(float got, double want) {
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  const float rounded = (float)want;
  if (isinf(rounded) || isinf(got)) return got == rounded ? 0 : INFINITY;
  if (!signbit(got) != !signbit(want)) return INFINITY;
  int exponent;
  frexp(want, &exponent);
  return fabs((double)got - want) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

typedef struct function {
  const char *name;
  double (*got)(double), (*want)(double);
} function;
#define ONE(name) {#name, om_c_##name, name}

static double power_2(double x) { return (double)om_c_powf((float)x, 2.5f); }
static double want_power_2(double x) { return pow(x, 2.5); }
static double power_of_3(double x) { return (double)om_c_powf(3.0f, (float)x); }
static double want_power_of_3(double x) { return pow(3.0, x); }
static double rounded(double x) { return (double)om_c_roundf((float)x); }

static const function functions[] = {
    ONE(acos), ONE(acosh), ONE(asin), ONE(asinh), ONE(atan),  ONE(atanh), ONE(cos),  ONE(cosh), ONE(erf), ONE(erfc), ONE(exp),
    ONE(exp2), ONE(expm1), ONE(log),  ONE(log10), ONE(log1p), ONE(log2),  ONE(sin),  ONE(sinh), ONE(tan), ONE(tanh),
    {"x^2.5", power_2, want_power_2},   {"3^x", power_of_3, want_power_of_3},   {"round", rounded, round},
};

typedef struct worst {
  double ulp;
  float x;
} worst;

static void check_value(const function *f, float x, worst *w) {
  const double want = f->want((double)x);
  const float got = (float)f->got((double)x);
  const double error = error_in_ulp(got, want);
  check_cases++;
  if (error > w->ulp) *w = (worst){error, x};
  if (!(error <= 0.50001))
    fail("%s(%a = %g) = %a, want %a: %g ulp", f->name, (double)x, (double)x, (double)got, want, error);
}

int main(int count, char **arguments) {
  const uint64_t stride = count > 1 ? (uint64_t)atoll(arguments[1]) : 8209;
  for (unsigned k = 0; k < sizeof functions / sizeof *functions; k++) {
    const function *f = &functions[k];
    if (count > 2 && strcmp(arguments[2], f->name) != 0) continue;
    worst w = {0, 0};
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += stride) check_value(f, from_bits((uint32_t)bits), &w);
    const float special[] = {0.0f,        1.0f,  1.17549435e-38f, INFINITY, 88.72284f, 87.33655f, 103.97208f, 128.0f,
                             0.34657359f, 10.0f, 1e-45f,          0.5f,     1048576.0f};
    for (unsigned i = 0; i < sizeof special / sizeof *special; i++)
      for (uint32_t step = 0; step < 1000; step++)
        for (int sign = 0; sign < 2; sign++)
          check_value(f, from_bits((to_bits(special[i]) + step - 500) ^ (sign ? 0x80000000u : 0)), &w);
    printf("%-9s largest error %.9f ulp at %a = %g\n", f->name, w.ulp, (double)w.x, (double)w.x);
  }
  return check_done("floats");
}
