/**
 * k of a factor m · 2^-k, m in [0.5, 1): the fractional bits of a sum times the factor that are there before it is rounded to a whole
 * number. Source: LiteRT kernels/internal/quantization_util.cc, `QuantizeMultiplier`.
 */
export function fractionsOf(multiplier: number): number {
  return -Math.floor(Math.log2(multiplier)) - 1
}
