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

/* Lines of windows (all taps but those of the last axis) whose places are looked up instead of computed. */
#define OM_INT_LINES 64

/* Whether the window at output pixel `out` lies in the input. */
OM_INLINE bool om_window_inside(const om_window_nd *s, const ptrdiff_t *out) {
  for (int i = 0; i < s->rank; i++) {
    const ptrdiff_t first = out[i] * s->stride[i] - s->pad_begin[i];
    if (first < 0 || first + (s->kernel[i] - 1) * s->dilation[i] >= s->in[i]) return false;
  }
  return true;
}

/* Pixels from an input element to that under line `line` of a window that begins there. */
OM_INLINE ptrdiff_t om_line_offset(const om_window_nd *s, ptrdiff_t line) {
  ptrdiff_t offset = 0, step = s->in[s->rank - 1];
  for (int i = s->rank - 2; i >= 0; i--) {
    offset += line % s->kernel[i] * s->dilation[i] * step;
    line /= s->kernel[i];
    step *= s->in[i];
  }
  return offset;
}

/* om_int_gather of a convolution: row = output pixel. */
OM_SHARED void om_gather_windows(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t depth, uint8_t flip,
                                 uint8_t *block) {
  const om_int_window *w = (const om_int_window *)source;
  const om_window_nd *s = w->window;
  const int last = s->rank - 1;
  const ptrdiff_t lines = om_product_nd(s->kernel, last), step = s->dilation[last] * w->pixel;
  const bool dense = s->dilation[last] == 1 && w->pixel == w->channels;
  const ptrdiff_t runs = dense ? 1 : s->kernel[last], length = dense ? s->kernel[last] * w->channels : w->channels;
  ptrdiff_t out[OM_MAX_SPATIAL] = {0}, offsets[OM_INT_LINES];
  for (ptrdiff_t line = 0; line < om_min(lines, OM_INT_LINES); line++) offsets[line] = om_line_offset(s, line) * w->pixel;
  for (ptrdiff_t i = last, rest = row; i >= 0; i--) out[i] = rest % s->out[i], rest /= s->out[i];
  for (ptrdiff_t r = 0; r < rows; r++) {
    uint8_t *to = block + r * depth;
    if (lines <= OM_INT_LINES && om_window_inside(s, out)) {
      ptrdiff_t first = 0;
      for (int i = 0; i <= last; i++) first = first * s->in[i] + out[i] * s->stride[i] - s->pad_begin[i];
      const uint8_t *from = w->image + first * w->pixel;
      for (ptrdiff_t line = 0; line < lines; line++)
        for (ptrdiff_t run = 0; run < runs; run++, to += length)
          om_copy_bytes(to, from + offsets[line] + run * step, length, flip);
    } else {
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

/* Elements of packed depthwise weights. */
#define OM_INT_DEPTHWISE_PACKED(channels, taps) ((taps) * om_round_up(channels, OM_LANES))

/* Weights [channels, 1, taps] of a depthwise convolution less their zero points, as int32 [taps, whole vectors of channels]. */
OM_SHARED void om_pack_depthwise_integers(const void *w, ptrdiff_t channels, ptrdiff_t taps, bool is_signed,
                                          const void *zero, ptrdiff_t zero_step, int32_t *packed) {
  const ptrdiff_t row = om_round_up(channels, OM_LANES);
  for (ptrdiff_t c = 0; c < row; c++) {
    const int32_t moved = zero && c < channels ? om_read_byte(zero, c * zero_step, is_signed) : 0;
    for (ptrdiff_t tap = 0; tap < taps; tap++)
      packed[tap * row + c] = c < channels ? om_read_byte(w, c * taps + tap, is_signed) - moved : 0;
  }
}

/* The first n (all OM_LANES, if `whole`) of some bytes, unsigned, xor flip, one per lane. */
OM_INLINE om_vi om_load_lanes(const uint8_t *p, ptrdiff_t n, const bool whole, const uint8_t flip) {
  uint8_t room[OM_LANES] = {0};
  if (!whole) memcpy(room, p, (size_t)n);
  const om_vi v = om_load_bytes(whole ? p : room);
  return flip ? v ^ om_splat_int(flip) : v;
}

/* Output pixels that are computed at once where their windows lie inside. */
#define OM_INT_PIXELS 4

/* The part of some windows of one line of output that lies inside, and where sums go: OM_INT_COLUMNS apart. */
typedef struct om_int_taps {
  const uint8_t *x; /* under the first tap of line 0 of the first window, first channel */
  ptrdiff_t pixel;  /* bytes between pixels of x */
  ptrdiff_t next, step; /* pixels between windows; between taps */
  const ptrdiff_t *offsets, *lines; /* of the lines that lie inside: pixels from x, and their numbers */
  ptrdiff_t count;
  ptrdiff_t first, last; /* taps of a line that lie inside */
  const int32_t *w;
  ptrdiff_t w_row, taps; /* elements between taps of w; taps in a line */
  int32_t zero;
  uint8_t flip;
  int32_t *sum;
} om_int_taps;

/* `n` channels from c on of `pixels` windows. x is unsigned and less than 256, so the upper half of its lanes is 0 and a
 * product of halves is one of lanes. */
OM_INLINE void om_depthwise_windows(const om_int_taps *t, ptrdiff_t c, ptrdiff_t n, const int pixels, const bool whole,
                                    const uint8_t flip) {
  om_vi sum[OM_INT_PIXELS], weights = om_splat_int(0);
  const ptrdiff_t next = t->next * t->pixel, step = t->step * t->pixel, taps = t->last - t->first;
OM_UNROLL(4)
  for (int p = 0; p < pixels; p++) sum[p] = om_splat_int(0);
  for (ptrdiff_t line = 0; line < t->count; line++) {
    const int32_t *weight = t->w + (t->lines[line] * t->taps + t->first) * t->w_row + c;
    const uint8_t *x = t->x + t->offsets[line] * t->pixel + t->first * step + c;
    for (ptrdiff_t tap = 0; tap < taps; tap++, weight += t->w_row, x += step) {
      const om_vi w = om_load_int(weight);
      weights += w;
OM_UNROLL(4)
      for (int p = 0; p < pixels; p++)
        sum[p] += om_multiply_halves(om_load_lanes(x + p * next, n, whole, flip), w);
    }
  }
OM_UNROLL(4)
  for (int p = 0; p < pixels; p++) {
    const om_vi all = sum[p] - weights * om_splat_int(t->zero);
    if (whole) om_store_int(t->sum + p * OM_INT_COLUMNS + c, all);
    else memcpy(t->sum + p * OM_INT_COLUMNS + c, &all, (size_t)n * sizeof(int32_t));
  }
}

OM_INLINE void om_depthwise_flipped(const om_int_taps *t, ptrdiff_t count, bool several, const uint8_t flip) {
  ptrdiff_t c = 0;
  for (; c + OM_LANES <= count; c += OM_LANES)
    if (several) om_depthwise_windows(t, c, OM_LANES, OM_INT_PIXELS, true, flip);
    else om_depthwise_windows(t, c, OM_LANES, 1, true, flip);
  if (c == count) return;
  if (several) om_depthwise_windows(t, c, count - c, OM_INT_PIXELS, false, flip);
  else om_depthwise_windows(t, c, count - c, 1, false, flip);
}

OM_SHARED void om_depthwise_channels(const om_int_taps *t, ptrdiff_t count, bool several) {
  if (t->flip) om_depthwise_flipped(t, count, several, 0x80);
  else om_depthwise_flipped(t, count, several, 0);
}

/* Sums of `count` channels of windows `at` .. `at + pixels` of a line of output, of which `t` knows which lines lie inside. */
OM_INLINE void om_depthwise_pixels(om_int_taps t, const om_window_nd *s, ptrdiff_t at, ptrdiff_t count, bool several) {
  const int last = s->rank - 1;
  const ptrdiff_t begin = at * s->stride[last] - s->pad_begin[last], step = s->dilation[last];
  t.first = om_min(s->kernel[last], begin < 0 ? (-begin + step - 1) / step : 0);
  const ptrdiff_t room = s->in[last] - begin;
  t.last = om_max(t.first, om_min(s->kernel[last], room <= 0 ? 0 : (room + step - 1) / step));
  t.x += begin * t.pixel;
  om_depthwise_channels(&t, count, several);
}

/* groups == channels == out_channels. `whole`: as for om_conv_integers, without B, whose weights are w; its b_zero and
 * sums are not looked at. Windows have at most OM_INT_LINES lines. */
OM_SHARED void om_depthwise_integers(const void *x, const int32_t *w, const om_int_convolution *s,
                                     const om_int_product *whole) {
  const om_window_nd *window = &s->window;
  const int last = window->rank - 1;
  const ptrdiff_t pixels = om_product_nd(window->in, window->rank), width = window->out[last];
  const ptrdiff_t outer = om_product_nd(window->out, last), lines = om_product_nd(window->kernel, last);
  om_int_product p = *whole;
  p.y_row = p.n = s->channels, p.k = 0, p.b_zero = NULL, p.b_signed = true, p.sums = NULL;
  int32_t sum[OM_INT_PIXELS * OM_INT_COLUMNS];
  ptrdiff_t offsets[OM_INT_LINES], inside[OM_INT_LINES];
  const int32_t rest[OM_INT_PIXELS] = {0};
  om_int_columns columns;
  om_int_taps t = {.pixel = s->channels, .next = window->stride[last], .step = window->dilation[last], .offsets = offsets,
                   .lines = inside, .w_row = om_round_up(s->channels, OM_LANES), .taps = window->kernel[last],
                   .zero = om_int_a_zero(whole, 0), .flip = whole->a_signed ? 0x80 : 0, .sum = sum};
  for (ptrdiff_t c = 0; c < s->channels; c += OM_INT_COLUMNS) {
    const ptrdiff_t count = om_min(OM_INT_COLUMNS, s->channels - c);
    om_int_prepare(&p, c, count, 0, &columns);
    t.w = w + c;
    for (ptrdiff_t row = 0; row < s->batch * outer; row++) {
      t.count = 0;
      for (ptrdiff_t line = 0; line < lines; line++) {
        ptrdiff_t offset = 0, step = window->in[last], out = row % outer, tap = line;
        bool lies = true;
        for (int i = last - 1; i >= 0; i--) {
          const ptrdiff_t at = out % window->out[i] * window->stride[i] - window->pad_begin[i] +
                               tap % window->kernel[i] * window->dilation[i];
          lies &= at >= 0 && at < window->in[i];
          offset += at * step, step *= window->in[i], out /= window->out[i], tap /= window->kernel[i];
        }
        if (lies) inside[t.count] = line, offsets[t.count++] = offset;
      }
      t.x = (const uint8_t *)x + row / outer * pixels * s->channels + c;
      for (ptrdiff_t at = 0, next; at < width; at = next) {
        const ptrdiff_t begin = at * window->stride[last] - window->pad_begin[last];
        const ptrdiff_t end = (at + OM_INT_PIXELS - 1) * window->stride[last] - window->pad_begin[last] +
                              (window->kernel[last] - 1) * window->dilation[last];
        const bool several = at + OM_INT_PIXELS <= width && begin >= 0 && end < window->in[last];
        next = at + (several ? OM_INT_PIXELS : 1);
        om_depthwise_pixels(t, window, at, count, several);
        om_int_finish(&p, sum, row * width + at, next - at, c, count, &columns, rest, false);
      }
    }
  }
}

#endif
