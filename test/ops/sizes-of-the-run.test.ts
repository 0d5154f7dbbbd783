import { describe, expect, test } from 'vitest'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { f32, node } from '../graph/models.ts'
import { compileModel } from './harness.ts'

// Models whose sizes the file leaves open, with weights that come with the run: each gives what the same model gives with
// sizes in the file.

type Data = Readonly<Record<string, readonly number[]>>

/** The same inputs to a model of open sizes and to one of these sizes; the outputs of both. */
async function both(
  source: Omit<ModelSource, 'inputs' | 'opsets'>,
  shapes: Readonly<Record<string, readonly number[]>>,
  ints: Data = {},
): Promise<[open: unknown, stated: unknown]> {
  const entries = Object.entries(shapes)
  const typeOf = (name: string): 'int64' | 'float32' => (name in ints ? 'int64' : 'float32')
  const open = entries.map(([name, dims]) => [
    name,
    tensorType(
      typeOf(name),
      dims.map(() => undefined),
    ),
  ])
  const stated = entries.map(([name, dims]) => [name, tensorType(typeOf(name), dims)])
  const inputs = entries.map(([name, dims], k) => {
    const count = dims.reduce((a, b) => a * b, 1)
    const data = ints[name]
      ? BigInt64Array.from(ints[name], BigInt)
      : Float32Array.from({ length: count }, (_, i) => Math.sin(1 + i * (k + 0.7)))
    return [name, { data, dims }]
  })
  const run = async (types: unknown[][]): Promise<unknown> => {
    const model = await compileModel({ opsets: { '': 23 }, ...source, inputs: Object.fromEntries(types) })
    return model.runSync(Object.fromEntries(inputs))
  }
  return [await run(open), await run(stated)]
}

function expectClose(actual: unknown, expected: unknown): void {
  for (const [name, { data, dims }] of Object.entries(
    expected as Record<string, { data: Float32Array; dims: number[] }>,
  )) {
    const given = (actual as Record<string, { data: Float32Array; dims: number[] }>)[name]!
    expect(given.dims, name).toEqual(dims)
    expect(data.length).toBeGreaterThan(0)
    data.forEach((value, i) => expect(given.data[i]).toBeCloseTo(value, 5))
  }
}

describe('sizes that only the run knows', () => {
  test.each([
    ['LSTM', 4],
    ['GRU', 3],
    ['RNN', 1],
  ])('the input size of %s', async (op, gates) => {
    const attributes = { hidden_size: 3n, direction: 'bidirectional' }
    const nodes = [node(op, ['x', 'w', 'r', 'b'], ['y', 'h'], attributes)]
    const shapes = { x: [2, 1, 5], w: [2, 3 * gates, 5], r: [2, 3 * gates, 3], b: [2, 6 * gates] }
    const [open, stated] = await both({ outputs: { y: undefined, h: undefined }, nodes }, shapes)
    expectClose(open, stated)
  })

  test.each([
    [0n, 0n],
    [1n, 0n],
    [0n, 4n],
  ])('the head size of RotaryEmbedding, interleaved %i, %i features', async (interleaved, rotary_embedding_dim) => {
    const half = rotary_embedding_dim === 0n ? 3 : 2
    const nodes = [node('RotaryEmbedding', ['x', 'c', 's'], ['y'], { interleaved, rotary_embedding_dim })]
    const shapes = { x: [1, 2, 4, 6], c: [1, 4, half], s: [1, 4, half] }
    const [open, stated] = await both({ outputs: { y: undefined }, nodes }, shapes)
    expectClose(open, stated)
  })

  test('a head of which pairs can not be made is an error of the run', async () => {
    const model = await compileModel({
      opsets: { '': 23 },
      inputs: { x: f32(1, 2, 4, 'size'), c: f32(1, 4, 'half'), s: f32(1, 4, 'half') },
      outputs: { y: undefined },
      nodes: [{ ...node('RotaryEmbedding', ['x', 'c', 's'], ['y']), name: 'turn' }],
    })
    const zeros = (...dims: number[]) => ({ data: new Float32Array(dims.reduce((a, b) => a * b, 1)), dims })
    expect(() => model.runSync({ x: zeros(1, 2, 4, 5), c: zeros(1, 4, 3), s: zeros(1, 4, 3) })).toThrow(
      /node turn \(RotaryEmbedding\).*pairs of features need: expected 6, given 5/,
    )
  })

  test('how many axes the tuples of GatherND and ScatterND address', async () => {
    const nodes = [
      node('GatherND', ['x', 'at'], ['g']),
      node('Reshape', ['g', 'flat'], ['rows']),
      node('ScatterND', ['x', 'at', 'g'], ['y']),
    ]
    const initializers = { flat: tensorFrom('int64', [1], [-1]) }
    for (const [at, dims] of [
      [
        [2, 0],
        [2, 1],
      ],
      [
        [1, 1, 0, 2],
        [2, 2],
      ],
    ] as const) {
      const source = { outputs: { rows: undefined, y: undefined }, nodes, initializers }
      const [open, stated] = await both(source, { x: [3, 4], at: dims }, { at })
      expectClose(open, stated)
    }
  })

  test('an error of a node that the compiler made for another names the operator of the model', async () => {
    const model = await compileModel({
      opsets: { '': 9 },
      inputs: { x: f32(1, 'n'), scales: f32(2) },
      outputs: { y: undefined },
      nodes: [{ ...node('Upsample', ['x', 'scales'], ['y']), name: 'grow' }],
    })
    const x = { data: Float32Array.of(1, 2), dims: [1, 2] }
    const scales = (...values: number[]) => ({ data: Float32Array.from(values), dims: [2] })
    expect(model.runSync({ x, scales: scales(1, 2) })['y']!.data).toEqual(Float32Array.of(1, 1, 2, 2))
    expect(() => model.runSync({ x, scales: scales(1, -2) })).toThrow(/node grow \(Upsample\): a scale is not positive/)
  })
})
