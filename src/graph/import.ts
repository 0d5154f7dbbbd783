import { CompileError, ModelError } from '../errors.ts'
import type { Model, OnnxDim, OnnxFunction, OnnxGraph, OnnxNode, Tensor, TypeInfo } from '../onnx/model.ts'
import { GraphBuilder, type SubgraphImporter } from './builder.ts'
import { type Dim, symbol } from './dim.ts'
import { type Graph, type Identities, Node, type Value, type ValueInfo } from './graph.ts'
import type { OperatorRegistry } from './operator.ts'
import { removeDeadNodes } from './uses.ts'

export interface ImportOptions {
  /** Fixes symbolic dimensions: name → size. */
  readonly dims?: ReadonlyMap<string, number>
}

/** Names in scope. An inner graph sees the names of the graphs around it. */
class Scope {
  private readonly names = new Map<string, Value | undefined>()
  private readonly outer: Scope | undefined

  constructor(outer?: Scope) {
    this.outer = outer
  }

  has(name: string): boolean {
    return this.names.has(name) || (this.outer?.has(name) ?? false)
  }

  find(name: string): Value | undefined {
    return this.names.has(name) ? this.names.get(name) : this.outer?.find(name)
  }

  /** `undefined`: an optional input of a function that the call leaves out. */
  define(name: string, value: Value | undefined): void {
    if (name) this.names.set(name, value)
  }
}

/** Which opset each domain follows: the model's, or that of the function being expanded. */
type Opsets = ReadonlyMap<string, number>

/**
 * The compiler's graph of a model: names resolved to values, shapes inferred, constants folded, model-local
 * functions and composite operators expanded, branches of a constant condition chosen.
 */
export function importModel(
  model: Model,
  registry: OperatorRegistry,
  identities: Identities,
  options: ImportOptions = {},
): Graph {
  const graph = new Importer(model, registry, identities, options).run()
  removeDeadNodes(graph)
  return graph
}

class Importer {
  private readonly model: Model
  private readonly registry: OperatorRegistry
  private readonly options: ImportOptions
  private readonly identities: Identities

  constructor(model: Model, registry: OperatorRegistry, identities: Identities, options: ImportOptions) {
    this.model = model
    this.identities = identities
    this.registry = registry
    this.options = options
  }

  run(): Graph {
    this.checkOperators()
    const source = this.model.graph
    const graph: Graph = emptyGraph(source)
    const builder = new GraphBuilder(graph, this.registry, this.identities)
    const scope = new Scope()
    for (const input of source.inputs) {
      const value = builder.value(input.name, this.inputInfo(input.name, input.type))
      graph.inputs.push(value)
      scope.define(input.name, value)
    }
    this.fill(source, graph, builder, scope, this.model.opsets, true)
    return graph
  }

  /** One error that lists every operator nobody implements, with a node as an example. */
  private checkOperators(): void {
    const missing = new Map<string, OnnxNode>()
    const visit = (nodes: readonly OnnxNode[], opsets: Opsets, functionsSeen: Set<string>): void => {
      for (const node of nodes) {
        const expanded = this.functionOf(node)
        if (expanded && !functionsSeen.has(functionKey(expanded))) {
          visit(expanded.nodes, expanded.opsets, new Set([...functionsSeen, functionKey(expanded)]))
        } else if (!expanded && !this.registry.find(node.domain, node.op, versionOf(node, opsets))) {
          const name = `${node.domain ? `${node.domain}.` : ''}${node.op} (opset ${opsets.get(node.domain) ?? 'none'})`
          if (!missing.has(name)) missing.set(name, node)
        }
        for (const attribute of node.attributes.values()) {
          if (attribute.kind === 'graph') visit(attribute.value.nodes, opsets, functionsSeen)
          if (attribute.kind === 'graphs')
            for (const graph of attribute.value) visit(graph.nodes, opsets, functionsSeen)
        }
      }
    }
    visit(this.model.graph.nodes, this.model.opsets, new Set())
    const first = [...missing.entries()][0]
    if (!first) return
    const [operator, node] = first
    throw new CompileError(
      'UNSUPPORTED_OPERATOR',
      `Model ${this.model.path}: node ${JSON.stringify(node.name || node.outputs[0])} uses operator ${operator}, which the built-in compiler does not support.` +
        ` Unsupported operators in this model: ${[...missing.keys()].join(', ')}.` +
        ' Install onnx-mlir, which may support them, or replace them in the model.',
      { model: this.model.path, node: node.name, op: node.op, missing: [...missing.keys()] },
    )
  }

  /** Imports a graph's initializers, nodes and outputs into `graph`. */
  private fill(
    source: OnnxGraph,
    graph: Graph,
    builder: GraphBuilder,
    scope: Scope,
    opsets: Opsets,
    main: boolean,
  ): void {
    for (const [name, tensor] of source.initializers) scope.define(name, builder.constant(tensor, name))
    source.nodes.forEach((node, index) => this.addNode(node, main ? index : -1, builder, scope, opsets))
    graph.outputs = source.outputs.map((output) => this.lookUp(output.name, scope, `output of graph ${source.name}`))
  }

  private addNode(source: OnnxNode, origin: number, builder: GraphBuilder, scope: Scope, opsets: Opsets): void {
    const inputs = source.inputs.map((name) =>
      name && !(scope.has(name) && !scope.find(name))
        ? this.lookUp(name, scope, `input of node ${source.name || source.outputs[0]}`)
        : undefined,
    )
    const body = this.functionOf(source)
    const outputs = body
      ? this.expandFunction(body, source, inputs, builder)
      : this.addOperator(source, origin, inputs, builder, scope, opsets)
    source.outputs.forEach((name, i) => {
      const value = outputs[i]
      if (name && !value) {
        throw new ModelError('MODEL_OUTPUTS', `Node ${JSON.stringify(source.name)} (${source.op}) has no output ${i}.`)
      }
      if (value) scope.define(name, value)
    })
  }

  private addOperator(
    source: OnnxNode,
    origin: number,
    inputs: (Value | undefined)[],
    builder: GraphBuilder,
    scope: Scope,
    opsets: Opsets,
  ): Value[] {
    const node = new Node({
      domain: source.domain,
      op: source.op,
      version: versionOf(source, opsets),
      name: source.name || `#${origin}`,
      origin,
      attributes: source.attributes,
      inputs,
    })
    const branch = chosenBranch(node)
    if (branch) return this.inline(branch, builder, scope, opsets)
    const subgraphs: SubgraphImporter = (name, infos) => {
      const attribute = source.attributes.get(name)
      if (attribute?.kind !== 'graph') throw node.error('MODEL_MISSING_SUBGRAPH', `subgraph ${name} is missing`)
      return this.subgraph(attribute.value, infos, scope, opsets)
    }
    return builder.append(node, source.outputs, subgraphs)
  }

  /** Imports a graph that needs no inputs in the place where it is used. */
  private inline(source: OnnxGraph, builder: GraphBuilder, scope: Scope, opsets: Opsets): Value[] {
    const inner = new Scope(scope)
    for (const [name, tensor] of source.initializers) inner.define(name, builder.constant(tensor, name))
    for (const node of source.nodes) this.addNode(node, -1, builder, inner, opsets)
    return source.outputs.map((output) => this.lookUp(output.name, inner, `output of graph ${source.name}`))
  }

  private subgraph(source: OnnxGraph, infos: readonly ValueInfo[], outer: Scope, opsets: Opsets): Graph {
    const graph: Graph = emptyGraph(source)
    const builder = new GraphBuilder(graph, this.registry, this.identities)
    const scope = new Scope(outer)
    source.inputs.forEach((input, i) => {
      const info = infos[i]
      if (!info)
        throw new ModelError('MODEL_SUBGRAPH_INPUTS', `Subgraph ${source.name} takes more inputs than it is given.`)
      const value = builder.value(input.name, info)
      graph.inputs.push(value)
      scope.define(input.name, value)
    })
    this.fill(source, graph, builder, scope, opsets, false)
    return graph
  }

  private functionOf(node: OnnxNode): OnnxFunction | undefined {
    return this.model.functions.get(`${node.domain}:${node.op}:${node.overload}`)
  }

  /** Expands a model-local function in place (ONNX IR, "Functions"): its names are its own, its attributes are bound. */
  private expandFunction(
    body: OnnxFunction,
    call: OnnxNode,
    inputs: readonly (Value | undefined)[],
    builder: GraphBuilder,
  ): Value[] {
    const scope = new Scope()
    body.inputs.forEach((name, i) => scope.define(name, inputs[i]))
    for (const node of body.nodes) {
      this.addNode(bindAttributes(node, call, body), -1, builder, scope, body.opsets)
    }
    return body.outputs.map((name) => this.lookUp(name, scope, `output of function ${body.name}`))
  }

  private lookUp(name: string, scope: Scope, use: string): Value {
    const value = scope.find(name)
    if (value) return value
    throw new ModelError(
      'MODEL_UNDEFINED_VALUE',
      `Model ${this.model.path}: ${JSON.stringify(name)}, an ${use}, is not defined before its use.`,
    )
  }

  private inputInfo(name: string, type: TypeInfo | undefined): ValueInfo {
    const problem = (what: string): CompileError =>
      new CompileError('UNSUPPORTED_INPUT', `Model ${this.model.path}: input ${JSON.stringify(name)} ${what}.`)
    if (type?.kind !== 'tensor')
      throw problem(`is ${type ? `a ${type.kind}` : 'of no stated type'}; the built-in compiler takes tensors`)
    if (!type.shape) throw problem('has no stated rank, which the built-in compiler needs')
    return { type: type.type, shape: type.shape.map((dim) => this.dim(dim)) }
  }

  private dim(dim: OnnxDim): Dim {
    if (dim === undefined || dim === '') return this.identities.freshDim()
    return typeof dim === 'number' ? dim : (this.options.dims?.get(dim) ?? symbol(dim))
  }
}

function emptyGraph({ name, outputs }: OnnxGraph): Graph {
  return { name, inputs: [], outputs: [], outputNames: outputs.map((output) => output.name), nodes: [] }
}

function functionKey(body: OnnxFunction): string {
  return `${body.domain}:${body.name}`
}

function versionOf(node: OnnxNode, opsets: Opsets): number {
  return opsets.get(node.domain) ?? 1
}

/** The branch of an `If` whose condition is a constant. */
function chosenBranch(node: Node): OnnxGraph | undefined {
  const condition: Tensor | undefined = node.op === 'If' && node.domain === '' ? node.inputs[0]?.constant : undefined
  if (!condition) return undefined
  const attribute = node.attributes.get(condition.data[0] ? 'then_branch' : 'else_branch')
  return attribute?.kind === 'graph' ? attribute.value : undefined
}

function bindAttributes(node: OnnxNode, call: OnnxNode, body: OnnxFunction): OnnxNode {
  const attributes = new Map(node.attributes)
  for (const [name, attribute] of node.attributes) {
    if (attribute.kind !== 'reference') continue
    const bound = call.attributes.get(attribute.value) ?? body.attributeDefaults.get(attribute.value)
    if (bound) attributes.set(name, bound)
    else attributes.delete(name)
  }
  return { ...node, attributes }
}
