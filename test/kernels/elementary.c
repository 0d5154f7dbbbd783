/* The elementary functions against the C library in double. Without arguments: every 1009th float and those around
 * every special value. `elementary all [FUNCTION]`: all 2^32 floats, which takes minutes. */
#include "elementary-angles.h"
#include "elementary-hyperbolic.h"
#include "elementary-power.h"
#include "elementary-remainder.h"

#include "check.h"

typedef void many(const float *x, float *y, int n);

#define MANY(name)                                                                                                     \
  static void many_##name(const float *x, float *y, int n) {                                                           \
    for (int i = 0; i < n; i++) y[i] = om_##name##_f32(x[i]);                                                          \
  }
MANY(exp)
MANY(expm1)
MANY(log)
MANY(log1p)
MANY(sigmoid)
MANY(tanh)
MANY(erf)
MANY(softplus)
MANY(sin)
MANY(cos)
MANY(tan)
MANY(asin)
MANY(acos)
MANY(atan)
MANY(sinh)
MANY(cosh)
MANY(asinh)
MANY(acosh)
MANY(atanh)

/* Below -87 a power is denormal, and a product with it no more exact. */
static void many_mish(const float *x, float *y, int n) {
  for (int i = 0; i < n; i++) y[i] = om_mish_f32(x[i] < -87.0f ? -87.0f : x[i]);
}

/* x <= 0 is all that it takes. */
static void many_decay(const float *x, float *y, int n) {
  for (int i = 0; i < n; i++) y[i] = om_decay_f32(x[i] > 0.0f ? -x[i] : x[i]);
}

static double sigmoid(double x) { return 1 / (1 + exp(-x)); }
static double softplus(double x) { return x > 40 ? x : log1p(exp(x)); }
static double mish(double x) { return x < -87 ? mish(-87) : x * tanh(softplus(x)); }
static double decay(double x) { return exp(-fabs(x)); }

/* `ulp`: the largest error allowed, in units in the last place of the right result; `tiny`: results smaller than this
 * may be 0 instead; `angle`: an error that an argument from 8192 on may have besides, and a 300th of it smaller ones. */
typedef struct function {
  const char *name;
  many *got;
  double (*want)(double);
  double ulp, tiny, angle;
} function;

static const function functions[] = {
    {"exp", many_exp, exp, 1.1, 0, 0},
    {"expm1", many_expm1, expm1, 1.7, 0, 0},
    {"log", many_log, log, 1, 0, 0},
    {"log1p", many_log1p, log1p, 1.5, 0, 0},
    {"sigmoid", many_sigmoid, sigmoid, 2.5, 1.19e-38, 0},
    {"tanh", many_tanh, tanh, 2.6, 0, 0},
    {"erf", many_erf, erf, 3.2, 0, 0},
    {"softplus", many_softplus, softplus, 2.1, 0, 0},
    {"mish", many_mish, mish, 4, 0, 0},
    {"decay", many_decay, decay, 1.6, 1.19e-38, 0},
    {"sin", many_sin, sin, 3.7, 0, 3e-9},
    {"cos", many_cos, cos, 3.7, 0, 3e-9},
    {"tan", many_tan, tan, 6.6, 0, 3e-9},
    {"asin", many_asin, asin, 2.4, 0, 0},
    {"acos", many_acos, acos, 1.4, 0, 0},
    {"atan", many_atan, atan, 2.9, 0, 0},
    {"sinh", many_sinh, sinh, 1.7, 0, 0},
    {"cosh", many_cosh, cosh, 1.6, 0, 0},
    {"asinh", many_asinh, asinh, 2.1, 0, 0},
    {"acosh", many_acosh, acosh, 2.9, 0, 0},
    {"atanh", many_atanh, atanh, 2.5, 0, 0},
};

/* Distance of got from want in units in the last place of a float of want's size; infinite where the kind is wrong. */
static double error_in_ulp(float got, double want) {
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  const float rounded = (float)want;
  if (isinf(rounded) || isinf(got))
    return got == rounded || (isinf(rounded) && !isinf(want) && fabsf(got) > 3.4e38f) ? 0 : INFINITY;
  if (want == 0 || got == 0) {
    if (got == 0 && fabs(want) < 1.5e-45) return !signbit(got) == !signbit(want) ? 0 : INFINITY;
    if (want == 0) return got == 0 && !signbit(got) == !signbit(want) ? 0 : INFINITY;
  }
  int exponent;
  frexp(want, &exponent);
  return fabs((double)got - want) / ldexp(1, (exponent < -125 ? -125 : exponent) - 24);
}

enum { CHUNK = 1024 };

typedef struct worst {
  double ulp;
  float x;
} worst;

static void check_chunk(const function *f, const float *x, int n, worst *w) {
  float y[CHUNK];
  f->got(x, y, n);
  for (int i = 0; i < n; i++) {
    const double want = f->want((double)x[i]);
    if (y[i] == 0 && fabs(want) < f->tiny) continue;
    const double angle = fabsf(x[i]) < 8192.0f ? f->angle / 300 : f->angle;
    if (fabs((double)y[i] - want) <= angle * (1 + want * want)) continue;
    const double error = error_in_ulp(y[i], want);
    if (error > w->ulp) *w = (worst){error, x[i]};
    if (!(error <= f->ulp))
      fail("%s(%a = %g) = %a, want %a: %g ulp", f->name, (double)x[i], (double)x[i], (double)y[i], want, error);
  }
  check_cases += n;
}

/* x^y of pairs of special values with each other and with random ones, near 1 to large powers, and of whole y. */
static void check_powers(void) {
  const float special[] = {0.0f,      -0.0f,       1.0f,        -1.0f,        2.0f,        -2.0f,        0.5f,     -0.5f,
                           INFINITY,  -INFINITY,   NAN,         1e-45f,       -1e-45f,     3.4e38f,      -3.4e38f, 8388609.0f,
                           1.0000001f, 0.9999999f, 16777215.0f, -16777215.0f, 16777216.0f, 2147483648.0f, 127.0f,  -149.0f};
  enum { SPECIAL = sizeof special / sizeof *special };
  float x[CHUNK], y[CHUNK], z[CHUNK];
  worst w = {0, 0};
  for (int round = 0; round < 4000; round++) {
    for (int i = 0; i < CHUNK; i++) {
      const int kind = pick(0, 4);
      const float any = om_from_bits(check_random() * 2654435761u), some = (float)pick(-1000000, 1000000);
      x[i] = kind == 0 ? special[i % SPECIAL] : kind == 1 ? any : kind == 2 ? 1.0f + 1e-7f * some : some;
      y[i] = kind <= 1 ? special[i / SPECIAL % SPECIAL] : (float)pick(-4000, 4000);
      if (kind == 2) y[i] *= 1e3f;
      if (kind == 3) y[i] *= 0.01f;
      if (kind == 4 || round % 3 == 0) y[i] = (float)pick(-40, 40);
    }
    for (int i = 0; i < CHUNK; i++) z[i] = om_pow_f32(x[i], y[i]);
    for (int i = 0; i < CHUNK; i++) {
      const double want = pow((double)x[i], (double)y[i]), error = error_in_ulp(z[i], want);
      if (error > w.ulp) w = (worst){error, x[i]};
      if (!(error <= 0.6))
        fail("pow(%a, %a) = %a, want %a: %g ulp", (double)x[i], (double)y[i], (double)z[i], want, error);
    }
    check_cases += CHUNK;
  }
  printf("pow       largest error %.3f ulp at %a = %g\n", w.ulp, (double)w.x, (double)w.x);
}

/* Remainders are exact: of any two floats, of whole multiples and of what is next to them. */
static void check_remainders(void) {
  const float special[] = {0.0f, -0.0f, 1.0f, -1.5f, 3e38f, -1e-45f, 1e-38f, INFINITY, -INFINITY, NAN};
  for (int i = 0; i < 3000000; i++) {
    float x = om_from_bits(check_random() * 2654435761u), y = om_from_bits(check_random() * 2654435761u);
    if (i % 3 == 1) x = (float)pick(-1000000, 1000000), y = (float)pick(-100, 100);
    if (i % 3 == 2) y = (float)pick(1, 100000) * 1e-3f, x = om_from_bits(om_bits(y * (float)pick(-30000, 30000)) + (uint32_t)pick(-1, 1));
    if (i % 5 == 0) y = special[i % 10 ? pick(0, 9) : i / 10 % 10];
    if (i % 10 == 0) x = special[pick(0, 9)];
    const float got = om_fmod_f32(x, y), want = fmodf(x, y);
    if (om_bits(got) != om_bits(want) && !(isnan(got) && isnan(want)))
      fail("fmod(%a, %a) = %a, want %a", (double)x, (double)y, (double)got, (double)want);
  }
  check_cases += 3000000;
}

int main(int count, char **arguments) {
  const bool all = count > 1 && strcmp(arguments[1], "all") == 0;
  for (unsigned k = 0; k < sizeof functions / sizeof *functions; k++) {
    const function *f = &functions[k];
    if (count > 2 && strcmp(arguments[2], f->name) != 0) continue;
    worst w = {0, 0};
    float x[CHUNK];
    int n = 0;
    for (uint64_t bits = 0; bits <= UINT32_MAX; bits += all ? 1 : 1009) {
      x[n++] = om_from_bits((uint32_t)bits);
      if (n == CHUNK) check_chunk(f, x, n, &w), n = 0;
    }
    const float special[] = {0.0f,        1.0f,   -1.0f,  1.17549435e-38f, INFINITY, 88.72284f, -87.33655f,
                             -103.97208f, 128.0f, 0.5f,   0.34657359f,     2.0f / 3, 4.0f / 3,  10.0f,
                             20.0f,       4.0f,   -18.0f, 1e-45f,          -0.0f};
    for (unsigned i = 0; i < sizeof special / sizeof *special; i++)
      for (int step = -8; step <= 8; step++) {
        x[n++] = om_from_bits(om_bits(special[i]) + (uint32_t)step);
        if (n == CHUNK) check_chunk(f, x, n, &w), n = 0;
      }
    check_chunk(f, x, n, &w);
    printf("%-9s largest error %.3f ulp at %a = %g\n", f->name, w.ulp, (double)w.x, (double)w.x);
  }
  check_powers();
  check_remainders();
  return check_done("elementary");
}
