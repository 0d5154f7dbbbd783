import { describe, expect, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { OnnxDim, Tensor } from '../../src/onnx/model.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { graphOf, node, ops } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, i64, t } from './harness.ts'
import { apart, type Feeds, sessionsOf, wave } from './sessions.ts'

// Attention as exporters write it becomes one kernel, whatever its mask and whatever sizes only the run knows, and gives what
// onnxruntime gives node by node.

const runtime = onnxruntime()
const HEADS = 2
const SIZE = 16
const booleans = ['keep', 'drop']
const SCALE = 1 / Math.sqrt(SIZE)

/** One way to write attention, over queries, keys and values [b, HEADS, s or l, SIZE]. */
interface Form {
  readonly nodes: readonly NodeSource[]
  /** Shapes of the inputs beside q, k and v; of `booleans`, or float32. */
  readonly masks?: Readonly<Record<string, readonly OnnxDim[]>>
  readonly constants?: Readonly<Record<string, Tensor>>
  readonly opset?: number
  readonly size?: number | string
}

const heads = (length: string, size: number | string = SIZE): OnnxDim[] => ['b', HEADS, length, size]

function modelOf({ nodes, masks = {}, constants = {}, opset = 17, size }: Form): ModelSource {
  const given = Object.entries(masks).map(
    ([name, dims]) => [name, tensorType(booleans.includes(name) ? 'bool' : 'float32', dims)] as const,
  )
  return {
    opsets: { '': opset },
    inputs: {
      q: tensorType('float32', heads('s', size)),
      k: tensorType('float32', heads('l', size)),
      v: tensorType('float32', heads('l', size)),
      ...Object.fromEntries(given),
    },
    outputs: { y: undefined },
    initializers: { scale: f32([SCALE], []), root: f32([1 / SCALE], [1]), low: f32([-10000], []), ...constants },
    nodes,
  }
}

const transposed = node('Transpose', ['k'], ['kt'], { perm: [0n, 1n, 3n, 2n] })
const multiplied = node('MatMul', ['q', 'kt'], ['raw'])
const product = [transposed, multiplied]
const scaled = node('Mul', ['raw', 'scale'], ['scores'])
const mixed = [node('Softmax', ['x'], ['p'], { axis: -1n }), node('MatMul', ['p', 'v'], ['y'])]

/** A size of `x` as a list of one. */
const sizeOf = (x: string, axis: number, y: string): NodeSource =>
  node('Shape', [x], [y], { start: BigInt(axis), end: BigInt(axis + 1) })
/** To a shape whose zeros are sizes. */
const reshaped = (inputs: readonly string[], y: string): NodeSource => node('Reshape', inputs, [y], { allowzero: 1n })
const joined = (parts: readonly string[], y: string): NodeSource => node('Concat', parts, [y], { axis: 0n })

const forms: Readonly<Record<string, Form>> = {
  'no mask': { nodes: [...product, node('Div', ['raw', 'root'], ['x']), ...mixed] },
  'no scale': { nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] },
  'a mask of keys': {
    masks: { m: ['b', 1, 1, 'l'] },
    nodes: [...product, scaled, node('Add', ['scores', 'm'], ['x']), ...mixed],
  },
  'a mask of all, from the left': {
    masks: { m: ['b', HEADS, 's', 'l'] },
    nodes: [...product, scaled, node('Add', ['m', 'scores'], ['x']), ...mixed],
  },
  'two masks of fewer axes': {
    masks: { m: ['s', 'l'], n: ['s', 1] },
    nodes: [...product, node('Add', ['raw', 'm'], ['one']), node('Add', ['one', 'n'], ['x']), ...mixed],
  },
  'a mask of as many keys as it says': {
    masks: { m: ['b', 1, 's', 'all'] },
    nodes: [...product, scaled, node('Add', ['scores', 'm'], ['x']), ...mixed],
  },
  'keys that heads share': {
    masks: { q: ['b', 2 * HEADS, 's', SIZE], m: ['b', 1, 's', 'l'] },
    opset: 23,
    nodes: [node('Attention', ['q', 'k', 'v', 'm'], ['y'])],
  },
  'keys that heads share, and a mask for each head': {
    masks: { q: ['b', 2 * HEADS, 's', SIZE], m: [2 * HEADS, 's', 'l'] },
    opset: 23,
    nodes: [node('Attention', ['q', 'k', 'v', 'm'], ['y'])],
  },
  'scores kept by a mask, then a bias': {
    masks: { keep: [1, 1, 's', 'l'], m: ['b', 1, 1, 'l'] },
    nodes: [
      ...product,
      scaled,
      node('Where', ['keep', 'scores', 'low'], ['kept']),
      node('Add', ['kept', 'm'], ['x']),
      ...mixed,
    ],
  },
  'scores filled by a mask': {
    masks: { drop: ['b', 1, 1, 'l'] },
    nodes: [...product, node('Where', ['drop', 'low', 'raw'], ['x']), ...mixed],
  },
  'keys that come transposed': {
    masks: { kt: ['b', HEADS, SIZE, 'l'] },
    nodes: [multiplied, node('Mul', ['scale', 'raw'], ['x']), ...mixed],
  },
  'rows and heads as one axis, and a mask of four': {
    masks: { m: ['b', 1, 's', 'l'] },
    constants: { heads: i64([HEADS]), width: i64([SIZE]) },
    nodes: [
      sizeOf('q', 0, 'b'),
      sizeOf('q', 2, 's'),
      sizeOf('k', 2, 'l'),
      node('Mul', ['b', 'heads'], ['n']),
      joined(['n', 's', 'width'], 'rows'),
      joined(['n', 'l', 'width'], 'columns'),
      reshaped(['q', 'rows'], 'q3'),
      reshaped(['k', 'columns'], 'k3'),
      reshaped(['v', 'columns'], 'v3'),
      node('Transpose', ['k3'], ['kt'], { perm: [0n, 2n, 1n] }),
      node('MatMul', ['q3', 'kt'], ['raw']),
      joined(['b', 'heads', 's', 'l'], 'four'),
      reshaped(['raw', 'four'], 'raw4'),
      node('Add', ['raw4', 'm'], ['masked']),
      joined(['n', 's', 'l'], 'three'),
      reshaped(['masked', 'three'], 'x'),
      node('Softmax', ['x'], ['p'], { axis: -1n }),
      node('MatMul', ['p', 'v3'], ['y']),
    ],
  },
  'softmax of opset 11': {
    opset: 11,
    nodes: [...product, node('Softmax', ['raw'], ['p'], { axis: 3n }), node('MatMul', ['p', 'v'], ['y'])],
  },
}

/** What the run gives the names of sizes. */
interface Run {
  readonly b: number
  readonly s: number
  readonly l: number
}

/** The same with the sizes that have two names. */
const sizesOf = (run: Run): Readonly<Record<string, number>> => ({ ...run, all: run.l })

function feedsOf(source: ModelSource, run: Run): Feeds {
  const sizes = sizesOf(run)
  const tensors = Object.entries(source.inputs ?? {}).map(([name, { type, shape }], i) => {
    const dims = (shape ?? []).map((dim: OnnxDim) => (typeof dim === 'number' ? dim : sizes[String(dim)]!))
    const values = wave(dims, 0.7 + i / 10)
    const isKept = Array.from({ length: dims.reduce((n: number, dim: number) => n * dim, 1) }, (_, at) => at % 5 > 0)
    return [name, type === 'bool' ? t('bool', isKept, dims) : values] as const
  })
  return Object.fromEntries(tensors)
}

function operatorsOf(source: ModelSource): string[] {
  const graph = graphOf({ ...source, outputs: source.outputs ?? {} })
  optimize(graph, registry, new Identities())
  return ops(graph)
}

// Few queries, several tiles and blocks, odd sizes, one key, none.
const runs: readonly Run[] = [
  { b: 1, s: 1, l: 40 },
  { b: 2, s: 3, l: 1 },
  { b: 1, s: 70, l: 33 },
  { b: 2, s: 17, l: 300 },
  { b: 1, s: 2, l: 0 },
]

describe.each(Object.entries(forms))('attention with %s', (_, form) => {
  const source = modelOf(form)

  test('is one kernel', () => {
    const found = operatorsOf(source)
    expect(found).toContain('StreamingAttention')
    expect(found).not.toContain('Softmax')
  })

  test.skipIf(runtime === undefined).each([0, 3] as const)('gives what onnxruntime does, O=%i', async (optimize) => {
    const { ours, theirs } = await sessionsOf(runtime!, source, optimize)
    // onnxruntime's Attention refuses to attend to no key.
    for (const run of runs.filter(({ l }) => l > 0 || form.opset !== 23)) {
      const feeds = feedsOf(source, run)
      expect(apart(ours(feeds)['y']!, (await theirs(feeds))['y']!), JSON.stringify(run)).toBeLessThan(2e-6)
    }
  })
})

const refused: Readonly<Record<string, ModelSource>> = {
  'scores that are used elsewhere': {
    ...modelOf({ nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
    outputs: { y: undefined, raw: undefined },
  },
  'weights that are used elsewhere': {
    ...modelOf({ nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
    outputs: { y: undefined, p: undefined },
  },
  'a softmax of queries': modelOf({
    nodes: [...product, node('Softmax', ['raw'], ['p'], { axis: 2n }), node('MatMul', ['p', 'v'], ['y'])],
  }),
  'a scale that could overflow the queries': modelOf({
    nodes: [...product, node('Mul', ['raw', 'root'], ['x']), ...mixed],
  }),
  'a scale of a mask, too': modelOf({
    masks: { m: ['s', 'l'] },
    nodes: [...product, node('Add', ['raw', 'm'], ['one']), node('Mul', ['one', 'scale'], ['x']), ...mixed],
  }),
  'a mask that repeats the scores': modelOf({
    masks: { m: [3, 'b', HEADS, 's', 'l'] },
    nodes: [...product, node('Add', ['raw', 'm'], ['x']), ...mixed],
  }),
  'heads of any size': modelOf({ size: 'd', nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
  'heads beyond a block': modelOf({ size: 257, nodes: [...product, node('Identity', ['raw'], ['x']), ...mixed] }),
}

test.each(Object.entries(refused))('%s stay as they are', (_, source) => {
  const found = operatorsOf(source)
  expect(found).not.toContain('StreamingAttention')
  expect(found).toContain('Softmax')
})

test.skipIf(runtime === undefined)('queries that may see nothing become NaN, as in onnxruntime', async () => {
  const source = modelOf(forms['a mask of keys']!)
  const { ours, theirs } = await sessionsOf(runtime!, source, 3)
  for (const l of [5, 600]) {
    const feeds = { ...feedsOf(source, { b: 2, s: 3, l }) }
    const mask = Array.from({ length: 2 * l }, (_, i) => (i < l || i === 2 * l - 1 ? -Infinity : 0))
    feeds['m'] = f32(mask, [2, 1, 1, l])
    const result = ours(feeds)['y']!
    expect(apart(result, (await theirs(feeds))['y']!)).toBeLessThan(2e-6)
    expect(result.values.slice(0, HEADS * 3 * SIZE).every(Number.isNaN)).toBe(true)
  }
})
