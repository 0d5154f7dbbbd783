import { isGrowing, symbolsOf } from '../graph/dim.ts'
import type { Graph, Value } from '../graph/graph.ts'
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

/**
 * Whether the time of a run depends on nothing but the sizes of the inputs, and grows with them: no loop, no branch, no text,
 * nobody's own C, nothing that does as much as data say, and no size that comes of data or falls where others rise.
 */
export function isSteady(graph: Graph): boolean {
  const given = new Set<string>()
  for (const { shape } of graph.inputs) for (const dim of shape ?? []) symbolsOf(dim, given)
  const isGiven = ({ kind, type, shape }: Value): boolean =>
    kind === 'tensor' &&
    type !== 'string' &&
    shape?.every((dim) => isGrowing(dim) && [...symbolsOf(dim)].every((name) => given.has(name))) === true
  return (
    graph.inputs.every(isGiven) &&
    graph.nodes.every((node) => {
      const { control, worksByData } = operatorOf(node)
      return !control && !worksByData?.(node) && node.operator !== 'om.Call' && node.outputs.every(isGiven)
    })
  )
}
