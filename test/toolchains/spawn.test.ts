import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { runCompiler } from '../../src/toolchains/spawn.ts'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'spawn-test-'))
})
afterEach(() => rmSync(folder, { recursive: true, force: true }))

const forever = 'setInterval(() => {}, 1e6)'

describe('runCompiler', () => {
  it('returns status and both outputs, and does not throw on a non-zero exit', async () => {
    const script = 'console.log("out"); console.error("err"); process.exit(3)'
    const result = await runCompiler(process.execPath, ['-e', script])
    expect(result).toEqual({ status: 3, killedBy: null, stdout: 'out\n', stderr: 'err\n' })
  })

  it('passes arguments literally: no shell sees them', async () => {
    const nasty = '$(touch pwned) `x` "; rm -rf . #\'\n'
    const tool = [process.execPath, '-e', 'process.stdout.write(process.argv[1])']
    const { stdout } = await runCompiler(tool, [nasty], { cwd: folder })
    expect(stdout).toBe(nasty)
    expect(existsSync(join(folder, 'pwned'))).toBe(false)
  })

  it('puts temporary files of the tool into its working directory, and makes it speak English', async () => {
    const script = 'console.log(process.env.TMPDIR, process.env.LC_ALL)'
    const { stdout } = await runCompiler(process.execPath, ['-e', script], { cwd: folder })
    expect(stdout.trim()).toBe(`${folder} C`)
  })

  it('names a program that is not there', async () => {
    await expect(runCompiler('no-such-compiler', [])).rejects.toMatchObject({
      name: 'EnvironmentError',
      code: 'ENVIRONMENT_TOOL',
      message: expect.stringContaining('no-such-compiler'),
    })
  })

  it('throws the reason of an abort', async () => {
    const controller = new AbortController()
    const run = runCompiler(process.execPath, ['-e', forever], { signal: controller.signal })
    controller.abort(new Error('enough'))
    await expect(run).rejects.toThrow('enough')
  })

  it('stops at the time limit with an error that says so', async () => {
    await expect(runCompiler(process.execPath, ['-e', forever], { timeout: 200 })).rejects.toMatchObject({
      name: 'CompileError',
      code: 'COMPILE_TIMEOUT',
      message: expect.stringContaining('0.2 s'),
    })
  })
})
