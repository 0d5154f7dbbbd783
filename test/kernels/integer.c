/* Integer products and convolutions against plain sums: every tile height, panel and depth, all kinds of operands. */
#include "conv-integer.h"

#include "check.h"

static void *bytes(ptrdiff_t n) {
  uint8_t *p = (uint8_t *)check_alloc((size_t)n);
  /* The ends of the range are where saturating instructions go wrong. */
  for (ptrdiff_t i = 0; i < n; i++) p[i] = (uint8_t)(check_random() % 3 ? check_random() >> 8 : (check_random() & 1 ? 255 : 127));
  return p;
}

static int32_t byte_at(const void *p, ptrdiff_t i, bool is_signed) {
  return is_signed ? ((const int8_t *)p)[i] : ((const uint8_t *)p)[i];
}

typedef struct gemm_case {
  int m, n, k;
  bool a_signed, b_signed, transposed;
  int a_zeros, b_zeros; /* 0: none, 1: one for all, 2: one each */
  om_int_result result;
  bool bias, each_scale;
  int nudge; /* 0: none, 1: one for all, 2: one per column */
} gemm_case;

static bool check_result(const om_int_product *p, ptrdiff_t at, ptrdiff_t column, int32_t sum) {
  if (p->bias) sum += p->bias[column];
  if (p->result == OM_INT_SUMS) return ((int32_t *)p->y)[at] == sum;
  float real = (float)sum * p->scale[p->scale_step * column];
  if (p->result == OM_INT_FLOATS) {
    if (p->float_bias) real += p->float_bias[column];
    return close_to(((float *)p->y)[at], real, 1e-6 * fabs((double)real));
  }
  const bool is_signed = p->result == OM_INT_INT8;
  const float low = is_signed ? -128.0f : 0.0f, high = is_signed ? 127.0f : 255.0f;
  if (p->nudge) real += copysignf(p->nudge[p->nudge_step * column], (float)sum);
  const float want = rintf(real) + (p->y_zero ? (float)byte_at(p->y_zero, 0, is_signed) : 0.0f);
  return byte_at(p->y, at, is_signed) == (int32_t)fminf(fmaxf(want, low), high);
}

/* What all results share: scales that keep quantised ones in range, biases, room between guards. */
static void make_rest(om_int_product *p, gemm_case t, ptrdiff_t columns, ptrdiff_t results) {
  p->result = t.result;
  float *scale = floats(t.each_scale ? columns : 1);
  for (ptrdiff_t j = 0; j < (t.each_scale ? columns : 1); j++) scale[j] = 0.002f * (1.5f + scale[j]);
  /* What no int32 holds is the end of the range, as is what is no number; and what just fits into one. */
  const bool wild = t.result > OM_INT_FLOATS && !t.nudge && pick(0, 2) == 0;
  const float odd[] = {0.99999994f, -0.99999994f, 0.0f, 1.0f, -1.0f, 3e5f, -3e5f, INFINITY, NAN};
  const int kinds[] = {2, 6, 8}, kind = kinds[pick(0, 2)];
  for (ptrdiff_t j = 0; wild && j < (t.each_scale ? columns : 1); j++) scale[j] = odd[pick(0, kind)];
  p->scale = scale, p->scale_step = t.each_scale;
  float *nudge = (float *)check_alloc((size_t)columns * 4);
  /* With scales that are powers of two many sums lie on ties and others a step beside; the nudge reaches over none, one or
   * some of the steps, and ends far from all. */
  for (ptrdiff_t j = 0; t.nudge && j < (t.each_scale ? columns : 1); j++) scale[j] = ldexpf(1.0f, -pick(4, 8));
  for (ptrdiff_t j = 0; j < columns; j++) nudge[j] = ldexpf(0.97f, -pick(3, 9));
  p->nudge = t.nudge && t.result > OM_INT_FLOATS ? nudge : NULL, p->nudge_step = t.nudge - 1;
  if (!p->nudge) free(nudge);
  int32_t *bias = (int32_t *)check_alloc((size_t)columns * 4);
  for (ptrdiff_t j = 0; j < columns; j++) bias[j] = wild ? pick(-2000, 2000) * 1000000 : pick(-5000, 5000);
  p->bias = t.bias && t.result != OM_INT_FLOATS ? bias : NULL;
  if (!p->bias) free(bias);
  p->float_bias = t.bias && t.result == OM_INT_FLOATS ? floats(columns) : NULL;
  p->finish = t.result == OM_INT_SUMS ? om_int_finish_sums : t.result == OM_INT_FLOATS ? om_int_finish_floats : NULL;
  p->y_zero = t.result > OM_INT_FLOATS ? bytes(1) : NULL;
  p->y = output(results);
}

static void free_rest(om_int_product *p, ptrdiff_t results, const char *name) {
  free((void *)p->scale), free((void *)p->nudge), free((void *)p->bias), free((void *)p->float_bias), free((void *)p->y_zero);
  release_output((float *)p->y, results, name);
}

static void run_gemm(const gemm_case t) {
  char name[160];
  snprintf(name, sizeof name, "gemm m %d n %d k %d signed %d/%d transposed %d zeros %d/%d result %d bias %d scale %d", t.m, t.n,
           t.k, t.a_signed, t.b_signed, t.transposed, t.a_zeros, t.b_zeros, t.result, t.bias, t.each_scale);
  check_cases++;
  void *a = bytes(t.m * t.k), *b = bytes(t.k * t.n), *a_zero = bytes(t.a_zeros == 2 ? t.m : 1);
  void *b_zero = bytes(t.b_zeros == 2 ? t.n : 1);
  int8_t *packed = (int8_t *)check_alloc((size_t)OM_INT_PACKED(t.k, t.n));
  int32_t *sums = (int32_t *)check_alloc((size_t)t.n * 4);
  const om_int_strides strides = {t.k + 1, 0, t.transposed ? 1 : t.n, t.transposed ? t.k : 1};
  om_pack_integers(b, strides, t.k, t.n, t.b_signed, packed, sums);
  om_int_product p = {.m = t.m, .n = t.n, .k = t.k, .packed = packed, .sums = sums, .a_signed = t.a_signed,
                      .b_signed = t.b_signed, .y_row = t.n};
  if (t.a_zeros) p.a_zero = a_zero, p.a_zero_step = t.a_zeros - 1;
  if (t.b_zeros) p.b_zero = b_zero, p.b_zero_step = t.b_zeros - 1;
  make_rest(&p, t, t.n, (ptrdiff_t)t.m * t.n);
  void *scratch = check_scratch((size_t)OM_INT_SCRATCH(t.m, t.k));
  om_int_gemm(a, p, scratch);
  bool good = true;
  for (int i = 0; i < t.m && good; i++)
    for (int j = 0; j < t.n && good; j++) {
      int32_t sum = 0;
      for (int k = 0; k < t.k; k++) {
        const int32_t x = byte_at(a, i * t.k + k, t.a_signed) - (t.a_zeros ? byte_at(a_zero, i * p.a_zero_step, t.a_signed) : 0);
        const int32_t w = byte_at(b, t.transposed ? j * t.k + k : k * t.n + j, t.b_signed) -
                          (t.b_zeros ? byte_at(b_zero, j * p.b_zero_step, t.b_signed) : 0);
        sum += x * w;
      }
      good = check_result(&p, (ptrdiff_t)i * t.n + j, j, sum);
      if (!good) fail("%s: [%d, %d] should come of the sum %d", name, i, j, sum);
    }
  free(a), free(b), free(a_zero), free(b_zero), free(packed), free(sums), free(scratch);
  free_rest(&p, (ptrdiff_t)t.m * t.n, name);
}

typedef struct conv_case {
  om_int_convolution s;
  gemm_case t;
} conv_case;

static void run_conv(const conv_case whole, bool depthwise) {
  const om_int_convolution *s = &whole.s;
  const gemm_case t = whole.t;
  const om_window_nd *window = &s->window;
  char name[160];
  snprintf(name, sizeof name, "conv rank %d channels %d -> %d groups %d signed %d/%d zeros %d/%d result %d depthwise %d", window->rank,
           (int)s->channels, (int)s->out_channels, (int)s->groups, t.a_signed, t.b_signed, t.a_zeros, t.b_zeros, t.result, depthwise);
  check_cases++;
  const ptrdiff_t pixels = om_product_nd(window->in, window->rank), outs = om_product_nd(window->out, window->rank);
  const ptrdiff_t taps = om_product_nd(window->kernel, window->rank), channels = s->channels / s->groups;
  const ptrdiff_t columns = s->out_channels / s->groups, results = s->batch * outs * s->out_channels;
  void *x = bytes(s->batch * pixels * s->channels), *w = bytes(s->out_channels * channels * taps), *a_zero = bytes(1);
  void *b_zero = bytes(t.b_zeros == 2 ? s->out_channels : 1);
  om_int_product p = {.a_signed = t.a_signed, .b_signed = t.b_signed};
  if (t.a_zeros) p.a_zero = a_zero;
  if (t.b_zeros) p.b_zero = b_zero, p.b_zero_step = t.b_zeros - 1;
  make_rest(&p, t, s->out_channels, results);
  int8_t *packed = (int8_t *)check_alloc((size_t)(s->groups * OM_INT_PACKED(taps * channels, columns)));
  int32_t *sums = (int32_t *)check_alloc((size_t)s->out_channels * 4);
  void *scratch = check_scratch((size_t)OM_INT_SCRATCH(outs, taps * channels));
  if (depthwise) {
    const ptrdiff_t last = window->kernel[window->rank - 1], lines = taps / last;
    int32_t *own = (int32_t *)check_alloc((size_t)OM_INT_DEPTHWISE_PACKED(s->channels, lines, last) * 4);
    const bool narrow =
        om_pack_depthwise_integers(w, s->channels, lines, last, t.b_signed, p.b_zero, p.b_zero_step, own, sums);
    p.sums = sums;
    int8_t *as_they_are = (int8_t *)check_alloc((size_t)(s->channels * taps));
    for (ptrdiff_t i = 0; i < s->channels * taps; i++) {
      const ptrdiff_t channel = i / taps, from = (channel * lines + i % lines) * last + i / lines % last;
      as_they_are[i] = (int8_t)(om_read_byte(w, from, t.b_signed) - (p.b_zero ? om_read_byte(p.b_zero, channel * p.b_zero_step, t.b_signed) : 0));
    }
    const bool bytes = OM_INT_BYTE_WEIGHTS && narrow && check_cases % 2;
    om_depthwise_integers(x, bytes ? NULL : own, bytes ? as_they_are : NULL, narrow, s, &p);
    free(own), free(as_they_are);
  } else {
    const om_int_strides strides = {channels, 1, taps, channels * taps};
    for (ptrdiff_t g = 0; g < s->groups; g++)
      om_pack_integers((uint8_t *)w + g * columns * channels * taps, strides, taps * channels, columns, t.b_signed,
                       packed + g * OM_INT_PACKED(taps * channels, columns), sums + g * columns);
    p.packed = packed, p.sums = sums;
    om_conv_integers(x, s, &p, scratch);
  }
  bool good = true;
  for (ptrdiff_t at = 0; at < results && good; at++) {
    const ptrdiff_t o = at % s->out_channels, out = at / s->out_channels % outs, image = at / s->out_channels / outs;
    int32_t sum = 0;
    for (ptrdiff_t tap = 0; tap < taps; tap++) {
      const ptrdiff_t from = om_tap_nd(window, out, tap);
      for (ptrdiff_t c = 0; c < channels && from >= 0; c++) {
        const ptrdiff_t channel = o / columns * channels + c;
        const int32_t under = byte_at(x, (image * pixels + from) * s->channels + channel, t.a_signed) -
                              (t.a_zeros ? byte_at(a_zero, 0, t.a_signed) : 0);
        sum += under * (byte_at(w, (o * channels + c) * taps + tap, t.b_signed) -
                        (t.b_zeros ? byte_at(b_zero, o * p.b_zero_step, t.b_signed) : 0));
      }
    }
    good = check_result(&p, at, o, sum);
    if (!good) fail("%s: element %d should come of the sum %d", name, (int)at, sum);
  }
  free(x), free(w), free(a_zero), free(b_zero), free(packed), free(sums), free(scratch);
  free_rest(&p, results, name);
}

static gemm_case any_case(int i) {
  return (gemm_case){.a_signed = i & 1, .b_signed = i >> 1 & 1, .transposed = i >> 2 & 1, .a_zeros = pick(0, 2), .b_zeros = pick(0, 2),
                     .result = (om_int_result)pick(0, 3), .bias = pick(0, 1), .each_scale = pick(0, 1),
                     .nudge = pick(0, 3) % 3};
}

int main(void) {
  const int columns[] = {1, OM_LANES, OM_LANES + 1, OM_INT_PANEL - 1, OM_INT_PANEL, OM_INT_PANEL + 1, 3 * OM_INT_PANEL + OM_LANES + 2};
  for (int m = 1; m <= OM_INT_BLOCK_ROWS + OM_INT_TILE_ROWS + 1; m += m < 2 * OM_INT_TILE_ROWS ? 1 : 7)
    for (unsigned j = 0; j < sizeof columns / sizeof *columns; j++) {
      gemm_case t = any_case(pick(0, 7));
      t.m = m, t.n = columns[j], t.k = pick(1, 40);
      run_gemm(t);
    }
  for (int i = 0; i < 64; i++) {
    gemm_case t = any_case(i);
    t.m = pick(1, 9), t.n = pick(1, 2 * OM_INT_COLUMNS + 9), t.k = pick(1, 700);
    run_gemm(t);
  }
  /* Lines of output as long as several strips of windows, kernels of more lines than a lane has bytes, and of one. */
  for (int i = 0; i < 60; i++) {
    conv_case c = {.t = any_case(i), .s = {.batch = 1}};
    c.t.a_zeros = pick(0, 1);
    c.s.groups = c.s.out_channels = c.s.channels = i % 5 ? pick(1, 3 * OM_LANES) : OM_INT_COLUMNS + pick(1, 20);
    const ptrdiff_t lines[] = {1, 2, 3, 4, 5, 7}, width = pick(1, 200), taps = pick(1, 9), stride = pick(1, 3);
    const ptrdiff_t extent = 2 * (taps - 1) + 1, step = extent + width < 60 ? 2 : 1;
    om_window_nd w = {.rank = 2, .in = {7 + pick(0, 2), width + taps * step}, .kernel = {lines[i % 6], taps}, .stride = {pick(1, 2), stride},
                      .dilation = {1, step}, .pad_begin = {pick(0, 3), pick(0, 4)}, .pad_end = {pick(0, 3), pick(0, 4)}};
    for (int a = 0; a < 2; a++)
      w.out[a] = (w.in[a] + w.pad_begin[a] + w.pad_end[a] - (w.kernel[a] - 1) * w.dilation[a] - 1) / w.stride[a] + 1;
    c.s.window = w;
    run_conv(c, true);
  }
  /* Blocks of channels, whole and with some that are left, from bytes to bytes: the windows that networks have, and others. */
  for (int i = 0; i < 90; i++) {
    conv_case c = {.t = any_case(i), .s = {.batch = pick(1, 2)}};
    c.t.a_zeros = pick(0, 1), c.t.result = i % 2 ? OM_INT_UINT8 : OM_INT_INT8;
    c.s.groups = c.s.out_channels = c.s.channels = i % 6 ? 32 * pick(1, 3) + (i % 2 ? 0 : pick(0, 31)) : OM_INT_COLUMNS + 32;
    const ptrdiff_t size = i % 3 == 0 ? pick(1, 5) : 3, step = i % 7 ? 1 : 2, wide = i % 5 ? pick(1, 20) : pick(40, 150);
    om_window_nd w = {.rank = 2, .in = {size * step + pick(0, 3), size * step + wide}, .kernel = {pick(0, 3) ? size : pick(1, 4), size},
                      .stride = {pick(1, 2), pick(1, 3)}, .dilation = {1, step}, .pad_begin = {pick(0, 2), pick(0, 3)},
                      .pad_end = {1, pick(0, 3)}};
    w.in[0] += w.kernel[0];
    for (int a = 0; a < 2; a++)
      w.out[a] = (w.in[a] + w.pad_begin[a] + w.pad_end[a] - (w.kernel[a] - 1) * w.dilation[a] - 1) / w.stride[a] + 1;
    c.s.window = w;
    run_conv(c, true);
  }
  for (int i = 0; i < 200; i++) {
    conv_case c = {.t = any_case(i), .s = {.batch = pick(1, 2), .groups = pick(0, 2) ? 1 : pick(2, 3)}};
    const bool depthwise = i % 4 == 3;
    c.t.a_zeros = pick(0, 1);
    c.s.channels = c.s.groups * pick(1, 40), c.s.out_channels = c.s.groups * pick(1, 40);
    if (depthwise) c.s.groups = c.s.out_channels = c.s.channels = pick(1, 300);
    om_window_nd *w = &c.s.window;
    w->rank = pick(1, 3);
    for (int a = 0; a < w->rank; a++) {
      w->kernel[a] = pick(1, 3), w->stride[a] = pick(1, 2), w->dilation[a] = pick(0, 3) ? 1 : 2;
      w->pad_begin[a] = pick(0, 2), w->pad_end[a] = pick(0, 2);
      const ptrdiff_t extent = (w->kernel[a] - 1) * w->dilation[a] + 1;
      w->in[a] = extent + pick(0, 4);
      w->out[a] = (w->in[a] + w->pad_begin[a] + w->pad_end[a] - extent) / w->stride[a] + 1;
    }
    run_conv(c, depthwise);
  }
  return check_done("integer");
}
