import { describe, expect, test } from 'vitest'
import { builtinSource, prepareGraph } from '../../src/builtin/index.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor, TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { elementsOf, tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { branch, f32, node } from '../graph/models.ts'
import { compileModel } from '../ops/harness.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { Random } from './random/random.ts'

// A model compiled with weights=f16 or int8 gives what onnxruntime gives for a model whose weights have been replaced by
// what the small ones stand for: quantised here, by definitions of our own.

const runtime = onnxruntime()
const random = new Random(29)

function weights(...dims: number[]): Tensor {
  return tensorFrom(
    'float32',
    dims,
    Array.from({ length: elementsOf(dims) }, () => Math.fround(random.next() * 2 - 1)),
  )
}

function asHalf({ dims, ...rest }: Tensor): Tensor {
  return tensorFrom('float32', dims, tensorNumbers(tensorFrom('float16', dims, tensorNumbers({ dims, ...rest }))))
}

/** One scale for all elements whose indices along `kept` are the same. */
function asBytes(tensor: Tensor, kept: readonly number[]): Tensor {
  const { dims } = tensor
  const values = tensorNumbers(tensor)
  const channelOf = (i: number): string =>
    kept.map((axis) => Math.floor(i / elementsOf(dims.slice(axis + 1))) % dims[axis]!).join()
  const largest = new Map<string, number>()
  values.forEach((value, i) => largest.set(channelOf(i), Math.max(largest.get(channelOf(i)) ?? 0, Math.abs(value))))
  const near = values.map((value, i) => {
    const scale = Math.fround(largest.get(channelOf(i))! / 127)
    return scale === 0 ? 0 : Math.fround(Math.round(value / scale) * scale) + 0 // int8 has no -0
  })
  return tensorFrom('float32', dims, near)
}

type Feeds = Readonly<
  Record<string, readonly [data: Float32Array | BigInt64Array | Uint8Array, dims: readonly number[]]>
>

interface Example {
  readonly source: Omit<ModelSource, 'opsets' | 'outputs'> & { readonly outputs?: ModelSource['outputs'] }
  /** Initializers that int8 is for, and the axes that have scales of their own; others become float16. */
  readonly kept: Readonly<Record<string, readonly number[]>>
  /** The same computation, if quantised weights can't be put in the place of the model's. */
  readonly reference?: (form: 'f16' | 'int8') => Example['source']
  readonly feeds?: Feeds
}

const x = (...dims: number[]): readonly [Float32Array, number[]] => [
  Float32Array.from({ length: elementsOf(dims) }, () => random.next() * 2 - 1),
  dims,
]

/** One node that reads `x` and weights. */
function one(
  op: string,
  shape: readonly number[],
  initializers: Readonly<Record<string, Tensor>>,
  kept: Example['kept'],
  { attributes = {}, inputs = ['x', ...Object.keys(initializers)] }: Partial<NodeSource> = {},
): Example {
  return {
    source: {
      inputs: { x: f32(...shape) },
      initializers,
      nodes: [{ op, inputs, outputs: ['y'], attributes }],
    },
    kept,
    feeds: { x: x(...shape) },
  }
}

const tall = weights(40, 24)
const wide = tensorFrom(
  'float32',
  [24, 40],
  Array.from({ length: 960 }, (_, i) => tensorNumbers(tall)[(i % 40) * 24 + Math.floor(i / 40)]!),
)
const squareTied = weights(32, 32)
const folded = weights(16, 8, 3, 3)
/** Powers of two: folding them into weights rounds nothing. */
const factors = Array.from({ length: 16 }, (_, i) => 2 ** ((i % 5) - 2))

const examples: Readonly<Record<string, Example>> = {
  Conv: one('Conv', [1, 8, 9, 9], { W: weights(16, 8, 3, 3) }, { W: [0] }),
  'Conv in groups, with bias': one(
    'Conv',
    [1, 16, 9, 9],
    { W: weights(16, 4, 3, 3), b: weights(16) },
    { W: [0] },
    { attributes: { group: 4n, strides: [2n, 2n] } },
  ),
  'Conv by channel': one(
    'Conv',
    [1, 64, 7, 7],
    { W: weights(64, 1, 3, 3) },
    { W: [0] },
    { attributes: { group: 64n } },
  ),
  'Conv 1x1': one('Conv', [1, 64, 5, 5], { W: weights(32, 64, 1, 1) }, { W: [0] }),
  'Conv of lines': one('Conv', [2, 16, 20], { W: weights(24, 16, 5) }, { W: [0] }),
  'Conv of volumes': one('Conv', [1, 4, 5, 5, 5], { W: weights(8, 4, 3, 3, 3) }, { W: [0] }),
  ConvTranspose: one('ConvTranspose', [1, 32, 5, 5], { W: weights(32, 8, 3, 3) }, { W: [1, 2, 3] }),
  MatMul: one('MatMul', [3, 64], { W: weights(64, 20) }, { W: [1] }),
  'MatMul of stacks': one('MatMul', [3, 5, 32], { W: weights(3, 32, 20) }, { W: [0, 2] }),
  'MatMul of constants on the left': one('MatMul', [64, 5], { W: weights(20, 64) }, { W: [0] }, { inputs: ['W', 'x'] }),
  Gemm: one('Gemm', [3, 64], { W: weights(64, 20), b: weights(20) }, { W: [1] }),
  'Gemm, transposed': one(
    'Gemm',
    [3, 64],
    { W: weights(20, 64), b: weights(20) },
    { W: [0] },
    { attributes: { transB: 1n } },
  ),
  'Gemm of constants on the left, transposed': one(
    'Gemm',
    [40, 7],
    { W: weights(40, 20) },
    { W: [1] },
    { inputs: ['W', 'x'], attributes: { transA: 1n } },
  ),
  'LSTM of both directions': one(
    'LSTM',
    [4, 2, 24],
    { W: weights(2, 64, 24), R: weights(2, 64, 16), B: weights(2, 128) },
    { W: [0, 1], R: [0, 1] },
    { attributes: { hidden_size: 16n, direction: 'bidirectional' } },
  ),
  GRU: one(
    'GRU',
    [4, 2, 24],
    { W: weights(1, 48, 24), R: weights(1, 48, 16) },
    { W: [0, 1], R: [0, 1] },
    { attributes: { hidden_size: 16n } },
  ),
  RNN: one(
    'RNN',
    [4, 2, 24],
    { W: weights(1, 32, 24), R: weights(1, 32, 32) },
    { W: [0, 1], R: [0, 1] },
    { attributes: { hidden_size: 32n } },
  ),
  'Add of a table, which has no channels': one('Add', [2, 20, 24], { W: weights(20, 24) }, {}),
  'an embedding': {
    source: {
      inputs: { i: tensorType('int64', [5]) },
      initializers: { W: weights(50, 32) },
      nodes: [node('Gather', ['W', 'i'], ['y'])],
    },
    kept: { W: [0] },
    feeds: { i: [BigInt64Array.of(0n, 49n, 7n, 7n, -1n), [5]] },
  },
  'embedding and head that are tied': {
    source: {
      inputs: { i: tensorType('int64', [5]) },
      initializers: { W: tall },
      nodes: [
        node('Gather', ['W', 'i'], ['rows']),
        node('Transpose', ['W'], ['turned'], { perm: [1n, 0n] }),
        node('MatMul', ['rows', 'turned'], ['y']),
      ],
    },
    kept: { W: [0] },
    feeds: { i: [BigInt64Array.of(0n, 39n, 7n, 7n, -1n), [5]] },
  },
  'one initializer and its transpose, another initializer': {
    source: {
      inputs: { x: f32(3, 24) },
      initializers: { W: tall, V: wide },
      nodes: [node('MatMul', ['x', 'V'], ['h']), node('MatMul', ['h', 'W'], ['y'])],
    },
    kept: { W: [1], V: [1] },
    feeds: { x: x(3, 24) },
  },
  'batch normalisation, which goes into the weights': {
    source: {
      inputs: { x: f32(1, 8, 9, 9) },
      initializers: {
        W: folded,
        scale: tensorFrom('float32', [16], factors),
        bias: weights(16),
        mean: tensorFrom('float32', [16], Array<number>(16).fill(0)),
        variance: tensorFrom('float32', [16], Array<number>(16).fill(1)),
      },
      nodes: [
        node('Conv', ['x', 'W'], ['h']),
        node('BatchNormalization', ['h', 'scale', 'bias', 'mean', 'variance'], ['y'], { epsilon: 0 }),
      ],
    },
    kept: { W: [0] },
    feeds: { x: x(1, 8, 9, 9) },
  },
  'weights in both branches of an If, and from outside of it': {
    source: {
      inputs: { x: f32(3, 32), c: tensorType('bool', []) },
      initializers: { W: squareTied },
      nodes: [
        {
          op: 'If',
          inputs: ['c'],
          outputs: ['y'],
          attributes: {
            then_branch: {
              ...branch('a', node('MatMul', ['x', 'V'], ['h']), node('MatMul', ['h', 'W'], ['a'])),
              initializers: { V: weights(32, 32) },
            },
            else_branch: branch('b', node('MatMul', ['x', 'W'], ['b'])),
          },
        },
      ],
    },
    kept: { W: [1], V: [1] },
    feeds: { x: x(3, 32), c: [Uint8Array.of(1), []] },
  },
}

const opsets = { '': 21 }

function modelOf(source: Example['source']): ModelSource {
  return { opsets, outputs: { y: undefined }, ...source }
}

/** The model with the weights that the small ones stand for, in its graph and in subgraphs. */
function withReplaced<T extends Omit<ModelSource, 'opsets' | 'outputs'>>(
  graph: T,
  form: 'f16' | 'int8',
  kept: Example['kept'],
): T {
  const initializers = Object.fromEntries(
    Object.entries((graph.initializers ?? {}) as Record<string, Tensor>).map(([name, tensor]) => {
      const isWeights = tensor.type === 'float32' && tensor.dims.filter((dim) => dim > 1).length > 1
      if (!isWeights || elementsOf(tensor.dims) < 256) return [name, tensor]
      return [name, form === 'int8' && kept[name] ? asBytes(tensor, kept[name]) : asHalf(tensor)]
    }),
  )
  const nodes = graph.nodes.map((one) => ({
    ...one,
    attributes: Object.fromEntries(
      Object.entries(one.attributes ?? {}).map(([name, value]) => [
        name,
        typeof value === 'object' && 'nodes' in value ? withReplaced(value, form, kept) : value,
      ]),
    ),
  }))
  return { ...graph, initializers, nodes }
}

function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const largest = Array.from(expected).reduce((most, value) => Math.max(most, Math.abs(value)), 0)
  expect(actual.length).toBe(expected.length)
  const wrong = Array.from(expected).findIndex((value, i) => !(Math.abs(actual[i]! - value) <= 4e-6 * largest))
  expect(wrong, `element ${wrong} is ${actual[wrong]}, expected ${expected[wrong]}`).toBe(-1)
}

describe.runIf(runtime)('the numbers are those of the weights as they are stored', () => {
  for (const form of ['f16', 'int8'] as const)
    test.each(Object.entries(examples))(`${form}: %s`, async (_, { source, kept, feeds = {} }) => {
      const model = await compileModel(modelOf(source), 0, { weights: form })
      const given = Object.entries(feeds).map(([name, [data, dims]]) => [name, { data, dims }] as const)
      const { y } = model.runSync(Object.fromEntries(given))

      const session = await runtime!.InferenceSession.create(modelBytes(modelOf(withReplaced(source, form, kept))), {
        graphOptimizationLevel: 'disabled',
        logSeverityLevel: 4,
      })
      const types = source.inputs as Record<string, TypeInfo & { readonly type: string }>
      const tensors = given.map(([name, { data, dims }]) => {
        const type = data instanceof Float32Array ? 'float32' : data instanceof Uint8Array ? 'bool' : 'int64'
        expect(types[name]).toBeDefined()
        return [name, new runtime!.Tensor(type, data, dims)] as const
      })
      const expected = await session.run(Object.fromEntries(tensors))
      expectClose(y!.data as Float32Array, expected['y']!.data)
    })
})

/** Bytes of the constants, and what is said of them. */
function stored(
  source: Example['source'],
  weights: 'f32' | 'f16' | 'int8',
): { bytes: number; notes: readonly string[] } {
  const model = decodeModel(modelBytes(modelOf(source)), { path: 'folder/test.onnx' })
  const made = builtinSource(model, { target: resolveTarget('host'), identity: 'test', weights })
  return { bytes: made.weights.bytes, notes: made.notes }
}

describe('what is stored', () => {
  test.each(Object.entries(examples))('%s', (_, { source, kept }) => {
    const count = (function sum(graph: Omit<ModelSource, 'opsets' | 'outputs'>): number {
      const own = Object.entries((graph.initializers ?? {}) as Record<string, Tensor>)
      const inner = graph.nodes.flatMap(({ attributes }) =>
        Object.values(attributes ?? {}).filter((value) => typeof value === 'object' && 'nodes' in value),
      ) as Example['source'][]
      const large = own.filter(([, { dims }]) => elementsOf(dims) >= 256)
      return [...large.map(([, { dims }]) => elementsOf(dims)), ...inner.map(sum)].reduce((a, b) => a + b, 0)
    })(source)
    // Weights, biases, scales and what fills up to the next 64 bytes.
    expect(stored(source, 'f16').bytes).toBeLessThan(2 * count + 1400)
    if (Object.keys(kept).length > 0) expect(stored(source, 'int8').bytes).toBeLessThan(1.2 * count + 1400)
  })

  // What folds at compile time, and lowerings that look at weights, see them as the run does.
  test.each(['Conv', 'MatMul of stacks', 'LSTM of both directions', 'Gemm, transposed'])(
    'the constants of %s are what they stand for',
    (name) => {
      const { source, kept } = examples[name]!
      const model = decodeModel(modelBytes(modelOf(source)), { path: 'test.onnx' })
      for (const form of ['f16', 'int8'] as const) {
        const large = prepareGraph(model, { weights: form })
          .nodes.flatMap(({ inputs }) => inputs)
          .flatMap((value) => (value?.constant && elementsOf(value.constant.dims) >= 256 ? [value.constant] : []))
        const replaced = withReplaced(source, form, kept).initializers as Record<string, Tensor>
        const expected = Object.values(replaced).filter(({ dims }) => elementsOf(dims) >= 256)
        expect(large.map(tensorNumbers)).toEqual(expected.map(tensorNumbers))
      }
    },
  )

  test('equal weights and transposes of others are stored once', () => {
    const { source } = examples['one initializer and its transpose, another initializer']!
    expect(stored(source, 'f16').bytes).toBeGreaterThan(4 * 960 - 1)
    const tied = examples['embedding and head that are tied']!.source
    expect(stored(tied, 'int8').bytes).toBeLessThan(960 + 40 * 4 + 256)
    const twice: Example['source'] = {
      inputs: { x: f32(3, 32) },
      initializers: { A: squareTied, B: { ...squareTied } },
      nodes: [node('MatMul', ['x', 'A'], ['h']), node('MatMul', ['h', 'B'], ['y'])],
    }
    expect(stored(twice, 'f16').bytes).toBeLessThan(2 * 1024 + 64)
    expect(stored(twice, 'f16').notes).toEqual([expect.stringContaining('(1 as float16)')])
  })

  test('one set of weights whose readers differ in their channels has one form: that of the lesser error', () => {
    // Rows of very different size: scales per row are exact where those per column lose the small rows.
    const rows = tensorNumbers(weights(32, 32)).map((value, i) => value * 2 ** -Math.floor(i / 32 / 4))
    const both: Example['source'] = {
      inputs: { x: f32(3, 32), i: tensorType('int64', [2]) },
      outputs: { y: undefined, z: undefined },
      initializers: { W: tensorFrom('float32', [32, 32], rows) },
      nodes: [node('MatMul', ['x', 'W'], ['y']), node('Gather', ['W', 'i'], ['z'])],
    }
    const { bytes, notes } = stored(both, 'int8')
    expect(bytes).toBeLessThan(1024 + 128 + 64)
    expect(notes).toEqual([expect.stringContaining('(1 as int8)')])
  })
})

describe('what stays, and what is said of it', () => {
  const matmul = (W: Tensor, more: Partial<ModelSource> = {}): Example['source'] => ({
    inputs: { x: f32(3, W.dims[0]) },
    initializers: { W },
    nodes: [node('MatMul', ['x', 'W'], ['y'])],
    ...more,
  })
  const changed = (dims: number[], change: (values: number[]) => void): Tensor => {
    const values = tensorNumbers(weights(...dims))
    change(values)
    return tensorFrom('float32', dims, values)
  }
  const unchanged = (source: Example['source'], form: 'f16' | 'int8', note?: RegExp): void => {
    const { bytes, notes } = stored(source, form)
    expect(notes).toEqual([
      expect.stringMatching(/^test\.onnx, weights=(f16|int8): nothing changes/),
      ...(note ? [expect.stringMatching(note)] : []),
    ])
    expect(bytes).toBe(stored(source, 'f32').bytes)
  }

  test.each(['f16', 'int8'] as const)('%s: infinities and NaN, and what is an output, too', (form) => {
    for (const value of [Infinity, -Infinity, NaN])
      unchanged(
        matmul(changed([32, 32], (values) => (values[77] = value))),
        form,
        /"W" stays float32: .*no finite numbers/,
      )
    const outputs = { y: undefined, W: f32(32, 32) }
    unchanged(matmul(weights(32, 32), { outputs }), form, /"W" stays float32: it is an output, too/)
  })

  test('f16: what it can’t hold, or would lose', () => {
    unchanged(matmul(changed([32, 32], (values) => (values[5] = -65520))), 'f16', /"W" stays float32: .*65504/)
    const tiny = changed([32, 32], (values) => values.forEach((value, i) => (values[i] = value * 1e-7)))
    unchanged(matmul(tiny), 'f16', /"W" stays float32: .*too small for float16/)
    // One scale per column holds both.
    expect(stored(matmul(tiny), 'int8').notes).toEqual([expect.stringContaining('(1 as int8)')])
  })

  test('int8: weights whose outliers would take up all codes become float16', () => {
    const outliers = changed([64, 4], (values) => values.forEach((_, i) => i < 4 && (values[i] = 100)))
    expect(stored(matmul(outliers), 'int8').notes).toEqual([expect.stringContaining('(1 as float16)')])
  })

  test('small tensors, vectors, other types, and models of none of these', () => {
    unchanged(matmul(weights(15, 17)), 'int8')
    const vector: Example['source'] = {
      inputs: { x: f32(1, 4096) },
      initializers: { b: weights(4096), c: weights(1, 4096) },
      nodes: [node('Add', ['x', 'b'], ['h']), node('Add', ['h', 'c'], ['y'])],
    }
    unchanged(vector, 'f16')
    const doubles = tensorFrom('float64', [32, 32], tensorNumbers(weights(32, 32)))
    unchanged(matmul(doubles, { inputs: { x: tensorType('float64', [3, 32]) } }), 'f16')
    const integers = tensorFrom(
      'int32',
      [32, 32],
      Array.from({ length: 1024 }, (_, i) => i),
    )
    unchanged(matmul(integers, { inputs: { x: tensorType('int32', [3, 32]) } }), 'int8')
    unchanged({ inputs: { x: f32(3) }, nodes: [node('Relu', ['x'], ['y'])] }, 'int8')
  })

  test('what the model has in as few bytes already', () => {
    const cast = (type: 'float16' | 'bfloat16'): Example['source'] => ({
      inputs: { x: f32(3, 256) },
      initializers: { w: tensorFrom(type, [256, 256], tensorNumbers(weights(256, 256))) },
      nodes: [node('Cast', ['w'], ['W'], { to: 1n }), node('MatMul', ['x', 'W'], ['y'])],
    })
    for (const type of ['float16', 'bfloat16'] as const) {
      expect(stored(cast(type), 'f16').notes).toEqual([expect.stringContaining('as few bytes already')])
      expect(stored(cast(type), 'f16').bytes).toBe(stored(cast(type), 'f32').bytes)
      expect(stored(cast(type), 'int8').bytes).toBeLessThan(256 * 256 + 256 * 4 + 64)
    }
    const dequantised: Example['source'] = {
      inputs: { x: f32(3, 256) },
      initializers: {
        w: tensorFrom(
          'int8',
          [256, 256],
          Array.from({ length: 65_536 }, () => random.int(-128, 127)),
        ),
        scale: weights(256),
        zero: tensorFrom(
          'int8',
          [256],
          Array.from({ length: 256 }, () => random.int(-128, 127)),
        ),
      },
      nodes: [node('DequantizeLinear', ['w', 'scale', 'zero'], ['W']), node('MatMul', ['x', 'W'], ['y'])],
    }
    for (const form of ['f16', 'int8'] as const) {
      expect(stored(dequantised, form).notes).toEqual([expect.stringContaining('as few bytes already')])
      expect(stored(dequantised, form).bytes).toBe(stored(dequantised, 'f32').bytes)
    }
  })

  test('an initializer that is the default of an input is one like others', () => {
    const inputs = { x: f32(3, 32), W: f32(32, 32) }
    expect(stored(matmul(weights(32, 32), { inputs }), 'int8').notes).toEqual([expect.stringContaining('(1 as int8)')])
  })
})
