/* What quantised networks do beside products, on codes and in integers alone. */
#ifndef OM_BYTES_H
#define OM_BYTES_H

#include "finish-integer.h"
#include "pool.h"

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

/* Averages of the codes in each window, which lie inside the image: x of the product's type of A, channels last and dense. The
 * product's scale and nudge (or NULL) are tables by how many codes a window has. */
OM_SHARED void om_average_windows(const void *x, const om_pool2d_shape *s, const om_int_product *p) {
  om_int_columns columns;
  om_int_product q = *p;
  const int32_t zero = p->a_zero ? om_read_byte(p->a_zero, 0, p->a_signed) : 0;
  for (ptrdiff_t n0 = 0; n0 < p->n; n0 += OM_INT_COLUMNS) {
    const ptrdiff_t count = om_min(OM_INT_COLUMNS, p->n - n0);
    ptrdiff_t prepared = -1;
    for (ptrdiff_t pixel = 0; pixel < s->batch * s->out_height * s->out_width; pixel++) {
      const ptrdiff_t row = pixel / s->out_width, ox = pixel % s->out_width, oy = row % s->out_height;
      const om_span ky = om_span_taps(oy, s->height, s->kernel_height, s->stride_height, s->dilation_height, s->pad_top);
      const om_span kx = om_span_taps(ox, s->width, s->kernel_width, s->stride_width, s->dilation_width, s->pad_left);
      const ptrdiff_t taps = om_max(0, ky.end - ky.begin) * om_max(0, kx.end - kx.begin);
      if (taps != prepared) {
        q.scale = p->scale + taps;
        if (p->nudge) q.nudge = p->nudge + taps;
        om_int_prepare(&q, n0, count, 0, &columns);
        prepared = taps;
      }
      int32_t sum[OM_INT_COLUMNS + OM_LANES];
      for (ptrdiff_t j = 0; j < count + OM_LANES; j++) sum[j] = -(int32_t)taps * zero;
      for (ptrdiff_t i = ky.begin; i < ky.end; i++)
        for (ptrdiff_t k = kx.begin; k < kx.end; k++) {
          const ptrdiff_t iy = row / s->out_height * s->height + oy * s->stride_height - s->pad_top + i * s->dilation_height;
          const ptrdiff_t at = iy * s->width + ox * s->stride_width - s->pad_left + k * s->dilation_width;
          for (ptrdiff_t j = 0; j < count; j++) sum[j] += om_read_byte(x, at * p->n + n0 + j, p->a_signed);
        }
      om_int_finish(&q, sum, OM_INT_COLUMNS, pixel, 1, n0, count, &columns, 0, NULL);
    }
  }
}

/* Functions of two codes that are lines in the second for each of the first, over two tensors. */
typedef struct om_byte_pairs {
  ptrdiff_t count[3], a[3], b[3]; /* loops over a result that is dense, and how far they step in both */
  const int32_t *lines;           /* slope and start for each of a's bits */
  const uint8_t *shifts;          /* bits behind the point for each, or NULL */
  int32_t flip, pivot;            /* b counts from the pivot, as it is less the least of its type: 128 of int8, else 0 */
  int32_t nudge;                  /* what slopes make of it is moved away from 0 by */
  int32_t shift;                  /* bits behind the point of all */
  bool even;                      /* a number of which nothing is lost becomes the even code of two, counted from `zero` */
  int32_t zero, least, most;
} om_byte_pairs;

/* y = (slope * b + start) / 2^shift, rounded down, from least to most. */
OM_SHARED void om_pair_bytes(const uint8_t *a, const uint8_t *b, const om_byte_pairs *p, uint8_t *y) {
  for (ptrdiff_t i = 0; i < p->count[0]; i++)
    for (ptrdiff_t j = 0; j < p->count[1]; j++) {
      const uint8_t *from = a + i * p->a[0] + j * p->a[1], *with = b + i * p->b[0] + j * p->b[1];
      for (ptrdiff_t k = 0; k < p->count[2]; k++, from += p->a[2], with += p->b[2]) {
        const int32_t *line = p->lines + 2 * *from, shift = p->shifts ? p->shifts[*from] : p->shift;
        int32_t value = line[0] * ((*with ^ p->flip) - p->pivot);
        value += line[1] + (value < 0 ? -p->nudge : p->nudge);
        int32_t code = value >> shift;
        if (p->even && (value & (((int32_t)1 << shift) - 1)) == 0) code -= (code - p->zero) & 1;
        *y++ = (uint8_t)(code < p->least ? p->least : code > p->most ? p->most : code);
      }
    }
}

/* Of both axes: how many elements there are before and after, and what two neighbours' weights add up to. */
typedef struct om_byte_resize {
  ptrdiff_t outer, height, width, inner, out_height, out_width;
  int32_t rows_one, columns_one;
} om_byte_resize;

/* Codes between those of four neighbours of x[outer, height, width, inner]: `rows` and `columns` have for each of the result
 * its first neighbour and the weight of the next. Halves go away from `zero`, or where `even` to the even code, counted from
 * it. 255 * rows_one * columns_one < 2^31. */
OM_SHARED void om_resize_bytes(const void *x, const om_byte_resize *s, bool is_signed, const int32_t *rows,
                               const int32_t *columns, bool even, int32_t zero, uint8_t *y) {
  const uint32_t one = (uint32_t)(s->rows_one * s->columns_one);
  for (ptrdiff_t line = 0; line < s->outer * s->out_height; line++) {
    const int32_t *row = rows + 2 * (line % s->out_height);
    const ptrdiff_t top = line / s->out_height * s->height + row[0], bottom = top + (row[1] != 0);
    for (ptrdiff_t ox = 0; ox < s->out_width; ox++) {
      const ptrdiff_t left = columns[2 * ox], right = left + (columns[2 * ox + 1] != 0);
      const int32_t down = row[1], up = s->rows_one - down, after = columns[2 * ox + 1], before = s->columns_one - after;
      for (ptrdiff_t c = 0; c < s->inner; c++) {
#define OM_AT(row, column) om_read_byte(x, ((row) * s->width + (column)) * s->inner + c, is_signed)
        const int32_t sum = up * (before * OM_AT(top, left) + after * OM_AT(top, right)) +
                            down * (before * OM_AT(bottom, left) + after * OM_AT(bottom, right)) - zero * (int32_t)one;
#undef OM_AT
        const uint32_t size = sum < 0 ? 0u - (uint32_t)sum : (uint32_t)sum, whole = size / one, rest = 2 * (size % one);
        const int32_t code = (int32_t)(whole + (rest > one || (rest == one && (!even || (whole & 1)))));
        *y++ = (uint8_t)(zero + (sum < 0 ? -code : code));
      }
    }
  }
}

#endif
