/* Convolutions of 8-bit integers over any number of spatial axes, channels last: as integer products whose rows are
 * gathered from the window of each output pixel. */
#ifndef OM_CONV_INTEGER_H
#define OM_CONV_INTEGER_H

#include "depthwise-integer.h"
#include "gemm-integer.h"

/* Where the rows of one image's windows come from. */
typedef struct om_int_window {
  const uint8_t *image;      /* first channel of the group */
  ptrdiff_t pixel, channels; /* bytes between neighbouring pixels; channels of the group */
  const om_window_nd *window;
  uint8_t padding; /* the zero point: what padding counts as */
} om_int_window;

OM_INT_OFTEN void om_fill_bytes(uint8_t *to, ptrdiff_t n, uint8_t byte) {
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

/* Short runs are copied by a few whole pieces of so many bytes, whatever their length: what follows is written over their ends. */
#define OM_INT_PIECE 16
#define OM_INT_FEW_PIECES 3

OM_INLINE void om_copy_piece(uint8_t *to, const uint8_t *from, uint8_t flip) {
#if OM_VECTOR_BYTES > 0
  typedef uint8_t piece __attribute__((vector_size(OM_INT_PIECE)));
  piece bytes;
  memcpy(&bytes, from, OM_INT_PIECE);
  bytes ^= flip;
  memcpy(to, &bytes, OM_INT_PIECE);
#else
  uint64_t words[2];
  memcpy(words, from, OM_INT_PIECE);
  for (int i = 0; i < 2; i++) words[i] ^= flip * UINT64_C(0x0101010101010101);
  memcpy(to, words, OM_INT_PIECE);
#endif
}

/* How a window that lies in the input is gathered: runs of neighbouring bytes. */
typedef struct om_int_runs {
  ptrdiff_t lines, offsets[OM_INT_LINES]; /* bytes from the window's first to that of each line */
  ptrdiff_t runs, step, length;           /* of each line: how many, bytes between them and in them */
} om_int_runs;

OM_INLINE om_int_runs om_int_runs_of(const om_int_window *w) {
  const om_window_nd *s = w->window;
  const int last = s->rank - 1;
  const bool dense = s->dilation[last] == 1 && w->pixel == w->channels;
  om_int_runs r = {.lines = om_product_nd(s->kernel, last), .runs = dense ? 1 : s->kernel[last], .step = s->dilation[last] * w->pixel,
                   .length = dense ? s->kernel[last] * w->channels : w->channels};
  for (ptrdiff_t line = 0; line < om_min(r.lines, OM_INT_LINES); line++)
    r.offsets[line] = om_line_offset(s, line) * w->pixel;
  return r;
}

/* `count` windows, `next` bytes apart, to rows of `depth` bytes. `pieces`: of a run; 0 where it must be copied as it is. */
OM_INLINE void om_gather_inside(const om_int_runs *r, const ptrdiff_t lines, const ptrdiff_t runs, const ptrdiff_t pieces,
                                const uint8_t *from, ptrdiff_t count, ptrdiff_t next, uint8_t flip, uint8_t *block,
                                ptrdiff_t depth) {
  for (ptrdiff_t i = 0; i < count; i++, from += next, block += depth) {
    uint8_t *to = block;
    for (ptrdiff_t line = 0; line < lines; line++)
      for (ptrdiff_t run = 0; run < runs; run++, to += r->length) {
        const uint8_t *first = from + r->offsets[line] + run * r->step;
        for (ptrdiff_t piece = 0; piece < pieces; piece++)
          om_copy_piece(to + piece * OM_INT_PIECE, first + piece * OM_INT_PIECE, flip);
        if (pieces == 0) om_copy_bytes(to, first, r->length, flip);
      }
  }
}

/* om_int_gather of a convolution: row = output pixel. Behind the block are OM_INT_PIECE bytes of room. */
OM_SHARED void om_gather_windows(const void *source, ptrdiff_t row, ptrdiff_t rows, ptrdiff_t depth, uint8_t flip,
                                 uint8_t *block) {
  const om_int_window *w = (const om_int_window *)source;
  const om_window_nd *s = w->window;
  const int last = s->rank - 1;
  const om_int_runs runs = om_int_runs_of(w);
  const ptrdiff_t next = s->stride[last] * w->pixel, pieces = (runs.length + OM_INT_PIECE - 1) / OM_INT_PIECE;
  /* Bytes of the input; below, those that pieces of a window read from its first on. */
  const ptrdiff_t end = (om_product_nd(s->in, s->rank) - 1) * w->pixel + w->channels;
  ptrdiff_t out[OM_MAX_SPATIAL] = {0};
  for (ptrdiff_t i = last, rest = row; i >= 0; i--) out[i] = rest % s->out[i], rest /= s->out[i];
  for (ptrdiff_t r = 0, count; r < rows; r += count) {
    uint8_t *to = block + r * depth;
    count = 1;
    if (runs.lines <= OM_INT_LINES && om_window_inside(s, out)) {
      ptrdiff_t first = 0;
      for (int i = 0; i <= last; i++) first = first * s->in[i] + out[i] * s->stride[i] - s->pad_begin[i];
      /* The windows that follow in this line lie in the input as long as their last position does. */
      const ptrdiff_t most = s->in[last] - 1 - (s->kernel[last] - 1) * s->dilation[last] + s->pad_begin[last];
      count = om_min(rows - r, most / s->stride[last] + 1 - out[last]);
      const ptrdiff_t beyond = runs.offsets[runs.lines - 1] + (runs.runs - 1) * runs.step + pieces * OM_INT_PIECE;
      const bool by_pieces = !OM_INT_SHORT && pieces <= OM_INT_FEW_PIECES && first * w->pixel + beyond <= end;
      if (by_pieces) count = om_min(count, (end - beyond - first * w->pixel) / next + 1);
      const uint8_t *from = w->image + first * w->pixel;
      /* Of a known number of lines their places stay in registers. */
      if (by_pieces && runs.lines == 3 && runs.runs == 1 && pieces == 1)
        om_gather_inside(&runs, 3, 1, 1, from, count, next, flip, to, depth);
      else om_gather_inside(&runs, runs.lines, runs.runs, by_pieces ? pieces : 0, from, count, next, flip, to, depth);
    } else {
      ptrdiff_t tap[OM_MAX_SPATIAL] = {0};
      for (ptrdiff_t line = 0; line < runs.lines; line++) {
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
    out[last] += count - 1;
    for (int i = last; i >= 0 && ++out[i] == s->out[i]; i--) out[i] = 0;
  }
}

/* Whether the windows are the pixels of the input, each in its turn: rows that need no gathering. */
OM_INLINE bool om_windows_are_pixels(const om_window_nd *s) {
  bool are = true;
  for (int i = 0; i < s->rank; i++)
    are &= s->kernel[i] == 1 && s->stride[i] == 1 && s->pad_begin[i] == 0 && s->out[i] == s->in[i];
  return are;
}

/* `p`: the product of one group and image, without its sizes; B is packed per group, taps by channels, one after another.
 * Zero points, scales and biases are those of all output channels. scratch: OM_INT_SCRATCH(pixels of
 * the output, taps * channels / groups). */
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
      if (p.sums) p.sums += column;
      if (p.b_zero) p.b_zero = (const uint8_t *)p.b_zero + column * p.b_zero_step;
      if (p.scale) p.scale += column * p.scale_step;
      if (p.nudge) p.nudge += column * p.nudge_step;
      if (p.bias) p.bias += column;
      if (p.float_bias) p.float_bias += column;
      p.y = (uint8_t *)p.y + (image * outs * s->out_channels + column) * size;
      const om_int_window source = {(const uint8_t *)x + image * pixels * s->channels + group * channels, s->channels,
                                    channels, &s->window, padding};
      const bool as_it_is = s->groups == 1 && om_int_flip(&p, om_best_dot_kind()) == 0 && channels % 4 == 0 && om_windows_are_pixels(&s->window);
      om_int_gemm_gathered(as_it_is ? NULL : om_gather_windows, as_it_is ? (const void *)source.image : &source, &p, scratch);
    }
}

#endif
