/** Element types of ONNX tensors. A test holds this list equal to the one that `src/onnx/element-type.ts` derives from the schema. */
export type ElementType =
  | 'float32'
  | 'uint8'
  | 'int8'
  | 'uint16'
  | 'int16'
  | 'int32'
  | 'int64'
  | 'string'
  | 'bool'
  | 'float16'
  | 'float64'
  | 'uint32'
  | 'uint64'
  | 'complex64'
  | 'complex128'
  | 'bfloat16'
  | 'float8e4m3fn'
  | 'float8e4m3fnuz'
  | 'float8e5m2'
  | 'float8e5m2fnuz'
  | 'uint4'
  | 'int4'
  | 'float4e2m1'
  | 'float8e8m0'
  | 'uint2'
  | 'int2'

/** One dimension of a graph input or output: a number, a symbol's name (`batch`), or `null` where nobody named it. */
export type SignatureDim = number | string | null

/** A tensor of known rank. */
export interface TensorType {
  readonly type: ElementType
  readonly shape: readonly SignatureDim[]
}

/** A tensor in a sequence or optional: each has dimensions of its own, where no number stands; `null`: of any rank. */
export interface ElementTensorType {
  readonly type: ElementType
  readonly shape: readonly (number | null)[] | null
}

/** `labels`: the keys, where they are always the same; integers beyond 2^53 as text. */
export interface MapType {
  readonly type: 'map'
  readonly keys: 'string' | 'int64'
  readonly values: 'float32' | 'float64' | 'int64' | 'string'
  readonly labels?: readonly (string | number)[]
}

export interface SequenceType<Element extends ElementTensorType | MapType = ElementTensorType | MapType> {
  readonly type: 'sequence'
  readonly element: Element
  /** Of maps whose labels are known: how many, which is a dimension of the model's scores. */
  readonly length?: SignatureDim
}

export interface OptionalType {
  readonly type: 'optional'
  readonly element: ElementTensorType | SequenceType<ElementTensorType>
}

export type TensorEntry = TensorType & Named
/** An input or output that is no tensor. */
export type CollectionEntry = (SequenceType | OptionalType | MapType) & Named
export type SignatureEntry = TensorEntry | CollectionEntry

interface Named {
  readonly name: string
}

/** What a model takes and gives; types and run-time checks come from it, whichever compiler ran. */
export interface Signature {
  readonly inputs: readonly SignatureEntry[]
  readonly outputs: readonly SignatureEntry[]
}

/** The same of a model whose name begins error messages. */
export type NamedModel = Signature & { readonly name: string }

export function isTensor(entry: SignatureEntry): entry is TensorEntry {
  return 'shape' in entry
}

/** What goes into the model, or comes from it, for an entry. */
export type Crossing =
  | { readonly kind: 'tensor'; readonly type: ElementType; readonly shape: readonly SignatureDim[] }
  /** Tensors of one element type. */
  | {
      readonly kind: 'list'
      readonly isOptional: boolean
      readonly holds: 'tensor' | 'sequence'
      readonly element: ElementTensorType
    }
  /** A list of two tensors: keys and values. */
  | { readonly kind: 'map'; readonly map: MapType }

/** How a value crosses the border between JavaScript and the model: records of constant labels are rows of a tensor there. */
export function crossingOf(entry: SignatureEntry): Crossing {
  if (isTensor(entry)) return { kind: 'tensor', type: entry.type, shape: entry.shape }
  if (entry.type === 'map') return { kind: 'map', map: entry }
  const isOptional = entry.type === 'optional'
  const { element } = entry
  if (element.type === 'map')
    return { kind: 'tensor', type: element.values, shape: [rowsOf(entry), element.labels?.length ?? null] }
  if (element.type === 'sequence') return { kind: 'list', isOptional, holds: 'sequence', element: element.element }
  return { kind: 'list', isOptional, holds: isOptional ? 'tensor' : 'sequence', element }
}

function rowsOf(entry: CollectionEntry): SignatureDim {
  return (entry.type === 'sequence' ? entry.length : undefined) ?? null
}
