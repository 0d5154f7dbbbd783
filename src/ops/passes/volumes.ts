import { type Dim, LARGEST, multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import { windowOf } from '../../lowering/window.ts'
import { TO_NCDHW, TO_NDHWC } from './channels-last.ts'
import { poolOfAxes, windowOfAxes } from './window-axes.ts'

/** Taps over the depth: with more the graph would grow too far, and windows are gone through one by one. */
const MOST_TAPS = 32

/**
 * A convolution over three axes, x [n, c, depth, height, width], is one over images: each output's slices of the depth lie
 * behind each other as channels, so that [n · depth, height, width, taps · c] takes the kernel of images. With more groups than
 * one it is a sum of such convolutions, one per tap of the depth.
 */
export function convolutionOfVolumes(node: Node, b: Builder): readonly Value[] | undefined {
  const [x, w, bias] = node.inputs as [Value, Value, Value | undefined]
  const [outChannels, channels, ...kernel] = w.dims as number[]
  const window = windowOf(node, x.dims.slice(2), kernel, 'within')
  const [before, after] = [window.padsBegin[0], window.padsEnd[0]]
  if (typeof before !== 'number' || typeof after !== 'number') return undefined
  const [taps, stride, dilation] = [kernel[0]!, window.strides[0]!, window.dilations[0]!]
  if (taps > MOST_TAPS) return undefined
  const extent = (taps - 1) * dilation
  const groups = node.int('group', 1)
  const last = padded(b, b.op('Transpose', [x], { perm: TO_NDHWC }), before, after)
  const [batch, whole, height, width, all] = last.dims as [Dim, Dim, Dim, Dim, Dim]
  if (typeof whole !== 'number') requireDepth(b, whole, extent + 1)
  /** The depths that each tap of the kernel meets. */
  const slices = Array.from({ length: taps }, (_, tap) => {
    const [first, behind] = [tap * dilation, extent - tap * dilation]
    const end = behind === 0 ? LARGEST : -behind
    return b.op('Slice', [last, b.ints([first]), b.ints([end]), b.ints([1]), b.ints([stride])])
  })
  const attributes = { ...windowOfAxes(node, [1, 2]), group: groups }
  const convolve = (part: Value, count: Dim, weights: Value, offset?: Value): Value => {
    const images = b.reshape(part, [multiply(batch, part.dims[1]!), height, width, count])
    return b.op('Conv2d', [images, weights, offset], attributes, 'om')
  }
  let y: Value
  if (groups === 1) {
    const stacked = taps === 1 ? slices[0]! : b.op('Concat', slices, { axis: 4 })
    const weights = b.op('Transpose', [w], { perm: [0, 2, 1, 3, 4] })
    const dims = [outChannels!, taps * channels!, kernel[1]!, kernel[2]!]
    y = convolve(stacked, multiply(taps, all), b.reshape(weights, dims), bias)
  } else {
    const weights = b.op('Transpose', [w], { perm: [2, 0, 1, 3, 4] })
    const weightsOf = (tap: number): Value =>
      b.op('Squeeze', [b.op('Slice', [weights, b.ints([tap]), b.ints([tap + 1]), b.ints([0])]), b.ints([0])])
    const sums = slices.map((part, tap) => convolve(part, all, weightsOf(tap), tap === 0 ? bias : undefined))
    y = sums.reduce((sum, next) => b.op('Add', [next, sum]))
  }
  const [depth, outHeight, outWidth] = window.output as [Dim, Dim, Dim]
  return [b.op('Transpose', [b.reshape(y, [batch, depth, outHeight, outWidth, outChannels!])], { perm: TO_NCDHW })]
}

/**
 * A pool over three axes is one over the images at each depth, and one over the depths of each pixel: the largest of the largest,
 * or the mean of the means, as windows are cut at borders axis by axis.
 */
export function poolOfVolumes(node: Node, b: Builder): readonly Value[] {
  const last = b.op('Transpose', [node.input(0)], { perm: TO_NDHWC })
  const [batch, depth, height, width, channels] = last.dims as [Dim, Dim, Dim, Dim, Dim]
  const pool = (x: Value, axes: readonly (number | undefined)[]): Value =>
    axes.some((axis) => axis !== undefined && poolsOver(node, axis))
      ? b.op(`${node.op}2d`, [x], poolOfAxes(node, axes), 'om')
      : x
  const images = pool(b.reshape(last, [multiply(batch, depth), height, width, channels]), [1, 2])
  const [, outHeight, outWidth] = images.dims as [Dim, Dim, Dim, Dim]
  const y = pool(b.reshape(images, [batch, depth, multiply(outHeight, outWidth), channels]), [0, undefined])
  const volume = b.reshape(y, [batch, y.dims[1]!, outHeight, outWidth, channels])
  return [b.op('Transpose', [volume], { perm: TO_NCDHW })]
}

/** Whether a pool does anything over one of its axes. */
function poolsOver(node: Node, axis: number): boolean {
  const pads = node.ints('pads') ?? [0, 0, 0, 0, 0, 0]
  const steps = [node.ints('kernel_shape')?.[axis], node.ints('strides')?.[axis] ?? 1]
  return steps.some((step) => step !== 1) || pads[axis] !== 0 || pads[axis + 3] !== 0
}

/** Ends the run where the depth, with its pads, is less than a kernel's: slices of it would be empty and no one the wiser. */
function requireDepth(b: Builder, depth: Dim, least: number): void {
  const fits = b.op('GreaterOrEqual', [b.dims([depth]), b.ints([least])])
  const sentence = `the window of size ${least} does not fit into the depth with its pads`
  b.ops('Require', [b.op('Squeeze', [fits])], 0, { holds: 1, sentence }, 'om')
}

/** Zeros, or less of what there is, before and behind the depths of [n, depth, height, width, c]. */
function padded(b: Builder, x: Value, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  return b.op('Pad', [x, b.ints([0, before, 0, 0, 0, 0, after, 0, 0, 0])])
}
