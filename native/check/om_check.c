/* A program around one model, for builds with sanitizers (`conformance --sanitize`): included behind the model's C, which
 * was made with every value apart.
 *
 *   program INPUTS OUTPUTS */
#include "om_check.h"

void __asan_poison_memory_region(const volatile void *begin, size_t bytes);

int main(int count, char **arguments) {
  om_check_that(count == 3, "usage: program INPUTS OUTPUTS");
  for (const int64_t(*gap)[2] = om_gaps; (*gap)[1] > 0; gap++)
    __asan_poison_memory_region(om_weights + (*gap)[0], (size_t)((*gap)[1] - (*gap)[0]));
  return om_check_run(&om_builtin_model, arguments[1], arguments[2]);
}
