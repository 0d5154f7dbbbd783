import { type Dim, dimEquals, product, shapeEquals } from '../../graph/dim.ts'
import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { type ScoreStep, stepsOf, streams } from '../nn/streaming-attention.ts'
import { batchOf, keepsMatrices, operandsOf } from './attention-operands.ts'
import { shareHeads } from './shared-heads.ts'

/**
 * Attention as exporters and our own operators write it, softmax(scale · Q·Kᵀ + mask)·V, becomes one kernel that never has all
 * scores in memory: native/kernels/attention.h.
 */
export const attentionRules: readonly Rewrite[] = [streamAttention, shareHeads]

/** Scores, from the product on. */
interface Scores {
  /** Q·Kᵀ */
  readonly product: Node
  readonly scale: number
  /** What is done to them, in order. */
  readonly steps: readonly ScoreStep[]
  /** What stands before the two axes of the scores where the steps are done. */
  readonly batch: readonly Dim[]
}

/** Steps between a product and its softmax, which are scales, masks and changes of shape. */
const MOST_STEPS = 8

/**
 * MatMul(Softmax(scores), V), where the scores are Q·Kᵀ of float32, then scaled by a constant (of at most 1, so that Q can be
 * scaled instead and overflows no sooner), then masked; where none of these is used by anything else; and where the sizes of
 * the heads are known.
 */
function streamAttention(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.operator !== 'MatMul' || node.output().type !== 'float32' || node.output().rank < 2) return undefined
  const [weights, v] = [node.input(0), node.input(1)]
  const softmax = weights.producer
  if (softmax?.operator !== 'Softmax' || !b.isUsedOnce(weights) || weights.rank < 2) return undefined
  if (normalizeAxis(softmax, softmax.int('axis', -1), weights.rank) !== weights.rank - 1) return undefined
  const scores = scoresOf(softmax.input(0), b, MOST_STEPS)
  if (!scores) return undefined
  const { q, k, transB, ...operands } = operandsOf(scores.product)
  const scale = Math.fround(scores.scale * operands.scale)
  const raw = scores.product.output()
  if (scale === 0 || !dimEquals(raw.dims.at(-1)!, v.dims.at(-2)!) || !streams(q.dims.at(-1)!, v.dims.at(-1)!))
    return undefined
  const batch = batchOf(raw)
  if (!shapeEquals(batchOf(node.output()), batchOf(weights))) return undefined
  // Where the batch is written in another way on the way, nothing may be broadcast to it.
  const isOneBatch =
    scores.product.inputs.every((x) => shapeEquals(batchOf(x!), batch)) &&
    shapeEquals(batchOf(v), batchOf(weights)) &&
    [batch, batchOf(weights)].every((other) => dimEquals(product(other), product(scores.batch)))
  const staysAsItIs = [scores.batch, batchOf(weights)].every((other) => shapeEquals(other, batch))
  if (!isOneBatch && !staysAsItIs) return undefined
  const given = [...scores.product.inputs, v]
  const [batchedQ, batchedK, batchedV] = [q, k, v].map((x, i) => {
    const own = staysAsItIs ? batchOf(given[i]!) : scores.batch
    return shapeEquals(batchOf(x), own) ? x : b.reshape(x, [...own, ...x.dims.slice(-2)])
  })
  const { inputs, attributes } = stepsOf(scores.steps)
  const output = b.op(
    'StreamingAttention',
    [batchedQ, batchedK, batchedV, ...inputs],
    { scale: { kind: 'float', value: scale }, transB: Number(transB), ...attributes },
    'om',
  )
  return [b.reshape(output, node.output().dims)]
}

/** How `value` comes from a product, if all on the way is used for it alone. */
function scoresOf(value: Value, b: RewriteContext, most: number): Scores | undefined {
  const node = value.producer
  if (!node || most === 0 || value.type !== 'float32' || value.rank < 2 || !b.isUsedOnce(value)) return undefined
  if (isProduct(node)) return { product: node, scale: 1, steps: [], batch: batchOf(value) }
  if (node.operator === 'Reshape' || node.operator === 'Identity') {
    const scores = keepsMatrices(node) ? scoresOf(node.input(0), b, most - 1) : undefined
    return scores && (scores.steps.length === 0 ? { ...scores, batch: batchOf(value) } : scores)
  }
  for (const { given, ...change } of changesOf(node)) {
    // What broadcasts the scores makes more of them; of columns there are no more in the end than V has rows.
    const keepsRows = shapeEquals(given.dims.slice(0, -1), value.dims.slice(0, -1))
    const scores = keepsRows ? scoresOf(given, b, most - 1) : undefined
    const changed = scores && changedBy(change, scores, batchOf(value))
    if (changed) return changed
  }
  return undefined
}

/** One change of scores. */
type Change = { readonly factor: number } | { readonly step: ScoreStep }

function changedBy(change: Change, scores: Scores, batch: readonly Dim[]): Scores | undefined {
  if ('step' in change) {
    const isSameBatch = scores.steps.length === 0 || shapeEquals(scores.batch, batch)
    return isSameBatch ? { ...scores, steps: [...scores.steps, change.step], batch } : undefined
  }
  const scale = Math.fround(scores.scale * change.factor)
  const isScale = scores.steps.length === 0 && scale !== 0 && Math.abs(scale) <= 1
  return isScale ? { ...scores, scale } : undefined
}

/** What a node may do to which of its operands, if that is scores. */
function changesOf(node: Node): (Change & { readonly given: Value })[] {
  if (node.operator === 'Add') {
    const [x, y] = [node.input(0), node.input(1)]
    return [
      { given: x, step: { bias: y } },
      { given: y, step: { bias: x } },
    ]
  }
  const number = (input: number): number | undefined => numberOf(node.input(input))
  if (node.operator === 'Mul')
    return [0, 1].flatMap((input) => {
      const factor = number(1 - input)
      return factor === undefined ? [] : [{ given: node.input(input), factor }]
    })
  if (node.operator === 'Div') {
    const divisor = number(1)
    return divisor === undefined ? [] : [{ given: node.input(0), factor: 1 / divisor }]
  }
  if (node.operator !== 'Where') return []
  return [true, false].flatMap((where) => {
    const [scores, rest] = where ? ([1, 2] as const) : ([2, 1] as const)
    const otherwise = number(rest)
    return otherwise === undefined
      ? []
      : [{ given: node.input(scores), step: { keep: node.input(0), where, otherwise } }]
  })
}

function isProduct(node: Node): boolean {
  const isOne = node.operator === 'MatMul' || (node.operator === 'om.TransposedMatMul' && node.int('transA', 0) === 0)
  return isOne && node.input(0).rank >= 2 && node.input(1).rank >= 2
}
