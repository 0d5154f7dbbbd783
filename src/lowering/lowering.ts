import type { ElementType } from '../onnx/element-type.ts'
import type { Dim } from '../graph/dim.ts'
import type { Demand } from '../graph/demand.ts'
import type { Graph, Node, Value } from '../graph/graph.ts'
import type { Operator } from '../graph/operator.ts'
import type { WinogradUse } from './choices.ts'
import type { KernelShape } from './kernel-shape.ts'
import type { PackedConstant, Packing } from './packing.ts'
import type { Slice } from './slice.ts'

/**
 * Writes the body of one C function. Everything the body needs becomes a parameter at its first mention, named by
 * order, so nodes that do the same thing with the same constants share one function.
 *
 * Data is dense and row-major, but where an operator says that pixels may lie apart. Sub-byte elements take a byte each, bool is
 * 0 or 1, strings are `const char *`.
 */
export interface KernelWriter {
  /** The register tile that weights are packed for. */
  readonly shape: KernelShape
  readonly winograd: WinogradUse
  /** Parameter that points at input `i` (`const T *`). */
  input(i: number): string
  /** Parameter that points at output `i` (`T *`); allocated before the kernel runs. */
  output(i?: number): string
  /** Parameter that points at any value. */
  value(value: Value): string
  /** Where the elements of `value` lie; apart only where the operator's `pixelsApart` allowed it. */
  slice(value: Value): Slice
  /** A dimension as C expression of type int64_t: a literal, or a parameter. */
  dim(dim: Dim): string
  /** Number of elements of a shape, as C expression. */
  count(shape: readonly Dim[]): string
  /** In `sizes`: parameter `int64_t *` through which a fresh symbol is set. */
  symbol(dim: Dim): string
  /** Parameter that points at `bytes` of scratch memory, 64-byte aligned, undefined contents. */
  scratch(bytes: Dim, cType: string): string
  /** Parameter `om_texts *` for `om_make_text`: texts that the body makes live until the model's call ends. */
  texts(): string
  /** Parameter that points at constant data made at compile time (packed weights, tables), 64-byte aligned, little-endian elements of `type`. */
  constant(type: ElementType, bytes: Uint8Array): string
  /** The same of data in panels, which are packed for `shape`. */
  panels(type: 'int8' | 'int32', constant: PackedConstant): string
  /** Whether `value` is the same in every run: a constant, or computed from constants when the model is loaded. */
  isFixed(value: Value): boolean
  /** Parameter that points at fixed float32 weights as a kernel reads them, 64-byte aligned: packed when compiling, or when the model is loaded. */
  packed(weights: Value, packing: Packing): string
  /**
   * Lets several threads run the body at once where they are wanted, see native/kernels/parallel.h: each is to do the parts
   * of it that are its own. A body that can fail is one thread's.
   *
   * @param work multiplications; with few of them one thread is quicker
   * @param ownBytes what each thread needs of `om_own_scratch`
   * @returns whether the body may be run so
   */
  share(work: Dim, ownBytes?: Dim): boolean
  /** A line (or several) of the body. */
  line(text: string): void
  /** Ends the call with OM_ERR_SHAPE unless two C expressions of type int64_t are equal. */
  failUnlessEqual(given: string, expected: string, sentence: string): void
  /** The C of a user that the body calls: the function, what messages call its text, and the text. Once per text. */
  source(name: string, file: string, text: string): void
  /** A C header of native/kernels that the body needs, e.g. `gemm.h`. */
  include(header: string): void
  /** Ends the call with OM_ERR_VALUE and this sentence when the C condition holds: bad data met at run time. */
  failIf(condition: string, sentence: string): void
}

/** Writes statements at the level of the model's run function, for operators with subgraphs. */
export interface ControlWriter {
  line(text: string): void
  /** C expression of a value's data pointer. */
  pointer(value: Value): string
  /** The same, of no type: for `void *`. */
  address(value: Value): string
  /** C expression of a dimension. */
  dim(dim: Dim): string
  /** C variable of a fresh symbol, to assign to. */
  symbol(dim: Dim): string
  /** The statements of a subgraph. */
  graph(graph: Graph): void
  /** C expression of a sequence or optional that only the run knows: `om_list *`. */
  list(value: Value): string
  /** C expression of a value's size in bytes; -1 where no machine has as many. */
  bytes(value: Value): string
  /** Makes room for `value` (symbols of its shape must be set) where it has no fixed place. */
  allocate(value: Value): void
  /** Copies data between values of equal shape, or the tensors of a list. */
  copy(from: Value, to: Value): void
  /** As `copy` of a list, or a `move` where `node`, in whose statements this is, is all that uses `from`. */
  takeOver(node: Node, from: Value, to: Value): void
  /** Swaps the memory of two values, each of which has memory of its own; falls back to a copy into `b`. */
  move(from: Value, to: Value): void
  /** Stores `from` as row `row` (a C expression) of `to`, which grows row by row and has a slot. */
  append(from: Value, to: Value, row: string): void
  /** Ends the call with OM_ERR_VALUE when the C condition holds. */
  failIf(condition: string, sentence: string): void
  /** Ends the call with OM_ERR_SHAPE unless two C expressions of type int64_t are equal. */
  failUnlessEqual(given: string, expected: string, sentence: string): void
  /** Ends the call with OM_ERR_MEMORY unless the C expression, a call, gives true. */
  needsMemory(call: string): void
  /** Ends the call with OM_ERR_SHAPE unless the demand is met. */
  demand(demand: Demand): void
  /** A fresh C identifier. */
  name(): string
}

/** The C expression of one output element from one element of each input. */
export type Scalar = (node: Node, elements: readonly string[], k: Pick<KernelWriter, 'include'>) => string

export interface Bounded {
  /** What magnitudes must be under: a C constant. */
  readonly limit: string
  readonly scalar: Scalar
}

/** An operator with its lowering to C. Exactly one of `alias`, `scalar`, `lower`, `control` unless it always folds or decomposes. */
export interface LoweredOperator extends Operator {
  /** Output 0 is input `alias` with another shape: no code, shared memory. */
  readonly alias?: number
  /**
   * Elementwise with broadcasting. Elements arrive and leave in their compute type: float for float16, bfloat16 and float8; the C type otherwise.
   */
  scalar?: Scalar
  /** A quicker `scalar` for elements of its one input that are all smaller than a limit. */
  bounded?(node: Node): Bounded | undefined
  /** Conditions on inputs that their shapes at compile time can't promise. Runs before outputs are allocated. */
  check?(node: Node, k: KernelWriter): void
  /** Sets the symbols that `infer` made fresh, from input data. Runs before outputs are allocated. */
  sizes?(node: Node, k: KernelWriter): void
  /** `epilogue`: elementwise nodes fused behind this one, in order; only where `fuses` allowed each. */
  lower?(node: Node, k: KernelWriter, epilogue: readonly Node[]): void
  /** Whether `next`, an elementwise node that alone uses the last output, may join `epilogue`. */
  fuses?(node: Node, epilogue: readonly Node[], next: Node): boolean
  control?(node: Node, c: ControlWriter): void
  /**
   * Inputs whose pixels (rows of the last axis) may lie apart, see `KernelWriter.slice`, where those of the result and of what the
   * epilogue reads may, too; `undefined`: none may. Elementwise operators need not say it.
   */
  pixelsApart?(node: Node): readonly number[] | undefined
  /** Whether what the inputs hold, beside their sizes, says how much there is to do. */
  worksByData?(node: Node): boolean
  /** Inputs whose elements say how large the outputs are where only the run knows. Default: all. */
  readonly sizedBy?: readonly number[]
  /** Floating-point operations of one run; a multiply-add counts two. Default: elements of the outputs. */
  flops?(node: Node): Dim
}
