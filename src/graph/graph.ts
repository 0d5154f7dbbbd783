import type { ElementType } from '../onnx/element-type.ts'
import type { Attribute, Tensor } from '../onnx/model.ts'
import { CompileError } from '../errors/index.ts'
import {
  type FloatName,
  floatRanges,
  type FloatsName,
  floatsRanges,
  type IntName,
  intRanges,
  type IntsName,
  intsRanges,
  type Range,
} from './attributes.ts'
import type { Demand } from './demand.ts'
import { type Dim, freshSymbol, isStatic } from './dim.ts'
import { Facts } from './facts.ts'
import { saturated } from './integer.ts'
import type { ListInfo } from './list-info.ts'
import type { MapType } from '../runtime/signature.ts'

/** What is known of a value at compile time. */
export interface ValueInfo {
  readonly type: ElementType
  /** `undefined`: not even the rank is known, or it is no tensor. */
  readonly shape: readonly Dim[] | undefined
  /** Default: `tensor`. A sequence or optional holds tensors of `type`. */
  readonly kind?: 'tensor' | 'sequence' | 'optional' | 'map'
  /**
   * Elements of an integer tensor of rank 0 or 1, where they are known as dimensions: the shape arithmetic
   * (Shape → Gather → Concat → Reshape) is followed through here, symbols included.
   */
  readonly contents?: readonly Dim[] | undefined
  /** The values that a sequence (or an optional: none or one) consists of, where they are known at compile time. */
  readonly elements?: readonly Value[] | undefined
  /** Of a sequence or optional: what is known of the tensors in it where only the run knows them. */
  readonly list?: ListInfo | undefined
  /** Of a map; and of a tensor whose rows are maps to whoever runs the model: they have constant keys. */
  readonly map?: MapType | undefined
}

/** One edge of the graph: produced once, used any number of times. */
export class Value {
  readonly id: number
  readonly type: ElementType
  readonly shape: readonly Dim[] | undefined
  readonly kind: 'tensor' | 'sequence' | 'optional' | 'map'
  readonly contents: readonly Dim[] | undefined
  readonly elements: readonly Value[] | undefined
  readonly list: ListInfo | undefined
  readonly map: MapType | undefined
  readonly constant: Tensor | undefined
  /** The ONNX name, for messages; empty for values that the compiler made. */
  name: string
  /** The node that produces it; `undefined` for inputs and constants. */
  producer: Node | undefined
  /** Of a constant that was folded: what computes it. */
  recipe: Recipe | undefined

  constructor(id: number, name: string, info: ValueInfo, constant?: Tensor) {
    this.id = id
    this.name = name
    this.type = info.type
    this.shape = info.shape
    this.kind = info.kind ?? 'tensor'
    this.contents = info.contents
    this.elements = info.elements
    this.list = info.list
    this.map = info.map
    this.constant = constant
  }

  /** The node that it comes from, or that it was folded from when compiling; `undefined` for inputs and what a model stores. */
  get madeBy(): Node | undefined {
    return this.producer ?? this.recipe?.node
  }

  /** The shape; throws where not even the rank is known. */
  get dims(): readonly Dim[] {
    if (this.shape) return this.shape
    if (this.kind !== 'tensor') {
      throw new CompileError(
        'MODEL_TYPES',
        `Value ${JSON.stringify(this.name)} is ${this.kind === 'optional' ? 'an' : 'a'} ${this.kind} where a tensor should be.`,
      )
    }
    throw new CompileError(
      'UNSUPPORTED_RANK',
      `The rank of value ${JSON.stringify(this.name)} is not known at compile time, which the built-in compiler needs.`,
    )
  }

  get rank(): number {
    return this.dims.length
  }

  /** The shape, where every dimension is a number. */
  get staticShape(): readonly number[] | undefined {
    return this.shape && isStatic(this.shape) ? this.shape : undefined
  }
}

/** A node of constants that folded, and the constants that it became. */
export interface Recipe {
  readonly node: Node
  readonly outputs: readonly Value[]
  /** Whether it is what is stored, however little that saves. */
  readonly isStored?: boolean
}

/** An operation. Attributes have the accessors that operator definitions read them with. */
export class Node {
  readonly domain: string
  readonly op: string
  /** Opset version of the operator's domain that this node follows. */
  readonly version: number
  /** The ONNX node's name, or `#index` where it has none. */
  readonly name: string
  /** Index of the node in the model's main graph that this one comes from, or -1. */
  readonly origin: number
  /** The model's operator that the compiler made this node for: messages speak of what the model has. */
  readonly madeFor: string | undefined
  readonly attributes: ReadonlyMap<string, Attribute>
  /** Subgraphs by attribute name, once imported. */
  readonly graphs = new Map<string, Graph>()
  inputs: (Value | undefined)[]
  outputs: Value[] = []
  /** Of `om.Check`: what must hold for the nodes behind it. */
  demands: readonly Demand[] = []
  /** How many outputs the model asks for, trailing optional ones left out: known before `outputs` are made. */
  outputCount = 1

  constructor(init: {
    domain: string
    op: string
    version: number
    name: string
    origin: number
    madeFor?: string | undefined
    attributes: ReadonlyMap<string, Attribute>
    inputs: (Value | undefined)[]
  }) {
    this.domain = init.domain
    this.op = init.op
    this.version = init.version
    this.name = init.name
    this.origin = init.origin
    this.madeFor = init.madeFor
    this.attributes = init.attributes
    this.inputs = init.inputs
  }

  /** `Conv`, or `com.microsoft.Gelu`. */
  get operator(): string {
    return this.domain ? `${this.domain}.${this.op}` : this.op
  }

  /** Input `i`, which the operator requires. */
  input(i: number): Value {
    const value = this.inputs[i]
    if (value) return value
    throw this.error('MODEL_MISSING_INPUT', `input ${i} is required but not given`)
  }

  output(i = 0): Value {
    const value = this.outputs[i]
    if (value) return value
    throw this.error('MODEL_MISSING_OUTPUT', `output ${i} does not exist`)
  }

  has(name: string): boolean {
    return this.attributes.has(name)
  }

  /** An attribute that is an integer. @throws CompileError `MODEL_ATTRIBUTE` outside its range, see attributes.ts */
  int(name: IntName): number | undefined
  int(name: IntName, otherwise: number): number
  int(name: IntName, otherwise?: number): number | undefined {
    const given = this.attribute(name, 'int')?.value
    if (given === undefined) return otherwise
    return this.inRange(name, saturated(given), intRanges[name])
  }

  ints(name: IntsName): number[] | undefined {
    const range = intsRanges[name]
    return this.attribute(name, 'ints')?.value.map((value) => this.inRange(name, saturated(value), range))
  }

  /** An attribute whose integers are data, and no sizes or axes: all 64 bits of each. */
  bigints(name: IntsName): readonly bigint[] | undefined {
    return this.attribute(name, 'ints')?.value
  }

  /** An attribute that is data, as `bigints`. */
  bigint(name: IntName, otherwise: bigint): bigint {
    return this.attribute(name, 'int')?.value ?? otherwise
  }

  /** An attribute that is a number of float32, as are those that stand in its place where it is not given. */
  float(name: FloatName): number | undefined
  float(name: FloatName, otherwise: number): number
  float(name: FloatName, otherwise?: number): number | undefined {
    const given = this.attribute(name, 'float')?.value
    if (given === undefined) return otherwise === undefined ? undefined : Math.fround(otherwise)
    return this.inRange(name, given, floatRanges[name])
  }

  floats(name: FloatsName): readonly number[] | undefined {
    const range = floatsRanges[name]
    const given = this.attribute(name, 'floats')?.value
    return range ? given?.map((value) => this.inRange(name, value, range)) : given
  }

  private inRange(name: string, value: number, range: Range | undefined): number {
    if (!range || (value >= range.min && value <= range.max)) return value
    throw this.error('MODEL_ATTRIBUTE', `attribute ${name} is ${value}; it must be ${inWords(range)}`)
  }

  string(name: string): string | undefined
  string(name: string, otherwise: string): string
  string(name: string, otherwise?: string): string | undefined {
    return this.attribute(name, 'string')?.value ?? otherwise
  }

  strings(name: string): readonly string[] | undefined {
    return this.attribute(name, 'strings')?.value
  }

  tensor(name: string): Tensor | undefined {
    return this.attribute(name, 'tensor')?.value
  }

  private attribute<K extends Attribute['kind']>(name: string, kind: K): AttributeOf<K> | undefined {
    const attribute = this.attributes.get(name)
    if (!attribute) return undefined
    if (isKind(attribute, kind)) return attribute
    throw this.error('MODEL_ATTRIBUTE', `attribute ${name} should be of type ${kind}, but is ${attribute.kind}`)
  }

  /** An error that names this node and its operator. */
  error(code: string, problem: string, options?: ErrorOptions): CompileError {
    const known = knownOperator(this)
    const opset = `, ${this.domain || 'ai.onnx'} opset ${this.version}`
    const place = known === undefined ? '' : ` (${known}${known === this.operator ? opset : ''})`
    return new CompileError(
      code,
      `Node ${JSON.stringify(this.name)}${place}: ${problem}.`,
      { node: this.name, op: known ?? this.operator },
      options,
    )
  }
}

/** The operator that messages name: the model's. One of the compiler's own, in whose place nothing is known, would tell nobody anything. */
export function knownOperator({ operator, madeFor }: Pick<Node, 'operator'> & Partial<Node>): string | undefined {
  const isOwn = (name: string): boolean => name.startsWith('om.')
  if (!isOwn(operator)) return operator
  return madeFor === undefined || isOwn(madeFor) ? undefined : madeFor
}

type AttributeOf<K extends Attribute['kind']> = Extract<Attribute, { kind: K }>

function isKind<K extends Attribute['kind']>(attribute: Attribute, kind: K): attribute is AttributeOf<K> {
  return attribute.kind === kind
}

function inWords({ min, max }: Range): string {
  if (max === Number.MAX_VALUE) return 'a finite number'
  return min === Number.MIN_VALUE ? `above 0 and at most ${max}` : `from ${min} to ${max}`
}

/** Nodes in execution order. Values of an enclosing graph may be used directly. */
export interface Graph {
  readonly name: string
  readonly inputs: Value[]
  outputs: Value[]
  /** ONNX names of the outputs: a value may be an output under several names, or be an input's. */
  readonly outputNames: readonly string[]
  nodes: Node[]
}

/** Several times what the largest models have, intermediate forms included. */
const MOST_VALUES = 1_000_000

/** Numbers for values and symbols that are unique in one compilation, and what is known of symbols throughout. */
export class Identities {
  /** Of the symbols of the graph's inputs. */
  readonly facts = new Facts()
  /** Demands that nodes of the main graph have checked, by `demandKey`. */
  readonly checked = new Set<string>()
  /** Why sides of forks can't be gone, by `Place.path` of the importer. */
  readonly impossible = new Map<string, string>()
  private values: number
  private symbols = 0

  /** `first`: the number of the first value. */
  constructor(first = 0) {
    this.values = first
  }

  /** @throws CompileError `MODEL_LIMIT`: bodies that are unfolded ask for any number of values, and bodies in bodies for a power of it */
  nextValue(): number {
    if (this.values >= MOST_VALUES) {
      const problem = `The model unfolds to more than ${MOST_VALUES} values, which no real model does.`
      throw new CompileError('MODEL_LIMIT', `${problem} Look at its Scan, SequenceMap and function nodes.`)
    }
    return this.values++
  }
  freshDim(): Dim {
    return freshSymbol(this.symbols++)
  }
  /** Begins anew, so that another import gives the same numbers to the same inputs; facts stay. */
  restart(): void {
    this.values = 0
    this.symbols = 0
    this.checked.clear()
  }
}

/** Every node of a graph and of its subgraphs, in execution order. */
export function* allNodes(graph: Graph): Generator<Node> {
  for (const node of graph.nodes) {
    yield node
    for (const subgraph of node.graphs.values()) yield* allNodes(subgraph)
  }
}
