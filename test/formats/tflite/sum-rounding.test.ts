import { expect, it } from 'vitest'
import { type Codes, sumMove } from '../../../src/formats/tflite/sum-rounding.ts'

// Sums of codes that are moved from 0 are rounded as TensorFlow Lite rounds them, for every pair of codes.

/** LiteRT's `MultiplyByQuantizedMultiplier`, by a factor below 1, in integers of any length. */
function multiplied(x: bigint, factor: number): bigint {
  const shift = -Math.floor(Math.log2(factor)) - 1
  const product = x * BigInt(Math.round(factor * 2 ** (31 + shift)))
  const high = (product + (product >= 0n ? 1n << 30n : 1n - (1n << 30n))) / (1n << 31n)
  const mask = (1n << BigInt(shift)) - 1n
  return (high >> BigInt(shift)) + ((high & mask) > (mask >> 1n) + (high < 0n ? 1n : 0n) ? 1n : 0n)
}

const even = (x: number): number => {
  const whole = Math.round(x)
  return Math.abs(x % 1) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole
}

const uint8 = (scale: number, zeroPoint: number): Codes => ({ scale: Math.fround(scale), zeroPoint, least: 0 })
const int8 = (scale: number, zeroPoint: number): Codes => ({ scale: Math.fround(scale), zeroPoint, least: -128 })
const all = ({ least }: Codes): number[] => Array.from({ length: 256 }, (_, i) => least + i)

it.each<[string, Codes, Codes, Codes]>([
  // One of traffic_ssd_postprocess.tflite, where plain float32 has a pair on the wrong side.
  [
    'a residual of a real model',
    uint8(0.29572591185569763, 128),
    uint8(0.36004960536956787, 125),
    uint8(0.4593731164932251, 131),
  ],
  ['equal scales', uint8(0.02, 0), uint8(0.02, 0), uint8(0.04, 0)],
  ['a result in steps of both', int8(0.05, -128), int8(0.05, 3), int8(0.1, -7)],
  ['one term far below the other', int8(1e-5, 0), int8(0.07, 12), int8(0.06, 4)],
  ['scales of no relation', int8(0.0123, -5), int8(0.0456, 77), int8(0.0501, -20)],
])('%s', (_, a, b, result) => {
  const twice = 2 * Math.max(a.scale, b.scale)
  for (const sign of [1, -1] as const) {
    const move = sumMove(a, b, result, sign)
    expect(move).toBeDefined()
    const step = Math.fround(move! * result.scale)
    const term = (codes: Codes, code: number): bigint =>
      multiplied(BigInt(code - codes.zeroPoint) * (1n << 20n), codes.scale / twice)
    const within = (code: number): number =>
      Math.min(Math.max(code + result.zeroPoint, result.least), result.least + 255)
    let wrong = 0
    for (const p of all(a))
      for (const q of all(b)) {
        const integers = multiplied(term(a, p) + BigInt(sign) * term(b, q), twice / (2 ** 20 * result.scale))
        const real = Math.fround(
          Math.fround((p - a.zeroPoint) * a.scale) + sign * Math.fround((q - b.zeroPoint) * b.scale),
        )
        const moved = Math.fround(real + Math.sign(real) * step)
        if (within(even(Math.fround(moved / result.scale))) !== within(Number(integers))) wrong++
      }
    expect(wrong).toBe(0)
  }
})

it('nothing is known of a factor that TensorFlow Lite refuses', () => {
  expect(sumMove(int8(1, 0), int8(1, 0), int8(1e-7, 0), 1)).toBeUndefined()
  expect(sumMove(int8(1e-40, 0), int8(3e38, 0), int8(3e38, 0), 1)).toBeDefined()
})
