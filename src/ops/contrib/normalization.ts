import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, multipleOf, sizeOrOne, takes } from '../../graph/rules.ts'
import { elementTypeOf } from '../../onnx/element-type.ts'
import { counting } from '../nn/attend.ts'
import { isNarrowFloat } from '../../lowering/c-text.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { castTo } from '../../lowering/widen.ts'
import { sameAsFirst } from './activations.ts'
import { MICROSOFT } from './domain.ts'
import { rowsOf } from './rows.ts'

/** An attribute of floats, whatever its value. */
const float = (value: number): { kind: 'float'; value: number } => ({ kind: 'float', value })

/** As float32 where it is narrower, in which onnxruntime adds and normalises. */
function widened(b: Builder, x: Value): Value {
  return isNarrowFloat(x.type) ? castTo(b, x, 'float32') : x
}

/** x / sqrt(mean(x²) + epsilon) · scale over the axes from `axis` on, and 1 / sqrt(…). */
function rmsNormalised(b: Builder, x: Value, scale: Value, axis: number, epsilon: number): [Value, Value] {
  const axes = b.ints(x.dims.map((_, i) => i).slice(axis))
  const squares = b.op('ReduceMean', [b.op('Mul', [x, x]), axes])
  const inverse = b.op('Reciprocal', [b.op('Sqrt', [b.op('Add', [squares, b.scalar(epsilon, x.type)])])])
  return [b.op('Mul', [b.op('Mul', [x, inverse]), scale]), inverse]
}

/** RMSNormalization-23 by its older name, which onnxruntime has in ONNX's own domain: the second output is 1 / sqrt(…). */
const SimplifiedLayerNormalization: LoweredOperator = {
  name: 'SimplifiedLayerNormalization',
  rules: takes('X:float scale:float', {}, (node) => agreeScale(node)),
  infer: sameAsFirst,
  decompose(node, b) {
    const [x, scale] = [node.input(0), node.input(1)]
    const { epsilon, stash_type } = { epsilon: node.float('epsilon', 1e-5), stash_type: node.int('stash_type', 1) }
    const axis = normalizeAxis(node, node.int('axis', -1), x.rank)
    if (node.outputCount < 2)
      return [b.op('RMSNormalization', [x, scale], { axis, epsilon: float(epsilon), stash_type })]
    const stash = elementTypeOf(stash_type) ?? 'float32'
    const [y, inverse] = rmsNormalised(b, castTo(b, x, stash), castTo(b, scale, stash), axis, epsilon)
    return [castTo(b, y, scale.type), inverse]
  },
}

/** The scale is broadcast to what is normalised. */
function agreeScale(node: Node): Agreement[] {
  const [x, scale] = [node.input(0), node.input(1)]
  const normalised = x.rank - normalizeAxis(node, node.int('axis', -1), x.rank)
  if (scale.rank > normalised)
    throw node.error('MODEL_SHAPE', `scale has rank ${scale.rank}, but ${normalised} axes are normalised`)
  return scale.dims.map((_, i) => sizeOrOne(node, [1, i - scale.rank], [0, i - scale.rank]))
}

/**
 * Normalises input + skip + bias over the last axis. The skip may lack the batch, or have it once. Outputs: the result,
 * mean, 1 / deviation, the sum.
 */
function skipNormalization(name: string, centred: boolean): LoweredOperator {
  const biasAt = centred ? 4 : 3
  const shapes = centred ? 'gamma:T[h] beta?:T[h] bias?:T[h]' : 'gamma:T[h] bias?:T[h]'
  return {
    name,
    domain: MICROSOFT,
    rules: takes(`input:T[_, ..., h] skip:T[_, ..., h] ${shapes}`, { T: 'float' }, agreeSkip),
    infer: sameAsFirst,
    decompose(node, b) {
      const { type } = node.input(0)
      const [x, skip, gamma] = [0, 1, 2].map((i) => widened(b, node.input(i))) as [Value, Value, Value]
      const [beta, bias] = [centred ? node.inputs[3] : undefined, node.inputs[biasAt]].map(
        (value) => value && widened(b, value),
      )
      const sum = bias ? b.op('Add', [b.op('Add', [x, skip]), bias]) : b.op('Add', [x, skip])
      const epsilon = node.float('epsilon', 1e-12)
      const [y, mean, inverse] = centred
        ? b.ops('LayerNormalization', [sum, gamma, beta], 3, { axis: -1, epsilon: float(epsilon) })
        : normalisedOnly(node, b, sum, gamma, epsilon)
      return [castTo(b, y!, type), mean!, inverse!, castTo(b, sum, type)]
    },
  }
}

/** No mean is subtracted, which is as if it were 0. */
function normalisedOnly(node: Node, b: Builder, sum: Value, gamma: Value, epsilon: number): Value[] {
  const [y, inverse] = rmsNormalised(b, sum, gamma, sum.rank - 1, epsilon)
  const fast = b.op('RMSNormalization', [sum, gamma], { axis: -1, epsilon: float(epsilon) })
  return [node.outputCount === 1 ? fast : y, b.op('Mul', [inverse, b.scalar(0, inverse.type)]), inverse]
}

/** The skip has the input's shape but for the batch, which it may lack or have once. */
function agreeSkip(node: Node): Agreement[] {
  const [x, skip] = [node.input(0), node.input(1)]
  if (skip.rank > x.rank || skip.rank < x.rank - 1)
    throw node.error('MODEL_SHAPE', `skip is of rank ${skip.rank}, but input of rank ${x.rank}`)
  return skip.dims.map((_, i): Agreement => {
    const axis = i - skip.rank
    const isBatch = skip.rank === x.rank && i === 0 && x.rank === 3
    return isBatch
      ? sizeOrOne(node, [1, axis], [0, axis])
      : { input: 1, axis, expected: x.dims.at(axis)!, as: [0, axis] }
  })
}

/** Sums of embeddings of words, positions and segments, normalised: how BERT begins. */
const EmbedLayerNormalization: LoweredOperator = {
  name: 'EmbedLayerNormalization',
  domain: MICROSOFT,
  rules: takes(
    'input_ids:int32[b, s] segment_ids?:int32[b, s] word_embedding:T[_, h] position_embedding:T[_, h] ' +
      'segment_embedding?:T[_, h] gamma:T[h] beta:T[h] mask?:int32[b, s] position_ids?:int32[_, s]',
    { T: 'float' },
    (node) => (node.inputs[8] ? [sizeOrOne(node, [8, 0], [0, 0])] : []),
  ),
  infer: sameAsFirst,
  decompose(node, b) {
    const [ids, segments, mask, positions] = [node.input(0), node.inputs[1], node.inputs[7], node.inputs[8]]
    const words = rowsOf(b, node.input(2), ids)
    const places = node.input(3)
    const placed = positions ? rowsOf(b, places, positions) : b.op('Gather', [places, counting(b, ids.dims[1]!)])
    const parts = [words, placed]
    if (segments && !node.inputs[4])
      throw node.error('MODEL_MISSING_INPUT', 'segment_ids are given, but segment_embedding is not')
    if (segments) parts.push(rowsOf(b, node.input(4), segments))
    const sum = parts.map((part) => widened(b, part)).reduce((a, part) => b.op('Add', [a, part]))
    const y = b.op('LayerNormalization', [sum, widened(b, node.input(5)), widened(b, node.input(6))], {
      axis: -1,
      epsilon: float(node.float('epsilon', 1e-12)),
    })
    const { type } = node.input(2)
    return [castTo(b, y, type), lengthsOf(node, b, mask), castTo(b, sum, type)]
  },
}

/** How many tokens of each text the mask lets pass; 0 without a mask. */
export function lengthsOf(node: Node, b: Builder, mask: Value | undefined): Value {
  if (!mask) return b.op('Expand', [b.scalar(0, 'int32'), b.dims([node.input(0).dims[0]!])])
  const passes = castTo(b, b.op('Equal', [mask, b.scalar(1, 'int32')]), 'int32')
  return b.op('ReduceSum', [passes, b.ints([1])], { keepdims: 0 })
}

/**
 * GroupNormalization of images, channels last by default, with SiLU behind it where `activation` is 1. Statistics are of
 * float32. What is summed before is the second output.
 */
function groupNorm(name: string, shapes: (image: string) => string, hasSkip: boolean): LoweredOperator {
  const isLast = (node: Node): boolean => node.int('channels_last', 1) === 1
  return {
    name,
    domain: MICROSOFT,
    rules: (node) =>
      takes(shapes(isLast(node) ? 'n, y, x, c' : 'n, c, y, x'), { T: 'float16|float32', M: 'float16|float32' }, () => [
        multipleOf(node, [0, isLast(node) ? 3 : 1], groupsOf(node), `${groupsOf(node)} groups need`),
      ]),
    infer: sameAsFirst,
    decompose(node, b) {
      const { type } = node.input(0)
      const [x, skip, bias] = [node.input(0), hasSkip ? node.inputs[3] : undefined, node.inputs[4]].map(
        (value) => value && widened(b, value),
      )
      const added = [x, skip, hasSkip ? bias && perChannel(b, bias, isLast(node)) : undefined].filter(
        (value) => value !== undefined,
      )
      const sum = added.reduce((a, value) => b.op('Add', [a, value]))
      const image = isLast(node) ? b.op('Transpose', [sum], { perm: [0, 3, 1, 2] }) : sum
      const normalised = b.op('GroupNormalization', [image, widened(b, node.input(1)), widened(b, node.input(2))], {
        num_groups: groupsOf(node),
        epsilon: float(node.float('epsilon', 1e-5)),
      })
      const activation = node.int('activation', 0)
      if (activation > 1) throw node.error('MODEL_ATTRIBUTE', `activation is ${activation}, but should be 0 or 1`)
      const active = activation === 1 ? b.op('Swish', [normalised]) : normalised
      const y = isLast(node) ? b.op('Transpose', [active], { perm: [0, 2, 3, 1] }) : active
      return [castTo(b, y, type), castTo(b, sum, type)]
    },
  }
}

function groupsOf(node: Node): number {
  const groups = node.int('groups')
  if (groups === undefined) throw node.error('MODEL_ATTRIBUTE', 'groups is required')
  return groups
}

function perChannel(b: Builder, bias: Value, isLast: boolean): Value {
  return isLast ? bias : b.op('Unsqueeze', [bias, b.ints([1, 2])])
}

export const contribNormalizations: readonly LoweredOperator[] = [
  SimplifiedLayerNormalization,
  skipNormalization('SkipLayerNormalization', true),
  skipNormalization('SkipSimplifiedLayerNormalization', false),
  EmbedLayerNormalization,
  groupNorm('GroupNorm', (image) => `X:T[${image}] gamma:M[c] beta:M[c]`, false),
  groupNorm('SkipGroupNorm', (image) => `X:T[${image}] gamma:M[c] beta:M[c] skip:T[${image}] bias?:T[c]`, true),
]
