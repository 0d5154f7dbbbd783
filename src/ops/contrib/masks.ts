import { type Dim, dimEquals, maximum, multiply, subtract } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, sameSize, sizeOrOne } from '../../graph/rules.ts'
import { counting } from '../nn/attend.ts'
import { castTo } from '../../lowering/widen.ts'

// Masks of onnxruntime's attention are added to the scores: what does not pass gets a number that is far below all others.

/** What scores of one attention are of. */
export interface Scores {
  readonly batch: Dim
  readonly heads: Dim
  readonly queries: Dim
  /** With those of before. */
  readonly keys: Dim
}

/** The lowest float32, which is for keys that may never be seen; -infinity would make NaN of a row that has nothing else. */
const LOWEST = -3.4028234663852886e38

/** 0 where the condition holds, `otherwise` elsewhere. */
export function biasWhere(b: Builder, condition: Value, otherwise: number): Value {
  return b.op('Where', [condition, b.scalar(0, 'float32'), b.scalar(otherwise, 'float32')])
}

/** Bias of keys that come behind their query: [queries, keys]. The last query is at the last key. */
function causalBias(b: Builder, { queries, keys }: Scores): Value {
  const positions = b.op('Add', [counting(b, queries), b.dims([subtract(keys, queries)])])
  const sees = b.op('LessOrEqual', [
    b.op('Unsqueeze', [counting(b, keys), b.ints([0])]),
    b.op('Unsqueeze', [positions, b.ints([1])]),
  ])
  return biasWhere(b, sees, LOWEST)
}

/** Bias of keys that a condition of [batch, 1, queries, keys] lets no query see. */
export function hiddenBias(b: Builder, sees: Value): Value {
  return biasWhere(b, sees, LOWEST)
}

/**
 * What a mask of int32 must be: [batch] lengths; [2 batch] ends and starts, where `starts`; [batch, keys];
 * [batch, queries, keys]; [batch, 1, most, most], where `square`.
 */
export function agreeMask(
  node: Node,
  input: number,
  { batch, queries, keys }: Scores,
  { starts = false, square = false } = {},
): Agreement[] {
  const mask = node.inputs[input]
  if (!mask) return []
  const of = (axis: number, expected: Dim, as: string): Agreement => ({ input, axis, expected, as })
  const asBatch = of(0, batch, 'the batch needs')
  const last = of(-1, keys, 'keys (with those of before) need')
  if (mask.rank === 1) return starts && hasStarts(mask, batch) ? [] : [asBatch]
  if (mask.rank === 2) return [asBatch, last]
  if (mask.rank === 3) return [asBatch, of(1, queries, 'queries need'), last]
  if (mask.rank === 4 && square) {
    return [
      asBatch,
      of(1, 1, 'all heads need'),
      ...[2, 3].map((axis) => of(axis, maximum(mask.dims[axis]!, keys), 'keys (with those of before) need at least')),
    ]
  }
  throw node.error('MODEL_SHAPE', `a mask of shape [${mask.dims.join(', ')}] is not supported`)
}

/** Whether the numbers of a mask are ends, and then starts, of each text. */
function hasStarts(mask: Value, batch: Dim): boolean {
  return dimEquals(mask.dims[0]!, multiply(2, batch)) && !dimEquals(mask.dims[0]!, batch)
}

/** Bias of what a mask hides, broadcast to [batch, heads, queries, keys]. */
function maskBias(b: Builder, mask: Value, { batch, queries, keys }: Scores, filter: number): Value {
  const passes = (x: Value): Value => b.op('Greater', [x, b.scalar(0, 'int32')])
  if (mask.rank === 2) return biasWhere(b, b.op('Unsqueeze', [passes(mask), b.ints([1, 2])]), filter)
  if (mask.rank === 3) return biasWhere(b, b.op('Unsqueeze', [passes(mask), b.ints([1])]), filter)
  if (mask.rank === 4) {
    const [starts, ends] = [b.dims([subtract(keys, queries), 0]), b.dims([keys, keys])]
    return biasWhere(b, passes(b.op('Slice', [mask, starts, ends, b.ints([2, 3])])), filter)
  }
  const column = (from: Dim, to: Dim): Value => {
    const own = b.op('Slice', [mask, b.dims([from]), b.dims([to]), b.ints([0])])
    return b.op('Unsqueeze', [castTo(b, own, 'int64'), b.ints([1, 2, 3])])
  }
  const isBefore = b.op('Less', [counting(b, keys), column(0, batch)])
  if (!hasStarts(mask, batch)) return biasWhere(b, isBefore, filter)
  const isBehind = b.op('GreaterOrEqual', [counting(b, keys), column(batch, multiply(2, batch))])
  return biasWhere(b, b.op('And', [isBefore, isBehind]), filter)
}

/** What an attention adds to its scores, in order: of a mask, of the order of queries and keys, and what is given as it is. */
export function biasesOf(
  node: Node,
  b: Builder,
  scores: Scores,
  { mask, bias }: { readonly mask: Value | undefined; readonly bias?: Value | undefined },
): Value[] {
  return [
    ...(mask ? [maskBias(b, mask, scores, node.float('mask_filter_value', -10000))] : []),
    ...(node.int('unidirectional', 0) ? [causalBias(b, scores)] : []),
    ...(bias ? [asFloats(b, bias)] : []),
  ]
}

/** A bias of [batch or 1, heads or 1, queries, keys]. */
export function agreeBias(node: Node, input: number, { heads, queries, keys }: Scores): Agreement[] {
  const bias = node.inputs[input]
  if (!bias) return []
  return [
    sizeOrOne(node, [input, 0], [0, 0]),
    { input, axis: 1, expected: heads, orOne: true, as: 'the heads need' },
    { input, axis: 2, expected: queries, as: 'queries need' },
    { input, axis: 3, expected: keys, as: 'keys (with those of before) need' },
  ]
}

/** Keys or values of before: [batch, heads, past, size]. */
export function agreePast(node: Node, input: number, heads: Dim, size: Dim): Agreement[] {
  if (!node.inputs[input]) return []
  return [
    sameSize(node, [input, 0], [0, 0]),
    { input, axis: 1, expected: heads, as: 'the heads need' },
    { input, axis: 3, expected: size, as: 'the size of the heads needs' },
  ]
}

/**
 * A number of heads that an attribute states.
 *
 * @throws CompileError where it is missing or 0
 */
export function headsOf(node: Node, attribute: 'num_heads' | 'kv_num_heads'): number {
  const heads = node.int(attribute)
  if (heads) return heads
  throw node.error('MODEL_ATTRIBUTE', `${attribute} is required, and is at least 1`)
}

/** The scale that a node states; 0 stands for the default. */
export function scaleOf(node: Node): number | undefined {
  return node.float('scale', 0) || undefined
}

/** As float32, in which onnxruntime attends. */
export function asFloats(b: Builder, x: Value): Value {
  return castTo(b, x, 'float32')
}
