import { isStatic } from '../../graph/dim.ts'
import { numbersOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { tensorFrom } from '../../onnx/tensor.ts'
import { isSized } from '../image/resize.ts'
import { dequantised, quantised, roundedCodes } from './codes.ts'

/** Images of codes whose size is changed by linear interpolation, in integers. */
export const byteResizes: readonly Rewrite[] = [resizeOfCodes, resizeOfDequantised]

/** For each element of the result its first neighbour and the weight of the next; both neighbours' weights add up to `one`. */
interface Taps {
  readonly numbers: readonly number[]
  readonly one: number
}

interface Resized {
  readonly x: Value
  /** None, where sizes stay, one, or two of which one is behind the other. */
  readonly axes: readonly Node[]
}

/** One axis after the other, by the sizes before and after. */
function resized(value: Value): Resized | undefined {
  const axes: Node[] = []
  let x = value
  for (let node = x.producer; node?.operator === 'om.ResizeAxis'; node = x.producer) {
    const isPlain = node.string('mode') === 'linear' && !node.int('antialias', 0) && !node.int('exclude_outside', 0)
    const axis = node.int('axis', 0)
    const [before, after] = [node.input(0).dims[axis], node.output().dims[axis]]
    if (!isPlain || !isSized(node) || typeof before !== 'number' || typeof after !== 'number' || before < 1)
      return undefined
    if (!isByRatio(node, after / before)) return undefined
    axes.unshift(node)
    x = node.input(0)
  }
  axes.sort((one, other) => one.int('axis', 0) - other.int('axis', 0))
  const [first, second, ...more] = axes.map((node) => node.int('axis', 0))
  const areNeighbours = second === undefined || second === first! + 1
  return areNeighbours && more.length === 0 && isStatic(value.dims) ? { x, axes } : undefined
}

/** Whether positions are by the ratio of both sizes, as rational numbers. */
function isByRatio(node: Node, ratio: number): boolean {
  if (node.inputs[1] || node.string('keep_aspect_ratio_policy', 'stretch') !== 'stretch') return false
  const scales = node.inputs[2]
  if (!scales) return true
  const list = scales.constant && numbersOf(scales.constant)
  return list?.[node.int('at', 0)] === ratio
}

/** Quantised as before: between codes that mean the same. What is half way goes to the even code, as floats round it where they are exact. */
function resizeOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  const image = to && resized(to.x)
  const from = image && dequantised(image.x)
  const isSame = from && from.scale === to.scale && from.zero === to.zero && from.codes.type === node.output().type
  return isSame
    ? resize(node, b, { ...image, codes: from.codes, taps: exactTaps, even: 1, zero: from.zero })
    : undefined
}

/** Codes as they are, rounded half away from zero: TensorFlow Lite's, whose weights for int8 have 10 bits. */
function resizeOfCodes(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const image = roundedCodes(node, resized)
  return (
    image && resize(node, b, { ...image, taps: image.codes.type === 'int8' ? shortTaps : exactTaps, even: 0, zero: 0 })
  )
}

interface Resizing extends Resized {
  readonly codes: Value
  readonly taps: (axis: Axis) => Taps
  /** 1: halves go to the even code. */
  readonly even: number
  readonly zero: number
}

function resize(
  node: Node,
  b: RewriteContext,
  { codes, axes, taps, even, zero }: Resizing,
): readonly Value[] | undefined {
  if (axes.length === 0) return [codes]
  const axis = axes.at(-1)!.int('axis', 0)
  const out = node.output().dims
  const axisOf = (resized: Node): Axis => {
    const at = resized.int('axis', 0)
    const coordinates = resized.string('coordinate_transformation_mode', 'half_pixel')
    return { before: Number(codes.dims[at]), after: Number(out[at]), coordinates }
  }
  const [columns, rows] = [taps(axisOf(axes.at(-1)!)), axes.length > 1 ? taps(axisOf(axes[0]!)) : undefined]
  // Beyond, sums overflow.
  if (255 * columns.one * (rows?.one ?? 1) >= 2 ** 31) return undefined
  const table = ({ numbers }: Taps): Value => b.constant(tensorFrom('int32', [numbers.length / 2, 2], numbers))
  const attributes = {
    axis,
    even,
    zero,
    to: elementTypes[codes.type].code,
    rows_one: rows?.one ?? 1,
    columns_one: columns.one,
  }
  return [b.op('ResizeBytes', [codes, table(columns), rows && table(rows)], attributes, 'om')]
}

interface Axis {
  readonly before: number
  readonly after: number
  /** `coordinate_transformation_mode` of ONNX Resize. */
  readonly coordinates: string
}

/** Where elements lie by ONNX Resize-19, as rational numbers (native/kernels/resize.h, `om_resize_position`). */
function exactTaps({ before, after, coordinates }: Axis): Taps {
  const isAligned = coordinates === 'align_corners'
  const stays = after === 1 && (isAligned || coordinates === 'pytorch_half_pixel')
  const isPlain = coordinates === 'asymmetric'
  const one = stays ? 1 : isAligned ? after - 1 : isPlain ? after : 2 * after
  const positions = Array.from({ length: after }, (_, at) => {
    const position = stays ? 0 : isAligned ? at * (before - 1) : isPlain ? at * before : (2 * at + 1) * before - after
    return Math.min(Math.max(position, 0), (before - 1) * one)
  })
  const common = positions.reduce(divisor, one)
  return tapsOf(positions.map((position) => position / common), one / common) // prettier-ignore
}

/**
 * Where they lie in units of 2^-10, by a ratio in these (LiteRT kernels/internal/reference/resize_bilinear.h,
 * `ResizeBilinearInteger`, `ComputeInterpolationValuesInteger`).
 */
function shortTaps({ before, after, coordinates }: Axis): Taps {
  const [from, to] = coordinates === 'align_corners' && after > 1 ? [before - 1, after - 1] : [before, after]
  const ratio = Math.floor((1024 * from + Math.floor(to / 2)) / to)
  const moved = coordinates === 'half_pixel' ? Math.floor(ratio / 2) - 512 : 0
  const positions = Array.from({ length: after }, (_, at) =>
    Math.min(Math.max(at * ratio + moved, 0), (before - 1) * 1024),
  )
  return tapsOf(positions, 1024)
}

function tapsOf(positions: readonly number[], one: number): Taps {
  return { numbers: positions.flatMap((position) => [Math.floor(position / one), position % one]), one }
}

function divisor(a: number, b: number): number {
  return b === 0 ? a : divisor(b, a % b)
}
