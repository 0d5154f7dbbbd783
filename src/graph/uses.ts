import { symbolsOf } from './dim.ts'
import { allNodes, type Graph, type Node, type Value } from './graph.ts'
import { introducedSymbols, symbolsOfValue } from './symbols.ts'

/** How many nodes (at any depth) and graph outputs use each value. */
export function countUses(graph: Graph): Map<Value, number> {
  const uses = new Map<Value, number>()
  const use = (value: Value | undefined): void => {
    if (value) uses.set(value, (uses.get(value) ?? 0) + 1)
  }
  const countOutputs = (inner: Graph): void => inner.outputs.forEach(use)
  countOutputs(graph)
  for (const node of allNodes(graph)) {
    for (const output of node.outputs) uses.set(output, uses.get(output) ?? 0)
    new Set(node.inputs).forEach(use)
    node.graphs.forEach(countOutputs)
  }
  return uses
}

/** Removes nodes whose outputs nobody uses and whose symbols nobody depends on, in subgraphs too. */
export function removeDeadNodes(graph: Graph): void {
  sweep(graph, { values: new Set(), symbols: new Set() })
}

/** What is needed by nodes that were visited: execution order is walked backwards. */
interface Live {
  readonly values: Set<Value>
  readonly symbols: Set<string>
}

function sweep(graph: Graph, live: Live): void {
  for (const input of graph.inputs) symbolsOfValue(input, live.symbols)
  for (const output of graph.outputs) use(output, live)
  const kept: Node[] = []
  for (const node of graph.nodes.toReversed()) {
    if (!isLive(node, live)) continue
    kept.push(node)
    for (const { given, expected } of node.demands) {
      symbolsOf(given, live.symbols)
      symbolsOf(expected, live.symbols)
    }
    for (const output of node.outputs) symbolsOfValue(output, live.symbols)
    for (const input of node.inputs) if (input) use(input, live)
    for (const subgraph of node.graphs.values()) sweep(subgraph, live)
  }
  graph.nodes = kept.reverse()
}

function use(value: Value, live: Live): void {
  live.values.add(value)
  symbolsOfValue(value, live.symbols)
}

function isLive(node: Node, live: Live): boolean {
  // What gives nothing is there for what it checks.
  if (node.outputs.length === 0) return true
  if (node.outputs.some((output) => live.values.has(output))) return true
  return live.symbols.size > 0 && [...introducedSymbols(node)].some((name) => live.symbols.has(name))
}

/** Inputs of a node, and what its subgraphs use, their own values among them. */
export function* usedBy(node: Node): Generator<Value> {
  for (const input of node.inputs) if (input) yield input
  for (const graph of node.graphs.values()) {
    yield* graph.outputs
    for (const inner of graph.nodes) yield* usedBy(inner)
  }
}
