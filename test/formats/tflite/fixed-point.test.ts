import { expect, it } from 'vitest'
import { sigmoid, tanh } from '../../../src/formats/tflite/fixed-point.ts'

// That they are TensorFlow Lite's to the digit, dtln_noise_suppression shows (goldens.test.ts).

const sizes = Array.from({ length: 32768 }, (_, size) => size)

it('the sigmoid is at most 7 units of 2^-15 off the true one', () => {
  const off = sizes.map((a) => Math.abs(sigmoid(a) - 32768 / (1 + Math.exp(-a / 4096))))
  expect(Math.max(...off)).toBeLessThan(7)
  expect([sigmoid(0), sigmoid(32767)]).toEqual([16384, 32756])
})

it.each([0, 1, 2, 3, 4, 5])('tanh of %i bits before the point is at most 13 units off', (bits) => {
  const off = sizes.map((a) => Math.abs(tanh(a, bits) - 32768 * Math.tanh(a / 2 ** (15 - bits))))
  expect(Math.max(...off)).toBeLessThan(13)
  expect(tanh(0, bits)).toBe(0)
})

it('some values, as a program of its own in Python gave them by the same rules', () => {
  expect([1, 100, 32767].map((a) => sigmoid(a))).toEqual([16384, 16584, 32756])
  expect([1, 100, 32767].map((a) => tanh(a, 0))).toEqual([-8, 100, 24964])
  expect([1, 100, 32767].map((a) => tanh(a, 3))).toEqual([8, 792, 32767])
  expect([1, 100, 32767].map((a) => tanh(a, 6))).toEqual([64, 6316, 32767])
})
