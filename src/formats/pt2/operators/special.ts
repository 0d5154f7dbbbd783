import { elementTypes, isFloat } from '../../../onnx/element-type.ts'
import { type Call, type Convert, type Operators, refuse } from '../call.ts'

// Functions of each element that ONNX has no operator for.

/** `x` where it is beyond ±`lambd` or NaN, moved towards zero by `bias`; else 0. */
const shrunk =
  (isMoved: boolean): Convert =>
  (call) => {
    const { w } = call
    const { name: x, type } = call.tensor('self')
    const lambd = w.scalar(call.float('lambd', 0.5), type)
    const zero = w.scalar(0, type)
    const isNear = w.op('LessOrEqual', [w.op('Abs', [x]), lambd])
    const y = isMoved ? w.op('Sub', [x, w.op('Mul', [w.op('Sign', [x]), lambd])]) : x
    return w.where(isNear, zero, y)
  }

const threshold: Convert = (call) => {
  const { w } = call
  const { name: x, type } = call.tensor('self')
  const [limit, value] = ['threshold', 'value'].map((name) => call.scalarTensor(call.operand(name), type))
  return w.where(w.op('LessOrEqual', [x, limit!]), value!, x)
}

/** Both operands in the type of the result. */
function operands(call: Call): readonly [string, string] {
  const { type } = call.out
  return [call.scalarTensor(call.operand('self'), type), call.scalarTensor(call.operand('other'), type)]
}

/** Of the angle in the first quadrant, which is 0 of two zeros and π/4 of two infinities; signs of zeros count. */
const atan2: Convert = (call) => {
  const { w } = call
  const { type } = call.out
  const [y, x] = operands(call)
  const of = (value: number): string => w.scalar(value, type)
  const isNegative = (value: string): string =>
    w.op('Less', [w.where(w.op('Equal', [value, of(0)]), w.op('Reciprocal', [value]), value), of(0)])
  const [rise, run] = [w.op('Abs', [y]), w.op('Abs', [x])]
  const same = w.where(w.op('Equal', [rise, of(0)]), of(0), of(Math.PI / 4))
  const angle = w.where(w.op('Equal', [rise, run]), same, w.op('Atan', [w.op('Div', [rise, run])]))
  const turned = w.where(isNegative(x), w.op('Sub', [of(Math.PI), angle]), angle)
  return w.where(isNegative(y), w.op('Neg', [turned]), turned)
}

/** √(x² + y²) = m · √(1 + (n / m)²) of the larger m, whose square may be no number. */
const hypot: Convert = (call) => {
  const { w } = call
  const { type } = call.out
  const [x, y] = operands(call).map((operand) => w.op('Abs', [operand]))
  const of = (value: number): string => w.scalar(value, type)
  const [larger, smaller] = [w.op('Max', [x!, y!]), w.op('Min', [x!, y!])]
  const ratio = w.op('Div', [smaller, larger])
  const root = w.op('Sqrt', [w.op('Add', [of(1), w.op('Mul', [ratio, ratio])])])
  const length = w.where(w.op('Equal', [larger, of(0)]), larger, w.op('Mul', [larger, root]))
  const isInfinite = w.op('Or', [w.op('Equal', [x!, of(Infinity)]), w.op('Equal', [y!, of(Infinity)])])
  return w.where(isInfinite, of(Infinity), length)
}

/**
 * 1 − erf(x), whose digits a difference would lose where it is small: t · exp(−x² + P(t)), t = 1 / (1 + |x| / 2), within 1.2e-7 of
 * its value. Source: Numerical Recipes in C, second edition, 6.2, erfcc.
 */
const erfc: Convert = (call) => {
  const { w } = call
  const { type } = call.out
  if (type === 'float64') return refuse('in float64')
  const x = call.cast(call.tensor('self'), 'float32')
  const of = (value: number): string => w.scalar(value, 'float32')
  const size = w.op('Abs', [x])
  const t = w.op('Reciprocal', [w.op('Add', [of(1), w.op('Mul', [size, of(0.5)])])])
  const polynomial = ERFC.reduce((sum, factor) => w.op('Add', [w.op('Mul', [sum, t]), of(factor)]), of(0))
  const exponent = w.op('Sub', [polynomial, w.op('Mul', [x, x])])
  const y = w.op('Mul', [t, w.op('Exp', [exponent])])
  return w.cast(w.where(w.op('Less', [x, of(0)]), w.op('Sub', [of(2), y]), y), 'float32', type)
}

/** Factors of P, the highest first. */
const ERFC = [
  0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807, -0.18628806, 0.09678418, 0.37409196, 1.00002368,
  -1.26551223,
]

/** Of integers, by a number of bits that the program states: a product, or a quotient that is rounded down. */
const shifted =
  (isLeft: boolean): Convert =>
  (call) => {
    const { w } = call
    const { name: x, type } = call.tensor('self')
    const bits = call.int('other')
    if (isFloat(type) || type === 'bool' || call.out.type !== type) return refuse('its operands are no integers')
    if (bits < 0 || bits > elementTypes[type].bits - 2) return refuse('its number of bits')
    const factor = w.scalar(2n ** BigInt(bits), type)
    if (isLeft) return w.op('Mul', [x, factor])
    // Mod has the divisor's sign, so that what is divided is a multiple.
    return w.op('Div', [w.op('Sub', [x, w.op('Mod', [x, factor])]), factor])
  }

const outer: Convert = (call) => {
  const [a, b] = ['self', 'vec2'].map((name) => call.cast(call.tensor(name), call.out.type))
  return call.w.op('Mul', [call.w.unsqueeze(a!, 1), b!])
}

/** All make fresh memory. */
export const special: Operators = {
  'aten.hardshrink.default': shrunk(false),
  'aten.softshrink.default': shrunk(true),
  'aten.threshold.default': threshold,
  'aten.atan2.default': atan2,
  'aten.arctan2.default': atan2,
  'aten.hypot.default': hypot,
  'aten.erfc.default': erfc,
  'aten.special_erfc.default': erfc,
  'aten.outer.default': outer,
  ...Object.fromEntries(
    [
      ['__lshift__.Scalar', true] as const,
      ['bitwise_left_shift.Tensor_Scalar', true] as const,
      ['__rshift__.Scalar', false] as const,
      ['bitwise_right_shift.Tensor_Scalar', false] as const,
    ].map(([name, isLeft]) => [`aten.${name}`, shifted(isLeft)] as const),
  ),
}
