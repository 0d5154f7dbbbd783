import type { Node, Value } from '../../graph/graph.ts'
import type { Builder } from '../../graph/operator.ts'
import type { Rewrite } from '../../graph/rewrite.ts'
import { operatorOf } from '../index.ts'
import { reduceOver, reductionAxes } from '../reduction/reduction.ts'
import { permutationOf } from '../tensor/transpose.ts'
import { samePermutation, TO_NCHW, toNchw, transposeOf } from './channels-last.ts'
import { poolOfAxes, windowOfAxes } from './window-axes.ts'

/**
 * Convolutions and pools over one axis are those over two of which the first is 1: a line [n, c, l] is an image [n, c, 1, l]
 * that is squeezed. The other rules push the Squeeze behind what follows, so that those of layout.ts meet images alone.
 */
export const lineRules: readonly Rewrite[] = [
  poolOfLines,
  unsqueezeOfLine,
  transposeOfLine,
  sinkBelowElementwise,
  sinkBelowConcat,
  reduceOfLine,
]

/** Of a line and of an image. */
const WIDE = 2

export function toLine(b: Builder, image: Value): Value {
  return b.op('Squeeze', [image, b.ints([WIDE])])
}

export function toImage(b: Builder, line: Value): Value {
  return b.op('Unsqueeze', [line, b.ints([WIDE])])
}

/** A line's image, where that is one that is channels last before a transpose. */
function imageOf(value: Value | undefined): { readonly image: Value; readonly last: Value } | undefined {
  const node = value?.producer
  if (node?.op !== 'Squeeze' || node.domain !== '' || value?.rank !== 3) return undefined
  const image = node.input(0)
  const own = transposeOf(image)
  if (!isWide(node)) return undefined
  return own && image.dims[WIDE] === 1 && samePermutation(own.perm, TO_NCHW) ? { image, last: own.input } : undefined
}

/** Whether what a Squeeze takes away, or an Unsqueeze adds, is the axis that tells an image from a line. */
function isWide(node: Node): boolean {
  const axes = node.inputs[1] ? node.inputs[1].contents : node.ints('axes')
  return axes?.length === 1 && (axes[0] === WIDE || axes[0] === WIDE - 4)
}

/** [n, l, c] of an image [n, 1, l, c]. */
function withoutOne(b: Builder, last: Value): Value {
  return b.op('Squeeze', [last, b.ints([1])])
}

/** The axes of a line's image, of those that a line's window has (window-axes.ts). */
export const AXES_OF_LINE = [undefined, 0]

/** A convolution over one axis. */
export function convolutionOfLines(node: Node, b: Builder): readonly Value[] | undefined {
  const [x, w, bias] = node.inputs as [Value, Value, Value | undefined]
  const attributes = { ...windowOfAxes(node, AXES_OF_LINE), group: node.int('group', 1) }
  return [toLine(b, b.op('Conv', [toImage(b, x), toImage(b, w), bias], attributes))]
}

/** A pool of what a convolution left channels last: of other lines, it reads each channel as it lies. */
function poolOfLines(node: Node, b: Builder): readonly Value[] | undefined {
  if ((node.op !== 'MaxPool' && node.op !== 'AveragePool') || node.domain !== '' || node.outputs.length > 1)
    return undefined
  const x = imageOf(node.inputs[0])
  if (x?.image.type !== 'float32') return undefined
  return [toLine(b, b.op(node.op, [x.image], poolOfAxes(node, AXES_OF_LINE)))]
}

function unsqueezeOfLine(node: Node): readonly Value[] | undefined {
  const x = node.op === 'Unsqueeze' && node.domain === '' && isWide(node) ? imageOf(node.input(0)) : undefined
  return x && [x.image]
}

/** Transpose(line): of [n, l, c], which is what the image is without its axis of 1. */
function transposeOfLine(node: Node, b: Builder): readonly Value[] | undefined {
  const x = node.op === 'Transpose' && node.domain === '' ? imageOf(node.input(0)) : undefined
  if (!x) return undefined
  const turned = withoutOne(b, x.last)
  const perm = permutationOf(node).map((axis) => [0, 2, 1][axis]!)
  return [samePermutation(perm, [0, 1, 2]) ? turned : b.op('Transpose', [turned], { perm })]
}

/** op(line, …) is the line of op(image, …), where the other operands are lines, constants or scalars. */
function sinkBelowElementwise(node: Node, b: Builder): readonly Value[] | undefined {
  if (!operatorOf(node).scalar || node.outputs.length > 1 || !node.inputs.some((input) => imageOf(input)))
    return undefined
  const images: (Value | undefined)[] = []
  for (const input of node.inputs) {
    const image = input && (imageOf(input)?.image ?? besideImages(b, input))
    if (input && !image) return undefined
    images.push(image)
  }
  return [toLine(b, b.op(node.op, images, Object.fromEntries(node.attributes), node.domain))]
}

/** A constant or scalar that goes with lines, as it goes with images. */
function besideImages(b: Builder, value: Value): Value | undefined {
  if (value.rank > 3) return undefined
  if (value.rank < 2 && value.dims.every((dim) => dim === 1)) return value
  if (!value.constant) return undefined
  const dims = [...Array<number>(3 - value.rank).fill(1), ...value.constant.dims]
  return b.reshape(value, [dims[0]!, dims[1]!, 1, dims[2]!])
}

function sinkBelowConcat(node: Node, b: Builder): readonly Value[] | undefined {
  if (node.op !== 'Concat' || node.domain !== '') return undefined
  const images = node.inputs.map((input) => imageOf(input)?.image)
  const axis = [0, 1, 3].at(node.int('axis', 0))!
  return images.includes(undefined) ? undefined : [toLine(b, b.op('Concat', images, { axis }))]
}

/** A reduction over the line, the channels, or both. */
function reduceOfLine(node: Node, b: Builder): readonly Value[] | undefined {
  const axes = reductionAxes(node)
  const x = imageOf(node.inputs[0])
  if (!x || !axes || axes.length === 0 || axes.includes(0)) return undefined
  const over = axes.map((axis) => TO_NCHW[axis === WIDE ? 3 : axis]!).sort()
  if (node.int('keepdims', 1)) return [toLine(b, toNchw(b, reduceOver(b, node, x.last, over)))]
  return [
    reduceOver(
      b,
      node,
      withoutOne(b, x.last),
      over.map((axis) => axis - 1),
    ),
  ]
}
