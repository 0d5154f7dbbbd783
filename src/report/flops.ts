import { type Dim, product, sizeAtOne } from '../graph/dim.ts'
import type { Node } from '../graph/graph.ts'
import { naming } from '../graph/unforeseen.ts'
import { operatorOf } from '../ops/index.ts'

/** Floating-point operations of one node of the compiler's graph; a multiply-add counts two. */
export function nodeFlops(node: Node): Dim {
  const { flops, alias, control } = operatorOf(node)
  if (flops) return naming(node, () => flops(node))
  // Another shape for the same memory, or a frame around nodes that are counted themselves.
  if (alias !== undefined || control) return 0
  return node.outputs.reduce<number>((sum, output) => sum + (output.shape ? sizeAtOne(product(output.shape)) : 0), 0)
}

/** Floating-point operations by index of the model's node; symbolic dimensions are taken as 1. */
export function flopsByOrigin(nodes: readonly Node[]): Map<number, number> {
  const total = new Map<number, number>()
  for (const node of nodes) total.set(node.origin, (total.get(node.origin) ?? 0) + sizeAtOne(nodeFlops(node)))
  return total
}
