import { elementsOf } from '../onnx/tensor.ts'
import { elementTypes, memoryBytes, packedBytes } from '../onnx/element-type.ts'
import type { Tensor } from '../onnx/model.ts'
import { GraphBuilder } from '../graph/builder.ts'
import { type Graph, Identities, Node, type Value } from '../graph/graph.ts'
import { removeDeadNodes, usedBy } from '../graph/uses.ts'
import type { KernelShape } from '../lowering/kernel-shape.ts'
import { registry } from '../ops/index.ts'
import { packedLength, type Packing, type Panels, panelsLength, panelsOf } from '../lowering/packing.ts'
import { packAttributes, repackAttributes } from '../ops/nn/packing.ts'
import type { Argument } from './kernel.ts'
import type { LoweredGraphs } from './lower.ts'

/**
 * What is made when the model is loaded: values that are the same in every run although they did not fold, and constants
 * that are not stored as kernels read them, but made from what the file has: half precision and quantised weights that were
 * widened, elements of less than a byte, weights that grow when they are packed.
 */
export interface Loading {
  /** Computes them; its outputs are what is kept. */
  readonly graph: Graph
  /** Which output a constant is, as kernels find it. */
  readonly tensors: ReadonlyMap<Tensor, Value>
  /** The same of packed weights, by `packedKey`: of a constant, or of one of `values`' kind. */
  readonly packed: ReadonlyMap<Tensor | Value, ReadonlyMap<string, Value>>
  /** Panels that are stored for another shape than that of the kernels. */
  readonly repacked: ReadonlyMap<PanelsArgument, Value>
  /** Values of the main graph that are no constants. */
  readonly values: readonly Value[]
}

export type PanelsArgument = Extract<Argument, { readonly kind: 'panels' }>

/** What weights that are packed when compiling are stored for, where that is another shape than that of the kernels. */
export interface StoredPacking {
  readonly shape: KernelShape
  /** Packs float32 weights for it. */
  readonly pack: (weights: Tensor, packing: Packing) => Uint8Array
}

/** A model's main graph without the nodes whose results are the same in every run, and these. */
export interface Run {
  readonly main: Graph
  readonly lowered: LoweredGraphs
  readonly fixed: readonly Node[]
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

/** Decides what is made when loading, and how; `undefined` where nothing is. Code for other shapes decides the same. */
export function loadingOf(run: Run, shape: KernelShape, stored?: StoredPacking): Loading | undefined {
  const fixed = demandedValues(run)
  const inputs = new Set(run.fixed.flatMap((node) => node.inputs))
  const demanded = demandedConstants(run.lowered, inputs, stored?.shape ?? shape)
  const costs = new Costs(demanded.flatMap(({ value, packing }) => (packing ? [] : [value])))
  const chosen = demanded.filter(({ value, packing, bytes }) => {
    if (value.recipe?.isStored) return true
    const stored = costs.of(value)
    return (packing || costs.isMade(value)) && stored < WORTHWHILE * bytes && bytes - stored >= LEAST_SAVED
  })
  const saved = chosen.reduce((sum, { value, bytes }) => sum + bytes - costs.of(value), 0)
  const worthwhile =
    saved < LEAST_SAVED_IN_ALL
      ? chosen.filter(({ value }) => value.recipe?.isStored)
      : withOtherForms(chosen, demanded, costs)
  const isMade = new Set(worthwhile)
  const repacked = stored && {
    ...stored,
    weights: demanded.filter((one) => one.packing && !isMade.has(one)),
    panels: demandedPanels(run.lowered),
  }
  const isEmpty = [worthwhile, fixed.values, fixed.packed, repacked?.weights, repacked?.panels].every(
    (list) => !list || list.length === 0,
  )
  return isEmpty ? undefined : build(worthwhile, { ...fixed, nodes: run.fixed }, costs, shape, repacked)
}

/** What is stored for another shape. */
interface Repacked extends StoredPacking {
  readonly weights: readonly Demanded[]
  readonly panels: readonly PanelsArgument[]
}

function demandedPanels(lowered: LoweredGraphs): PanelsArgument[] {
  const calls = [...lowered.values()].flat().flatMap(({ sizes, call }) => [sizes, call])
  return calls.flatMap((call) => call?.arguments ?? []).filter((argument) => argument.kind === 'panels')
}

/** What is packed one way when loading is stored as it is, so that it costs nothing to pack it in other ways, too. */
function withOtherForms(chosen: readonly Demanded[], demanded: readonly Demanded[], costs: Costs): Demanded[] {
  const isChosen = new Set(chosen)
  const stored = new Set(
    chosen.flatMap(({ value, packing }) => (packing && !costs.isMade(value) ? [value.constant] : [])),
  )
  return demanded.filter((one) => isChosen.has(one) || (one.packing && stored.has(one.value.constant)))
}

/** Results of nodes that run when loading. */
interface DemandedValues {
  readonly values: readonly Value[]
  readonly packed: readonly { readonly value: Value; readonly packing: Packing }[]
}

/** Which of them are used by runs, as they are and packed. */
function demandedValues({ main, lowered, fixed }: Run): DemandedValues {
  const made = new Set(fixed.flatMap(({ outputs }) => outputs))
  const values = new Set(main.outputs)
  const packed = new Map<string, { value: Value; packing: Packing }>()
  for (const { sizes, call, nodes } of [...lowered.values()].flat()) {
    if (!call) for (const value of nodes.flatMap((node) => [...usedBy(node)])) values.add(value)
    for (const argument of [sizes, call].flatMap((part) => part?.arguments ?? [])) {
      if (argument.kind === 'value') values.add(argument.value)
      if (argument.kind === 'packed' && made.has(argument.weights))
        packed.set(`${argument.weights.id} ${packedKey(argument.packing)}`, {
          value: argument.weights,
          packing: argument.packing,
        })
    }
  }
  return { values: [...values].filter((value) => made.has(value)), packed: [...packed.values()] }
}

/** `inputs`: of nodes that run when loading. */
function demandedConstants(
  lowered: LoweredGraphs,
  inputs: ReadonlySet<Value | undefined>,
  shape: KernelShape,
): Demanded[] {
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
  for (const input of inputs) if (input) add(input)
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
  private readonly stored = new Set<Tensor>()

  /** `plain`: constants that kernels read as they are. Those that are stored in any case cost nothing more. */
  constructor(plain: readonly Value[]) {
    const kept = plain.filter((value) => !this.isMade(value))
    for (const { constant } of kept) this.stored.add(constant!)
    // What is made of those costs less than was thought.
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

function build(
  chosen: readonly Demanded[],
  fixed: DemandedValues & { readonly nodes: readonly Node[] },
  costs: Costs,
  shape: KernelShape,
  stored: Repacked | undefined,
): Loading {
  const graph: Graph = { name: 'load', inputs: [], outputs: [], outputNames: [], nodes: [] }
  const ids = fixed.nodes.flatMap(({ inputs, outputs }) => [...inputs, ...outputs].map((value) => value?.id ?? 0))
  const identities = new Identities(ids.reduce((most, id) => Math.max(most, id + 1), 0))
  const builder = new GraphBuilder(graph, registry, identities, { folds: false })
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
  const packed = new Map<Tensor | Value, Map<string, Value>>()
  const pack = (weights: Tensor | Value, value: Value, packing: Packing): void => {
    const attributes = packAttributes(packing, packedLength({ dims: value.staticShape! }, packing, shape))
    const output = builder.op('Pack', [value], attributes, 'om')
    const forms = packed.get(weights) ?? new Map<string, Value>()
    packed.set(weights, forms.set(packedKey(packing), output))
    graph.outputs.push(output)
  }
  for (const { value, packing } of chosen) {
    const result = make(value)
    if (packing) pack(value.constant!, result, packing)
    else {
      tensors.set(value.constant!, result)
      graph.outputs.push(result)
    }
  }
  const repack = (type: 'float32' | 'int8' | 'int32', data: Uint8Array, panels: Panels, from: Panels): Value => {
    const dims = [data.length / memoryBytes(type)]
    const at = (4 * panelsLength(panels, shape)) / memoryBytes(type)
    const output = builder.op(
      'Repack',
      [builder.constant({ type, dims, data })],
      repackAttributes(panels, { panels: from, shape: stored!.shape }, at),
      'om',
    )
    graph.outputs.push(output)
    return output
  }
  for (const { value, packing } of stored?.weights ?? []) {
    const forms = packed.get(value.constant!) ?? new Map<string, Value>()
    const output = repack(
      'float32',
      stored!.pack(value.constant!, packing!),
      panelsOf(value.constant!, packing!, shape),
      panelsOf(value.constant!, packing!, stored!.shape),
    )
    packed.set(value.constant!, forms.set(packedKey(packing!), output))
  }
  const repacked = new Map<PanelsArgument, Value>()
  for (const argument of stored?.panels ?? []) {
    const { pack: packFor, panels } = argument.constant
    repacked.set(argument, repack(argument.type, packFor(stored!.shape), panels, panels))
  }
  graph.nodes.push(...fixed.nodes)
  graph.outputs.push(...fixed.values)
  for (const { value, packing } of fixed.packed) pack(value, value, packing)
  removeDeadNodes(graph)
  return { graph, tensors, packed, repacked, values: fixed.values }
}
