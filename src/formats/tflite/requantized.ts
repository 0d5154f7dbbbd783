import { fractionsOf } from './multiplier.ts'

/** m · 2^-31 · 2^-shift, m in [2^30, 2^31). Source: LiteRT kernels/internal/quantization_util.cc, `QuantizeMultiplier`. */
export function quantizedMultiplier(factor: number): { readonly multiplier: bigint; readonly shift: number } {
  const shift = fractionsOf(factor)
  const multiplier = BigInt(Math.round(factor * 2 ** (31 + shift)))
  // What is rounded up to one.
  return multiplier === 1n << 31n ? { multiplier: 1n << 30n, shift: shift - 1 } : { multiplier, shift }
}

/** The factor that sums of 64 bits are multiplied by for a factor > 0: of 16 bits (`MultiplyByQuantizedMultiplier` of int64). */
export function reducedMultiplier(factor: number): number {
  const { multiplier, shift } = quantizedMultiplier(factor)
  const reduced = multiplier < 0x7fff0000n ? (multiplier + (1n << 15n)) >> 16n : 0x7fffn
  return Number(reduced) * 2 ** -(15 + shift)
}

/**
 * An integer times a factor from 0 on as TFLite's kernels compute it: rounded to `shift` fractional bits, halves up, and that to a whole number,
 * halves away from zero (LiteRT kernels/internal/common.cc, `MultiplyByQuantizedMultiplier`).
 */
export function requantized(x: number, factor: number): number {
  if (factor < 2 ** -33) return 0
  const { multiplier, shift } = quantizedMultiplier(factor)
  const product = (BigInt(x) << BigInt(Math.max(0, -shift))) * multiplier
  const high = (product + (1n << 30n)) >> 31n
  if (shift <= 0) return Number(high)
  const [size, half] = [high < 0n ? -high : high, 1n << BigInt(shift - 1)]
  const whole = (size + half) >> BigInt(shift)
  return Number(high < 0n ? -whole : whole)
}
