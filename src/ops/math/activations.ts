import type { FloatName } from '../../graph/attributes.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { broadcastTo } from '../../graph/demands.ts'
import { takes } from '../../graph/rules.ts'
import { maximum } from '../../graph/integer.ts'
import { isInteger, limitsOf } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { arithmetic, literal } from '../../lowering/c-text.ts'
import { truncated } from './cast.ts'
import { unaryOperator } from './elementwise.ts'
import { foldElementwise } from '../../graph/fold.ts'
import { geluKind } from '../../lowering/epilogue.ts'
import type { LoweredOperator, Scalar } from '../../lowering/lowering.ts'

/** Name and default of an activation's parameters, in the order of `om_activate_f32`. */
type Parameters = readonly (readonly [name: FloatName, otherwise: number])[]

/** A function of native/kernels/activation.h; defaults are those of the ONNX operator. */
function activation(
  name: string,
  kind: string | ((node: Node) => string),
  parameters: Parameters = [],
): LoweredOperator {
  const scalar: Scalar = (node, [x], k) => {
    const double = node.input(0).type === 'float64'
    k.include(double ? 'activation-f64.h' : 'activation.h')
    const type = double ? 'float64' : 'float32'
    const values = [0, 1].map((i) => (parameters[i] ? literal(type, node.float(...parameters[i])) : '0'))
    return `om_activate_${double ? 'f64' : 'f32'}(${x}, ${typeof kind === 'string' ? kind : kind(node)}, ${values.join(', ')})`
  }
  return unaryOperator(name, scalar, { types: 'float' })
}

const LeakyRelu = activation('LeakyRelu', 'OM_ACT_LEAKY_RELU', [['alpha', 0.01]])

/** ONNX Celu-12: max(0, x) + min(0, alpha * (e^(x / alpha) - 1)). */
const celu: Scalar = (node, [x], k) => {
  const { type } = node.input(0)
  const alpha = literal(type, node.float('alpha', 1))
  if (type === 'float64') return `${x} > 0 ? ${x} : ${alpha} * expm1(${x} / ${alpha})`
  k.include('elementary.h')
  return `${x} > 0 ? ${x} : ${alpha} * om_expm1_f32(${x} / ${alpha})`
}

/** ONNX Shrink-9, of integers too: the parameters are floats, so the arithmetic is. */
const shrink: Scalar = (node, [x]) => {
  const given = node.input(0).type
  const type = given === 'float64' ? 'float64' : 'float32'
  const [lambd, bias] = [literal(type, node.float('lambd', 0.5)), literal(type, node.float('bias', 0))]
  const shrunk = `${x} < -${lambd} ? ${x} + ${bias} : ${x} > ${lambd} ? ${x} - ${bias} : 0`
  return isInteger(given) ? truncated(given, `(${shrunk})`) : shrunk
}

/** The bound itself where the bounds cross: the upper one. NaN stays. */
function clip<T extends number | bigint>(x: T, low: T, high: T): T {
  return x < low ? (low > high ? high : low) : x > high ? high : x
}

/** ONNX Clip-11 … 13 with optional bounds as inputs, which are the limits of the type where they are left out: infinity becomes the largest number. */
const Clip: LoweredOperator = {
  name: 'Clip',
  since: 11,
  rules: takes('input:T min?:T[.] max?:T[.]', { T: 'number' }),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  fold(node) {
    if (!node.inputs[1] || !node.inputs[2]) return undefined
    return foldElementwise(node, node.input(0).type, { onNumbers: clip<number>, onIntegers: clip<bigint> })
  },
  decompose(node, b) {
    const [x, low, high] = [node.input(0), node.inputs[1], node.inputs[2]]
    if (low && high) return undefined
    const [lowest, highest] = limitsOf(x.type).map((limit) => b.constant(tensorFrom(x.type, [], [limit])))
    return [b.op('Clip', [x, low ?? lowest, high ?? highest])]
  },
  scalar: (_node, [x, low, high]) =>
    `${x} < ${low} ? (${low} > ${high} ? ${high} : ${low}) : ${x} > ${high} ? ${high} : ${x}`,
}

/** Up to opset 10 the bounds were attributes. */
const ClipByAttributes: LoweredOperator = {
  name: 'Clip',
  rules: takes('input:float'),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const { type } = node.input(0)
    const bound = (name: 'min' | 'max'): Value | undefined => {
      const value = node.float(name)
      return value === undefined ? undefined : b.scalar(value, type)
    }
    return [b.op('Clip', [node.input(0), bound('min'), bound('max')])]
  },
}

/** ONNX PRelu-1 … 16: the slope broadcasts to x; up to opset 6 one slope per channel goes with axis 1. */
const PRelu: LoweredOperator = {
  name: 'PRelu',
  rules: takes('X:T slope:T', { T: 'number' }, (node) => {
    const [x, slope] = [node.input(0), node.input(1)]
    const dims = isPerChannel(node) ? [x.dims[1]!] : x.dims
    return [...broadcastTo(node, dims, [{ input: 1, from: 0, dims: slope.dims }])]
  }),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  fold(node) {
    if (isPerChannel(node)) return undefined
    const onNumbers = (x: number, slope: number): number => (x < 0 ? slope * x : x)
    const onIntegers = (x: bigint, slope: bigint): bigint => (x < 0n ? slope * x : x)
    return foldElementwise(node, node.input(0).type, { onNumbers, onIntegers })
  },
  decompose(node, b) {
    const [x, slope] = [node.input(0), node.input(1)]
    if (!isPerChannel(node) || x.rank <= 2) return undefined
    const axes = x.dims.slice(2).map((_, i) => i + 1)
    return [b.op('PRelu', [x, b.op('Unsqueeze', [slope, b.ints(axes)])])]
  },
  scalar: (node, [x, slope]) => `${x} < 0 ? ${arithmetic(node.output().type, slope!, '*', x!)} : ${x}`,
}

function isPerChannel(node: Node): boolean {
  return node.version < 7 && node.input(0).rank >= 2 && node.input(1).rank === 1
}

export const activations: readonly LoweredOperator[] = [
  unaryOperator('Relu', (node, [x]) => relu(node, x!), {
    types: 'signed',
    onNumbers: (x) => (x < 0 ? 0 : x),
    onIntegers: (x) => maximum(x, 0n),
  }),
  LeakyRelu,
  activation('Elu', 'OM_ACT_ELU', [['alpha', 1]]),
  activation('Selu', 'OM_ACT_SELU', [
    ['alpha', 1.6732632423543772],
    ['gamma', 1.0507009873554805],
  ]),
  unaryOperator('Celu', celu, { types: 'float' }),
  activation('ThresholdedRelu', 'OM_ACT_THRESHOLDED_RELU', [['alpha', 1]]),
  activation('Sigmoid', 'OM_ACT_SIGMOID'),
  activation('HardSigmoid', 'OM_ACT_HARD_SIGMOID', [
    ['alpha', 0.2],
    ['beta', 0.5],
  ]),
  activation('HardSwish', 'OM_ACT_HARD_SWISH'),
  activation('Swish', 'OM_ACT_SWISH', [['alpha', 1]]),
  activation('Gelu', geluKind),
  activation('Mish', 'OM_ACT_MISH'),
  activation('Softplus', 'OM_ACT_SOFTPLUS'),
  activation('Softsign', 'OM_ACT_SOFTSIGN'),
  unaryOperator('Shrink', shrink, { types: 'number' }),
  Clip,
  ClipByAttributes,
  PRelu,
]

function relu(node: Node, x: string): string {
  const { type } = node.input(0)
  const zero = literal(type, 0)
  return `${x} < ${zero} ? ${zero} : ${x}`
}
