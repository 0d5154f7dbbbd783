import { expect, test } from 'vitest'
import { byteForm, halfForm } from '../../../src/graph/rewrites/weight-forms.ts'
import { elementsOf, tensorFrom, tensorNumbers } from '../../../src/onnx/tensor.ts'
import { Random } from '../../builtin/random/random.ts'

// Expected numbers are worked out element by element, from the definitions.

const random = new Random(11)

function weightsOf(dims: readonly number[]): number[] {
  return Array.from({ length: elementsOf(dims) }, () => Math.fround((random.next() * 2 - 1) ** 3))
}

/** Position of an element along each axis. */
function positionOf(index: number, dims: readonly number[]): number[] {
  return dims.map((dim, axis) => Math.floor(index / elementsOf(dims.slice(axis + 1))) % dim)
}

test.each([
  [[6, 5], [1]],
  [[6, 5], [0]],
  [
    [4, 3, 2, 5],
    [1, 2, 3],
  ],
  [
    [4, 3, 2, 5],
    [0, 2],
  ],
  [[3, 4, 5], [1]],
  [[3, 4, 5], []],
  [
    [3, 4, 5],
    [0, 1, 2],
  ],
  [[1, 7, 1], [2]],
  [[12], [0]],
  [[0, 3], [1]],
])('int8 of %j with scales shared along %j', (dims, shared) => {
  const weights = weightsOf(dims)
  const { codes, scale, bytes, error } = byteForm(tensorFrom('float32', dims, weights), shared)
  const groupOf = (i: number): string =>
    positionOf(i, dims)
      .map((at, axis) => (shared.includes(axis) ? 0 : at))
      .join()
  const largest = new Map<string, number>()
  weights.forEach((weight, i) => largest.set(groupOf(i), Math.max(largest.get(groupOf(i)) ?? 0, Math.abs(weight))))
  const scales = weights.map((_, i) => Math.fround(largest.get(groupOf(i))! / 127))
  const scaleDims = dims.map((dim, axis) => (shared.includes(axis) ? 1 : dim))
  expect(scale!.dims).toEqual(scaleDims)
  expect(codes.dims).toEqual(dims)
  expect(bytes).toBe(elementsOf(dims) + 4 * elementsOf(scaleDims))
  expect(tensorNumbers(scale!)).toEqual([...largest.values()].map((most) => Math.fround(most / 127)))
  tensorNumbers(codes).forEach((code, i) => expect(Math.abs(code - weights[i]! / scales[i]!)).toBeLessThanOrEqual(0.5))
  const off = weights.map((weight, i) => Math.abs(weight - Math.fround(tensorNumbers(codes)[i]! * scales[i]!)))
  if (weights.length > 0) {
    expect(error.largest).toBeCloseTo(Math.max(...off) / Math.max(...weights.map(Math.abs)), 12)
    const square = (list: readonly number[]): number => list.reduce((sum, x) => sum + x * x, 0)
    expect(error.rms).toBeCloseTo(Math.sqrt(square(off) / square(weights)), 12)
    const sum = (list: readonly number[]): number => list.reduce((total, x) => total + Math.abs(x), 0)
    expect(error.mean).toBeCloseTo(sum(off) / sum(weights), 12)
  }
})

test('int8 of zeros, of numbers whose scale is subnormal, and of a largest one that would round beyond 127', () => {
  const zeros = byteForm(tensorFrom('float32', [2, 2], [0, -0, 0, 0]), [1])
  expect(tensorNumbers(zeros.codes)).toEqual([0, 0, 0, 0])
  expect(zeros.error).toEqual({ largest: 0, rms: 0, mean: 0 })
  // Here the scale is below the least number there is: what it can't say shows in the error.
  const tiny = byteForm(tensorFrom('float32', [1, 2], [8e-44, 1e-44]), [1])
  expect(tensorNumbers(tiny.codes).every((code) => Math.abs(code) <= 127)).toBe(true)
  expect(tiny.error).toEqual({ largest: 1, rms: 1, mean: 1 })
})

test('float16 is IEEE 754’s rounding: subnormals, the sign of zero, ties; what is beyond 65504 is an infinite error', () => {
  const values = [1 / 3, -0, 0, 2 ** -24, 2 ** -25, 1.5 * 2 ** -24, 65504, 1 + 2 ** -11, 1 + 3 * 2 ** -11]
  const { codes, scale, bytes, error } = halfForm(tensorFrom('float32', [3, 3], values))
  expect([scale, bytes]).toEqual([undefined, 18])
  expect(tensorNumbers(codes)).toEqual([0.333251953125, -0, 0, 2 ** -24, 0, 2 ** -23, 65504, 1, 1 + 2 ** -9])
  expect(error.largest).toBeLessThan(2 ** -11)
  expect(halfForm(tensorFrom('float32', [2, 1], [1, 65520])).error.largest).toBe(Infinity)
})
