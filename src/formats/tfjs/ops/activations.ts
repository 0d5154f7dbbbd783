import { type Builder, layoutOf } from '../builder.ts'
import { axisIn, type Value } from '../value.ts'
import { elementwise, named } from './elementwise.ts'

export type Activation = (b: Builder, x: Value) => Value

const onnx =
  (op: string, attributes?: Readonly<Record<string, string | number>>): Activation =>
  (b, x) =>
    elementwise(b, [x], (name) => b.op(op, [name!], attributes))

/** The range [least, most] of a tensor, in its own type. */
export function clipped(b: Builder, x: Value, least: number, most: number): Value {
  return elementwise(b, [x], (name) => b.op('Clip', [name!, b.scalar(least, x.type), b.scalar(most, x.type)]))
}

export const relu6: Activation = (b, x) => clipped(b, x, 0, 6)

/** One along an axis of TensorFlow's order: Softmax and LogSoftmax. */
export function along(b: Builder, op: string, x: Value, axis: number): Value {
  const layout = layoutOf(x)
  const rank = b.rank(x)
  const place = axisIn(layout, b.axis(axis, rank), rank)
  return b.value(b.op(op, [b.get(x, layout)], { axis: BigInt(place) }), x.type, x.shape, layout)
}

export const swish: Activation = (b, x) => elementwise(b, [x], (name) => b.op('Mul', [name!, b.op('Sigmoid', [name!])]))

/** Slopes below zero are a tensor that is broadcast. */
export function prelu(b: Builder, x: Value, slope: Value): Value {
  return named(b, 'PRelu', [x, slope])
}

export const elu: Activation = onnx('Elu')
export const relu: Activation = onnx('Relu')
export const sigmoid: Activation = onnx('Sigmoid')
export const tanh: Activation = onnx('Tanh')
export const selu: Activation = onnx('Selu')
export const softplus: Activation = onnx('Softplus')

export function leakyRelu(alpha: number): Activation {
  return onnx('LeakyRelu', { alpha })
}

/** Those of Keras by name (tfjs-layers activations.ts). */
export const activations: Readonly<Record<string, Activation>> = {
  linear: (_, x) => x,
  relu,
  relu6,
  elu,
  selu,
  sigmoid,
  tanh,
  softplus,
  swish,
  silu: swish,
  hardSigmoid: onnx('HardSigmoid', { alpha: 0.2, beta: 0.5 }),
  hard_sigmoid: onnx('HardSigmoid', { alpha: 0.2, beta: 0.5 }),
  softsign: onnx('Softsign'),
  softmax: (b, x) => along(b, 'Softmax', x, -1),
  logSoftmax: (b, x) => along(b, 'LogSoftmax', x, -1),
  log_softmax: (b, x) => along(b, 'LogSoftmax', x, -1),
  mish: onnx('Mish'),
  gelu: onnx('Gelu', { approximate: 'none' }),
  gelu_new: onnx('Gelu', { approximate: 'tanh' }),
}
