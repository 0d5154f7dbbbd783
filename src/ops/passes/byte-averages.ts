import { isStatic } from '../../graph/dim.ts'
import { numberOf } from '../../graph/fold.ts'
import type { Node, Value } from '../../graph/graph.ts'
import type { Rewrite, RewriteContext } from '../../graph/rewrite.ts'
import { elementTypes } from '../../onnx/element-type.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'
import { reductionAxes } from '../reduction/reduction.ts'
import { type Codes, dequantised, quantised, roundedCodes } from './codes.ts'
import { movedFromZero } from './integer-folding.ts'

/** Averages of codes, over whole images and windows, and sums over axes, in integers. */
export const byteAverages: readonly Rewrite[] = [averageOfCodes, averageOfDequantised]

/** What a pool averages, channels last, and its window; without one the whole image. */
interface Pool {
  readonly x: Value
  readonly window?: Node
}

function pooled(value: Value): Pool | undefined {
  const node = value.producer
  if (node?.operator === 'om.GlobalAveragePool2d') return { x: node.input(0) }
  if (node?.operator !== 'om.AveragePool2d') return undefined
  const [x, y] = [node.input(0), node.output()]
  if (!isStatic(x.dims.slice(1)) || !isStatic(y.dims.slice(1))) return undefined
  const isWhole = (node.ints('kernel_shape') ?? []).every((size, i) => size === x.dims[i + 1])
  const isPadded =
    (node.ints('pads') ?? []).some((size) => size !== 0) || node.string('auto_pad', 'NOTSET') !== 'NOTSET'
  return isWhole && !isPadded && y.dims[1] === 1 && y.dims[2] === 1 ? { x } : { x, window: node }
}

/** What is reduced over axes that are next to each other: all before them, those, and all behind. */
interface ReducedAxes extends Pool {
  readonly sizes: readonly number[]
  readonly isSum: boolean
}

function reducedAxes(value: Value): ReducedAxes | undefined {
  const node = value.producer
  const isSum = node?.operator === 'ReduceSum'
  const axes = isSum || node?.operator === 'ReduceMean' ? reductionAxes(node) : undefined
  const [first, last] = [axes?.[0], axes?.at(-1)]
  if (first === undefined || last === undefined || last - first !== axes!.length - 1) return undefined
  const x = node!.input(0)
  if (!isStatic(x.dims)) return undefined
  const parts = [x.dims.slice(0, first), x.dims.slice(first, last + 1), x.dims.slice(last + 1)]
  return { x, sizes: parts.map(elementsOf), isSum }
}

/** How many elements an average may be of; with a window, of up to so many. */
function mostPixels({ x, window }: Pool): number | undefined {
  const sizes = window ? window.ints('kernel_shape')! : x.dims.slice(1, -1)
  return isStatic(sizes) ? elementsOf(sizes) : undefined
}

/** Of more, sums of codes are not exact in float32. */
const MOST_PIXELS = 2 ** 16

/** Quantised averages and sums of dequantised codes: the scale, and the number of them, are one factor of the sums. */
function averageOfDequantised(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const to = quantised(node)
  const moved = to && movedFromZero(to.x, b)
  const value = to && (moved?.value ?? to.x)
  const axes = value && reducedAxes(value)
  const pool: Pool | undefined = axes ?? (value && pooled(value))
  const x = pool && dequantised(pool.x)
  const pixels = axes ? axes.sizes[1] : pool && mostPixels(pool)
  if (!x || !pixels || pixels > MOST_PIXELS) return undefined
  const step = moved ? numberOf(moved.step) : 0
  if (step === undefined || !(step >= 0 && step < to!.scale / 2)) return undefined
  const { window } = pool!
  const countsPads = window?.int('count_include_pad', 0) === 1
  // Windows that reach beyond pads have fewer elements.
  if (countsPads && window.int('ceil_mode', 0) === 1) return undefined
  const factor = (count: number): number => x.scale / (to!.scale * (axes?.isSum ? 1 : countsPads ? pixels : count))
  const codes = axes ? b.reshape(x.codes, axes.sizes) : x.codes
  const by = { factor, nudge: () => step / to!.scale, zero: to!.zero }
  const result = average(node, b, { ...pool!, ...x, codes, pixels }, by)
  return [axes ? b.reshape(result, node.output().dims) : result]
}

/** By how many elements an average is of. */
interface Factors {
  readonly factor: (count: number) => number
  readonly nudge: (count: number) => number
  readonly zero: number
}

interface Averaged extends Pool, Codes {
  readonly pixels: number
}

function average(node: Node, b: RewriteContext, { codes, zero, window, pixels }: Averaged, to: Factors): Value {
  const { type } = node.output()
  // Of a window a table, as at the image's edge it has fewer elements.
  const table = (of: (count: number) => number): Value =>
    window
      ? b.constant(
          tensorFrom(
            'float32',
            [pixels + 1],
            Array.from({ length: pixels + 1 }, (_, n) => (n > 0 ? of(n) : 0)),
          ),
        )
      : b.scalar(Math.fround(of(pixels)), 'float32')
  const nudge = to.nudge(pixels) > 0 ? table(to.nudge) : undefined
  const inputs = [codes, b.scalar(zero, codes.type), table(to.factor), b.scalar(to.zero, type), nudge]
  const attributes = { ...(window && Object.fromEntries(window.attributes)), to: elementTypes[type].code }
  return b.op(window ? 'AverageWindows' : 'AverageBytes', inputs, attributes, 'om')
}

/** Averages of codes as they are, rounded half away from zero: TensorFlow Lite's (formats/tflite/operators/convolution.ts). */
function averageOfCodes(node: Node, b: RewriteContext): readonly Value[] | undefined {
  const pool = roundedCodes(node, pooled)
  if (!pool || pool.window?.int('count_include_pad', 0)) return undefined
  const pixels = mostPixels(pool)
  if (!pixels || pixels > 4096) return undefined
  const nudges = Array.from({ length: pixels + 1 }, (_, count) =>
    count === pixels || (pool.window && count > 0) ? nudgeForHalves(count) : 0,
  )
  if (nudges.includes(undefined)) return undefined
  const to = { factor: (count: number) => 1 / count, nudge: (count: number) => nudges[count]!, zero: 0 }
  return [average(node, b, { ...pool, scale: 1, zero: 0, pixels }, to)]
}

/** How far averages are moved away from 0 so that halves are, and nothing else: tried with every sum. */
function nudgeForHalves(pixels: number): number | undefined {
  const scale = Math.fround(1 / pixels)
  const isRight = (nudge: number): boolean => {
    for (let sum = 0; sum <= 255 * pixels; sum++) {
      const real = Math.fround(Math.fround(sum * scale) + nudge)
      // No half is left.
      if (Math.floor(real + 0.5) !== Math.floor((2 * sum + pixels) / (2 * pixels)) || real % 1 === 0.5) return false
    }
    return true
  }
  return [2 ** -12, 2 ** -14, 2 ** -10].find(isRight)
}
