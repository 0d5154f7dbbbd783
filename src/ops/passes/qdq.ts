import { shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { numberOf } from '../../graph/fold.ts'
import { isByte } from '../../onnx/element-type.ts'
import { convolutionOfIntegers, isOne, multiplier, productOfIntegers } from '../quantized/quantized-products.ts'

/**
 * Models in QDQ form: floats that are quantised and dequantised again around every operator. What is multiplied is then
 * codes of 8 bits in disguise, and the product one of integers: its sums are exact where those of floats were rounded.
 * What stands behind a product (a bias, Relu, the next QuantizeLinear) goes into it afterwards, see integer-folding.ts.
 */
export const qdqRules: readonly Rewrite[] = [
  quantiseDequantised,
  quantiseBelowConcat,
  dequantiseBelowMovement,
  convolutionOfDequantised,
  matMulOfDequantised,
  gemmOfDequantised,
]

/** What a float stands for: (codes - zero point) * scale. */
interface Dequantised {
  readonly codes: Value
  readonly scale: Value
  readonly zeroPoint: Value | undefined
}

/** The codes that `value` is made from: by a node, or, where both are constants, when compiling. */
function dequantised(value: Value | undefined, b: Builder): Dequantised | undefined {
  const node = value?.madeBy
  if (node?.op === 'Dequantize' && node.domain === 'om') {
    return { codes: node.input(0), scale: node.input(1), zeroPoint: node.inputs[2] }
  }
  // Weights that an exporter turns: Transpose of constants was done when compiling.
  if (node?.op !== 'Transpose' || node.domain !== '' || value?.producer) return undefined
  const inner = dequantised(node.input(0), b)
  const turn = (x: Value): Value => b.op('Transpose', [x], Object.fromEntries(node.attributes))
  const parameter = (x: Value): Value | undefined =>
    isSingle(x) ? x : x.rank === inner!.codes.rank ? turn(x) : undefined
  if (!inner) return undefined
  const [scale, zeroPoint] = [parameter(inner.scale), inner.zeroPoint && parameter(inner.zeroPoint)]
  return scale && (zeroPoint || !inner.zeroPoint) ? { codes: turn(inner.codes), scale, zeroPoint } : undefined
}

function isSingle({ dims }: Value): boolean {
  return dims.every((dim) => dim === 1)
}

/** One number for all; of rank 0. */
function single(b: Builder, value: Value): Value {
  return value.rank === 0 ? value : b.reshape(value, [])
}

/** 8 bits, scale and zero point for all: what stands on the left of a product. */
function isWhole(x: Dequantised | undefined): x is Dequantised {
  return x !== undefined && isByte(x.codes.type) && isSingle(x.scale) && (!x.zeroPoint || isSingle(x.zeroPoint))
}

/** A parameter as one number, or as a vector along `axis` of the codes; `undefined` where it is neither. */
function along(b: Builder, { codes }: Dequantised, parameter: Value, axis: number): Value | undefined {
  if (isSingle(parameter)) return single(b, parameter)
  const at = axis - (codes.rank - parameter.rank)
  const size = parameter.dims[at]
  if (size === undefined) return undefined
  const wanted = parameter.dims.map((_, i) => (i === at ? codes.dims[axis]! : 1))
  return shapeEquals(parameter.dims, wanted) ? b.reshape(parameter, [size]) : undefined
}

/** Weights with scales and zero points along one axis. */
function columnsOf(b: Builder, w: Dequantised | undefined, axis: number): Dequantised | undefined {
  if (!w || !isByte(w.codes.type) || w.codes.rank < 2) return undefined
  const [scale, zeroPoint] = [along(b, w, w.scale, axis), w.zeroPoint && along(b, w, w.zeroPoint, axis)]
  return scale && (zeroPoint || !w.zeroPoint) ? { codes: w.codes, scale, zeroPoint } : undefined
}

/** Scale and zero point of a product to floats. */
function bothOf(b: Builder, x: Dequantised, w: Dequantised): { scale: Value; xZero: Value | undefined } {
  const scale = multiplier(b, single(b, x.scale), w.scale, b.scalar(1, 'float32'))
  return { scale, xZero: x.zeroPoint && single(b, x.zeroPoint) }
}

/** Conv of dequantised operands, the weights per tensor or per filter. */
function convolutionOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Conv' || node.domain !== '' || node.input(0).type !== 'float32') return undefined
  const x = dequantised(node.input(0), b)
  const w = columnsOf(b, dequantised(node.input(1), b), 0)
  if (!isWhole(x) || !w || typeof w.codes.dims[0] !== 'number') return undefined
  const { scale, xZero } = bothOf(b, x, w)
  const operands = [x.codes, w.codes, xZero, w.zeroPoint] as const
  return [convolutionOfIntegers(b, node, operands, { to: 'float32', scale, bias: node.inputs[2] })]
}

/** MatMul of dequantised operands, the second per tensor or per column. */
function matMulOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'MatMul' || node.domain !== '' || node.input(0).type !== 'float32') return undefined
  const [x, right] = [dequantised(node.input(0), b), dequantised(node.input(1), b)]
  const w = right && columnsOf(b, right, right.codes.rank - 1)
  if (!isWhole(x) || !w) return undefined
  const { scale, xZero } = bothOf(b, x, w)
  const product = productOfIntegers(b, [x.codes, w.codes, xZero, w.zeroPoint], { to: 'float32', scale })
  return product && [product]
}

/** Gemm whose factors are 1 and whose C is a vector (others have been taken apart before). */
function gemmOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Gemm' || node.domain !== '' || node.input(0).type !== 'float32') return undefined
  if (node.int('transA', 0) || node.float('alpha', 1) !== 1 || node.float('beta', 1) !== 1) return undefined
  const transB = node.int('transB', 0)
  const [x, w] = [dequantised(node.input(0), b), columnsOf(b, dequantised(node.input(1), b), transB ? 0 : 1)]
  const bias = node.inputs[2]
  if (!isWhole(x) || !w || (bias && bias.rank !== 1)) return undefined
  const { scale, xZero } = bothOf(b, x, w)
  const columns = transB ? b.op('Transpose', [w.codes], { perm: [1, 0] }) : w.codes
  const product = productOfIntegers(b, [x.codes, columns, xZero, w.zeroPoint], { to: 'float32', scale, bias })
  return product && [product]
}

/** Codes that become floats and the same codes again. */
function quantiseDequantised(node: Node): readonly Value[] | undefined {
  const quantised = quantisationOf(node)
  const inner = quantised?.x.producer
  if (!quantised || inner?.op !== 'Dequantize' || inner.domain !== 'om') return undefined
  const [codes, scale, zeroPoint] = [inner.input(0), inner.input(1), inner.inputs[2]]
  if (codes.type !== node.output().type || !isOne(scale) || !isOne(quantised.scale)) return undefined
  const own = [numberOf(quantised.scale), quantised.zeroPoint ? numberOf(quantised.zeroPoint) : 0]
  const others = [numberOf(scale), zeroPoint ? numberOf(zeroPoint) : 0]
  const isSame = own.every((number, i) => number !== undefined && number === others[i])
  return isSame ? [codes] : undefined
}

/** A float that is quantised: RoundTo(x / scale, zero point), which QuantizeLinear becomes. */
export interface Quantisation {
  readonly x: Value
  readonly scale: Value
  /** As float32. */
  readonly zeroPoint: Value | undefined
  /** x / scale */
  readonly ratio: Value
}

export function quantisationOf(node: Node): Quantisation | undefined {
  if (node.op !== 'RoundTo' || node.domain !== 'om') return undefined
  const ratio = node.input(0)
  const { producer } = ratio
  if (producer?.op !== 'Div' || producer.domain !== '') return undefined
  return { x: producer.input(0), scale: producer.input(1), zeroPoint: node.inputs[1], ratio }
}

const MOVEMENT: readonly string[] = ['Reshape', 'Flatten', 'Squeeze', 'Unsqueeze', 'Transpose']

/** Whether a node only moves the elements of its first input. */
export function isMovement(node: Node): boolean {
  if (node.domain === '') return MOVEMENT.includes(node.op)
  // Where it crops, it gives elements of its own.
  return node.op === 'ResizeAxis' && node.domain === 'om' && node.string('mode') === 'nearest' && !node.inputs[1]
}

/** quantised(Concat(x, y)) = Concat(quantised x, quantised y): a quarter of the bytes, and products take what is theirs. */
function quantiseBelowConcat(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const quantised = quantisationOf(node)
  const concat = quantised?.x.producer
  if (!quantised || concat?.op !== 'Concat' || concat.domain !== '' || !isByte(node.output().type)) return undefined
  const { x, ratio, scale, zeroPoint } = quantised
  if (!isSingle(scale) || (zeroPoint && !isSingle(zeroPoint)) || !b.isUsedOnce(x) || !b.isUsedOnce(ratio))
    return undefined
  const zero = zeroPoint && single(b, zeroPoint)
  const parts = concat.inputs.map((part) =>
    b.op('RoundTo', [b.op('Div', [part, single(b, scale)]), zero], Object.fromEntries(node.attributes), 'om'),
  )
  return [b.op('Concat', parts, Object.fromEntries(concat.attributes))]
}

/** move(dequantised codes) = dequantised move(codes): a quarter of the bytes, and the next QuantizeLinear comes nearer. */
export function dequantiseBelowMovement(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (!isMovement(node)) return undefined
  const { producer } = node.input(0)
  if (producer?.op !== 'Dequantize' || producer.domain !== 'om') return undefined
  const [codes, scale, zeroPoint] = [producer.input(0), producer.input(1), producer.inputs[2]]
  if (!isSingle(scale) || (zeroPoint && !isSingle(zeroPoint))) return undefined
  const [moved] = b.retyped(node, [codes, ...node.inputs.slice(1)], [codes.type]) as [Value]
  return [b.op('Dequantize', [moved, single(b, scale), zeroPoint && single(b, zeroPoint)], {}, 'om')]
}
