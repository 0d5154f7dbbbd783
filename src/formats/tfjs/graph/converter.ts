import { ModelError } from '../../../errors/index.ts'
import type { Tensor } from '../../../onnx/model.ts'
import { plain, quote, type Reading } from '../../../onnx/reading.ts'
import type { Builder } from '../builder.ts'
import { shown, type Value } from '../value.ts'
import { NodeCall } from './call.ts'
import { type FunctionFact, type Input, type NodeFact, siteOf } from './node.ts'
import { operators, resultNames } from './operators/index.ts'

type Graph = [nodes: ReadonlyMap<string, NodeFact>, outputs: readonly Input[], given: ReadonlyMap<string, Value>]

/** What converts the nodes of a graph model, and of its functions. */
export class GraphConverter {
  private weights: ReadonlyMap<string, Tensor> = new Map()
  private readonly functions: ReadonlyMap<string, FunctionFact>
  private readonly reading: Reading
  private readonly constants = new Map<string, Value>()
  private readonly table = operators(this)
  private depth = 0

  constructor(functions: ReadonlyMap<string, FunctionFact>, reading: Reading) {
    this.functions = functions
    this.reading = reading
  }

  /** @throws ModelError `MODEL_UNSUPPORTED` naming all operators that are not converted, of the nodes that are needed */
  expectSupported(nodes: ReadonlyMap<string, NodeFact>, outputs: readonly Input[], given: ReadonlySet<string>): void {
    const unknown = new Set<string>()
    const called = new Set<string>()
    const graphs = [{ graph: nodes, from: outputs, known: given }]
    for (const { graph, from, known } of graphs) {
      const seen = new Set<string>()
      const open = from.map(({ node }) => node)
      for (let name = open.pop(); name !== undefined; name = open.pop()) {
        const node = graph.get(name)
        if (seen.has(name) || known.has(name) || !node) continue
        seen.add(name)
        if (!leaves.has(node.op) && !Object.hasOwn(this.table, node.op)) unknown.add(plain(node.op))
        for (const attribute of calls.get(node.op) ?? []) {
          const text = node.attributes.called(attribute)
          const fn = this.functions.get(text)
          if (!fn || called.has(text)) continue
          called.add(text)
          graphs.push({ graph: fn.nodes, from: fn.outputs, known: new Set(fn.inputs) })
        }
        open.push(...node.inputs.map((input) => input.node))
      }
    }
    if (unknown.size === 0) return
    this.reading.site('the file').fail('MODEL_UNSUPPORTED', `has operators that are not read: ${[...unknown].join(', ')}. Convert the model again without them.`, { operators: [...unknown] }) // prettier-ignore
  }

  /** The results of a model for its inputs; its constants are weights. */
  model(b: Builder, weights: ReadonlyMap<string, Tensor>, ...graph: Graph): Value[] {
    this.weights = weights
    return this.convert(b, ...graph)
  }

  /** The values of some results; `given` are those of nodes that are known. */
  private convert(b: Builder, ...[nodes, outputs, given]: Graph): Value[] {
    const values = new Map<string, readonly Value[]>(Array.from(given, ([name, value]) => [name, [value]]))
    for (const node of this.inOrder(nodes, outputs, values)) {
      const outer = { site: b.site, origin: b.writer.origin }
      b.site = siteOf(this.reading, node.name, node.op)
      b.writer.origin = node.name
      values.set(node.name, this.node(b, node, values, nodes))
      b.site = outer.site
      b.writer.origin = outer.origin
    }
    return outputs.map((output) => this.resultOf(values, nodes, output))
  }

  /** A function of the library with values for what it takes, in the graph that is being written. */
  call(b: Builder, name: string, values: readonly Value[]): Value[] {
    const fn = this.functions.get(name) ?? b.wrong(`calls ${quote(name)}, which is no function of the file`)
    if (values.length !== fn.inputs.length) b.wrong(`calls ${quote(name)} with ${values.length} tensors, which takes ${fn.inputs.length}`) // prettier-ignore
    b.site.bound('subgraphDepth', ++this.depth, `functions that call each other ${this.depth} deep`)
    const given = new Map(fn.inputs.map((input, i) => [input, values[i]!]))
    const results = this.convert(b, fn.nodes, fn.outputs, given)
    this.depth--
    return results
  }

  kept(name: string): ReadonlySet<number> {
    const fn = this.functions.get(name)
    const places = new Set<number>()
    fn?.outputs.forEach((output, i) => {
      let at = output.node
      for (let steps = fn.nodes.size; steps > 0 && fn.nodes.get(at)?.op === 'Identity'; steps--)
        at = fn.nodes.get(at)!.inputs[0]?.node ?? ''
      if (at === fn.inputs[i]) places.add(i)
    })
    return places
  }

  private node(
    b: Builder,
    node: NodeFact,
    values: ReadonlyMap<string, readonly Value[]>,
    nodes: ReadonlyMap<string, NodeFact>,
  ): readonly Value[] {
    // prettier-ignore
    if (node.op === 'Const') return [this.constant(b, node)]
    b.site.use('nodes', 1)
    const inputs = node.inputs.map((input) => this.resultOf(values, nodes, input))
    const convert = Object.hasOwn(this.table, node.op) ? this.table[node.op] : undefined
    try {
      const result = (convert ?? b.fail('is of an operator'))(new NodeCall(b, node, inputs))
      return Array.isArray(result) ? (result as readonly Value[]) : [result as Value]
    } catch (error) {
      if (error instanceof ModelError || !(error instanceof Error)) throw error
      return b.wrong(`contradicts itself (${error.message})`)
    }
  }

  /** The weight of the node's name; what the node itself says of it must be true. */
  private constant(b: Builder, { name, attributes }: NodeFact): Value {
    const found = this.constants.get(name)
    if (found) return found
    const tensor = this.weights.get(name)
    if (!tensor) return b.site.fail('MODEL_TENSOR', 'has no weight in the manifest. Save the model again.')
    const stated = attributes.type('dtype', tensor.type)
    if (stated !== tensor.type) b.site.fail('MODEL_TENSOR', `is of type ${stated}, and its weight ${shown(tensor.dims)} of type ${tensor.type}. Save the model again.`) // prettier-ignore
    const value = b.constant(tensor)
    this.constants.set(name, value)
    return value
  }

  private resultOf(
    values: ReadonlyMap<string, readonly Value[]>,
    nodes: ReadonlyMap<string, NodeFact>,
    { node, result, index }: Input,
  ): Value {
    // prettier-ignore
    const made = values.get(node)
    const op = nodes.get(node)?.op ?? ''
    const named = result !== undefined && Object.hasOwn(resultNames, op) ? resultNames[op]!.indexOf(result) : -1
    return made?.[named >= 0 ? named + index : index] ?? this.reading.site('the graph').fail('MODEL_GRAPH', `uses result ${index} of ${quote(node)}, which nothing gives. Save the model again.`) // prettier-ignore
  }

  /** Nodes that results need, those that are needed first. @throws ModelError `MODEL_GRAPH` for cycles and missing nodes */
  private inOrder(
    nodes: ReadonlyMap<string, NodeFact>,
    outputs: readonly Input[],
    given: ReadonlyMap<string, unknown>,
  ): NodeFact[] {
    // prettier-ignore
    const order: NodeFact[] = []
    const state = new Map<string, 'open' | 'done'>()
    const stack = outputs.map(({ node }) => ({ node, isLeft: false })).toReversed()
    const graph = this.reading.site('the graph')
    while (stack.length > 0) {
      const { node, isLeft } = stack.pop()!
      const fact = nodes.get(node)
      if (given.has(node) || state.get(node) === 'done') continue
      if (!fact) graph.fail('MODEL_GRAPH', `uses ${quote(node)}, which is not there. Save the model again.`)
      if (isLeft) {
        state.set(node, 'done')
        order.push(fact!)
        continue
      }
      if (state.get(node) === 'open') graph.fail('MODEL_GRAPH', `has ${quote(node)} in a cycle. Save the model again.`)
      state.set(node, 'open')
      stack.push({ node, isLeft: true }, ...fact!.inputs.map((input) => ({ node: input.node, isLeft: false })))
    }
    return order
  }
}

/** Operators of nodes that take nothing. */
const leaves = new Set(['Const', 'Placeholder'])

/** Attributes that name functions, by operator. */
const calls = new Map<string, readonly string[]>([
  ...['If', 'StatelessIf'].map((op) => [op, ['then_branch', 'else_branch']] as const),
  ...['While', 'StatelessWhile'].map((op) => [op, ['cond', 'body']] as const),
  ...['PartitionedCall', 'StatefulPartitionedCall'].map((op) => [op, ['f']] as const),
])
