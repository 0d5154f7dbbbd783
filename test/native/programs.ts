import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { findCxx } from '../../src/toolchains/find.ts'

const compilers = await findCxx().catch(() => undefined)

/** Whether programs can be compiled that use a part of the addon by itself. */
export const canCompile = process.platform !== 'win32' && compilers !== undefined
if (!canCompile) console.log('skipped: parts of the addon by themselves (no C++ compiler for POSIX)')

/**
 * Compiles a program of this folder that includes headers of the addon.
 *
 * @param program the file to make
 * @returns whether it was made; false where there is no sanitizer that `flags` ask for
 */
export function compileProgram(source: string, program: string, flags: readonly string[] = []): boolean {
  const [command, ...own] = compilers!.command
  const addonFolder = fileURLToPath(new URL('../../native/addon/', import.meta.url))
  const strict = ['-std=c++17', '-g', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread', `-I${addonFolder}`]
  const file = fileURLToPath(new URL(source, import.meta.url))
  const { status, stderr } = spawnSync(command!, [...own, ...strict, ...flags, file, '-o', program])
  if (status === 0) return true
  if (flags.some((flag) => flag.startsWith('-fsanitize')) && /cannot find|no such file/i.test(String(stderr))) {
    console.log(`skipped: no ${flags.join(' ')}`)
    return false
  }
  throw new Error(String(stderr))
}
