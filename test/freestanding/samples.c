/* A hash of what each function gives for many arguments: native code and WebAssembly must say the same. */
#include "../../native/freestanding/arcs.h"
#include "../../native/freestanding/circular.h"
#include "../../native/freestanding/error-function.h"
#include "../../native/freestanding/hyperbolic.h"
#include "../../native/freestanding/power.h"
#include "../../native/freestanding/remainder.h"

#if __STDC_HOSTED__
#include <stdio.h>
#else
#include "../../native/freestanding/compiler-calls.h"
#include "../../native/freestanding/string.h"
#endif

static double sqrt_of(double x) { return __builtin_sqrt(x); }
static double rint_of(double x) { return __builtin_rint(x); }
static double round_of(double x) { return om_c_round(x); }

typedef struct function {
  const char *name;
  double (*one)(double);
  double (*two)(double, double);
} function;
#define ONE(name) {#name, om_c_##name, 0}
static double fmod_of(double x, double y) { return om_c_fmod(x, y); }
static double remainder_of(double x, double y) { return om_c_remainder(x, y); }

static const function functions[] = {
    ONE(acos), ONE(acosh), ONE(asin), ONE(asinh), ONE(atan),  ONE(atanh), ONE(cos), ONE(cosh), ONE(erf), ONE(erfc), ONE(exp),
    ONE(exp2), ONE(expm1), ONE(log),  ONE(log10), ONE(log1p), ONE(log2),  ONE(sin), ONE(sinh), ONE(tan), ONE(tanh),
    {"sqrt", sqrt_of, 0},      {"rint", rint_of, 0},   {"round", round_of, 0},         {"pow", 0, om_c_pow},
    {"atan2", 0, om_c_atan2},  {"hypot", 0, om_c_hypot}, {"fmod", 0, fmod_of},         {"remainder", 0, remainder_of},
};
enum { FUNCTIONS = sizeof functions / sizeof *functions };

static uint64_t state;

static double argument(int i) {
  state ^= state << 13;
  state ^= state >> 7;
  state ^= state << 17;
  return i % 2 ? om_from_bits64(state) : (double)(int64_t)state * 0x1p-59;
}

uint64_t sample(int index);
#if !__STDC_HOSTED__
__attribute__((visibility("default"), export_name("sample")))
#endif
uint64_t sample(int index) {
  const function *f = &functions[index];
  uint64_t hash = 0;
  state = 88172645463325252u;
  for (int i = 0; i < 20000; i++) {
    const double x = argument(i), y = f->one ? f->one(x) : f->two(x, argument(i));
    hash = (hash ^ (y != y ? 1 : om_bits64(y))) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return hash;
}

#if __STDC_HOSTED__
int main(void) {
  for (int i = 0; i < FUNCTIONS; i++) printf("%s %llx\n", functions[i].name, (unsigned long long)sample(i));
  return 0;
}
#endif
