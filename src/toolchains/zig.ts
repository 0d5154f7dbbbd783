import { basename } from 'node:path'
import type { Target } from '../targets/index.ts'

/**
 * What `zig cc` calls the processor of a target. Only targets that zig was seen to link for are here: zig 0.12's linker knows
 * no s390x, and its C library for riscv64 does not assemble.
 */
const processors: Readonly<Record<string, string>> = {
  'x86-64': 'x86_64',
  'x86-64-v2': 'x86_64_v2',
  'x86-64-v3': 'x86_64_v3',
  'x86-64-v4': 'x86_64_v4',
  arm64: 'generic',
  armv7: 'generic+v7a+neon',
}

/** The command that compiles C for a target: a clang, with the target's C library in its own package. */
export function zigCommand({ name, triple }: Target): readonly string[] | undefined {
  return name in processors ? ['zig', 'cc', '-target', triple] : undefined
}

export function isZig(command: readonly string[]): boolean {
  return /^zig(?:\.exe)?$/.test(basename(command[0] ?? '')) && command[1] === 'cc'
}

/** Machine flags; none where it can't make the target. Unoptimised code would end the program where C leaves something undefined. */
export function zigFlags({ name }: Target): readonly (readonly string[])[] {
  const processor = processors[name]
  return processor === undefined ? [] : [[`-mcpu=${processor}`, '-fno-sanitize=undefined']]
}
