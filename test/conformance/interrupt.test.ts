import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { encodeTensor } from '../../src/onnx/write.ts'
import { which } from '../../src/toolchains/programs.ts'
import { buildProgram, exitOf, type Program } from '../cli/program.ts'
import { makeFolder } from '../scratch.ts'

// A suite that is stopped leaves nothing running, and no files.

let program: Program
beforeAll(async () => {
  program = await buildProgram()
})
afterAll(() => program.remove())

/** Its loop has 2^50 rounds. */
const endless = modelBytes({
  opsets: { '': 21 },
  inputs: { x: tensorType('float32', [4]) },
  outputs: { y: tensorType('float32', [4]) },
  initializers: { rounds: tensorFrom('int64', [], [1n << 50n]), go: tensorFrom('bool', [], [1]) },
  nodes: [
    {
      op: 'Loop',
      inputs: ['rounds', 'go', 'x'],
      outputs: ['y'],
      attributes: {
        body: {
          inputs: new Map([
            ['i', tensorType('int64', [])],
            ['on', tensorType('bool', [])],
            ['s', tensorType('float32', [4])],
          ]),
          outputs: { more: tensorType('bool', []), t: tensorType('float32', [4]) },
          nodes: [
            { op: 'Identity', inputs: ['on'], outputs: ['more'] },
            { op: 'Tanh', inputs: ['s'], outputs: ['t'] },
          ],
        },
      },
    },
  ],
})

/** Command lines of the processes that have it in theirs. */
async function running(text: string): Promise<string[]> {
  const ids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  const lines = await Promise.all(ids.map((id) => readFile(`/proc/${id}/cmdline`, 'utf8').catch(() => '')))
  return lines.filter((line) => line.includes(text))
}

test.runIf(process.platform === 'linux' && which('gcc', process.env))(
  'a program that runs a test ends with the command',
  { timeout: 120_000 },
  async () => {
    const suite = makeFolder()
    const data = join(suite, 'test_endless', 'test_data_set_0')
    await mkdir(data, { recursive: true })
    await writeFile(join(suite, 'test_endless', 'model.onnx'), endless)
    for (const name of ['input_0.pb', 'output_0.pb'])
      await writeFile(join(data, name), encodeTensor(tensorFrom('float32', [4], [1, 2, 3, 4])))
    const TMPDIR = makeFolder()
    const child = program.start(['conformance', '--suite', suite, '--sanitize', '--jobs', '1'], {
      env: { ...process.env, TMPDIR },
    })
    let out = ''
    child.stdout!.on('data', (chunk: Buffer) => (out += chunk.toString()))
    const ofProgram = join(TMPDIR, 'sanitized-')
    await expect
      .poll(() => running(ofProgram), { timeout: 60_000, interval: 200 })
      .toContainEqual(expect.stringMatching(/\/program\0/))
    child.kill('SIGINT')
    expect(await exitOf(child)).toBe(130)
    expect(out).not.toContain('test_endless')
    expect(await running(ofProgram)).toEqual([])
    expect((await readdir(TMPDIR)).filter((name) => /^(?:sanitized|emulated|compile)-/.test(name))).toEqual([])
  },
)
