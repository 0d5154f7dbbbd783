import { execFile, spawnSync } from 'node:child_process'
import { readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { describe, expect, it } from 'vitest'
import { which } from '../../src/toolchains/programs.ts'
import { makeFolder } from '../scratch.ts'

// native/libc: the headers that libraries for other machines are compiled against, and what clang calls on ARM.

const run = promisify(execFile)
const libc = resolve(import.meta.dirname, '../../native/libc')
const headers = [
  ...readdirSync(libc).filter((name) => name.endsWith('.h') && !name.startsWith('compiler-')),
  'sys/mman.h',
]
const strict = ['-std=gnu11', '-Wall', '-Wextra', '-Werror', '-fsyntax-only', '-x', 'c', '-']

function errorsOf(compiler: string, args: readonly string[], input: string): string {
  return spawnSync(compiler, [...args, ...strict], { input, encoding: 'utf8' }).stderr
}

const hasClang = which('clang', process.env) !== undefined
if (!hasClang) console.log('skipped: headers by clang (not installed)')

describe.runIf(hasClang)('headers', () => {
  it.each(['aarch64-linux-gnu', 's390x-linux-gnu', 'arm-linux-gnueabihf', 'riscv64-linux-gnu', 'arm64-apple-macos11'])(
    'are taken each alone, and all together, for %s',
    (triple) => {
      const args = [`--target=${triple}`, '-nostdlibinc', '-isystem', libc]
      const include = (names: readonly string[]) => names.map((name) => `#include <${name}>\n`).join('')
      for (const header of headers) expect(errorsOf('clang', args, include([header])), header).toBe('')
      const all = `${include(headers)}int f(void) { errno = ERANGE; return printf("%" PRId64, (int64_t)time(0)); }`
      expect(errorsOf('clang', args, all)).toBe('')
    },
  )
})

describe.runIf(process.platform === 'linux' && which('cc', process.env))('declarations', () => {
  it.each(['math.h', 'stdio.h', 'stdlib.h', 'string.h', 'sys/mman.h'])(
    "are those of this machine's own <%s>",
    (name) => {
      // Two that differ are an error, whatever the warnings.
      const source = `#define _GNU_SOURCE\n#include <${name}>\n#undef errno\n#include "${libc}/${name}"\n`
      expect(errorsOf('cc', ['-w'], source)).toBe('')
    },
  )
})

const arm = ['arm-linux-gnueabihf-gcc', 'qemu-arm'].find((tool) => !which(tool, process.env))
if (arm) console.log(`skipped: what clang calls on ARM (no ${arm})`)

describe.runIf(arm === undefined)('what clang calls on ARM', () => {
  it.each([
    ['armv7', '-march=armv7-a -mfpu=neon'],
    ['armv6', '-march=armv6 -mfpu=vfp -marm'],
  ])("gives what GCC's library gives, on %s", { timeout: 60_000 }, async (_, machine) => {
    const program = join(makeFolder(), 'arm-calls')
    const flags = [...machine.split(' '), '-mfloat-abi=hard', '-O2', '-Wall', '-Wextra', '-Werror', `-I${libc}`]
    await run('arm-linux-gnueabihf-gcc', [...flags, join(import.meta.dirname, 'arm-calls.c'), '-o', program])
    const { stdout } = await run('qemu-arm', ['-cpu', 'max', '-L', '/usr/arm-linux-gnueabihf', program])
    expect(stdout).toMatch(/^\d{6} compared, 0 wrong\n$/)
  })
})
