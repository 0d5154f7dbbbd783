/* Doubles from and to decimal digits, exactly: a decimal fraction that can be multiplied and divided by powers of two.
 * No double has more than 767 significant digits; what a text has beyond OM_MOST_DIGITS counts only by being there. */
#ifndef OM_DECIMAL_H
#define OM_DECIMAL_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

enum { OM_MOST_DIGITS = 800, OM_MOST_SHIFT = 60 };

/* 0.d1d2d3… times 10^point; no zeros at either end, and no digits for zero. */
typedef struct om_decimal {
  int count, point;
  bool more; /* further digits, not all zero, did not fit */
  uint8_t digits[OM_MOST_DIGITS];
} om_decimal;

static inline void om_decimal_trim(om_decimal *d) {
  while (d->count > 0 && d->digits[d->count - 1] == 0) d->count--;
  if (d->count == 0) d->point = 0;
}

/* Times 2^k, k <= OM_MOST_SHIFT: from the last digit to the first, and on until nothing is carried. */
static inline void om_decimal_double(om_decimal *d, int k) {
  uint8_t carried[20];
  int longer = 0;
  uint64_t rest = 0;
  for (int i = d->count - 1; i >= 0; i--) {
    rest += (uint64_t)d->digits[i] << k;
    d->digits[i] = (uint8_t)(rest % 10);
    rest /= 10;
  }
  for (; rest > 0; rest /= 10) carried[longer++] = (uint8_t)(rest % 10);
  int kept = d->count;
  for (; kept + longer > OM_MOST_DIGITS; kept--) d->more |= d->digits[kept - 1] != 0;
  memmove(d->digits + longer, d->digits, (size_t)kept);
  for (int i = 0; i < longer; i++) d->digits[i] = carried[longer - 1 - i];
  d->count = kept + longer;
  d->point += longer;
  om_decimal_trim(d);
}

/* Divided by 2^k, k <= OM_MOST_SHIFT: long division, from the first digit to the last. */
static inline void om_decimal_halve(om_decimal *d, int k) {
  const uint64_t mask = (UINT64_C(1) << k) - 1;
  uint64_t rest = 0;
  int written = 0;
  for (int i = 0; i < d->count || rest > 0; i++) {
    rest = rest * 10 + (i < d->count ? d->digits[i] : 0);
    const uint8_t digit = (uint8_t)(rest >> k);
    rest &= mask;
    if (written == 0 && digit == 0) d->point--;
    else if (written < OM_MOST_DIGITS) d->digits[written++] = digit;
    else d->more |= digit != 0;
  }
  d->count = written;
  om_decimal_trim(d);
}

/* Times 2^k, whatever the sign of k. */
static inline void om_decimal_scale(om_decimal *d, int k) {
  while (k != 0 && d->count > 0) {
    const int size = k < 0 ? -k : k, step = size < OM_MOST_SHIFT ? size : OM_MOST_SHIFT;
    if (k > 0) om_decimal_double(d, step);
    else om_decimal_halve(d, step);
    k -= k > 0 ? step : -step;
  }
}

/* Whether cutting off behind `count` digits (fewer than none: all of them and some zeros) has to round up: to the nearest,
 * ties to the even one. */
static inline bool om_decimal_rounds_up(const om_decimal *d, int count) {
  if (count < 0 || count >= d->count) return false;
  if (d->digits[count] != 5 || d->more || count + 1 < d->count) return d->digits[count] >= 5;
  return count > 0 && d->digits[count - 1] % 2 == 1;
}

/* Keeps `count` significant digits, at least one. */
static inline void om_decimal_round(om_decimal *d, int count) {
  if (count >= d->count) return;
  const bool up = om_decimal_rounds_up(d, count);
  d->count = count;
  d->more = false;
  if (up) {
    while (d->count > 0 && d->digits[d->count - 1] == 9) d->count--;
    if (d->count > 0) d->digits[d->count - 1]++;
    else d->digits[d->count++] = 1, d->point++;
  }
  om_decimal_trim(d);
}

/* The digits of a number, without its sign; not of infinities and NaN. */
static inline void om_decimal_from_double(om_decimal *d, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  const int biased = (int)(bits >> 52 & 0x7ff);
  uint64_t mantissa = (bits & ((UINT64_C(1) << 52) - 1)) | (uint64_t)(biased > 0) << 52;
  const int zeros = mantissa ? __builtin_ctzll(mantissa) : 0;
  d->count = d->point = 0;
  d->more = false;
  for (uint64_t rest = mantissa >>= zeros; rest > 0; rest /= 10) d->count++;
  for (int i = d->point = d->count; i > 0; mantissa /= 10) d->digits[--i] = (uint8_t)(mantissa % 10);
  om_decimal_trim(d);
  om_decimal_scale(d, (biased > 0 ? biased : 1) - 1075 + zeros);
}

/* The digits before the point as an integer, to the nearest, ties to the even one. */
static inline uint64_t om_decimal_to_integer(const om_decimal *d) {
  uint64_t n = 0;
  for (int i = 0; i < d->point; i++) n = 10 * n + (i < d->count ? d->digits[i] : 0);
  return n + om_decimal_rounds_up(d, d->point);
}

/* The nearest double, without a sign; the digits are used up. */
static inline double om_decimal_to_double(om_decimal *d) {
  if (d->count <= 15 && !d->more && d->count - d->point <= 22 && d->point - d->count <= 22) {
    /* Both the digits and the power of ten are doubles, so one operation rounds once: W. Clinger, "How to Read Floating
     * Point Numbers Accurately", 1990. */
    double digits = 0, power = 1;
    for (int i = 0; i < d->count; i++) digits = digits * 10 + d->digits[i];
    for (int e = d->point - d->count; e != 0; e += e < 0 ? 1 : -1) power *= 10;
    return d->point < d->count ? digits / power : digits * power;
  }
  uint64_t bits = UINT64_C(0x7ff) << 52;
  if (d->point < -325) bits = 0;
  else if (d->point <= 310) {
    /* To a fraction in [1/2, 1) times 2^exponent. Ten is more than 2^3. */
    int exponent = 0;
    while (d->point > 0) {
      const int k = d->point > 20 ? OM_MOST_SHIFT : 3 * d->point - 2;
      om_decimal_halve(d, k);
      exponent += k;
    }
    while (d->point < 0 || d->digits[0] < 5) {
      const int k = d->point < -20 ? OM_MOST_SHIFT : d->point < 0 ? -3 * d->point : 1;
      om_decimal_double(d, k);
      exponent -= k;
    }
    const int lowest = exponent < -1021 ? -1074 : exponent - 53; /* the power of two that the last bit stands for */
    om_decimal_scale(d, exponent - lowest);
    const uint64_t mantissa = om_decimal_to_integer(d);
    if (exponent <= 1024) bits = mantissa + ((uint64_t)(exponent < -1021 ? 0 : exponent + 1021) << 52);
  }
  double value;
  memcpy(&value, &bits, sizeof value);
  return value;
}

/* Reads digits with a point and an exponent; gives the end of the number, or `text` where there is none. */
static inline const char *om_decimal_read(om_decimal *d, const char *text) {
  const char *at = text;
  bool any = false, point = false;
  d->count = d->point = 0;
  d->more = false;
  for (;; at++) {
    if (*at == '.' && !point) {
      point = true;
      continue;
    }
    if (*at < '0' || *at > '9') break;
    any = true;
    if (d->count > 0 || *at != '0') {
      if (d->count < OM_MOST_DIGITS) d->digits[d->count++] = (uint8_t)(*at - '0');
      else d->more |= *at != '0';
      if (!point && d->point < 1000000) d->point++;
    } else if (point && d->point > -1000000) d->point--;
  }
  if (!any) return text;
  if (*at == 'e' || *at == 'E') {
    const char *power = at + 1;
    const bool negative = *power == '-';
    if (*power == '-' || *power == '+') power++;
    int exponent = 0;
    const bool known = *power >= '0' && *power <= '9';
    for (; *power >= '0' && *power <= '9'; power++)
      if (exponent < 10000000) exponent = 10 * exponent + (*power - '0');
    if (known) at = power, d->point += negative ? -exponent : exponent;
  }
  om_decimal_trim(d);
  return at;
}

#endif
