import { isStatic } from './dim.ts'
import type { Graph, Node, Value } from './graph.ts'
import type { OperatorRegistry } from './operator.ts'

/**
 * What is the same in every run: constants, and what nodes of the main graph compute from nothing else. Such nodes run when
 * the model is loaded; see src/builtin/loading.ts.
 *
 * Follows a graph that nodes are still being added to. Nodes of subgraphs are not followed: they may belong to a branch
 * that is never taken, whose errors are nobody's.
 */
export class FixedValues {
  private readonly graph: Graph
  private readonly registry: OperatorRegistry
  private readonly values = new Set<Value>()
  private seen = 0

  constructor(main: Graph, registry: OperatorRegistry) {
    this.graph = main
    this.registry = registry
  }

  has(value: Value): boolean {
    for (; this.seen < this.graph.nodes.length; this.seen++) {
      const node = this.graph.nodes[this.seen]!
      if (this.isFixed(node)) for (const output of node.outputs) this.values.add(output)
    }
    return value.constant !== undefined || this.values.has(value)
  }

  private isFixed(node: Node): boolean {
    if (node.outputs.length === 0 || node.graphs.size > 0 || !node.outputs.every(isPlain)) return false
    if (!node.inputs.every((input) => !input || input.constant || this.values.has(input))) return false
    return !this.registry.find(node.domain, node.op, node.version)?.varies
  }
}

/** Texts that a kernel makes end with the run; sizes that are symbols are those of a run. */
function isPlain({ kind, type, shape }: Value): boolean {
  return kind === 'tensor' && type !== 'string' && shape !== undefined && isStatic(shape)
}

/** The nodes of a main graph that compute what is the same in every run, and the graph that is left without them. */
export function withoutFixed(main: Graph, registry: OperatorRegistry): { running: Graph; fixed: readonly Node[] } {
  const values = new FixedValues(main, registry)
  const fixed = new Set(
    main.nodes.filter(({ outputs }) => outputs.length > 0 && outputs.every((one) => values.has(one))),
  )
  return { running: { ...main, nodes: main.nodes.filter((node) => !fixed.has(node)) }, fixed: [...fixed] }
}
