/* Convolutions of 8-bit integers over any number of spatial axes, channels last: as integer products whose rows are
 * gathered from the window of each output pixel, and depthwise ones directly. */
#ifndef OM_CONV_INTEGER_H
#define OM_CONV_INTEGER_H

#include "gemm-integer.h"
#include "nd.h"

/* x[batch, in..., channels], y[batch, out..., out_channels]. */
typedef struct om_int_convolution {
  ptrdiff_t batch, channels, out_channels, groups;
  om_window_nd window;
} om_int_convolution;

/* Where the rows of one image's windows come from. */
typedef struct om_int_window {
  const uint8_t *image;      /* first channel of the group */
  ptrdiff_t pixel, channels; /* bytes between neighbouring pixels; channels of the group */
  const om_window_nd *window;
  uint8_t padding; /* the zero point: what padding counts as */
} om_int_window;

/* n bytes, xor flip. Short runs are what windows of few channels consist of: no call for them. */
OM_INLINE void om_copy_bytes(uint8_t *to, const uint8_t *from, ptrdiff_t n, uint8_t flip) {
  for (ptrdiff_t i = 0; i < n; i++) to[i] = from[i] ^ flip;
}

OM_INLINE void om_fill_bytes(uint8_t *to, ptrdiff_t n, uint8_t byte) {
  for (ptrdiff_t i = 0; i < n; i++) to[i] = byte;
}

/* One line of a window: the taps of the last axis, from input position `first` on; `line`: of the input, or NULL where the
 * window's line lies in the padding. */
OM_INLINE uint8_t *om_gather_line(const om_int_window *w, const uint8_t *line, ptrdiff_t first, uint8_t flip,
                                  uint8_t *to) {
  const om_window_nd *s = w->window;
  const int last = s->rank - 1;
  const ptrdiff_t taps = s->kernel[last], step = s->dilation[last], c = w->channels, in = s->in[last];
  const uint8_t padding = w->padding ^ flip;
  if (line && step == 1 && w->pixel == c) {
    const ptrdiff_t begin = om_min(om_max(0, -first), taps), end = om_max(begin, om_min(taps, in - first));
    om_fill_bytes(to, begin * c, padding);
    om_copy_bytes(to + begin * c, line + (first + begin) * c, (end - begin) * c, flip);
    om_fill_bytes(to + end * c, (taps - end) * c, padding);
  } else
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      const ptrdiff_t at = first + tap * step;
      if (line && at >= 0 && at < in) om_copy_bytes(to + tap * c, line + at * w->pixel, c, flip);
      else om_fill_bytes(to + tap * c, c, padding);
    }
  return to + taps * c;
}

/* om_int_gather of a convolution: row = output pixel. */
OM_SHARED void om_gather_windows(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t depth, uint8_t flip,
                                 uint8_t *block) {
  const om_int_window *w = (const om_int_window *)source;
  const om_window_nd *s = w->window;
  const int last = s->rank - 1;
  ptrdiff_t out[OM_MAX_SPATIAL] = {0};
  for (ptrdiff_t i = last, rest = row; i >= 0; i--) out[i] = rest % s->out[i], rest /= s->out[i];
  const ptrdiff_t lines = om_product_nd(s->kernel, last);
  for (ptrdiff_t r = 0; r < rows; r++) {
    uint8_t *to = block + r * depth;
    ptrdiff_t tap[OM_MAX_SPATIAL] = {0};
    for (ptrdiff_t line = 0; line < lines; line++) {
      ptrdiff_t offset = 0;
      bool inside = true;
      for (int i = 0; i < last; i++) {
        const ptrdiff_t at = out[i] * s->stride[i] - s->pad_begin[i] + tap[i] * s->dilation[i];
        inside &= at >= 0 && at < s->in[i];
        offset = offset * s->in[i] + at;
      }
      const uint8_t *from = inside ? w->image + offset * s->in[last] * w->pixel : NULL;
      to = om_gather_line(w, from, out[last] * s->stride[last] - s->pad_begin[last], flip, to);
      for (int i = last - 1; i >= 0 && ++tap[i] == s->kernel[i]; i--) tap[i] = 0;
    }
    for (int i = last; i >= 0 && ++out[i] == s->out[i]; i--) out[i] = 0;
  }
}

/* `p`: the product of one group and image, without its sizes; B is packed per group, taps by channels, one after another.
 * Zero points, scales and biases are those of all output channels. scratch: OM_INT_SCRATCH(taps * channels / groups). */
OM_SHARED void om_conv_integers(const void *x, const om_int_convolution *s, const om_int_product *whole, void *scratch) {
  const ptrdiff_t pixels = om_product_nd(s->window.in, s->window.rank);
  const ptrdiff_t outs = om_product_nd(s->window.out, s->window.rank);
  const ptrdiff_t taps = om_product_nd(s->window.kernel, s->window.rank);
  const ptrdiff_t channels = s->channels / s->groups, columns = s->out_channels / s->groups;
  const ptrdiff_t size = whole->result == OM_INT_SUMS || whole->result == OM_INT_FLOATS ? 4 : 1;
  const uint8_t padding = whole->a_zero ? *(const uint8_t *)whole->a_zero : 0;
  for (ptrdiff_t image = 0; image < s->batch; image++)
    for (ptrdiff_t group = 0; group < s->groups; group++) {
      const ptrdiff_t column = group * columns;
      om_int_product p = *whole;
      p.m = outs, p.n = columns, p.k = taps * channels, p.y_row = s->out_channels;
      p.packed += group * OM_INT_PACKED(p.k, p.n);
      p.sums += column;
      if (p.b_zero) p.b_zero = (const uint8_t *)p.b_zero + column * p.b_zero_step;
      if (p.scale) p.scale += column * p.scale_step;
      if (p.bias) p.bias += column;
      if (p.float_bias) p.float_bias += column;
      p.y = (uint8_t *)p.y + (image * outs * s->out_channels + column) * size;
      const om_int_window source = {(const uint8_t *)x + image * pixels * s->channels + group * channels, s->channels,
                                    channels, &s->window, padding};
      om_int_gemm_gathered(om_gather_windows, &source, &p, scratch);
    }
}

/* Weights [channels, 1, taps] of a depthwise convolution less their zero points, as [taps, channels] of 16 bits. */
OM_SHARED void om_pack_depthwise_integers(const void *w, ptrdiff_t channels, ptrdiff_t taps, bool is_signed,
                                          const void *zero, ptrdiff_t zero_step, int16_t *packed) {
  for (ptrdiff_t c = 0; c < channels; c++) {
    const int32_t moved = zero ? om_read_byte(zero, c * zero_step, is_signed) : 0;
    for (ptrdiff_t tap = 0; tap < taps; tap++)
      packed[tap * channels + c] = (int16_t)(om_read_byte(w, c * taps + tap, is_signed) - moved);
  }
}

/* sum[count] += (x - zero) * w. */
OM_INLINE void om_depthwise_tap(const void *x, const int16_t *w, int32_t *sum, ptrdiff_t count, int32_t zero,
                                const bool is_signed) {
  if (is_signed)
    for (ptrdiff_t c = 0; c < count; c++) sum[c] += (((const int8_t *)x)[c] - zero) * w[c];
  else
    for (ptrdiff_t c = 0; c < count; c++) sum[c] += (((const uint8_t *)x)[c] - zero) * w[c];
}

/* groups == channels == out_channels. `whole`: as for om_conv_integers, without B, whose weights are w; its b_zero and
 * sums are not looked at. */
OM_SHARED void om_depthwise_integers(const void *x, const int16_t *w, const om_int_convolution *s,
                                     const om_int_product *whole) {
  const om_window_nd *window = &s->window;
  const ptrdiff_t pixels = om_product_nd(window->in, window->rank), outs = om_product_nd(window->out, window->rank);
  const ptrdiff_t taps = om_product_nd(window->kernel, window->rank);
  const int32_t zero = whole->a_zero ? om_read_byte(whole->a_zero, 0, whole->a_signed) : 0;
  om_int_product p = *whole;
  p.y_row = p.n = s->channels, p.k = 0, p.b_zero = NULL, p.b_signed = true;
  int32_t sum[OM_INT_COLUMNS];
  for (ptrdiff_t image = 0; image < s->batch; image++)
    for (ptrdiff_t at = 0; at < outs; at++)
      for (ptrdiff_t c = 0; c < s->channels; c += OM_INT_COLUMNS) {
        const ptrdiff_t count = om_min(OM_INT_COLUMNS, s->channels - c);
        memset(sum, 0, (size_t)count * sizeof *sum);
        for (ptrdiff_t tap = 0; tap < taps; tap++) {
          const ptrdiff_t from = om_tap_nd(window, at, tap);
          if (from < 0) continue;
          const uint8_t *under = (const uint8_t *)x + (image * pixels + from) * s->channels + c;
          if (p.a_signed) om_depthwise_tap(under, w + tap * s->channels + c, sum, count, zero, true);
          else om_depthwise_tap(under, w + tap * s->channels + c, sum, count, zero, false);
        }
        om_int_finish(&p, sum, image * outs + at, c, count, 0, 0);
      }
}

#endif
