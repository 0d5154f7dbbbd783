import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { cp, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { runCase } from '../../src/conformance/case.ts'
import { compiledModel } from '../../src/conformance/compiled.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { readModel } from '../../src/formats/read.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { runnableModel } from '../../src/plugin/runnable.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, i64 } from '../ops/harness.ts'
import { noise } from '../ops/contrib/against.ts'

// Models as onnxruntime writes them once it has optimised them: with operators of its own where several were. They must
// give what they gave before.

const runtime = onnxruntime()
const folder = mkdtempSync(join(tmpdir(), 'optimised-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const pipeline = createPipeline({ cache: join(folder, 'cache'), compiler: 'builtin' })

/** Has onnxruntime write the optimised model of a file. */
async function optimise(path: string, to: string, level: 'extended' | 'all' = 'extended'): Promise<string> {
  const options = { graphOptimizationLevel: level, optimizedModelFilePath: to, logSeverityLevel: 4 }
  await runtime!.InferenceSession.create(path, options)
  return to
}

async function operatorsOf(path: string): Promise<Set<string>> {
  const { graph } = await readModel(path)
  return new Set(graph.nodes.flatMap(({ domain, op }) => (domain.startsWith('com.microsoft') ? [op] : [])))
}

const exports = resolve(import.meta.dirname, '../../../shared/exports')
if (!existsSync(exports)) console.log(`skipped: there is no ${exports}`)

describe.skipIf(!runtime || !existsSync(exports))('exports that onnxruntime optimised', () => {
  test.each([
    ['clip-text-o13-d', ['FastGelu', 'FusedMatMul']],
    ['dynamo-segformer_mini', ['SkipLayerNormalization']],
    ['tacotron-3steps-o16-d', ['FusedGemm', 'FusedMatMul', 'FusedConv']],
    ['whisper-micro-decoder-o16-d', ['BiasGelu', 'FusedMatMul']],
  ])('%s gives what is expected of it', { timeout: 120_000 }, async (name, operators) => {
    const own = join(folder, name)
    await cp(join(exports, name), own, { recursive: true })
    const optimised = await optimise(join(exports, name, 'model.onnx'), join(own, 'model.onnx'))
    expect([...(await operatorsOf(optimised))]).toEqual(expect.arrayContaining(operators))
    const result = await runCase(own, (path) => compiledModel(path, pipeline), { rtol: 1e-3, atolOfMax: 1e-5 })
    expect(result).toEqual({ status: 'pass' })
  })
})

/** What models are often made of, and what onnxruntime makes of it. */
const patterns: Readonly<
  Record<string, { nodes: readonly NodeSource[]; of: ModelSource['initializers']; becomes: string }>
> = {
  'a product of a transposed operand, scaled': {
    nodes: [
      { op: 'Transpose', inputs: ['x'], outputs: ['t'], attributes: { perm: [0n, 2n, 1n] } },
      { op: 'MatMul', inputs: ['t', 'x'], outputs: ['p'] },
      { op: 'Mul', inputs: ['p', 'half'], outputs: ['y'] },
    ],
    of: { half: f32([0.5], []) },
    becomes: 'FusedMatMul',
  },
  'Gelu by parts, behind a bias': {
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] },
      { op: 'Add', inputs: ['p', 'b'], outputs: ['s'] },
      { op: 'Div', inputs: ['s', 'root'], outputs: ['d'] },
      { op: 'Erf', inputs: ['d'], outputs: ['e'] },
      { op: 'Add', inputs: ['e', 'one'], outputs: ['o'] },
      { op: 'Mul', inputs: ['s', 'o'], outputs: ['m'] },
      { op: 'Mul', inputs: ['m', 'half'], outputs: ['y'] },
    ],
    of: { w: noise([8, 8]), b: noise([8], 2), root: f32([Math.SQRT2], []), one: f32([1], []), half: f32([0.5], []) },
    becomes: 'BiasGelu',
  },
  'an x that its own sigmoid weighs': {
    nodes: [
      { op: 'Mul', inputs: ['x', 'alpha'], outputs: ['a'] },
      { op: 'Sigmoid', inputs: ['a'], outputs: ['s'] },
      { op: 'Mul', inputs: ['x', 's'], outputs: ['y'] },
    ],
    of: { alpha: f32([1.702], []) },
    becomes: 'QuickGelu',
  },
  'a normalised sum': {
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['p'] },
      { op: 'Add', inputs: ['p', 'x'], outputs: ['s'] },
      { op: 'LayerNormalization', inputs: ['s', 'g', 'b'], outputs: ['y'] },
    ],
    of: { w: noise([8, 8]), g: noise([8], 2), b: noise([8], 3) },
    becomes: 'SkipLayerNormalization',
  },
  'a convolution, a sum and Relu': {
    nodes: [
      { op: 'Conv', inputs: ['x', 'w', 'b'], outputs: ['c'], attributes: { kernel_shape: [3n], pads: [1n, 1n] } },
      { op: 'LeakyRelu', inputs: ['c'], outputs: ['y'], attributes: { alpha: 0.25 } },
    ],
    of: { w: noise([6, 5, 3]), b: noise([6], 2) },
    becomes: 'FusedConv',
  },
  'a dense layer': {
    nodes: [
      { op: 'Reshape', inputs: ['x', 'rows'], outputs: ['r'] },
      { op: 'Gemm', inputs: ['r', 'w', 'b'], outputs: ['g'], attributes: { transB: 1n } },
      { op: 'Tanh', inputs: ['g'], outputs: ['y'] },
    ],
    of: { rows: i64([-1, 8]), w: noise([4, 8]), b: noise([4], 2) },
    becomes: 'FusedGemm',
  },
}

describe.skipIf(!runtime)('models that onnxruntime optimised', () => {
  test.each(Object.keys(patterns))('%s', { timeout: 60_000 }, async (name) => {
    const { nodes, of, becomes } = patterns[name]!
    const path = join(folder, `${Object.keys(patterns).indexOf(name)}.onnx`)
    const inputs = { x: tensorType('float32', ['batch', 5, 8]) }
    await writeFile(
      path,
      modelBytes({ opsets: { '': 17 }, inputs, outputs: { y: undefined }, initializers: of!, nodes }),
    )
    const optimised = await optimise(path, path.replace('.onnx', '.extended.onnx'))
    expect(await operatorsOf(optimised)).toContain(becomes)
    const built = await pipeline.build(optimised, { mode: 'build', log: () => undefined, warn: () => undefined })
    const x = new Float32Array(noise([2, 5, 8], 9).data.slice().buffer)
    const { y } = (await runnableModel(optimised, built)).runSync({ x: { data: x, dims: [2, 5, 8] } })
    const session = await runtime!.InferenceSession.create(path, { graphOptimizationLevel: 'disabled' })
    const expected = (await session.run({ x: new runtime!.Tensor('float32', x, [2, 5, 8]) }))['y']!
    expect(y!.dims).toEqual([...expected.dims])
    const wrong = [...expected.data].findIndex((value, i) => Math.abs((y!.data as Float32Array)[i]! - value) > 1e-5)
    expect(wrong).toBe(-1)
  })

  test('what is laid out for one machine is refused, with what to do', async () => {
    const path = join(folder, 'image.onnx')
    const source: ModelSource = {
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', [1, 16, 8, 8]) },
      outputs: { y: undefined },
      initializers: { w: noise([32, 16, 3, 3]) },
      nodes: [{ op: 'Conv', inputs: ['x', 'w'], outputs: ['y'], attributes: { kernel_shape: [3n, 3n] } }],
    }
    await writeFile(path, modelBytes(source))
    const optimised = await optimise(path, join(folder, 'image.all.onnx'), 'all')
    const domains = (await readModel(optimised)).graph.nodes.map(({ domain }) => domain)
    // Processors without AVX have no such layout.
    if (!domains.includes('com.microsoft.nchwc')) return
    const build = pipeline.build(optimised, { mode: 'build', log: () => undefined, warn: () => undefined })
    await expect(build).rejects.toThrow('with the optimisation level "extended" instead of "all"')
  })
})
