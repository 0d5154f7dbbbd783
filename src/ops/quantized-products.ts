import type { Node, Value, ValueInfo } from '../graph/graph.ts'
import { multiply, product } from '../graph/dim.ts'
import type { Builder, PlainAttributes } from '../graph/operator.ts'
import { broadcastTo } from '../graph/demands.ts'
import { type Agreement, sizeOrOne, takes } from '../graph/rules.ts'
import { agreeConvolution } from './convolution-rules.ts'
import { largestMagnitude, sumsAreExact } from './exact-float.ts'
import type { LoweredOperator } from './lowering.ts'
import { agreeMatMul } from './matmul.ts'
import { checkFits, type Window, windowInitializer, windowOf } from './window.ts'
import { castTo } from './widen.ts'

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

/**
 * A product of int32 by the kernels of float32, where that is exact. The attribute `exact` keeps a convolution away from
 * algorithms whose intermediate results are no integers.
 */
function productInFloat(
  b: Builder,
  op: 'MatMul' | 'Conv',
  operands: readonly Value[],
  attributes: PlainAttributes,
): Value {
  const floats = operands.map((operand) => castTo(b, operand, 'float32'))
  return castTo(b, b.op(op, floats, attributes), 'int32')
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
    const operands = [centred(b, a, aZero && perRow(b, aZero)), centred(b, w, wZero)] as [Value, Value]
    const [depth, columns] = w.rank === 1 ? [w.dims[0], 1] : w.dims.slice(-2)
    const fits =
      typeof depth === 'number' &&
      typeof columns === 'number' &&
      sumsAreExact(operands[1], depth, columns, largestMagnitude(a, aZero), largestMagnitude(w, wZero))
    return [fits ? productInFloat(b, 'MatMul', operands, {}) : b.op('MatMul', operands)]
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
  decompose(node, b) {
    const [x, w, xZero, wZero] = [node.input(0), node.input(1), node.inputs[2], node.inputs[3]]
    const behind = b.ints(w.dims.slice(1).map((_, i) => i + 1))
    const wOffset = wZero?.rank === 1 && wZero.dims[0] !== 1 ? b.op('Unsqueeze', [wZero, behind]) : wZero
    const operands = [centred(b, x, xZero), centred(b, w, wOffset)] as [Value, Value]
    const attributes = Object.fromEntries(node.attributes)
    const taps = product(w.dims.slice(1))
    const fits =
      w.constant !== undefined &&
      typeof taps === 'number' &&
      sumsAreExact(operands[1], taps, 1, largestMagnitude(x, xZero), largestMagnitude(w, wZero))
    if (fits) return [productInFloat(b, 'Conv', operands, { ...attributes, exact: 1 })]
    return [b.op('ConvInt32', operands, attributes, 'om')]
  },
}

function integerWindow(node: Node): Window {
  return windowOf(node, node.input(0).dims.slice(2), node.input(1).dims.slice(2), 'within')
}

/** The compiler's own: a convolution of int32, zero points subtracted. */
const ConvInt32: LoweredOperator = {
  name: 'ConvInt32',
  domain: 'om',
  rules: takes('x:int32[_, _, _, ...] w:int32[_, _, _, ...]', {}, agreeConvolution),
  infer(node): ValueInfo[] {
    return [{ type: 'int32', shape: [node.input(0).dims[0]!, node.input(1).dims[0]!, ...integerWindow(node).output] }]
  },
  check: (node, k) => checkFits(k, integerWindow(node)),
  lower(node, k) {
    const [x, w] = [node.input(0), node.input(1)]
    const window = integerWindow(node)
    k.include('conv-integer.h')
    k.line(`const om_window_nd window = ${windowInitializer(window, (dim) => k.dim(dim))};`)
    const sizes = [x.dims[0]!, x.dims[1]!, w.dims[0]!, node.int('group', 1)].map((dim) => k.dim(dim)).join(', ')
    k.line(`om_conv_nd_i32(${k.input(0)}, ${k.input(1)}, ${k.output()}, ${sizes}, &window);`)
  },
  flops: (node) => multiply(2, product([...node.output().dims, ...node.input(1).dims.slice(1)])),
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
    const [x, xScale, xZero, w, wScale, wZero, scale, zeroPoint] = Array.from({ length: 8 }, (_, i) =>
      node.input(i),
    ) as [Value, Value, Value, Value, Value, Value, Value, Value]
    const perChannel = (value: Value): Value =>
      value.rank === 1 && value.dims[0] !== 1
        ? b.op('Unsqueeze', [value, b.ints(x.dims.slice(2).map((_, i) => i + 1))])
        : value
    const sum = b.op('ConvInteger', [x, w, xZero, wZero], Object.fromEntries(node.attributes))
    const biased = node.inputs[8] ? b.op('Add', [sum, perChannel(node.inputs[8])]) : sum
    return [requantise(b, biased, [xScale, perChannel(wScale)], scale, zeroPoint)]
  },
}

export const quantizedProducts: readonly LoweredOperator[] = [
  MatMulInteger,
  ConvInteger,
  ConvInt32,
  QLinearMatMul,
  QLinearConv,
]
