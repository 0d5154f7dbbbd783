import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { createBench } from '../../src/cli/bench.ts'
import { findOnnxRuntime } from '../../src/cli/onnxruntime.ts'
import { runCommand } from '../../src/cli/run-cli.ts'
import { tensorFrom, tensorValues } from '../../src/onnx/tensor.ts'
import { caught, cli, cliJson, fileWith, temporaryFolder } from './cli.ts'
import { addModel } from './models.ts'

/** A stand-in that does what the model of `addModel` says, times `factor`. Its API is that of onnxruntime-common. */
async function projectWith(factor: number | undefined): Promise<string> {
  const root = await temporaryFolder()
  const folder = join(root, 'node_modules/onnxruntime-node')
  if (factor === undefined) return root
  await mkdir(folder, { recursive: true })
  await writeFile(
    join(folder, 'package.json'),
    '{ "name": "onnxruntime-node", "version": "1.2.3", "main": "index.js" }',
  )
  await writeFile(
    join(folder, 'index.js'),
    `class Tensor { constructor(type, data, dims) { Object.assign(this, { type, data, dims }) } }
exports.env = { wasm: {} }
exports.Tensor = Tensor
exports.InferenceSession = {
  async create(path, options) {
    if (options.intraOpNumThreads !== 1) throw new Error('threads: ' + options.intraOpNumThreads)
    return {
      async run({ x }) {
        if (!(x instanceof Tensor) || !(x.data instanceof Float32Array)) throw new Error('no tensor')
        return { y: new Tensor('float32', x.data.map((v, i) => (v + (i % 3) + 1) * ${factor}), x.dims) }
      },
      async release() {},
    }
  },
}
`,
  )
  return root
}

const home = process.cwd()
afterEach(() => process.chdir(home))

test('a project’s onnxruntime is found, or not', async () => {
  expect(await findOnnxRuntime('onnxruntime-node', await projectWith(undefined))).toBeUndefined()
  const found = await findOnnxRuntime('onnxruntime-node', await projectWith(1))
  expect(found?.version).toBe('1.2.3')
  const session = await found!.load('m.onnx', { threads: 1 })
  const outputs = await session.run(new Map([['x', tensorFrom('float32', [1, 3], [1, 1, 1])]]))
  expect(tensorValues(outputs.get('y')!)).toEqual([2, 3, 4])
})

test('one that can’t be loaded is an error that says so', async () => {
  const root = await projectWith(1)
  await writeFile(join(root, 'node_modules/onnxruntime-node/index.js'), 'throw new Error("no binary for this machine")')
  await expect(findOnnxRuntime('onnxruntime-node', root)).rejects.toThrow(/can't be loaded: no binary for this machine/)
})

test.each([
  [1, 0],
  [1.01, 1],
])('verify compares with it: times %d', async (factor, expected) => {
  const model = await fileWith('add.onnx', addModel())
  process.chdir(await projectWith(factor))
  const { code, json } = await cliJson('verify', model, '--runs', '2', '--dims', 'batch=5', '-c', 'builtin')
  expect(code).toBe(expected)
  expect(json.checks).toHaveLength(2)
  for (const check of json.checks) {
    expect(check).toMatchObject({ reference: expect.stringContaining('onnxruntime'), output: 'y', elements: 15 })
    expect(check.mismatches > 0).toBe(expected === 1)
  }
})

test('verify says how to get something to compare with', async () => {
  const model = await fileWith('add.onnx', addModel())
  process.chdir(await projectWith(undefined))
  const { code, err } = await cli('verify', model)
  expect(code).toBe(1)
  expect(err).toContain('npm install --save-dev onnxruntime-node')
})

test.each([
  [1, 0, true],
  [1.01, 1, false],
])('bench compares with it: times %d', async (factor, expected, agrees) => {
  const model = await fileWith('add.onnx', addModel())
  const file = join(await temporaryFolder(), 'bench.json')
  const bench = createBench({ packages: await projectWith(factor), sizes: { add: { batch: 4 } } })
  const { code, out } = await caught(() =>
    runCommand(bench, [model, '--rounds', '5', '--seconds', '0.2', '--json', file]),
  )
  expect(code).toBe(expected)
  const { builtin, 'onnxruntime-node': other } = JSON.parse(await readFile(file, 'utf8')).models.add
  expect(other).toMatchObject({ version: '1.2.3', ratio: 1, pairedRatio: 1, maxRelDiff: 0, agrees: true })
  expect(builtin.agrees).toBe(agrees)
  expect(builtin.ratio).toBeCloseTo(other.runUs.median / builtin.runUs.median, 9)
  expect(builtin.pairedRatio).toBeGreaterThan(0)
  expect(out).toMatch(/builtin.* \d+\.\d\dx /)
})
