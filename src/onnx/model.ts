import type { ElementType } from './element-type.ts'
import type { UserOperator } from './user-operator.ts'

/**
 * A decoded ONNX file, as plain data. Names are the model's own and never trusted:
 * look them up in `Map`s, and escape them wherever they are written.
 */
export interface Model {
  /** Absolute path, or a name for models that came as bytes. */
  readonly path: string
  readonly irVersion: number
  /** Domain → opset version; the default domain is `''` (also for `ai.onnx`). */
  readonly opsets: ReadonlyMap<string, number>
  readonly producer: string
  readonly docString: string
  readonly metadata: ReadonlyMap<string, string>
  readonly graph: OnnxGraph
  /** Model-local functions, keyed `domain:name:overload`. */
  readonly functions: ReadonlyMap<string, OnnxFunction>
  /** Name of the format that the model was converted from; absent where the file is ONNX. */
  readonly format?: string
  /** What the user defines for its nodes beside the file. */
  readonly operators?: readonly UserOperator[]
  /** Everything on disk that the model consists of: the file itself first, then external data files. */
  readonly files: readonly ModelFile[]
}

/** A file that the model was read from. `sha256` is over the whole file, in hex. */
export interface ModelFile {
  /** Of external data: where the model says, below the model's folder; it may be a link to another file there. */
  readonly path: string
  readonly bytes: number
  readonly sha256: string
}

export interface OnnxGraph {
  readonly name: string
  /** Graph inputs that must be given: those that are also initializers are left out. */
  readonly inputs: readonly ValueInfo[]
  readonly outputs: readonly ValueInfo[]
  /** Types and shapes that the file states for inner values. */
  readonly valueInfo: ReadonlyMap<string, ValueInfo>
  readonly initializers: ReadonlyMap<string, Tensor>
  readonly nodes: readonly OnnxNode[]
}

export interface OnnxFunction {
  readonly name: string
  readonly domain: string
  readonly opsets: ReadonlyMap<string, number>
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  /** Attributes without a default, by name. */
  readonly attributes: readonly string[]
  readonly attributeDefaults: ReadonlyMap<string, Attribute>
  readonly nodes: readonly OnnxNode[]
}

export interface OnnxNode {
  /** May be empty: names are optional in ONNX. */
  readonly name: string
  readonly op: string
  /** `''` is the default domain. */
  readonly domain: string
  readonly overload: string
  /** `''` is an omitted optional input. */
  readonly inputs: readonly string[]
  readonly outputs: readonly string[]
  readonly attributes: ReadonlyMap<string, Attribute>
}

export type Attribute =
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'string'; readonly value: string }
  | { readonly kind: 'tensor'; readonly value: Tensor }
  | { readonly kind: 'graph'; readonly value: OnnxGraph }
  | { readonly kind: 'type'; readonly value: TypeInfo }
  | { readonly kind: 'floats'; readonly value: readonly number[] }
  | { readonly kind: 'ints'; readonly value: readonly bigint[] }
  | { readonly kind: 'strings'; readonly value: readonly string[] }
  | { readonly kind: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly kind: 'graphs'; readonly value: readonly OnnxGraph[] }
  | { readonly kind: 'types'; readonly value: readonly TypeInfo[] }
  /** In a function body: stands for the attribute `value` of the calling node. */
  | { readonly kind: 'reference'; readonly value: string }

/** A dimension as the file states it: a number, a name (`dim_param`), or nothing. */
export type OnnxDim = number | string | undefined

export type TypeInfo =
  | { readonly kind: 'tensor'; readonly type: ElementType; readonly shape: readonly OnnxDim[] | undefined }
  | { readonly kind: 'sequence'; readonly element: TypeInfo }
  | { readonly kind: 'optional'; readonly element: TypeInfo }
  | { readonly kind: 'map'; readonly key: ElementType; readonly value: TypeInfo }

export interface ValueInfo {
  readonly name: string
  /** Absent where the file states no type (allowed for inner values and subgraph outputs). */
  readonly type: TypeInfo | undefined
  /** What the file says of it; absent where that is nothing. */
  readonly docString?: string
}

/**
 * A tensor in memory. `data` is little-endian and dense, as in `raw_data`:
 * sub-byte types are packed (low bits first), complex numbers are pairs, bool is one byte.
 * Strings are in `strings`, and `data` is empty.
 */
export interface Tensor {
  readonly type: ElementType
  readonly dims: readonly number[]
  readonly data: Uint8Array
  readonly strings?: readonly string[]
}
