import { allNodes, type Graph, type Value } from './graph.ts'

/** How many nodes (at any depth) and graph outputs use each value. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>()
  const use = (value: Value | undefined): void => {
    if (value) uses.set(value, (uses.get(value) ?? 0) + 1)
  }
  const countOutputs = (inner: Graph): void => inner.outputs.forEach(use)
  countOutputs(graph)
  for (const node of allNodes(graph)) {
    new Set(node.inputs).forEach(use)
    node.graphs.forEach(countOutputs)
  }
  return uses
}

/** Removes nodes whose outputs nobody uses, in subgraphs too. */
export function removeDeadNodes(graph: Graph): void {
  for (;;) {
    const uses = countUses(graph)
    if (!dropUnused(graph, uses)) return
  }
}

function dropUnused(graph: Graph, uses: ReadonlyMap<Value, number>): boolean {
  const live = graph.nodes.filter((node) => node.outputs.some((output) => uses.has(output)))
  let dropped = live.length < graph.nodes.length
  graph.nodes = live
  for (const node of live) {
    for (const subgraph of node.graphs.values()) dropped = dropUnused(subgraph, uses) || dropped
  }
  return dropped
}
