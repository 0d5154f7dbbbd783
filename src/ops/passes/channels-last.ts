import { shapeEquals } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { permutationOf } from '../tensor/transpose.ts'

export const TO_NHWC = [0, 2, 3, 1]
export const TO_NCHW = [0, 3, 1, 2]
/** The same of volumes. */
export const TO_NDHWC = [0, 2, 3, 4, 1]
export const TO_NCDHW = [0, 4, 1, 2, 3]

export function toNhwc(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: TO_NHWC })
}

export function toNchw(b: Builder, x: Value): Value {
  return b.op('Transpose', [x], { perm: TO_NCHW })
}

/** The permutation and input of the transpose that makes `value`. */
export function transposeOf(value: Value | undefined): { perm: readonly number[]; input: Value } | undefined {
  const node = value?.producer
  if (node?.op === 'Transpose' && node.domain === '') return { perm: permutationOf(node), input: node.input(0) }
  return node && isOrderedTranspose(node) ? { perm: TO_NCHW, input: node.input(0) } : undefined
}

/** Of an image of one pixel, channels last, what Transpose has become (reshapeOfOrderedTranspose): it moves axes of size 1 alone. */
function isOrderedTranspose(node: Node): boolean {
  if (node.op !== 'Reshape' || node.domain !== '') return false
  const [from, to] = [node.input(0).dims, node.output().dims]
  const isPixel = from.length === 4 && from[1] === 1 && from[2] === 1 && typeof from[3] === 'number'
  return isPixel && shapeEquals(to, [from[0]!, from[3]!, 1, 1])
}

export function samePermutation(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((axis, i) => axis === b[i])
}

/** Whether a permutation brings images or volumes from channels last to channels first. */
export function isToChannelsFirst(perm: readonly number[]): boolean {
  return samePermutation(perm, TO_NCHW) || samePermutation(perm, TO_NCDHW)
}

/** What `value` was before it was transposed by this permutation. */
export function beforePermutation(value: Value | undefined, perm: readonly number[]): Value | undefined {
  const own = transposeOf(value)
  return own && samePermutation(own.perm, perm) ? own.input : undefined
}

/** What `value` was, channels last, before it was turned to channels first. */
export function beforeNchw(value: Value | undefined): Value | undefined {
  return beforePermutation(value, TO_NCHW)
}

/** A value before others have it in another shape. */
export function unshaped(value: Value): Value {
  const { producer } = value
  return producer?.operator === 'Reshape' ? unshaped(producer.input(0)) : value
}

/** What a Reshape is of, whose shape does not come out of the run's data. */
export function inputOfReshape(node: Node): Value | undefined {
  return node.operator === 'Reshape' && node.inputs[1]?.contents ? node.input(0) : undefined
}
