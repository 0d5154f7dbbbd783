/* Numbers written as text. */
#ifndef OM_TEXT_H
#define OM_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "decimal.h"

static inline const char *om_skip_space(const char *text) {
  while (*text == ' ' || (*text >= '\t' && *text <= '\r')) text++;
  return text;
}

/* Whether a text begins with a word, in any case. */
static inline bool om_begins_with(const char *text, const char *word) {
  while (*word && (*text | 32) == *word) text++, word++;
  return *word == 0;
}

/* The number that a text begins with, plain or scientific, INF and NaN in any case; gives its end, or `text` where there is
 * none. */
static inline const char *om_read_float(const char *text, double *value) {
  const char *from = om_skip_space(text);
  const bool negative = *from == '-';
  if (*from == '-' || *from == '+') from++;
  const char *end = from;
  double size = 0;
  if (om_begins_with(from, "inf")) end = from + (om_begins_with(from, "infinity") ? 8 : 3), size = __builtin_inf();
  else if (om_begins_with(from, "nan")) end = from + 3, size = __builtin_nan("");
  else {
    om_decimal d;
    end = om_decimal_read(&d, from);
    size = om_decimal_to_double(&d);
  }
  *value = negative ? -size : size;
  return end == from ? text : end;
}

/* The number that a whole text stands for; false where it is none. */
static inline bool om_parse_float(const char *text, double *value) {
  const char *end = om_read_float(text, value);
  return end != text && *end == 0;
}

/* The same for integers: exact in 64 bits, of which those beyond are the largest; other numbers are truncated. */
static inline bool om_parse_integer(const char *text, int64_t *value) {
  const char *at = om_skip_space(text);
  const bool negative = *at == '-';
  const uint64_t most = negative ? UINT64_C(1) << 63 : UINT64_MAX;
  if (*at == '-' || *at == '+') at++;
  const char *from = at;
  uint64_t n = 0;
  for (; *at >= '0' && *at <= '9'; at++) {
    const uint64_t digit = (uint64_t)(*at - '0');
    n = n > (most - digit) / 10 ? most : 10 * n + digit;
  }
  *value = (int64_t)(negative ? 0 - n : n);
  if (at != from && *at == 0) return true;
  double real;
  if (!om_parse_float(text, &real) || !(real >= -0x1p63 && real < 0x1p63)) return false;
  *value = (int64_t)real;
  return true;
}

/* Bytes that any number takes as text, with the zero behind it. */
#define OM_NUMBER_BYTES 40

/* Writes an integer; gives the end. */
static inline char *om_format_unsigned(char *to, uint64_t value) {
  char digits[20];
  int count = 0;
  do digits[count++] = (char)('0' + value % 10);
  while ((value /= 10) > 0);
  while (count > 0) *to++ = digits[--count];
  *to = 0;
  return to;
}
static inline char *om_format_integer(char *to, int64_t value) {
  if (value < 0) *to++ = '-';
  return om_format_unsigned(to, value < 0 ? 0 - (uint64_t)value : (uint64_t)value);
}

/* Writes a number of `digits` significant digits as NumPy does: plain with a point where its exponent of ten is from -4
 * to 15, else scientific. */
static inline void om_format_float(char *to, double value, int digits) {
  if (value != value || value - value != 0.0) {
    strcpy(to, value != value ? "nan" : value < 0.0 ? "-inf" : "inf");
    return;
  }
  om_decimal d;
  om_decimal_from_double(&d, value);
  om_decimal_round(&d, digits);
  if (__builtin_signbit(value)) *to++ = '-';
  const int exponent = d.count > 0 ? d.point - 1 : 0;
  const bool plain = exponent >= -4 && exponent < 16;
  const int last = plain ? exponent - digits + 1 : 1 - digits, first = plain ? exponent : 0;
  for (int place = first < 0 ? 0 : first; place >= last || (plain && place >= -1); place--) {
    if (place == -1) *to++ = '.';
    const int at = first - place;
    *to++ = (char)('0' + (at >= 0 && at < d.count ? d.digits[at] : 0));
  }
  *to = 0;
  if (plain) return;
  *to++ = 'e';
  *to++ = exponent < 0 ? '-' : '+';
  const int size = exponent < 0 ? -exponent : exponent;
  if (size < 10) *to++ = '0';
  om_format_integer(to, size);
}

/* Sets `digits` to the fewest that give `value` back; `same` compares it with `parsed`, a double, in its own type. */
#define OM_SHORTEST(digits, value, same)                                                                               \
  for (digits = 1; digits < 17 && (value) - (value) == 0; digits++) {                                                  \
    om_decimal attempt;                                                                                                \
    om_decimal_from_double(&attempt, (double)(value));                                                                 \
    om_decimal_round(&attempt, digits);                                                                                \
    const double size = om_decimal_to_double(&attempt), parsed = __builtin_signbit((double)(value)) ? -size : size;    \
    if (same) break;                                                                                                   \
  }

#endif
