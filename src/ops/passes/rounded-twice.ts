import { numbersOf } from '../../graph/fold.ts'
import type { Value } from '../../graph/graph.ts'
import type { ElementType } from '../../onnx/element-type.ts'
import type { Tensor } from '../../onnx/model.ts'
import { tensorFrom } from '../../onnx/tensor.ts'

// Sums of integers become codes by a float32 factor and a step away from 0 (finish-integer.h), where TensorFlow Lite does it in integers that
// are rounded twice (formats/tflite/rounding.ts). Both are steps that rise with the sum, at most 255 of them between the limits of the
// codes: where each of these lies at the same sum, both are the same for every sum. So factor and step are chosen here, when
// compiling, so that all of them do, which costs a run nothing.

/** How far a step may be from half a unit of the first rounding, relative to it: rounding.ts leaves out 1e-3. */
const NEAR = 2e-3

/** Beyond, sums are no longer exact in float32, nor thresholds in double precision. */
const MOST_SHIFT = 12

/** What is tried: factors so many steps of float32 away, and nudges so far between the least and the most that such a factor allows. */
const MOST_ULPS = 16
const PARTS = [0.5, 0.25, 0.75, 0, 1]

/** How far nudges are moved. */
const MOST_MOVED = 2 ** -13

/** Thresholds beyond are where they should be whatever is tried: MOST_MOVED, and 256 codes times MOST_ULPS and roundings, are 4e-4. */
const REACH = 2 ** -11

export interface Rounding {
  /** What sums are multiplied with to be codes, one for all or one per column. */
  readonly scale: Tensor
  /** How far from 0 they are moved then. */
  readonly nudge: Tensor
}

/**
 * Factor and step with which sums become the codes that TensorFlow Lite makes of them, exactly.
 *
 * @param scale of the sums, one for all or one per column
 * @param unit of the codes
 * @param nudge in codes, as scale: where it is not that of two roundings, nothing is known of how codes are to be made
 * @param limits the least and the most code, less the zero point
 * @param weights their type: the scale of sums is a product, which LiteRT rounds to float32 for uint8, and for int8 does not
 *   (kernel_util.cc, `GetQuantizedConvolutionMultipler` and `PopulateConvolutionQuantizationParams`)
 * @returns `undefined` where something isn't known or is not as above; columns for which no factor was found have the nearest
 */
export function roundedTwice(
  scale: Value,
  unit: Value,
  nudge: Value,
  limits: readonly number[],
  weights: ElementType = 'int8',
): Rounding | undefined {
  const [scales, units] = [weights === 'uint8' ? own(scale) : exact(scale), exact(unit)]
  const nudges = nudge.constant && numbersOf(nudge.constant)
  const [least, most] = limits
  if (!scales || units?.length !== 1 || !nudges || least === undefined || most === undefined) return undefined
  const columns: Column[] = []
  for (const [i, one] of scales.entries()) {
    const factor = one / units[0]!
    const shift = -Math.floor(Math.log2(factor)) - 1
    const step = 2 ** -(shift + 1)
    const given = Number(nudges[nudges.length === 1 ? 0 : i])
    if (!(shift < 1 ? given === 0 : Math.abs(given - step) <= step * NEAR)) return undefined
    columns.push(columnOf(factor, shift, least, most) ?? { scale: Math.fround(factor), nudge: given })
  }
  const dims = scale.rank === 0 ? [] : [columns.length]
  return {
    scale: tensorFrom('float32', dims, columns.map((column) => column.scale)), // prettier-ignore
    nudge: tensorFrom('float32', dims, columns.map((column) => column.nudge)), // prettier-ignore
  }
}

interface Column {
  readonly scale: number
  readonly nudge: number
}

function columnOf(factor: number, shift: number, least: number, most: number): Column | undefined {
  if (shift < 0 || shift > MOST_SHIFT) return undefined
  const scale = Math.fround(factor)
  const nudge = shift < 1 ? 0 : 2 ** -(shift + 1)
  const tight = tightThresholds(factor, shift, [least, most])
  let best: Column = { scale, nudge: Math.fround(nudge) }
  let fewest = misses(best, tight, Infinity)
  for (const ulps of nearest(MOST_ULPS)) {
    if (fewest === 0) break
    const other = scale + ulps * ulp(scale)
    const [low, high] = nudgesFor(other, nudge, tight)
    for (const part of PARTS) {
      const column = { scale: other, nudge: Math.fround(low + part * (high - low)) }
      if (!(column.nudge >= 0 && column.nudge < 0.5)) continue
      const wrong = misses(column, tight, fewest)
      if (wrong < fewest) [best, fewest] = [column, wrong]
    }
  }
  return best
}

/** Between what a nudge must be that all thresholds are where they should, but for the rounding of the last sum. */
function nudgesFor(scale: number, nudge: number, tight: readonly Threshold[]): readonly [low: number, high: number] {
  let [low, high] = [Math.max(0, nudge - MOST_MOVED), nudge + MOST_MOVED]
  for (const { sum, half } of tight) {
    const [above, below] = [half - Math.fround(sum * scale), half - Math.fround((sum - 1) * scale)]
    // What is negative is moved down.
    if (sum >= 0) low = Math.max(low, above)
    else high = Math.min(high, -above)
    if (sum > 0) high = Math.min(high, below)
    else low = Math.max(low, -below)
  }
  return [low, high]
}

/** 0, 1, -1, 2, -2, … */
function nearest(most: number): number[] {
  return Array.from({ length: 2 * most + 1 }, (_, i) => (i % 2 === 0 ? -i / 2 : (i + 1) / 2))
}

/** From a float32 that is no power of two to the next. */
function ulp(value: number): number {
  return 2 ** (Math.floor(Math.log2(value)) - 23)
}

/** Where codes change. */
interface Threshold {
  /** The least sum that becomes the greater code of two. */
  readonly sum: number
  /** Between the codes. */
  readonly half: number
}

/**
 * The least sum that becomes each code but the least: sum · m / 2^31, rounded with halves up, is y; y / 2^shift, rounded with halves away
 * from 0, the code (LiteRT kernels/internal/common.cc, `MultiplyByQuantizedMultiplier`; quantization_util.cc, `QuantizeMultiplier`).
 * Of them, those where floats could be on the wrong side.
 */
function tightThresholds(factor: number, shift: number, [least, most]: readonly [number, number]): Threshold[] {
  const multiplier = Math.round(factor * 2 ** (31 + shift))
  const [one, before] = [2 ** shift, shift > 0 ? 2 ** (shift - 1) : 0]
  const step = shift > 0 ? 0.5 / one : 0
  const tight: Threshold[] = []
  for (let code = least + 1; code <= most; code++) {
    // Halves away from 0: a code above 0 begins at the half, one below just behind it.
    const y = code * one - before + (code <= 0 && shift > 0 ? 1 : 0)
    const sum = Math.ceil(((2 * y - 1) * 2 ** 30) / multiplier)
    const [half, moved] = [code - 0.5, sum > 0 ? step : -step]
    const apart = sum * factor + moved - half
    if (apart < REACH || apart - factor > -REACH) tight.push({ sum, half })
  }
  return tight
}

/** How many thresholds the kernel has elsewhere; no more than `most` are counted. */
function misses({ scale, nudge }: Column, tight: readonly Threshold[], most: number): number {
  let wrong = 0
  for (const { sum, half } of tight) {
    const isRight = [false, true].every(
      (isFused) => isAbove(sum, scale, nudge, half, isFused) && !isAbove(sum - 1, scale, nudge, half, isFused),
    )
    if (isRight) continue
    if (++wrong >= most) break
  }
  return wrong
}

/**
 * As finish-integer.h computes: products and sums are exact in double precision before they are rounded; of ties the even one. Where
 * the processor multiplies and adds at once, the product is not rounded: 3 of 61,440 codes of a layer were another.
 */
function isAbove(sum: number, scale: number, nudge: number, half: number, isFused: boolean): boolean {
  const product = Math.fround(sum) * scale
  const real = Math.fround((isFused ? product : Math.fround(product)) + (sum < 0 ? -nudge : nudge))
  return real > half || (real === half && Math.ceil(half) % 2 === 0)
}

function own({ constant }: Value): number[] | undefined {
  return constant && Array.from(numbersOf(constant) ?? [], Number)
}

/** The numbers of a constant before float32 rounded them, where it is a product of others or one of them in another shape. */
function exact(value: Value): number[] | undefined {
  const { recipe } = value
  const numbers = own(value)
  if (!numbers || !recipe || recipe.node.domain !== '') return numbers
  const { op, inputs } = recipe.node
  if (op === 'Reshape' || op === 'Unsqueeze' || op === 'Squeeze') return exact(inputs[0]!)
  const divisor = op === 'Div' ? inputs[1]?.constant && numbersOf(inputs[1].constant) : undefined
  if (divisor?.length === 1 && Number(divisor[0]) === 1) return exact(inputs[0]!)
  const [a, b] = op === 'Mul' ? [exact(inputs[0]!), exact(inputs[1]!)] : []
  const isPlain = a && b && Math.max(a.length, b.length) === numbers.length && [a, b].some(({ length }) => length === 1 || a.length === b.length) // prettier-ignore
  if (!isPlain) return numbers
  return numbers.map((_, i) => a[a.length === 1 ? 0 : i]! * b[b.length === 1 ? 0 : i]!)
}
