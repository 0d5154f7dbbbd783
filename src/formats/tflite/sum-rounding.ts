import { quantizedMultiplier } from './requantized.ts'

/** A tensor of 8-bit codes, quantised as a whole. */
export interface Codes {
  readonly scale: number
  readonly zeroPoint: number
  readonly least: number
}

/**
 * How far from 0 a sum or difference of two tensors is to be moved, in codes of the result, so that it is rounded as TensorFlow Lite
 * rounds it: in integers, both terms in units of 2^-20 of twice the greater scale, the result twice (LiteRT kernels/add.cc and
 * sub.cc, `PrepareGeneral`; kernels/internal/reference/add.h). There are 65,536 pairs of codes: what lies between those of their
 * sums that become the code below and those that become the one above is known, and its middle is farthest from both, so
 * that float32's rounding of terms and sum doesn't matter.
 *
 * @returns `undefined` where no such distance is right for all pairs
 */
export function sumMove(a: Codes, b: Codes, result: Codes, sign: 1 | -1): number | undefined {
  const twice = 2 * Math.max(a.scale, b.scale)
  if (twice >= 2 ** 20 * result.scale) return undefined // which TensorFlow Lite refuses
  const [first, second] = [a, b].map((codes) => termsOf(codes, twice)) as [Terms, Terms]
  const begins = thresholds(twice / (2 ** 20 * result.scale), result)
  let [down, up] = [0, 1]
  for (const [i, of] of first.integers.entries()) {
    for (const [j, other] of second.integers.entries()) {
      const exact = (first.reals[i]! + sign * second.reals[j]!) / result.scale
      const size = Math.abs(exact)
      const code = Math.floor(size)
      const begin = begins.get(exact > 0 ? code + 1 : -code)
      if (begin === undefined || exact === 0) continue
      const isUp = of + sign * other >= begin === exact > 0
      if (isUp) up = Math.min(up, size - code)
      else down = Math.max(down, size - code)
    }
  }
  return down < up ? 0.5 - (down + up) / 2 : undefined
}

interface Terms {
  readonly reals: readonly number[]
  /** In units of 2^-20 of the greatest. */
  readonly integers: readonly number[]
}

function termsOf({ scale, zeroPoint, least }: Codes, twice: number): Terms {
  const counted = Array.from({ length: 256 }, (_, i) => least + i - zeroPoint)
  const { multiplier, shift } = quantizedMultiplier(scale / twice)
  const [one, half] = [1n << BigInt(shift), shift > 0 ? 1n << BigInt(shift - 1) : 0n]
  const integers = counted.map((count) => {
    // Of sizes, as halves go away from 0.
    const high = (BigInt(Math.abs(count)) * (1n << 20n) * multiplier + (1n << 30n)) >> 31n
    return Math.sign(count) * Number((high + half) / one)
  })
  return { reals: counted.map((count) => count * scale), integers }
}

/** By code, less the zero point: the least sum that becomes it, as in ops/passes/rounded-twice.ts. */
function thresholds(factor: number, { least, zeroPoint }: Codes): ReadonlyMap<number, number> {
  const { multiplier, shift } = quantizedMultiplier(factor)
  const [one, before] = [1n << BigInt(shift), shift > 0 ? 1n << BigInt(shift - 1) : 0n]
  const begins = new Map<number, number>()
  for (let code = least + 1 - zeroPoint; code <= least + 255 - zeroPoint; code++) {
    const y = BigInt(code) * one - before + (code <= 0 && shift > 0 ? 1n : 0n)
    begins.set(code, Number(ceiled((2n * y - 1n) * (1n << 30n), multiplier)))
  }
  return begins
}

function ceiled(a: bigint, b: bigint): bigint {
  return a > 0n ? (a + b - 1n) / b : a / b
}
