import { describe, expect, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { OnnxDim, Tensor } from '../../src/onnx/model.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { graphOf, node, ops } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, t } from './harness.ts'
import { apart, type Feeds, sessionsOf, wave } from './sessions.ts'

// What tests of attention share: models that have it written in some form, and that it is one kernel of the same results.

const runtime = onnxruntime()
export const HEADS = 2
export const SIZE = 16
const booleans = ['keep', 'drop']
const SCALE = 1 / Math.sqrt(SIZE)

/** One way to write attention, over queries, keys and values [b, HEADS, s or l, SIZE]. */
export interface Form {
  readonly nodes: readonly NodeSource[]
  /** Shapes of the inputs beside q, k and v; of `booleans`, or float32. */
  readonly masks?: Readonly<Record<string, readonly OnnxDim[]>>
  readonly constants?: Readonly<Record<string, Tensor>>
  readonly opset?: number
  readonly size?: number | string
}

const heads = (length: string, size: number | string = SIZE): OnnxDim[] => ['b', HEADS, length, size]

export function modelOf({ nodes, masks = {}, constants = {}, opset = 17, size }: Form): ModelSource {
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
    initializers: {
      scale: f32([SCALE], []),
      root: f32([1 / SCALE], [1]),
      half: f32([0.5], []),
      low: f32([-10000], []),
      ...constants,
    },
    nodes,
  }
}

export const transposed = node('Transpose', ['k'], ['kt'], { perm: [0n, 1n, 3n, 2n] })
export const multiplied = node('MatMul', ['q', 'kt'], ['raw'])
export const product = [transposed, multiplied]
export const scaled = node('Mul', ['raw', 'scale'], ['scores'])
export const mixedWith = (values: string): NodeSource[] => [
  node('Softmax', ['x'], ['p'], { axis: -1n }),
  node('MatMul', ['p', values], ['y']),
]
export const mixed = mixedWith('v')

/** A size of `x` as a list of one. */
export const sizeOf = (x: string, axis: number, y: string): NodeSource =>
  node('Shape', [x], [y], { start: BigInt(axis), end: BigInt(axis + 1) })
/** To a shape whose zeros are sizes. */
export const reshaped = (inputs: readonly string[], y: string): NodeSource =>
  node('Reshape', inputs, [y], { allowzero: 1n })
export const joined = (parts: readonly string[], y: string): NodeSource => node('Concat', parts, [y], { axis: 0n })

/** Scores as PyTorch writes them: both sides scaled before the product, and keys transposed as a stack of matrices. */
export const scaledBefore = (keys: string, factor: string): NodeSource[] => [
  sizeOf(keys, 0, `${keys}_batch`),
  sizeOf(keys, 1, `${keys}_heads`),
  sizeOf(keys, 2, `${keys}_rows`),
  sizeOf(keys, 3, `${keys}_columns`),
  node('Mul', [`${keys}_batch`, `${keys}_heads`], [`${keys}_count`]),
  joined([`${keys}_count`, `${keys}_rows`, `${keys}_columns`], `${keys}_stack`),
  reshaped([keys, `${keys}_stack`], `${keys}_3`),
  node('Transpose', [`${keys}_3`], [`${keys}_turned`], { perm: [0n, 2n, 1n] }),
  joined([`${keys}_batch`, `${keys}_heads`, `${keys}_columns`, `${keys}_rows`], `${keys}_4`),
  reshaped([`${keys}_turned`, `${keys}_4`], `${keys}_all`),
  node('Mul', ['q', 'half'], ['q_scaled']),
  node('Mul', [`${keys}_all`, factor], [`${keys}_scaled`]),
  node('MatMul', ['q_scaled', `${keys}_scaled`], ['scores']),
]

/** What the run gives the names of sizes. */
interface Run {
  readonly b: number
  readonly s: number
  readonly l: number
}

/** The same with the sizes that have two names. */
const sizesOf = (run: Run): Readonly<Record<string, number>> => ({ ...run, all: run.l })

export function feedsOf(source: ModelSource, run: Run): Feeds {
  const sizes = sizesOf(run)
  const tensors = Object.entries(source.inputs ?? {}).map(([name, { type, shape }], i) => {
    const dims = (shape ?? []).map((dim: OnnxDim) => (typeof dim === 'number' ? dim : sizes[String(dim)]!))
    const values = wave(dims, 0.7 + i / 10)
    const isKept = Array.from({ length: dims.reduce((n: number, dim: number) => n * dim, 1) }, (_, at) => at % 5 > 0)
    return [name, type === 'bool' ? t('bool', isKept, dims) : values] as const
  })
  return Object.fromEntries(tensors)
}

/** Sizes that the run gives the model's symbols. */
function dimensionsOf(source: ModelSource, run: Run): Record<string, number> {
  const names = new Set(Object.values(source.inputs ?? {}).flatMap(({ shape }) => shape ?? []))
  return Object.fromEntries(Object.entries(sizesOf(run)).filter(([name]) => names.has(name)))
}

/** Operators after the passes, with sizes that only the run knows or those of `run`. */
export function operatorsOf(source: ModelSource, run?: Run): string[] {
  const graph = graphOf({ ...source, outputs: source.outputs ?? {} }, run && dimensionsOf(source, run))
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

/** That attention in these forms is one kernel, which repeats nothing and gives what onnxruntime gives node by node. */
export function describeAttention(forms: Readonly<Record<string, Form>>): void {
  describe.each(Object.entries(forms))('attention with %s', (_, form) => {
    const source = modelOf(form)

    test.each([undefined, { b: 2, s: 3, l: 5 }])('is one kernel, of sizes %o', (run) => {
      const found = operatorsOf(source, run)
      expect(found).toContain('StreamingAttention')
      expect(found).not.toContain('Softmax')
      expect(found).not.toContain('Expand')
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
}
