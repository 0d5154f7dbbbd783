import { type Dim, multiply } from '../../graph/dim.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Builder, PlainAttributes } from '../../graph/operator.ts'
import { autoPadOf, windowOf } from '../../lowering/window.ts'
import { TO_NCDHW, TO_NDHWC } from './channels-last.ts'

/** Taps over the depth: with more the graph would grow too far, and windows are gone through one by one. */
const MOST_TAPS = 32

/**
 * A convolution over three axes, x [n, c, depth, height, width], is one over images: each output's slices of the depth lie
 * behind each other as channels, so that [n · depth, height, width, taps · c] takes the kernel of images. With more groups than
 * one it is a sum of such convolutions, one per tap of the depth. The depth is a number.
 */
export function convolutionOfVolumes(node: Node, b: Builder): readonly Value[] | undefined {
  const [x, w, bias] = node.inputs as [Value, Value, Value | undefined]
  const [outChannels, channels, ...kernel] = w.dims as number[]
  const window = windowOf(node, x.dims.slice(2), kernel, 'within')
  const [before, after] = [window.padsBegin[0], window.padsEnd[0]]
  const depth = window.output[0]
  if (typeof before !== 'number' || typeof after !== 'number' || typeof depth !== 'number') return undefined
  const [taps, stride, dilation] = [kernel[0]!, window.strides[0]!, window.dilations[0]!]
  if (taps > MOST_TAPS) return undefined
  const groups = node.int('group', 1)
  const last = padded(b, b.op('Transpose', [x], { perm: TO_NDHWC }), before, after)
  const [batch, , height, width, all] = last.dims as [Dim, Dim, Dim, Dim, Dim]
  const images = (slices: Value, count: Dim): Value => b.reshape(slices, [multiply(batch, depth), height, width, count])
  /** The depths that tap t of the kernel meets. */
  const slice = (t: number): Value =>
    b.op('Slice', [
      last,
      b.ints([t * dilation]),
      b.ints([t * dilation + (depth - 1) * stride + 1]),
      b.ints([1]),
      b.ints([stride]),
    ])
  const slices = Array.from({ length: taps }, (_, t) => slice(t))
  const attributes = {
    group: groups,
    strides: window.strides.slice(1),
    dilations: window.dilations.slice(1),
    ...imagePads(node),
  }
  const convolve = (image: Value, weights: Value, offset?: Value): Value =>
    b.op('Conv2d', [image, weights, offset], attributes, 'om')
  const tapsOf = (axes: readonly number[], count: number): Value =>
    b.reshape(b.op('Transpose', [w], { perm: axes }), [count, taps * channels!, kernel[1]!, kernel[2]!])
  let y: Value
  if (groups === 1) {
    const stacked = taps === 1 ? slices[0]! : b.op('Concat', slices, { axis: 4 })
    y = convolve(images(stacked, multiply(taps, all)), tapsOf([0, 2, 1, 3, 4], outChannels!), bias)
  } else {
    const weights = b.op('Transpose', [w], { perm: [2, 0, 1, 3, 4] })
    const weightsOf = (t: number): Value =>
      b.op('Squeeze', [b.op('Slice', [weights, b.ints([t]), b.ints([t + 1]), b.ints([0])]), b.ints([0])])
    const sums = slices.map((part, t) => convolve(images(part, all), weightsOf(t), t === 0 ? bias : undefined))
    y = sums.reduce((sum, next) => b.op('Add', [next, sum]))
  }
  const [, outHeight, outWidth] = window.output as [Dim, Dim, Dim]
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
      ? b.op(`${node.op}2d`, [x], attributesOfAxes(node, axes), 'om')
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

/** A pool's attributes for two of its axes; undefined: one that it leaves alone. */
function attributesOfAxes(node: Node, axes: readonly (number | undefined)[]): PlainAttributes {
  const of = (list: readonly number[] | undefined, otherwise: number, offset = 0): number[] | undefined =>
    list && axes.map((axis) => (axis === undefined ? otherwise : list[axis + offset]!))
  const pads = node.ints('pads')
  return {
    auto_pad: node.string('auto_pad'),
    kernel_shape: of(node.ints('kernel_shape'), 1),
    strides: of(node.ints('strides'), 1),
    dilations: of(node.ints('dilations'), 1),
    pads: pads && [...of(pads, 0)!, ...of(pads, 0, 3)!],
    ceil_mode: node.int('ceil_mode', 0),
    ...(node.op === 'AveragePool' && { count_include_pad: node.int('count_include_pad', 0) }),
  }
}

/** What the window of the images is padded by: in numbers, or as the node says, where those follow from sizes. */
function imagePads(node: Node): { readonly pads?: readonly number[]; readonly auto_pad?: string | undefined } {
  const pads = autoPadOf(node) === 'NOTSET' ? node.ints('pads') : undefined
  return pads ? { pads: [pads[1]!, pads[2]!, pads[4]!, pads[5]!] } : { auto_pad: node.string('auto_pad') }
}

/** Zeros, or less of what there is, before and behind the depths of [n, depth, height, width, c]. */
function padded(b: Builder, x: Value, before: number, after: number): Value {
  if (before === 0 && after === 0) return x
  return b.op('Pad', [x, b.ints([0, before, 0, 0, 0, 0, after, 0, 0, 0])])
}
