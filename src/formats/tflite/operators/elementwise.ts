import { clipped, setActivated } from '../activation.ts'
import { transposed } from '../../transposed.ts'
import { realConstant } from '../constants.ts'
import type { Converter, Handler, Layout } from '../converter.ts'
import { hardSwishOf } from '../hard-swish.ts'
import { codesOf, movedDifference, movedLeaky, movedProduct, movedSum, tabulated } from '../rounding.ts'
import { requantized } from '../requantized.ts'
import type { Quantization } from '../schema.ts'
import { atan2 } from '../../scalar-math.ts'

/**
 * The layout in which an operator that works element by element takes its operands: channels first where that is how the
 * computed ones of them are, so that no Transpose comes between convolutions.
 */
export function layoutFor(c: Converter, tensors: readonly number[]): Layout {
  const computed = tensors.filter((tensor) => !c.isConstant(tensor))
  const fits = (tensor: number): boolean => c.rank(tensor) === 4 || c.fact(tensor).shape.every((size) => size === 1)
  const isFirst = computed.some((tensor) => c.isFirst(tensor)) && computed.every(fits)
  return isFirst && tensors.every((tensor) => c.rank(tensor) <= 4) ? 'first' : 'last'
}

/** The real of an operand that is broadcast. */
export function operand(c: Converter, tensor: number, layout: Layout): string {
  const rank = c.rank(tensor)
  if (layout === 'last' || rank === 0) return c.real(tensor)
  if (rank === 4) return c.real(tensor, 'first')
  // Of fewer axes than four, which are those of the channels and before: [C] is [C, 1, 1].
  const real = c.real(tensor)
  const shape = c.fact(tensor).shape
  if (shape.every((size) => size === 1)) return c.op('Reshape', [real, c.writer.ints([1])])
  const four = [...Array.from({ length: 4 - rank }, () => 1), ...shape]
  return c.op('Reshape', [real, c.writer.ints([four[0]!, four[3]!, four[1]!, four[2]!])])
}

/** An operand of rank 2 or 3 can't be relaid by its shape alone, unless all but its channels are 1. */
function canRelay(c: Converter, tensor: number): boolean {
  const { shape } = c.fact(tensor)
  return shape.length === 4 || shape.slice(0, -1).every((size) => size === 1)
}

/** An operator on one value. */
function unary(write: (c: Converter, value: string) => string): Handler {
  return (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    const layout = layoutFor(c, [x])
    c.setReal(output, write(c, c.real(x, layout)), layout)
  }
}

function named(op: string): Handler {
  return unary((c, value) => c.op(op, [value]))
}

/** An operator on two values that are broadcast, with an activation in the first field of its options where it has one. */
function binary(
  write: (c: Converter, a: string, b: string) => string,
  { fused = false, result, moved }: BinaryFacts = {},
): Handler {
  return (c, { inputs, outputs: [output = -1], options }) => {
    const wanted = layoutFor(c, inputs)
    const layout = inputs.every((tensor) => canRelay(c, tensor)) ? wanted : 'last'
    const [a = '', b = ''] = inputs.map((tensor) => operand(c, tensor, layout))
    const exact = write(c, a, b)
    if (result) return c.set(output, exact, layout)
    const value = moved ? moved(c, exact, inputs, output) : exact
    setActivated(c, output, value, fused ? (options?.int8(0) ?? 0) : 0, layout)
  }
}

interface BinaryFacts {
  readonly fused?: boolean
  /** That it gives truths, which are stored as they are. */
  readonly result?: 'bool'
  /** What it adds before codes are rounded, see rounding.ts. */
  readonly moved?: (c: Converter, value: string, inputs: readonly number[], output: number) => string
}

const isFloat = (c: Converter, tensor: number): boolean =>
  c.quantization(tensor) !== undefined || ['float32', 'float16', 'float64'].includes(c.type(tensor))

/** Quotients are rounded down: of integers the truncated one is corrected. */
const floorDiv: Handler = (c, operator) => {
  const [a = -1] = operator.inputs
  if (isFloat(c, a)) return binary((_, x, y) => c.op('Floor', [c.op('Div', [x, y])]))(c, operator)
  binary((_, x, y) => {
    // The rest has the divisor's sign; without it, the division is even.
    const rest = c.op('Mod', [x, y])
    return c.op('Div', [c.op('Sub', [x, rest]), y])
  })(c, operator)
}

/** The rest has the divisor's sign. */
const floorMod: Handler = (c, operator) => {
  const [a = -1] = operator.inputs
  if (!isFloat(c, a)) return binary((_, x, y) => c.op('Mod', [x, y]))(c, operator)
  // As its kernel: x − y · floor(x / y) is off where the quotient is rounded, by whole divisors for large ones.
  binary((_, x, y) => {
    const zero = c.writer.scalar(0, 'float32')
    const rest = c.op('Mod', [x, y], { fmod: 1n })
    const differs = c.op('Xor', [c.op('Less', [rest, zero]), c.op('Less', [y, zero])])
    const isOff = c.op('And', [c.op('Not', [c.op('Equal', [rest, zero])]), differs])
    return c.op('Where', [isOff, c.op('Add', [rest, y]), rest])
  })(c, operator)
}

/** Slopes below zero are per channel, or of the shape of x without its batch. */
const prelu: Handler = (c, { inputs: [x = -1, slope = -1], outputs: [output = -1] }) => {
  const constant = c.constant(slope)
  const ofPixels = constant && c.rank(slope) === 3 && !c.quantization(slope)
  const layout = ofPixels || canRelay(c, slope) ? layoutFor(c, [x]) : 'last'
  const relaid =
    layout === 'first' && ofPixels ? c.writer.names.tensor(transposed(constant, [2, 0, 1])) : operand(c, slope, layout)
  c.setReal(output, c.op('PRelu', [c.real(x, layout), relaid]), layout)
}

const addN: Handler = (c, { inputs, outputs: [output = -1] }) => {
  const layout = layoutFor(c, inputs)
  c.setReal(output, c.op('Sum', inputs.map((tensor) => c.real(tensor, layout))), layout) // prettier-ignore
}

const cast: Handler = (c, { inputs: [x = -1], outputs: [output = -1] }) => {
  const layout = layoutFor(c, [x])
  c.set(output, c.cast(c.get(x, layout), c.type(output)), layout)
}

const logical = (op: string): Handler => binary((c, a, b) => c.op(op, [a, b]), { result: 'bool' })
const arithmetic = (op: string, facts?: BinaryFacts): Handler => binary((c, a, b) => c.op(op, [a, b]), facts)

/** The order of codes is that of what they stand for. */
const extreme =
  (op: 'Max' | 'Min'): Handler =>
  (c, operator) => {
    const { inputs, outputs: [output = -1] } = operator // prettier-ignore
    const asCodes = inputs.every((tensor) => c.hasBytes(tensor) && c.sameCodes(tensor, output))
    if (!asCodes) return arithmetic(op)(c, operator)
    const layout = inputs.every((tensor) => c.rank(tensor) === 4) ? layoutFor(c, inputs) : 'last'
    c.set(output, c.op(op, inputs.map((tensor) => c.get(tensor, layout))), layout) // prettier-ignore
  }

/** A product of two as one with weights that have one scale. */
const movedFactors: BinaryFacts['moved'] = (c, value, [x = -1, weights = -1], output) =>
  movedProduct(c, value, { x, weights, output }, 'last')

/** The codes of one quantisation from those of another, or from reals, and back. */
const requantize: Handler = (c, { inputs: [x = -1], outputs: [output = -1] }) => {
  const constant = c.constant(x)
  // Weights in float16 of a model that computes in float32: constants as any other.
  if (constant?.type === 'float16') return c.setConstant(output, realConstant(constant, undefined))
  const layout = layoutFor(c, [x])
  const [of, to] = [codesOf(c, x), codesOf(c, output)]
  if (of && to) {
    // kernels/internal/reference/requantize.h
    const made = (q: number): number => requantized(q, of.scale / to.scale)
    return c.set(
      output,
      c.sameCodes(x, output) ? c.get(x, layout) : tabulated(c, c.get(x, layout), of, to, made),
      layout,
    )
  }
  const real = wide(c, x) ? c.dequantize(c.get(x, layout), 'int32', wide(c, x)!) : c.real(x, layout)
  const codes = wide(c, output)
  if (!codes) return c.setReal(output, real, layout)
  // QuantizeLinear has no int32.
  const units = c.op('Div', [real, c.writer.scalar(codes.scale[0]!, 'float32')])
  const within = [-(2 ** 31), 2 ** 31 - 128].map((limit) => c.writer.scalar(limit, 'float32'))
  c.set(output, c.cast(c.op('Clip', [c.op('Round', [units]), ...within]), 'int32'), layout)
}

/** Codes of 32 bits, which are codes to these operators alone: sums, mostly. */
function wide(c: Converter, tensor: number): Quantization | undefined {
  const { type, quantization } = c.fact(tensor)
  const isPlain = quantization?.scale.length === 1 && quantization.zeroPoint[0] === 0
  return type === 'int32' && isPlain ? quantization : undefined
}

const scaled = (c: Converter, value: string, factor: number): string =>
  factor === 1 ? value : c.op('Mul', [value, c.writer.scalar(factor, 'float32')])

/** Of codes it is their own: each is multiplied by s_x / s_y, below zero also by alpha (kernels/internal/reference/leaky_relu.h). */
const leakyRelu: Handler = (c, { inputs: [x = -1], outputs: [output = -1], options }) => {
  const alpha = options?.float32(0) ?? 0
  const layout = layoutFor(c, [x])
  const [of, to] = [codesOf(c, x), codesOf(c, output)]
  if (of && to) {
    // Factors are of float32 (kernels/activations.cc, `LeakyReluPrepare`).
    const above = Math.fround(of.scale / to.scale)
    const below = Math.fround(Math.fround(of.scale * Math.abs(alpha)) / to.scale)
    const made = (q: number): number => (q >= 0 ? requantized(q, above) : Math.sign(alpha) * requantized(q, below))
    return c.set(output, tabulated(c, c.get(x, layout), of, to, made), layout)
  }
  const real = c.real(x, layout)
  const value = c.op('LeakyRelu', [real], { alpha })
  c.setReal(output, movedLeaky(c, value, real, alpha, [x, output]), layout)
}

const hardSwish: Handler = (c, operator) => {
  const { inputs: [x = -1], outputs: [output = -1] } = operator // prettier-ignore
  const [of, to] = [codesOf(c, x), codesOf(c, output)]
  const made = of && to && hardSwishOf(of.scale, to.scale)
  if (!made) return named('HardSwish')(c, operator)
  const layout = layoutFor(c, [x])
  c.set(output, tabulated(c, c.get(x, layout), of, to, made), layout)
}

const softmax: Handler = (c, { inputs: [x = -1], outputs: [output = -1], options }) => {
  // beta multiplies what goes in (reference_ops.h, Softmax).
  const value = scaled(c, c.real(x), options?.float32(0) ?? 0)
  c.setReal(output, c.op('Softmax', [value], { axis: -1n }))
}

export const elementwise: Readonly<Record<string, Handler>> = {
  ADD: arithmetic('Add', { fused: true, moved: movedSum }),
  SUB: arithmetic('Sub', { fused: true, moved: movedDifference }),
  MUL: arithmetic('Mul', { fused: true, moved: movedFactors }),
  DIV: arithmetic('Div', { fused: true }),
  MAXIMUM: extreme('Max'),
  MINIMUM: extreme('Min'),
  POW: arithmetic('Pow'),
  SQUARED_DIFFERENCE: binary((c, a, b) => {
    const difference = c.op('Sub', [a, b])
    return c.op('Mul', [difference, difference])
  }),
  ATAN2: binary((c, y, x) => atan2(c.writer, y, x)),
  FLOOR_DIV: floorDiv,
  FLOOR_MOD: floorMod,
  ADD_N: addN,
  PRELU: prelu,
  CAST: cast,
  QUANTIZE: requantize,
  DEQUANTIZE: requantize,
  EQUAL: logical('Equal'),
  NOT_EQUAL: binary((c, a, b) => c.op('Not', [c.op('Equal', [a, b])]), { result: 'bool' }),
  LESS: logical('Less'),
  LESS_EQUAL: logical('LessOrEqual'),
  GREATER: logical('Greater'),
  GREATER_EQUAL: logical('GreaterOrEqual'),
  LOGICAL_AND: logical('And'),
  LOGICAL_OR: logical('Or'),
  LOGICAL_NOT: named('Not'),
  BITWISE_XOR: arithmetic('BitwiseXor'),
  NEG: named('Neg'),
  ABS: named('Abs'),
  EXP: named('Exp'),
  LOG: named('Log'),
  SQRT: named('Sqrt'),
  RSQRT: unary((c, value) => c.op('Reciprocal', [c.op('Sqrt', [value])])),
  SQUARE: unary((c, value) => c.op('Mul', [value, value])),
  SIN: named('Sin'),
  COS: named('Cos'),
  FLOOR: named('Floor'),
  CEIL: named('Ceil'),
  ROUND: named('Round'),
  SIGN: named('Sign'),
  TANH: named('Tanh'),
  LOGISTIC: named('Sigmoid'),
  HARD_SWISH: hardSwish,
  RELU: unary((c, value) => clipped(c, value, [0, Infinity])),
  RELU6: unary((c, value) => clipped(c, value, [0, 6])),
  RELU_N1_TO_1: unary((c, value) => clipped(c, value, [-1, 1])),
  RELU_0_TO_1: unary((c, value) => clipped(c, value, [0, 1])),
  ELU: named('Elu'),
  GELU: (c, operator) => {
    const approximate = operator.options?.bool(0) ? 'tanh' : 'none'
    unary((_, value) => c.op('Gelu', [value], { approximate }))(c, operator)
  },
  LEAKY_RELU: leakyRelu,
  SOFTMAX: softmax,
  LOG_SOFTMAX: (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    c.setReal(output, c.op('LogSoftmax', [c.real(x)], { axis: -1n }))
  },
  ZEROS_LIKE: (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    const zero = c.writer.scalar(0, c.type(output))
    c.set(output, c.op('Expand', [zero, c.op('Shape', [c.get(x)])]))
  },
  DENSIFY: (c, { inputs: [x = -1], outputs: [output = -1] }) => {
    const dense = c.constant(x) ?? c.fail('has a DENSIFY of a tensor that is no constant')
    c.setConstant(output, dense)
  },
}
