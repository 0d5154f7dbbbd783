import { elementTypes } from '../../onnx/element-type.ts'
import type { Converter, Layout } from './converter.ts'
import { fractionsOf } from './multiplier.ts'
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
function moved(c: Converter, value: string, output: number, fractions: readonly number[], layout: Layout): string {
  const unit = c.quantization(output)!.scale[0]!
  const steps = fractions.map((bits) => (bits < 1 ? 0 : unit * 2 ** -(bits + 1) * (1 - MARGIN)))
  if (steps.every((step) => step === 0)) return value
  const spatial = layout === 'first' ? c.rank(output) - 2 : 0
  const dims = steps.length === 1 ? [] : [steps.length, ...Array.from({ length: spatial }, () => 1)]
  const step = c.op('Mul', [c.op('Sign', [value]), c.writer.constant('float32', steps, dims)])
  return c.op('Add', [value, step])
}

/** What lies on the edge is not beyond it, nor what float32 can't tell from that. */
const MARGIN = 1e-3

/** The scale of a tensor of codes of 8 bits that are quantised as a whole. */
function scaleOf(c: Converter, tensor: number): number | undefined {
  const scale = c.quantization(tensor)?.scale
  return scale?.length === 1 && elementTypes[c.type(tensor)].bits === 8 ? scale[0] : undefined
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

function codesOf(c: Converter, tensor: number): Codes | undefined {
  const scale = scaleOf(c, tensor)
  const least = c.type(tensor) === 'int8' ? -128 : 0
  return scale === undefined ? undefined : { scale, zeroPoint: c.quantization(tensor)!.zeroPoint[0]!, least }
}

/** A mean of `count` codes: M = s_x / s_y, over `count` with floor(log2(count)) more bits (kernels/internal/reference/reduce.h). */
export function movedMean(c: Converter, value: string, x: number, output: number, count: number): string {
  const [of, unit] = [scaleOf(c, x), scaleOf(c, output)]
  if (!of || !unit || count < 1) return value
  return moved(c, value, output, [fractionsOf(of / unit) + Math.floor(Math.log2(count))], 'last')
}

/**
 * Codes of one quantisation from those of another: M = s_x / s_y (kernels/internal/reference/requantize.h). Where M has no fraction to
 * be rounded before, halves go up.
 */
export function movedCodes(c: Converter, value: string, x: number, output: number, layout: Layout): string {
  const [of, unit] = [scaleOf(c, x), scaleOf(c, output)]
  if (!of || !unit || of === unit) return value
  const fractions = fractionsOf(of / unit)
  if (fractions >= 1) return moved(c, value, output, [fractions], layout)
  return c.op('Add', [value, c.writer.scalar(unit * 2 ** -12, 'float32')])
}
