import { product } from '../../graph/dim.ts'
import type { Node, Value, ValueInfo } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { type Rules, takes } from '../../graph/rules.ts'
import { type ElementType, elementTypes } from '../../onnx/element-type.ts'
import type { LoweredOperator } from '../../lowering/lowering.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { MICROSOFT } from './domain.ts'

// Operators of onnxruntime on tensors of 8 bits, each with a scale and a zero point of its own: real numbers are what they
// are computed with, and elementwise neighbours share one loop.

/** The type of an input, and no shape: it follows from the decomposition. */
export const asInput =
  (input: number) =>
  (node: Node): ValueInfo[] => [{ type: node.input(input).type, shape: node.input(input).shape }]

/** What the codes of `x` stand for. */
export function real(b: Builder, x: Value, scale: Value, zeroPoint: Value | undefined): Value {
  return b.op('DequantizeLinear', [x, scale, zeroPoint])
}

/** Real numbers as codes of `type`. */
export function coded(b: Builder, y: Value, scale: Value, zeroPoint: Value | undefined, type: ElementType): Value {
  const attributes = zeroPoint ? {} : { output_dtype: elementTypes[type].code }
  return b.op('QuantizeLinear', [y, scale, zeroPoint], attributes)
}

/** The rules of an operand with its scale and its zero point, which may be missing. */
export const operand = (name: string, optional = true): string =>
  `${name}:T ${name}_scale:float32[.] ${name}_zero_point${optional ? '?' : ''}:T[.]`
export const result = (name: string, optional = true): string =>
  `${name}_scale:float32[.] ${name}_zero_point${optional ? '?' : ''}:T[.]`

function binary(name: string, op: 'Add' | 'Mul'): LoweredOperator {
  const text = `A:T[~] ${operand('A').split(' ').slice(1).join(' ')} B:T[~] ${operand('B').split(' ').slice(1).join(' ')}`
  return {
    name,
    domain: MICROSOFT,
    rules: takes(`${text} ${result('C')}`, { T: 'byte' }),
    infer: asInput(0),
    decompose(node, b) {
      const a = real(b, node.input(0), node.input(1), node.inputs[2])
      const c = b.op(op, [a, real(b, node.input(3), node.input(4), node.inputs[5])])
      return [coded(b, c, node.input(6), node.inputs[7], node.input(0).type)]
    },
  }
}

/** One operand, one result: `f` of the real numbers. Inputs: X, its scale and zero point, those of Y. */
export function unary(
  name: string,
  f: (node: Node, b: Builder, x: Value) => Value,
  rules: Rules = takes(`${operand('X')} ${result('Y')}`, { T: 'byte' }),
): LoweredOperator {
  return {
    name,
    domain: MICROSOFT,
    rules,
    infer: asInput(0),
    decompose(node, b) {
      const x = real(b, node.input(0), node.input(1), node.inputs[2])
      return [coded(b, f(node, b, x), node.input(3), node.inputs[4], node.input(0).type)]
    },
  }
}

/** Before opset 13 Softmax was of a matrix: all axes from `axis` on are one. */
function softmax(node: Node, b: Builder, x: Value): Value {
  const ofMatrix = node.int('opset', 13) < 13
  const axis = normalizeAxis(node, node.int('axis', ofMatrix ? 1 : -1), x.rank)
  if (!ofMatrix) return b.op('Softmax', [x], { axis })
  const matrix = b.reshape(x, [product(x.dims.slice(0, axis)), product(x.dims.slice(axis))])
  return b.reshape(b.op('Softmax', [matrix], { axis: 1 }), x.dims)
}

const QLinearWhere: LoweredOperator = {
  name: 'QLinearWhere',
  domain: MICROSOFT,
  rules: takes(
    'condition:bool[~] X:T[~] x_scale:float32[.] x_zero_point:T[.] Y:T[~] y_scale:float32[.] y_zero_point:T[.] ' +
      'z_scale:float32[.] z_zero_point:T[.]',
    { T: 'byte' },
  ),
  infer: asInput(1),
  decompose(node, b) {
    const x = real(b, node.input(1), node.input(2), node.input(3))
    const y = real(b, node.input(4), node.input(5), node.input(6))
    const z = b.op('Where', [node.input(0), x, y])
    return [coded(b, z, node.input(7), node.input(8), node.input(1).type)]
  },
}

/** Tensors in threes: codes, scale, zero point. What is in the result's units already stays as it is. */
const QLinearConcat: LoweredOperator = {
  name: 'QLinearConcat',
  domain: MICROSOFT,
  rules: takes('Y_scale:float32[.] Y_zero_point:byte[.] inputs+:byte|float32', {}, (node) => {
    const { type } = node.input(1)
    node.inputs.slice(2).forEach((_, i) => {
      const [input, wanted] = [node.input(i + 2), i % 3 === 1 ? 'float32' : type]
      if (input.type !== wanted)
        throw node.error('MODEL_TYPES', `input ${i + 2} is of type ${input.type}, expected ${wanted}`)
      if (i % 3 !== 0 && !(input.rank === 0 || (input.rank === 1 && input.dims[0] === 1)))
        throw node.error(
          'MODEL_SHAPE',
          `input ${i + 2} has shape [${input.dims.join(', ')}], but should be one element`,
        )
    })
    if (node.inputs.length % 3 !== 2)
      throw node.error('MODEL_MISSING_INPUT', 'behind Y_scale and Y_zero_point inputs come in threes')
    return []
  }),
  infer: asInput(2),
  decompose(node, b) {
    const [scale, zeroPoint] = [node.input(0), node.input(1)]
    const parts = Array.from({ length: (node.inputs.length - 2) / 3 }, (_, i) => {
      const [x, own, zero] = [node.input(3 * i + 2), node.input(3 * i + 3), node.input(3 * i + 4)]
      if (isSame(own, scale) && isSame(zero, zeroPoint)) return x
      return coded(b, real(b, x, own, zero), scale, zeroPoint, zeroPoint.type)
    })
    return [b.op('Concat', parts, { axis: node.int('axis', 0) })]
  },
}

/** Whether two parameters are known to be equal. */
function isSame(a: Value, b: Value): boolean {
  if (a === b) return true
  return a.constant !== undefined && b.constant !== undefined && Buffer.compare(a.constant.data, b.constant.data) === 0
}

export const quantizedElementwise: readonly LoweredOperator[] = [
  binary('QLinearAdd', 'Add'),
  binary('QLinearMul', 'Mul'),
  unary('QLinearSigmoid', (_node, b, x) => b.op('Sigmoid', [x])),
  unary('QLinearLeakyRelu', (node, b, x) =>
    b.op('LeakyRelu', [x], { alpha: { kind: 'float', value: node.float('alpha', 0.01) } }),
  ),
  unary('QLinearSoftmax', softmax),
  QLinearWhere,
  QLinearConcat,
]
