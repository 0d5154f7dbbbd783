import { add, type Dim, dimEquals, floorDivide, maximum, minimum, multiply, subtract } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { broadcastTo } from '../../graph/demands.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, type Rules, sameSize, takes } from '../../graph/rules.ts'
import { elementTypeOf, elementTypes, type ElementType } from '../../onnx/element-type.ts'
import { attend, counting, joinHeads, splitHeads } from './attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'

type HeadsAttribute = 'q_num_heads' | 'kv_num_heads'

/** Number and size of the heads of [batch, heads, sequence, size], or of [batch, sequence, heads × size]. */
function headsOf(node: Node, x: Value, attribute: HeadsAttribute): { heads: Dim; size: Dim; sequence: Dim } {
  if (x.rank === 4) return { heads: x.dims[1]!, size: x.dims[3]!, sequence: x.dims[2]! }
  const heads = node.int(attribute)
  if (x.rank !== 3 || !heads)
    throw node.error('MODEL_SHAPE', `an input of rank ${x.rank} needs to be of rank 4, or 3 with ${attribute}`)
  return { heads, size: floorDivide(x.dims[2]!, heads), sequence: x.dims[1]! }
}

/** As [batch, heads, sequence, size], whichever form the input has. */
function inHeads(node: Node, b: Builder, x: Value, attribute: HeadsAttribute): Value {
  return x.rank === 4 ? x : splitHeads(b, x, headsOf(node, x, attribute).heads)
}

/** 0 where the condition holds, -infinity elsewhere: added to scores, it masks. */
function biasWhere(b: Builder, condition: Value, type: ElementType): Value {
  return b.op('Where', [condition, b.scalar(0, type), b.scalar(-Infinity, type)])
}

/** What is added to the scores: the mask (short ones are continued with -infinity), causality, padding of the keys. */
function biases(node: Node, b: Builder, queries: Dim, keys: Dim, type: ElementType): Value[] {
  const [mask, lengths] = [node.inputs[3], node.inputs[6]]
  const parts: Value[] = []
  if (mask) {
    const bias = mask.type === 'bool' ? biasWhere(b, mask, type) : castTo(b, mask, type)
    const missing = subtract(keys, mask.dims.at(-1)!)
    const whole = repeatsMask(node) || dimEquals(missing, 0)
    parts.push(whole ? bias : b.op('Pad', [bias, b.dims([0, missing]), b.scalar(-Infinity, type), b.ints([-1])]))
  }
  if (node.int('is_causal', 0)) {
    const rows = b.op('Add', [
      b.op('Unsqueeze', [counting(b, queries), b.ints([1])]),
      b.dims([node.inputs[4]?.dims[2] ?? 0]),
    ])
    parts.push(biasWhere(b, b.op('LessOrEqual', [b.op('Unsqueeze', [counting(b, keys), b.ints([0])]), rows]), type))
  }
  if (lengths) {
    const column = b.op('Unsqueeze', [castTo(b, lengths, 'int64'), b.ints([1, 2, 3])])
    parts.push(biasWhere(b, b.op('Less', [counting(b, keys), column]), type))
  }
  return parts.map((part) => castTo(b, part, type))
}

/** Until Attention-24, which continues short masks with -infinity, they were broadcast. */
function repeatsMask(node: Node): boolean {
  return node.version < 24
}

/** Q, K and V of one batch, heads that can be shared, as many values as keys, and what came before of their sizes. */
function agreeAttention(node: Node): Agreement[] {
  const [q, k, v] = [node.input(0), node.input(1), node.input(2)]
  if (q.rank !== k.rank || q.rank !== v.rank)
    throw node.error(
      'MODEL_SHAPE',
      `Q, K and V should be of one rank, but are of ranks ${q.rank}, ${k.rank}, ${v.rank}`,
    )
  const [query, key] = [headsOf(node, q, 'q_num_heads'), headsOf(node, k, 'kv_num_heads')]
  const value = headsOf(node, v, 'kv_num_heads')
  const heads = `the heads of K need`
  return [
    ...[1, 2].map((input) => sameSize(node, [input, 0], [0, 0])),
    ...(q.rank === 3
      ? [
          ...[query, key, value].map((own, input) =>
            multipleOf(node, [input, 2], own.heads, `${own.heads} heads need`),
          ),
          { input: 1, axis: 2, expected: multiply(query.size, key.heads), as: 'heads as large as those of Q need' },
          sameSize(node, [2, 1], [1, 1]),
        ]
      : [
          sameSize(node, [1, 3], [0, 3]),
          multipleOf(node, [0, 1], key.heads, heads),
          sameSize(node, [2, 1], [1, 1]),
          sameSize(node, [2, 2], [1, 2]),
        ]),
    ...agreePast(node, 4, key.heads, query.size),
    ...agreePast(node, 5, key.heads, value.size),
    ...(node.inputs[5] || node.inputs[4] ? [sameSize(node, [5, 2], [4, 2])] : []),
    ...agreeMask(node, query, key.sequence),
    ...(node.inputs[6] ? [sameSize(node, [6, 0], [0, 0])] : []),
  ]
}

/** Keys or values of before: [batch, heads, past, size]. */
function agreePast(node: Node, input: number, heads: Dim, size: Dim): Agreement[] {
  if (!node.inputs[input]) return []
  return [
    sameSize(node, [input, 0], [0, 0]),
    { input, axis: 1, expected: heads, as: 'the heads of K need' },
    { input, axis: 3, expected: size, as: 'the size of the heads needs' },
  ]
}

/** The mask is broadcast to [batch, heads, queries, keys]; its last axis may be shorter. */
function agreeMask(node: Node, query: { heads: Dim; sequence: Dim }, newKeys: Dim): Agreement[] {
  const mask = node.inputs[3]
  if (!mask) return []
  const keys = add(newKeys, node.inputs[4]?.dims[2] ?? 0)
  const rows = [node.input(0).dims[0]!, query.heads, query.sequence]
  if (repeatsMask(node)) return [...broadcastTo(node, [...rows, keys], [{ input: 3, from: 0, dims: mask.dims }])]
  return [
    ...broadcastTo(node, rows, [{ input: 3, from: 0, dims: mask.dims.slice(0, -1) }]),
    { input: 3, axis: -1, expected: minimum(mask.dims.at(-1)!, keys), as: `${keys} keys need at most` },
  ]
}

/** ONNX Attention-23 … 24 as its function body says. */
const Attention: LoweredOperator = {
  name: 'Attention',
  rules: takes(
    'Q:K[_, _, _, ...] K:K[_, _, _, ...] V:V[_, _, _, ...] attn_mask?:number|bool[..., _] past_key?:K[_, _, _, _] ' +
      'past_value?:V[_, _, _, _] nonpad_kv_seqlen?:int64[_]',
    { K: 'float', V: 'float' },
    agreeAttention,
  ),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const query = inHeads(node, b, node.input(0), 'q_num_heads')
    const [newKey, newValue] = [
      inHeads(node, b, node.input(1), 'kv_num_heads'),
      inHeads(node, b, node.input(2), 'kv_num_heads'),
    ]
    const [pastKey, pastValue] = [node.inputs[4], node.inputs[5]]
    const key = pastKey ? b.op('Concat', [pastKey, newKey], { axis: 2 }) : newKey
    const value = pastValue ? b.op('Concat', [pastValue, newValue], { axis: 2 }) : newValue
    const { output, raw, capped, biased, weights } = attend(node, b, {
      query,
      key,
      value,
      scale: node.float('scale'),
      softcap: node.float('softcap', 0),
      biases: biases(node, b, query.dims[2]!, key.dims[2]!, query.type),
      precision: elementTypeOf(node.int('softmax_precision', elementTypes.float32.code)) ?? 'float32',
    })
    const stages = [raw, capped, biased, weights]
    const stage = stages[node.int('qk_matmul_output_mode', 0)]
    if (!stage) throw node.error('MODEL_ATTRIBUTE', 'qk_matmul_output_mode must be from 0 to 3')
    return [node.input(0).rank === 3 ? joinHeads(b, output) : output, key, value, castTo(b, stage, query.type)]
  },
}

/** Features of a head that are turned. */
function rotatedOf(node: Node): { size: Dim; rotated: Dim } {
  const { dims, rank } = node.input(0)
  const heads = node.int('num_heads', 0)
  if (rank === 3 && !heads) throw node.error('MODEL_ATTRIBUTE', 'an input of rank 3 needs num_heads')
  const size = rank === 3 ? floorDivide(dims[2]!, heads) : dims[3]!
  return { size, rotated: node.int('rotary_embedding_dim', 0) || size }
}

/** Of a head whose size only a run knows: it is as large as its rotated part, or it is that part and in pairs. */
function headsOfPairs(node: Node, size: Dim, rotated: Dim): Agreement[] {
  if (typeof size === 'number') return []
  const axis = node.input(0).rank === 3 ? 2 : 3
  const given = node.input(0).dims[axis]!
  const heads = axis === 2 ? node.int('num_heads', 0) : 1
  if (typeof rotated !== 'number') return [multipleOf(node, [0, axis], 2 * heads, 'pairs of features need')]
  const least = multiply(rotated, heads)
  return [{ input: 0, axis, expected: maximum(given, least), as: `${rotated} rotated features need at least` }]
}

/** Caches hold an angle for each pair of rotated features: rows by position, or of each step of the batch. */
function rotaryRules(node: Node): Rules {
  const rows = node.inputs[3] ? 'm, _' : 'b, s, _'
  const steps = node.inputs[0]?.rank === 4 ? 'b, _, s, _' : 'b, s, _'
  const text = `X:T[${steps}] cos_cache:T[${rows}] sin_cache:T[${rows}] position_ids?:int64[b, s]`
  return takes(text, { T: 'float16|bfloat16|float32' }, () => {
    const { size, rotated } = rotatedOf(node)
    const heads = node.int('num_heads', 0)
    const half = floorDivide(rotated, 2)
    if (typeof rotated === 'number' && (rotated % 2 !== 0 || (typeof size === 'number' && rotated > size)))
      throw node.error('MODEL_ATTRIBUTE', `${rotated} of ${size} features can't be rotated in pairs`)
    return [
      ...headsOfPairs(node, size, rotated),
      ...(node.input(0).rank === 3 ? [multipleOf(node, [0, 2], heads, `${heads} heads need`)] : []),
      ...[1, 2].map((input): Agreement => {
        const given = node.input(input).dims.at(-1)!
        return { input, axis: -1, expected: maximum(given, half), as: `${rotated} features in pairs need at least` }
      }),
    ]
  })
}

/**
 * ONNX RotaryEmbedding-23: pairs of features are turned by an angle that grows with the position. Pairs are halves of
 * the rotated features, or neighbours where `interleaved`.
 */
const RotaryEmbedding: LoweredOperator = {
  name: 'RotaryEmbedding',
  rules: rotaryRules,
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const x = node.input(0)
    // Heads come third: [batch, sequence, heads, size], so that caches of [batch, sequence, 1, half] broadcast.
    const heads = node.int('num_heads', 0)
    const { size, rotated } = rotatedOf(node)
    const [batch, sequence] = x.dims as [Dim, Dim, Dim]
    const split =
      x.rank === 3 ? b.reshape(x, [batch, sequence, heads, size]) : b.op('Transpose', [x], { perm: [0, 2, 1, 3] })
    const half = floorDivide(rotated, 2)
    const slice = (from: Value, start: Dim, end: Dim, step = 1): Value =>
      b.op('Slice', [from, b.dims([start]), b.dims([end]), b.ints([-1]), b.ints([step])])
    const positions = node.inputs[3]
    const cache = (input: number): Value => {
      const rows = positions ? b.op('Gather', [node.input(input), positions]) : node.input(input)
      return b.op('Unsqueeze', [slice(rows, 0, half), b.ints([2])])
    }
    const [cos, sin] = [cache(1), cache(2)]
    const interleaved = node.int('interleaved', 0) === 1
    const first = interleaved ? slice(split, 0, rotated, 2) : slice(split, 0, half)
    const second = interleaved ? slice(split, 1, rotated, 2) : slice(split, half, rotated)
    const real = b.op('Sub', [b.op('Mul', [cos, first]), b.op('Mul', [sin, second])])
    const imaginary = b.op('Add', [b.op('Mul', [sin, first]), b.op('Mul', [cos, second])])
    const last = b.ints([-1])
    const pairs = interleaved
      ? b.reshape(
          b.op('Concat', [b.op('Unsqueeze', [real, last]), b.op('Unsqueeze', [imaginary, last])], { axis: -1 }),
          split.dims.with(3, rotated),
        )
      : b.op('Concat', [real, imaginary], { axis: -1 })
    const whole = dimEquals(rotated, size) ? pairs : b.op('Concat', [pairs, slice(split, rotated, size)], { axis: -1 })
    return [x.rank === 3 ? b.reshape(whole, x.dims) : b.op('Transpose', [whole], { perm: [0, 2, 1, 3] })]
  },
}

/** ONNX CausalConvWithState-27: a depthwise convolution that sees the past only, and keeps what the next call needs of it. */
const CausalConvWithState: LoweredOperator = {
  name: 'CausalConvWithState',
  rules: takes(
    'input:T[n, c, _] weight:T[c, 1, _] bias?:T[c] past_state?:T[n, c, _]',
    { T: 'float16|bfloat16|float32' },
    (node) =>
      node.inputs[3]
        ? [{ input: 3, axis: 2, expected: subtract(node.input(1).dims[2]!, 1), as: 'all taps but one need' }]
        : [],
  ),
  infer: (node) => [node.input(0)],
  decompose(node, b) {
    const [x, weight] = [node.input(0), node.input(1)]
    const [batch, channels] = x.dims as [Dim, Dim]
    const kept = subtract(weight.dims[2]!, 1)
    if (typeof channels !== 'number' || typeof kept !== 'number')
      throw node.error('UNSUPPORTED_DYNAMIC', 'channels and kernel size must be known at compile time')
    const past = node.inputs[3] ?? castTo(b, b.op('ConstantOfShape', [b.dims([batch, channels, kept])]), x.type)
    const padded = b.op('Concat', [past, x], { axis: 2 })
    const convolved = b.op('Conv', [padded, weight, node.inputs[2]], { group: channels })
    const activation = node.string('activation', 'none')
    if (!['none', 'silu', 'swish'].includes(activation))
      throw node.error('MODEL_ATTRIBUTE', `activation ${JSON.stringify(activation)} is not one of none, silu, swish`)
    const wide = castTo(b, convolved, 'float32')
    const y = activation === 'none' ? convolved : castTo(b, b.op('Mul', [wide, b.op('Sigmoid', [wide])]), x.type)
    const length = padded.dims[2]!
    const present = b.op('Slice', [padded, b.dims([subtract(length, kept)]), b.dims([length]), b.ints([2])])
    return [y, present]
  },
}

export const attention: readonly LoweredOperator[] = [Attention, RotaryEmbedding, CausalConvWithState]
