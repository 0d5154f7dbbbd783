import type { GraphBuilder } from './builder.ts'
import type { Dim } from './dim.ts'
import { Node, type Value } from './graph.ts'
import { type Claim, type Claims, decide } from './paths.ts'

/*
 * Questions that must be answered before the rank of a node's output is known: whether an axis is 1 that a Squeeze
 * without axes would take away, and how many elements a list of axes or a shape has.
 */

/** Opset from which on a Squeeze takes its axes as an input. */
const AXES_AS_INPUT = 13

/** The highest rank that is tried for an output whose rank is data. */
const HIGHEST_RANK = 8

/** Operators of which an input's number of elements decides the rank of the output: which input. */
const lists: Readonly<Record<string, number>> = {
  ConstantOfShape: 0,
  Reshape: 1,
  Expand: 1,
  Squeeze: 1,
  Unsqueeze: 1,
  GatherND: 1,
  ScatterND: 1,
}

/** Whether a node is of an operator that may have questions. */
export function asksForSizes({ op, domain }: Pick<Node, 'op' | 'domain'>): boolean {
  return domain === '' && (Object.hasOwn(lists, op) || op.startsWith('Reduce'))
}

/** The number of elements of the list that decides the rank of a node's output; `undefined` where none does. */
export function listLength(node: Node): Dim | undefined {
  const list = listOf(node)
  return list?.contents ? undefined : list?.shape?.at(listAxis(node))
}

function listOf(node: Node): Value | undefined {
  if (!asksForSizes(node)) return undefined
  if (node.op.startsWith('Reduce')) return node.int('keepdims', 1) ? undefined : node.inputs[1]
  return node.inputs[lists[node.op]!]
}

/** The axis of the list along which it is one: tuples of GatherND and ScatterND stand in the last axis of the indices. */
function listAxis({ op }: Node): number {
  return op.endsWith('ND') ? -1 : 0
}

/** Axes that a Squeeze may take away, which names none. */
function squeezable(node: Node): readonly Dim[] {
  const bare = node.domain === '' && node.op === 'Squeeze' && !node.inputs[1] && !node.has('axes')
  return bare ? (node.inputs[0]?.shape ?? []) : []
}

/** What has to be known next before a node can be imported; `undefined` where nothing has. */
export function questionOf(node: Node, claims: Claims): Claim | undefined {
  const axis = squeezable(node).find((dim) => decide({ a: dim, b: 1, equal: true }, claims) === undefined)
  if (axis !== undefined) return { a: axis, b: 1, equal: true }
  const length = listLength(node)
  if (length === undefined || typeof length === 'number') return undefined
  const candidates = Array.from({ length: HIGHEST_RANK + 1 }, (_, b): Claim => ({ a: length, b, equal: true }))
  const answers = candidates.map((claim) => decide(claim, claims))
  if (answers.includes(true)) return undefined
  const open = candidates.find((_, count) => answers[count] === undefined)
  if (open) return open
  throw node.error('MODEL_SHAPE', `a list of more than ${HIGHEST_RANK} axes is given`)
}

/** A node with what the answers say of its inputs, and of the axes that a Squeeze which names none takes away. */
export function answered(node: Node, claims: Claims, builder: GraphBuilder): Node {
  const isOne = (dim: Dim): boolean => decide({ a: dim, b: 1, equal: true }, claims) === true
  const axes = squeezable(node).flatMap((dim, axis) => (isOne(dim) ? [axis] : []))
  if (squeezable(node).some((dim) => typeof dim !== 'number')) {
    const inputs = [node.inputs[0], builder.ints(axes)]
    return new Node({ ...node, version: Math.max(node.version, AXES_AS_INPUT), inputs })
  }
  const [list, length] = [listOf(node), listLength(node)]
  if (!list || length === undefined || typeof length === 'number') return node
  const counts = Array.from({ length: HIGHEST_RANK + 1 }, (_, count) => count)
  const count = counts.find((size) => decide({ a: length, b: size, equal: true }, claims))
  const known = count === undefined ? list : builder.refined(list, list.dims.with(listAxis(node), count))
  node.inputs = node.inputs.map((input) => (input === list ? known : input))
  return node
}
