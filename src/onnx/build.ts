import type { ElementType } from './element-type.ts'
import type { Attribute, OnnxDim, OnnxFunction, OnnxGraph, OnnxNode, Tensor, TypeInfo, ValueInfo } from './model.ts'
import { encodeModel, type WritableModel } from './write.ts'

// A short way to write ONNX models down, for exporters and tests:
//
//   modelBytes({
//     opsets: { '': 21 },
//     inputs: { x: tensorType('float32', ['batch', 4]) },
//     outputs: { y: tensorType('float32', ['batch', 2]) },
//     initializers: { W: tensorFrom('float32', [4, 2], weights) },
//     nodes: [{ op: 'Gemm', inputs: ['x', 'W'], outputs: ['y'], attributes: { alpha: 0.5, transB: 0n } }],
//   })

/** Things by name, in order; a `Map` where names look like integers, whose place in an object is not their own. */
export type Named<T> = Readonly<Record<string, T>> | ReadonlyMap<string, T>

export interface ModelSource extends GraphSource {
  /** Domain → opset version; `''` is ONNX's own domain. */
  readonly opsets: Named<number>
  /** Default: 10, which opsets up to 21 came with. */
  readonly irVersion?: number
  readonly producer?: string
  readonly docString?: string
  readonly metadata?: Named<string>
  readonly functions?: readonly FunctionSource[]
}

export interface GraphSource {
  readonly name?: string
  /** In order. `undefined`: the file states no type, as subgraph outputs may. */
  readonly inputs?: Named<TypeInfo | undefined>
  readonly outputs: Named<TypeInfo | undefined>
  readonly valueInfo?: Named<TypeInfo>
  readonly initializers?: Named<Tensor>
  readonly nodes: readonly NodeSource[]
}

export interface NodeSource {
  readonly op: string
  readonly inputs?: readonly string[]
  readonly outputs: readonly string[]
  readonly name?: string
  readonly domain?: string
  readonly overload?: string
  readonly attributes?: Named<AttributeSource>
}

/**
 * The value of an attribute: a bigint is an int and a number is a float, so `axis: 1n` and `alpha: 0.5`.
 * A whole `Attribute` says its kind itself, as an empty list has to.
 */
export type AttributeSource =
  | number
  | bigint
  | string
  | Tensor
  | GraphSource
  | readonly number[]
  | readonly bigint[]
  | readonly string[]
  | Attribute

export interface FunctionSource extends Pick<OnnxFunction, 'name' | 'domain' | 'inputs' | 'outputs'> {
  readonly overload?: string
  readonly opsets: Named<number>
  readonly attributes?: readonly string[]
  readonly attributeDefaults?: Named<AttributeSource>
  readonly nodes: readonly NodeSource[]
}

/** The type of a tensor value; without a shape not even its rank is known. */
export function tensorType(type: ElementType, shape?: readonly OnnxDim[]): TypeInfo {
  return { kind: 'tensor', type, shape }
}

/** The bytes of an ONNX file that says what `source` says. Nothing is checked: that is the reader's work. */
export function modelBytes(source: ModelSource): Uint8Array {
  return encodeModel(modelOf(source))
}

/** What {@link modelBytes} writes. */
export function modelOf(source: ModelSource): WritableModel {
  return {
    irVersion: source.irVersion ?? 10,
    opsets: new Map(entries(source.opsets)),
    producer: source.producer ?? '',
    docString: source.docString ?? '',
    metadata: new Map(entries(source.metadata)),
    graph: graphOf(source),
    functions: new Map(
      (source.functions ?? []).map((fn) => [`${fn.domain}:${fn.name}:${fn.overload ?? ''}`, functionOf(fn)]),
    ),
  }
}

function graphOf(source: GraphSource): OnnxGraph {
  const valueInfo = entries(source.valueInfo)
  return {
    name: source.name ?? 'graph',
    inputs: values(source.inputs),
    outputs: values(source.outputs),
    valueInfo: new Map(valueInfo.map(([name, type]) => [name, { name, type }])),
    initializers: new Map(entries(source.initializers)),
    nodes: source.nodes.map(nodeOf),
  }
}

function values(types: Named<TypeInfo | undefined> | undefined): ValueInfo[] {
  return entries(types).map(([name, type]) => ({ name, type }))
}

function functionOf(source: FunctionSource): OnnxFunction {
  return {
    name: source.name,
    domain: source.domain,
    opsets: new Map(entries(source.opsets)),
    inputs: source.inputs,
    outputs: source.outputs,
    attributes: source.attributes ?? [],
    attributeDefaults: attributesOf(source.attributeDefaults),
    nodes: source.nodes.map(nodeOf),
  }
}

function nodeOf(source: NodeSource): OnnxNode {
  return {
    name: source.name ?? '',
    op: source.op,
    domain: source.domain ?? '',
    overload: source.overload ?? '',
    inputs: source.inputs ?? [],
    outputs: source.outputs,
    attributes: attributesOf(source.attributes),
  }
}

function attributesOf(sources: Named<AttributeSource> | undefined): Map<string, Attribute> {
  return new Map(entries(sources).map(([name, source]) => [name, attributeOf(source)]))
}

function attributeOf(value: AttributeSource): Attribute {
  if (typeof value === 'number') return { kind: 'float', value }
  if (typeof value === 'bigint') return { kind: 'int', value }
  if (typeof value === 'string') return { kind: 'string', value }
  if ('kind' in value) return value
  if ('nodes' in value) return { kind: 'graph', value: graphOf(value) }
  if ('dims' in value) return { kind: 'tensor', value }
  return listOf(value)
}

function listOf(value: readonly (number | bigint | string)[]): Attribute {
  if (isListOf(value, (item) => typeof item === 'number')) return { kind: 'floats', value }
  if (isListOf(value, (item) => typeof item === 'bigint')) return { kind: 'ints', value }
  if (isListOf(value, (item) => typeof item === 'string')) return { kind: 'strings', value }
  throw new TypeError(
    'an attribute list must hold numbers, bigints or text, and only one of them; give an empty one as an Attribute',
  )
}

function isListOf<T>(value: readonly unknown[], is: (item: unknown) => item is T): value is readonly T[] {
  return value.length > 0 && value.every(is)
}

function entries<T>(named: Named<T> | undefined): [string, T][] {
  return named instanceof Map ? [...named] : Object.entries(named ?? {})
}
