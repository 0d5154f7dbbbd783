import { add, type Dim, integerOf, product, sizeAtOne, substitute } from '../graph/dim.ts'
import type { Node, Value } from '../graph/graph.ts'
import { naming } from '../graph/unforeseen.ts'
import { operatorOf } from '../ops/index.ts'

/** Floating-point operations of one node of the compiler's graph; a multiply-add counts two. */
export function nodeFlops(node: Node): Dim {
  const { flops, alias, control } = operatorOf(node)
  if (flops) return naming(node, () => flops(node))
  // Another shape for the same memory, or a frame around nodes that are counted themselves.
  if (alias !== undefined || control) return 0
  return node.outputs.reduce<Dim>((sum, output) => add(sum, output.shape ? product(output.shape) : 0), 0)
}

/**
 * The output or input of a node that tells nothing of its work where all symbolic dimensions are 1: of an open size that is
 * nothing then, or less. Where the work is the same for all sizes, there is none.
 */
export function unsizedAtOne(node: Node): Value | undefined {
  if (!isRanked(node) || typeof nodeFlops(node) === 'number') return undefined
  return [...node.outputs, ...node.inputs].find((value) => value?.shape?.some((dim) => !isSizedAtOne(dim)))
}

/** An open size of 0 is no size: other runs have work there. */
export function isSizedAtOne(dim: Dim): boolean {
  return typeof dim === 'number' || lengthAtOne(dim) >= 1
}

/** Whether the ranks that its work depends on are known. */
function isRanked(node: Node): boolean {
  return operatorOf(node).alias !== undefined || node.outputs.every(({ kind, shape }) => shape || kind !== 'tensor')
}

/** NaN where sizes do not broadcast with all symbols 1. */
export function lengthAtOne(dim: Dim): number {
  return typeof dim === 'number' ? dim : Number(integerOf(substitute(dim, () => 1)) ?? NaN)
}

/**
 * Floating-point operations by index of the model's node; symbolic dimensions are taken as 1. `undefined` where nobody can tell:
 * the rank of an output is unknown, or such a size is impossible.
 */
export function flopsByOrigin(nodes: Iterable<Node>): Map<number, number | undefined> {
  const total = new Map<number, number | undefined>()
  for (const node of nodes) {
    const before = total.has(node.origin) ? total.get(node.origin) : 0
    const isKnown = isRanked(node) && !unsizedAtOne(node)
    total.set(node.origin, before === undefined || !isKnown ? undefined : before + sizeAtOne(nodeFlops(node)))
  }
  return total
}
