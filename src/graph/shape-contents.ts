import type { IntsName } from './attributes.ts'
import { type Dim, saturatedOf } from './dim.ts'
import type { Node, Value } from './graph.ts'
import type { InferContext } from './operator.ts'
import { defaultLimits } from '../onnx/limits.ts'

/** Contents longer than this are not followed: no shape has as many, and a model may state any length. */
export const MOST_FOLLOWED = 4096

/** The shape that a 1-D integer tensor spells out: its contents where known, fresh symbols where only the rank is. */
export function shapeFromContents(node: Node, shape: Value, context: InferContext): readonly Dim[] {
  if (shape.contents) {
    for (const dim of shape.contents) {
      if (typeof dim === 'number' && dim < 0)
        throw node.error('MODEL_SHAPE', `the shape [${shape.contents.join(', ')}] has a negative dimension`)
    }
    return shape.contents
  }
  return unknownShape(node, shape.dims[0], context)
}

/** The rank that a list of sizes gives a node's output; it comes from a model, which may ask for any. */
export function rankOfList(node: Node, length: Dim | undefined): number {
  if (typeof length !== 'number')
    throw node.error('UNSUPPORTED_RANK', 'the rank of the output is not known at compile time')
  if (length < 0 || length > defaultLimits.rank)
    throw node.error(
      'MODEL_SHAPE',
      `an output of rank ${length} is impossible: from 0 to ${defaultLimits.rank} would do`,
    )
  return length
}

/** Dimensions of which nothing is known but their number. */
export function unknownShape(node: Node, rank: Dim | undefined, context: InferContext): readonly Dim[] {
  return Array.from({ length: rankOfList(node, rank) }, () => context.freshDim())
}

/** Axis as 0 … rank-1. */
export function normalizeAxis(node: Node, axis: number, rank: number): number {
  if (axis < -rank || axis >= Math.max(rank, 1)) {
    throw node.error('MODEL_AXIS', `axis ${axis} is out of range for rank ${rank}`)
  }
  return axis < 0 ? axis + rank : axis
}

/** Integers that an operator takes as attribute in old opsets and as input in new ones; `undefined` where not given. */
export function intsOf(node: Node, attribute: IntsName, input: number): number[] | undefined {
  const given = node.inputs[input]
  if (!given) return node.ints(attribute)
  const numbers = given.contents?.map(saturatedOf)
  if (numbers?.every((number) => number !== undefined)) return numbers
  throw node.error('UNSUPPORTED_DYNAMIC', `${attribute} must be known at compile time`)
}
