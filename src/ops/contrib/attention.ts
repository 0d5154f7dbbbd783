import { add, type Dim, floorDivide, sum } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, sameSize, takes } from '../../graph/rules.ts'
import { attend, joinHeads, splitHeads } from '../nn/attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT, refuseAttributes } from './domain.ts'
import { agreeBias, agreeMask, asFloats, biasesOf, headsOf, type Scores, scaleOf } from './masks.ts'

const INPUT = { mask: 3, past: 4, bias: 5 } as const

/** Features of queries, keys and values, which the weights give one after another. */
function featuresOf(node: Node): readonly [Dim, Dim, Dim] {
  const given = node.ints('qkv_hidden_sizes')
  if (!given) {
    const third = floorDivide(node.input(1).dims[1]!, 3)
    return [third, third, third]
  }
  const [q, k, v] = given
  if (given.length === 3 && q === k) return [q!, k!, v!]
  throw node.error(
    'MODEL_ATTRIBUTE',
    `qkv_hidden_sizes is [${given.join(', ')}], but should be three sizes, of which the first two are equal`,
  )
}

/** `pastAt`: which input holds keys and values of before. */
export function scoresOf(node: Node, pastAt: number = INPUT.past): Scores {
  const [batch, queries] = node.input(0).dims as [Dim, Dim]
  const past = node.inputs[pastAt]?.dims[3] ?? 0
  return { batch, queries, heads: headsOf(node, 'num_heads'), keys: add(queries, past) }
}

function agree(node: Node): Agreement[] {
  const scores = scoresOf(node)
  const { heads } = scores
  const [q, , v] = featuresOf(node)
  for (const size of [q, v]) {
    if (typeof size === 'number' && typeof heads === 'number' && size % heads !== 0)
      throw node.error('MODEL_SHAPE', `${size} features can't be split into ${heads} heads`)
  }
  const sizes = node.has('qkv_hidden_sizes')
    ? [{ input: 1, axis: 1, expected: sum(featuresOf(node)), as: 'qkv_hidden_sizes say' }]
    : [multipleOf(node, [1, 1], 3 * Number(heads), `${heads} heads of Q, K and V need`)]
  return [
    ...sizes,
    ...agreeMask(node, INPUT.mask, scores, { starts: true, square: true }),
    ...agreePastOfBoth(node, scores, q, v),
    ...agreeBias(node, INPUT.bias, scores),
  ]
}

/** Keys and values of before in one tensor: [2, batch, heads, past, size]. */
export function agreePastOfBoth(
  node: Node,
  { heads }: Scores,
  q: Dim,
  v: Dim,
  input: number = INPUT.past,
): Agreement[] {
  if (!node.inputs[input]) return []
  if (typeof q === 'number' && typeof v === 'number' && q !== v)
    throw node.error('MODEL_SHAPE', `with a past, values must have as many features as keys, not ${v} of ${q}`)
  return [
    sameSize(node, [input, 1], [0, 0]),
    { input, axis: 2, expected: heads, as: 'num_heads says' },
    { input, axis: 4, expected: floorDivide(q, heads), as: 'the size of the heads needs' },
  ]
}

/** com.microsoft.Attention: queries, keys and values of one input, with the weights of all three in one matrix. */
const Attention: LoweredOperator = {
  name: 'Attention',
  domain: MICROSOFT,
  rules: takes(
    'input:T[b, _, i] weights:T[i, w] bias?:T[w] mask_index?:int32[_, ...] past?:T[2, b, _, _, _] ' +
      'attention_bias?:T[_, _, _, _] past_sequence_length?:int32[.]',
    { T: 'float16|bfloat16|float32' },
    agree,
  ),
  infer: sameAsFirst,
  decompose(node, b) {
    const { past: pastAt, mask: maskAt, bias: biasAt } = INPUT
    const [past, mask, bias] = [node.inputs[pastAt], node.inputs[maskAt], node.inputs[biasAt]]
    const [output, ...present] = attention(node, b, projected(node, b), scoresOf(node), { past, mask, bias })
    const { type } = node.input(0)
    return [castTo(b, output!, type), ...present.map((value) => castTo(b, value, type))]
  },
}

/** What stands beside the input of an attention. */
interface Beside {
  readonly past: Value | undefined
  readonly mask: Value | undefined
  readonly bias?: Value | undefined
}

/** Attention of queries, keys and values [batch, sequence, features], and where the node asks for them the keys and values. */
export function attention(
  node: Node,
  b: Builder,
  parts: readonly Value[],
  scores: Scores,
  { past, mask, bias }: Beside,
): Value[] {
  refuseAttributes(node, ['do_rotary', 'past_present_share_buffer'])
  const [query, newKey, newValue] = parts.map((x) => splitHeads(b, x, scores.heads)) as [Value, Value, Value]
  const key = past ? b.op('Concat', [pastOf(b, past, 0), newKey], { axis: 2 }) : newKey
  const value = past ? b.op('Concat', [pastOf(b, past, 1), newValue], { axis: 2 }) : newValue
  const { output } = attend(node, b, {
    query,
    key,
    value,
    scale: scaleOf(node),
    biases: biasesOf(node, b, scores, { mask, bias }),
  })
  return [joinHeads(b, output), ...presentOf(node, b, key, value)]
}

/** Queries, keys and values: [batch, sequence, features]. */
function projected(node: Node, b: Builder): Value[] {
  const bias = node.inputs[2]
  const product = b.op('MatMul', [node.input(0), node.input(1)])
  return splitParts(b, asFloats(b, bias ? b.op('Add', [product, bias]) : product), featuresOf(node))
}

/** Features of queries, keys and values one after another, taken apart. */
export function splitParts(b: Builder, all: Value, [q, k, v]: readonly [Dim, Dim, Dim]): Value[] {
  const ends = [q, add(q, k), sum([q, k, v])]
  return ends.map((end, i) => b.op('Slice', [all, b.dims([ends[i - 1] ?? 0]), b.dims([end]), b.ints([2])]))
}

/** Keys (0) or values (1) of before. */
function pastOf(b: Builder, past: Value, which: 0 | 1): Value {
  return asFloats(b, b.op('Gather', [past, b.scalar(which, 'int64')], { axis: 0 }))
}

/** Keys and values as one tensor; only where they are of one size can they be asked for. */
function presentOf(node: Node, b: Builder, key: Value, value: Value): Value[] {
  if (node.outputCount < 2) return []
  const [keys, values] = [key, value].map((x) => b.op('Unsqueeze', [x, b.ints([0])]))
  return [b.op('Concat', [keys, values], { axis: 0 })]
}

export const contribAttention: readonly LoweredOperator[] = [Attention]
