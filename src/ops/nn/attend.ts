import { type Dim, dimEquals, floorDivide, multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { multiplied } from '../math/transposed-product.ts'
import { castTo } from '../../lowering/widen.ts'
import { streams } from './streaming-attention.ts'

/** What is attended to, and how. */
export interface Attended {
  /** [batch, heads, queries, size] */
  readonly query: Value
  /** [batch, groups, keys, size]: each group of keys serves as many heads as the next. */
  readonly key: Value
  /** [batch, groups, keys, any] */
  readonly value: Value
  /** Of the products of queries and keys. Default: 1 / √size. */
  readonly scale?: number | undefined
  /** Scores are kept within ± this, softly; 0: they aren't. */
  readonly softcap?: number
  /** Are added to the scores one after another: of their type, and broadcast to [batch, heads, queries, keys]. */
  readonly biases: readonly Value[]
  /** Of the softmax. Default: float32, or float64 of such scores. */
  readonly precision?: ElementType
  /** One score more per head, as [1 or heads, 1, 1]: it takes part of the weight, and gives nothing. */
  readonly sink?: Value
}

/** The result, [batch, heads, queries, any], and what it is made from: scores as multiplied, capped and biased; weights. */
export interface Attention {
  readonly output: Value
  readonly raw: Value
  readonly capped: Value
  readonly biased: Value
  readonly weights: Value
}

/**
 * softmax(query · keyᵀ · scale + biases) · value. Instead of repeating keys for the heads that share them, the queries of
 * those heads are laid one after another.
 *
 * @throws CompileError where heads can't share the keys
 */
export function attend(node: Node, b: Builder, of: Attended): Attention {
  const { query, key, value, softcap = 0 } = of
  const [batch, heads, queries, size] = query.dims as [Dim, Dim, Dim, Dim]
  const [groups, keys] = [key.dims[1]!, key.dims[2]!]
  if (typeof heads === 'number' && typeof groups === 'number' && heads % groups !== 0)
    throw node.error('MODEL_SHAPE', `${heads} heads of queries can't share ${groups} heads of keys`)
  const shared = floorDivide(heads, groups)
  const [q, k] = scaled(b, of)
  if (shared !== 1 && softcap === 0 && !of.sink && streams(size, value.dims[3]!))
    return attendInGroups(b, { ...of, query: q, key: k }, shared)
  const rows = multiply(shared, queries)
  const grouped = shared === 1 ? q : b.reshape(q, [batch, groups, rows, size])
  const product = multiplied(b, grouped, k, { transB: true })
  const raw = shared === 1 ? product : b.reshape(product, [batch, heads, queries, keys])
  const limit = b.scalar(softcap, raw.type)
  const capped = softcap > 0 ? b.op('Mul', [b.op('Tanh', [b.op('Div', [raw, limit])]), limit]) : raw
  const biased = of.biases.reduce((sum, bias) => b.op('Add', [sum, bias]), capped)
  const wide = raw.type === 'float64' ? 'float64' : (of.precision ?? 'float32')
  const weights = castTo(b, weightsOf(b, castTo(b, biased, wide), of.sink), value.type)

  const groupedWeights = shared === 1 ? weights : b.reshape(weights, [batch, groups, rows, keys])
  const mixed = b.op('MatMul', [groupedWeights, value])
  const output = shared === 1 ? mixed : b.reshape(mixed, [batch, heads, queries, value.dims[3]!])
  return { output, raw, capped, biased, weights }
}

/**
 * The same where a kernel reads the shared keys as they are: [batch, groups, shared, …] all the way, which
 * passes/attention.ts knows. Of a scaled query and key.
 */
function attendInGroups(b: Builder, of: Attended, shared: Dim): Attention {
  const { query, key, value } = of
  const [batch, heads, queries, size] = query.dims as [Dim, Dim, Dim, Dim]
  const groups = key.dims[1]!
  const apart = (x: Value): Value => b.op('Unsqueeze', [x, b.ints([2])])
  const inHeads = (x: Value): Value => b.reshape(x, [batch, heads, queries, x.dims.at(-1)!])
  const raw = multiplied(b, b.reshape(query, [batch, groups, shared, queries, size]), apart(key), { transB: true })
  const biased = of.biases.reduce((sum, bias) => b.op('Add', [sum, inGroups(b, bias, heads, groups)]), raw)
  const wide = raw.type === 'float64' ? 'float64' : (of.precision ?? 'float32')
  const weights = castTo(b, weightsOf(b, castTo(b, biased, wide), undefined), value.type)
  const output = b.op('MatMul', [weights, apart(value)])
  const [rawScores, biasedScores, allWeights] = [raw, biased, weights].map(inHeads) as [Value, Value, Value]
  return { output: inHeads(output), raw: rawScores, capped: rawScores, biased: biasedScores, weights: allWeights }
}

/** A bias or mask that is broadcast to [batch, heads, queries, keys] as one of [batch, groups, shared, queries, keys]. */
export function inGroups(b: Builder, bias: Value, heads: Dim, groups: Dim): Value {
  if (bias.rank < 3) return bias
  const axis = bias.rank - 3
  const { dims } = bias
  if (dims[axis] === 1) return b.op('Unsqueeze', [bias, b.ints([axis])])
  const all = dimEquals(dims[axis]!, heads) ? bias : b.op('Expand', [bias, b.dims(dims.with(axis, heads))])
  return b.reshape(all, [...dims.slice(0, axis), groups, floorDivide(heads, groups), ...dims.slice(axis + 1)])
}

/** Scores to weights whose sum is 1, with the sink's. */
function weightsOf(b: Builder, scores: Value, sink: Value | undefined): Value {
  if (!sink) return b.op('Softmax', [scores], { axis: -1 })
  const column = b.op('Expand', [castTo(b, sink, scores.type), b.dims(scores.dims.with(3, 1))])
  const all = b.op('Softmax', [b.op('Concat', [scores, column], { axis: 3 })], { axis: -1 })
  return b.op('Slice', [all, b.ints([0]), b.dims([scores.dims[3]!]), b.ints([3])])
}

/** Scale of query · key; half of it (as a factor) goes to either side, which keeps narrow floats in range. */
function scaled(b: Builder, { query, key, scale: given }: Attended): [Value, Value] {
  const { type } = query
  const size = query.dims[3]!
  const scale = given ?? (typeof size === 'number' ? 1 / Math.sqrt(size) : undefined)
  if (scale !== undefined && (scale < 0 || type === 'float32'))
    return [b.op('Mul', [query, b.scalar(scale, type)]), key]
  const root =
    scale === undefined
      ? b.op('Pow', [castTo(b, b.dims([size]), type), b.scalar(-0.25, type)])
      : b.scalar(Math.sqrt(scale), type)
  return [b.op('Mul', [query, root]), b.op('Mul', [key, root])]
}

/** [batch, sequence, heads × size] → [batch, heads, sequence, size]. */
export function splitHeads(b: Builder, x: Value, heads: Dim): Value {
  const [batch, sequence, features] = x.dims as [Dim, Dim, Dim]
  return b.op('Transpose', [b.reshape(x, [batch, sequence, heads, floorDivide(features, heads)])], {
    perm: [0, 2, 1, 3],
  })
}

/** [batch, heads, sequence, size] → [batch, sequence, heads × size]. */
export function joinHeads(b: Builder, x: Value): Value {
  const [batch, heads, sequence, size] = x.dims as [Dim, Dim, Dim, Dim]
  return b.reshape(b.op('Transpose', [x], { perm: [0, 2, 1, 3] }), [batch, sequence, multiply(heads, size)])
}

/** 0, 1, … as int64[count]. */
export function counting(b: Builder, count: Dim): Value {
  const limit = b.op('Reshape', [b.dims([count]), b.ints([])])
  return b.op('Range', [b.scalar(0, 'int64'), limit, b.scalar(1, 'int64')])
}
