import type { IntName } from '../../graph/attributes.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import { isFloat } from '../../onnx/element-type.ts'
import { absolute } from '../../graph/integer.ts'
import { negation } from '../../lowering/c-text.ts'
import type { Elementwise } from '../../graph/fold.ts'
import { libm, unaryOperator } from './elementwise.ts'
import type { LoweredOperator, Scalar } from '../../lowering/lowering.ts'
import { roundToEven } from '../../graph/rounding.ts'

/** Functions of a header of native/kernels, which vectorise; doubles use the C library. */
function vectorised(header: string, functions: Readonly<Record<string, string>>): LoweredOperator[] {
  return Object.entries(functions).map(([name, c]) => {
    const scalar: Scalar = (node, [x], k) => {
      if (node.input(0).type === 'float64') return `${c}(${x})`
      k.include(header)
      return `om_${c}_f32(${x})`
    }
    return unaryOperator(name, scalar, { types: 'float' })
  })
}

/** Angles of thousands of turns are rare, and reducing them takes three quarters of the time. */
function withSmallAngles(operator: LoweredOperator): LoweredOperator {
  const scalar: Scalar = (node, [x]) => `om_${operator.name.toLowerCase()}_small_f32(${x})`
  return {
    ...operator,
    bounded: (node) => (node.input(0).type === 'float64' ? undefined : { limit: '8192.0f', scalar }),
  }
}

/** A function that the C library has in each precision. */
function library(name: string, c: string, onNumbers: (x: number) => number): LoweredOperator {
  const scalar: Scalar = (node, [x]) => `${libm(node.input(0).type, c)}(${x})`
  return unaryOperator(name, scalar, { types: 'float', onNumbers })
}

/** An expression that C has for every type that the operator takes. */
function expression(
  name: string,
  types: string,
  text: (x: string, type: ElementType) => string,
  functions: Elementwise,
): LoweredOperator {
  return unaryOperator(name, (node, [x]) => text(x!, node.input(0).type), { types, ...functions })
}

/** A question with a yes or no for an answer. */
function predicate(name: string, text: (x: string, attribute: (name: IntName) => boolean) => string): LoweredOperator {
  const scalar: Scalar = (node, [x]) => text(x!, (attribute) => node.int(attribute, 1) !== 0)
  return unaryOperator(name, scalar, { types: 'float', gives: 'bool' })
}

const ONE: Readonly<Partial<Record<ElementType, string>>> = { float64: '1.0' }

/** Elementwise functions of one input (ONNX operator pages of the same names). */
export const unary: readonly LoweredOperator[] = [
  expression('Abs', 'number', magnitude, { onNumbers: Math.abs, onIntegers: absolute }),
  expression('Neg', 'signed', (x, type) => negation(type, x), { onNumbers: (x) => -x, onIntegers: (x) => -x }),
  expression('Sign', 'number', sign, { onNumbers: Math.sign, onIntegers: (x) => BigInt(x > 0n) - BigInt(x < 0n) }),
  library('Ceil', 'ceil', Math.ceil),
  library('Floor', 'floor', Math.floor),
  // Ties go to the even neighbour, as the default rounding mode has it.
  library('Round', 'rint', roundToEven),
  library('Sqrt', 'sqrt', Math.sqrt),
  unaryOperator('Reciprocal', (node, [x]) => `${ONE[node.input(0).type] ?? '1.0f'} / ${x}`, {
    types: 'float',
    onNumbers: (x) => 1 / x,
  }),
  ...vectorised('elementary.h', { Exp: 'exp', Log: 'log', Erf: 'erf', Tanh: 'tanh' }),
  ...vectorised('elementary-angles.h', { Sin: 'sin', Cos: 'cos', Tan: 'tan' }).map(withSmallAngles),
  ...vectorised('elementary-angles.h', { Asin: 'asin', Acos: 'acos', Atan: 'atan' }),
  ...vectorised('elementary-hyperbolic.h', {
    Sinh: 'sinh',
    Cosh: 'cosh',
    Asinh: 'asinh',
    Acosh: 'acosh',
    Atanh: 'atanh',
  }),
  predicate('IsNaN', (x) => `${x} != ${x}`),
  predicate('IsInf', (x, detects) => {
    const signs = [detects('detect_positive') && `${x} == INFINITY`, detects('detect_negative') && `${x} == -INFINITY`]
    return signs.filter(Boolean).join(' || ') || 'false'
  }),
  expression('Not', 'bool', (x) => `!${x}`, { onNumbers: (x) => Number(!x) }),
  expression('BitwiseNot', 'integer', (x) => `~${x}`, { onIntegers: (x) => ~x }),
]

function magnitude(x: string, type: ElementType): string {
  if (type.startsWith('uint')) return x
  return isFloat(type) ? `${libm(type, 'fabs')}(${x})` : `${x} < 0 ? ${negation(type, x)} : ${x}`
}

/** NaN has no sign, and stays. */
function sign(x: string, type: ElementType): string {
  const difference = `(${x} > 0) - (${x} < 0)`
  return isFloat(type) ? `${x} != ${x} ? ${x} : ${difference}` : difference
}
