/* What quantised networks do beside products, on codes and in integers alone. */
#ifndef OM_BYTES_H
#define OM_BYTES_H

#include "finish-integer.h"

/* Averages of the codes of each channel: x[batch, pixels, channels], of the product's type of A; y[batch, channels]. The
 * product's fields tell zero points, what a sum is multiplied with to be a code, and what is added before it is rounded. */
OM_SHARED void om_average_bytes(const void *x, ptrdiff_t batch, ptrdiff_t pixels, const om_int_product *p) {
  om_int_columns columns;
  const int32_t zero = p->a_zero ? om_read_byte(p->a_zero, 0, p->a_signed) : 0;
  for (ptrdiff_t n0 = 0; n0 < p->n; n0 += OM_INT_COLUMNS) {
    const ptrdiff_t count = om_min(OM_INT_COLUMNS, p->n - n0);
    om_int_prepare(p, n0, count, 0, &columns);
    for (ptrdiff_t image = 0; image < batch; image++) {
      int32_t sum[OM_INT_COLUMNS + OM_LANES];
      for (ptrdiff_t j = 0; j < count + OM_LANES; j++) sum[j] = -(int32_t)pixels * zero;
      for (ptrdiff_t i = 0; i < pixels; i++)
        for (ptrdiff_t j = 0; j < count; j++) sum[j] += om_read_byte(x, (image * pixels + i) * p->n + n0 + j, p->a_signed);
      om_int_finish(p, sum, OM_INT_COLUMNS, image, 1, n0, count, &columns, 0, NULL);
    }
  }
}

/* Sums of what codes stand for, as codes: (a_table[a] + b_table[b]) / 2^shift, rounded down; where `even`, a sum of which
 * nothing is lost becomes the even code of two, counted from `zero`. Kept within least and most. */
OM_SHARED void om_sum_bytes(const uint8_t *a, const uint8_t *b, const int32_t *a_table, const int32_t *b_table, ptrdiff_t n,
                            int shift, bool even, int32_t zero, int32_t least, int32_t most, uint8_t *y) {
  for (ptrdiff_t i = 0; i < n; i++) {
    const int32_t sum = a_table[a[i]] + b_table[b[i]];
    int32_t code = sum >> shift;
    if (even && (sum & (((int32_t)1 << shift) - 1)) == 0) code -= (code - zero) & 1;
    y[i] = (uint8_t)(code < least ? least : code > most ? most : code);
  }
}

/* Softmax of rows of n codes, as codes. table[d]: e to the power of what d codes stand for, below 0, times 2^23. The unit of
 * the results is digits * 2^power, digits < 2^24, -40 <= power <= 0; n <= 2^16, so that nothing overflows. */
OM_SHARED void om_softmax_bytes(const void *x, ptrdiff_t rows, ptrdiff_t n, bool is_signed, const uint32_t *table,
                                uint32_t digits, int power, int32_t zero, int32_t least, int32_t most, uint8_t *y) {
  for (ptrdiff_t row = 0; row < rows; row++) {
    int32_t top = -128;
    for (ptrdiff_t i = 0; i < n; i++) {
      const int32_t code = om_read_byte(x, row * n + i, is_signed);
      top = code > top ? code : top;
    }
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

#endif
