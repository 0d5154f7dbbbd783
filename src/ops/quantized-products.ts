import type { Node, Value, ValueInfo } from '../graph/graph.ts'
import type { Dim } from '../graph/dim.ts'
import { multiply, product } from '../graph/dim.ts'
import type { Builder, PlainAttributes } from '../graph/operator.ts'
import { largestMagnitude, sumsAreExact } from './exact-float.ts'
import type { LoweredOperator } from './lowering.ts'
import { checkFits, type Window, windowInitializer, windowOf } from './window.ts'
import { castTo } from './widen.ts'

/** x minus its zero point, as int32. */
function centred(b: Builder, x: Value, zeroPoint: Value | undefined): Value {
  const wide = castTo(b, x, 'int32')
  return zeroPoint ? b.op('Sub', [wide, castTo(b, zeroPoint, 'int32')]) : wide
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

function outChannels(node: Node): Dim {
  const [x, w] = [node.input(0), node.input(1)]
  const [channels, depth, groups] = [x.dims[1], w.dims[1], node.int('group', 1)]
  if (x.rank < 3 || w.rank !== x.rank)
    throw node.error('MODEL_SHAPE', `X of rank ${x.rank} and W of rank ${w.rank} make no convolution`)
  if (groups < 1 || (typeof channels === 'number' && typeof depth === 'number' && channels !== depth * groups)) {
    throw node.error(
      'MODEL_SHAPE',
      `X has ${channels} channels, but W [${w.dims.join(', ')}] and group ${groups} need ${multiply(depth!, groups)}`,
    )
  }
  const outputs = w.dims[0]!
  if (typeof outputs !== 'number' || outputs % groups !== 0)
    throw node.error('MODEL_ATTRIBUTE', `group ${groups} does not divide the ${outputs} output channels`)
  return outputs
}

function integerWindow(node: Node): Window {
  return windowOf(node, node.input(0).dims.slice(2), node.input(1).dims.slice(2), 'within')
}

/** The compiler's own: a convolution of int32, zero points subtracted. */
const ConvInt32: LoweredOperator = {
  name: 'ConvInt32',
  domain: 'om',
  infer(node): ValueInfo[] {
    const channels = outChannels(node)
    return [{ type: 'int32', shape: [node.input(0).dims[0]!, channels, ...integerWindow(node).output] }]
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

/** ONNX QLinearMatMul-10 … 21: A may be quantised per row, B per column. */
const QLinearMatMul: LoweredOperator = {
  name: 'QLinearMatMul',
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
