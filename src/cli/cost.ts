import { bytesOf } from '../builtin/plan.ts'
import { sizeAtOne } from '../graph/dim.ts'
import { allNodes, type Graph, type Value } from '../graph/graph.ts'
import { usedBy } from '../graph/uses.ts'
import { operatorOf } from '../ops/index.ts'
import { nodeFlops } from '../report/flops.ts'

/** Floating-point operations of one run, symbolic dimensions taken as 1, bodies of loops as run once. */
export function flopsOf(graph: Graph): number {
  let total = 0
  for (const node of allNodes(graph)) total += sizeAtOne(nodeFlops(node))
  return total
}

/**
 * Largest total size in bytes of the values that are alive at once, inputs and outputs included, when the main graph's
 * nodes run one after the other. Values that share memory count once; what is alive within subgraphs doesn't count.
 */
export function activationPeak(graph: Graph): number {
  const roots = new Map<Value, Value>()
  const rootOf = (value: Value): Value => roots.get(value) ?? value
  for (const node of graph.nodes) {
    const { alias } = operatorOf(node)
    if (alias !== undefined) roots.set(node.output(), rootOf(node.input(alias)))
  }

  const lastUse = new Map<Value, number>()
  graph.nodes.forEach((node, i) => {
    for (const value of [...usedBy(node), ...node.outputs]) lastUse.set(rootOf(value), i)
  })
  for (const output of graph.outputs) lastUse.set(rootOf(output), graph.nodes.length)

  const dying = graph.nodes.map((): Value[] => [])
  for (const [value, last] of lastUse) dying[last]?.push(value)
  dying[0]?.push(...graph.inputs.filter((input) => !lastUse.has(input)))

  const sizeOf = (value: Value): number => (value.constant || !value.shape ? 0 : sizeAtOne(bytesOf(value)))
  const alive = new Set(graph.inputs)
  let bytes = graph.inputs.reduce((sum, input) => sum + sizeOf(input), 0)
  let peak = bytes
  graph.nodes.forEach((node, i) => {
    for (const output of node.outputs) {
      if (roots.has(output) || alive.has(output)) continue
      alive.add(output)
      bytes += sizeOf(output)
    }
    peak = Math.max(peak, bytes)
    for (const value of dying[i]!) if (alive.delete(value)) bytes -= sizeOf(value)
  })
  return peak
}
