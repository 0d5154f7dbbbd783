import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from 'vitest'
import { findCc } from '../../src/toolchains/cc.ts'
import { knownFlags, languageFlags } from '../../src/toolchains/flags.ts'
import { canRun, resolveTarget } from '../../src/targets/index.ts'

// GCC drops calls of kernels whose inputs are all constants, see OM_KERNEL in runtime.h. Either of two things keeps them,
// and each is enough: the attribute, for who compiles the C by other flags than ours, and our flags, for functions
// that can't have the attribute.

const run = promisify(execFile)
const native = join(import.meta.dirname, '../../native')
const folder = mkdtempSync(join(tmpdir(), 'constant-arguments-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const targets = ['x86-64', 'x86-64-v3', 'x86-64-v4']
  .map((name) => resolveTarget(name))
  .filter((target) => canRun(target))

/** The compiler of this name, and `undefined` where it isn't there. */
const compiler = (name: string) =>
  findCc({ env: { ...process.env, CC: name } }).then(
    (found) => (found.family === name ? found : undefined),
    () => undefined,
  )

describe.runIf(process.arch === 'x64' && process.platform === 'linux')('a kernel of constants is called', () => {
  for (const name of ['gcc', 'clang'] as const) {
    it.each(['by its attribute', 'by our flags'])(`${name}, %s`, async (how) => {
      const cc = await compiler(name)
      if (!cc) return console.log(`skipped for ${name}: not installed`)
      const ours = how === 'by our flags' ? [...languageFlags, ...(await knownFlags(cc)), '-DPLAIN'] : ['-std=gnu11']
      for (const target of targets)
        for (const level of ['-O1', '-O2', '-O3']) {
          const program = join(folder, `${name}-${target.name}${level}`)
          const flags = [...target.flags[name][0]!, level, ...ours, '-fPIC', `-I${native}/kernels`, `-I${native}/abi`]
          await run(cc.command[0], [...flags, join(import.meta.dirname, 'constant-arguments.c'), '-o', program, '-lm'])
          const { stdout } = await run(program).catch((error: { stdout: string }) => error)
          expect(stdout, `${target.name} ${level}`).toBe('constant arguments: 512 cases, 0 failures\n')
        }
    })
  }
})
