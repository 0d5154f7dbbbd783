import { expect } from 'vitest'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import type { ModelSession } from '../../src/runtime/session.ts'
import { onnxruntime } from '../onnxruntime.ts'

// Models whose kernels threads share, of sizes around every part's edge.

const ort = onnxruntime()
const random = randomNumbers(7)

/** Park and Miller's minimal standard generator, scaled to [-1, 1). */
function randomNumbers(seed: number): (count: number) => Float32Array {
  let state = seed
  const next = (): number => ((state = (state * 48271) % 0x7fffffff) / 0x7fffffff) * 2 - 1
  return (count) => Float32Array.from({ length: count }, next)
}

export type Dims = readonly number[]
export interface Input {
  readonly data: Float32Array
  readonly dims: Dims
}
export const inputOf = (dims: Dims): Input => ({ data: random(dims.reduce((n, dim) => n * dim, 1)), dims })

/** Results of all outputs as bytes. */
export function bytesOf(session: Pick<ModelSession, 'runSync'>, inputs: readonly Input[]): Buffer[] {
  return bytesOfAll(session.runSync(inputs))
}

export function bytesOfAll(results: Readonly<Record<string, unknown>>): Buffer[] {
  return Object.values(results).map((result) => {
    const { data } = result as { data: Float32Array }
    return Buffer.from(data.buffer, data.byteOffset, data.byteLength)
  })
}

export function expectSame(given: readonly Buffer[], expected: readonly Buffer[]): void {
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

export async function expectNear(
  source: ModelSource,
  inputs: readonly Input[],
  given: readonly Buffer[],
): Promise<void> {
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

export const weight = (dims: Dims) =>
  tensorFrom(
    'float32',
    dims,
    [...inputOf(dims).data].map((x) => x / 4),
  )
const codes = (dims: Dims) =>
  tensorFrom(
    'int8',
    dims,
    [...inputOf(dims).data].map((x) => Math.round(x * 127)),
  )
export const float = (...dims: (number | string)[]) => tensorType('float32', dims)
const opsets = { '': 21 }

export interface Case {
  readonly source: ModelSource
  /** Dimensions of each input, for each run. */
  readonly runs: readonly (readonly Dims[])[]
  /** Operators whose kernels threads share where sizes are large enough: beginnings of the names of C functions. */
  readonly shared?: readonly string[]
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

export const cases: Record<string, Case> = {
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
  'attention with a mask': {
    source: {
      opsets,
      inputs: { q: float('b', 3, 's', 20), k: float('b', 3, 'l', 20), v: float('b', 3, 'l', 24), m: float('s', 'l') },
      outputs: { y: float('b', 3, 's', 24) },
      nodes: [
        { op: 'Transpose', inputs: ['k'], outputs: ['t'], attributes: { perm: [0n, 1n, 3n, 2n] } },
        { op: 'MatMul', inputs: ['q', 't'], outputs: ['p'] },
        { op: 'Add', inputs: ['p', 'm'], outputs: ['a'] },
        { op: 'Softmax', inputs: ['a'], outputs: ['w'] },
        { op: 'MatMul', inputs: ['w', 'v'], outputs: ['y'] },
      ],
    },
    runs: (
      [
        [0, 2, 3],
        [2, 0, 3],
        [1, 1, 40],
        [2, 33, 300],
        [1, 1100, 7],
      ] as const
    ).map(([b, s, l]) => [
      [b, 3, s, 20],
      [b, 3, l, 20],
      [b, 3, l, 24],
      [s, l],
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
  'a convolution of few tiles, whose channels are shared': {
    source: conv([150, 9, 3, 3], { pads: [1n, 1n, 1n, 1n] }, [{ op: 'Tanh', inputs: ['c'], outputs: ['y'] }]),
    runs: [
      [12, 14],
      [30, 31],
    ].map(([h, w]) => [[1, 9, h!, w!]]),
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
  'a depthwise convolution of one line, whose channels are shared': {
    source: conv([150, 1, 1, 9], { group: 150n, pads: [0n, 4n, 0n, 3n] }, [
      { op: 'Relu', inputs: ['c'], outputs: ['y'] },
    ]),
    runs: [2, 7, 300].map((w) => [[1, 150, 1, w]]),
  },
  'convolutions and a product of bytes': {
    // Scales are powers of two: no result lies where two ways to round could differ.
    source: {
      opsets,
      inputs: { x: float('n', 8, 'h', 'w') },
      outputs: { y: float() },
      initializers: {
        s: tensorFrom('float32', [], [2 ** -7]),
        z: tensorFrom('uint8', [], [128]),
        out: tensorFrom('float32', [], [2 ** -3]),
        zero: tensorFrom('int8', [], [0]),
        wide: codes([24, 8, 3, 3]),
        deep: codes([24, 1, 3, 3]),
        narrow: codes([10, 24, 1, 1]),
      },
      nodes: [
        { op: 'QuantizeLinear', inputs: ['x', 's', 'z'], outputs: ['q'] },
        ...(
          [
            ['q', 's', 'wide', 'a', { pads: [1n, 1n, 1n, 1n] }],
            ['a', 'out', 'deep', 'b', { pads: [1n, 1n, 1n, 1n], group: 24n }],
            ['b', 'out', 'narrow', 'c', {}],
          ] as const
        ).map(([x, scale, w, y, attributes]) => ({
          op: 'QLinearConv',
          inputs: [x, scale, 'z', w, 's', 'zero', 'out', 'z'],
          outputs: [y],
          attributes,
        })),
        { op: 'DequantizeLinear', inputs: ['c', 'out', 'z'], outputs: ['y'] },
      ],
    },
    runs: [[[1, 8, 5, 7]], [[2, 8, 21, 70]], [[0, 8, 4, 4]]],
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
  'recurrent layers, in both directions and in one, of batches that fall into parts and others': {
    source: {
      opsets,
      inputs: { x: float('steps', 'batch', 12) },
      outputs: { lstm: float(), lstm_c: float(), gru: float(), rnn: float() },
      initializers: Object.fromEntries(
        (
          [
            ['lstm', 2, 4],
            ['gru', 2, 3],
            ['rnn', 1, 1],
          ] as const
        ).flatMap(([name, directions, gates]) => [
          [`${name}_w`, weight([directions, gates * 20, 12])],
          [`${name}_r`, weight([directions, gates * 20, 20])],
          [`${name}_b`, weight([directions, gates * 40])],
        ]),
      ),
      nodes: (
        [
          ['LSTM', ['lstm', '', 'lstm_c'], 'bidirectional'],
          ['GRU', ['gru'], 'bidirectional'],
          ['RNN', ['', 'rnn'], 'reverse'],
        ] as const
      ).map(([op, outputs, direction]) => ({
        op,
        inputs: ['x', ...['w', 'r', 'b'].map((name) => `${op.toLowerCase()}_${name}`)],
        outputs: [...outputs],
        attributes: { hidden_size: 20n, direction, ...(op === 'GRU' && { linear_before_reset: 1n }) },
      })),
    },
    runs: [[[5, 16, 12]], [[3, 11, 12]], [[4, 1, 12]], [[1, 21, 12]], [[3, 0, 12]]],
  },
  'what goes element by element: functions, moves, windows': {
    source: {
      opsets,
      inputs: { x: float('n', 6, 'h', 'w') },
      outputs: {
        flat: float(),
        rows: float(),
        turned: float(),
        pixels: float(),
        joined: float(),
        beside: float(),
        every: float(),
        repeated: float(),
        pooled: float(),
        averaged: float(),
      },
      initializers: {
        gate: weight([6, 1, 1]),
        kernel: weight([9, 6, 1, 1]),
        starts: tensorFrom('int64', [2], [1n, 0n]),
        ends: tensorFrom('int64', [2], [1000n, 1000n]),
        axes: tensorFrom('int64', [2], [2n, 3n]),
        steps: tensorFrom('int64', [2], [2n, 3n]),
        five: tensorFrom('int64', [5], [5n, 1n, 1n, 1n, 1n]),
      },
      nodes: [
        { op: 'Sigmoid', inputs: ['x'], outputs: ['flat'] },
        { op: 'Mul', inputs: ['x', 'gate'], outputs: ['rows'] },
        { op: 'Transpose', inputs: ['x'], outputs: ['turned'], attributes: { perm: [0n, 3n, 1n, 2n] } },
        { op: 'Transpose', inputs: ['x'], outputs: ['pixels'], attributes: { perm: [2n, 3n, 0n, 1n] } },
        { op: 'Concat', inputs: ['x', 'rows', 'flat'], outputs: ['joined'], attributes: { axis: 0n } },
        { op: 'Concat', inputs: ['rows', 'x'], outputs: ['beside'], attributes: { axis: 3n } },
        { op: 'Slice', inputs: ['x', 'starts', 'ends', 'axes', 'steps'], outputs: ['every'] },
        { op: 'Expand', inputs: ['x', 'five'], outputs: ['repeated'] },
        { op: 'Conv', inputs: ['x', 'kernel'], outputs: ['c'] },
        {
          op: 'MaxPool',
          inputs: ['c'],
          outputs: ['pooled'],
          attributes: { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n], strides: [2n, 2n] },
        },
        { op: 'AveragePool', inputs: ['c'], outputs: ['averaged'], attributes: { kernel_shape: [2n, 3n] } },
      ],
    },
    runs: [[[1, 6, 9, 11]], [[3, 6, 40, 53]], [[2, 6, 3, 3]], [[0, 6, 4, 4]]],
  },
}
