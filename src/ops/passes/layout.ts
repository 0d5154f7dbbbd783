import { isStatic } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { isByte } from '../../onnx/element-type.ts'
import { operatorOf } from '../index.ts'
import { isSized } from '../image/resize.ts'
import { reduceOver, reductionAxes } from '../reduction/reduction.ts'
import { keepsOrder, permutationOf } from '../tensor/transpose.ts'
import {
  beforeNchw,
  beforePermutation,
  isToChannelsFirst,
  samePermutation,
  TO_NCHW,
  TO_NHWC,
  toNchw,
  toNhwc,
  transposeOf,
} from './channels-last.ts'
import { focusRules } from './focus.ts'
import { convolutionOfLines, lineRules } from './lines.ts'
import { padRules } from './pads.ts'
import { partRules } from './parts.ts'
import { maxPoolByAxes } from './separable-pools.ts'
import { shuffleRules } from './shuffles.ts'
import { tokenRules } from './tokens.ts'
import { convolutionOfVolumes, poolOfVolumes } from './volumes.ts'
import { windowRules } from './windows-last.ts'

/**
 * Channels-last layout for two-dimensional convolutions and pools, whose kernels vectorise over channels.
 *
 * The kernels take and give NHWC, so each is wrapped in transposes; the other rules push the transposes behind
 * elementwise operators until those of neighbouring kernels meet and cancel. What is left stands at the borders of
 * convolutional regions.
 */
export const layoutRules: readonly Rewrite[] = [
  cancelTransposes,
  convolutionChannelsLast,
  poolChannelsLast,
  globalAverageChannelsLast,
  sinkBelowElementwise,
  sinkBelowConcat,
  sinkBelowRefined,
  reduceChannelsLast,
  reshapeOfOrderedTranspose,
  ...lineRules,
  ...tokenRules,
  ...shuffleRules,
  ...focusRules,
  ...windowRules,
  ...padRules,
  ...partRules,
]

/** `value`, channels last, where it is a transpose of that, or one that is resized and used here only. */
function channelsLast(value: Value | undefined, b: RewriteContext): Value | undefined {
  if (transposeOf(value)) return beforeNchw(value)
  const node = value?.producer
  if (node?.operator !== 'om.ResizeAxis' || !isSized(node) || !b.isUsedOnce(value!)) return undefined
  const x = channelsLast(node.inputs[0], b)
  const attributes = { ...Object.fromEntries(node.attributes), axis: TO_NCHW[node.int('axis', 0)]! }
  return x && b.op('ResizeAxis', [x, ...node.inputs.slice(1)], attributes, 'om')
}

/** `value` before the permutation that others have, too. */
function beforePermuted(value: Value, perm: readonly number[], b: RewriteContext): Value | undefined {
  return beforePermutation(value, perm) ?? (samePermutation(perm, TO_NCHW) ? channelsLast(value, b) : undefined)
}

/** Transpose(Transpose(x)) is one transpose, or none; what is resized between two that cancel is resized without them. */
function cancelTransposes(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Transpose' || node.domain !== '') return undefined
  const perm = permutationOf(node)
  if (perm.every((axis, i) => axis === i)) return [node.input(0)]
  const resized = samePermutation(perm, TO_NHWC) && channelsLast(node.input(0), b)
  if (resized) return [resized]
  const inner = transposeOf(node.input(0))
  if (!inner) return undefined
  return [b.op('Transpose', [inner.input], { perm: perm.map((axis) => inner.perm[axis]!) })]
}

function isImage(value: Value): boolean {
  return value.rank === 4 && value.type === 'float32'
}

function convolutionChannelsLast(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Conv' || node.domain !== '') return undefined
  const [x, w, bias] = node.inputs
  // What itself is computed only once finds its weights packed only where they are constants.
  if (!x || !w || !(w.constant || (b.isFixed(w) && !b.isFixed(x)))) return undefined
  if (x.type !== 'float32' || typeof x.dims[1] !== 'number') return undefined
  if (x.rank === 3) return convolutionOfLines(node, b)
  if (x.rank === 5) return convolutionOfVolumes(node, b)
  if (!isImage(x)) return undefined
  return [toNchw(b, b.op('Conv2d', [toNhwc(b, x), w, bias], Object.fromEntries(node.attributes), 'om'))]
}

function poolChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  if ((node.op !== 'MaxPool' && node.op !== 'AveragePool') || node.domain !== '') return undefined
  const { rank, type } = node.input(0)
  if (node.outputs.length > 1 || !(type === 'float32' || (node.op === 'MaxPool' && isByte(type)))) return undefined
  if (rank === 5) return poolOfVolumes(node, b)
  if (rank !== 4) return undefined
  const image = toNhwc(b, node.input(0))
  if (node.op === 'MaxPool') return [toNchw(b, maxPoolByAxes(node, b, image))]
  return [toNchw(b, b.op('AveragePool2d', [image], Object.fromEntries(node.attributes), 'om'))]
}

/** ReduceMean over both spatial axes of what a kernel left channels-last. */
function globalAverageChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.op !== 'ReduceMean' || node.domain !== '' || !node.int('keepdims', 1)) return undefined
  const x = transposeOf(node.input(0))
  const axes = (node.inputs[1]?.contents ?? node.ints('axes') ?? []).map(Number).sort()
  if (!x || !samePermutation(x.perm, TO_NCHW) || !isImage(x.input) || axes.join() !== '2,3') return undefined
  return [toNchw(b, b.op('GlobalAveragePool2d', [x.input], {}, 'om'))]
}

/** Other reductions: over both spatial axes, or over the channels. */
function reduceChannelsLast(node: Node, b: Builder): readonly Value[] | undefined {
  const axes = reductionAxes(node)
    ?.map((axis) => TO_NCHW[axis]!)
    .sort()
  if (axes?.join() !== '1,2' && axes?.join() !== '3') return undefined
  const x = transposeOf(node.input(0))
  if (!x || !samePermutation(x.perm, TO_NCHW)) return undefined
  const reduced = reduceOver(b, node, x.input, axes)
  return [reduced.rank === 4 ? toNchw(b, reduced) : reduced]
}

/** op(Transpose(x), …) = Transpose(op(x, …)), where all operands are so transposed, or small enough to be turned back. */
function sinkBelowElementwise(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (!operatorOf(node).scalar || node.outputs.length > 1) return undefined
  const transposes = node.inputs.map(transposeOf)
  const perm = transposes.find((found) => found)?.perm
  // Other transposes stay: below an operator that widens its input they would only cost more.
  if (!perm || !isToChannelsFirst(perm)) return undefined
  const turned: (Value | undefined)[] = []
  for (const input of node.inputs) {
    if (!input) turned.push(undefined)
    else {
      const back = beforePermuted(input, perm, b) ?? turnBack(b, input, perm)
      if (!back) return undefined
      turned.push(back)
    }
  }
  const result = b.op(node.op, turned, Object.fromEntries(node.attributes), node.domain)
  return [b.op('Transpose', [result], { perm })]
}

/** A constant operand, a scalar or one of a number per channel, in the layout from before the transpose. */
function turnBack(b: Builder, value: Value, perm: readonly number[]): Value | undefined {
  if (value.rank > perm.length) return undefined
  if (value.dims.every((dim) => dim === 1)) return value
  const isPerChannel = value.rank >= 3 && value.dims.slice(-2).every((dim) => dim === 1) // its elements keep their order
  if (!value.constant && !isPerChannel) return undefined
  const shape = [...Array<number>(perm.length - value.rank).fill(1), ...value.dims]
  const inverse = perm.map((_, axis) => perm.indexOf(axis))
  return b.op('Transpose', [b.reshape(value, shape)], { perm: inverse })
}

function sinkBelowConcat(node: Node, b: RewriteContext): readonly Value[] | undefined {
  if (node.op !== 'Concat' || node.domain !== '') return undefined
  const perm = node.inputs.map(transposeOf).find((own) => own)?.perm
  if (!perm) return undefined
  const turned: Value[] = []
  for (const input of node.inputs) {
    const value = input && beforePermuted(input, perm, b)
    if (!value) return undefined
    turned.push(value)
  }
  const axis = node.int('axis', 0)
  const joined = b.op('Concat', turned, { axis: perm[axis < 0 ? axis + perm.length : axis]! })
  return [b.op('Transpose', [joined], { perm })]
}

/** Sizes that a check made sure of are those of the value before the transpose, too. */
function sinkBelowRefined(node: Node, b: Builder): readonly Value[] | undefined {
  const x = node.op === 'Refined' && node.domain === 'om' ? transposeOf(node.input(0)) : undefined
  if (!x) return undefined
  const { dims } = node.output()
  const shape = x.perm.map((_, axis) => dims[x.perm.indexOf(axis)]!)
  return [b.op('Transpose', [b.refined(x.input, shape)], { perm: x.perm })]
}

/** A reshape that follows a transpose which only moved axes of size 1 may read the elements as they were. */
function reshapeOfOrderedTranspose(node: Node, b: Builder): readonly Value[] | undefined {
  if (!['Reshape', 'Flatten', 'Squeeze'].includes(node.op) || node.domain !== '') return undefined
  const x = transposeOf(node.input(0))
  const shape = node.output().dims
  if (!x || !keepsOrder(x.input.dims, x.perm)) return undefined
  return isStatic(shape) ? [b.reshape(x.input, shape)] : undefined
}
