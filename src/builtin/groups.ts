import { dimEquals } from '../graph/dim.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import { naming } from '../graph/unforeseen.ts'
import { operatorOf } from '../ops/index.ts'

/** Nodes that become one C function: an elementwise chain, or a heavy operator with its epilogue. */
export interface Group {
  /** In execution order; values between them are never stored. */
  readonly nodes: readonly Node[]
  /** The node whose lowering writes the code: the heavy operator, or the last of an elementwise chain. */
  readonly anchor: Node
  /** What the group leaves behind. */
  readonly outputs: readonly Value[]
}

/** Longer chains gain nothing and take registers. */
const LONGEST_CHAIN = 24

/**
 * Fuses elementwise nodes with what produces their input, where that value is used nowhere else:
 * loads and stores of whole tensors are what elementwise operators cost.
 */
export function groupNodes(graph: Graph, uses: ReadonlyMap<Value, number>): Group[] {
  const groups = new Set<Group>()
  const lastOutputs = new Map<Value, Group>()
  for (const node of graph.nodes) {
    const producers = new Set<Group>()
    for (const input of new Set(node.inputs)) {
      const producer = input && lastOutputs.get(input)
      if (producer && uses.get(input) === 1) producers.add(producer)
    }
    const { group, absorbed } = naming(node, () => join(node, producers)) ?? { group: alone(node), absorbed: [] }
    for (const old of absorbed) groups.delete(old)
    groups.add(group)
    const last = group.outputs.at(-1)
    if (last) lastOutputs.set(last, group)
  }
  return [...groups]
}

function alone(node: Node): Group {
  return { nodes: [node], anchor: node, outputs: node.outputs }
}

/** The group that an elementwise node makes with groups whose results only it uses, where it may. */
function join(node: Node, producers: ReadonlySet<Group>): { group: Group; absorbed: readonly Group[] } | undefined {
  if (!operatorOf(node).scalar || node.outputs.length !== 1) return undefined
  const fitting = [...producers].filter((producer) => sameShape(producer.outputs.at(-1)!, node.output()))
  const heavy = fitting.find((producer) => joinsEpilogue(producer, node))
  if (heavy) {
    const outputs = [...heavy.outputs.slice(0, -1), node.output()]
    return { group: { nodes: [...heavy.nodes, node], anchor: heavy.anchor, outputs }, absorbed: [heavy] }
  }
  const chains = fitting.filter((producer) => operatorOf(producer.anchor).scalar)
  const nodes = chains.flatMap((chain) => chain.nodes)
  if (nodes.length === 0 || nodes.length >= LONGEST_CHAIN) return undefined
  return { group: { nodes: [...nodes, node], anchor: node, outputs: [node.output()] }, absorbed: chains }
}

function joinsEpilogue(producer: Group, next: Node): boolean {
  const { fuses } = operatorOf(producer.anchor)
  return fuses?.(producer.anchor, producer.nodes.slice(1), next) ?? false
}

function sameShape(a: Value, b: Value): boolean {
  return a.rank === b.rank && a.dims.every((dim, i) => dimEquals(dim, b.dims[i]!))
}
