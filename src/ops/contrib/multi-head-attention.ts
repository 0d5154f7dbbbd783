import { add, type Dim, floorDivide, multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, type Rules, takes } from '../../graph/rules.ts'
import { attend, joinHeads, splitHeads } from '../nn/attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT, refuseInputs, together } from './domain.ts'
import { agreeBias, agreeMask, agreePast, asFloats, biasesOf, headsOf, type Scores, scaleOf } from './masks.ts'

const INPUT = { bias: 3, mask: 4, attentionBias: 5, pastKey: 6, pastValue: 7 } as const

/** How queries, keys and values come: each for itself; keys with values; all in one; keys and values in heads already. */
type Packing = 'none' | 'keysValues' | 'all' | 'heads'

function packingOf(node: Node): Packing {
  const [query, key] = [node.input(0), node.inputs[1]]
  if (!key) return 'all'
  if (query.rank === 5) throw node.error('MODEL_SHAPE', 'a query of rank 5 holds the keys, which are given as well')
  return key.rank === 5 ? 'keysValues' : key.rank === 4 ? 'heads' : 'none'
}

const shapes: Readonly<Record<Packing, string>> = {
  none: 'query:T[b, s, d] key:T[b, l, d] value:T[b, l, _]',
  keysValues: 'query:T[b, s, _] key:T[b, l, h, 2, z] value?:T',
  all: 'query:T[b, s, h, 3, z] key?:T value?:T',
  heads: 'query:T[b, s, _] key:T[b, h, l, z] value:T[b, h, l, _]',
}

const rest =
  'bias?:T[_] key_padding_mask?:int32[_, ...] attention_bias?:T[_, _, _, _] past_key?:T[b, _, p, _] ' +
  'past_value?:T[b, _, p, _] past_sequence_length?:int32[.] cache_indirection?:int32'

function rules(node: Node): Rules {
  return takes(`${shapes[packingOf(node)]} ${rest}`, { T: 'float16|bfloat16|float32' }, agree)
}

/** Sizes of heads of keys and values, and how many keys are new. */
function sizesOf(node: Node): { heads: number; size: Dim; valueSize: Dim; added: Dim } {
  const heads = headsOf(node, 'num_heads')
  const [query, key, value] = [node.input(0), node.inputs[1], node.inputs[2]]
  const packing = packingOf(node)
  if (packing === 'all') return { heads, size: query.dims[4]!, valueSize: query.dims[4]!, added: query.dims[1]! }
  const size = floorDivide(query.dims[2]!, heads)
  if (packing === 'keysValues') return { heads, size, valueSize: key!.dims[4]!, added: key!.dims[1]! }
  if (packing === 'heads') return { heads, size, valueSize: value!.dims[3]!, added: key!.dims[2]! }
  return { heads, size, valueSize: floorDivide(value!.dims[2]!, heads), added: key!.dims[1]! }
}

function scoresOf(node: Node): Scores {
  const [batch, queries] = node.input(0).dims as [Dim, Dim]
  const { heads, added } = sizesOf(node)
  return { batch, queries, heads, keys: add(added, node.inputs[INPUT.pastKey]?.dims[2] ?? 0) }
}

function agree(node: Node): Agreement[] {
  together(node, { [INPUT.pastKey]: 'past_key', [INPUT.pastValue]: 'past_value' })
  const { heads, size, valueSize } = sizesOf(node)
  const packing = packingOf(node)
  if (packing === 'heads') refuseInputs(node, { [INPUT.bias]: 'bias', [INPUT.pastKey]: 'past_key' })
  if (packing === 'keysValues') refuseInputs(node, { 2: 'value', [INPUT.bias]: 'bias' })
  const scores = scoresOf(node)
  const divides = (input: number): Agreement => multipleOf(node, [input, 2], heads, `${heads} heads need`)
  const split = { none: [0, 2], keysValues: [0], heads: [0], all: [] }[packing]
  const [input, headAxis, sizeAxis] = { none: [], keysValues: [1, 2, 4], heads: [1, 1, 3], all: [0, 2, 4] }[packing]
  const inHeads: Agreement[] =
    input === undefined
      ? []
      : [
          { input, axis: headAxis!, expected: heads, as: 'num_heads says' },
          { input, axis: sizeAxis!, expected: size, as: 'the size of the heads needs' },
        ]
  const bias: Agreement[] = node.inputs[INPUT.bias]
    ? [
        {
          input: INPUT.bias,
          axis: 0,
          expected: multiply(heads, add(multiply(2, size), valueSize)),
          as: 'features of Q, K and V need',
        },
      ]
    : []
  return [
    ...split.map(divides),
    ...inHeads,
    ...bias,
    ...agreeMask(node, INPUT.mask, scores),
    ...agreeBias(node, INPUT.attentionBias, scores),
    ...agreePast(node, INPUT.pastKey, heads, size),
    ...agreePast(node, INPUT.pastValue, heads, valueSize),
  ]
}

/** com.microsoft.MultiHeadAttention: queries, keys and values in any of its packings, with those of before. */
const MultiHeadAttention: LoweredOperator = {
  name: 'MultiHeadAttention',
  domain: MICROSOFT,
  rules,
  infer: sameAsFirst,
  decompose(node, b) {
    refuseInputs(node, { 8: 'past_sequence_length', 9: 'cache_indirection' })
    const { type } = node.input(0)
    const [query, newKey, newValue] = operands(node, b)
    const [pastKey, pastValue] = [node.inputs[INPUT.pastKey], node.inputs[INPUT.pastValue]]
    const key = pastKey ? b.op('Concat', [asFloats(b, pastKey), newKey], { axis: 2 }) : newKey
    const value = pastValue ? b.op('Concat', [asFloats(b, pastValue), newValue], { axis: 2 }) : newValue
    const scores = scoresOf(node)
    const [mask, bias] = [node.inputs[INPUT.mask], node.inputs[INPUT.attentionBias]]
    const { output, biased } = attend(node, b, {
      query,
      key,
      value,
      scale: scaleOf(node),
      biases: biasesOf(node, b, scores, { mask, bias }),
    })
    return [joinHeads(b, output), key, value, biased].map((x) => castTo(b, x, type))
  },
}

/** Queries, keys and values as [batch, heads, sequence, size] of float32, with their biases. */
function operands(node: Node, b: Builder): [Value, Value, Value] {
  const { heads, size } = sizesOf(node)
  const query = asFloats(b, node.input(0))
  const features = multiply(heads, size)
  const given = node.inputs[INPUT.bias]
  const bias = given && asFloats(b, given)
  const split = (x: Value, from: Dim, to: Dim): Value => {
    const part = bias && b.op('Slice', [bias, b.dims([from]), b.dims([to]), b.ints([0])])
    return splitHeads(b, part ? b.op('Add', [x, part]) : x, heads)
  }
  const q = (x: Value): Value => split(x, 0, features)
  const k = (x: Value): Value => split(x, features, multiply(2, features))
  const v = (x: Value): Value => split(x, multiply(2, features), bias?.dims[0] ?? 0)
  const packing = packingOf(node)
  if (packing === 'none') return [q(query), k(asFloats(b, node.input(1))), v(asFloats(b, node.input(2)))]
  if (packing === 'heads') return [q(query), asFloats(b, node.input(1)), asFloats(b, node.input(2))]
  // [batch, sequence, heads, 2 or 3, size]
  const part = (x: Value, which: number): Value => {
    const [batch, sequence] = x.dims as [Dim, Dim]
    return b.reshape(b.op('Gather', [x, b.scalar(which, 'int64')], { axis: 3 }), [batch, sequence, features])
  }
  if (packing === 'all') return [q(part(query, 0)), k(part(query, 1)), v(part(query, 2))]
  const both = asFloats(b, node.input(1))
  return [q(query), k(part(both, 0)), v(part(both, 1))]
}

export const multiHeadAttention: readonly LoweredOperator[] = [MultiHeadAttention]
