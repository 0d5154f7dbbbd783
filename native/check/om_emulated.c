/* A program that runs any model of the built-in compiler: where an emulator stands for another machine, it has this and no
 * Node to load libraries (`conformance --target z16` on x86-64).
 *
 *   program LIBRARY INPUTS OUTPUTS */
#include <dlfcn.h>

#include "om_check.h"

int main(int count, char **arguments) {
  om_check_that(count == 4, "usage: program LIBRARY INPUTS OUTPUTS");
  void *library = dlopen(arguments[1], RTLD_NOW | RTLD_LOCAL);
  if (!library) om_check_that(false, dlerror());
  const om_builtin_descriptor *model = (const om_builtin_descriptor *)dlsym(library, "om_builtin_model");
  om_check_that(model && model->magic == OM_BUILTIN_MAGIC && model->abi == OM_BUILTIN_ABI, "the library is none of ours");
  return om_check_run(model, arguments[2], arguments[3]);
}
