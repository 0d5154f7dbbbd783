import { describe, expect, test } from 'vitest'
import { Value } from '../../src/graph/graph.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import { roundedTwice } from '../../src/ops/passes/rounded-twice.ts'

// Factors and nudges that are chosen when compiling give the codes of TensorFlow Lite for every sum.

let ids = 0
const value = (tensor: Tensor): Value => new Value(ids++, '', { type: tensor.type, shape: tensor.dims }, tensor)
const vector = (numbers: readonly number[]): Value => value(tensorFrom('float32', [numbers.length], numbers))
const scalar = (number: number): Value => value(tensorFrom('float32', [], [number]))

/** gemmlowp's SaturatingRoundingDoublingHighMul and RoundingDivideByPOT, in integers of any length. */
function twice(sum: number, factor: number): number {
  const shift = -Math.floor(Math.log2(factor)) - 1
  const product = BigInt(sum) * BigInt(Math.round(factor * 2 ** (31 + shift)))
  const nudge = product >= 0n ? 1n << 30n : 1n - (1n << 30n)
  const high = (product + nudge) / (1n << 31n)
  const mask = (1n << BigInt(shift)) - 1n
  const rest = high & mask
  return Number((high >> BigInt(shift)) + (rest > (mask >> 1n) + (high < 0n ? 1n : 0n) ? 1n : 0n))
}

/** As native/kernels/finish-integer.h, which processors that multiply and add at once do without a rounding between. */
function byFloats(sum: number, scale: number, nudge: number, isFused = false): number {
  const product = Math.fround(sum) * scale
  const real = Math.fround((isFused ? product : Math.fround(product)) + (sum < 0 ? -nudge : nudge))
  const whole = Math.round(real)
  return Math.abs(real % 1) === 0.5 && whole % 2 !== 0 ? whole - 1 : whole
}

function chosen(factors: readonly number[], limits: readonly number[]): { scales: number[]; nudges: number[] } {
  const steps = factors.map((factor) => 0.999 * 2 ** Math.floor(Math.log2(factor)))
  const given = roundedTwice(vector(factors), scalar(1), vector(steps), limits)
  return { scales: tensorNumbers(given!.scale), nudges: tensorNumbers(given!.nudge) }
}

describe('factors of two roundings', () => {
  test.each([
    [0, 255],
    [-128, 127],
    [-255, 0],
  ])('give every sum its code, from %i to %i', (least, most) => {
    const factors = Array.from({ length: 24 }, (_, i) =>
      Math.fround((0.5 + (((i + 1) * 0.6180339) % 0.5)) * 2 ** -(1 + (i % 7))),
    )
    const { scales, nudges } = chosen(factors, [least, most])
    const within = (code: number): number => Math.min(Math.max(code, least), most)
    for (const [i, factor] of factors.entries()) {
      const [from, to] = [least - 2, most + 2].map((code) => Math.round(code / factor)) as [number, number]
      const wrong = []
      for (let sum = from; sum <= to; sum++)
        for (const isFused of [false, true])
          if (within(byFloats(sum, scales[i]!, nudges[i]!, isFused)) !== within(twice(sum, factor))) wrong.push(sum)
      expect(wrong, `factor ${factor}`).toEqual([])
    }
  })

  test('are needed: the nearest float and the plain step miss some', () => {
    const factors = Array.from({ length: 40 }, (_, i) => Math.fround((0.5 + ((i * 0.6180339) % 0.5)) * 2 ** -7))
    const missed = factors.filter((factor) => {
      for (let sum = 0; sum < 255 / factor; sum++)
        if (byFloats(sum, factor, 0.999 * 2 ** -8) !== twice(sum, factor)) return true
      return false
    })
    expect(missed.length).toBeGreaterThan(0)
  })

  test('are of the product of scales that TensorFlow Lite takes: rounded of uint8 weights, exact of int8 ones', () => {
    // A layer of traffic_ssd_postprocess.tflite: of 61,440 codes three were others.
    const [x, w, y] = [0.33529117703437805, 0.003489040769636631, 0.023528480902314186]
    const product = Math.fround(x * w)
    const given = roundedTwice(vector([product]), scalar(y), vector([2 ** -5]), [0, 255], 'uint8')!
    const [scale, nudge] = [tensorNumbers(given.scale)[0]!, tensorNumbers(given.nudge)[0]!]
    for (const sum of [3508, 3509, 3510])
      for (const isFused of [false, true]) expect(byFloats(sum, scale, nudge, isFused)).toBe(twice(sum, product / y))
    expect([twice(3509, product / y), twice(3509, (x * w) / y)]).toEqual([174, 175])
  })

  test('are not made up where the step is another, or nothing is known', () => {
    expect(roundedTwice(vector([0.01]), scalar(1), vector([0.001]), [0, 255])).toBeUndefined()
    expect(roundedTwice(vector([0.01]), vector([1, 2]), vector([2 ** -8]), [0, 255])).toBeUndefined()
    const unknown = new Value(ids++, '', { type: 'float32', shape: [1] })
    expect(roundedTwice(unknown, scalar(1), vector([2 ** -8]), [0, 255])).toBeUndefined()
  })

  test.each([2 ** -20, 1.5, 2 ** -40, NaN])('a factor of %d has the nearest float', (factor) => {
    const steps = factor > 1 ? 0 : 2 ** Math.floor(Math.log2(factor))
    const given = roundedTwice(vector([factor]), scalar(1), vector([steps]), [0, 255])
    expect(given ? tensorNumbers(given.scale) : undefined).toEqual(
      Number.isNaN(factor) ? undefined : [Math.fround(factor)],
    )
  })
})
