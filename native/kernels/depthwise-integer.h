/* Depthwise convolutions of 8-bit integers over any number of spatial axes, channels last.
 *
 * Along a line of output, what lies under the lines of a kernel at one position is used by every window over it: so first
 * these bytes of each position come together in a lane, four (or, as halves, two) lines at once, and a window is then one
 * product of lanes per position and such a group. A 3x3 kernel takes 3 of them instead of 9, each with a load and a
 * widening of its own; with 32 channels of 112x112 pixels: 520 to 180 us. */
#ifndef OM_DEPTHWISE_INTEGER_H
#define OM_DEPTHWISE_INTEGER_H

#include "byte-blocks.h"
#include "nd.h"

/* x[batch, in..., channels], y[batch, out..., out_channels]. */
typedef struct om_int_convolution {
  ptrdiff_t batch, channels, out_channels, groups;
  om_window_nd window;
} om_int_convolution;

/* Lines of a window (all taps but those of the last axis) at most. */
#define OM_INT_LINES 64
/* Vectors of columns (see om_int_strip) that wait for their windows; a window has at most as many pairs of lines times
 * positions. */
#if OM_VECTOR_BYTES == 0
#define OM_INT_STRIP 128
#else
#define OM_INT_STRIP 256
#endif
/* The same for a block of channels: 8 kB fit into the first cache beside what is read and written. */
#if OM_BLOCK_BYTES > 0
#define OM_INT_BLOCK_STRIP (8192 / OM_BLOCK_BYTES)
#endif
/* Windows of a strip at most, where sums wait for what is made of them. */
#define OM_INT_STRIP_PIXELS 64
/* Of these, how many are computed at once, as one's products would wait for each other. */
#define OM_INT_PIXELS 4

/* Elements of packed depthwise weights. */
#define OM_INT_DEPTHWISE_PACKED(channels, lines, taps) (((lines) + 1) / 2 * (taps) * om_round_up(channels, OM_LANES))

/* Weights [channels, 1, lines, taps] of a depthwise convolution less their zero points, as [vectors of channels, taps, pairs
 * of lines]: two halves per lane. `sums`: of each channel. Whether all of them are bytes. */
OM_SHARED bool om_pack_depthwise_integers(const void *w, ptrdiff_t channels, ptrdiff_t lines, ptrdiff_t taps,
                                          bool is_signed, const void *zero, ptrdiff_t zero_step, int32_t *packed,
                                          int32_t *sums) {
  const ptrdiff_t pairs = (lines + 1) / 2;
  bool narrow = true;
  memset(packed, 0, (size_t)OM_INT_DEPTHWISE_PACKED(channels, lines, taps) * sizeof *packed);
  for (ptrdiff_t c = 0; c < channels; c++) {
    const int32_t moved = zero ? om_read_byte(zero, c * zero_step, is_signed) : 0;
    int32_t *to = packed + c / OM_LANES * pairs * taps * OM_LANES + c % OM_LANES;
    sums[c] = 0;
    for (ptrdiff_t line = 0; line < lines; line++)
      for (ptrdiff_t tap = 0; tap < taps; tap++) {
        const int32_t weight = om_read_byte(w, (c * lines + line) * taps + tap, is_signed) - moved;
        narrow &= weight == (int8_t)weight;
        sums[c] += weight;
        to[(tap * pairs + line / 2) * OM_LANES] |= (int32_t)((uint32_t)weight << (line % 2 * 16) & (line % 2 ? ~0u : 0xffffu));
      }
  }
  return narrow;
}

/* Neighbouring windows of one line of output, for a vector of channels. */
typedef struct om_int_strip {
  const uint8_t *lines[OM_INT_LINES + 3]; /* under each line of the kernel, at input position 0; padding behind */
  ptrdiff_t pixels[OM_INT_LINES + 3];     /* bytes between positions: 0 where a line is padding */
  ptrdiff_t count, taps;                  /* lines, and positions of each */
  ptrdiff_t first, columns, in;           /* input position of the first column; columns; positions of the input */
  ptrdiff_t channels;                     /* at most OM_LANES */
  uint8_t padding, flip;                  /* what counts as padding; xor all bytes */
  ptrdiff_t windows, next, step;          /* how many; columns between windows, between taps */
  const int32_t *weights;
  const int8_t *bytes; /* or the weights as they are: taps, lines */
  int32_t *sum; /* OM_LANES for each window */
  uint8_t *y;      /* or, of a block of channels, the codes of the first window */
  ptrdiff_t y_row; /* bytes between windows */
  bool is_plain;   /* see om_int_columns */
} om_int_strip;

/* The first n (all, if `whole`) of some bytes, one per lane. */
OM_INLINE om_vi om_load_lanes(const uint8_t *p, ptrdiff_t n, const bool whole) {
  if (whole) return om_load_bytes(p);
#if OM_MASKED
  om_vi v;
  typedef struct om_any_bytes {
    uint8_t of[OM_LANES];
  } om_any_bytes;
  const uint16_t mask = (uint16_t)((1u << n) - 1);
  __asm__("kmovw %2, %%k1\n\tvpmovzxbd %1, %0%{%%k1%}%{z%}" : "=v"(v) : "m"(*(const om_any_bytes *)p), "r"((int)mask) : "k1");
  return v;
#else
  uint8_t room[OM_LANES] = {0};
  memcpy(room, p, (size_t)n & (OM_LANES - 1));
  return om_load_bytes(room);
#endif
}

/* Of a strip's lines in groups of OM_INT_GROUP, the last of which may have fewer: gather(s, line, lines, flips, to, step), to
 * `vectors` of each column and group. */
#define OM_INT_EACH_GROUP(gather, s, groups, flips, to, vectors)                                                       \
  for (ptrdiff_t g = 0, step = (groups) * (vectors); g < (groups); g++) {                                              \
    const ptrdiff_t line = g * OM_INT_GROUP, left = (s)->count - line, at = g * (vectors);                             \
    if (left == 1) gather(s, line, 1, flips, (to) + at, step);                                                         \
    else if (left == 2 || OM_INT_GROUP == 2) gather(s, line, 2, flips, (to) + at, step);                               \
    else if (left == 3) gather(s, line, 3 < OM_INT_GROUP ? 3 : OM_INT_GROUP, flips, (to) + at, step);                  \
    else gather(s, line, OM_INT_GROUP, flips, (to) + at, step);                                                        \
  }

#define OM_INT_KIND halves
#define OM_INT_TARGET
#include "depthwise-integer-strip.h"
#if OM_HAS_VNNI
#define OM_INT_KIND vnni
#define OM_INT_TARGET __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))
#define OM_INT_DOT OM_DOT_BYTES
#include "depthwise-integer-strip.h"
#endif
#if OM_HAS_VNNI_VEX
#define OM_INT_KIND vnni_vex
#define OM_INT_TARGET __attribute__((target("avxvnni")))
#define OM_INT_DOT OM_DOT_BYTES_VEX
#include "depthwise-integer-strip.h"
#endif
#if OM_HAS_SDOT
#define OM_INT_KIND sdot
#define OM_INT_TARGET OM_DOT_SDOT_TARGET
#define OM_INT_DOT OM_DOT_SIGNED_BYTES
#define OM_INT_MOVED 0x80
#include "depthwise-integer-strip.h"
#endif

/* Windows of so many columns at most, of a line that has `of_column` vectors of each and `room` for all. */
OM_INLINE ptrdiff_t om_int_most_windows(const om_window_nd *s, ptrdiff_t room, ptrdiff_t of_column) {
  const int last = s->rank - 1;
  const ptrdiff_t extent = (s->kernel[last] - 1) * s->dilation[last] + 1, columns = room / of_column;
  return columns < extent ? 0 : (columns - extent) / s->stride[last] + 1;
}

/* Where the lines of the kernel lie for line `row` of output: pixels from the input's first, or -1 in the padding. */
OM_INLINE void om_int_find_lines(const om_window_nd *s, ptrdiff_t row, ptrdiff_t lines, ptrdiff_t *offsets) {
  const int last = s->rank - 1;
  for (ptrdiff_t line = 0; line < lines; line++) {
    ptrdiff_t offset = 0, step = s->in[last], out = row, tap = line;
    bool lies = true;
    for (int i = last - 1; i >= 0; i--) {
      const ptrdiff_t at = out % s->out[i] * s->stride[i] - s->pad_begin[i] + tap % s->kernel[i] * s->dilation[i];
      lies &= at >= 0 && at < s->in[i];
      offset += at * step, step *= s->in[i], out /= s->out[i], tap /= s->kernel[i];
    }
    offsets[line] = lies ? offset : -1;
  }
}

/* Bytes that are read at a time at most. */
#define OM_INT_ROOM (OM_BLOCK_BYTES > OM_LANES ? OM_BLOCK_BYTES : OM_LANES)

/* Weights of bytes [channels, taps, lines]: where there are no vectors it is enough that lanes are made of them when they are
 * used, once for a strip of windows, which takes half as much memory and more. */
#define OM_INT_BYTE_WEIGHTS (OM_LANES == 1)

/* groups == channels == out_channels. `whole`: as for om_conv_integers, without B, whose weights are w, packed; its sums are
 * theirs, and its b_zero is not looked at. `narrow`: whether w are bytes; `bytes`: these, in place of w (see
 * OM_INT_BYTE_WEIGHTS), or NULL. */
OM_SHARED void om_depthwise_integers(const void *x, const int32_t *w, const int8_t *bytes, bool narrow,
                                     const om_int_convolution *s, const om_int_product *whole) {
  const om_window_nd *window = &s->window;
  const int last = window->rank - 1;
  const ptrdiff_t pixels = om_product_nd(window->in, window->rank), width = window->out[last];
  const ptrdiff_t outer = om_product_nd(window->out, last), lines = om_product_nd(window->kernel, last);
  const ptrdiff_t pairs = (lines + 1) / 2, extent = (window->kernel[last] - 1) * window->dilation[last] + 1;
  const om_dot_kind kind = narrow ? om_best_dot_kind() : OM_DOT_HALVES;
  const ptrdiff_t most = om_min(OM_INT_STRIP_PIXELS, om_int_most_windows(window, OM_INT_STRIP, pairs));
#if OM_BLOCK_BYTES > 0
  const ptrdiff_t groups = kind == OM_DOT_HALVES ? pairs : (lines + 3) / 4;
  const ptrdiff_t most_of_block = whole->result < OM_INT_UINT8 ? 0 : om_int_most_windows(window, OM_INT_BLOCK_STRIP, 4 * groups);
  om_int_block block;
#else
  const ptrdiff_t most_of_block = 0;
#endif
  om_int_product p = *whole;
  p.y_row = p.n = s->channels, p.k = 0, p.b_zero = NULL, p.b_signed = true;
  int32_t sum[OM_INT_STRIP_PIXELS * OM_LANES];
  ptrdiff_t offsets[OM_INT_LINES];
  uint8_t padding[OM_INT_ROOM];
  om_int_columns columns;
  om_int_strip t = {.count = lines, .taps = window->kernel[last], .in = window->in[last], .flip = om_int_flip(&p, kind),
                    .padding = p.a_zero ? *(const uint8_t *)p.a_zero : 0, .next = window->stride[last],
                    .step = window->dilation[last], .sum = sum, .y_row = s->channels};
  memset(padding, t.padding, sizeof padding);
  for (ptrdiff_t line = lines; line < lines + 3; line++) t.lines[line] = padding, t.pixels[line] = 0;
  for (ptrdiff_t c0 = 0; c0 < s->channels; c0 += OM_INT_COLUMNS) {
    const ptrdiff_t c1 = om_min(c0 + OM_INT_COLUMNS, s->channels);
    om_int_prepare(&p, c0, c1 - c0, om_int_a_zero(whole, 0), &columns);
    t.is_plain = columns.is_plain;
    const ptrdiff_t of_row = om_max(1, width) * (c1 - c0) * (lines * t.taps + OM_INT_RESULT);
    const ptrdiff_t together = OM_INT_LEAST_PART / of_row + 1;
    bool is_mine = false;
    for (ptrdiff_t row = 0; row < s->batch * outer; row++) {
      if (row % together == 0) is_mine = om_is_mine();
      if (!is_mine) continue;
      om_int_find_lines(window, row % outer, lines, offsets);
      const uint8_t *image = (const uint8_t *)x + row / outer * pixels * s->channels;
      for (ptrdiff_t c = c0; c < c1; c += t.channels) {
        const bool is_block = most_of_block > 0 && c1 - c >= OM_BLOCK_BYTES;
        t.channels = is_block ? OM_BLOCK_BYTES : om_min(OM_LANES, c1 - c);
#if OM_BLOCK_BYTES > 0
        if (is_block) om_int_prepare_block(&p, &columns, c - c0, &block);
#endif
        if (OM_INT_BYTE_WEIGHTS && bytes) t.bytes = bytes + c * lines * t.taps;
        else t.weights = w + c * pairs * t.taps;
        for (ptrdiff_t line = 0; line < lines; line++) {
          const bool lies = offsets[line] >= 0;
          t.lines[line] = lies ? image + offsets[line] * s->channels + c : padding;
          t.pixels[line] = lies ? s->channels : 0;
        }
        for (ptrdiff_t at = 0; at < width; at += t.windows) {
          t.windows = om_min(is_block ? most_of_block : most, width - at);
          t.first = at * t.next - window->pad_begin[last];
          t.columns = (t.windows - 1) * t.next + extent;
#if OM_BLOCK_BYTES > 0
          if (is_block) {
            t.y = (uint8_t *)p.y + (row * width + at) * s->channels + c;
            OM_INT_BY_KIND(kind, om_int_block, &t, &block);
            continue;
          }
#endif
          OM_INT_BY_KIND(kind, om_int_strip, &t);
          om_int_finish(&p, sum, OM_LANES, row * width + at, t.windows, c, t.channels, &columns, c - c0, NULL);
        }
      }
    }
  }
}

#endif
