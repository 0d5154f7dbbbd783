import { type Dim, floorDivide, maximum, minimum, multiply, subtract } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, type Rules, takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { attend, counting, joinHeads, splitHeads } from '../nn/attend.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { castTo } from '../../lowering/widen.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT, refuseInputs, together } from './domain.ts'
import { agreePast, asFloats, headsOf, hiddenBias, scaleOf } from './masks.ts'
import { fromFront } from './rows.ts'

const INPUT = {
  pastKey: 3,
  pastValue: 4,
  lengths: 5,
  total: 6,
  cos: 7,
  sin: 8,
  positions: 9,
  bias: 10,
  sink: 11,
} as const

interface Heads {
  readonly heads: number
  /** Heads of keys and values. */
  readonly groups: number
  readonly size: Dim
}

function headsAndSize(node: Node): Heads {
  const [heads, groups] = [headsOf(node, 'num_heads'), headsOf(node, 'kv_num_heads')]
  if (heads % groups !== 0)
    throw node.error('MODEL_SHAPE', `${heads} heads of queries can't share ${groups} heads of keys`)
  const parts = node.inputs[1] ? heads : heads + 2 * groups
  return { heads, groups, size: floorDivide(node.input(0).dims[2]!, parts) }
}

function rules(node: Node): Rules {
  const operands = node.inputs[1]
    ? 'query:T[b, s, _] key:T[b, s, g] value:T[b, s, g]'
    : 'query:T[b, s, _] key?:T value?:T'
  const caches =
    'past_key?:T[b, _, p, _] past_value?:T[b, _, p, _] seqlens_k:int32[_, ...] total_sequence_length:int32[.]'
  const rotary = 'cos_cache?:T[m, r] sin_cache?:T[m, r] position_ids?:int64[b, s]'
  const biases = 'attention_bias?:T[_, _, s, _] head_sink?:T[_]'
  const quantised = 'k_scale?:float32 v_scale?:float32 q_norm_weight?:T k_norm_weight?:T'
  const types = { T: 'float16|bfloat16|float32' }
  return takes(`${operands} ${caches} ${rotary} ${biases} ${quantised}`, types, agree)
}

function agree(node: Node): Agreement[] {
  together(node, { 1: 'key', 2: 'value' })
  together(node, { [INPUT.pastKey]: 'past_key', [INPUT.pastValue]: 'past_value' })
  together(node, { [INPUT.cos]: 'cos_cache', [INPUT.sin]: 'sin_cache' })
  const { heads, groups, size } = headsAndSize(node)
  const parts = node.inputs[1] ? heads : heads + 2 * groups
  const lengths = node.input(INPUT.lengths)
  return [
    multipleOf(node, [0, 2], parts, `${parts} heads need`),
    ...(node.inputs[1]
      ? [{ input: 1, axis: 2, expected: multiply(groups, size), as: `${groups} heads as large as those of Q need` }]
      : []),
    ...[INPUT.pastKey, INPUT.pastValue].flatMap((input) => agreePast(node, input, groups, size)),
    // [batch], or [batch, 1] as some write it.
    ...lengths.dims.map((_, axis) => ({
      input: INPUT.lengths,
      axis,
      expected: axis === 0 ? node.input(0).dims[0]! : 1,
      as: 'the batch needs',
    })),
    ...agreeRotary(node, size),
    ...(node.inputs[INPUT.bias]
      ? [
          { input: INPUT.bias, axis: 0, expected: node.input(0).dims[0]!, orOne: true, as: 'the batch needs' },
          { input: INPUT.bias, axis: 1, expected: heads, orOne: true, as: 'the heads need' },
        ]
      : []),
    ...(node.inputs[INPUT.sink] ? [{ input: INPUT.sink, axis: 0, expected: heads, as: 'the heads need' }] : []),
  ]
}

/** The caches hold an angle for each pair of features that is turned. */
function agreeRotary(node: Node, size: Dim): Agreement[] {
  const cos = node.inputs[INPUT.cos]
  if (!cos || node.int('do_rotary', 0) === 0) return []
  const most = minimum(cos.dims[1]!, floorDivide(size, 2))
  return [{ input: INPUT.cos, axis: 1, expected: most, as: `pairs in heads of ${size} features need at most` }]
}

/**
 * com.microsoft.GroupQueryAttention: causal, with caches of keys and values of before. A cache is as long as it needs to
 * be, or longer; `seqlens_k` says for each text where its last token is.
 */
const GroupQueryAttention: LoweredOperator = {
  name: 'GroupQueryAttention',
  domain: MICROSOFT,
  rules,
  infer: sameAsFirst,
  decompose(node, b) {
    refuseInputs(node, { 12: 'k_scale', 13: 'v_scale', 14: 'q_norm_weight', 15: 'k_norm_weight' })
    refuseSettings(node)
    const { type, dims } = node.input(0)
    const queries = dims[1]!
    const { heads } = headsAndSize(node)
    const [q, k, v] = operands(node, b)
    const before = textsBefore(node, b)
    const positions = b.op('Add', [b.op('Unsqueeze', [before, b.ints([1])]), counting(b, queries)])
    const [query, newKey] = node.int('do_rotary', 0) ? [q, k].map((x) => rotated(node, b, x, positions)) : [q, k]
    const [key, value] = b.ops(
      'ExtendCaches',
      [node.inputs[INPUT.pastKey], newKey, node.inputs[INPUT.pastValue], v, before, node.input(INPUT.total)],
      2,
      {},
      'om',
    ) as [Value, Value]
    const keys = key.dims[2]!
    const bias = node.inputs[INPUT.bias]
    const sees = visible(node, b, positions, keys)
    const extra = bias && continued(b, asFloats(b, bias), keys)
    const { output, capped, weights } = attend(node, b, {
      query: asFloats(b, query!),
      key: asFloats(b, key),
      value: asFloats(b, value),
      scale: scaleOf(node),
      softcap: node.float('softcap', 0),
      biases: [...(extra ? [extra] : []), hiddenBias(b, sees)],
      ...sinkOf(node, b, heads),
    })
    // Scores that no query sees are given as 0.
    const scores = b.op('Where', [sees, extra ? b.op('Add', [capped, extra]) : capped, b.scalar(0, 'float32')])
    const stage = node.int('qk_output', 0) === 2 ? weights : scores
    return [castTo(b, joinHeads(b, output), type), key, value, castTo(b, stage, type)]
  },
}

function refuseSettings(node: Node): void {
  for (const name of ['k_quant_type', 'v_quant_type']) {
    const kind = node.string(name, 'NONE')
    if (kind !== 'NONE')
      throw node.error(
        'UNSUPPORTED_ATTRIBUTE',
        `${name} is ${JSON.stringify(kind)}: quantised caches are not supported`,
      )
  }
  if (node.int('sliding_window_cache', 0) !== 0)
    throw node.error('UNSUPPORTED_ATTRIBUTE', 'sliding_window_cache is not supported')
  if (node.int('do_rotary', 0) && !node.inputs[INPUT.cos])
    throw node.error('MODEL_MISSING_INPUT', 'do_rotary needs cos_cache and sin_cache')
}

/** Queries, keys and values as [batch, heads, sequence, size]. */
function operands(node: Node, b: Builder): [Value, Value, Value] {
  const { heads, groups, size } = headsAndSize(node)
  const query = node.input(0)
  if (node.inputs[1])
    return [splitHeads(b, query, heads), splitHeads(b, node.input(1), groups), splitHeads(b, node.input(2), groups)]
  const ends = [heads, heads + groups, heads + 2 * groups].map((count) => multiply(count, size))
  return ends.map((end, i) => {
    const part = b.op('Slice', [query, b.dims([ends[i - 1] ?? 0]), b.dims([end]), b.ints([2])])
    return splitHeads(b, part, i === 0 ? heads : groups)
  }) as [Value, Value, Value]
}

/** How many tokens of each text there are before the new ones, int64[batch]: none where the new ones are all there are. */
function textsBefore(node: Node, b: Builder): Value {
  const [batch, queries] = node.input(0).dims as [Dim, Dim]
  const last = b.reshape(castTo(b, node.input(INPUT.lengths), 'int64'), [batch])
  const total = b.op('Reshape', [castTo(b, node.input(INPUT.total), 'int64'), b.ints([1])])
  const isFirst = b.op('Equal', [total, b.dims([queries])])
  const before = b.op('Sub', [last, b.dims([subtract(queries, 1)])])
  return b.op('Where', [isFirst, b.ints([0]), before])
}

function rotated(node: Node, b: Builder, x: Value, positions: Value): Value {
  const cos = node.input(INPUT.cos)
  const half = cos.dims[1]!
  const interleaved = node.int('rotary_interleaved', 0)
  const given = node.inputs[INPUT.positions]
  const places = given ? fromFront(b, given) : positions
  const turn = (part: Value, rotary_embedding_dim: number): Value =>
    b.op('RotaryEmbedding', [part, cos, node.input(INPUT.sin), places], {
      interleaved,
      rotary_embedding_dim,
    })
  if (typeof half === 'number') return turn(x, 2 * half)
  const slice = (from: Dim, to: Dim): Value => b.op('Slice', [x, b.dims([from]), b.dims([to]), b.ints([3])])
  const [turned, size] = [multiply(2, half), x.dims[3]!]
  return b.op('Concat', [turn(slice(0, turned), 0), slice(turned, size)], { axis: 3 })
}

/** Which keys a query sees, [batch, 1, queries, keys]: up to its own, and of those the last ones where there is a window. */
function visible(node: Node, b: Builder, positions: Value, keys: Dim): Value {
  const own = b.op('Unsqueeze', [positions, b.ints([1, 3])])
  const all = counting(b, keys)
  const isPast = b.op('LessOrEqual', [all, own])
  const window = node.int('local_window_size', -1)
  if (window <= 0) return isPast
  return b.op('And', [isPast, b.op('Greater', [all, b.op('Sub', [own, b.scalar(window, 'int64')])])])
}

/** A bias of the keys there are, with 0 for the room behind them in the cache. */
function continued(b: Builder, bias: Value, keys: Dim): Value {
  const missing = subtract(keys, bias.dims[3]!)
  return missing === 0 ? bias : b.op('Pad', [bias, b.dims([0, missing]), undefined, b.ints([-1])])
}

/** A score that takes weight and gives nothing: of each head its own, or 0 for all. */
function sinkOf(node: Node, b: Builder, heads: number): { sink?: Value } {
  const sink = node.inputs[INPUT.sink]
  if (sink) return { sink: b.reshape(asFloats(b, sink), [heads, 1, 1]) }
  return node.int('smooth_softmax', 0) ? { sink: b.scalar(0, 'float32') } : {}
}

/**
 * The compiler's own: caches of [batch, heads, past, size], of each text the first rows, and new ones behind them. They
 * become as long as `total` asks for, where they are not longer.
 */
const ExtendCaches: LoweredOperator = {
  name: 'ExtendCaches',
  domain: 'om',
  rules: takes(
    'past_key?:T[b, h, p, d] key:T[b, h, s, d] past_value?:T[b, h, p, d] value:T[b, h, s, d] before:int64[b] total:int32[.]',
    { T: 'float16|bfloat16|float32' },
  ),
  sizedBy: [5],
  infer(node, context) {
    const [batch, heads, , size] = node.input(1).dims as [Dim, Dim, Dim, Dim]
    const total = node.input(5).contents?.[0]
    const present = total === undefined ? context.freshDim() : maximum(pastRows(node), total)
    const info = { type: node.input(1).type, shape: [batch, heads, present, size] }
    return [info, info]
  },
  sizes(node, k) {
    const total = `${k.input(5)}[0]`
    k.failIf(`${total} < 0`, 'total_sequence_length is negative')
    const past = k.dim(pastRows(node))
    if (node.input(5).contents) return
    k.line(`*${k.symbol(node.output().dims[2]!)} = ${total} > ${past} ? ${total} : ${past};`)
  },
  lower(node, k) {
    const [batch, heads, added, size] = node.input(1).dims as [Dim, Dim, Dim, Dim]
    const past = pastRows(node)
    const bytes = elementTypes[node.input(1).type].bits / 8
    k.include('cache.h')
    const row = `${k.dim(size)} * ${bytes}`
    const present = k.dim(node.output().dims[2]!)
    k.line(
      `const om_cache cache = {.heads = ${k.dim(heads)}, .past = ${k.dim(past)}, .added = ${k.dim(added)}, .present = ${present}, .row = ${row}};`,
    )
    k.line(`for (int64_t b = 0; b < ${k.dim(batch)}; b++) {`)
    k.line(`  const int64_t before = ${k.input(4)}[b];`)
    k.failIf(
      'before < 0 || before > cache.past',
      'seqlens_k and total_sequence_length ask for more rows than the past has',
    )
    k.failIf('before + cache.added > cache.present', 'seqlens_k is beyond total_sequence_length')
    for (const which of [0, 1] as const) {
      const pastRow = node.inputs[2 * which]
        ? `(const char *)${k.input(2 * which)} + b * cache.heads * cache.past * cache.row`
        : 'NULL'
      const addedRow = `(const char *)${k.input(2 * which + 1)} + b * cache.heads * cache.added * cache.row`
      const to = `(char *)${k.output(which)} + b * cache.heads * cache.present * cache.row`
      k.line(`  om_extend_cache(${pastRow}, ${addedRow}, ${to}, cache, before);`)
    }
    k.line('}')
  },
  flops: () => 0,
}

function pastRows(node: Node): Dim {
  return node.inputs[0]?.dims[2] ?? 0
}

export const groupQueryAttention: readonly LoweredOperator[] = [GroupQueryAttention, ExtendCaches]
