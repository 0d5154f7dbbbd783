import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import type { Model } from '../../src/runtime/index.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { parseProfile } from '../../src/runtime/profile.ts'

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'onnx-mlir-profile-test-'))
  const weights = tensorFrom(
    'float32',
    [64, 64],
    Array.from({ length: 4096 }, (_, i) => Math.sin(i)),
  )
  const bytes = modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', ['batch', 64]) },
    outputs: { y: tensorType('float32', ['batch', 64]) },
    initializers: { w: weights },
    nodes: [
      { op: 'MatMul', name: 'first, with a comma', inputs: ['x', 'w'], outputs: ['a'] },
      { op: 'Softmax', name: 'second', inputs: ['a'], outputs: ['y'] },
    ],
  })
  await writeFile(join(folder, 'm.onnx'), bytes)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

async function load(query: string): Promise<Model> {
  const quiet = { mode: 'dev', log: () => undefined, warn: () => undefined } as const
  const built = await createPipeline({ cache: join(folder, 'cache') }).build(`${join(folder, 'm.onnx')}${query}`, quiet)
  return createNodeModel(built.facts, { addon: built.addon!.path, library: built.artifact.library })
}

const inputs = { x: { data: new Float32Array(128 * 64), dims: [128, 64] } }

test('a profiled model tells the time of each node', async () => {
  const model = await load('?profile=onnx&compiler=builtin')
  model.runSync(inputs)
  const started = performance.now()
  const profile = model.profile(inputs, 5)
  const elapsed = (performance.now() - started) / 1000

  const byName = Object.fromEntries(profile.nodes.map((node) => [node.name, node]))
  expect(Object.keys(byName).sort()).toEqual(['first, with a comma', 'second'])
  expect(byName['second']).toMatchObject({ op: 'onnx.Softmax', calls: 5 })
  const total = profile.nodes.reduce((sum, { seconds }) => sum + seconds, 0)
  expect(total).toBeGreaterThan(0)
  expect(total).toBeLessThan(elapsed)
  expect(profile.trace).toHaveLength(10)
  expect(profile.trace.every(({ ts, dur }) => ts >= 0 && dur > 0)).toBe(true)
  expect(model.profile(inputs, 2).nodes[0]!.calls).toBe(2)
})

test('of several targets WebAssembly, which has no clock, is as usual', async () => {
  const context = { mode: 'build', log: () => undefined, warn: () => undefined } as const
  const id = `${join(folder, 'm.onnx')}?profile=onnx&compiler=builtin&target=`
  const pipeline = createPipeline({ cache: join(folder, 'cache') })
  const { facts, others } = await pipeline.build(`${id}host,wasm`, context)
  expect([facts, ...others!.map((other) => other.facts)].map(({ profiled }) => profiled)).toEqual([true, undefined])
  await expect(pipeline.build(`${id}wasm`, context)).rejects.toThrow('profile=onnx is for native targets')
})

test('a model compiled without says how to get one', async () => {
  const model = await load('?compiler=builtin')
  expect(() => model.profile(inputs)).toThrow(/\?profile=onnx/)
})

test('what onnx-mlir itself writes is read the same way', () => {
  const { nodes } = parseProfile(
    [
      '==START-REPORT==',
      '==PERF-REPORT==, onnx.Conv, Conv_0, before, 0.000001, 0.001234',
      '==PERF-REPORT==, onnx.Conv, Conv_0, after, 0.000523, 0.001757',
    ].join('\n'),
    1,
  )
  expect(nodes).toEqual([{ op: 'onnx.Conv', name: 'Conv_0', calls: 1, seconds: 0.000523 }])
})

test('a clock that starts anew with each run: the runs follow each other', () => {
  const run = [
    '==START-REPORT==',
    '==PERF-REPORT==, onnx.Conv, Conv_0, before, 0.000010, 0.000010',
    '==PERF-REPORT==, onnx.Conv, Conv_0, after, 0.000500, 0.000510',
    '==PERF-REPORT==, onnx.Relu, Relu_1, before, 0.000000, 0.000510',
    '==PERF-REPORT==, onnx.Relu, Relu_1, after, 0.000020, 0.000530',
  ]
  const { nodes, trace } = parseProfile([...run, ...run, ...run].join('\n'), 3)
  expect(nodes.map(({ name, calls }) => [name, calls])).toEqual([
    ['Conv_0', 3],
    ['Relu_1', 3],
  ])
  expect(trace.map(({ ts }) => Math.round(ts))).toEqual([10, 510, 540, 1040, 1070, 1570])
})
