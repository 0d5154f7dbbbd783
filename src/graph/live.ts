import type { OnnxNode } from '../onnx/model.ts'
import { subgraphsOf } from './functions.ts'

/**
 * Indices of the nodes that the outputs of a graph or function depend on. The others say nothing of the model and are not
 * compiled: what they would demand of sizes holds in no run.
 */
export function liveNodes(nodes: readonly OnnxNode[], outputs: readonly string[]): ReadonlySet<number> {
  const needed = new Set(outputs)
  const live = new Set<number>()
  for (let index = nodes.length - 1; index >= 0; index--) {
    const node = nodes[index]!
    if (!node.outputs.some((name) => name && needed.has(name))) continue
    live.add(index)
    for (const name of mentionedBy(node)) needed.add(name)
  }
  return live
}

/** Names that a node or its subgraphs may use; inner names are among them. */
export function* mentionedBy(node: OnnxNode): Generator<string> {
  yield* node.inputs
  for (const graph of subgraphsOf(node)) {
    for (const inner of graph.nodes) yield* mentionedBy(inner)
    for (const { name } of graph.outputs) yield name
  }
}
