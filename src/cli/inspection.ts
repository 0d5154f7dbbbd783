import { builtinSource } from '../builtin/index.ts'
import { CompileError } from '../errors/index.ts'
import { allNodes } from '../graph/graph.ts'
import { modelSignature } from '../compilers/model-signature.ts'
import { packedBytes } from '../onnx/element-type.ts'
import type { Attribute, Model, OnnxGraph, OnnxNode, ValueInfo } from '../onnx/model.ts'
import { elementsOf } from '../onnx/tensor.ts'
import { typeText } from '../onnx/type-proto.ts'
import { graphIfReadable, graphOf } from '../ops/index.ts'
import { assumedDims } from '../report/assumed.ts'
import { isTensor, type SignatureDim, type SignatureEntry } from '../runtime/signature.ts'
import { resolveTarget, type Target } from '../targets/index.ts'
import { entryTypeText } from './entry-type.ts'
import { decidingSizes, sizesAdvice, unsized } from './deciding-sizes.ts'
import { activationPeak, flopsOf } from './cost.ts'

/** An input or output; `shape` is `null` where not even the rank is known. */
export interface InspectedValue {
  readonly name: string
  readonly type: string
  readonly shape: readonly SignatureDim[] | null
}

/** All that `inspect` tells of a model. */
export interface Inspection {
  readonly inputs: readonly InspectedValue[]
  readonly outputs: readonly InspectedValue[]
  /** Nodes by operator, those of subgraphs included, as the file has them. */
  readonly operators: Readonly<Record<string, number>>
  readonly nodes: number
  /** Elements of all initializers. */
  readonly parameters: number
  /** Bytes of all initializers. */
  readonly parameterBytes: number
  /** Elements of the tensors in `Constant` nodes, where some exporters put the parameters. */
  readonly constants: number
  /** Floating-point operations of one run; a multiply-add counts two. `null`: see `notes`. */
  readonly flops: number | null
  readonly memory: Memory | null
  /** Dynamic dimensions that `flops` and `memory` take as 1. */
  readonly assumedOne: readonly string[]
  readonly opset: Readonly<Record<string, number>>
  readonly irVersion: number
  /** Of the file: `ONNX`, or what it was converted from. */
  readonly format: string
  readonly producer: string
  readonly docString: string
  readonly metadata: Readonly<Record<string, string>>
  readonly functions: readonly string[]
  readonly files: readonly { readonly path: string; readonly bytes: number; readonly sha256: string }[]
  /** Why something is missing above. */
  readonly notes: readonly string[]
}

/** Bytes, as the built-in compiler plans them. */
export interface Memory {
  /** Working memory of one call; what is known at run time only comes on top. */
  readonly arena: number
  /** Constants in the library, packed for its kernels. */
  readonly weights: number
  /** Largest total of values that are alive at once when nodes run one by one. */
  readonly activationPeak: number
}

/** @param dims sizes of symbolic dimensions @param target what memory is planned for */
export function inspectModel(model: Model, dims: ReadonlyMap<string, number>, target: Target): Inspection {
  const notes: string[] = []
  const nodes = [...nodesOf(model.graph)]
  const initializers = [...graphsOf(model.graph)].flatMap((graph) => [...graph.initializers.values()])
  const elements = initializers.map((tensor) => elementsOf(tensor.dims))
  const cost = costOf(model, dims, target, notes)
  return {
    ...signatureOf(model),
    operators: histogram(nodes),
    nodes: nodes.length,
    parameters: sum(elements),
    parameterBytes: sum(initializers.map(({ type }, i) => packedBytes(type, elements[i]!))),
    constants: sum(nodes.map(constantElements)),
    ...cost,
    opset: Object.fromEntries(model.opsets),
    irVersion: model.irVersion,
    format: model.format ?? 'ONNX',
    producer: model.producer,
    docString: model.docString,
    metadata: Object.fromEntries(model.metadata),
    functions: [...model.functions.values()].map(({ domain, name }) => `${domain}.${name}`),
    files: model.files,
    notes,
  }
}

/** What takes the built-in compiler's graph; left out where that compiler lacks something, with a note that says what. */
function costOf(
  model: Model,
  dims: ReadonlyMap<string, number>,
  target: Target,
  notes: string[],
): Pick<Inspection, 'flops' | 'memory' | 'assumedOne'> {
  const result: { flops: number | null; memory: Memory | null; assumedOne: string[] } = {
    flops: null,
    memory: null,
    assumedOne: [],
  }
  const isReadable = (sizes: ReadonlyMap<string, number>): boolean => graphIfReadable(model, sizes) !== undefined
  try {
    const graph = graphOf(model, dims)
    result.assumedOne = assumedDims(graph.inputs, allNodes(graph))
    const problem = unsized(model, graph, result.assumedOne, (sizes) => isReadable(new Map([...dims, ...sizes])))
    if (problem !== undefined) notes.push(`FLOPs are unknown: ${problem}.`)
    else result.flops = flopsOf(graph)
    const levels = target.levels?.map((name) => resolveTarget(name))
    const { arenaBytes, weights } = builtinSource(model, { target, levels, dims, identity: 'inspect' })
    result.memory = { arena: arenaBytes, weights: weights.bytes, activationPeak: activationPeak(graph) }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    const missing = error.data['missing']
    const sizes = Array.isArray(missing) ? undefined : decidingSizes(model, dims, isReadable)
    const why = Array.isArray(missing) ? `the built-in compiler lacks ${missing.join(', ')}` : error.message
    notes.push(`${result.flops === null && notes.length === 0 ? 'FLOPs and memory are' : 'Memory is'} unknown: ${why}`)
    if (sizes) notes.push(capitalised(`${sizesAdvice(model, sizes)}.`))
  }
  return result
}

function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}

/** The signature, or, where inputs or outputs are no tensors of known rank, what the file states. */
function signatureOf(model: Model): Pick<Inspection, 'inputs' | 'outputs'> {
  try {
    const { inputs, outputs } = modelSignature(model)
    return { inputs: inputs.map(inspected), outputs: outputs.map(inspected) }
  } catch (error) {
    if (!(error instanceof CompileError)) throw error
    return { inputs: model.graph.inputs.map(stated), outputs: model.graph.outputs.map(stated) }
  }
}

function inspected(entry: SignatureEntry): InspectedValue {
  if (isTensor(entry)) return entry
  return { name: entry.name, type: entryTypeText(entry), shape: null }
}

function stated({ name, type }: ValueInfo): InspectedValue {
  const shape = type?.kind === 'tensor' ? type.shape : undefined
  return { name, type: type ? typeText(type) : 'unknown', shape: shape?.map((dim) => dim ?? null) ?? null }
}

function* graphsOf(graph: OnnxGraph): Generator<OnnxGraph> {
  yield graph
  for (const node of graph.nodes)
    for (const attribute of node.attributes.values())
      for (const subgraph of subgraphsOf(attribute)) yield* graphsOf(subgraph)
}

function subgraphsOf(attribute: Attribute): readonly OnnxGraph[] {
  if (attribute.kind === 'graph') return [attribute.value]
  return attribute.kind === 'graphs' ? attribute.value : []
}

/** The nodes of a graph and of its subgraphs. */
export function* nodesOf(main: OnnxGraph): Generator<OnnxNode> {
  for (const graph of graphsOf(main)) yield* graph.nodes
}

/** The most frequent first. A model may call an operator anything: `Object.fromEntries` takes any name as a property. */
function histogram(nodes: readonly OnnxNode[]): Record<string, number> {
  const counts = new Map<string, number>()
  for (const { domain, op } of nodes) {
    const name = domain ? `${domain}.${op}` : op
    counts.set(name, (counts.get(name) ?? 0) + 1)
  }
  return Object.fromEntries([...counts].sort(([a, m], [b, n]) => n - m || (a < b ? -1 : 1)))
}

function constantElements({ domain, op, attributes }: OnnxNode): number {
  const value = attributes.get('value')
  return op === 'Constant' && domain === '' && value?.kind === 'tensor' ? elementsOf(value.value.dims) : 0
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0)
}
