import { describe, expect, it } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { elementsOf, tensorFrom } from '../../src/onnx/tensor.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { graphOf, node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { compileModel } from './harness.ts'
import { apart, sessionsOf, wave } from './sessions.ts'

// Products with weights that DequantizeLinear makes by blocks: few rows keep the codes, and large weights do. Against
// onnxruntime, which does as the graph says.

const runtime = onnxruntime()

interface Blocked {
  readonly type?: 'int4' | 'uint4' | 'int8' | 'uint8'
  readonly block?: number
  readonly rows?: number | string
  readonly depth?: number
  readonly columns?: number
  readonly zeros?: boolean
  /** How the product reads the weights: [depth, columns], or turned by a Gemm or a Transpose. */
  readonly by?: 'MatMul' | 'Gemm' | 'Gemm, turned' | 'Transpose'
  /** Along which axis blocks are, where it is not the depth. */
  readonly across?: boolean
}

function codes(type: NonNullable<Blocked['type']>, dims: readonly number[], step: number): Tensor {
  const half = type.endsWith('4') ? 8 : 128
  const first = type.startsWith('u') ? 0 : -half
  const numbers = Array.from({ length: elementsOf(dims) }, (_, i) => first + (Math.floor(i * step) % (2 * half)))
  return tensorFrom(type, dims, numbers)
}

function product(how: Blocked): ModelSource {
  const { type = 'int4', block = 32, rows = 3, depth = 100, columns = 21, zeros, by = 'MatMul', across } = how
  const turned = by === 'Gemm, turned' || by === 'Transpose'
  const dims = turned ? [columns, depth] : [depth, columns]
  const axis = turned === Boolean(across) ? 0 : 1
  const perBlock = dims.map((dim, i) => (i === axis ? Math.ceil(dim / block) : dim))
  const isGemm = by.startsWith('Gemm')
  const right = by === 'Transpose' ? 'turned' : 'w'
  return {
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', [rows, depth]) },
    outputs: { y: undefined },
    initializers: {
      q: codes(type, dims, 5.3),
      scales: wave(perBlock, 0.77),
      zero: codes(type, perBlock, 3.1),
      bias: wave([1, columns], 0.4),
    },
    nodes: [
      node('DequantizeLinear', ['q', 'scales', ...(zeros ? ['zero'] : [])], ['w'], {
        axis: BigInt(axis),
        block_size: BigInt(block),
      }),
      ...(by === 'Transpose' ? [node('Transpose', ['w'], ['turned'], { perm: [1n, 0n] })] : []),
      isGemm
        ? node('Gemm', ['x', right, 'bias'], ['y'], { transB: BigInt(turned) })
        : node('MatMul', ['x', right], ['y']),
    ],
  }
}

function keepsCodes(source: ModelSource): boolean {
  const graph = graphOf(source)
  optimize(graph, registry, new Identities())
  return graph.nodes.some(({ operator }) => operator === 'om.MatMulBits')
}

const cases: readonly (readonly [Blocked, boolean])[] = [
  [{}, true],
  [{ zeros: true }, true],
  [{ type: 'uint4' }, true],
  [{ type: 'uint4', zeros: true, block: 16 }, true],
  [{ type: 'int8', block: 64 }, true],
  [{ type: 'uint8', zeros: true, block: 128 }, true],
  [{ by: 'Gemm' }, true],
  [{ by: 'Gemm, turned', zeros: true }, true],
  [{ by: 'Transpose', zeros: true, type: 'uint4' }, true],
  [{ rows: 8, depth: 64 }, true],
  // Rows that are not few, of weights that a cache holds.
  [{ rows: 9 }, false],
  [{ rows: 'n' }, false],
  [{ block: 8 }, false],
  [{ block: 24 }, false],
  [{ across: true, columns: 64 }, false],
]

describe.skipIf(!runtime)('a product with weights in blocks', () => {
  it.each(cases)('%o', async (how, keeps) => {
    const source = product(how)
    expect(keepsCodes(source)).toBe(keeps)
    const { ours, theirs } = await sessionsOf(runtime!, source, 3)
    const rows = typeof how.rows === 'string' ? 11 : (how.rows ?? 3)
    const feeds = { x: wave([rows, how.depth ?? 100], 0.13) }
    const expected = (await theirs(feeds))['y']!
    const largest = Math.max(...(expected.values as number[]).map(Math.abs))
    expect(apart(ours(feeds)['y']!, expected) / largest).toBeLessThan(6e-6)
  })
})

// Taken off sums of products, zero points would leave what these were rounded to, and of an infinity nothing.
it.each([
  ['int8', 1],
  ['int8', 9],
  ['uint8', 3],
  ['uint4', 1],
  ['int4', 8],
] as const)(
  'weights of %s that are zero make zeros of large inputs, others infinities of one, in %i rows',
  async (type, rows) => {
    const source = product({ type, rows, depth: 256, zeros: true })
    const all = (dims: readonly number[], value: number): Tensor =>
      tensorFrom(type, dims, Array<number>(elementsOf(dims)).fill(value))
    const numbers = Float32Array.from({ length: rows * 256 }, (_, i) => 1000 + Math.sin(i))
    const run = async (code: number, x: Float32Array): Promise<number[]> => {
      const initializers = { ...source.initializers, q: all([256, 21], code), zero: all([8, 21], 5) }
      const model = await compileModel({ ...source, initializers }, 3)
      return [...(model.runSync({ x: { data: x, dims: [rows, 256] } })['y']!.data as Float32Array)]
    }
    expect(new Set((await run(5, numbers)).map(Math.abs))).toEqual(new Set([0]))
    numbers[3] = Infinity
    expect(new Set((await run(6, numbers)).slice(0, 21).map(Math.abs))).toEqual(new Set([Infinity]))
  },
)

it('passes over nodes that have no input, or no tensor', () => {
  const source = product({})
  const others = [
    node('SequenceEmpty', [], ['none']),
    node('SequenceInsert', ['none', 'x'], ['one']),
    node('SequenceLength', ['one'], ['length']),
    node('RandomNormal', [], ['random'], { shape: [2n] }),
  ]
  const outputs = { ...source.outputs, length: undefined, random: undefined }
  expect(keepsCodes({ ...source, outputs, nodes: [...others, ...source.nodes] })).toBe(true)
})

it('keeps the codes of large weights for any number of rows', () => {
  const large = { rows: 'n', depth: 4096, columns: 2048 }
  expect(keepsCodes(product(large))).toBe(true)
  expect(keepsCodes(product({ ...large, columns: 2047 }))).toBe(false)
})
