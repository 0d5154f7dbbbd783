import { type Dim, shapeEquals } from '../../graph/dim.ts'
import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import { permutationOf } from '../tensor/transpose.ts'

/** Queries and keys of scores, as they were before what exporters do to them; their batch may be written in another way, too. */
export interface Operands {
  readonly q: Value
  readonly k: Value
  /** Whether keys are [keys, size], and not [size, keys]. */
  readonly transB: boolean
  /** Of their product: at most 1. */
  readonly scale: number
}

/** A value as it was before it was scaled, transposed and reshaped, which is what became of its matrices. */
interface Origin {
  readonly value: Value
  readonly scale: number
  readonly swapped: boolean
}

/**
 * Q and K of Q·Kᵀ, a MatMul or TransposedMatMul. Both may be scaled by constants of at most 1 (PyTorch gives either the root of
 * the scale), and of keys the last two axes exchanged, of a stack of matrices of one axis, too. A cache is not copied for these.
 */
export function operandsOf(product: Node): Operands {
  const queries = unscaled({ value: product.input(0), scale: 1, swapped: false })
  const keys = originOf({ value: product.input(1), scale: 1, swapped: false })
  const transB = (product.int('transB', 0) === 1) !== keys.swapped
  return { q: queries.value, k: keys.value, transB, scale: Math.fround(queries.scale * keys.scale) }
}

function originOf(given: Origin): Origin {
  const origin = unscaled(given)
  const node = beforeReshapes(origin.value).producer
  const swaps = node?.operator === 'Transpose' && swapsMatrices(permutationOf(node))
  return swaps ? originOf({ ...origin, value: node.input(0), swapped: !origin.swapped }) : origin
}

/** The same before it was multiplied by constants. */
function unscaled(origin: Origin): Origin {
  const node = beforeReshapes(origin.value).producer
  if (node?.operator !== 'Mul' && node?.operator !== 'Div') return origin
  const sides = node.operator === 'Mul' ? [1, 0] : [1]
  for (const side of sides) {
    const [number, value] = [numberOf(node.input(side)), node.input(1 - side)]
    if (number === undefined || !shapeEquals(value.dims, node.output().dims)) continue
    const factor = node.operator === 'Mul' ? number : 1 / number
    if (factor !== 0 && Math.abs(factor) <= 1) return unscaled({ ...origin, value, scale: origin.scale * factor })
  }
  return origin
}

function beforeReshapes(value: Value): Value {
  const node = value.producer
  return node?.operator === 'Reshape' && keepsMatrices(node) ? beforeReshapes(node.input(0)) : value
}

/** Whether a node leaves the last two axes as they are. */
export function keepsMatrices(node: Node): boolean {
  const [given, value] = [node.input(0), node.output()]
  return given.rank >= 2 && shapeEquals(given.dims.slice(-2), value.dims.slice(-2))
}

function swapsMatrices(perm: readonly number[]): boolean {
  const last = perm.length - 1
  return last > 0 && perm.every((axis, i) => axis === (i < last - 1 ? i : 2 * last - 1 - i))
}

/** What stands before the last two axes. */
export function batchOf(value: Value): readonly Dim[] {
  return value.dims.slice(0, -2)
}
