import type { IntName } from '../graph/attributes.ts'
import type { ElementType } from '../onnx/element-type.ts'
import { isFloat } from '../onnx/element-type.ts'
import { type Kind, libm, type Scalar, unaryOperator } from './elementwise.ts'
import type { LoweredOperator } from './lowering.ts'

/** Functions of native/kernels/elementary.h, which vectorise; doubles use the C library. */
function elementary(name: string, c: string): LoweredOperator {
  const scalar: Scalar = (node, [x], k) => {
    if (node.input(0).type === 'float64') return `${c}(${x})`
    k.include('elementary.h')
    return `om_${c}_f32(${x})`
  }
  return unaryOperator(name, scalar, { takes: 'float' })
}

/** A function that the C library has in each precision. */
function library(name: string, c: string, onNumber?: (x: number) => number): LoweredOperator {
  const scalar: Scalar = (node, [x]) => `${libm(node.input(0).type, c)}(${x})`
  return unaryOperator(name, scalar, { takes: 'float', ...(onNumber && { onNumber }) })
}

/** An expression that is the same in every type. */
function expression(
  name: string,
  takes: Kind,
  text: (x: string) => string,
  onNumber?: (x: number) => number,
): LoweredOperator {
  return unaryOperator(name, (_node, [x]) => text(x!), { takes, ...(onNumber && { onNumber }) })
}

/** A question with a yes or no for an answer. */
function predicate(name: string, text: (x: string, attribute: (name: IntName) => boolean) => string): LoweredOperator {
  const scalar: Scalar = (node, [x]) => text(x!, (attribute) => node.int(attribute, 1) !== 0)
  return unaryOperator(name, scalar, { takes: 'float', gives: 'bool' })
}

const ONE: Readonly<Partial<Record<ElementType, string>>> = { float64: '1.0' }

/** Elementwise functions of one input (ONNX operator pages of the same names). */
export const unary: readonly LoweredOperator[] = [
  unaryOperator('Abs', (node, [x]) => absolute(node.input(0).type, x!), { takes: 'number', onNumber: Math.abs }),
  expression(
    'Neg',
    'signed',
    (x) => `-${x}`,
    (x) => -x,
  ),
  unaryOperator('Sign', (node, [x]) => sign(node.input(0).type, x!), { takes: 'number', onNumber: Math.sign }),
  library('Ceil', 'ceil', Math.ceil),
  library('Floor', 'floor', Math.floor),
  // Ties go to the even neighbour, as the default rounding mode has it.
  library('Round', 'rint'),
  library('Sqrt', 'sqrt', Math.sqrt),
  unaryOperator('Reciprocal', (node, [x]) => `${ONE[node.input(0).type] ?? '1.0f'} / ${x}`, {
    takes: 'float',
    onNumber: (x) => 1 / x,
  }),
  elementary('Exp', 'exp'),
  elementary('Log', 'log'),
  elementary('Erf', 'erf'),
  predicate('IsNaN', (x) => `${x} != ${x}`),
  predicate('IsInf', (x, detects) => {
    const signs = [detects('detect_positive') && `${x} == INFINITY`, detects('detect_negative') && `${x} == -INFINITY`]
    return signs.filter(Boolean).join(' || ') || 'false'
  }),
  expression(
    'Not',
    'bool',
    (x) => `!${x}`,
    (x) => Number(!x),
  ),
  expression('BitwiseNot', 'integer', (x) => `~${x}`),
  library('Sin', 'sin'),
  library('Cos', 'cos'),
  library('Tan', 'tan'),
  library('Asin', 'asin'),
  library('Acos', 'acos'),
  library('Atan', 'atan'),
  library('Sinh', 'sinh'),
  library('Cosh', 'cosh'),
  elementary('Tanh', 'tanh'),
  library('Asinh', 'asinh'),
  library('Acosh', 'acosh'),
  library('Atanh', 'atanh'),
]

function absolute(type: ElementType, x: string): string {
  if (type.startsWith('uint')) return x
  return isFloat(type) ? `${libm(type, 'fabs')}(${x})` : `${x} < 0 ? -${x} : ${x}`
}

/** NaN has no sign, and stays. */
function sign(type: ElementType, x: string): string {
  const difference = `(${x} > 0) - (${x} < 0)`
  return isFloat(type) ? `${x} != ${x} ? ${x} : ${difference}` : difference
}
