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
  'darwin-x64': 'x86_64',
  'darwin-arm64': 'generic',
}

/** What `zig cc` calls a target's system, where it isn't by the triple; it has the names of macOS's libraries with it. */
const systems: Readonly<Record<string, string>> = {
  'darwin-x64': 'x86_64-macos.11.0',
  'darwin-arm64': 'aarch64-macos.11.0',
}

/** The command that compiles C or C++ for a target: a clang, with the target's libraries in its own package. */
export function zigCommand({ name, triple }: Target, language: 'C' | 'C++'): readonly string[] | undefined {
  return name in processors ? ['zig', language === 'C' ? 'cc' : 'c++', '-target', systems[name] ?? triple] : undefined
}

export function isZig(command: readonly string[]): boolean {
  return /^zig(?:\.exe)?$/.test(basename(command[0] ?? '')) && /^c(?:c|\+\+)$/.test(command[1] ?? '')
}

/** Machine flags; none where it can't make the target. Unoptimised code would end the program where C leaves something undefined. */
export function zigFlags({ name }: Target): readonly (readonly string[])[] {
  const processor = processors[name]
  return processor === undefined ? [] : [[`-mcpu=${processor}`, '-fno-sanitize=undefined']]
}
