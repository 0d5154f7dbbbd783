/* Numbers written as text. */
#ifndef OM_TEXT_H
#define OM_TEXT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

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

#endif
