import { isFloat } from '../../../onnx/element-type.ts'
import { type Call, type Convert, type Operators, refuse } from '../call.ts'

/** An operator on each element, computed in the type of the result. */
export const unary =
  (...names: readonly string[]): Convert =>
  (call) =>
    names.reduce((x, name) => call.w.op(name, [x]), call.cast(call.tensor('self'), call.out.type))

/** What leaves integers as they are. */
const rounding =
  (name: string): Convert =>
  (call) => {
    const self = call.tensor('self')
    if (!isFloat(self.type)) return self.name
    if (call.int('decimals', 0) !== 0) refuse('its argument decimals')
    return call.w.op(name, [self.name])
  }

const truncated: Convert = (call) => {
  const self = call.tensor('self')
  if (!isFloat(self.type)) return self.name
  return call.w.op('Mul', [call.w.op('Sign', [self.name]), call.w.op('Floor', [call.w.op('Abs', [self.name])])])
}

/** A copy of `self` in the type of the result. */
export const converted: Convert = (call) => call.w.op('Identity', [call.cast(call.tensor('self'), call.out.type)])

const hasClass =
  (names: readonly string[]): Convert =>
  (call) => {
    const self = call.tensor('self')
    const x = isFloat(self.type) ? self.name : call.cast(self, 'float32')
    return names.reduce((value, name) => call.w.op(name, [value]), x)
  }

const converts: Readonly<Record<string, Convert>> = {
  abs: unary('Abs'),
  neg: unary('Neg'),
  sqrt: unary('Sqrt'),
  rsqrt: unary('Sqrt', 'Reciprocal'),
  reciprocal: unary('Reciprocal'),
  exp: unary('Exp'),
  log: unary('Log'),
  sin: unary('Sin'),
  cos: unary('Cos'),
  tan: unary('Tan'),
  asin: unary('Asin'),
  acos: unary('Acos'),
  atan: unary('Atan'),
  sinh: unary('Sinh'),
  cosh: unary('Cosh'),
  asinh: unary('Asinh'),
  acosh: unary('Acosh'),
  atanh: unary('Atanh'),
  erf: unary('Erf'),
  sign: unary('Sign'),
  square: (call) => call.w.op('Mul', [call.tensor('self').name, call.tensor('self').name]),
  floor: rounding('Floor'),
  ceil: rounding('Ceil'),
  round: rounding('Round'),
  trunc: truncated,
  exp2: (call) => call.w.op('Pow', [call.w.scalar(2, call.out.type), call.cast(call.tensor('self'), call.out.type)]),
  log2: logarithm(2),
  log10: logarithm(10),
  log1p: logOfOnePlus,
  expm1: expMinusOne,
  logical_not: (call) => call.w.op('Not', [call.cast(call.tensor('self'), 'bool')]),
  bitwise_not: (call) => call.w.op(call.out.type === 'bool' ? 'Not' : 'BitwiseNot', [call.tensor('self').name]),
  isnan: hasClass(['IsNaN']),
  isinf: hasClass(['IsInf']),
  isfinite: (call) =>
    call.w.op('Not', [call.w.op('Or', [hasClass(['IsNaN'])(call) as string, hasClass(['IsInf'])(call) as string])]),
  clone: converted,
  lift_fresh_copy: converted,
  _to_copy: converted,
}

/** log(1 + x), exact where 1 + x loses x: log(u) · x / (u − 1). Source: HP-15C Advanced Functions Handbook, appendix 2. */
function logOfOnePlus(call: Call): string {
  const { w } = call
  const { type } = call.out
  const x = call.cast(call.tensor('self'), type)
  const one = w.scalar(1, type)
  const u = w.op('Add', [x, one])
  const log = w.op('Log', [u])
  const step = w.op('Sub', [u, one])
  const mended = w.op('Mul', [log, w.op('Div', [x, step])])
  const isLost = w.op('Equal', [step, w.scalar(0, type)])
  return w.where(w.op('Equal', [u, x]), log, w.where(isLost, x, mended))
}

/** exp(x) − 1, exact where exp(x) is near 1: (u − 1) · x / log(u). Source: as above. */
function expMinusOne(call: Call): string {
  const { w } = call
  const { type } = call.out
  const x = call.cast(call.tensor('self'), type)
  const one = w.scalar(1, type)
  const u = w.op('Exp', [x])
  const step = w.op('Sub', [u, one])
  const mended = w.op('Mul', [step, w.op('Div', [x, w.op('Log', [u])])])
  const isPlain = w.op('Or', [w.op('Equal', [step, w.scalar(-1, type)]), w.op('Equal', [u, w.scalar(Infinity, type)])])
  return w.where(isPlain, step, w.where(w.op('Equal', [u, one]), x, mended))
}

function logarithm(base: number): Convert {
  return (call) => {
    const { type } = call.out
    return call.w.op('Mul', [
      call.w.op('Log', [call.cast(call.tensor('self'), type)]),
      call.w.scalar(1 / Math.log(base), type),
    ])
  }
}

/** Operators of one operand on each element; all make fresh memory. */
export const unaries: Operators = {
  ...Object.fromEntries(Object.entries(converts).map(([name, convert]) => [`aten.${name}.default`, convert])),
  'aten.round.decimals': rounding('Round'),
}
