/* What is done with codes in integers alone, against floats: codes of sums, averages, sums of two tensors. */
#include "bytes.h"

#include "check.h"

static float from_bits(uint32_t bits) {
  float x;
  memcpy(&x, &bits, 4);
  return x;
}

/* As float32 does it, a rounding at a time. */
static int32_t code_by_floats(int32_t sum, float scale, float nudge, int32_t least, int32_t most) {
  volatile float real = (float)sum;
  real = real * scale;
  if (nudge != 0) real = real + copysignf(nudge, (float)sum);
  return (int32_t)om_quantize(real, 0.0f, (float)least, (float)most);
}

/* Scales of all sizes, of few digits, and such that a product is near a half. */
static float some_scale(int32_t sum) {
  const float any = ldexpf(1.0f + (float)(check_random() & 0x7fffff) / 8388608.0f, -pick(0, 25));
  switch (check_random() % 6) {
    case 0: return from_bits(check_random());
    case 1: return ldexpf(1.0f, -pick(0, 24));
    case 2: {
      const float near = sum ? ((float)pick(-256, 255) + 0.5f) / (float)sum : 1.0f;
      uint32_t bits;
      memcpy(&bits, &near, 4);
      return from_bits(bits + (uint32_t)pick(0, 6) - 3);
    }
    default: return any;
  }
}

static float some_nudge(float scale) {
  if (!(scale > 0)) return 0.0f;
  const float any = ldexpf(1.0f + (float)(check_random() & 0x7fffff) / 8388608.0f, -pick(2, 20));
  return check_random() % 3 == 0 ? 0.0f : check_random() % 2 ? ldexpf(1.0f, -pick(2, 13)) : any;
}

static void check_codes(void) {
  check_cases++;
  for (int i = 0; i < 3000000; i++) {
    const int32_t sum = (int32_t)(check_random() ^ check_random() << 16) >> pick(0, 31);
    const float scale = some_scale(sum), nudge = some_nudge(scale);
    const int32_t least = -pick(0, 255), most = least + 255;
    const int32_t got = om_soft_code(sum, scale, nudge, least, most), want = code_by_floats(sum, scale, nudge, least, most);
    if (got != want) fail("%d times %a moved by %a in %d..%d: %d instead of %d", sum, scale, nudge, least, most, got, want);
  }
  const float odd[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, -0.25f};
  for (int i = 0; i < 6; i++)
    for (int32_t sum = -3; sum <= 3; sum++)
      if (om_soft_code(sum, odd[i], 0.0f, -9, 8) != code_by_floats(sum, odd[i], 0.0f, -9, 8)) fail("%d times %f", sum, odd[i]);
}

static void check_average(ptrdiff_t batch, ptrdiff_t pixels, ptrdiff_t channels, bool is_signed, bool nudged) {
  check_cases++;
  uint8_t *x = some_bytes(batch * pixels * channels), *zeros = some_bytes(2), *y = (uint8_t *)output((batch * channels + 3) / 4);
  const float scale = 1.7f / (float)(pixels ? pixels : 1), nudge = 0.01f;
  const om_int_product p = {.n = channels, .a_signed = is_signed, .a_zero = zeros, .y_zero = zeros + 1, .scale = &scale,
                            .result = is_signed ? OM_INT_INT8 : OM_INT_UINT8, .nudge = nudged ? &nudge : NULL, .y = y,
                            .y_row = channels};
  om_average_bytes(x, batch, pixels, &p);
  for (ptrdiff_t i = 0; i < batch * channels; i++) {
    int32_t sum = -(int32_t)pixels * byte_of(zeros, 0, is_signed);
    for (ptrdiff_t j = 0; j < pixels; j++)
      sum += byte_of(x, (i / channels * pixels + j) * channels + i % channels, is_signed);
    const int32_t zero = byte_of(zeros, 1, is_signed), low = is_signed ? -128 : 0;
    const int32_t want = zero + code_by_floats(sum, scale, nudged ? nudge : 0.0f, low - zero, low + 255 - zero);
    if (byte_of(y, i, is_signed) != want)
      fail("average of %d pixels, channel %d: %d instead of %d", (int)pixels, (int)i, byte_of(y, i, is_signed), want);
  }
  free(x), free(zeros);
  release_output((float *)y, (batch * channels + 3) / 4, "average");
}

/* Windows of an image with its edge, of which each average has the factor of its number of codes. */
static void check_windows(ptrdiff_t batch, ptrdiff_t height, ptrdiff_t width, ptrdiff_t channels, ptrdiff_t kernel,
                          ptrdiff_t stride, bool is_signed, bool nudged) {
  check_cases++;
  const ptrdiff_t pad = kernel / 2, out_height = (height + 2 * pad - kernel) / stride + 1;
  const ptrdiff_t out_width = (width + 2 * pad - kernel) / stride + 1, n = batch * out_height * out_width * channels;
  const om_pool2d_shape s = {.batch = batch, .height = height, .width = width, .channels = channels, .out_height = out_height,
                             .out_width = out_width, .kernel_height = kernel, .kernel_width = kernel, .stride_height = stride,
                             .stride_width = stride, .dilation_height = 1, .dilation_width = 1, .pad_top = pad, .pad_left = pad,
                             .pad_bottom = pad, .pad_right = pad};
  float scale[50], nudge[50];
  for (int i = 0; i < 50; i++) scale[i] = 1.3f / (float)(i ? i : 1), nudge[i] = 0.001f * (float)i;
  uint8_t *x = some_bytes(batch * height * width * channels), *zeros = some_bytes(2), *y = (uint8_t *)output((n + 3) / 4);
  const om_int_product p = {.n = channels, .a_signed = is_signed, .a_zero = zeros, .y_zero = zeros + 1, .scale = scale,
                            .result = is_signed ? OM_INT_INT8 : OM_INT_UINT8, .nudge = nudged ? nudge : NULL, .y = y,
                            .y_row = channels};
  om_average_windows(x, &s, &p);
  for (ptrdiff_t i = 0; i < n; i++) {
    const ptrdiff_t c = i % channels, ox = i / channels % out_width, oy = i / channels / out_width % out_height;
    int32_t sum = 0, taps = 0;
    for (ptrdiff_t iy = oy * stride - pad; iy < oy * stride - pad + kernel; iy++)
      for (ptrdiff_t ix = ox * stride - pad; ix < ox * stride - pad + kernel; ix++) {
        if (iy < 0 || iy >= height || ix < 0 || ix >= width) continue;
        const ptrdiff_t image = i / channels / out_width / out_height;
        sum += byte_of(x, ((image * height + iy) * width + ix) * channels + c, is_signed) - byte_of(zeros, 0, is_signed);
        taps++;
      }
    const int32_t zero = byte_of(zeros, 1, is_signed), low = is_signed ? -128 : 0;
    const int32_t want = zero + code_by_floats(sum, scale[taps], nudged ? nudge[taps] : 0.0f, low - zero, low + 255 - zero);
    if (byte_of(y, i, is_signed) != want) fail("window %d: %d instead of %d", (int)i, byte_of(y, i, is_signed), want);
  }
  free(x), free(zeros);
  release_output((float *)y, (n + 3) / 4, "windows");
}

/* Sums of halves of both, of which one that is a half goes to the even code; with two bits less for every other line, or not. */
static void check_pairs(bool even, bool is_signed, bool apart) {
  check_cases++;
  enum { SHIFT = 8, ZERO = 3 };
  int32_t lines[512];
  uint8_t shifts[256], a[256], b[256], y[256];
  const int flip = is_signed ? 128 : 0;
  for (int i = 0; i < 256; i++) {
    a[i] = (uint8_t)i;
    shifts[i] = (uint8_t)(apart && i % 2 ? SHIFT - 2 : SHIFT);
    lines[2 * i] = 1 << (shifts[i] - 1);
    lines[2 * i + 1] = (i - 121) * (1 << (shifts[i] - 1)) + (1 << (shifts[i] - 1)) + ZERO * (1 << shifts[i]);
  }
  om_byte_pairs p = {{1, 1, 256}, {0, 0, 1}, {0, 0, 1}, lines, apart ? shifts : NULL, flip, 9, 0, SHIFT, even, ZERO, -128, 127};
  for (int other = 0; other < 256; other += 5) {
    memset(b, other, sizeof b);
    om_pair_bytes(a, b, &p, y);
    for (int i = 0; i < 256; i++) {
      const float real = (float)(i - 130 + (other ^ flip)) / 2;
      const float want = fminf(fmaxf((even ? rintf(real) : floorf(real + 0.5f)) + ZERO, -128.0f), 127.0f);
      if ((int8_t)y[i] != (int32_t)want) fail("sum of %d and %d: %d instead of %f", i, other, (int8_t)y[i], (double)want);
    }
  }
  /* Broadcast: the second of b's rows is met by all of a's. */
  const om_byte_pairs wide = {{2, 3, 4}, {12, 4, 1}, {4, 0, 1}, lines, apart ? shifts : NULL, flip, 9, 0, SHIFT, even, ZERO, -128, 127};
  om_pair_bytes(a, a, &wide, y);
  for (int i = 0; i < 24; i++) {
    const float real = (float)(i - 130 + ((i / 12 * 4 + i % 4) ^ flip)) / 2;
    if ((int8_t)y[i] != (even ? (int)rintf(real) : (int)floorf(real + 0.5f)) + ZERO) fail("broadcast sum %d: %d", i, y[i]);
  }
  /* Products are moved away from 0, so that halves but for a bit are rounded so, too. */
  p.shifts = NULL, p.nudge = 1, p.least = -90, p.most = 90;
  for (int i = 0; i < 256; i++) lines[2 * i] = i - 100, lines[2 * i + 1] = 1 << (SHIFT - 1);
  for (int other = 0; other < 256; other += 3) {
    memset(b, other, sizeof b);
    om_pair_bytes(a, b, &p, y);
    for (int i = 0; i < 256; i++) {
      const int product = (i - 100) * ((other ^ flip) - 9);
      const double real = product / 256.0 + (product < 0 ? -1 : 1) / 256.0;
      const double want = fmin(fmax(floor(real + 0.5), -90), 90);
      if (even && fabs(real - trunc(real)) == 0.5) continue;
      if ((int8_t)y[i] != (int)want) fail("product of %d and %d: %d instead of %f", i, other, (int8_t)y[i], want);
    }
  }
}

static void check_resize(ptrdiff_t outer, ptrdiff_t height, ptrdiff_t width, ptrdiff_t inner, ptrdiff_t out_height,
                         ptrdiff_t out_width, bool is_signed, bool even) {
  check_cases++;
  const int32_t ones[2] = {(int32_t)out_height, 1024}, zero = even ? 7 : 0;
  const ptrdiff_t sizes[2][2] = {{height, out_height}, {width, out_width}};
  int32_t *taps[2];
  for (int k = 0; k < 2; k++) {
    taps[k] = (int32_t *)check_alloc((size_t)sizes[k][1] * 8);
    for (ptrdiff_t i = 0; i < sizes[k][1]; i++) {
      const int32_t first = pick(0, (int)sizes[k][0] - 1), room = first < sizes[k][0] - 1;
      taps[k][2 * i] = first, taps[k][2 * i + 1] = room ? pick(0, ones[k] - 1) : 0;
    }
  }
  const ptrdiff_t n = outer * out_height * out_width * inner;
  uint8_t *x = some_bytes(outer * height * width * inner), *y = (uint8_t *)output((n + 3) / 4);
  const om_byte_resize s = {outer, height, width, inner, out_height, out_width, ones[0], ones[1]};
  om_resize_bytes(x, &s, is_signed, taps[0], taps[1], even, zero, y);
  for (ptrdiff_t i = 0; i < n; i++) {
    const ptrdiff_t c = i % inner, ox = i / inner % out_width, oy = i / inner / out_width % out_height;
    const ptrdiff_t image = i / inner / out_width / out_height;
    int64_t sum = 0;
    for (int down = 0; down < 2; down++)
      for (int right = 0; right < 2; right++) {
        const int64_t wy = down ? taps[0][2 * oy + 1] : ones[0] - taps[0][2 * oy + 1];
        const int64_t wx = right ? taps[1][2 * ox + 1] : ones[1] - taps[1][2 * ox + 1];
        if (wy == 0 || wx == 0) continue;
        const ptrdiff_t at = (image * height + taps[0][2 * oy] + down) * width + taps[1][2 * ox] + right;
        sum += wy * wx * (byte_of(x, at * inner + c, is_signed) - zero);
      }
    const double real = (double)sum / ((double)ones[0] * ones[1]);
    const int32_t want = zero + (int32_t)(even ? rint(real) : round(real)), got = byte_of(y, i, is_signed);
    if (got != want) fail("resized %d: %d instead of %d", (int)i, got, want);
  }
  free(x), free(taps[0]), free(taps[1]);
  release_output((float *)y, (n + 3) / 4, "resize");
}

int main(void) {
  check_codes();
  for (int i = 0; i < 4; i++) {
    check_average(1, 125, 64, i & 1, i & 2);
    check_average(2, 49, 2 * OM_INT_COLUMNS + 3, i & 1, i & 2);
    check_average(3, 1, 1, i & 1, i & 2);
    check_average(0, 4, 5, i & 1, i & 2);
  }
  for (int i = 0; i < 4; i++) {
    check_pairs(i & 1, i & 2, false);
    check_pairs(i & 1, i & 2, true);
    check_windows(1, 5, 7, 3, 3, 1, i & 1, i & 2);
    check_windows(2, 9, 6, 2 * OM_INT_COLUMNS + 3, 3, 2, i & 1, i & 2);
    check_windows(1, 4, 4, 9, 7, 1, i & 1, i & 2);
    check_windows(0, 4, 4, 9, 3, 1, i & 1, i & 2);
    check_resize(2, 3, 5, 4, 8, 9, i & 1, i & 2);
    check_resize(1, 1, 1, 1, 7, 3, i & 1, i & 2);
    check_resize(3, 6, 4, 1, 2, 1, i & 1, i & 2);
    check_resize(1, 5, 5, 7, 64, 5, i & 1, i & 2);
  }
  return check_done("bytes");
}
