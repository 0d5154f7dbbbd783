// Prints what this processor lacks for each target named on the command line, and whether it has NNPA.
#include "cpu.h"

#include <cstdio>

int main(int count, char **targets) {
  for (int i = 1; i < count; ++i) std::printf("%s: %s\n", targets[i], cpu::missing(targets[i]).c_str());
  std::printf("NNPA: %s\n", cpu::hasNnpa() ? "yes" : "no");
}
