import { add, type Dim, isAtLeast, maximum, minimum, modulo, multiply, subtract, truncDivide } from '../graph/dim.ts'
import type { Node, ValueInfo } from '../graph/graph.ts'
import { elementTypes, isFloat } from '../onnx/element-type.ts'
import { broadcastShapes } from '../graph/broadcast.ts'
import { computeType } from './c-text.ts'
import { binaryOperator, checkKind, isInteger, libm, type Scalar, variadicOperator } from './elementwise.ts'
import { foldElementwise, numbersOf } from './fold.ts'
import type { LoweredOperator } from './lowering.ts'

/** Integer division truncates (ONNX Div-14); by zero it would trap, so it gives 0, and the lowest number by -1 wraps. */
const divide: Scalar = (node, [a, b]) => {
  const { type } = node.output()
  if (type.startsWith('uint')) return `${b} == 0 ? 0 : ${a} / ${b}`
  if (type.startsWith('int')) return `${b} == 0 ? 0 : ${b} == -1 ? -${a} : ${a} / ${b}`
  return `${a} / ${b}`
}

/**
 * ONNX Mod-10 … 13: the remainder has the sign of the divisor, or with `fmod` of the dividend as in C.
 * By zero it gives 0 for integers; NaN for floats, by IEEE 754.
 */
const modulus: Scalar = (node, [a, b]) => {
  const { type } = node.output()
  const likeC = node.int('fmod', 0) === 1
  if (isFloat(type)) {
    const remainder = `${libm(type, 'fmod')}(${a}, ${b})`
    return likeC ? remainder : `${remainder} + (${remainder} != 0 && (${remainder} < 0) != (${b} < 0) ? ${b} : 0)`
  }
  if (type.startsWith('uint')) return `${b} == 0 ? 0 : ${a} % ${b}`
  const remainder = `${a} % ${b}`
  const byNone = `${b} == 0 || ${b} == -1 ? 0`
  return likeC
    ? `${byNone} : ${remainder}`
    : `${byNone} : ${remainder} != 0 && (${remainder} < 0) != (${b} < 0) ? ${remainder} + ${b} : ${remainder}`
}

function onMod(node: Node): (a: number, b: number) => number {
  return node.int('fmod', 0) === 1 ? (a, b) => a % b : (a, b) => a - b * Math.floor(a / b)
}

const Mod: LoweredOperator = {
  ...binaryOperator('Mod', modulus, {
    takes: 'number',
    // Where nothing is negative, both kinds of remainder agree.
    onDims: (a, b) => (typeof b === 'number' && b > 0 && isAtLeast(a, 0) ? modulo(a, b) : undefined),
  }),
  fold: (node) => foldElementwise(node, node.input(0).type, onMod(node)),
}

/** ONNX Pow-1 … 15: base and exponent may differ in type, the result is of the base's. */
const Pow: LoweredOperator = {
  ...binaryOperator('Pow', power, { takes: 'number' }),
  infer(node): ValueInfo[] {
    const [base, exponent] = [node.input(0), node.input(1)]
    for (const input of [base, exponent]) checkKind(node, input, 'number')
    return [{ type: base.type, shape: broadcastShapes(node, [base.dims, exponent.dims]) }]
  },
  fold: (node) => (node.version < 7 ? undefined : foldElementwise(node, node.input(0).type, Math.pow)),
}

function power(node: Node, [base, exponent]: readonly string[], k: Parameters<Scalar>[2]): string {
  const [x, y] = [node.input(0), node.input(1)]
  if (isInteger(x.type) && isInteger(y.type)) {
    k.include('integer.h')
    return `(${elementTypes[x.type].c})om_power_int64((int64_t)${base}, (int64_t)${exponent})`
  }
  if (isInteger(x.type)) return `(${elementTypes[x.type].c})om_to_int64(pow((double)${base}, (double)${exponent}))`
  const known = y.constant && numbersOf(y.constant)
  if (known?.length === 1) {
    if (known[0] === 2) return `${base} * ${base}`
    // pow(-0, 1/2) is +0 and pow(-inf, 1/2) is inf (C11 F.10.4.4), unlike the square root's.
    if (known[0] === 0.5) return `${base} == -INFINITY ? INFINITY : ${libm(x.type, 'sqrt')}(${base} + 0)`
  }
  return `${libm(x.type, 'pow')}(${base}, (${computeType(x.type)})${exponent})`
}

/** The larger or smaller of two; NaN wins over both, as with numpy.maximum. */
function extreme(
  name: string,
  sign: '>' | '<',
  onNumbers: (a: number, b: number) => number,
  onDims: (a: Dim, b: Dim) => Dim,
): LoweredOperator {
  const scalar: Scalar = (node, [a, b]) => {
    const nan = isFloat(node.input(0).type) ? ` || ${a} != ${a}` : ''
    return `${a} ${sign} ${b}${nan} ? ${a} : ${b}`
  }
  return variadicOperator(name, scalar, { takes: 'number', onNumbers, onDims })
}

/** ONNX Mean-1 … 13. */
const Mean: LoweredOperator = {
  name: 'Mean',
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  decompose(node, b) {
    checkKind(node, node.input(0), 'float')
    const sum = b.op('Sum', node.inputs)
    return [node.inputs.length === 1 ? sum : b.op('Div', [sum, b.scalar(node.inputs.length, sum.type)])]
  },
}

export const arithmetic: readonly LoweredOperator[] = [
  binaryOperator('Add', (_node, [a, b]) => `${a} + ${b}`, { takes: 'number', onNumbers: (a, b) => a + b, onDims: add }),
  binaryOperator('Sub', (_node, [a, b]) => `${a} - ${b}`, {
    takes: 'number',
    onNumbers: (a, b) => a - b,
    onDims: subtract,
  }),
  binaryOperator('Mul', (_node, [a, b]) => `${a} * ${b}`, {
    takes: 'number',
    onNumbers: (a, b) => a * b,
    onDims: multiply,
  }),
  binaryOperator('Div', divide, {
    takes: 'number',
    onNumbers: (a, b) => a / b,
    onDims: (a, b) => (b === 0 ? undefined : truncDivide(a, b)),
  }),
  Mod,
  Pow,
  variadicOperator('Sum', (_node, [a, b]) => `${a} + ${b}`, {
    takes: 'number',
    onNumbers: (a, b) => a + b,
    onDims: add,
  }),
  extreme('Max', '>', (a, b) => Math.max(a, b), maximum),
  extreme('Min', '<', (a, b) => Math.min(a, b), minimum),
  Mean,
]
