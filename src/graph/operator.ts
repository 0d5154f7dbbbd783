import type { Attribute, Tensor } from '../onnx/model.ts'
import type { Dim } from './dim.ts'
import type { Graph, Node, Value, ValueInfo } from './graph.ts'
import type { ListInfo } from './list-info.ts'
import type { Rules } from './rules.ts'

/** What an operator's shape rule may ask for beside its node. */
export interface InferContext {
  /** A symbol for a dimension that is only known when the model runs; the operator's `sizes` sets it. */
  freshDim(): Dim
  /** Imports the subgraph attribute `name` with inputs of these types, replacing an earlier import of it. */
  subgraph(name: string, inputs: readonly ValueInfo[]): Graph
  /** Adds nodes behind those of a subgraph. */
  inside<T>(graph: Graph, make: (builder: Builder) => T): T
}

/** Makes nodes with shapes inferred and constants folded: what decompositions and rewrites are written with. */
export interface Builder {
  /** One-output convenience: `b.op('Add', [x, y])`. Attributes as plain values; see `attribute` in builder.ts. */
  op(op: string, inputs: readonly (Value | undefined)[], attributes?: PlainAttributes, domain?: string): Value
  ops(
    op: string,
    inputs: readonly (Value | undefined)[],
    outputs: number,
    attributes?: PlainAttributes,
    domain?: string,
  ): Value[]
  /** The nodes of the subgraph attribute `name` of the node that is being decomposed, fed with `inputs`. */
  inline(name: string, inputs: readonly Value[]): Value[]
  /** A Loop node of `count` (an int64 scalar) iterations: the carried values at the end, then scan outputs; `outputs` in all. */
  loop(count: Value, initial: readonly Value[], outputs: number, body: LoopBody): Value[]
  /** A sequence or optional of these values; `list` says what an empty optional could hold. */
  collection(kind: 'sequence' | 'optional', type: Value['type'], elements: readonly Value[], list?: ListInfo): Value
  /** A value as the run has it: of a sequence that is known at compile time, a list is made there. */
  atRun(value: Value): Value
  constant(tensor: Tensor): Value
  /** A tensor of the given values; rank 1 unless `dims` says otherwise. */
  ints(values: readonly number[] | readonly bigint[], dims?: readonly number[]): Value
  /** A 1-D int64 tensor of dimensions, which may be symbolic: the shape to give to Reshape or Expand. */
  dims(values: readonly Dim[]): Value
  /** The elements of `x` in another shape; 0 is a size here, and not "as before" as in Reshape. */
  reshape(x: Value, dims: readonly Dim[]): Value
  /** `value` as one of a shape that something before has made sure of. */
  refined(value: Value, shape: readonly Dim[]): Value
  /** The node once more, on inputs and with outputs of the same shapes but of other element types. */
  retyped(node: Node, inputs: readonly (Value | undefined)[], types: readonly Value['type'][]): Value[]
  /** A scalar (rank 0) of the given element type. */
  scalar(value: number | bigint, type: Value['type']): Value
}

/** What one iteration makes of its number and the carried values: the next carried ones, then elements of scan outputs. */
export type LoopBody = (b: Builder, i: Value, carried: readonly Value[]) => readonly Value[]

export type PlainAttributes = Readonly<Record<string, PlainAttribute | undefined>>
/** Numbers that are integers become `int`, others `float`; say `{ kind: 'float', value: 1 }` where it matters. */
export type PlainAttribute = number | string | readonly number[] | readonly string[] | Tensor | Attribute

/**
 * One operator: schema, shape rule, folding and rewriting stand together; the lowering to C is added by
 * src/ops (`OperatorWithLowering`). `since` is the lowest opset version that the definition covers.
 */
export interface Operator {
  readonly name: string
  /** Default: `''`. */
  readonly domain?: string
  readonly since?: number
  /** What it demands of its inputs: holds when any of the functions below is called. A function where attributes or the version decide. */
  readonly rules: Rules | ((node: Node) => Rules)
  /** Types and shapes of the outputs. Throws `node.error(…)` on a model that breaks the operator's rules. */
  infer(node: Node, context: InferContext): readonly ValueInfo[]
  /** Whether its results may differ from run to run although its inputs are the same: random numbers, sizes of the run. */
  readonly varies?: boolean
  /** The outputs, where all inputs are constants. May decline by returning `undefined`. */
  fold?(node: Node): readonly Tensor[] | undefined
  /** The same computation with simpler operators. May decline by returning `undefined`. */
  decompose?(node: Node, builder: Builder): readonly Value[] | undefined
}

export interface OperatorRegistry {
  /** The definition for an operator at an opset version; `undefined` where there is none. */
  find(domain: string, op: string, version: number): Operator | undefined
}
