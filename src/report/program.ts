import { type Dim, symbol } from '../graph/dim.ts'
import { withSizes } from '../graph/given-sizes.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { type Graph, Identities, Node, Value, type ValueInfo } from '../graph/graph.ts'
import { naming } from '../graph/unforeseen.ts'
import { OnnxMlirError } from '../errors/index.ts'
import type { Model, OnnxNode, Tensor, TypeInfo } from '../onnx/model.ts'
import type { OperatorRegistry } from '../graph/operator.ts'
import { registryFor } from '../ops/index.ts'

/** An operation as onnx-mlir has it on the way to the accelerator, and which nodes of the model it stands for. */
export class Step extends Node {
  /** Indices of nodes in the model's main graph, whose names the operation keeps in the compiler. */
  readonly origins: ReadonlySet<number>
  /** Nodes that vanished into it: the compiler puts one operation in the place of several, and keeps the last one's name. */
  readonly absorbed: ReadonlySet<number>
  /** Which rule of its operator the node breaks, where it breaks one: it is of no use to any compiler. */
  readonly refusal: OnnxMlirError | undefined

  constructor(
    init: ConstructorParameters<typeof Node>[0] & {
      origins: ReadonlySet<number>
      absorbed?: ReadonlySet<number>
      refusal?: OnnxMlirError | undefined
    },
    outputs: Value[],
  ) {
    super(init)
    this.refusal = init.refusal
    this.origins = init.origins
    this.absorbed = init.absorbed ?? new Set()
    this.outputs = outputs
    for (const output of outputs) output.producer = this
  }

  /** The same operation with other inputs, standing for `origins` too. */
  with(inputs: (Value | undefined)[], origins: Iterable<number> = [], attributes = this.attributes): Step {
    return new Step({ ...this, inputs, attributes, origins: new Set([...this.origins, ...origins]) }, this.outputs)
  }

  /** The same operation in the place of other steps too, whose names are lost. */
  absorbing(steps: readonly Step[]): Step {
    const nodes = steps.flatMap(({ origins, absorbed }) => [...origins, ...absorbed])
    const absorbed = new Set([...this.absorbed, ...nodes.filter((node) => !this.origins.has(node))])
    return new Step({ ...this, absorbed }, this.outputs)
  }
}

/** Does some work on one step. @throws OnnxMlirError that names the node, and the rule it breaks, for any that is not ours */
export function judging<T>(step: Step, work: () => T): T {
  return naming(step, () => {
    try {
      return work()
    } catch (error) {
      throw error instanceof OnnxMlirError ? error : (step.refusal ?? error)
    }
  })
}

/** The step that produces a value, if one of operator `op` does. One that breaks a rule is no partner of any other. */
export function producerOf(value: Value | undefined, op?: string): Step | undefined {
  const step = value?.producer
  return step instanceof Step && !step.refusal && (op === undefined || (step.op === op && step.domain === ''))
    ? step
    : undefined
}

/** What a table of ONNX's operators has for a step. A model may call its operators anything, `constructor` too. */
export function entryFor<T>(table: Readonly<Record<string, T>>, { domain, op }: Step): T | undefined {
  return domain === '' && Object.hasOwn(table, op) ? table[op] : undefined
}

/** A model's main graph with its own operators, in execution order. Nothing is decomposed or fused yet. */
export interface Program {
  readonly inputs: ReadonlySet<Value>
  /** Graph outputs, and values that subgraphs of nodes use. */
  outputs: readonly Value[]
  steps: readonly Step[]
  /** The same computation in the operators of the built-in compiler, as far as it has them; `origin` tells the node. */
  readonly lowered: readonly Node[]
  /** Indices of nodes that are not among these operators: unknown ones, functions of the model's own, and those with subgraphs. */
  readonly foreign: ReadonlySet<number>
  /** A new value, e.g. between the parts of a decomposed node. */
  value(info: ValueInfo): Value
  /** A value whose elements are known at compile time; without `tensor`, nobody computed them here. */
  constant(info: ValueInfo, tensor?: Tensor): Value
  isConstant(value: Value | undefined): boolean
  /** The node whose name a constant has that was computed at compile time; kept by `fold`. */
  originsOf(constant: Value): Iterable<number>
  /** Notes that a step is done at compile time. */
  fold(step: Step): void
  /** A size of which nothing is known. */
  unknownDim(): Dim
}

/**
 * Reads a model's main graph with inferred types and shapes. Operators that our shape inference doesn't know keep what
 * the file states of their outputs; where it states nothing, the rank is unknown.
 *
 * @param dims sizes for symbolic dimensions
 */
export function importProgram(model: Model, dims: ReadonlyMap<string, number> = new Map()): Program {
  const identities = new Identities()
  const lowered: Graph = { name: '', inputs: [], outputs: [], outputNames: [], nodes: [] }
  const registry = registryFor(model)
  const scratch = new GraphBuilder(lowered, registry, identities)
  const folded = new Set<Value>()
  const origins = new Map<Value, ReadonlySet<number>>()
  const names = new Map<string, Value>()
  // What inference computes with: its values may be shared by several names, and know more than a Step's own values.
  const inferred = new Map<string, Value | undefined>()
  const define = (name: string, known: Value | undefined): Value => {
    const value = new Value(
      identities.nextValue(),
      name,
      known ?? { type: 'float32', shape: undefined },
      known?.constant,
    )
    if (name !== '') {
      names.set(name, value)
      inferred.set(name, known)
    }
    return value
  }
  const stated = (name: string, type: TypeInfo | undefined): Value | undefined => {
    const info = statedInfo(type, dims, identities)
    return info && scratch.value(name, info)
  }
  const { graph } = withSizes(model, dims)
  const inputs = graph.inputs.map(({ name, type }) => define(name, stated(name, type)))
  for (const [name, tensor] of graph.initializers) define(name, scratch.constant(tensor, name))
  const outputTypes = new Map(graph.outputs.map(({ name, type }) => [name, type]))
  const captured: string[] = []
  const foreign = new Set<number>()

  const steps = graph.nodes.map((node, index) => {
    const version = model.opsets.get(node.domain) ?? 1
    const attributes = node.attributes
    const origin = {
      domain: node.domain,
      op: node.op,
      version,
      name: node.name || `#${index}`,
      origin: index,
      attributes,
    }
    captured.push(...namesInSubgraphs(node))
    const inner = new Node({ ...origin, inputs: node.inputs.map((name) => inferred.get(name)) })
    const { results, refusal } = infer(scratch, registry, inner, node)
    if (!results) foreign.add(index)
    const outputs = node.outputs.map((name, i) => {
      const known = results?.[i] ?? stated(name, graph.valueInfo.get(name)?.type ?? outputTypes.get(name))
      const window = known?.shape ? undefined : windowShape(inner, identities)
      return define(name, window ? scratch.value(name, { type: inner.input(0).type, shape: window }) : known)
    })
    return new Step(
      { ...origin, inputs: node.inputs.map((name) => names.get(name)), origins: new Set([index]), refusal },
      outputs,
    )
  })
  const isKnown = (value: Value | undefined): value is Value => value !== undefined
  return {
    inputs: new Set(inputs),
    outputs: [...graph.outputs.map(({ name }) => name), ...captured].map((name) => names.get(name)).filter(isKnown),
    steps,
    lowered: lowered.nodes,
    foreign,
    value: (info) => new Value(identities.nextValue(), '', info),
    constant(info, tensor) {
      const value = new Value(identities.nextValue(), '', info, tensor)
      folded.add(value)
      return value
    },
    originsOf: (constant) => origins.get(constant) ?? [],
    fold({ outputs, origins: nodes }) {
      for (const output of outputs) origins.set(output, nodes)
    },
    unknownDim: () => identities.freshDim(),
    isConstant: (value) => value !== undefined && (value.constant !== undefined || folded.has(value)),
  }
}

/**
 * The values that stand for a node's outputs, where its operator and the types of its inputs are known. Nodes with
 * subgraphs stay on the CPU whatever is in them: of these the file's own statement is enough.
 */
function infer(
  scratch: GraphBuilder,
  registry: OperatorRegistry,
  node: Node,
  { inputs, outputs }: OnnxNode,
): { readonly results?: readonly Value[]; readonly refusal?: OnnxMlirError } {
  if (inputs.some((name, i) => name !== '' && node.inputs[i] === undefined)) return {}
  const hasSubgraphs = [...node.attributes.values()].some(({ kind }) => kind === 'graph' || kind === 'graphs')
  if (hasSubgraphs || !registry.find(node.domain, node.op, node.version)) return {}
  try {
    return { results: scratch.append(node, outputs) }
  } catch (error) {
    // What the built-in compiler can't do, another compiler may: the report goes on with what the file states.
    if (error instanceof OnnxMlirError) return { refusal: error }
    throw error
  }
}

/** What is known of images behind a window that our inference can't tell the sizes of. */
function windowShape({ op, domain, inputs: [x, w] }: Node, identities: Identities): Dim[] | undefined {
  const isPool = op === 'MaxPool' || op === 'AveragePool'
  if (domain !== '' || !(isPool || op === 'Conv') || x?.shape?.length !== 4) return undefined
  const channels = isPool ? x.shape[1] : w?.shape?.[0]
  return [x.shape[0]!, channels ?? identities.freshDim(), identities.freshDim(), identities.freshDim()]
}

function statedInfo(
  type: TypeInfo | undefined,
  dims: ReadonlyMap<string, number>,
  identities: Identities,
): ValueInfo | undefined {
  if (type?.kind !== 'tensor') return undefined
  const shape = type.shape?.map((dim): Dim => {
    if (dim === undefined || dim === '') return identities.freshDim()
    return typeof dim === 'number' ? dim : (dims.get(dim) ?? symbol(dim))
  })
  return { type: type.type, shape }
}

function namesInSubgraphs(node: OnnxNode): string[] {
  return [...node.attributes.values()].flatMap((attribute) => {
    const graphs = attribute.kind === 'graph' ? [attribute.value] : attribute.kind === 'graphs' ? attribute.value : []
    return graphs.flatMap((graph) => [
      ...graph.outputs.map(({ name }) => name),
      ...graph.nodes.flatMap((inner) => [...inner.inputs, ...namesInSubgraphs(inner)]),
    ])
  })
}
