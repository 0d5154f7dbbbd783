import type { ElementType } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { tensorFrom } from '../onnx/tensor.ts'
import { Checks, ownNode } from './checks.ts'
import { constantContents, contentsDemands, infoOf } from './contents.ts'
import { type Dim, isStatic } from './dim.ts'
import { type Graph, type Identities, Node, Value, type ValueInfo } from './graph.ts'
import type { ListInfo } from './list-info.ts'
import { checkSize } from './size.ts'
import type { Builder, InferContext, LoopBody, OperatorRegistry, PlainAttributes } from './operator.ts'
import { attributesOf } from './plain-attributes.ts'
import { naming } from './unforeseen.ts'

/** Opset whose rules the compiler's own nodes follow. */
export const INTERNAL_OPSET = 26

/** How a subgraph attribute becomes nodes; given by the importer, which knows the names in scope. */
export interface SubgraphImporter {
  /** A graph of its own, with inputs of these types. */
  graph(name: string, inputs: readonly ValueInfo[]): Graph
  /** Its nodes in the graph of `builder`, computing from these values. */
  inline(name: string, inputs: readonly Value[], builder: GraphBuilder): Value[]
}

/** What must be so for a run to go on. */
export interface Requirement {
  readonly condition: Value
  /** What the condition says of sizes, where that is known. */
  readonly claim: { readonly a: Dim; readonly b: Dim; readonly equal: boolean } | undefined
  readonly holds: boolean
  readonly sentence: string
}

/** The model's node that nodes are made for. */
interface Origin {
  readonly name: string
  readonly index: number
  readonly madeFor: string | undefined
}

/** Appends nodes to a graph: infers, folds and decomposes each on the way in. */
export class GraphBuilder implements Builder {
  private readonly graph: Graph
  private readonly registry: OperatorRegistry
  private readonly identities: Identities
  /** Where new nodes come from, for reports. */
  private origin: Origin = { name: '', index: -1, madeFor: undefined }
  /** Of the node that is being decomposed. */
  private subgraphs: SubgraphImporter | undefined
  /** Whether a node of constants becomes constants. */
  private readonly folds: boolean
  private readonly checks: Checks
  /** Sequences of compile time that a node of this graph has made at run time. */
  private readonly atRunOf = new Map<Value, Value>()

  constructor(graph: Graph, registry: OperatorRegistry, identities: Identities, { always = false, folds = true } = {}) {
    this.graph = graph
    this.registry = registry
    this.identities = identities
    this.folds = folds
    this.checks = new Checks(graph, identities, always, (value, shape, by) => this.refined(value, shape, by))
  }

  /** How many nodes the graph has. */
  get size(): number {
    return this.graph.nodes.length
  }

  value(name: string, info: ValueInfo, producer?: Node): Value {
    checkSize(name || (producer?.name ?? ''), info)
    const value = new Value(this.identities.nextValue(), name, info)
    value.producer = producer
    return value
  }

  collection(kind: 'sequence' | 'optional', type: ElementType, elements: readonly Value[], list?: ListInfo): Value {
    return new Value(this.identities.nextValue(), '', { type, shape: undefined, kind, elements, list })
  }

  /** A value as the run has it: of what was known at compile time, a list is made there. */
  atRun(value: Value): Value {
    const { kind, type, elements, list, name } = value
    if (!elements) return value
    const known = this.atRunOf.get(value)
    if (known) return known
    const [first] = elements
    const made =
      first && first.kind !== 'tensor'
        ? this.op('ListGiven', [this.atRun(first)], {}, 'om')
        : this.op('List', elements, { kind, type, nested: list?.isNested ? 1 : undefined }, 'om')
    made.name ||= name
    this.atRunOf.set(value, made)
    return made
  }

  constant(tensor: Tensor, name = ''): Value {
    return new Value(this.identities.nextValue(), name, infoOf(tensor), tensor)
  }

  ints(values: readonly number[] | readonly bigint[], dims: readonly number[] = [values.length]): Value {
    return this.constant(tensorFrom('int64', dims, values))
  }

  dims(values: readonly Dim[]): Value {
    if (isStatic(values)) return this.ints(values)
    const { name, index: origin } = this.origin
    const node = ownNode({ name, origin }, 'Dimensions', [])
    return this.produce(node, [{ type: 'int64', shape: [values.length], contents: values }], [''])[0]!
  }

  reshape(x: Value, dims: readonly Dim[]): Value {
    return this.op('Reshape', [x, this.dims(dims)], { allowzero: 1 })
  }

  scalar(value: number | bigint, type: ElementType): Value {
    return this.constant(tensorFrom(type, [], [value]))
  }

  op(op: string, inputs: readonly (Value | undefined)[], attributes: PlainAttributes = {}, domain = ''): Value {
    return this.ops(op, inputs, 1, attributes, domain)[0]!
  }

  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: number,
    attributes: PlainAttributes = {},
    domain = '',
  ): Value[] {
    const node = new Node({
      domain,
      op,
      version: INTERNAL_OPSET,
      name: this.origin.name,
      origin: this.origin.index,
      madeFor: this.origin.madeFor,
      attributes: attributesOf(attributes),
      inputs: [...inputs],
    })
    return this.append(node, Array<string>(outputs).fill(''))
  }

  /**
   * Adds a node: gives the values that stand for its outputs, which are constants where it folds.
   * `outputs` are the ONNX names, `''` where an optional output is not wanted.
   *
   * @throws CompileError where the operator can't take such inputs or attributes
   */
  append(node: Node, outputs: readonly string[], subgraphs?: SubgraphImporter): Value[] {
    return naming(node, () => this.add(node, outputs, subgraphs))
  }

  private add(node: Node, outputs: readonly string[], subgraphs?: SubgraphImporter): Value[] {
    const operator = this.registry.find(node.domain, node.op, node.version)
    if (!operator) throw node.error('UNSUPPORTED_OPERATOR', 'this operator is not supported by the built-in compiler')
    node.outputCount = outputs.length
    this.checks.enforce(node, operator)
    const folded =
      this.folds && operator.fold && node.inputs.every((input) => !input || input.constant)
        ? operator.fold(node)
        : undefined
    for (const { type, dims } of folded ?? []) checkSize(outputs[0] || node.name, { type, shape: dims })
    if (folded) {
      const values = folded.map((tensor, i) => this.constant(tensor, outputs[i]))
      for (const value of values) value.recipe = { node, outputs: values }
      return values
    }

    const decomposed = operator.decompose && this.from(node, () => operator.decompose!(node, this), subgraphs)
    if (decomposed) {
      decomposed.forEach((value, i) => (value.name ||= outputs[i] ?? ''))
      return [...decomposed]
    }

    // Only what takes lists apart knows those of compile time.
    node.inputs = node.inputs.map((input) => input && this.from(node, () => this.atRun(input)))
    // Trailing optional outputs that the node does not name are not computed.
    const infos = operator.infer(node, this.inferContext(node, subgraphs)).slice(0, Math.max(1, outputs.length))
    const known = infos.map(constantContents)
    if (known.length > 0 && known.every((tensor) => tensor !== undefined)) {
      return known.map((tensor, i) => this.constant(tensor, outputs[i]))
    }
    this.checks.check(
      node,
      infos.flatMap((info) => contentsDemands(node, info)),
    )
    return this.produce(node, infos, outputs)
  }

  /** Ends the run unless a condition holds, or does not. */
  require(node: Node, { condition, claim, holds, sentence }: Requirement): void {
    if (claim && claim.equal === holds) this.demandEqual(node, claim, sentence)
    else this.from(node, () => this.ops('Require', [condition], 0, { holds: Number(holds), sentence }, 'om'))
  }

  /** Ends the run unless two sizes are equal. */
  demandEqual(node: Node, { a, b }: { readonly a: Dim; readonly b: Dim }, sentence: string): void {
    const { operator } = node
    this.checks.hold(node, [{ operator, input: 0, axis: 0, given: a, expected: b, orOne: false, sentence }])
  }

  /** A value as one of a shape that something before has made sure of. */
  refined(value: Value, shape: readonly Dim[], by = value.producer): Value {
    const node = ownNode(by, 'Refined', [value])
    return this.produce(node, [{ type: value.type, shape, contents: value.contents }], [value.name])[0]!
  }

  retyped(node: Node, inputs: readonly (Value | undefined)[], types: readonly ElementType[]): Value[] {
    const copy = new Node({ ...node, inputs: [...inputs] })
    copy.outputCount = node.outputCount
    const infos = node.outputs.map(({ shape }, i) => ({ type: types[i]!, shape }))
    return this.produce(copy, infos, Array<string>(infos.length).fill(''))
  }

  private produce(node: Node, infos: readonly ValueInfo[], outputs: readonly string[]): Value[] {
    for (const { shape } of infos) {
      if (shape?.some((dim) => typeof dim === 'number' && !(dim >= 0)))
        throw node.error('MODEL_SHAPE', `its result would be of shape [${shape.join(', ')}]`)
    }
    node.outputs = infos.map((info, i) => this.value(outputs[i] ?? '', info, node))
    this.graph.nodes.push(node)
    return node.outputs
  }

  private inferContext(node: Node, subgraphs: SubgraphImporter | undefined): InferContext {
    return {
      freshDim: () => this.identities.freshDim(),
      subgraph: (name, inputs) => {
        if (!subgraphs) throw node.error('MODEL_MISSING_SUBGRAPH', `subgraph ${name} is required but not given`)
        const graph = subgraphs.graph(name, inputs)
        if (graph.outputs.some(({ map }) => map)) throw node.error('UNSUPPORTED_MAP', `its ${name} gives a map`)
        const inside = new GraphBuilder(graph, this.registry, this.identities)
        graph.outputs = inside.from(node, () => graph.outputs.map((value) => inside.atRun(value)))
        node.graphs.set(name, graph)
        return graph
      },
      inside: (graph, make) => {
        const builder = new GraphBuilder(graph, this.registry, this.identities)
        return builder.from(node, () => make(builder))
      },
    }
  }

  /** Runs `make` so that the nodes it builds carry the name and origin of `node`, and find its subgraphs. */
  from<T>(
    node: Pick<Node, 'name' | 'origin'> & Partial<Pick<Node, 'operator' | 'madeFor'>>,
    make: () => T,
    subgraphs?: SubgraphImporter,
  ): T {
    const outer = { origin: this.origin, subgraphs: this.subgraphs }
    this.origin = { name: node.name, index: node.origin, madeFor: node.madeFor ?? node.operator }
    this.subgraphs = subgraphs
    try {
      return make()
    } finally {
      this.origin = outer.origin
      this.subgraphs = outer.subgraphs
    }
  }

  inline(name: string, inputs: readonly Value[]): Value[] {
    if (!this.subgraphs) throw new TypeError(`no subgraph ${name}`)
    return this.subgraphs.inline(name, inputs, this)
  }

  loop(count: Value, initial: readonly Value[], outputs: number, body: LoopBody): Value[] {
    const { name, index } = this.origin
    const inputs = [count, undefined, ...initial]
    const node = new Node({
      domain: '',
      op: 'Loop',
      version: INTERNAL_OPSET,
      name,
      origin: index,
      attributes: new Map(),
      inputs,
    })
    const { subgraphs } = this
    return this.append(node, Array<string>(outputs).fill(''), {
      graph: (_name, infos) => {
        const graph: Graph = { name: '', inputs: [], outputs: [], outputNames: [], nodes: [] }
        const inner = new GraphBuilder(graph, this.registry, this.identities)
        graph.inputs.push(...infos.map((info) => inner.value('', info)))
        const [i, go, ...carried] = graph.inputs as [Value, Value, ...Value[]]
        graph.outputs = [go, ...inner.from(node, () => body(inner, i, carried), subgraphs)]
        return graph
      },
      inline: () => {
        throw new TypeError('the body of a built loop is no attribute')
      },
    })
  }
}
