import { execFileSync, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { findCxx } from '../../src/toolchains/find.ts'
import { makeFolder } from '../scratch.ts'

const sourceOf = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const addonFolder = fileURLToPath(new URL('../../native/addon/', import.meta.url))
const folder = makeFolder()
const compilers = await findCxx().catch(() => undefined)
const isPosix = process.platform !== 'win32' && compilers !== undefined
if (!isPosix) console.log('skipped: the pool by itself (no C++ compiler for POSIX)')

function compile(name: string, flags: readonly string[], source = 'pool.cc'): string | undefined {
  const [command, ...own] = compilers!.command
  const program = join(folder, name)
  const strict = ['-std=c++17', '-g', '-O1', '-Wall', '-Wextra', '-Werror', '-pthread', `-I${addonFolder}`]
  const { status, stderr } = spawnSync(command!, [...own, ...strict, ...flags, sourceOf(source), '-o', program])
  if (status === 0) return program
  if (flags.some((flag) => flag.startsWith('-fsanitize')) && /cannot find|no such file/i.test(String(stderr)))
    return undefined
  throw new Error(String(stderr))
}

// A program that ThreadSanitizer watches can't fork and go on with threads.
const builds = [
  ['plain', [], ['fork']],
  ['thread', ['-fsanitize=thread'], []],
  ['address', ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'], ['fork']],
] as const

it.runIf(isPosix).each(builds)('the pool does each part once: %s', { timeout: 300_000 }, (name, flags, args) => {
  for (const more of [[], ['-DOM_MEET']]) {
    const program = compile(`${name}${more.length}`, [...flags, ...more])
    if (program === undefined) return console.log(`skipped: no ${flags.join(' ')}`)
    // It ends at once, while its threads look for more to do.
    const started = performance.now()
    expect(execFileSync(program, args, { encoding: 'utf8', timeout: 120_000 })).toBe('0 failures\n')
    expect(performance.now() - started).toBeLessThan(120_000)
  }
})

it.runIf(isPosix && process.platform === 'linux')('threads that were asleep are not where the caller is', () => {
  const said = execFileSync(compile('placement', ['-DOM_MEET'], 'placement.cc')!, { encoding: 'utf8', timeout: 60_000 })
  if (said === 'one processor\n') return console.log('skipped: one processor')
  expect(said).toBe('always apart\nhelped\n')
})
