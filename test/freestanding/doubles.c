/* Functions of double against the C library's of long double, which has eleven bits more on x86. Without an argument some
 * hundred thousand values of each, spread over all exponents and dense where results are of ordinary size; `doubles
 * MILLIONS [FUNCTION]` more. */
#include "../../native/freestanding/arcs.h"
#include "../../native/freestanding/circular.h"
#include "../../native/freestanding/error-function.h"
#include "../../native/freestanding/hyperbolic.h"
#include "../../native/freestanding/power.h"
#include "../../native/freestanding/remainder.h"

#include "../kernels/check.h"

static uint64_t random64(void) {
  static uint64_t state = 88172645463325252u;
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return state * UINT64_C(0x2545f4914f6cdd1d);
}

/* In [from, to], evenly. */
static double between(double from, double to) {
  return from + (to - from) * ((double)(random64() >> 11) * 0x1p-53);
}

/* Distance of got from want in units in the last place of a double of want's size; infinite where the kind is wrong. */
static double error_in_ulp(double got, long double want) {
  if (isnan(want) || isnan(got)) return isnan(want) && isnan(got) ? 0 : INFINITY;
  const double rounded = (double)want;
  if (isinf(rounded) || isinf(got))
    return got == rounded || (isinf(rounded) && !isinf(want) && fabs(got) > 1.79769e308) ? 0 : INFINITY;
  if (!signbit(got) != !signbit(want)) return INFINITY;
  int exponent;
  frexpl(want, &exponent);
  return (double)(fabsl((long double)got - want) / ldexpl(1, (exponent < -1021 ? -1021 : exponent) - 53));
}

/* `ulp`: the largest error allowed; values are taken from [from, to] half the time, else with any exponent. */
typedef struct function {
  const char *name;
  double (*one)(double);
  double (*two)(double, double);
  long double (*want)(long double);
  long double (*want_two)(long double, long double);
  double ulp, from, to;
} function;

#define ONE(name, ulp, from, to) {#name, om_c_##name, NULL, name##l, NULL, ulp, from, to}
#define TWO(name, ulp, from, to) {#name, NULL, om_c_##name, NULL, name##l, ulp, from, to}

/* glibc gives infinity for powl(-INFINITY, -0x1p63). */
static long double power(long double x, long double y) {
  return isinf(x) ? (long double)pow((double)x, (double)y) : powl(x, y);
}

static double hypot_of(double x, double y) { return om_c_hypot(x, y); }
static double fmod_of(double x, double y) { return om_c_fmod(x, y); }
static double remainder_of(double x, double y) { return om_c_remainder(x, y); }
static double round_of(double x) { return om_c_round(x); }

static const function functions[] = {
    ONE(exp, 0.76, -745, 710),
    ONE(exp2, 0.76, -1075, 1024),
    ONE(expm1, 0.56, -40, 710),
    ONE(log, 0.6, 0, 10),
    ONE(log2, 0.72, 0, 10),
    ONE(log10, 0.62, 0, 10),
    ONE(log1p, 0.65, -1, 3),
    ONE(sin, 0.82, -10, 10),
    ONE(cos, 0.82, -10, 10),
    ONE(tan, 0.9, -10, 10),
    ONE(asin, 0.7, -1, 1),
    ONE(acos, 0.7, -1, 1),
    ONE(atan, 0.7, -10, 10),
    ONE(sinh, 0.7, -20, 20),
    ONE(cosh, 0.7, -20, 20),
    ONE(tanh, 0.7, -20, 20),
    ONE(asinh, 0.7, -20, 20),
    ONE(acosh, 0.7, 1, 20),
    ONE(atanh, 0.7, -1, 1),
    ONE(erf, 0.78, -7, 7),
    ONE(erfc, 0.78, -7, 27.5),
    {"round", round_of, NULL, roundl, NULL, 0, -100, 100},
    {"pow", NULL, om_c_pow, NULL, power, 0.76, 0, 20},
    TWO(atan2, 0.7, -10, 10),
    {"hypot", NULL, hypot_of, NULL, hypotl, 0.6, -10, 10},
    {"fmod", NULL, fmod_of, NULL, fmodl, 0, -1000, 1000},
    {"remainder", NULL, remainder_of, NULL, remainderl, 0, -1000, 1000},
};

static const double special[] = {
    0.0,        1.0,    0.5,      2.0,        3.0,       10.0,     INFINITY, NAN,     0x1p-1022,   0x1p-1074, 0x1.fffffffffffffp1023,
    0x1p52,     0x1p53, 0x1p63,   0x1p-27,    0x1p-54,   0x1p-28,  0.75,     0.35,    0.41,        0.29,      0x1.921fb54442d18p0,
    0x1p20,     22.0,   40.0,     709.782712, 745.13321, 1024.0,   1074.0,   1075.0,  0.70710678,  1.41421356, 0x1.921fb54442d18p1,
    6381956970095103.0 * 0x1p797, 0x1p28,     710.47586, 26.54325, 27.22601, 5.92158, 0.34657359,  719.0,     0x1p500,
};
enum { SPECIALS = sizeof special / sizeof *special };

typedef struct worst {
  double ulp, x, y;
} worst;

static void check_value(const function *f, double x, double y, worst *w) {
  const double got = f->one ? f->one(x) : f->two(x, y);
  const long double want = f->one ? f->want((long double)x) : f->want_two((long double)x, (long double)y);
  const double error = error_in_ulp(got, want);
  check_cases++;
  if (error > w->ulp) *w = (worst){error, x, y};
  if (!(error <= f->ulp))
    fail("%s(%a = %g, %a = %g) = %a, want %La: %g ulp", f->name, x, x, y, y, got, want, error);
}

static double any_value(const function *f) {
  if (random64() & 1) return between(f->from, f->to);
  return om_from_bits64(random64());
}

static double near_special(int i, int step) {
  return om_from_bits64(om_bits64(special[i]) + (uint64_t)step);
}

int main(int count, char **arguments) {
  const long long values = count > 1 ? atoll(arguments[1]) * 1000000 : 150000;
  for (unsigned k = 0; k < sizeof functions / sizeof *functions; k++) {
    const function *f = &functions[k];
    if (count > 2 && strcmp(arguments[2], f->name) != 0) continue;
    worst w = {0, 0, 0};
    for (int i = 0; i < SPECIALS; i++)
      for (int step = f->one ? -20 : -1; step <= (f->one ? 20 : 1); step++) {
        const double x = near_special(i, step);
        if (f->one) {
          check_value(f, x, 0, &w);
          check_value(f, -x, 0, &w);
          continue;
        }
        for (int j = 0; j < SPECIALS; j++)
          for (int signs = 0; signs < 4; signs++)
            check_value(f, signs & 1 ? -x : x, signs & 2 ? -special[j] : special[j], &w);
      }
    for (long long i = 0; i < values; i++) {
      const double x = any_value(f), y = f->one ? 0 : any_value(f);
      check_value(f, x, y, &w);
      /* Powers of all sizes that are no infinities. */
      if (f->two == om_c_pow) check_value(f, fabs(x), between(-745, 745) / (double)logl((long double)fabs(x)), &w);
      /* Whole numbers, halves and multiples of pi are where rounding goes wrong. */
      if (f->one) check_value(f, 0.5 * (double)(random64() % 2000), 0, &w);
      if (f->want == sinl || f->want == cosl || f->want == tanl)
        check_value(f, (double)(random64() >> (random64() & 63)) * 1.5707963267948966, 0, &w);
    }
    printf("%-9s largest error %.3f ulp at %a = %g, %a = %g\n", f->name, w.ulp, w.x, w.x, w.y, w.y);
  }
  return check_done("doubles");
}
