import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeFolder } from '../scratch.ts'
import { canCompile, compileProgram } from './programs.ts'

const folder = makeFolder()

// A program that ThreadSanitizer watches can't fork and go on with threads.
const builds = [
  ['plain', [], ['fork']],
  ['thread', ['-fsanitize=thread'], []],
  ['address', ['-fsanitize=address,undefined', '-fno-sanitize-recover=all'], ['fork']],
] as const

it.runIf(canCompile).each(builds)('the pool does each part once: %s', { timeout: 300_000 }, (name, flags, args) => {
  for (const more of [[], ['-DOM_MEET']]) {
    const program = join(folder, `${name}${more.length}`)
    if (!compileProgram('pool.cc', program, [...flags, ...more])) return
    // It ends at once, while its threads look for more to do.
    const started = performance.now()
    expect(execFileSync(program, args, { encoding: 'utf8', timeout: 120_000 })).toBe('0 failures\n')
    expect(performance.now() - started).toBeLessThan(120_000)
  }
})

it.runIf(canCompile && process.platform === 'linux')('threads that were asleep are not where the caller is', () => {
  const program = join(folder, 'placement')
  compileProgram('placement.cc', program, ['-DOM_MEET'])
  const said = execFileSync(program, { encoding: 'utf8', timeout: 60_000 })
  if (said === 'one processor\n') return console.log('skipped: one processor')
  expect(said).toBe('always apart\nhelped\n')
})
