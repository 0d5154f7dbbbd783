import { FixedValues } from './fixed.ts'
import { GraphBuilder, type SubgraphImporter } from './builder.ts'
import type { Graph, Identities, Node, Value } from './graph.ts'
import type { Builder, OperatorRegistry } from './operator.ts'
import { naming } from './unforeseen.ts'
import { countUses, removeDeadNodes } from './uses.ts'

/** What a rule may ask and build. What it builds is rewritten by the same rules. */
export interface RewriteContext extends Builder {
  /** Whether `value`, from before this pass, is used by one node only. */
  isUsedOnce(value: Value): boolean
  /** By how many nodes `value` is used, an input of one each time that it is one. */
  uses(value: Value): number
  /** Whether `value` is known to be the same in every run, see `FixedValues`. */
  isFixed(value: Value): boolean
}

/** One rule of a pass: the values that replace the node's outputs, or `undefined` where the rule does not apply. */
export type Rewrite = (node: Node, context: RewriteContext) => readonly Value[] | undefined

/**
 * Applies a list of rules in one walk in execution order, to a node's inputs before the node itself, so that a rule
 * sees what earlier ones made of its producers. Nodes that nobody needs any more are removed.
 */
export function rewriteGraph(
  graph: Graph,
  rules: readonly Rewrite[],
  registry: OperatorRegistry,
  identities: Identities,
): void {
  const replaced = new Map<Value, Value>()
  walk(graph, {
    rules,
    registry,
    identities,
    replaced,
    uses: countUses(graph),
    fixed: new FixedValues(graph, registry),
  })
  removeDeadNodes(graph)
}

interface Pass {
  readonly rules: readonly Rewrite[]
  readonly registry: OperatorRegistry
  readonly identities: Identities
  readonly replaced: Map<Value, Value>
  readonly uses: Map<Value, number>
  readonly fixed: FixedValues
}

function walk(graph: Graph, pass: Pass): void {
  const nodes = graph.nodes
  graph.nodes = []
  const builder = new RewriteBuilder(graph, pass)
  const current = (value: Value): Value => pass.replaced.get(value) ?? value
  for (const node of nodes) {
    node.inputs = node.inputs.map((input) => input && current(input))
    for (const subgraph of node.graphs.values()) walk(subgraph, pass)
    const values = builder.replace(node)
    if (!values) graph.nodes.push(node)
    values?.forEach((value, i) => {
      const output = node.outputs[i]
      if (!output) return
      value.name ||= output.name
      pass.replaced.set(output, value)
      if (!pass.uses.has(value)) pass.uses.set(value, pass.uses.get(output) ?? 0)
    })
  }
  graph.outputs = graph.outputs.map(current)
}

class RewriteBuilder extends GraphBuilder implements RewriteContext {
  private readonly pass: Pass
  /** Uses of the node that is being replaced: they pass to what replaces it. */
  private inherited = 1

  constructor(graph: Graph, pass: Pass) {
    super(graph, pass.registry, pass.identities)
    this.pass = pass
  }

  isFixed(value: Value): boolean {
    return this.pass.fixed.has(value)
  }

  isUsedOnce(value: Value): boolean {
    return this.uses(value) === 1
  }

  uses(value: Value): number {
    return this.pass.uses.get(value) ?? 1
  }

  replace(node: Node): readonly Value[] | undefined {
    this.inherited = node.outputs.reduce((most, output) => Math.max(most, this.pass.uses.get(output) ?? 0), 1)
    return this.rewrite(node)
  }

  private rewrite(node: Node): readonly Value[] | undefined {
    return this.from(node, () => {
      for (const rule of this.pass.rules) {
        const values = naming(node, () => rule(node, this))
        if (values) return values
      }
      return undefined
    })
  }

  override append(node: Node, outputs: readonly string[], subgraphs?: SubgraphImporter): Value[] {
    const values = super.append(node, outputs, subgraphs)
    for (const value of values) if (!this.pass.uses.has(value)) this.pass.uses.set(value, this.inherited)
    // Folded and decomposed nodes have no outputs of their own, and nothing left to rewrite.
    const rewritten = node.outputs.length > 0 ? this.rewrite(node) : undefined
    return rewritten ? [...rewritten] : values
  }
}
