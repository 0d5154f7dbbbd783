import { type Dim, dimEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Agreement, sameSize, sizeOrOne, takes } from '../../graph/rules.ts'
import { agreeConvolution } from '../nn/convolution-rules.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { agreeMatMul } from '../math/matmul.ts'
import { convolutionOfIntegers, multiplier, productOfIntegers } from '../quantized/quantized-products.ts'
import { castTo } from '../../lowering/widen.ts'
import { MICROSOFT } from './domain.ts'
import { asInput, coded } from './quantized-elementwise.ts'

/** Parameters of columns: one for all, or one for each column of `operand`. */
function perColumn(node: Node, inputs: readonly number[], operand: number, axis = -1): Agreement[] {
  return inputs.flatMap((input) => {
    const parameter = node.inputs[input]
    if (!parameter || parameter.rank === 0) return []
    if (parameter.rank === 1) return [sizeOrOne(node, [input, 0], [operand, axis])]
    const shape = `[${parameter.dims.join(', ')}]`
    throw node.error(
      'MODEL_SHAPE',
      `input ${input} has shape ${shape}, but should be a scalar or one number per column`,
    )
  })
}

/** A bias of one number per column of `operand`. */
function biasOfColumns(node: Node, input: number, operand: number, axis = -1): Agreement[] {
  return node.inputs[input] ? [sameSize(node, [input, 0], [operand, axis])] : []
}

/** Both scales as one: a number, or one per column. */
function bothScales(b: Builder, a: Value, w: Value): Value {
  return multiplier(b, a, w, b.scalar(1, 'float32'))
}

/** A float product of quantised operands; `type`: of the result. */
const MatMulIntegerToFloat: LoweredOperator = {
  name: 'MatMulIntegerToFloat',
  domain: MICROSOFT,
  rules: takes(
    'A:T1[..., _, _] B:T2[..., _, _] a_scale:F[.] b_scale:F a_zero_point?:T1[.] b_zero_point?:T2 bias?:F[_]',
    { T1: 'byte', T2: 'byte', F: 'float16|float32' },
    (node) => [...agreeMatMul(node), ...perColumn(node, [3, 5], 1), ...biasOfColumns(node, 6, 1)],
  ),
  infer: (node) => [{ type: node.input(2).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const scale = bothScales(b, node.input(2), node.input(3))
    const bias = node.inputs[6] && castTo(b, node.inputs[6], 'float32')
    const operands = [node.input(0), node.input(1), node.inputs[4], node.inputs[5]] as const
    return [castTo(b, productOfIntegers(b, operands, { to: 'float32', scale, bias })!, node.input(2).type)]
  },
}

/** The same of floats that are quantised first, by their range. */
const DynamicQuantizeMatMul: LoweredOperator = {
  name: 'DynamicQuantizeMatMul',
  domain: MICROSOFT,
  rules: takes(
    'A:float32[..., _, _] B:T[..., _, _] b_scale:float32 b_zero_point?:T bias?:float32[_]',
    { T: 'byte' },
    (node) => [...agreeMatMul(node), ...perColumn(node, [2, 3], 1), ...biasOfColumns(node, 4, 1)],
  ),
  infer: asInput(0),
  decompose(node, b) {
    const [codes, scale, zero] = b.ops('DynamicQuantizeLinear', [node.input(0)], 3) as [Value, Value, Value]
    const operands = [codes, node.input(1), zero, node.inputs[3]] as const
    const result = { to: 'float32', scale: bothScales(b, scale, node.input(2)), bias: node.inputs[4] } as const
    return [productOfIntegers(b, operands, result)!]
  },
}

/** Rows of A and columns of B as they are multiplied. */
function gemmAxes(node: Node): { depth: readonly [a: number, b: number]; columns: number } {
  const [transA, transB] = [node.int('transA', 0), node.int('transB', 0)]
  return { depth: [transA ? 0 : 1, transB ? 1 : 0], columns: transB ? 0 : 1 }
}

/** Gemm of quantised operands, to float32 or, where y_scale is given, quantised anew. C is int32 in units of both scales. */
const QGemm: LoweredOperator = {
  name: 'QGemm',
  domain: MICROSOFT,
  rules: takes(
    'A:T1[_, _] a_scale:float32[.] a_zero_point:T1[.] B:T2[_, _] b_scale:float32 b_zero_point:T2 C?:int32 ' +
      'y_scale?:float32[.] y_zero_point?:byte[.]',
    { T1: 'byte', T2: 'byte' },
    (node) => {
      const { depth, columns } = gemmAxes(node)
      return [sameSize(node, [3, depth[1]], [0, depth[0]]), ...perColumn(node, [4, 5], 3, columns)]
    },
  ),
  infer: asInput(0),
  decompose(node, b) {
    const turned = (x: Value, attribute: 'transA' | 'transB'): Value =>
      node.int(attribute, 0) ? b.op('Transpose', [x], { perm: [1, 0] }) : x
    const [a, w] = [turned(node.input(0), 'transA'), turned(node.input(3), 'transB')]
    const operands = [a, w, node.input(2), node.input(5)] as const
    const [c, yScale, zeroPoint] = [node.inputs[6], node.inputs[7], node.inputs[8]]
    const alpha = b.op('Mul', [node.input(1), b.scalar(node.float('alpha', 1), 'float32')])
    const type = yScale ? (zeroPoint?.type ?? a.type) : 'float32'
    const row = c && rowOf(b, c, w.dims[1]!)
    if (yScale && (!c || row)) {
      const scale = multiplier(b, alpha, node.input(4), yScale)
      return [productOfIntegers(b, operands, { to: type, scale, bias: row, zeroPoint })!]
    }
    const scale = bothScales(b, alpha, node.input(4))
    if (!c) return [productOfIntegers(b, operands, { to: 'float32', scale })!]
    const sums = b.op('Add', [productOfIntegers(b, operands, { to: 'int32' })!, c])
    const y = b.op('Mul', [castTo(b, sums, 'float32'), scale])
    return [yScale ? coded(b, y, yScale, zeroPoint, type) : y]
  },
}

/** C as one number per column, where it is that. */
function rowOf(b: Builder, c: Value, columns: Dim): Value | undefined {
  if (c.rank === 1 && dimEquals(c.dims[0]!, columns)) return c
  return c.rank === 2 && c.dims[0] === 1 && dimEquals(c.dims[1]!, columns) ? b.reshape(c, [columns]) : undefined
}

/** ONNX's QLinearConv, or with `channels_last` the same of x and y in the order that onnxruntime's kernels like. */
const QLinearConv: LoweredOperator = {
  name: 'QLinearConv',
  domain: MICROSOFT,
  rules: takes(
    'x:T1[_, _, _, ...] x_scale:float32[.] x_zero_point:T1[.] w:T2[m, _, _, ...] w_scale:float32 w_zero_point:T2 ' +
      'y_scale:float32[.] y_zero_point:byte[.] B?:int32[m]',
    { T1: 'byte', T2: 'byte' },
    (node) => [
      ...agreeConvolution(node, { x: 0, w: 3, channels: node.int('channels_last', 0) ? node.input(0).rank - 1 : 1 }),
      ...perColumn(node, [4, 5], 3, 0),
    ],
  ),
  infer: (node) => [{ type: node.input(7).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const scale = multiplier(b, node.input(1), node.input(4), node.input(6))
    const zeroPoint = node.input(7)
    const operands = [node.input(0), node.input(3), node.input(2), node.input(5)] as const
    const result = { to: zeroPoint.type, scale, zeroPoint, bias: node.inputs[8] }
    return [convolutionOfIntegers(b, node, operands, result, node.int('channels_last', 0) !== 0)]
  },
}

export const contribQuantizedProducts: readonly LoweredOperator[] = [
  MatMulIntegerToFloat,
  DynamicQuantizeMatMul,
  QGemm,
  QLinearConv,
]
