import { CompileError, ModelError, UsageError } from '../errors.ts'
import type { Model, OnnxDim, OnnxFunction, OnnxGraph, OnnxNode, Tensor, TypeInfo } from '../onnx/model.ts'
import { GraphBuilder, type SubgraphImporter } from './builder.ts'
import { type Dim, isFresh, symbol, symbolName } from './dim.ts'
import { bindAttributes, checkFunctions, functionOf } from './functions.ts'
import { type Graph, type Identities, Node, type Value, type ValueInfo } from './graph.ts'
import type { OperatorRegistry } from './operator.ts'
import { Scope } from './scope.ts'
import { checkOperators, type Opsets, versionOf } from './support.ts'
import { removeDeadNodes } from './uses.ts'

export interface ImportOptions {
  /** Fixes symbolic dimensions: name → size. */
  readonly dims?: ReadonlyMap<string, number>
}

/** Where the nodes of one ONNX graph or function body go. */
interface Place {
  readonly builder: GraphBuilder
  readonly scope: Scope
  readonly opsets: Opsets
  /** The node of the main graph that this is part of, by index; `undefined` in the main graph itself. */
  readonly origin?: number
  /** What the names of unnamed nodes begin with. */
  readonly prefix: string
}

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
  const graph = importWithFacts(model, registry, identities, options)
  removeDeadNodes(graph)
  return graph
}

/** Each round imports the model with what earlier ones learnt of the inputs' symbols; what is left after as many is checked in the run. */
const MOST_ROUNDS = 16

function importWithFacts(
  model: Model,
  registry: OperatorRegistry,
  identities: Identities,
  options: ImportOptions,
): Graph {
  for (let round = 1; ; round++) {
    identities.restart()
    try {
      const graph = new Importer(model, registry, identities, options).run()
      if (!identities.facts.hasGrown() || round >= MOST_ROUNDS) return graph
    } catch (error) {
      // A size that was learnt before the error may be what it asks for.
      if (!identities.facts.hasGrown() || round >= MOST_ROUNDS) throw error
    }
  }
}

class Importer {
  private readonly model: Model
  private readonly registry: OperatorRegistry
  private readonly options: ImportOptions
  private readonly identities: Identities
  private readonly unnamed = new Map<string, Dim>()

  constructor(model: Model, registry: OperatorRegistry, identities: Identities, options: ImportOptions) {
    this.model = model
    this.identities = identities
    this.registry = registry
    this.options = options
  }

  run(): Graph {
    checkFunctions(this.model)
    checkOperators(this.model, this.registry)
    this.checkDims()
    const source = this.model.graph
    const graph = emptyGraph(source)
    const builder = new GraphBuilder(graph, this.registry, this.identities, { always: true })
    const scope = new Scope()
    for (const input of source.inputs) {
      const value = builder.value(input.name, this.inputInfo(input.name, input.type))
      graph.inputs.push(value)
      scope.define(input.name, value)
    }
    graph.outputs = this.fill(source, { builder, scope, opsets: this.model.opsets, prefix: '' })
    return graph
  }

  /** Imports a graph's initializers and nodes; gives its outputs. */
  private fill(source: OnnxGraph, place: Place): Value[] {
    for (const [name, tensor] of source.initializers) place.scope.define(name, place.builder.constant(tensor, name))
    source.nodes.forEach((node, index) => this.addNode(node, index, place))
    return source.outputs.map((output) => this.lookUp(output.name, place.scope, `output of graph ${source.name}`))
  }

  private addNode(source: OnnxNode, index: number, place: Place): void {
    const { scope } = place
    const name = source.name || `${place.prefix}#${index}`
    const inputs = source.inputs.map((input) =>
      input && !(scope.has(input) && !scope.find(input))
        ? this.lookUp(input, scope, `input of node ${name}`)
        : undefined,
    )
    const origin = place.origin ?? index
    const body = functionOf(this.model, source)
    const outputs = body
      ? this.expandFunction(body, source, inputs, { ...place, origin, prefix: `${name}/` })
      : this.addOperator(source, name, origin, inputs, place)
    source.outputs.forEach((output, i) => {
      const value = outputs[i]
      if (output && !value) {
        throw new ModelError('MODEL_OUTPUTS', `Node ${JSON.stringify(name)} (${source.op}) has no output ${i}.`)
      }
      if (value) scope.define(output, value)
    })
  }

  private addOperator(
    source: OnnxNode,
    name: string,
    origin: number,
    inputs: (Value | undefined)[],
    place: Place,
  ): Value[] {
    const { builder, scope, opsets } = place
    const version = versionOf(source, opsets)
    const node = new Node({
      domain: source.domain,
      op: source.op,
      version,
      name,
      origin,
      attributes: source.attributes,
      inputs,
    })
    const inner = { ...place, origin, prefix: `${name}/` }
    const branch = chosenBranch(node)
    if (branch) return this.fill(branch, { ...inner, scope: new Scope(scope) })
    const bodyOf = (attributeName: string): OnnxGraph => {
      const attribute = source.attributes.get(attributeName)
      if (attribute?.kind === 'graph') return attribute.value
      throw node.error('MODEL_MISSING_SUBGRAPH', `subgraph ${attributeName} is missing`)
    }
    const subgraphs: SubgraphImporter = {
      graph: (attributeName, infos) => this.subgraph(bodyOf(attributeName), infos, node, inner),
      inline: (attributeName, values, target) => {
        const body = bodyOf(attributeName)
        checkInputCount(body, values.length, node)
        const local = new Scope(scope)
        body.inputs.forEach((input, i) => local.define(input.name, values[i]))
        return this.fill(body, { ...inner, builder: target, scope: local })
      },
    }
    return builder.append(node, source.outputs, subgraphs)
  }

  private subgraph(source: OnnxGraph, infos: readonly ValueInfo[], node: Node, around: Place): Graph {
    checkInputCount(source, infos.length, node)
    const graph = emptyGraph(source)
    const builder = new GraphBuilder(graph, this.registry, this.identities)
    const scope = new Scope(around.scope)
    source.inputs.forEach((input, i) => {
      const value = builder.value(input.name, infos[i]!)
      graph.inputs.push(value)
      scope.define(input.name, value)
    })
    graph.outputs = this.fill(source, { ...around, builder, scope })
    return graph
  }

  /** Expands a model-local function in place (ONNX IR, "Functions"): its names are its own, its attributes are bound. */
  private expandFunction(
    body: OnnxFunction,
    call: OnnxNode,
    inputs: readonly (Value | undefined)[],
    place: Place,
  ): Value[] {
    if (inputs.length > body.inputs.length) {
      throw new ModelError(
        'MODEL_FUNCTION',
        `Model ${this.model.path}: node ${JSON.stringify(call.name)} gives ${inputs.length} inputs to the function ${JSON.stringify(body.name)}, which takes ${body.inputs.length}.`,
      )
    }
    const scope = new Scope()
    const inner = { ...place, scope, opsets: body.opsets }
    body.inputs.forEach((name, i) => scope.define(name, inputs[i]))
    body.nodes.forEach((node, index) => this.addNode(bindAttributes(node, call, body), index, inner))
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

  /** Every dimension that is to be fixed must be one of an input. */
  private checkDims(): void {
    const names = new Set(
      this.model.graph.inputs.flatMap(({ type }) => (type?.kind === 'tensor' ? type.shape : []) ?? []),
    )
    for (const name of this.options.dims?.keys() ?? []) {
      if (names.has(name)) continue
      const known = [...names].filter((dim) => typeof dim === 'string').map((dim) => JSON.stringify(dim))
      const there = known.length > 0 ? `Its inputs have ${known.join(', ')}` : 'Its inputs have no named dimensions'
      throw new UsageError(
        'USAGE_DIMS',
        `Model ${this.model.path}: no input has a dimension called ${JSON.stringify(name)}. ${there}.`,
        { model: this.model.path, dimension: name },
      )
    }
  }

  private inputInfo(name: string, type: TypeInfo | undefined): ValueInfo {
    const problem = (what: string): CompileError =>
      new CompileError('UNSUPPORTED_INPUT', `Model ${this.model.path}: input ${JSON.stringify(name)} ${what}.`)
    if (type?.kind !== 'tensor')
      throw problem(`is ${type ? `a ${type.kind}` : 'of no stated type'}; the built-in compiler takes tensors`)
    if (!type.shape) throw problem('has no stated rank, which the built-in compiler needs')
    return { type: type.type, shape: type.shape.map((dim) => this.dim(dim)) }
  }

  /** A dimension of an input: as the file states it, fixed by an option, or as the graph's operators say. */
  private dim(stated: OnnxDim): Dim {
    const dim = this.statedDim(stated)
    const name = symbolName(dim)
    if (name === undefined) return dim
    this.identities.facts.addInput(name)
    return this.identities.facts.of(name) ?? dim
  }

  private statedDim(dim: OnnxDim): Dim {
    if (dim === undefined || dim === '') return this.identities.freshDim()
    if (typeof dim === 'number') return dim
    const fixed = this.options.dims?.get(dim)
    if (fixed !== undefined) return fixed
    if (!isFresh(dim)) return symbol(dim)
    // A name like `?` or `?1` says no more than none, but where it stands twice the dimensions are equal.
    const unnamed = this.unnamed.get(dim) ?? this.identities.freshDim()
    this.unnamed.set(dim, unnamed)
    return unnamed
  }
}

function checkInputCount(source: OnnxGraph, given: number, node: Node): void {
  if (source.inputs.length === given) return
  const problem = `its subgraph ${JSON.stringify(source.name)} takes ${source.inputs.length} inputs, but is given ${given}`
  throw node.error('MODEL_SUBGRAPH_INPUTS', problem)
}

function emptyGraph({ name, outputs }: OnnxGraph): Graph {
  return { name, inputs: [], outputs: [], outputNames: outputs.map((output) => output.name), nodes: [] }
}

/** The branch of an `If` whose condition is a constant. */
function chosenBranch(node: Node): OnnxGraph | undefined {
  const condition: Tensor | undefined = node.op === 'If' && node.domain === '' ? node.inputs[0]?.constant : undefined
  if (!condition) return undefined
  const attribute = node.attributes.get(condition.data[0] ? 'then_branch' : 'else_branch')
  return attribute?.kind === 'graph' ? attribute.value : undefined
}
