import { elementsOf } from '../onnx/tensor.ts'
import { elementTypes, memoryBytes, packedBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { type Graph, Identities, Node, type Value } from '../graph/graph.ts'
import { removeDeadNodes } from '../graph/uses.ts'
import type { KernelShape } from '../kernels/shape.ts'
import { registry } from '../ops/index.ts'
import { packAttributes, packedLength, type Packing } from '../ops/packing.ts'
import type { Argument } from './kernel.ts'
import type { LoweredGraphs } from './lower.ts'

/**
 * Constants that are not stored as kernels read them, but made when the model is loaded from what the file has: half
 * precision and quantised weights that were widened, elements of less than a byte, weights that grow when they are packed.
 */
export interface Loading {
  /** Computes them; its outputs are what is kept. */
  readonly graph: Graph
  /** Which output a constant is, as kernels find it. */
  readonly tensors: ReadonlyMap<Tensor, Value>
  /** The same of packed weights, by `packedKey`. */
  readonly packed: ReadonlyMap<Tensor, ReadonlyMap<string, Value>>
}

/** One order of one tensor's elements. */
export function packedKey(packing: Packing): string {
  return JSON.stringify(packing)
}

/** What is stored of a constant must be smaller than it by this factor to be worth the time when loading. */
const WORTHWHILE = 0.8
/** Bytes that one constant must save at least, and all of them together. */
const LEAST_SAVED = 4096
const LEAST_SAVED_IN_ALL = 65_536

/** A constant that kernels read, plain or packed. */
interface Demanded {
  readonly value: Value
  readonly packing?: Packing
  readonly bytes: number
}

/** Decides which constants are made when loading, and how; `undefined` where none is. */
export function loadingOf(lowered: LoweredGraphs, shape: KernelShape): Loading | undefined {
  const demanded = demandedConstants(lowered, shape)
  const costs = new Costs(demanded.flatMap(({ value, packing }) => (packing ? [] : [value])))
  const chosen = demanded.filter(({ value, packing, bytes }) => {
    const stored = costs.of(value)
    return (packing || costs.isMade(value)) && stored < WORTHWHILE * bytes && bytes - stored >= LEAST_SAVED
  })
  const saved = chosen.reduce((sum, { value, bytes }) => sum + bytes - costs.of(value), 0)
  return saved < LEAST_SAVED_IN_ALL ? undefined : build(chosen, costs, shape)
}

function demandedConstants(lowered: LoweredGraphs, shape: KernelShape): Demanded[] {
  const found = new Map<Tensor, Map<string, Demanded>>()
  const add = (value: Value, packing?: Packing): void => {
    const { constant } = value
    if (!constant || constant.type === 'string') return
    const key = packing ? packedKey(packing) : ''
    const forms = found.get(constant) ?? new Map<string, Demanded>()
    found.set(constant, forms)
    const bytes = packing ? 4 * packedLength(constant, packing, shape) : bytesOf(constant)
    if (!forms.has(key)) forms.set(key, { value, bytes, ...(packing && { packing }) })
  }
  const visit = (argument: Argument): void => {
    if (argument.kind === 'value') add(argument.value)
    if (argument.kind === 'packed') add(argument.weights, argument.packing)
  }
  for (const groups of lowered.values())
    for (const { sizes, call } of groups) for (const part of [sizes, call]) part?.arguments.forEach(visit)
  return [...found.values()].flatMap((forms) => [...forms.values()])
}

function bytesOf({ type, dims }: Tensor): number {
  return elementsOf(dims) * memoryBytes(type)
}

/** What has to be stored to have a constant: itself, or, where that is less, what it was folded from. */
class Costs {
  private readonly known = new Map<Value, number>()
  private readonly stored: ReadonlySet<Tensor>

  /** `plain`: constants that kernels read as they are. Those that are stored in any case cost nothing more. */
  constructor(plain: readonly Value[]) {
    this.stored = new Set()
    this.stored = new Set(plain.filter((value) => !this.isMade(value)).map((value) => value.constant!))
    this.known.clear()
  }

  /** Bytes in the artifact. */
  of(value: Value): number {
    let cost = this.known.get(value)
    if (cost === undefined) {
      cost = this.stored.has(value.constant!) ? 0 : Math.min(leafBytes(value.constant!), this.ofInputs(value))
      this.known.set(value, cost)
    }
    return cost
  }

  /** Whether less is stored of a constant than its elements as they are in memory. */
  isMade(value: Value): boolean {
    return this.of(value) < bytesOf(value.constant!) && !this.stored.has(value.constant!)
  }

  /** Whether a constant is computed from others, and not unpacked from its own stored form. */
  isComputed(value: Value): boolean {
    return this.isMade(value) && this.ofInputs(value) <= leafBytes(value.constant!)
  }

  private ofInputs({ recipe }: Value): number {
    if (!recipe || recipe.node.graphs.size > 0) return Infinity
    const { inputs } = recipe.node
    // Of a Constant node there is nothing smaller.
    if (inputs.length === 0) return Infinity
    return inputs.reduce((sum, input) => sum + (input ? this.of(input) : 0), 0)
  }
}

/** Bytes that the elements take in a file. */
function leafBytes({ type, dims }: Tensor): number {
  return type === 'string' ? Infinity : packedBytes(type, elementsOf(dims))
}

function build(chosen: readonly Demanded[], costs: Costs, shape: KernelShape): Loading {
  const graph: Graph = { name: 'load', inputs: [], outputs: [], outputNames: [], nodes: [] }
  const builder = new GraphBuilder(graph, registry, new Identities(), { folds: false })
  const made = new Map<Value, Value>()
  const make = (value: Value): Value => {
    let result = made.get(value)
    if (!result) made.set(value, (result = makeNew(value)))
    return result
  }
  const makeNew = (value: Value): Value => {
    const { constant, recipe } = value
    if (recipe && costs.isComputed(value)) {
      const { node, outputs } = recipe
      const copy = new Node({ ...node, inputs: node.inputs.map((input) => input && make(input)) })
      const results = builder.append(copy, Array<string>(outputs.length).fill(''))
      outputs.forEach((output, i) => made.set(output, results[i]!))
      return made.get(value)!
    }
    if (!costs.isMade(value) || elementTypes[constant!.type].bits >= 8) return builder.constant(constant!)
    const bytes = builder.constant({ type: 'uint8', dims: [constant!.data.length], data: constant!.data })
    const attributes = { to: elementTypes[constant!.type].code, shape: constant!.dims }
    return builder.op('Unpack', [bytes], attributes, 'om')
  }
  const tensors = new Map<Tensor, Value>()
  const packed = new Map<Tensor, Map<string, Value>>()
  for (const { value, packing } of chosen) {
    const result = make(value)
    if (!packing) {
      tensors.set(value.constant!, result)
      graph.outputs.push(result)
      continue
    }
    const attributes = packAttributes(packing, packedLength(value.constant!, packing, shape))
    const output = builder.op('Pack', [result], attributes, 'om')
    const forms = packed.get(value.constant!) ?? new Map<string, Value>()
    packed.set(value.constant!, forms.set(packedKey(packing), output))
    graph.outputs.push(output)
  }
  removeDeadNodes(graph)
  return { graph, tensors, packed }
}
