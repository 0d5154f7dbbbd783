import type { Node, Value } from '../../graph/graph.ts'
import { broadcastTo } from '../../graph/demands.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, sizeOrOne, takes } from '../../graph/rules.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import { agreeConvolution } from '../nn/convolution-rules.ts'
import { integerProducts } from './integer-product.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { agreeMatMul } from '../math/matmul.ts'
import { isSingle } from './quantization.ts'
import { castTo } from '../../lowering/widen.ts'

/** x minus its zero point, as int32. */
function centred(b: Builder, x: Value, zeroPoint: Value | undefined): Value {
  const wide = castTo(b, x, 'int32')
  return zeroPoint ? b.op('Sub', [wide, castTo(b, zeroPoint, 'int32')]) : wide
}

/** A parameter of all of an operand, or one for each of its rows; as a stack of columns it may tell stacks apart, too. */
function agreePerRow(node: Node, input: number, operand: number): Agreement[] {
  const [parameter, x] = [node.inputs[input], node.input(operand)]
  if (!parameter || parameter.rank === 0) return []
  if (parameter.rank > 1) return [...broadcastTo(node, x.dims, [{ input, from: 0, dims: parameter.dims }])]
  if (x.rank === 1) return [{ input, axis: 0, expected: 1, as: 'the only row needs' }]
  return [sizeOrOne(node, [input, 0], [operand, -2])]
}

function agreePerColumn(node: Node, input: number, operand: number): Agreement[] {
  const [parameter, x] = [node.inputs[input], node.input(operand)]
  if (!parameter || parameter.rank === 0) return []
  if (x.rank === 1) return [{ input, axis: 0, expected: 1, as: 'the only column needs' }]
  if (parameter.rank > 1) return [...broadcastTo(node, x.dims, [{ input, from: 0, dims: parameter.dims }])]
  return [sizeOrOne(node, [input, 0], [operand, -1])]
}

/** One parameter for all, or one for each output channel (axis 0 of the weights). */
function agreePerFilter(node: Node, input: number, weights: number): Agreement[] {
  const parameter = node.inputs[input]
  if (!parameter || parameter.rank === 0) return []
  if (parameter.rank === 1) return [sizeOrOne(node, [input, 0], [weights, 0])]
  throw node.error('MODEL_SHAPE', `input ${input} has shape [${parameter.dims.join(', ')}], but should be a vector`)
}

/** A vector with one number per row of a matrix, as a column; a single number as it is. */
function perRow(b: Builder, value: Value): Value {
  return value.rank === 1 && value.dims[0] !== 1 ? b.op('Unsqueeze', [value, b.ints([1])]) : value
}

/** What om.MatMulIntegers and om.ConvIntegers make of their sums; see integer-product.ts. */
export interface IntegerResult {
  readonly to: ElementType
  readonly scale?: Value | undefined
  readonly bias?: Value | undefined
  readonly zeroPoint?: Value | undefined
}

/** The operands of a product, and their zero points where they have some. */
export type Operands = readonly [a: Value, b: Value, aZero: Value | undefined, bZero: Value | undefined]

/** One for all: as the kernels of integers take it. */
export function isOne(value: Value | undefined): boolean {
  return !value || isSingle(value)
}

/** Whether `value` is one number for all, or a vector: of numbers for the columns of a matrix. */
function isVector(value: Value | undefined): boolean {
  return !value || value.rank <= 1
}

/** A product of matrices of 8-bit integers by the fast kernels; `undefined` where they do not take such zero points. */
export function productOfIntegers(
  b: Builder,
  [a, w, aZero, wZero]: Operands,
  result: IntegerResult,
): Value | undefined {
  if (!isOne(aZero) && !(aZero!.rank === 1 && a.rank === 2)) return undefined
  if (!isVector(wZero) || !isVector(result.scale)) return undefined
  const matrix = w.rank === 1 ? b.op('Unsqueeze', [w, b.ints([1])]) : w
  const inputs = [a, matrix, aZero, wZero, result.scale, result.bias, result.zeroPoint]
  const product = b.op('MatMulIntegers', inputs, { to: elementTypes[result.to].code }, 'om')
  return w.rank === 1 ? b.op('Squeeze', [product, b.ints([-1])]) : product
}

/** A convolution of 8-bit integers. The kernels take channels last, which x and the result may be already. */
export function convolutionOfIntegers(
  b: Builder,
  node: Node,
  [x, w, xZero, wZero]: Operands,
  result: IntegerResult,
  channelsLast = false,
): Value {
  const spatial = x.dims.slice(2).map((_, i) => i + 2)
  const last = channelsLast ? x : b.op('Transpose', [x], { perm: [0, ...spatial, 1] })
  const inputs = [last, w, xZero, wZero, result.scale, result.bias, result.zeroPoint]
  const attributes = { ...Object.fromEntries(node.attributes), to: elementTypes[result.to].code }
  const y = b.op('ConvIntegers', inputs, attributes, 'om')
  return channelsLast ? y : b.op('Transpose', [y], { perm: [0, x.rank - 1, ...spatial.map((axis) => axis - 1)] })
}

/** ONNX MatMulInteger-10. */
const MatMulInteger: LoweredOperator = {
  name: 'MatMulInteger',
  rules: takes('A:T1[..., _] B:T2[..., _] a_zero_point?:T1 b_zero_point?:T2', { T1: 'byte', T2: 'byte' }, (node) => [
    ...agreeMatMul(node),
    ...agreePerRow(node, 2, 0),
    ...agreePerColumn(node, 3, 1),
  ]),
  infer: (node) => [{ type: 'int32', shape: node.input(0).shape }],
  decompose(node, b) {
    const [a, w, aZero, wZero] = [node.input(0), node.input(1), node.inputs[2], node.inputs[3]]
    const product = productOfIntegers(b, [a, w, aZero, wZero], { to: 'int32' })
    // Zero points of each row of a stack of matrices are subtracted before.
    return [product ?? b.op('MatMul', [centred(b, a, aZero && perRow(b, aZero)), centred(b, w, wZero)])]
  },
}

/** ONNX ConvInteger-10; the weights' zero point may be one per output channel. */
const ConvInteger: LoweredOperator = {
  name: 'ConvInteger',
  rules: takes(
    'x:T1[_, _, _, ...] w:T2[_, _, _, ...] x_zero_point?:T1[.] w_zero_point?:T2',
    { T1: 'byte', T2: 'byte' },
    (node) => [...agreeConvolution(node), ...agreePerFilter(node, 3, 1)],
  ),
  infer: (node) => [{ type: 'int32', shape: node.input(0).shape }],
  decompose: (node, b) => [
    convolutionOfIntegers(b, node, [node.input(0), node.input(1), node.inputs[2], node.inputs[3]], { to: 'int32' }),
  ],
}

/** What a sum in units of both operands' scales is multiplied with to be in units of the result's: one number, or one per column. */
export function multiplier(b: Builder, a: Value, w: Value, y: Value): Value {
  const [x, scales, unit] = [a, w, y].map((value) => castTo(b, value, 'float32')) as [Value, Value, Value]
  return flat(b, b.op('Div', [b.op('Mul', [flat(b, x), scales]), flat(b, unit)]))
}

/** A single number as one of rank 0, so that it takes no rank from others. */
function flat(b: Builder, value: Value): Value {
  return value.rank === 1 && value.dims[0] === 1 ? b.reshape(value, []) : value
}

/** An int32 sum of products, times the product of both scales, quantised anew. */
function requantise(b: Builder, sum: Value, scales: readonly [Value, Value], scale: Value, zeroPoint: Value): Value {
  const [a, w] = scales.map((value) => castTo(b, value, 'float32')) as [Value, Value]
  const real = b.op('Mul', [castTo(b, sum, 'float32'), b.op('Mul', [a, w])])
  return b.op('QuantizeLinear', [real, castTo(b, scale, 'float32'), zeroPoint], { axis: Math.max(0, real.rank - 2) })
}

const SCALE = 'float16|bfloat16|float32'

/** ONNX QLinearMatMul-10 … 21: A may be quantised per row, B per column. */
const QLinearMatMul: LoweredOperator = {
  name: 'QLinearMatMul',
  rules: takes(
    `a:T1[..., _] a_scale:${SCALE} a_zero_point:T1 b:T2[..., _] b_scale:${SCALE} b_zero_point:T2 y_scale:${SCALE} y_zero_point:byte`,
    { T1: 'byte', T2: 'byte' },
    (node) => [
      ...agreeMatMul(node, 0, 3),
      ...[1, 2].flatMap((input) => agreePerRow(node, input, 0)),
      ...[4, 5].flatMap((input) => agreePerColumn(node, input, 3)),
    ],
  ),
  infer: (node) => [{ type: node.input(7).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const [a, aScale, aZero, w, wScale, wZero, scale, zeroPoint] = Array.from({ length: 8 }, (_, i) =>
      node.input(i),
    ) as [Value, Value, Value, Value, Value, Value, Value, Value]
    // Parameters of rows and columns belong to matrices: a vector is one of them.
    const vector = [a, w].findIndex((operand) => operand.rank === 1)
    if (vector >= 0) {
      const axis = b.ints([vector === 0 ? -2 : -1])
      const inputs = node.inputs.with(3 * vector, b.op('Unsqueeze', [vector === 0 ? a : w, b.ints([vector])]))
      return [b.op('Squeeze', [b.op('QLinearMatMul', inputs), axis])]
    }
    if ([aScale, scale, zeroPoint].every(isOne) && isVector(wScale)) {
      const result = { to: zeroPoint.type, scale: multiplier(b, aScale, wScale, scale), zeroPoint }
      const product = productOfIntegers(b, [a, w, aZero, wZero], result)
      if (product) return [product]
    }
    const sum = b.op('MatMulInteger', [a, w, aZero, wZero])
    return [requantise(b, sum, [perRow(b, aScale), wScale], scale, zeroPoint)]
  },
}

/** ONNX QLinearConv-10: the weights may be quantised per output channel; the bias is int32 in units of both scales. */
const QLinearConv: LoweredOperator = {
  name: 'QLinearConv',
  rules: takes(
    'x:T1[_, _, _, ...] x_scale:float32[.] x_zero_point:T1[.] w:T2[m, _, _, ...] w_scale:float32 w_zero_point:T2 ' +
      'y_scale:float32[.] y_zero_point:byte[.] B?:int32[m]',
    { T1: 'byte', T2: 'byte' },
    (node) => [
      ...agreeConvolution(node, { x: 0, w: 3, channels: 1 }),
      ...[4, 5].flatMap((input) => agreePerFilter(node, input, 3)),
    ],
  ),
  infer: (node) => [{ type: node.input(7).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const [x, xScale, xZero, w, wScale, wZero, yScale, zeroPoint] = Array.from({ length: 8 }, (_, i) =>
      node.input(i),
    ) as [Value, Value, Value, Value, Value, Value, Value, Value]
    const scale = multiplier(b, xScale, wScale, yScale)
    const result = { to: zeroPoint.type, scale, zeroPoint, bias: node.inputs[8] }
    return [convolutionOfIntegers(b, node, [x, w, xZero, wZero], result)]
  },
}

export const quantizedProducts: readonly LoweredOperator[] = [
  MatMulInteger,
  ConvInteger,
  QLinearMatMul,
  QLinearConv,
  ...integerProducts,
]
