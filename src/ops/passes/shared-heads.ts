import { type Dim, multiply, shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { RewriteContext } from '../../graph/rewrite.ts'
import { inGroups } from '../nn/attend.ts'
import { batchOf, keepsMatrices } from './attention-operands.ts'

/** Keys or values that were spread over more entries of the batch, as they were before. */
interface Spread {
  readonly given: Value
  /** What stands before the two axes of the matrices where they are spread. */
  readonly batch: readonly Dim[]
}

/**
 * Keys and values that serve a group of heads are read by all of these where they lie. Exporters repeat them instead, by
 * Unsqueeze, Expand and Reshape (repeat_kv), and a cache of keys would be copied for every token.
 */
export function shareHeads(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.operator !== 'om.StreamingAttention') return undefined
  const [q, k, v] = [node.input(0), node.input(1), node.input(2)]
  const heads = batchOf(q)
  if (![k, v].every((x) => shapeEquals(batchOf(x), heads))) return undefined
  const spread = [k, v].map((x) => spreadOf(x, b))
  const batch = spread.map((found) => found?.batch).find((found) => found && isBatchOf(found, heads))
  if (!batch) return undefined
  const splits = batch.length > heads.length
  const apart = (x: Value): Value => (splits ? b.reshape(x, [...batch, ...x.dims.slice(-2)]) : x)
  const [keys, values] = [k, v].map((x, i) => {
    const found = spread[i]
    return found && shapeEquals(found.batch, batch) ? found.given : apart(x)
  })
  const steps = node.inputs.slice(3).map((step) => {
    return splits ? inGroups(b, step!, heads.at(-1)!, batch.at(-2)!) : step!
  })
  const inputs = [apart(q), keys, values, ...steps]
  const output = b.op('StreamingAttention', inputs, Object.fromEntries(node.attributes), 'om')
  return [splits ? b.reshape(output, node.output().dims) : output]
}

/** Whether entries of `batch` are those of `heads`, or [..., groups, repeats] of [..., groups · repeats]. */
function isBatchOf(batch: readonly Dim[], heads: readonly Dim[]): boolean {
  if (batch.length === heads.length) return shapeEquals(batch, heads)
  if (batch.length < 2) return false
  return shapeEquals([...batch.slice(0, -2), multiply(batch.at(-2)!, batch.at(-1)!)], heads)
}

/** How `value` comes from an Expand of whole matrices, if all on the way is used for it alone. */
function spreadOf(value: Value, b: RewriteContext): Spread | undefined {
  const node = value.producer
  if (node?.operator !== 'Reshape' && node?.operator !== 'Expand') return undefined
  if (!b.isUsedOnce(value) || !keepsMatrices(node)) return undefined
  const given = node.input(0)
  return node.operator === 'Reshape' ? spreadOf(given, b) : { given, batch: batchOf(value) }
}
