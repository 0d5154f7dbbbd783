import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { usualSharing } from '../../../src/builtin/shared-kernel.ts'
import { modelBytes, type ModelSource, tensorType } from '../../../src/onnx/build.ts'
import { readModel } from '../../../src/onnx/read.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import { newSession } from '../../../src/runtime/wasm/compile.ts'
import { sessionParts } from '../../../src/runtime/wasm/every-part.ts'
import { Pool } from '../../../src/runtime/wasm/pool.ts'
import type { WasmSession } from '../../../src/runtime/wasm/session.ts'
import { threadsIn } from '../../../src/runtime/wasm/threaded.ts'
import { findWasm, npmClang } from '../../../src/toolchains/wasm-find.ts'
import { modelsFolder, onnxruntime } from '../../onnxruntime.ts'
import { compileThreaded, type ThreadedModel, watchedWorkers } from './threaded.ts'

// Models on several threads give, bit for bit, what they give on one; and that is near what onnxruntime gives.

const ort = onnxruntime()
const pool = new Pool(watchedWorkers().start)
const random = randomNumbers(7)

/** Park and Miller's minimal standard generator, scaled to [-1, 1). */
function randomNumbers(seed: number): (count: number) => Float32Array {
  let state = seed
  const next = (): number => ((state = (state * 48271) % 0x7fffffff) / 0x7fffffff) * 2 - 1
  return (count) => Float32Array.from({ length: count }, next)
}

type Dims = readonly number[]
interface Input {
  readonly data: Float32Array
  readonly dims: Dims
}
const inputOf = (dims: Dims): Input => ({ data: random(dims.reduce((n, dim) => n * dim, 1)), dims })

/** Results of all outputs as bytes. */
function bytesOf(session: WasmSession, inputs: readonly Input[]): Buffer[] {
  return Object.values(session.runSync(inputs)).map((result) => {
    const { data } = result as { data: Float32Array }
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  })
}

function expectSame(given: readonly Buffer[], expected: readonly Buffer[]): void {
  given.forEach((bytes, at) => {
    if (bytes.equals(expected[at]!)) return
    const [floats, wanted] = [bytes, expected[at]!].map((all) => new Float32Array(new Uint8Array(all).buffer))
    const wrong = [...wanted!].flatMap((value, i) => (Object.is(value, floats![i]) ? [] : [i]))
    const [first] = wrong
    expect.fail(
      `${wrong.length} of ${wanted!.length} differ, [${first}] is ${floats![first!]}, expected ${wanted![first!]}`,
    )
  })
}

/** The model on one thread, and on three; closes both. */
async function both(
  { base, threaded, signature, weights }: ThreadedModel,
  threads: number,
  use: (one: WasmSession, several: WasmSession) => void | Promise<void>,
): Promise<void> {
  const model = { ...signature, name: 'm.onnx' }
  const one = await newSession(base, model, sessionParts, weights)
  const several = await newSession(threaded, model, sessionParts, weights, threadsIn(pool, threads))
  try {
    await new Promise((done) => setTimeout(done, 100)) // workers come meanwhile
    await use(one, several)
  } finally {
    several.dispose()
    one.dispose()
  }
}

async function expectNear(source: ModelSource, inputs: readonly Input[], given: readonly Buffer[]): Promise<void> {
  if (!ort) return
  const session = await ort.InferenceSession.create(modelBytes(source), { logSeverityLevel: 3 })
  const names = Object.keys(source.inputs!)
  const feeds = inputs.map(({ data, dims }, i) => [names[i], new ort.Tensor('float32', data, dims)])
  const outputs = Object.values(await session.run(Object.fromEntries(feeds) as Record<string, unknown>))
  outputs.forEach(({ data }, at) => {
    const floats = new Float32Array(new Uint8Array(given[at]!).buffer)
    expect(floats.length).toBe(data.length)
    const wrong = data.findIndex((value, i) => !(Math.abs(floats[i]! - value) <= 2e-5 + 1e-3 * Math.abs(value)))
    if (wrong >= 0) expect.fail(`element ${wrong} is ${floats[wrong]}, expected ${data[wrong]}`)
  })
}

const weight = (dims: Dims) =>
  tensorFrom(
    'float32',
    dims,
    [...inputOf(dims).data].map((x) => x / 4),
  )
const float = (...dims: (number | string)[]) => tensorType('float32', dims)
const opsets = { '': 21 }

interface Case {
  readonly source: ModelSource
  /** Dimensions of each input, for each run. */
  readonly runs: readonly (readonly Dims[])[]
}

const conv = (w: Dims, attributes: object, more: ModelSource['nodes'] = [], extra = {}): ModelSource => ({
  opsets,
  inputs: {
    x: float(
      1,
      w[1]! *
        ((attributes as { group?: bigint }).group === undefined ? 1 : Number((attributes as { group: bigint }).group)),
      'h',
      'w',
    ),
    ...extra,
  },
  outputs: { y: float() },
  initializers: { w: weight(w), b: weight([w[0]!]) },
  nodes: [
    { op: 'Conv', inputs: ['x', 'w', 'b'], outputs: [more.length > 0 ? 'c' : 'y'], attributes: { ...attributes } },
    ...more,
  ],
})

const cases: Record<string, Case> = {
  'a product of unknown sizes': {
    source: {
      opsets,
      inputs: { a: float('m', 'k'), b: float('k', 'n') },
      outputs: { y: float('m', 'n') },
      nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }],
    },
    runs: (
      [
        [0, 3, 4],
        [1, 1, 1],
        [2, 0, 3],
        [3, 5, 0],
        [1, 300, 517],
        [2, 7, 9],
        [5, 600, 33],
        [67, 65, 130],
        [200, 31, 7],
      ] as const
    ).map(([m, k, n]) => [
      [m, k],
      [k, n],
    ]),
  },
  'stacks of products': {
    source: {
      opsets,
      inputs: { a: float('b', 3, 'm', 'k'), b: float(3, 'k', 'n') },
      outputs: { y: float('b', 3, 'm', 'n') },
      nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['y'] }],
    },
    runs: (
      [
        [0, 2, 3, 4],
        [1, 1, 1, 1],
        [2, 17, 20, 33],
        [1, 40, 300, 19],
        [3, 5, 0, 2],
      ] as const
    ).map(([b, m, k, n]) => [
      [b, 3, m, k],
      [3, k, n],
    ]),
  },
  'a layer of constant weights with a bias and an activation, of few rows and many': {
    source: {
      opsets,
      inputs: { x: float('m', 70) },
      outputs: { y: float('m', 333) },
      initializers: { w: weight([70, 333]), b: weight([333]) },
      nodes: [
        { op: 'Gemm', inputs: ['x', 'w', 'b'], outputs: ['c'] },
        { op: 'Tanh', inputs: ['c'], outputs: ['y'] },
      ],
    },
    runs: [0, 1, 2, 3, 16, 17, 100].map((m) => [[m, 70]]),
  },
  'a convolution of three by three, and a step of two': {
    source: conv([24, 5, 3, 3], { strides: [2n, 2n], pads: [1n, 1n, 1n, 1n] }, [
      { op: 'Relu', inputs: ['c'], outputs: ['y'] },
    ]),
    runs: [
      [1, 1],
      [3, 2],
      [33, 41],
    ].map(([h, w]) => [[1, 5, h!, w!]]),
  },
  'a convolution that is a product': {
    source: conv([19, 12, 1, 1], {}, [{ op: 'Sigmoid', inputs: ['c'], outputs: ['y'] }]),
    runs: [
      [1, 1],
      [3, 2],
      [33, 41],
    ].map(([h, w]) => [[1, 12, h!, w!]]),
  },
  groups: {
    source: conv([12, 4, 3, 3], { group: 3n, pads: [1n, 1n, 1n, 1n], dilations: [1n, 1n] }),
    runs: [
      [1, 1],
      [20, 21],
    ].map(([h, w]) => [[1, 12, h!, w!]]),
  },
  'a depthwise convolution': {
    source: conv([21, 1, 3, 3], { group: 21n, pads: [1n, 1n, 1n, 1n], strides: [1n, 2n] }, [
      { op: 'LeakyRelu', inputs: ['c'], outputs: ['y'] },
    ]),
    runs: [
      [1, 1],
      [2, 40],
      [35, 6],
    ].map(([h, w]) => [[1, 21, h!, w!]]),
  },
  'Winograd, with a residual and an activation': {
    source: {
      opsets,
      inputs: { x: float(2, 20, 19, 30), r: float(2, 36, 19, 30) },
      outputs: { y: float(2, 36, 19, 30) },
      initializers: { w: weight([36, 20, 3, 3]) },
      nodes: [
        { op: 'Conv', inputs: ['x', 'w'], outputs: ['c'], attributes: { pads: [1n, 1n, 1n, 1n] } },
        { op: 'Add', inputs: ['c', 'r'], outputs: ['s'] },
        { op: 'HardSwish', inputs: ['s'], outputs: ['y'] },
      ],
    },
    runs: [
      [
        [2, 20, 19, 30],
        [2, 36, 19, 30],
      ],
    ],
  },
}

describe.each([
  ['clang', await findWasm().catch(() => undefined)],
  [npmClang, await findWasm({ env: { PATH: '' } }).catch(() => undefined)],
])('compiled with %s', (name, toolchain) => {
  const chosen = Object.entries(cases).slice(0, name === 'clang' ? undefined : 1)
  it.runIf(toolchain).for(chosen)('%s', { timeout: 240_000 }, async ([, { source, runs }]) => {
    const compiled = await compileThreaded(source, { toolchain: toolchain! })
    for (const threads of [3, 1])
      await both(compiled, threads, async (one, several) => {
        for (const dims of runs) {
          const inputs = dims.map(inputOf)
          const expected = bytesOf(one, inputs)
          for (let i = 0; i < 5; i++) expectSame(bytesOf(several, inputs), expected)
          if (threads > 1 && dims.flat().every((dim) => dim > 0)) await expectNear(source, inputs, expected)
        }
      })
  })
})

it.for(['mnist-8', 'ultraface-rfb-320', 'light-squeezenet', 'fraud-lstm'])(
  '%s of ../shared/models',
  { timeout: 240_000 },
  async (name, { skip }) => {
    const path = join(modelsFolder, `${name}.onnx`)
    if (!existsSync(path)) return skip(`${name}.onnx is not in ../shared/models`)
    for (const [meet, sharing] of [
      [true, undefined],
      [false, usualSharing],
    ] as const) {
      const model = await readModel(path)
      const isShared = meet || !['mnist-8', 'fraud-lstm'].includes(name)
      const compiling = compileThreaded(model, { meet, ...(sharing && { sharing }) })
      if (!isShared) {
        await expect(compiling).rejects.toThrow('no kernel of it is shared')
        continue
      }
      const compiled = await compiling
      await both(compiled, 3, (one, several) => {
        const inputs = compiled.signature.inputs.map((entry) => inputOf((entry as { shape: Dims }).shape))
        const expected = bytesOf(one, inputs)
        for (let i = 0; i < 5; i++) expectSame(bytesOf(several, inputs), expected)
      })
    }
  },
)
