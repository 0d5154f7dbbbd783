import { describe, expect, it, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import type { ModelSource } from '../../src/onnx/build.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { f32, graphOf, node, ops } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apart, sessionsOf, wave } from './sessions.ts'

// q·kᵀ of attention as exporters write it, and products of few rows whose right side is read as it lies.

const runtime = onnxruntime()
const swap = { perm: [0n, 1n, 3n, 2n] }

const products: ModelSource = {
  opsets: { '': 17 },
  inputs: {
    q: f32('b', 'h', 'm', 'd'),
    k: f32('b', 'h', 'n', 'd'),
    heads: f32('b', 'n', 'h', 'd'),
    shared: f32('c', 1, 'n', 'd'),
    matrix: f32('n', 'd'),
    v: f32('b', 'h', 'd', 'n'),
    bias: f32('n'),
    scale: f32(1),
  },
  outputs: {
    plain: undefined,
    scaled: undefined,
    between: undefined,
    wide: undefined,
    one: undefined,
    rows: undefined,
  },
  nodes: [
    node('Transpose', ['k'], ['kt'], swap),
    node('MatMul', ['q', 'kt'], ['plain']),
    node('Transpose', ['k'], ['kt2'], swap),
    node('Mul', ['kt2', 'scale'], ['kts']),
    node('MatMul', ['q', 'kts'], ['scaled']),
    node('Transpose', ['heads'], ['ht'], { perm: [0n, 2n, 3n, 1n] }),
    node('MatMul', ['q', 'ht'], ['between']),
    node('Transpose', ['shared'], ['st'], swap),
    node('MatMul', ['q', 'st'], ['wide']),
    node('Transpose', ['matrix'], ['mt']),
    node('MatMul', ['q', 'mt'], ['product']),
    node('Add', ['product', 'bias'], ['sum']),
    node('Relu', ['sum'], ['one']),
    node('MatMul', ['q', 'v'], ['rows']),
  ],
}

interface Sizes {
  readonly b: number
  readonly c: number
  readonly h: number
  readonly m: number
  readonly n: number
  readonly d: number
}

const usual: Sizes = { b: 2, c: 1, h: 3, m: 2, n: 37, d: 64 }
const sizes: Sizes[] = [
  ...[0, 1, 2, 3, 4, 5, 8, 9, 13, 29, 60].map((m) => ({ ...usual, m })),
  ...[0, 1, 2, 4, 15, 16, 33, 100].flatMap((n) => [1, 6].map((m) => ({ ...usual, m, n }))),
  ...[0, 1, 7, 8, 15, 17, 32, 67, 300, 1025].flatMap((d) => [1, 3, 4, 40].map((m) => ({ ...usual, m, d }))),
  { ...usual, b: 1 },
  { ...usual, c: 2 },
  { ...usual, b: 0 },
  { ...usual, h: 1, m: 1, n: 1, d: 1 },
]

describe.runIf(runtime)('as onnxruntime', () => {
  it.each([0, 3] as const)('products of every number of rows, O=%i', async (level) => {
    const sessions = await sessionsOf(runtime!, products, level)
    for (const { b, c, h, m, n, d } of sizes) {
      const feeds = {
        q: wave([b, h, m, d], 1.7),
        k: wave([b, h, n, d], 2.3),
        heads: wave([b, n, h, d], 0.9),
        shared: wave([c, 1, n, d], 1.3),
        matrix: wave([n, d], 0.7),
        v: wave([b, h, d, n], 1.1),
        bias: wave([n], 0.3),
        scale: wave([1], 1),
      }
      const [ours, theirs] = [sessions.ours(feeds), await sessions.theirs(feeds)]
      for (const name of Object.keys(products.outputs))
        expect(apart(ours[name]!, theirs[name]!), `${name} ${JSON.stringify({ b, c, h, m, n, d })}`).toBeLessThan(
          1e-5 * Math.sqrt(d + 1),
        )
    }
  })

  it('has what is infinite or no number where it belongs', async () => {
    const sessions = await sessionsOf(runtime!, products, 3)
    const { b, c, h, n, d } = { ...usual, n: 5, d: 21 }
    for (const [i, special] of [NaN, Infinity, -Infinity].entries())
      for (const m of [1, 4, 30]) {
        const [q, k] = [wave([b, h, m, d], 1.7), wave([b, h, n, d], 2.3)]
        const values = new Float32Array(k.data.buffer, k.data.byteOffset, b * h * n * d)
        values[17 * i + d - 1] = special
        const rest = { heads: wave([b, n, h, d], 0.9), shared: wave([c, 1, n, d], 1.3), matrix: wave([n, d], 0.7) }
        const feeds = { q, k, ...rest, v: wave([b, h, d, n], 1.1), bias: wave([n], 0.3), scale: wave([1], 1) }
        const [ours, theirs] = [sessions.ours(feeds)['plain']!, (await sessions.theirs(feeds))['plain']!]
        expect(ours.values.some((value) => !Number.isFinite(value))).toBe(true)
        const wrong = ours.values.filter((value, at) => {
          const other = theirs.values[at]!
          return !Object.is(value, other) && !(Math.abs(Number(value) - Number(other)) < 1e-4)
        })
        expect(wrong).toEqual([])
      }
  })
})

function optimised(source: Pick<ModelSource, 'outputs' | 'nodes'> & Partial<ModelSource>): string[] {
  const graph = graphOf(source)
  optimize(graph, registry, new Identities())
  return ops(graph)
}

test('transposes before a product go away, or leave rows together', () => {
  const found = optimised(products)
  expect(found.filter((op) => op === 'TransposedMatMul')).toHaveLength(5)
  expect(found.filter((op) => op === 'Transpose')).toHaveLength(1)
})

test('what is packed once keeps its transpose, and so does what is turned otherwise', () => {
  const outputs = { y: undefined }
  const packed = optimised({
    inputs: { x: f32('m', 4) },
    outputs,
    initializers: { w: wave([6, 4], 1) },
    nodes: [node('Transpose', ['w'], ['wt']), node('MatMul', ['x', 'wt'], ['y'])],
  })
  expect(packed).toEqual(['MatMul'])
  const inputs = { x: f32('b', 'm', 'd'), z: f32('d', 'b', 'n') }
  const turned = [node('Transpose', ['z'], ['zt'], { perm: [1n, 0n, 2n] }), node('MatMul', ['x', 'zt'], ['y'])]
  expect(optimised({ inputs, outputs, nodes: turned })).toEqual(['Transpose', 'MatMul'])
  // Rows would be moved, and the whole be kept as well.
  const both = [
    node('Transpose', ['z'], ['zt'], { perm: [1n, 2n, 0n] }),
    node('MatMul', ['x', 'zt'], ['y']),
    node('Relu', ['zt'], ['other']),
  ]
  const shapes = { x: f32('b', 'm', 'n'), z: f32('d', 'b', 'n') }
  expect(optimised({ inputs: shapes, outputs: { y: undefined, other: undefined }, nodes: both })).toEqual([
    'Transpose',
    'MatMul',
    'Relu',
  ])
})
