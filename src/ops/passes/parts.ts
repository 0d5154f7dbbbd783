import { add, dimEquals, isStatic } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { normalizeAxis } from '../../graph/shape-contents.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { takenAxes } from '../tensor/slice.ts'
import { beforeNchw, TO_NCHW, toNchw } from './channels-last.ts'

/**
 * Parts of an image that is channels last are taken of it as it lies: YOLOv8's blocks and ShuffleNet v2's convolve some of the
 * channels and leave the others, U-Nets without pads crop what goes across.
 */
export const partRules: readonly Rewrite[] = [sinkBelowSplit, sinkBelowSlice, joinedAgain]

/** For the parts that those leave. */
export const usedPartRules: readonly Rewrite[] = [usedParts]

/** Where an axis of an image, which may count from the end, is when the channels are last. */
function turnedAxis(axis: number): number {
  return TO_NCHW.at(axis)!
}

function sinkBelowSplit(node: Node, b: Builder): readonly Value[] | undefined {
  const x = node.operator === 'Split' ? beforeNchw(node.input(0)) : undefined
  if (!x || (node.inputs[1] && !node.inputs[1].contents) || node.outputs.length !== node.outputCount) return undefined
  const axis = node.int('axis', 0)
  const sizes = node.outputs.map(({ dims }) => dims.at(axis)!)
  const parts = b.ops('Split', [x, b.dims(sizes)], sizes.length, { axis: turnedAxis(axis) })
  return parts.map((part) => toNchw(b, part))
}

function sinkBelowSlice(node: Node, b: Builder): readonly Value[] | undefined {
  const x = node.operator === 'Slice' && node.version >= 10 ? beforeNchw(node.input(0)) : undefined
  if (!x || takenAxes(node)?.every(({ size }) => size !== undefined) !== true) return undefined
  const [, starts, ends, given, steps] = node.inputs
  const axes = given ? given.contents : starts!.contents?.map((_, axis) => axis)
  if (!axes) return undefined
  const turned = axes.map((axis) => turnedAxis(Number(axis)))
  // All lists are of one type.
  const list = b.constant(tensorFrom(starts!.type, [turned.length], turned))
  return [toNchw(b, b.op('Slice', [x, starts, ends, list, steps]))]
}

/** Concat(…, all parts of x, in order, …) = Concat(…, x, …): YOLOv8's blocks join what they split with what they made of a part. */
function joinedAgain(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.operator !== 'Concat') return undefined
  const axis = axisOf(node, node.output().rank)
  const joined: Value[] = []
  for (let i = 0; i < node.inputs.length;) {
    const input = node.input(i)
    const split = input.producer?.operator === 'Split' ? input.producer : undefined
    const parts = split?.outputs[0] === input && axisOf(split, input.rank) === axis ? split.outputs : []
    const isAll =
      parts.length > 1 && parts.every((part, at) => part === node.inputs[i + at]) && addUp(parts, axis, split!.input(0))
    joined.push(isAll ? split!.input(0) : input)
    i += isAll ? parts.length : 1
  }
  if (joined.length === node.inputs.length) return undefined
  return joined.length === 1 ? joined : [b.op('Concat', joined, { axis })]
}

/** Whether parts of known sizes are all of `whole`. */
function addUp(parts: readonly Value[], axis: number, whole: Value): boolean {
  const sizes = parts.map(({ dims }) => dims[axis]!)
  return isStatic(sizes) && dimEquals(sizes.reduce(add, 0), whole.dims[axis]!)
}

/** Parts that nobody uses are not made: the others are slices. */
function usedParts(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.operator !== 'Split' || (node.inputs[1] && !node.inputs[1].contents)) return undefined
  const axis = axisOf(node, node.input(0).rank)
  if (node.outputs.every((part) => b.uses(part) > 0) || !addUp(node.outputs, axis, node.input(0))) return undefined
  let start = 0
  return node.outputs.map((part) => {
    const from = start
    start += Number(part.dims[axis])
    return b.op('Slice', [node.input(0), b.ints([from]), b.ints([start]), b.ints([axis])])
  })
}

function axisOf(node: Node, rank: number): number {
  return normalizeAxis(node, node.int('axis', 0), rank)
}
