import type { Graph } from '../graph/graph.ts'
import { operatorOf } from '../ops/index.ts'
import { nodeFlops } from '../report/flops.ts'

/** Floating-point operations of one run; `undefined` where only the run knows: of open sizes, loops and branches. */
export function workOf(graph: Graph): number | undefined {
  let total = 0
  for (const node of graph.nodes) {
    const flops = operatorOf(node).control ? undefined : nodeFlops(node)
    if (typeof flops !== 'number') return undefined
    total += flops
  }
  return total
}
