import type { Dim } from '../../graph/dim.ts'
import { dimEquals, isAtLeast, subtract } from '../../graph/dim.ts'
import type { Node, ValueInfo } from '../../graph/graph.ts'
import { takes } from '../../graph/rules.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { broadcastShapes } from '../../graph/broadcast.ts'
import { sumType } from '../../lowering/c-text.ts'
import { binaryOperator } from './elementwise.ts'
import { foldElementwise } from '../../graph/fold.ts'
import type { LoweredOperator, Scalar } from '../../lowering/lowering.ts'
import { MOST_FOLLOWED } from '../../graph/shape-contents.ts'

function comparison(
  name: string,
  sign: string,
  holds: (a: number | bigint, b: number | bigint) => boolean,
): LoweredOperator {
  return binaryOperator(name, (_node, [a, b]) => `${a} ${sign} ${b}`, {
    types: 'number',
    gives: 'bool',
    onNumbers: (a, b) => Number(holds(a, b)),
    onIntegers: (a, b) => BigInt(holds(a, b)),
  })
}

const equal: Scalar = (node, [a, b]) => (node.input(0).type === 'string' ? `strcmp(${a}, ${b}) == 0` : `${a} == ${b}`)

/** Whether two elements of a shape are equal, where that is certain: symbols stand for numbers from 0 up. */
function equalDims(a: Dim, b: Dim): Dim | undefined {
  if (dimEquals(a, b)) return 1
  return isAtLeast(subtract(a, 1), b) || isAtLeast(subtract(b, 1), a) ? 0 : undefined
}

function connective(name: string, sign: string, onNumbers: (a: number, b: number) => number): LoweredOperator {
  return binaryOperator(name, (_node, [a, b]) => `${a} ${sign} ${b}`, { types: 'bool', onNumbers })
}

function bitwise(name: string, sign: string, onIntegers: (a: bigint, b: bigint) => bigint): LoweredOperator {
  return binaryOperator(name, (_node, [a, b]) => `${a} ${sign} ${b}`, { types: 'integer', onIntegers })
}

function directionOf(node: Node): 'LEFT' | 'RIGHT' {
  const direction = node.string('direction')
  if (direction !== 'LEFT' && direction !== 'RIGHT') {
    throw node.error('MODEL_ATTRIBUTE', `direction is ${JSON.stringify(direction)}, but should be "LEFT" or "RIGHT"`)
  }
  return direction
}

/** ONNX BitShift-11, of unsigned integers. C leaves shifts by the width or more undefined; here nothing is left of the bits. */
const shift: Scalar = (node, [a, b]) => {
  const { type } = node.input(0)
  const shifted = directionOf(node) === 'LEFT' ? `(${sumType(type)})${a} << ${b}` : `${a} >> ${b}`
  return `${b} >= ${elementTypes[type].bits} ? 0 : (${elementTypes[type].c})(${shifted})`
}

const BitShift: LoweredOperator = {
  ...binaryOperator('BitShift', shift, { types: 'unsigned' }),
  fold(node) {
    const { type } = node.input(0)
    const left = directionOf(node) === 'LEFT'
    const onIntegers = (a: bigint, b: bigint): bigint => (b >= elementTypes[type].bits ? 0n : left ? a << b : a >> b)
    return foldElementwise(node, type, { onIntegers })
  },
}

/** ONNX Where-9 … 16. */
const Where: LoweredOperator = {
  name: 'Where',
  rules: takes('condition:bool[~] X:T[~] Y:T[~]', { T: 'any' }),
  infer(node): ValueInfo[] {
    const [condition, x, y] = [node.input(0), node.input(1), node.input(2)]
    const shape = broadcastShapes(node, [condition.dims, x.dims, y.dims])
    return [{ type: x.type, shape, contents: whereContents(node, shape) }]
  },
  fold(node) {
    const { type } = node.input(1)
    return foldElementwise(node, type, {
      onNumbers: (condition, x, y) => (condition ? x : y),
      onIntegers: (condition, x, y) => (condition ? x : y),
    })
  },
  scalar: (_node, [condition, x, y]) => `${condition} ? ${x} : ${y}`,
}

function whereContents(node: Node, shape: readonly Dim[]): Dim[] | undefined {
  const condition = node.input(0)
  const choices = condition.constant ? Array.from(condition.constant.data) : condition.contents
  if (!choices || shape.length > 1) return undefined
  const count = shape[0] ?? 1
  if (typeof count !== 'number' || count > MOST_FOLLOWED) return undefined
  const picked = Array.from({ length: count }, (_, i) => {
    const choice = choices[choices.length === 1 ? 0 : i]
    const from = choice === 1 ? node.input(1).contents : choice === 0 ? node.input(2).contents : undefined
    return from?.[from.length === 1 ? 0 : i]
  })
  return picked.every((dim) => dim !== undefined) ? picked : undefined
}

/** Comparisons, connectives and bits (ONNX operator pages of the same names). */
export const logic: readonly LoweredOperator[] = [
  binaryOperator('Equal', equal, {
    types: 'number|bool|string',
    gives: 'bool',
    onNumbers: (a, b) => Number(a === b),
    onIntegers: (a, b) => BigInt(a === b),
    onDims: equalDims,
  }),
  comparison('Greater', '>', (a, b) => a > b),
  comparison('GreaterOrEqual', '>=', (a, b) => a >= b),
  comparison('Less', '<', (a, b) => a < b),
  comparison('LessOrEqual', '<=', (a, b) => a <= b),
  connective('And', '&', (a, b) => a & b),
  connective('Or', '|', (a, b) => a | b),
  connective('Xor', '^', (a, b) => a ^ b),
  bitwise('BitwiseAnd', '&', (a, b) => a & b),
  bitwise('BitwiseOr', '|', (a, b) => a | b),
  bitwise('BitwiseXor', '^', (a, b) => a ^ b),
  BitShift,
  Where,
]
