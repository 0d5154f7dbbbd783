import { scaled } from './fixed-point.ts'
import { quantizedMultiplier } from './requantized.ts'

// HARD_SWISH of 8-bit codes, x · min(6, max(0, x + 3)) / 6, in the 16-bit steps of its kernel (LiteRT
// kernels/internal/reference/hard_swish.h), which are a code off the true function here and there.

const [LEAST, MOST] = [-(2 ** 15), 2 ** 15 - 1]
const saturated = (value: number): number => Math.min(MOST, Math.max(LEAST, value))

/** a · b · 2^-15, halves up (gemmlowp fixedpoint.h, `SaturatingRoundingDoublingHighMul`). */
const multiplied = (a: number, b: number): number => saturated(Math.floor((a * b + 2 ** 14) / 2 ** 15))

/** A factor of 16 bits, and by how many it is shifted left (kernels/activations.cc, `HardSwishPrepare`). */
function factorOf(value: number): { readonly factor: number; readonly left: number } {
  const { multiplier, shift } = quantizedMultiplier(value)
  return { factor: Math.min(MOST, Number((multiplier + 2n ** 15n) >> 16n)), left: -shift }
}

/**
 * Codes of the result by codes of x, both without their zero points; `undefined` where the kernel refuses the scales.
 *
 * @param x scale of x @param y scale of the result
 */
export function hardSwishOf(x: number, y: number): ((q: number) => number) | undefined {
  const fine = Math.fround(x / 128)
  const output = factorOf(Math.fround(fine / y))
  const ramp = factorOf(Math.fround(fine / Math.fround(3 / 32768)))
  if (output.left > 0) return undefined
  return (q) => {
    const high = q * 128
    // From -3 to 3 is from -1 to 1; the last bit of a shift to the left comes after the product.
    const within = scaled(multiplied(scaled(high, Math.max(0, ramp.left - 1)), ramp.factor), Math.min(1, ramp.left))
    const gate = Math.floor((within + 2 ** 15) / 2)
    const product = Math.trunc((gate * multiplied(high, output.factor)) / 2 ** 15)
    return scaled(product, output.left)
  }
}
