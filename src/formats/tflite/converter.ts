import type { AttributeSource, Named } from '../../onnx/build.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { quote, type Site } from '../../onnx/reading.ts'
import { tensorFrom, tensorNumbers } from '../../onnx/tensor.ts'
import type { GraphWriter } from '../graph-writer.ts'
import { transposed } from '../transposed.ts'
import { isCode } from './codes.ts'
import { constantOf, realConstant, transposedQuantization } from './constants.ts'
import type { File, OperatorFact, Quantization, Subgraph, TensorFact } from './schema.ts'
import type { States } from './state.ts'

/** What writes one operator of a subgraph as nodes of ONNX. */
export type Handler = (c: Converter, operator: OperatorFact) => void

/** From channels last to channels first, and back. */
const toFirst = [0, 3, 1, 2]
const toLast = [0, 2, 3, 1]

/** In which order the axes of a value of rank 4 are written: TFLite's own, or ONNX's for convolutions. */
export type Layout = 'last' | 'first'

/**
 * Converts one subgraph. A tensor of it is a value of ONNX in TFLite's layout (channels last), in ONNX's (first), or both:
 * the second is made when it is first asked for, so that convolutions in a row have no Transpose between them. Tensors that
 * are quantised are values of codes; `real` gives what they stand for (DequantizeLinear), and `setReal` the codes of a real
 * (QuantizeLinear), so that each operator is float between, which is ONNX's QDQ form.
 */
export class Converter {
  readonly file: File
  readonly graph: Subgraph
  readonly writer: GraphWriter
  readonly site: Site
  readonly states: States
  readonly #depth: number
  readonly #values = { last: new Map<number, string>(), first: new Map<number, string>() }
  readonly #reals = { last: new Map<number, string>(), first: new Map<number, string>() }
  readonly #constants = new Map<number, Tensor | undefined>()

  constructor(file: File, graph: Subgraph, writer: GraphWriter, site: Site, states: States, depth = 0) {
    this.file = file
    this.graph = graph
    this.writer = writer
    this.site = site
    this.states = states
    this.#depth = depth
    site.bound('subgraphDepth', depth, `graphs that call each other ${depth} deep`)
  }

  /** The same for another subgraph of the file, in a graph inside of this one or in this one itself. */
  within(graph: Subgraph, writer: GraphWriter): Converter {
    return new Converter(this.file, graph, writer, this.site, this.states, this.#depth + 1)
  }

  fact(tensor: number): TensorFact {
    return this.graph.tensors[tensor] ?? this.fail('has an operator without an input that it needs')
  }

  rank(tensor: number): number {
    return this.fact(tensor).shape.length
  }

  /** A size that is the same in every run. */
  size(tensor: number, axis: number): number | undefined {
    const { shape, varying } = this.fact(tensor)
    return varying[axis] ? undefined : shape[axis]
  }

  type(tensor: number): ElementType {
    const { type, name } = this.fact(tensor)
    return type ?? this.fail(`has a tensor ${quote(name)} of a type that ONNX has not`)
  }

  fail(text: string): never {
    return this.site.fail('MODEL_UNSUPPORTED', `${text}, which is not read.`)
  }

  op(op: string, inputs: readonly string[], attributes?: Named<AttributeSource>): string {
    return this.writer.op(op, inputs, attributes)
  }

  // Constants

  /** The contents of a tensor that is the same in every run, as stored. */
  constant(tensor: number): Tensor | undefined {
    if (tensor < 0) return undefined
    if (!this.#constants.has(tensor)) {
      const fact = this.fact(tensor)
      this.#constants.set(tensor, constantOf(fact, this.site.part(`tensor ${quote(fact.name)}`)))
    }
    return this.#constants.get(tensor)
  }

  /** Numbers of a constant: axes, shapes, pads. */
  numbers(tensor: number): number[] | undefined {
    const constant = this.constant(tensor)
    return constant && tensorNumbers(constant)
  }

  /** The same, where the operator can't be written without them. */
  known(tensor: number, what: string): number[] {
    return this.numbers(tensor) ?? this.fail(`has ${what} that only a run knows`)
  }

  /** An output that is the same in every run. */
  setConstant(tensor: number, value: Tensor): void {
    this.#constants.set(tensor, value)
  }

  // Values

  /** A tensor as it is stored: of a quantised one its codes. */
  get(tensor: number, layout: Layout = 'last'): string {
    const found = this.#values[layout].get(tensor)
    if (found !== undefined) return found
    const constant = this.constant(tensor)
    const name = constant ? this.#writeConstant(tensor, constant, layout) : this.#relaid(tensor, layout)
    this.#values[layout].set(tensor, name)
    return name
  }

  #writeConstant(tensor: number, constant: Tensor, layout: Layout): string {
    const data = layout === 'first' ? transposed(constant, toFirst) : constant
    return this.writer.names.tensor(data, this.fact(tensor).name)
  }

  #relaid(tensor: number, layout: Layout): string {
    const other = this.#values[layout === 'first' ? 'last' : 'first'].get(tensor)
    const { name } = this.fact(tensor)
    if (other === undefined)
      return this.site.fail('MODEL_GRAPH', `uses tensor ${quote(name)} before anything gives it. Export it again.`)
    return this.transpose(other, layout === 'first' ? toFirst : toLast)
  }

  transpose(value: string, perm: readonly number[]): string {
    return this.writer.transpose(value, perm)
  }

  set(tensor: number, value: string, layout: Layout = 'last'): void {
    this.#values[layout].set(tensor, value)
  }

  /** Whether a tensor is there, computed or constant. */
  has(tensor: number): boolean {
    return this.#values.last.has(tensor) || this.#values.first.has(tensor) || this.constant(tensor) !== undefined
  }

  /** Whether a tensor is there with its channels first, and only so. */
  isFirst(tensor: number): boolean {
    return this.#values.first.has(tensor) && !this.#values.last.has(tensor)
  }

  // Quantised values

  /** The quantisation of a tensor of codes. */
  quantization(tensor: number): Quantization | undefined {
    const { type, quantization } = this.fact(tensor)
    return isCode(type) ? quantization : undefined
  }

  /** Whether a tensor is of codes of 8 bits, quantised as a whole. */
  hasBytes(tensor: number): boolean {
    return this.quantization(tensor)?.scale.length === 1 && elementTypes[this.type(tensor)].bits === 8
  }

  /** What a tensor stands for: itself, or the floats of its codes. */
  real(tensor: number, layout: Layout = 'last'): string {
    const { type } = this.fact(tensor)
    const quantization = this.quantization(tensor)
    if (!quantization && type !== 'float16') return this.get(tensor, layout)
    const found = this.#reals[layout].get(tensor)
    if (found !== undefined) return found
    const codes = this.get(tensor, layout)
    const placed = quantization && (layout === 'first' ? transposedQuantization(quantization, toFirst) : quantization)
    const name = placed ? this.dequantize(codes, this.type(tensor), placed) : this.cast(codes, 'float32')
    this.#reals[layout].set(tensor, name)
    return name
  }

  /** Gives a tensor its value: as it is, or as codes. */
  setReal(tensor: number, value: string, layout: Layout = 'last'): void {
    const type = this.type(tensor)
    const quantization = this.quantization(tensor)
    if (!quantization) return this.set(tensor, type === 'float16' ? this.cast(value, type) : value, layout)
    const placed = layout === 'first' ? transposedQuantization(quantization, toFirst) : quantization
    this.set(tensor, this.quantize(value, type, placed), layout)
  }

  dequantize(codes: string, type: ElementType, quantization: Quantization): string {
    return this.op('DequantizeLinear', [codes, ...this.#parameters(type, quantization)], axisOf(quantization))
  }

  quantize(value: string, type: ElementType, quantization: Quantization): string {
    return this.op('QuantizeLinear', [value, ...this.#parameters(type, quantization)], axisOf(quantization))
  }

  #parameters(type: ElementType, { scale, zeroPoint }: Quantization): string[] {
    const dims = scale.length === 1 ? [] : [scale.length]
    return [this.writer.constant('float32', scale, dims), this.writer.constant(type, zeroPoint, dims)]
  }

  /** Whether the codes of two tensors mean the same, so that moving them needs no arithmetic. */
  sameCodes(a: number, b: number): boolean {
    const [p, q] = [this.fact(a), this.fact(b)]
    if (p.type !== q.type) return false
    const [m, n] = [this.quantization(a), this.quantization(b)]
    // Kernels that move elements don't ask what these mean: where one side doesn't say, it is what the other does.
    if (!m || !n) return true
    return (
      m.scale.length === 1 && n.scale.length === 1 && m.scale[0] === n.scale[0] && m.zeroPoint[0] === n.zeroPoint[0]
    )
  }

  /** The real of a variable: as it came in, or as the last operator left it. */
  state(tensor: number): string {
    const state = this.states.ofTensor(this.graph, tensor)
    if (!state) return this.real(tensor)
    return state.value === '' ? state.input : state.value
  }

  setState(tensor: number, value: string): void {
    const state = this.states.ofTensor(this.graph, tensor)
    if (state) state.value = value
  }

  // Weights

  /** Whether a tensor's contents are known, so that its axes can be put in order here. */
  isConstant(tensor: number): boolean {
    return this.constant(tensor) !== undefined
  }

  /** The real of weights with their axes in another order. */
  weights(tensor: number, perm: readonly number[], quantization = this.quantization(tensor)): string {
    const constant = this.constant(tensor)
    if (!constant) return this.transpose(this.real(tensor), perm)
    const { name } = this.fact(tensor)
    if (constant.type === 'float16')
      return this.writer.names.tensor(transposed(realConstant(constant, undefined), perm), name)
    const value = this.writer.names.tensor(transposed(constant, perm), name)
    return quantization ? this.dequantize(value, constant.type, transposedQuantization(quantization, perm)) : value
  }

  /** The real of a bias; of quantised products its scale is that of their sums. */
  bias(tensor: number, x: number, by: Quantization | undefined): string {
    const constant = this.constant(tensor)
    const of = this.quantization(x)
    if (!constant || !of || !by || (constant.type !== 'int32' && constant.type !== 'int64')) return this.real(tensor)
    const scale = by.scale.map((value) => Math.fround(value * of.scale[0]!))
    const sums: Quantization = { scale, zeroPoint: scale.map(() => 0), axis: 0 }
    // DequantizeLinear has no int64, which biases of 16-bit activations are.
    if (constant.type === 'int64') return this.writer.names.tensor(realConstant(constant, sums))
    return this.dequantize(this.get(tensor), 'int32', sums)
  }

  // Conversions

  cast(value: string, type: ElementType): string {
    return this.op('Cast', [value], { to: BigInt(elementTypes[type].code) })
  }

  /** A list of sizes, axes or indices as ONNX takes it. */
  int64(tensor: number): string {
    const constant = this.constant(tensor)
    if (constant)
      return this.writer.names.tensor(tensorFrom('int64', constant.dims, tensorNumbers(constant).map(BigInt)))
    return this.type(tensor) === 'int64' ? this.get(tensor) : this.cast(this.get(tensor), 'int64')
  }
}

function axisOf({ scale, axis }: Quantization): Named<AttributeSource> {
  return scale.length === 1 ? {} : { axis: BigInt(axis) }
}
