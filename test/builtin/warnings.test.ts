import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { builtinSource } from '../../src/builtin/index.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { randomModel } from './random/model.ts'

// What compilers say of the generated C: nothing, also where C is older than ours.

const folder = mkdtempSync(join(tmpdir(), 'warnings-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const has = (command: string): boolean => spawnSync(command, ['--version']).status === 0
const compilers = [
  ['gcc', 'gnu11'],
  ['gcc', 'gnu99'],
  ['clang', 'gnu11'],
  ['clang', 'gnu99'],
] as const
const missing = [...new Set(compilers.map(([command]) => command))].filter((command) => !has(command))
if (missing.length > 0) console.log(`skipped for ${missing.join(', ')}: not installed`)

const seeds = Array.from({ length: 30 }, (_, i) => 200 + i)
const target = resolveTarget('host')
const { text, includeDirs } = builtinSource(decodeModel(modelBytes(randomModel(seeds).source), { path: 'm.onnx' }), {
  target,
  identity: 'test',
})

describe.skipIf(process.platform === 'win32')('the C of random graphs', () => {
  for (const [command, standard] of compilers) {
    test.skipIf(missing.includes(command))(
      `has nothing that ${command} -std=${standard} -Wall -Wextra warns of`,
      () => {
        const source = join(folder, `${command}-${standard}.c`)
        writeFileSync(source, text)
        const flags = [`-std=${standard}`, '-Wall', '-Wextra', '-Werror', '-fsyntax-only', ...target.flags[command][0]!]
        const { status, stderr } = spawnSync(command, [...flags, ...includeDirs.map((dir) => `-I${dir}`), source], {
          encoding: 'utf8',
        })
        expect(stderr).toBe('')
        expect(status).toBe(0)
      },
    )
  }
})
