import { execFileSync, spawnSync } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { languageFlags } from '../../src/toolchains/flags.ts'
import { Random } from '../builtin/random/random.ts'

// A model includes the headers of its operators in the order in which it meets them: whatever the order and the company,
// no name may be said twice, and a header may count on nothing that another has included before it.

const native = resolve(import.meta.dirname, '../../native')
const kernels = join(native, 'kernels')
/** Headers without a guard are templates: others include them, once per type. */
const headers = readdirSync(kernels).filter(
  (name) => name.endsWith('.h') && /^#ifndef OM_\w+_H$/m.test(readFileSync(join(kernels, name), 'utf8')),
)

const units: Readonly<Record<string, readonly string[]>> =
  process.arch === 'x64'
    ? {
        'x86-64-v4': ['-march=x86-64-v4'],
        'x86-64-v3': ['-march=x86-64-v3'],
        'x86-64': [],
        scalar: ['-DOM_VECTOR_BYTES=0'],
      }
    : { host: [], scalar: ['-DOM_VECTOR_BYTES=0'] }

function has(command: string): boolean {
  try {
    execFileSync(command, ['--version'], { stdio: 'ignore' })
    return true
  } catch {
    console.log(`skipped for ${command}: not installed`)
    return false
  }
}

/** What a compiler says of a file that includes these headers. */
function complaints(compiler: string, unit: readonly string[], names: readonly string[]): string {
  const source = ['om_builtin.h', 'runtime.h', ...names].map((name) => `#include "${name}"\n`).join('')
  const flags = [...languageFlags, ...unit, '-Wall', '-Wextra', '-Werror', '-Wno-unused-function', '-fsyntax-only']
  const folders = [`-I${kernels}`, `-I${join(native, 'abi')}`]
  const { stderr, status } = spawnSync(compiler, [...flags, ...folders, '-x', 'c', '-'], {
    input: source,
    encoding: 'utf8',
  })
  return status === 0 ? stderr : `${stderr}exit ${status}`
}

it('has found the headers', () => {
  expect(headers).toContain('gemm.h')
  expect(headers).not.toContain('fft.h')
})

describe.each(['gcc', 'clang'])('%s', (compiler) => {
  const random = new Random(7)
  // Units differ in what is in a header, hardly in what it counts on: each has orders of its own.
  const orders = () => [headers, headers.toReversed(), random.shuffled(headers), random.shuffled(headers)]

  describe.runIf(has(compiler))('takes the kernel headers', () => {
    it.each(Object.keys(units))('all together in any order, for %s', (unit) => {
      for (const order of orders()) expect(complaints(compiler, units[unit]!, order), order.join(' ')).toBe('')
    })

    it('each one alone', () => {
      for (const header of headers) expect(complaints(compiler, [], [header]), header).toBe('')
    })
  })
})
