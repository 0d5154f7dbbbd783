import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { languageFlags } from '../../src/toolchains/flags.ts'
import { which } from '../../src/toolchains/programs.ts'

// What kernels look for on ARM when they run: products of bytes by SDOT, on a processor that has it and one that has not.

const run = promisify(execFile)
const folder = mkdtempSync(join(tmpdir(), 'arm64-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const [gcc, clang, qemu] = ['aarch64-linux-gnu-gcc', 'clang', 'qemu-aarch64'].map((tool) => which(tool, process.env))
if (!gcc || !qemu)
  console.log('skipped: kernels for ARM, since gcc-aarch64-linux-gnu or qemu-user is not here (apt-get install)')
const compilers = { gcc: [gcc ?? ''], clang: [clang ?? '', '--target=aarch64-linux-gnu'] }

describe.runIf(gcc && qemu)('products of 8-bit integers on ARM', () => {
  const runs = (clang ? (['gcc', 'clang'] as const) : (['gcc'] as const)).flatMap((name) =>
    ['integer', 'nbits'].map((test) => [name, test] as const),
  )
  it.each(runs)('by %s, %s: with the instruction and without', async (name, test) => {
    const [compiler, ...own] = compilers[name]
    const includes = [`-I${resolve('native/kernels')}`, `-I${resolve('test/kernels')}`]
    const object = join(folder, `${name}-${test}.o`)
    const program = join(folder, `${name}-${test}`)
    const flags = [...own, ...languageFlags, '-O3', '-march=armv8-a', '-Wall', '-Wextra', '-Werror', ...includes]
    await run(compiler!, [...flags, '-c', resolve(`test/kernels/${test}.c`), '-o', object])
    await run(gcc!, ['-static', object, '-o', program, '-lm'])
    for (const cpu of name === 'gcc' ? ['max', 'cortex-a53'] : ['max']) {
      const { stdout } = await run(qemu!, ['-cpu', cpu, program])
      expect(stdout, cpu).toMatch(new RegExp(`^${test}: \\d{3,} cases, 0 failures\\n$`))
    }
    const { stdout } = await run('aarch64-linux-gnu-objdump', ['-d', program], { maxBuffer: 1e9 })
    expect(stdout).toMatch(/\bsdot\b/)
  })
})
