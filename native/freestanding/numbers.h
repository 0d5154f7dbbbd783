/* The functions of <stdlib.h> that read numbers from text. */
#ifndef OM_FREESTANDING_NUMBERS_H
#define OM_FREESTANDING_NUMBERS_H

#include <limits.h>

#include "text.h"

static inline double om_c_strtod(const char *text, char **end) {
  double value;
  const char *at = om_read_float(text, &value);
  if (end) *end = (char *)at;
  return value;
}

/* The size of an integer in a base from 2 to 36 (0: as in C), at most `most`; gives its end, or `text` where there is none. */
static inline const char *om_read_integer(const char *text, int base, uint64_t most, bool *negative, uint64_t *size) {
  const char *at = om_skip_space(text);
  *negative = *at == '-';
  if (*at == '-' || *at == '+') at++;
  const bool hexadecimal = at[0] == '0' && (at[1] | 32) == 'x' &&
                           ((at[2] >= '0' && at[2] <= '9') || ((at[2] | 32) >= 'a' && (at[2] | 32) <= 'f'));
  if ((base == 0 || base == 16) && hexadecimal) at += 2, base = 16;
  if (base == 0) base = *at == '0' ? 8 : 10;
  const char *from = at;
  for (*size = 0;; at++) {
    const int letter = *at | 32;
    const int digit = *at >= '0' && *at <= '9' ? *at - '0' : letter >= 'a' && letter <= 'z' ? letter - 'a' + 10 : 36;
    if (digit >= base) break;
    *size = *size > (most - (uint64_t)digit) / (uint64_t)base ? most : *size * (uint64_t)base + (uint64_t)digit;
  }
  return at == from ? text : at;
}

static inline unsigned long long om_c_strtoull(const char *text, char **end, int base) {
  bool negative;
  uint64_t size;
  const char *at = om_read_integer(text, base, UINT64_MAX, &negative, &size);
  if (end) *end = (char *)at;
  return negative && size != UINT64_MAX ? 0 - size : size;
}

static inline long long om_c_strtoll(const char *text, char **end, int base) {
  bool negative;
  uint64_t size;
  const char *at = om_read_integer(text, base, UINT64_C(1) << 63, &negative, &size);
  if (end) *end = (char *)at;
  if (!negative) return size > INT64_MAX ? INT64_MAX : (long long)size;
  return (long long)(0 - size);
}

static inline long om_c_strtol(const char *text, char **end, int base) {
  const long long value = om_c_strtoll(text, end, base);
  return value > LONG_MAX ? LONG_MAX : value < LONG_MIN ? LONG_MIN : (long)value;
}

#endif
