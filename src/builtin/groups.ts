import { dimEquals } from '../graph/dim.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import type { LoweredOperator } from '../ops/lowering.ts'
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
  const groups: Group[] = []
  const open = new Map<Value, Group>()
  for (const node of graph.nodes) {
    const group = joinProducer(node, open, uses) ?? alone(node)
    for (const absorbed of absorbedBy(group, node, open)) groups.splice(groups.indexOf(absorbed), 1)
    groups.push(group)
    const last = group.outputs.at(-1)
    if (last) open.set(last, group)
  }
  return groups
}

function alone(node: Node): Group {
  return { nodes: [node], anchor: node, outputs: node.outputs }
}

function joinProducer(node: Node, open: ReadonlyMap<Value, Group>, uses: ReadonlyMap<Value, number>): Group | undefined {
  const operator = operatorOf(node)
  if (!operator.scalar || node.outputs.length !== 1) return undefined
  const mergeable = new Set<Group>()
  for (const input of new Set(node.inputs)) {
    const producer = input && open.get(input)
    if (!producer || uses.get(input) !== 1 || producer.outputs.at(-1) !== input) continue
    if (!sameShape(input, node.output())) continue
    const anchor = operatorOf(producer.anchor)
    if (anchor.scalar) mergeable.add(producer)
    else if (mergeable.size === 0 && joinsEpilogue(anchor, producer, node)) {
      return {
        nodes: [...producer.nodes, node],
        anchor: producer.anchor,
        outputs: [...producer.outputs.slice(0, -1), node.output()],
      }
    }
  }
  const nodes = [...mergeable].flatMap((group) => group.nodes)
  if (nodes.length === 0 || nodes.length >= LONGEST_CHAIN) return undefined
  return { nodes: [...nodes, node], anchor: node, outputs: [node.output()] }
}

function joinsEpilogue(anchor: LoweredOperator, producer: Group, next: Node): boolean {
  const epilogue = producer.nodes.slice(1)
  return anchor.fuses?.(producer.anchor, epilogue, next) ?? false
}

/** Groups that `group` took in: all whose nodes it holds, but for the newest node. */
function absorbedBy(group: Group, node: Node, open: ReadonlyMap<Value, Group>): Set<Group> {
  const absorbed = new Set<Group>()
  for (const inner of group.nodes) {
    if (inner === node) continue
    const last = inner.outputs.at(-1)
    const old = last && open.get(last)
    if (old && old.nodes.every((other) => group.nodes.includes(other))) absorbed.add(old)
  }
  return absorbed
}

function sameShape(a: Value, b: Value): boolean {
  return a.rank === b.rank && a.dims.every((dim, i) => dimEquals(dim, b.dims[i]!))
}
