/* om_conv2d_f32, om_depthwise2d_f32, om_grouped2d_f32 and the n-dimensional fallbacks against one loop in double. */
#include "conv.h"
#include "depthwise.h"
#include "grouped.h"
#include "nd.h"
#include "winograd.h"

#include "check.h"
#include "pack.h"

typedef struct conv_case {
  om_conv2d_shape s;
  bool bias, residual;
  om_activation activation;
} conv_case;

static void describe(char *name, size_t size, const char *what, const conv_case *t) {
  const om_conv2d_shape *s = &t->s;
  snprintf(
      name, size,
      "%s %dx%dx%dx%d kernel %dx%d stride %dx%d dilation %dx%d pad %d,%d groups %d -> %dx%dx%d pitch %d/%d bias %d "
      "residual %d act %d",
      what, (int)s->batch, (int)s->height, (int)s->width, (int)s->channels, (int)s->kernel_height, (int)s->kernel_width,
      (int)s->stride_height, (int)s->stride_width, (int)s->dilation_height, (int)s->dilation_width, (int)s->pad_top,
      (int)s->pad_left, (int)s->groups, (int)s->out_height, (int)s->out_width, (int)s->out_channels, (int)s->x_pixel,
      (int)s->y_pixel, t->bias, t->residual, t->activation);
}

/* The convolution at one output element; w is ONNX's OIHW. `size` grows by the magnitude of what was added. */
static double reference(const om_conv2d_shape *s, const float *x, const float *w, ptrdiff_t n, ptrdiff_t oy,
                        ptrdiff_t ox, ptrdiff_t o, double *size) {
  const ptrdiff_t depth = s->channels / s->groups, first = o / (s->out_channels / s->groups) * depth;
  const ptrdiff_t pixel = s->x_pixel ? s->x_pixel : s->channels;
  double sum = 0;
  for (ptrdiff_t ky = 0; ky < s->kernel_height; ky++)
    for (ptrdiff_t kx = 0; kx < s->kernel_width; kx++) {
      const ptrdiff_t y = oy * s->stride_height - s->pad_top + ky * s->dilation_height;
      const ptrdiff_t xx = ox * s->stride_width - s->pad_left + kx * s->dilation_width;
      if (y < 0 || y >= s->height || xx < 0 || xx >= s->width) continue;
      for (ptrdiff_t c = 0; c < depth; c++) {
        const double term = (double)x[((n * s->height + y) * s->width + xx) * pixel + first + c] *
                            w[((o * depth + c) * s->kernel_height + ky) * s->kernel_width + kx];
        sum += term;
        *size += fabs(term);
      }
    }
  return sum;
}

typedef enum method { DIRECT, LINES, DEPTHWISE, GROUPED, WINOGRAD } method;

static const char *const methods[] = {"conv", "conv by lines", "depthwise", "grouped", "winograd"};

static void run_case(conv_case t, method how) {
  om_conv2d_shape *s = &t.s;
  char name[320];
  describe(name, sizeof name, methods[how], &t);
  check_cases++;
  const ptrdiff_t x_pixel = s->x_pixel ? s->x_pixel : s->channels, y_pixel = s->y_pixel ? s->y_pixel : s->out_channels;
  const ptrdiff_t outs = s->batch * s->out_height * s->out_width, y_length = (outs - 1) * y_pixel + s->out_channels;
  float *x = floats((s->batch * s->height * s->width - 1) * x_pixel + s->channels);
  float *w = floats(s->out_channels * s->channels / s->groups * s->kernel_height * s->kernel_width);
  float *bias = floats(s->out_channels), *residual = floats(outs * s->out_channels), *y = output(y_length);
  float *packed = how == DEPTHWISE  ? pack_depthwise(s, w)
                  : how == GROUPED  ? pack_grouped(s, w)
                  : how == WINOGRAD ? pack_winograd(s, w)
                                    : pack_conv(s, w);
  const om_epilogue e = {.bias = t.bias ? bias : NULL,
                         .residual = t.residual ? residual : NULL,
                         .activation = t.activation,
                         .alpha = 0.125f,
                         .beta = 2.0f};
  void *scratch = check_scratch((size_t)(how == WINOGRAD ? OM_WINOGRAD_SCRATCH(s->channels) : OM_GEMM_SCRATCH));
  if (how == DEPTHWISE) om_depthwise2d_f32(x, packed, y, *s, e);
  else if (how == WINOGRAD) om_conv2d_winograd_f32(x, packed, y, *s, e, scratch);
  else if (how == GROUPED) om_grouped2d_f32(x, packed, y, *s, e, scratch);
  else if (how == LINES) om_conv2d_lines_f32(x, packed, y, *s, e, scratch);
  else om_conv2d_f32(x, packed, y, *s, e, scratch);
  free(scratch);
  bool good = true;
  for (ptrdiff_t at = 0; at < outs && good; at++) {
    for (ptrdiff_t o = 0; o < s->out_channels && good; o++) {
      double size = 1, sum = reference(s, x, w, at / (s->out_height * s->out_width), at / s->out_width % s->out_height,
                                       at % s->out_width, o, &size);
      if (t.bias) sum += bias[o];
      if (t.residual) sum += residual[at * s->out_channels + o];
      if (t.activation == OM_ACT_RELU) sum = sum > 0 ? sum : 0;
      if (t.activation == OM_ACT_LEAKY_RELU) sum = sum < 0 ? 0.125 * sum : sum;
      /* Winograd's rounding errors come from the whole tile, wherever the window's own terms are small. */
      const double tolerance = how == WINOGRAD ? 4e-6 + 4e-7 * 9 * (double)s->channels : 1e-6 * size;
      good = close_to(y[at * y_pixel + o], sum, tolerance);
      if (!good) fail("%s: y[%d, %d] = %g, want %g", name, (int)at, (int)o, (double)y[at * y_pixel + o], sum);
    }
    for (ptrdiff_t o = s->out_channels; o < y_pixel && at + 1 < outs && good; o++) {
      good = isnan(y[at * y_pixel + o]);
      if (!good) fail("%s: wrote between pixels", name);
    }
  }
  free(x), free(w), free(bias), free(residual), free(packed);
  release_output(y, y_length, name);
}

/* Output size of an axis; 0 where the window does not fit. */
static ptrdiff_t out_size(ptrdiff_t in, ptrdiff_t begin, ptrdiff_t end, ptrdiff_t kernel, ptrdiff_t stride,
                          ptrdiff_t dilation) {
  const ptrdiff_t room = in + begin + end - ((kernel - 1) * dilation + 1);
  return room < 0 ? 0 : room / stride + 1;
}

/* Pixels of a window, those between its taps counted. */
static ptrdiff_t window_pixels(const om_conv2d_shape *s) {
  return ((s->kernel_height - 1) * s->dilation_height + 1) * ((s->kernel_width - 1) * s->dilation_width + 1);
}

static void random_case(method how) {
  const om_activation activations[] = {OM_ACT_NONE, OM_ACT_RELU, OM_ACT_LEAKY_RELU};
  conv_case t = {.bias = pick(0, 1), .residual = pick(0, 3) == 0, .activation = activations[pick(0, 2)]};
  om_conv2d_shape *s = &t.s;
  do {
    s->batch = pick(1, 2), s->height = pick(1, 13), s->width = pick(1, 13);
    s->kernel_height = pick(1, 5), s->kernel_width = pick(0, 1) ? s->kernel_height : pick(1, 5);
    s->stride_height = pick(1, 3), s->stride_width = pick(0, 1) ? s->stride_height : pick(1, 3);
    s->dilation_height = pick(0, 2) ? 1 : pick(1, 3), s->dilation_width = pick(0, 2) ? 1 : pick(1, 3);
    s->pad_top = pick(0, 1) * pick(-1, 4), s->pad_left = pick(0, 1) * pick(-1, 4);
    if (how == WINOGRAD) {
      s->height = pick(1, 40), s->width = pick(1, 40), s->kernel_height = s->kernel_width = 3;
      s->stride_height = s->stride_width = s->dilation_height = s->dilation_width = 1;
    }
    if (how == LINES) s->width = pick(1, 60), s->dilation_width = 1;
    if (how == GROUPED) s->height = pick(1, 30), s->width = pick(0, 5) ? pick(1, 60) : pick(300, 1200);
    s->out_height = out_size(s->height, s->pad_top, pick(0, 3), s->kernel_height, s->stride_height, s->dilation_height);
    s->out_width = out_size(s->width, s->pad_left, pick(0, 3), s->kernel_width, s->stride_width, s->dilation_width);
  } while (s->out_height == 0 || s->out_width < (how == LINES ? OM_LINE_PIXELS : 1) ||
           (how == GROUPED && window_pixels(s) > OM_GROUPED_MOST_WINDOW));
  if (how == DEPTHWISE) s->groups = s->channels = s->out_channels = pick(1, 3 * OM_LANES + 2);
  else if (how == GROUPED) {
    const ptrdiff_t filters = 1 << pick(0, 3);
    s->groups = pick(2, 4 + 2 * OM_LANES / filters);
    s->channels = s->groups * (pick(0, 1) ? filters : 1), s->out_channels = s->groups * filters;
  }
  else {
    s->groups = pick(0, 2) || how == WINOGRAD || how == LINES ? 1 : pick(1, 3);
    s->channels = how == LINES ? pick(1, 8) : s->groups * (pick(0, 9) ? pick(1, 20) : OM_K_BLOCK + pick(0, 9));
    s->out_channels = s->groups * pick(1, 2 * OM_PANEL);
  }
  if (pick(0, 2) == 0 && how != LINES) s->x_pixel = s->channels + pick(1, 7);
  if (how == LINES && s->kernel_height * om_line_length(*s) > OM_LINE_ROOM) return;
  if (how == LINES || how == GROUPED) t.residual = false;
  if (pick(0, 2) == 0) s->y_pixel = s->out_channels + pick(1, 7);
  run_case(t, how);
}

/* A literal shape, as generated code has it. */
#define LITERAL(how, ...) run_case((conv_case){.s = {__VA_ARGS__}, .bias = true, .activation = OM_ACT_RELU}, how)

#define LITERAL_GROUPS(inputs, outputs, groups_, stride)                                                                       \
  LITERAL(GROUPED, .batch = 1, .height = 20, .width = 21, .channels = inputs, .out_height = (20 - 1) / stride + 1,             \
          .out_width = (21 - 1) / stride + 1, .out_channels = outputs, .kernel_height = 3, .kernel_width = 3,                  \
          .stride_height = stride, .stride_width = stride, .dilation_height = 1, .dilation_width = 1, .pad_top = 1,            \
          .pad_left = 1, .groups = groups_)

/* om_conv_nd_f32 in two dimensions must agree with the reference; its transpose must be its adjoint:
 * sum of conv(x)·y = sum of x·transpose(y) for all x and y. */
static void run_nd(void) {
  om_window_nd w = {.rank = pick(1, 3)};
  const ptrdiff_t batch = pick(1, 2), groups = pick(1, 2), channels = groups * pick(1, 3), outs = groups * pick(1, 3);
  for (int i = 0; i < w.rank; i++) do {
      w.in[i] = pick(1, 6), w.kernel[i] = pick(1, 3), w.stride[i] = pick(1, 2), w.dilation[i] = pick(1, 2);
      w.pad_begin[i] = pick(0, 2), w.pad_end[i] = pick(0, 2);
      w.out[i] = out_size(w.in[i], w.pad_begin[i], w.pad_end[i], w.kernel[i], w.stride[i], w.dilation[i]);
    } while (w.out[i] == 0);
  check_cases++;
  const ptrdiff_t in = om_product_nd(w.in, w.rank), out = om_product_nd(w.out, w.rank);
  const ptrdiff_t x_length = batch * channels * in, y_length = batch * outs * out;
  float *x = floats(x_length), *weights = floats(outs * channels / groups * om_product_nd(w.kernel, w.rank));
  float *y = output(y_length), *other = floats(y_length), *back = output(x_length), *bias = floats(outs);
  om_conv_nd_f32(x, weights, bias, y, batch, channels, outs, groups, &w);
  /* As weights of the transpose, OIHW reads as [its channels, its out_channels / groups, ...]. */
  om_conv_transpose_nd_f32(other, weights, NULL, back, batch, outs, channels, groups, &w);
  double forward = 0, backward = 0;
  for (ptrdiff_t i = 0; i < y_length; i++) forward += (double)(y[i] - bias[i / out % outs]) * other[i];
  for (ptrdiff_t i = 0; i < x_length; i++) backward += (double)x[i] * back[i];
  if (!(fabs(forward - backward) < 1e-3)) fail("conv_nd rank %d: %g, transposed %g", w.rank, forward, backward);
  if (w.rank == 2) {
    const om_conv2d_shape s = {batch,         w.in[0],        w.in[1],        channels,    w.out[0],    w.out[1],
                               outs,          w.kernel[0],    w.kernel[1],    w.stride[0], w.stride[1], w.dilation[0],
                               w.dilation[1], w.pad_begin[0], w.pad_begin[1], groups,      0,           0};
    float *nhwc = floats(x_length);
    for (ptrdiff_t i = 0; i < x_length; i++)
      nhwc[(i / (channels * in) * in + i % in) * channels + i / in % channels] = x[i];
    for (ptrdiff_t i = 0; i < y_length; i++) {
      double size = 1;
      const double want = bias[i / out % outs] + reference(&s, nhwc, weights, i / (outs * out), i % out / w.out[1],
                                                           i % w.out[1], i / out % outs, &size);
      if (!close_to(y[i], want, 1e-6 * size)) fail("conv_nd: y[%d] = %g, want %g", (int)i, (double)y[i], want);
    }
    free(nhwc);
  }
  free(x), free(weights), free(other), free(bias);
  release_output(y, y_length, "conv_nd");
  release_output(back, x_length, "conv_transpose_nd");
}

int main(void) {
  for (int i = 0; i < 400; i++) random_case(DIRECT);
  for (int i = 0; i < 300 && OM_LANES > 1; i++) random_case(LINES);
  for (int i = 0; i < 400; i++) random_case(DEPTHWISE);
  for (int i = 0; i < 300; i++) random_case(GROUPED);
  for (int i = 0; i < 100; i++) random_case(WINOGRAD);
  LITERAL(DIRECT, .batch = 1, .height = 19, .width = 17, .channels = 3, .out_height = 10, .out_width = 9,
          .out_channels = 16, .kernel_height = 3, .kernel_width = 3, .stride_height = 2, .stride_width = 2,
          .dilation_height = 1, .dilation_width = 1, .pad_top = 1, .pad_left = 1, .groups = 1);
  LITERAL(DIRECT, .batch = 1, .height = 14, .width = 14, .channels = 40, .out_height = 14, .out_width = 14,
          .out_channels = 37, .kernel_height = 3, .kernel_width = 3, .stride_height = 1, .stride_width = 1,
          .dilation_height = 1, .dilation_width = 1, .pad_top = 1, .pad_left = 1, .groups = 1);
  LITERAL(DEPTHWISE, .batch = 1, .height = 20, .width = 21, .channels = 32, .out_height = 20, .out_width = 21,
          .out_channels = 32, .kernel_height = 3, .kernel_width = 3, .stride_height = 1, .stride_width = 1,
          .dilation_height = 1, .dilation_width = 1, .pad_top = 1, .pad_left = 1, .groups = 32);
  LITERAL(DEPTHWISE, .batch = 1, .height = 20, .width = 21, .channels = 24, .out_height = 10, .out_width = 11,
          .out_channels = 24, .kernel_height = 3, .kernel_width = 3, .stride_height = 2, .stride_width = 2,
          .dilation_height = 1, .dilation_width = 1, .pad_top = 1, .pad_left = 1, .groups = 24);
  LITERAL_GROUPS(40, 40, 10, 1);
  LITERAL_GROUPS(32, 32, 16, 2);
  LITERAL_GROUPS(48, 48, 6, 1);
  LITERAL_GROUPS(12, 24, 12, 2);
  for (int i = 0; i < 100; i++) run_nd();
  return check_done("conv");
}
