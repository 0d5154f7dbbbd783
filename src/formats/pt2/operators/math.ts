import { type ElementType, isFloat } from '../../../onnx/element-type.ts'
import type { Call, Convert, Operators, Scalar } from '../call.ts'
import { refuse } from '../call.ts'
import { promotedType } from '../promotion.ts'

/** An operator of two operands that both become `type`, or what they are promoted to. */
type Binary = (call: Call, a: string, b: string, type: ElementType) => string

const op =
  (name: string): Binary =>
  ({ w }, a, b) =>
    w.op(name, [a, b])

/** ONNX has no arithmetic on bools; sums and products of them are these. */
const arithmetic =
  (name: string, ofBools?: string): Binary =>
  (call, a, b, type) => {
    if (type !== 'bool') return call.w.op(name, [a, b])
    return ofBools ? call.w.op(ofBools, [a, b]) : refuse('it computes with bools')
  }

/** `alpha` multiplies `other` (or, in rsub, `self`). */
function scaled(call: Call, name: string, type: ElementType): string {
  const value = call.scalarTensor(call.operand(name), type)
  const alpha = call.operand('alpha', 1)
  return alpha === 1n ? value : call.w.op('Mul', [value, call.scalarTensor(alpha, type)])
}

/** Computes in the type of the result, which the program states. */
const elementwise =
  (binary: Binary, [first, second] = ['self', 'other']): Convert =>
  (call) => {
    const { type } = call.out
    const a = call.scalarTensor(call.operand(first!), type)
    return binary(call, a, scaled(call, second!, type), type)
  }

const reversed = (binary: Binary): Convert =>
  elementwise((call, a, b, type) => binary(call, a, b, type), ['other', 'self'])

/** Computes in the type that both operands are promoted to; the result is of another, bool. */
const comparison =
  (binary: Binary): Convert =>
  (call) => {
    const [a, b] = [call.operand('self'), call.operand('other')]
    const type = promotedType([a, b])
    return binary(call, call.scalarTensor(a, type), call.scalarTensor(b, type), type)
  }

/** Compares bools as numbers. */
const ordered =
  (name: string): Binary =>
  ({ w }, a, b, type) => {
    const of = type === 'bool' ? 'uint8' : type
    return w.op(name, [w.cast(a, type, of), w.cast(b, type, of)])
  }

const not: Binary = (call, a, b) => call.w.op('Not', [call.w.op('Equal', [a, b])])

/** As bools: what is not zero. */
const logical =
  (name: string): Convert =>
  (call) =>
    call.w.op(name, [call.scalarTensor(call.operand('self'), 'bool'), call.scalarTensor(call.operand('other'), 'bool')])

const bitwise = (name: string): Binary => arithmetic(`Bitwise${name}`, name)

/** True division: of integers, too, in the float type of the result. */
const divide: Convert = (call) => {
  const mode = call.text('rounding_mode', '')
  const { type } = call.out
  const binary = mode === 'floor' ? floorDivide : mode === 'trunc' ? truncDivide : op('Div')
  return binary(
    call,
    call.scalarTensor(call.operand('self'), type),
    call.scalarTensor(call.operand('other'), type),
    type,
  )
}

const truncDivide: Binary = ({ w }, a, b, type) => {
  const quotient = w.op('Div', [a, b])
  if (!isFloat(type)) return quotient
  const magnitude = w.op('Floor', [w.op('Abs', [quotient])])
  return w.op('Mul', [w.op('Sign', [quotient]), magnitude])
}

/** Source for floats: c10/util/generic_math.h, div_floor_floating, which is exact where a / b rounds up to an integer. */
const floorDivide: Binary = ({ w }, a, b, type) => {
  const zero = w.scalar(isFloat(type) ? 0 : 0n, type)
  const isNegative = (x: string): string => w.op('Less', [x, zero])
  const differs = (x: string): string => w.op('Xor', [isNegative(x), isNegative(b)])
  if (!isFloat(type)) {
    const quotient = w.op('Div', [a, b])
    if (type.startsWith('u')) return quotient
    const rest = w.op('Sub', [a, w.op('Mul', [quotient, b])])
    const down = w.op('And', [w.op('Not', [w.op('Equal', [rest, zero])]), differs(rest)])
    return w.op('Sub', [quotient, w.cast(down, 'bool', type)])
  }
  const rest = w.op('Mod', [a, b], { fmod: 1n })
  const whole = w.op('Div', [w.op('Sub', [a, rest]), b])
  const down = w.op('And', [w.op('Not', [w.op('Equal', [rest, zero])]), differs(rest)])
  const lower = w.op('Sub', [whole, w.cast(down, 'bool', type)])
  const floor = w.op('Floor', [lower])
  const isAbove = w.op('Greater', [w.op('Sub', [lower, floor]), w.scalar(0.5, type)])
  const nearest = w.op('Add', [floor, w.cast(isAbove, 'bool', type)])
  return w.where(w.op('Equal', [b, zero]), w.op('Div', [a, b]), nearest)
}

/** The remainder has the divisor's sign. */
const remainder: Binary = ({ w }, a, b, type) => {
  if (!isFloat(type)) return w.op('Mod', [a, b])
  const rest = w.op('Mod', [a, b], { fmod: 1n })
  const zero = w.scalar(0, type)
  const differs = w.op('Xor', [w.op('Less', [rest, zero]), w.op('Less', [b, zero])])
  const isOff = w.op('And', [w.op('Not', [w.op('Equal', [rest, zero])]), differs])
  return w.where(isOff, w.op('Add', [rest, b]), rest)
}

/** A number for the exponent keeps its own type where ONNX takes that, so that 0.5 of an integer base stays 0.5. */
const power: Convert = (call) => {
  const { type } = call.out
  return call.w.op('Pow', [
    call.scalarTensor(call.operand('self'), type),
    call.scalarTensor(call.operand('exponent'), type),
  ])
}

/** min and max are numbers or tensors, either of which may be left out. NaN stays. */
const clamp: Convert = (call) => {
  const { type } = call.out
  const bound = (x: string, name: string, by: string): string =>
    call.has(name) ? call.w.op(by, [x, call.scalarTensor(call.operand(name), type)]) : x
  return bound(bound(call.cast(call.tensor('self'), type), 'min', 'Max'), 'max', 'Min')
}

/** self + value · a ∘ b. */
const accumulated =
  (name: string): Convert =>
  (call) => {
    const { type } = call.out
    const [a, b] = ['tensor1', 'tensor2'].map((side) => call.cast(call.tensor(side), type))
    const value = call.operand('value', 1)
    const product = call.w.op(name, [a!, b!])
    const added = value === 1n ? product : call.w.op('Mul', [product, call.scalarTensor(value, type)])
    return call.w.op('Add', [call.cast(call.tensor('self'), type), added])
  }

const lerp: Convert = (call) => {
  const { type } = call.out
  const [self, end] = ['self', 'end'].map((side) => call.cast(call.tensor(side), type))
  const weight = call.scalarTensor(call.operand('weight'), type)
  return call.w.op('Add', [self!, call.w.op('Mul', [weight, call.w.op('Sub', [end!, self!])])])
}

const where: Convert = (call) => {
  const { type } = call.out
  const condition = call.cast(call.tensor('condition'), 'bool')
  return call.w.where(
    condition,
    call.scalarTensor(call.operand('self'), type),
    call.scalarTensor(call.operand('other'), type),
  )
}

const maskedFill: Convert = (call) => {
  const { type } = call.out
  const mask = call.cast(call.tensor('mask'), 'bool')
  return call.w.where(mask, call.scalarTensor(call.operand('value'), type), call.cast(call.tensor('self'), type))
}

/** `self` with every element the same. */
function filled(call: Call, value: Scalar): string {
  const self = call.tensor('self')
  return call.w.op('Expand', [call.scalarTensor(value, self.type), call.w.sizes(self.name)])
}

function both(target: string, convert: Convert): [string, Convert][] {
  return ['Tensor', 'Scalar'].map((overload) => [`aten.${target}.${overload}`, convert])
}

/** Operators of several operands on each element; all make fresh memory. */
export const math: Operators = {
  'aten.clamp.default': clamp,
  'aten.clip.default': clamp,
  'aten.clamp_min.default': clamp,
  'aten.clamp_max.default': clamp,
  'aten.maximum.default': elementwise(op('Max')),
  'aten.minimum.default': elementwise(op('Min')),
  'aten.logical_and.default': logical('And'),
  'aten.logical_or.default': logical('Or'),
  'aten.logical_xor.default': logical('Xor'),
  'aten.addcmul.default': accumulated('Mul'),
  'aten.addcdiv.default': accumulated('Div'),
  'aten.zero.default': (call) => filled(call, 0n),
  ...Object.fromEntries([
    ...both('add', elementwise(arithmetic('Add', 'Or'))),
    ...both('sub', elementwise(arithmetic('Sub'))),
    ...both('mul', elementwise(arithmetic('Mul', 'And'))),
    ...both('div', divide),
    ...both('rsub', reversed(arithmetic('Sub'))),
    ...both('remainder', elementwise(remainder)),
    ...both(
      'fmod',
      elementwise(({ w }, a, b) => w.op('Mod', [a, b], { fmod: 1n })),
    ),
    ...both('eq', comparison(op('Equal'))),
    ...both('ne', comparison(not)),
    ...both('lt', comparison(ordered('Less'))),
    ...both('le', comparison(ordered('LessOrEqual'))),
    ...both('gt', comparison(ordered('Greater'))),
    ...both('ge', comparison(ordered('GreaterOrEqual'))),
    ...both('bitwise_and', elementwise(bitwise('And'))),
    ...both('bitwise_or', elementwise(bitwise('Or'))),
    ...both('bitwise_xor', elementwise(bitwise('Xor'))),
    ...both('__and__', elementwise(bitwise('And'))),
    ...both('__or__', elementwise(bitwise('Or'))),
    ...both('__xor__', elementwise(bitwise('Xor'))),
    ...both('lerp', lerp),
    ...both('masked_fill', maskedFill),
  ]),
  'aten.div.Tensor_mode': divide,
  'aten.div.Scalar_mode': divide,
  'aten.true_divide.Tensor': divide,
  'aten.floor_divide.default': elementwise(floorDivide),
  'aten.floor_divide.Scalar': elementwise(floorDivide),
  'aten.pow.Tensor_Scalar': power,
  'aten.pow.Tensor_Tensor': power,
  'aten.pow.Scalar': power,
  'aten.clamp.Tensor': clamp,
  'aten.clamp_min.Tensor': clamp,
  'aten.clamp_max.Tensor': clamp,
  'aten.max.other': elementwise(op('Max')),
  'aten.min.other': elementwise(op('Min')),
  'aten.where.self': where,
  'aten.where.ScalarSelf': where,
  'aten.where.ScalarOther': where,
  'aten.where.Scalar': where,
  'aten.masked_fill.Tensor': maskedFill,
  'aten.lerp.Scalar': lerp,
  'aten.fill.Scalar': (call) => filled(call, call.operand('value')),
  'aten.fill.Tensor': (call) => filled(call, call.operand('value')),
  'aten.copy.default': (call) => {
    const self = call.tensor('self')
    return call.w.op('Expand', [call.cast(call.tensor('src'), self.type), call.w.sizes(self.name)])
  },
}
