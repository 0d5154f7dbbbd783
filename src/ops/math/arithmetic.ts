import { add, type Dim, isAtLeast, maximum, minimum, modulo, multiply, subtract, truncDivide } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import * as integers from '../../graph/integer.ts'
import { elementTypes, isFloat, isInteger } from '../../onnx/element-type.ts'
import { arithmetic as computed, computeType, negation } from '../../lowering/c-text.ts'
import { binaryOperator, libm, pairRules, variadicOperator } from './elementwise.ts'
import { type Elementwise, foldElementwise, numbersOf } from '../../graph/fold.ts'
import type { LoweredOperator, Scalar } from '../../lowering/lowering.ts'

/** Integer division truncates (ONNX Div-14); by zero it would trap, so it gives 0, and the lowest number by -1 wraps. */
const divide: Scalar = (node, [a, b]) => {
  const { type } = node.output()
  if (type.startsWith('uint')) return `${b} == 0 ? 0 : ${a} / ${b}`
  if (type.startsWith('int')) return `${b} == 0 ? 0 : ${b} == -1 ? ${negation(type, a!)} : ${a} / ${b}`
  return `${a} / ${b}`
}

/**
 * ONNX Mod-10 … 13: the remainder has the sign of the divisor, or with `fmod` of the dividend as in C.
 * By zero it gives 0 for integers; NaN for floats, by IEEE 754.
 */
const modulus: Scalar = (node, [a, b], k) => {
  const { type } = node.output()
  const likeC = node.int('fmod', 0) === 1
  if (isFloat(type)) {
    if (type !== 'float64') k.include('elementary-remainder.h')
    const remainder = `${type === 'float64' ? 'fmod' : 'om_fmod_f32'}(${a}, ${b})`
    return likeC ? remainder : `${remainder} + (${remainder} != 0 && (${remainder} < 0) != (${b} < 0) ? ${b} : 0)`
  }
  if (type.startsWith('uint')) return `${b} == 0 ? 0 : ${a} % ${b}`
  const remainder = `${a} % ${b}`
  const byNone = `${b} == 0 || ${b} == -1 ? 0`
  return likeC
    ? `${byNone} : ${remainder}`
    : `${byNone} : ${remainder} != 0 && (${remainder} < 0) != (${b} < 0) ? ${remainder} + ${b} : ${remainder}`
}

/** As `modulus`: JavaScript's remainder is C's fmod, exact and with the sign of the dividend. */
function onMod(node: Node): Elementwise {
  if (node.int('fmod', 0) === 1) return { onNumbers: (a, b) => a % b, onIntegers: integers.remainder }
  const onNumbers = (a: number, b: number): number => {
    const rest = a % b
    return rest !== 0 && rest < 0 !== b < 0 ? rest + b : rest
  }
  return { onNumbers, onIntegers: integers.modulo }
}

const Mod: LoweredOperator = {
  ...binaryOperator('Mod', modulus, {
    types: 'number',
    // Where nothing is negative, both kinds of remainder agree.
    onDims: (a, b) => (isAtLeast(a, 0) && isAtLeast(b, 0) ? modulo(a, b) : undefined),
  }),
  fold: (node) => foldElementwise(node, node.input(0).type, onMod(node)),
}

/** ONNX Pow-1 … 15: base and exponent may differ in type, the result is of the base's. */
const Pow: LoweredOperator = {
  ...binaryOperator('Pow', power, { types: 'number' }),
  rules: pairRules('number'),
  infer(node): ValueInfo[] {
    const [base, exponent] = [node.input(0), node.input(1)]
    return [{ type: base.type, shape: broadcastShapes(node, [base.dims, exponent.dims]) }]
  },
  fold(node) {
    if (node.version < 7) return undefined
    return foldElementwise(node, node.input(0).type, { onNumbers: Math.pow, onIntegers: integers.power })
  },
}

function power(node: Node, [base, exponent]: readonly string[], k: Parameters<Scalar>[2]): string {
  const [x, y] = [node.input(0), node.input(1)]
  if (isInteger(x.type) && isInteger(y.type)) {
    k.include('integer.h')
    const { c } = elementTypes[x.type]
    const power = `(${c})om_power((uint64_t)${base}, (uint64_t)${exponent})`
    if (y.type.startsWith('u')) return power
    // A fraction is cut to a whole number.
    const minusOne = x.type.startsWith('u') ? '0' : `${base} == -1 ? (${exponent} % 2 ? -1 : 1) : 0`
    return `${exponent} >= 0 ? ${power} : ${base} == 1 ? 1 : ${minusOne}`
  }
  if (isInteger(x.type)) return `(${elementTypes[x.type].c})om_to_int64(pow((double)${base}, (double)${exponent}))`
  const known = y.constant && numbersOf(y.constant)
  if (known?.length === 1) {
    // As `pow` but for the last bit, zeros, infinities and overflow included, and loops with them become vectors.
    if (known[0] === 2) return `${base} * ${base}`
    if (known[0] === 3) return `${base} * ${base} * ${base}`
    // pow(-0, 1/2) is +0 and pow(-inf, 1/2) is inf (C11 F.10.4.4), unlike the square root's.
    if (known[0] === 0.5) return `${base} == -INFINITY ? INFINITY : ${libm(x.type, 'sqrt')}(${base} + 0)`
  }
  const raised = `(${base}, (${computeType(x.type)})${exponent})`
  if (x.type === 'float64') return `pow${raised}`
  k.include('elementary-power.h')
  return `om_pow_f32${raised}`
}

/** The larger or smaller of two; NaN wins over both, as with numpy.maximum. */
function extreme(
  name: string,
  sign: '>' | '<',
  functions: Elementwise & { readonly onDims: (a: Dim, b: Dim) => Dim },
): LoweredOperator {
  const scalar: Scalar = (node, [a, b]) => {
    const nan = isFloat(node.input(0).type) ? ` || ${a} != ${a}` : ''
    return `${a} ${sign} ${b}${nan} ? ${a} : ${b}`
  }
  return variadicOperator(name, scalar, { types: 'number', ...functions })
}

/** ONNX Mean-1 … 13. */
const Mean: LoweredOperator = {
  name: 'Mean',
  rules: takes('data+:T[~]', { T: 'float' }),
  infer: (node) => [{ type: node.input(0).type, shape: node.input(0).shape }],
  decompose(node, b) {
    const sum = b.op('Sum', node.inputs)
    return [node.inputs.length === 1 ? sum : b.op('Div', [sum, b.scalar(node.inputs.length, sum.type)])]
  },
}

const sum: Scalar = (node, [a, b]) => computed(node.output().type, a!, '+', b!)
const addition = {
  types: 'number',
  onNumbers: (a: number, b: number) => a + b,
  onIntegers: (a: bigint, b: bigint) => a + b,
  onDims: add,
} as const

export const arithmetic: readonly LoweredOperator[] = [
  binaryOperator('Add', sum, addition),
  variadicOperator('Sum', sum, addition),
  binaryOperator('Sub', (node, [a, b]) => computed(node.output().type, a!, '-', b!), {
    types: 'number',
    onNumbers: (a, b) => a - b,
    onIntegers: (a, b) => a - b,
    onDims: subtract,
  }),
  binaryOperator('Mul', (node, [a, b]) => computed(node.output().type, a!, '*', b!), {
    types: 'number',
    onNumbers: (a, b) => a * b,
    onIntegers: (a, b) => a * b,
    onDims: multiply,
  }),
  binaryOperator('Div', divide, {
    types: 'number',
    onNumbers: (a, b) => a / b,
    onIntegers: integers.truncDivide,
    onDims: truncDivide,
  }),
  Mod,
  Pow,
  extreme('Max', '>', { onNumbers: Math.max, onIntegers: integers.maximum, onDims: maximum }),
  extreme('Min', '<', { onNumbers: Math.min, onIntegers: integers.minimum, onDims: minimum }),
  Mean,
]
