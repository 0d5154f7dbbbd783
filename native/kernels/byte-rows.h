/* Rows of codes that are normalised, as codes, in integers alone. */
#ifndef OM_BYTE_ROWS_H
#define OM_BYTE_ROWS_H

#include "finish-integer.h"

OM_INLINE int32_t om_top_byte(const void *x, ptrdiff_t begin, ptrdiff_t n, bool is_signed) {
  int32_t top = -128;
  for (ptrdiff_t i = begin; i < begin + n; i++) {
    const int32_t code = om_read_byte(x, i, is_signed);
    top = code > top ? code : top;
  }
  return top;
}

/* Softmax of rows of n codes, as codes. table[d]: e to the power of what d codes stand for, below 0, times 2^23. The unit of
 * the results is digits * 2^power, digits < 2^24, -40 <= power <= 0; n <= 2^16, so that nothing overflows. */
OM_SHARED void om_softmax_bytes(const void *x, ptrdiff_t rows, ptrdiff_t n, bool is_signed, const uint32_t *table,
                                uint32_t digits, int power, int32_t zero, int32_t least, int32_t most, uint8_t *y) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    const int32_t top = om_top_byte(x, row * n, n, is_signed);
    uint64_t sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) sum += table[top - om_read_byte(x, row * n + i, is_signed)];
    const uint64_t unit = sum * digits;
    for (ptrdiff_t i = 0; i < n; i++) {
      const uint64_t share = (uint64_t)table[top - om_read_byte(x, row * n + i, is_signed)] << -power;
      const uint64_t whole = share / unit, rest = share % unit;
      const uint64_t more = 2 * rest > unit || (2 * rest == unit && (whole & 1));
      const int32_t code = whole > 255 ? most : zero + (int32_t)(whole + more);
      y[row * n + i] = (uint8_t)(code < least ? least : code > most ? most : code);
    }
  }
}

/* The logarithm to base 2 of x / 2^30, x >= 2^30, in units of 2^-28: rounded down, and of each square on the way as well,
 * which takes less than 1. */
OM_INLINE uint64_t om_log2_bits(uint64_t x) {
  const int power = 63 - __builtin_clzll(x);
  uint64_t part = power > 31 ? x >> (power - 31) : x << (31 - power), log = (uint64_t)(power - 30);
  for (int i = 0; i < 28; i++) {
    part = part * part >> 31;
    const uint64_t bit = part >> 32;
    part >>= bit;
    log = 2 * log + bit;
  }
  return log;
}

/* The logarithm of Softmax of rows of n codes, as codes, halves to even. table[d]: e to the power of what d codes stand for,
 * below 0, times 2^30; n <= 2^16. `x_unit`: what a code of x stands for, in codes of y, times 2^32, at most 2^40; `unit`: ln 2
 * in codes of y, times 2^24, below 2^32. */
OM_SHARED void om_log_softmax_bytes(const void *x, ptrdiff_t rows, ptrdiff_t n, bool is_signed, const uint32_t *table,
                                    uint64_t x_unit, uint64_t unit, int32_t zero, int32_t least, int32_t most,
                                    uint8_t *y) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    const int32_t top = om_top_byte(x, row * n, n, is_signed);
    uint64_t sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) sum += table[top - om_read_byte(x, row * n + i, is_signed)];
    const uint64_t log = (n > 0 ? om_log2_bits(sum) : 0) * unit >> 20;
    for (ptrdiff_t i = 0; i < n; i++) {
      const uint64_t below = log + x_unit * (uint64_t)(top - om_read_byte(x, row * n + i, is_signed));
      const uint64_t whole = below >> 32;
      const uint32_t rest = (uint32_t)below, half = 0x80000000u;
      const int32_t code = zero - (int32_t)(whole + (rest > half || (rest == half && (whole & 1))));
      y[row * n + i] = (uint8_t)(code < least ? least : code > most ? most : code);
    }
  }
}

/* Rows of n codes over the square root of the sum of their squares, in units of 2^-bits, bits <= 7, n <= 2^16: the code of the
 * true quotient, halves to even, without a root that is rounded. A row of `x_zero` stays 0. */
OM_SHARED void om_l2_bytes(const void *x, ptrdiff_t rows, ptrdiff_t n, bool is_signed, int32_t x_zero, int bits,
                           int32_t zero, int32_t least, int32_t most, uint8_t *y) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    uint32_t sum = 0;
    for (ptrdiff_t i = 0; i < n; i++) {
      const int32_t value = om_read_byte(x, row * n + i, is_signed) - x_zero;
      sum += (uint32_t)(value * value);
    }
    for (ptrdiff_t i = 0; i < n; i++) {
      const int32_t value = om_read_byte(x, row * n + i, is_signed) - x_zero;
      /* Twice the quotient, squared, is at most 2^(2 + 2 bits); the greatest whole number in its root tells the code. */
      const uint32_t square = (uint32_t)(value * value) << (2 * bits + 2), most_square = sum ? square / sum : 0;
      uint32_t halves = 0;
      for (uint32_t bit = 2u << bits; bit; bit >>= 1)
        if ((halves + bit) * (halves + bit) <= most_square) halves += bit;
      uint32_t size = (halves + 1) / 2;
      if ((halves & 1) && halves * halves * sum == square) size &= ~1u;
      const int32_t code = zero + (value < 0 ? -(int32_t)size : (int32_t)size);
      y[row * n + i] = (uint8_t)(code < least ? least : code > most ? most : code);
    }
  }
}

#endif
