/* Packed weights brought into the order of another vector unit, against the order as src/lowering/pack.ts describes it: results
 * must be equal bit for bit, the zeros behind the columns included. */
#include "repack.h"

#include "check.h"

/* B[k, n] packed for vectors of `lanes`: panels of `vectors` of them, or, where no more columns are left, of one. */
static uint32_t *packed_for(ptrdiff_t lanes, ptrdiff_t vectors, ptrdiff_t k, ptrdiff_t n, const uint32_t *b, ptrdiff_t *count) {
  *count = k * ((n + lanes - 1) / lanes * lanes);
  uint32_t *packed = (uint32_t *)check_alloc((size_t)*count * 4), *to = packed;
  for (ptrdiff_t n0 = 0, width; n0 < n; n0 += width) {
    width = n - n0 > (vectors - 1) * lanes ? vectors * lanes : lanes;
    for (ptrdiff_t i = 0; i < k; i++)
      for (ptrdiff_t j = n0; j < n0 + width; j++) *to++ = j < n ? b[i * n + j] : 0;
  }
  return packed;
}

static void run_repack(void) {
  const ptrdiff_t k = pick(0, 9), n = pick(1, 140), vectors = pick(1, 4);
  const om_panels panels = {OM_LANES << pick(0, 3), pick(1, 4)};
  ptrdiff_t from_count, count;
  check_cases++;
  uint32_t *b = (uint32_t *)check_alloc((size_t)(k * n) * 4);
  for (ptrdiff_t i = 0; i < k * n; i++) b[i] = check_random();
  uint32_t *from = packed_for(panels.lanes, panels.vectors, k, n, b, &from_count);
  uint32_t *expected = packed_for(OM_LANES, vectors, k, n, b, &count);
  uint32_t *to = (uint32_t *)output(count);
  om_repack_32(from, panels, vectors, k, n, to);
  if (memcmp(to, expected, (size_t)count * 4) != 0)
    fail("repack of %d x %d from %d vectors of %d to %d", (int)k, (int)n, (int)panels.vectors, (int)panels.lanes, (int)vectors);
  free(b), free(from), free(expected);
  release_output((float *)to, count, "repack");
}

int main(void) {
  for (int i = 0; i < 2000; i++) run_repack();
  return check_done("repack");
}
