/* Numbers written as text. */
#ifndef OM_TEXT_H
#define OM_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The number that a whole text stands for, plain or scientific, INF and NaN in any case; false where it is none. */
static inline bool om_parse_float(const char *text, double *value) {
  char *end;
  *value = strtod(text, &end);
  return end != text && *end == 0;
}

/* The same for integers, exact in 64 bits; other numbers are truncated. */
static inline bool om_parse_integer(const char *text, int64_t *value) {
  char *end;
  const bool negative = text[0] == '-';
  *value = negative ? (int64_t)strtoll(text, &end, 10) : (int64_t)strtoull(text, &end, 10);
  if (end != text && *end == 0) return true;
  double real;
  if (!om_parse_float(text, &real) || !(real >= -0x1p63 && real < 0x1p63)) return false;
  *value = (int64_t)real;
  return true;
}

/* Bytes that any number takes as text, with the zero behind it. */
#define OM_NUMBER_BYTES 40

/* Writes a number of `digits` significant digits as NumPy does: plain with a point where its exponent of ten is from -4
 * to 15, else scientific. */
static inline void om_format_float(char *to, double value, int digits) {
  if (value != value || value - value != 0.0) {
    strcpy(to, value != value ? "nan" : value < 0.0 ? "-inf" : "inf");
    return;
  }
  char scientific[OM_NUMBER_BYTES];
  snprintf(scientific, sizeof scientific, "%.*e", digits - 1, value);
  const int exponent = atoi(strchr(scientific, 'e') + 1);
  if (exponent < -4 || exponent >= 16) {
    strcpy(to, scientific);
    return;
  }
  const char *digit = scientific;
  if (*digit == '-') *to++ = *digit++;
  for (int place = exponent < 0 ? 0 : exponent, last = exponent - digits + 1; place >= last || place >= -1; place--) {
    if (place == -1) *to++ = '.';
    const bool known = place <= exponent && place >= last;
    *to++ = known ? *digit : '0';
    if (known) digit += digit[1] == '.' ? 2 : 1;
  }
  *to = 0;
}

/* Sets `digits` to the fewest that give `value` back; `same` compares it with `parsed`, a double, in its own type. */
#define OM_SHORTEST(digits, value, same)                                                                               \
  for (digits = 1; digits < 17; digits++) {                                                                            \
    char attempt[OM_NUMBER_BYTES];                                                                                     \
    snprintf(attempt, sizeof attempt, "%.*e", digits - 1, (double)(value));                                            \
    const double parsed = strtod(attempt, NULL);                                                                       \
    if (same) break;                                                                                                   \
  }

#endif
