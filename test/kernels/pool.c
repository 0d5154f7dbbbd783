/* Pooling against one loop in double. */
#include "pool.h"
#include "windows-last.h"
#include "pool-nd.h"

#include "check.h"

static ptrdiff_t out_size(ptrdiff_t in, ptrdiff_t pads, ptrdiff_t kernel, ptrdiff_t stride, ptrdiff_t dilation,
                          bool ceil) {
  const ptrdiff_t room = in + pads - ((kernel - 1) * dilation + 1);
  return room < 0 ? 0 : (room + (ceil ? stride - 1 : 0)) / stride + 1;
}

static double reference(const om_pool2d_shape *s, const float *x, bool average, ptrdiff_t n, ptrdiff_t oy, ptrdiff_t ox,
                        ptrdiff_t c) {
  const ptrdiff_t pixel = s->x_pixel ? s->x_pixel : s->channels;
  double sum = 0, top = -INFINITY;
  int count = 0, inside = 0;
  for (ptrdiff_t ky = 0; ky < s->kernel_height; ky++)
    for (ptrdiff_t kx = 0; kx < s->kernel_width; kx++) {
      const ptrdiff_t y = oy * s->stride_height - s->pad_top + ky * s->dilation_height;
      const ptrdiff_t xx = ox * s->stride_width - s->pad_left + kx * s->dilation_width;
      count += y < s->height + s->pad_bottom && xx < s->width + s->pad_right;
      if (y < 0 || y >= s->height || xx < 0 || xx >= s->width) continue;
      inside++;
      const double v = (double)x[((n * s->height + y) * s->width + xx) * pixel + c];
      sum += v;
      top = v > top || isnan(v) ? v : top;
    }
  if (!average) return top;
  return sum / (s->count_padding ? count : inside);
}

static void run_case(void) {
  om_pool2d_shape s = {.batch = pick(1, 2), .channels = pick(1, 3 * OM_LANES + 1)};
  const bool average = pick(0, 1);
  s.count_padding = pick(0, 1);
  do {
    const bool ceil = pick(0, 1);
    s.height = pick(1, 12), s.width = pick(1, 12);
    s.kernel_height = pick(1, 4), s.kernel_width = pick(0, 1) ? s.kernel_height : pick(1, 4);
    s.stride_height = pick(1, 3), s.stride_width = pick(0, 1) ? s.stride_height : pick(1, 3);
    s.dilation_height = pick(0, 3) ? 1 : 2, s.dilation_width = pick(0, 3) ? 1 : 2;
    /* Smaller than the kernel, so that no window lies in the padding alone. */
    s.pad_top = pick(0, (int)s.kernel_height - 1), s.pad_bottom = pick(0, (int)s.kernel_height - 1);
    s.pad_left = pick(0, (int)s.kernel_width - 1), s.pad_right = pick(0, (int)s.kernel_width - 1);
    s.out_height =
        out_size(s.height, s.pad_top + s.pad_bottom, s.kernel_height, s.stride_height, s.dilation_height, ceil);
    s.out_width = out_size(s.width, s.pad_left + s.pad_right, s.kernel_width, s.stride_width, s.dilation_width, ceil);
    /* ONNX: a window may not start in the padding behind. */
    if ((s.out_height - 1) * s.stride_height >= s.height + s.pad_top) s.out_height--;
    if ((s.out_width - 1) * s.stride_width >= s.width + s.pad_left) s.out_width--;
  } while (s.out_height <= 0 || s.out_width <= 0);
  if (pick(0, 2) == 0) s.x_pixel = s.channels + pick(1, 5);
  if (pick(0, 2) == 0) s.y_pixel = s.channels + pick(1, 5);
  check_cases++;
  const ptrdiff_t x_pixel = s.x_pixel ? s.x_pixel : s.channels, y_pixel = s.y_pixel ? s.y_pixel : s.channels;
  const ptrdiff_t outs = s.batch * s.out_height * s.out_width, length = (outs - 1) * y_pixel + s.channels;
  const ptrdiff_t given = (s.batch * s.height * s.width - 1) * x_pixel + s.channels;
  float *x = floats(given), *y = output(length);
  if (pick(0, 1)) x[pick(0, (int)given - 1)] = NAN;
  if (average) om_avgpool2d_f32(x, y, s);
  else om_maxpool2d_f32(x, y, s);
  bool good = true;
  for (ptrdiff_t at = 0; at < outs && good; at++)
    for (ptrdiff_t c = 0; c < y_pixel && good; c++) {
      if (c >= s.channels) {
        good = at + 1 == outs || isnan(y[at * y_pixel + c]);
        if (!good) fail("pool: wrote between pixels");
        continue;
      }
      const double want = reference(&s, x, average, at / (s.out_height * s.out_width), at / s.out_width % s.out_height,
                                    at % s.out_width, c);
      good = close_to(y[at * y_pixel + c], want, average ? 1e-6 : 0);
      if (!good)
        fail("%s %dx%dx%dx%d kernel %dx%d stride %dx%d pad %d,%d,%d,%d: y[%d, %d] = %g, want %g",
             average ? "avgpool" : "maxpool", (int)s.batch, (int)s.height, (int)s.width, (int)s.channels,
             (int)s.kernel_height, (int)s.kernel_width, (int)s.stride_height, (int)s.stride_width, (int)s.pad_top,
             (int)s.pad_left, (int)s.pad_bottom, (int)s.pad_right, (int)at, (int)c, (double)y[at * y_pixel + c], want);
    }
  /* The n-dimensional fallback on the same geometry, one plane per image and channel. */
  const om_window_nd w = {.rank = 2,
                          .in = {s.height, s.width},
                          .out = {s.out_height, s.out_width},
                          .kernel = {s.kernel_height, s.kernel_width},
                          .stride = {s.stride_height, s.stride_width},
                          .dilation = {s.dilation_height, s.dilation_width},
                          .pad_begin = {s.pad_top, s.pad_left},
                          .pad_end = {s.pad_bottom, s.pad_right}};
  const ptrdiff_t planes = s.batch * s.channels, in = s.height * s.width, out = s.out_height * s.out_width;
  float *nchw = floats(planes * in), *pooled = output(planes * out);
  int64_t *indices = (int64_t *)check_alloc((size_t)(planes * out) * sizeof(int64_t));
  for (ptrdiff_t i = 0; i < planes * in; i++)
    nchw[i] = x[(i / (s.channels * in) * in + i % in) * x_pixel + i / in % s.channels];
  if (average) om_avgpool_nd_f32(nchw, pooled, planes, &w, s.count_padding);
  else om_maxpool_nd_f32(nchw, pooled, indices, false, planes, &w);
  for (ptrdiff_t i = 0; i < planes * out; i++) {
    const float want = y[(i / (s.channels * out) * out + i % out) * y_pixel + i / out % s.channels];
    if (!close_to(pooled[i], (double)want, average ? 1e-6 : 0))
      fail("pool_nd: y[%d] = %g, want %g", (int)i, (double)pooled[i], (double)want);
    if (!average && pooled[i] > -INFINITY && nchw[indices[i]] != pooled[i])
      fail("maxpool_nd: index %d", (int)indices[i]);
  }
  free(x), free(nchw), free(indices);
  release_output(y, length, "pool");
  release_output(pooled, planes * out, "pool_nd");
}

static void run_global(void) {
  const ptrdiff_t batch = pick(1, 3), pixels = pick(1, 50), channels = pick(1, 3 * OM_LANES + 1);
  check_cases++;
  float *x = floats(batch * pixels * channels), *y = output(batch * channels);
  om_global_avgpool_f32(x, y, batch, pixels, channels);
  for (ptrdiff_t i = 0; i < batch * channels; i++) {
    double sum = 0;
    for (ptrdiff_t p = 0; p < pixels; p++) sum += (double)x[(i / channels * pixels + p) * channels + i % channels];
    if (!close_to(y[i], sum / (double)pixels, 1e-6)) fail("global_avgpool %d x %d", (int)pixels, (int)channels);
  }
  free(x);
  release_output(y, batch * channels, "global_avgpool");
}

/* Shares are put under each pixel's window, one after another; the kernel goes the other way. */
static void run_add_windows(void) {
  om_add_windows s = {.batch = pick(1, 3), .height = pick(1, 6), .width = pick(1, 9)};
  s.kernel_height = pick(1, 4), s.kernel_width = pick(1, 5);
  s.stride_height = pick(1, 4), s.stride_width = pick(1, 4);
  s.dilation_height = pick(0, 3) ? 1 : 2, s.dilation_width = pick(0, 3) ? 1 : 3;
  s.pad_top = pick(-1, 2), s.pad_left = pick(-1, 2);
  s.out_height = pick(1, 20), s.out_width = pick(1, 20);
  const ptrdiff_t filters = pick(1, 20), taps = s.kernel_height * s.kernel_width, apart = pick(0, 1) ? pick(0, 5) : 0;
  s.channels = filters * taps;
  s.y_pixel = apart ? filters + apart : 0;
  const ptrdiff_t y_pixel = filters + apart, pixels = s.batch * s.out_height * s.out_width;
  const bool has_bias = pick(0, 1);
  check_cases++;
  float *x = floats(s.batch * s.height * s.width * s.channels), *bias = floats(filters);
  float *y = output(pixels * y_pixel);
  double *want = (double *)check_alloc((size_t)(pixels * filters) * sizeof(double));
  for (ptrdiff_t i = 0; i < pixels * filters; i++) want[i] = has_bias ? bias[i % filters] : 0;
  for (ptrdiff_t i = 0; i < s.batch * s.height * s.width * s.channels; i++) {
    const ptrdiff_t filter = i % filters, tap = i / filters % taps, pixel = i / s.channels;
    const ptrdiff_t row = pixel / s.width % s.height * s.stride_height + tap / s.kernel_width * s.dilation_height - s.pad_top;
    const ptrdiff_t column = pixel % s.width * s.stride_width + tap % s.kernel_width * s.dilation_width - s.pad_left;
    if (row < 0 || row >= s.out_height || column < 0 || column >= s.out_width) continue;
    want[((pixel / (s.width * s.height) * s.out_height + row) * s.out_width + column) * filters + filter] += x[i];
  }
  om_add_windows_f32(x, has_bias ? bias : NULL, y, s);
  for (ptrdiff_t i = 0; i < pixels * filters; i++)
    if (!close_to(y[i / filters * y_pixel + i % filters], want[i], 1e-5)) {
      fail("add_windows of %d filters: y[%d], want %g", (int)filters, (int)i, want[i]);
      break;
    }
  free(x), free(bias), free(want);
  release_output(y, pixels * y_pixel, "add_windows");
}

int main(void) {
  for (int i = 0; i < 600; i++) run_case();
  for (int i = 0; i < 100; i++) run_global();
  /* Column-major indices: element [1, 2] of 3 x 4 is 1 + 2 * 3. A NaN must not become -inf. */
  const om_window_nd whole = {
      .rank = 2, .in = {3, 4}, .out = {1, 1}, .kernel = {3, 4}, .stride = {1, 1}, .dilation = {1, 1}};
  float x[12] = {0}, y;
  int64_t index;
  x[6] = 1;
  om_maxpool_nd_f32(x, &y, &index, true, 1, &whole);
  if (y != 1 || index != 7) fail("column-major index %d, want 7", (int)index);
  for (int i = 0; i < 300; i++) run_add_windows();
  return check_done("pool");
}
