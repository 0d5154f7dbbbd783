import type { Converter, Layout } from './converter.ts'
import { fractionsOf } from './multiplier.ts'
import { reducedMultiplier } from './requantized.ts'
import type { Quantization } from './schema.ts'
import { type Codes, sumMove } from './sum-rounding.ts'

/**
 * How TFLite's kernels make codes of the sums that they compute with codes, which ONNX does not: they round twice. A sum
 * times M, what turns it into units of the output, M = m0·2^-k with m0 in [0.5, 1), is rounded to k fractional bits, and that
 * to a whole number, halves away from zero (LiteRT kernels/internal/common.cc, `MultiplyByQuantizedMultiplier`;
 * quantization_util.cc, `QuantizeMultiplier`). So what lies less than 2^-(k+1) below a half counts as one. That much is added
 * here with the value's sign, so that QuantizeLinear, which rounds once, gives the same codes: value + sign(value)·n. The
 * built-in compiler makes it part of products (ops/passes/integer-folding.ts).
 *
 * Against TFLite's reference, of 1001 outputs, codes at most off: mobilenet_v1_0.25_128_quant 0, without 5.
 *
 * @param fractions k, one for all or one per channel; below 1, nothing is rounded twice
 */
function moved(
  c: Converter,
  value: string,
  output: number,
  fractions: readonly number[],
  layout: Layout,
  margin = -MARGIN,
): string {
  const unit = c.quantization(output)!.scale[0]!
  const steps = fractions.map((bits) => (bits < 1 ? 0 : unit * 2 ** -(bits + 1) * (1 + margin)))
  if (steps.every((step) => step === 0)) return value
  const spatial = layout === 'first' ? c.rank(output) - 2 : 0
  const dims = steps.length === 1 ? [] : [steps.length, ...Array.from({ length: spatial }, () => 1)]
  const step = c.op('Mul', [c.op('Sign', [value]), c.writer.constant('float32', steps, dims)])
  return c.op('Add', [value, step])
}

/** To whole numbers, halves away from zero. */
export function roundedAway(c: Converter, value: string): string {
  const half = c.writer.scalar(0.5, 'float32')
  return c.op('Mul', [c.op('Sign', [value]), c.op('Floor', [c.op('Add', [c.op('Abs', [value]), half])])])
}

/** What lies on the edge is not beyond it, nor what float32 can't tell from that. */
const MARGIN = 1e-3

/** The scale of a tensor of codes of 8 bits that are quantised as a whole. */
function scaleOf(c: Converter, tensor: number): number | undefined {
  return c.hasBytes(tensor) ? c.quantization(tensor)!.scale[0] : undefined
}

/** The tensors of a product of codes. */
export interface Product {
  readonly x: number
  readonly weights: number
  readonly output: number
}

/**
 * A product, rounded so: M = s_x·s_w / s_y of each channel (kernel_util.cc, `PopulateConvolutionQuantizationParams`).
 *
 * @param value [N, O, …] in layout 'first', else […, O]
 */
export function movedProduct(c: Converter, value: string, { x, weights, output }: Product, layout: Layout): string {
  const [of, by, unit] = [scaleOf(c, x), c.quantization(weights), scaleOf(c, output)]
  if (!of || !by || !unit) return value
  return moved(c, value, output, by.scale.map((scale) => fractionsOf((of * scale) / unit)), layout) // prettier-ignore
}

/**
 * How the weights of a product are quantised, as its kernel takes it: of activations of 16 bits, whose sums are of 64, M has 16 bits instead
 * of 32 (kernels/internal/common.cc, `MultiplyByQuantizedMultiplier` of int64), which is up to half a code at the ends. That is a matter
 * of scale: M / s_x · s_y is what a weight counts. Sums of 32 bits, which a bias of as many tells, keep M.
 */
export function scalesOf(c: Converter, of: Product & { readonly bias: number }): Quantization | undefined {
  const [x, by, unit] = [of.x, of.weights, of.output].map((tensor) => c.quantization(tensor))
  if (c.type(of.x) !== 'int16' || x?.scale.length !== 1 || unit?.scale.length !== 1) return by
  if (of.bias >= 0 && c.type(of.bias) !== 'int64') return by
  const perCode = x.scale[0]! / unit.scale[0]!
  return by && { ...by, scale: by.scale.map((scale) => Math.fround(reducedMultiplier(scale * perCode) / perCode)) }
}

/** A sum of two, see {@link sumMove}. */
export function movedSum(c: Converter, value: string, terms: readonly number[], output: number): string {
  return movedBy(c, value, terms, output, 1)
}

/** A difference. */
export function movedDifference(c: Converter, value: string, terms: readonly number[], output: number): string {
  return movedBy(c, value, terms, output, -1)
}

function movedBy(c: Converter, value: string, terms: readonly number[], output: number, sign: 1 | -1): string {
  const [a, b, result] = [...terms, output].map((tensor) => codesOf(c, tensor))
  const move = a && b && result && sumMove(a, b, result, sign)
  if (!move) return value
  const step = c.writer.constant('float32', [move * result.scale], [])
  return c.op('Add', [value, c.op('Mul', [c.op('Sign', [value]), step])])
}

/** How a tensor of codes of 8 bits is quantised, as a whole. */
export function codesOf(c: Converter, tensor: number): Codes | undefined {
  const scale = scaleOf(c, tensor)
  const least = c.type(tensor) === 'int8' ? -128 : 0
  return scale === undefined ? undefined : { scale, zeroPoint: c.quantization(tensor)!.zeroPoint[0]!, least }
}

/**
 * A leaky ReLU of codes: M = s_x / s_y from 0 on and alpha times that below, each rounded by its own number of fractional bits
 * (kernels/internal/reference/leaky_relu.h). The first rounding takes halves up; where there is but one, so does it.
 *
 * @param x the real that `value` is made of
 */
export function movedLeaky(
  c: Converter,
  value: string,
  x: string,
  alpha: number,
  tensors: readonly [number, number],
): string {
  const [of, unit] = tensors.map((tensor) => c.quantization(tensor)?.scale) as [number[]?, number[]?]
  if (of?.length !== 1 || unit?.length !== 1) return value
  /** In codes, of what goes to a side of 0. */
  const step = (factor: number, side: 1 | -1): number => {
    const fractions = fractionsOf(factor)
    return fractions < 1 ? 2 ** -12 : side * 2 ** -(fractions + 1) * (1 + side * MARGIN)
  }
  const factor = of[0]! / unit[0]!
  const above = step(factor, 1) * unit[0]!
  // Of a negative slope, its size is multiplied by, and the code turned.
  const below = Math.sign(alpha) * step(factor * Math.abs(alpha), -1) * unit[0]!
  const [middle, half] = [(above + below) / 2, (above - below) / 2].map((one) => c.writer.scalar(one, 'float32'))
  return c.op('Add', [value, c.op('Add', [c.op('Mul', [c.op('Sign', [x]), half!]), middle!])])
}

/** Codes made of codes one by one by `made`, both without their zero points: a table. The compiler looks bytes up in it (ops/passes/byte-tables.ts). */
export function tabulated(c: Converter, codes: string, of: Codes, to: Codes, made: (q: number) => number): string {
  const within = (code: number): number => Math.min(to.least + 255, Math.max(to.least, code))
  const table = Array.from({ length: 256 }, (_, i) => within(made(of.least + i - of.zeroPoint) + to.zeroPoint))
  const index = c.cast(codes, 'int32')
  const places = of.least === 0 ? index : c.op('Add', [index, c.writer.scalar(-of.least, 'int32')])
  return c.op('Gather', [c.writer.constant(to.least === 0 ? 'uint8' : 'int8', table, [256]), places], { axis: 0n })
}

/** A mean of `count` codes: M = s_x / s_y, over `count` with floor(log2(count)) more bits (kernels/internal/reference/reduce.h). */
export function movedMean(c: Converter, value: string, x: number, output: number, count: number): string {
  const [of, unit] = [scaleOf(c, x), scaleOf(c, output)]
  if (!of || !unit || count < 1) return value
  // Means of 2^k codes lie on the edges; the first rounding takes halves up, which is away from zero where nothing is below it.
  const { zeroPoint, least } = codesOf(c, x)!
  const margin = zeroPoint === least ? MARGIN : -MARGIN
  return moved(c, value, output, [fractionsOf(of / unit) + Math.floor(Math.log2(count))], 'last', margin)
}
