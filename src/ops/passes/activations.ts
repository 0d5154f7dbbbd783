import { shapeEquals } from '../../graph/dim.ts'
import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { PlainAttributes } from '../../graph/operator.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'

/**
 * Activations that exporters write as arithmetic, x · gate(x), become the operators that they are: those are computed where a
 * product leaves its results (src/lowering/epilogue.ts), and take no pass over memory of their own.
 */
export const activationRules: readonly Rewrite[] = [gated]

/** A product of constants and other values. */
interface Product {
  readonly constant: number
  readonly factors: readonly Value[]
}

interface Gated {
  /** Of the constants that x and its gate are multiplied by. */
  readonly constant: number
  readonly op: string
  readonly attributes?: PlainAttributes
}

/** How near constants must be to those of the formula: exporters round them to float32, or to five digits. */
const NEAR = 1e-5

function gated(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if ((node.op !== 'Mul' && node.op !== 'Div') || node.output().type !== 'float32') return undefined
  const { constant, factors } = productOf(node.output(), b, MOST_STEPS + 1)
  if (factors.length !== 2) return undefined
  for (const [x, gate] of [factors, factors.toReversed()] as [Value, Value][]) {
    if (!shapeEquals(x.dims, node.output().dims)) continue
    const found = activationOf(x, gate, b)
    if (found && isNear(constant, found.constant)) return [b.op(found.op, [x], found.attributes)]
  }
  return undefined
}

function activationOf(x: Value, gate: Value, b: RewriteContext): Gated | undefined {
  const node = gate.producer
  if (!node || !b.isUsedOnce(gate) || node.domain !== '') return undefined
  switch (node.op) {
    case 'Sigmoid': {
      const { constant, factors } = productOf(node.input(0), b)
      return isJust(factors, x)
        ? { constant: 1, op: 'Swish', attributes: { alpha: { kind: 'float', value: constant } } }
        : undefined
    }
    case 'HardSigmoid': {
      const isHalf = isNear(node.float('alpha', 0.2), 1 / 6) && node.float('beta', 0.5) === 0.5
      return node.input(0) === x && isHalf ? { constant: 1, op: 'HardSwish' } : undefined
    }
    case 'Clip': {
      const isSix = numberOf(node.input(1)) === 0 && numberOf(node.input(2)) === 6
      return isSix && addedTo(node.input(0), 3) === x ? { constant: 1 / 6, op: 'HardSwish' } : undefined
    }
    case 'Tanh': {
      const inner = node.input(0).producer
      return inner?.op === 'Softplus' && inner.input(0) === x ? { constant: 1, op: 'Mish' } : undefined
    }
    case 'Add':
      return geluOf(x, addedTo(gate, 1), b)
  }
  return undefined
}

/** 1 + Erf(x / √2), or its approximation 1 + Tanh(√(2/π) · (x + 0.044715 · x³)): ONNX Gelu-20. */
function geluOf(x: Value, bell: Value | undefined, b: RewriteContext): Gated | undefined {
  const node = bell?.producer
  if (node?.op !== 'Erf' && node?.op !== 'Tanh') return undefined
  const { constant, factors } = productOf(node.input(0), b)
  if (node.op === 'Erf')
    return isJust(factors, x) && isNear(constant, Math.SQRT1_2) ? { constant: 0.5, op: 'Gelu' } : undefined
  const sum = factors.length === 1 ? factors[0]!.producer : undefined
  const cube = sum?.op === 'Add' ? sum.inputs.find((input) => input !== x) : undefined
  if (!cube || !sum!.inputs.includes(x) || !isNear(constant, Math.sqrt(2 / Math.PI))) return undefined
  const third = productOf(cube, b)
  const isCube = third.factors.length === 3 && third.factors.every((factor) => factor === x)
  return isCube && isNear(third.constant, 0.044715)
    ? { constant: 0.5, op: 'Gelu', attributes: { approximate: 'tanh' } }
    : undefined
}

/** Multiplications that a formula has. */
const MOST_STEPS = 4

/** `value` as a product of what is multiplied on the way to it and used for nothing else, in so many steps. */
function productOf(value: Value, b: RewriteContext, steps = MOST_STEPS): Product {
  const number = numberOf(value)
  if (number !== undefined) return { constant: number, factors: [] }
  const node = value.producer
  const isProduct =
    node?.domain === '' && (node.op === 'Mul' || (node.op === 'Div' && numberOf(node.input(1)) !== undefined))
  if (!isProduct || steps === 0 || !(steps > MOST_STEPS || b.isUsedOnce(value)))
    return { constant: 1, factors: [value] }
  const [left, right] = [productOf(node.input(0), b, steps - 1), productOf(node.input(1), b, steps - 1)]
  return node.op === 'Div'
    ? { constant: left.constant / right.constant, factors: left.factors }
    : { constant: left.constant * right.constant, factors: [...left.factors, ...right.factors] }
}

function isJust(factors: readonly Value[], x: Value): boolean {
  return factors.length === 1 && factors[0] === x
}

/** What a constant is added to. */
function addedTo(value: Value, constant: number): Value | undefined {
  const node = value.producer
  if (node?.op !== 'Add' || node.domain !== '') return undefined
  const at = [0, 1].findIndex((i) => numberOf(node.input(i)) === constant)
  return at < 0 ? undefined : node.input(1 - at)
}

function isNear(given: number, wanted: number): boolean {
  return Math.abs(given - wanted) <= NEAR * Math.abs(wanted)
}
