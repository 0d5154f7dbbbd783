import { expect, test } from 'vitest'
import { decodeFloat, encodeFloat } from '../../src/onnx/float-formats.ts'
import { halfCodes, halfNumbers } from '../../src/onnx/half.ts'

/** float32 numbers of these bits. */
function ofBits(bits: readonly number[]): Float32Array {
  return new Float32Array(Uint32Array.from(bits).buffer)
}

test('codes are those that each number has by itself, at and around every boundary', () => {
  const around: number[] = []
  for (let code = 0; code < 0x7c00; code++) {
    // The number itself, the middle to the next one, and the float32 numbers beside both.
    const middle = code === 0x7bff ? 65520 : (decodeFloat('float16', code) + decodeFloat('float16', code + 1)) / 2
    const bits = new Uint32Array(Float32Array.of(decodeFloat('float16', code), middle).buffer)
    for (const at of bits) around.push(at, at + 1, ...(at > 0 ? [at - 1] : []))
  }
  const special = [0x7f800000, 0x7f7fffff, 0x7fc00000, 0x7f800001, 0x00000001, 0x007fffff, 0x33000000, 0x33000001]
  const magnitudes = [...around, ...special]
  const values = ofBits([...magnitudes, ...magnitudes.map((bits) => bits + 0x80000000)])
  const codes = halfCodes(values)
  const wrong = codes.findIndex((code, i) => {
    const expected = encodeFloat('float16', values[i]!)
    return Number.isNaN(values[i]) ? !Number.isNaN(decodeFloat('float16', code)) : code !== expected
  })
  expect([values[wrong], codes[wrong]]).toEqual([undefined, undefined])
})

test('numbers are those of the codes, signs of zeros included', () => {
  const codes = Uint16Array.from({ length: 2 ** 16 }, (_, code) => code)
  const numbers = halfNumbers(codes)
  const wrong = numbers.findIndex((number, code) => !Object.is(number, decodeFloat('float16', code)))
  expect(wrong).toBe(-1)
})
