import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { makeFolder } from '../scratch.ts'
import { canCompile, compileProgram } from './programs.ts'

const folder = makeFolder()

it.runIf(canCompile).each([
  ['plain', []],
  ['thread', ['-fsanitize=thread']],
  ['address', ['-fsanitize=address,undefined', '-fno-sanitize-recover=all']],
])('copies of inputs are whole, and in memory that calls before had: %s', { timeout: 120_000 }, (name, flags) => {
  const program = join(folder, name)
  if (!compileProgram('copies.cc', program, flags)) return
  expect(execFileSync(program, { encoding: 'utf8', timeout: 60_000 })).toBe('0 failures\n')
})
