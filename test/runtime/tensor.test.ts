import { describe, expect, expectTypeOf, it } from 'vitest'
import { elementTypes, type ElementType as SchemaType, memoryBytes } from '../../src/onnx/element-type.ts'
import { fromFloat16Bits, toFloat16Bits } from '../../src/runtime/index.ts'
import type { ElementType } from '../../src/runtime/index.ts'
import { storage } from '../../src/runtime/storage.ts'

describe('element types', () => {
  it('are those of the schema, with its numbers and sizes in memory', () => {
    expectTypeOf<ElementType>().toEqualTypeOf<SchemaType>()
    for (const type of Object.keys(elementTypes) as SchemaType[]) {
      const { code, array, lanes } = storage[type]
      expect([type, code]).toEqual([type, elementTypes[type].code])
      if (array !== undefined) expect([type, array.BYTES_PER_ELEMENT * lanes]).toEqual([type, memoryBytes(type)])
    }
    expect(Object.keys(storage).length).toBe(Object.keys(elementTypes).length)
  })
})

describe('float16 bits', () => {
  it('come back from the number that they stand for', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromFloat16Bits(bits)
      if (Number.isNaN(value)) expect(bits & 0x7fff).toBeGreaterThan(0x7c00)
      else if (toFloat16Bits(value) !== bits) expect.fail(`0x${bits.toString(16)} is ${value}`)
    }
  })

  it('are the nearest, ties to even', () => {
    // Between each two neighbours lie numbers nearer to one, nearer to the other, and one in the middle.
    for (let bits = 0; bits < 0x7bff; bits++) {
      const [low, high] = [fromFloat16Bits(bits), fromFloat16Bits(bits + 1)]
      const middle = (low + high) / 2
      const even = bits % 2 === 0 ? bits : bits + 1
      const nearest = [toFloat16Bits(middle), toFloat16Bits(-middle) & 0x7fff]
      const around = [toFloat16Bits(middle * (1 - 2 ** -40)), toFloat16Bits(middle * (1 + 2 ** -40))]
      if (String([...nearest, ...around]) !== String([even, even, bits, bits + 1])) expect.fail(`around ${middle}`)
    }
  })

  it.each([
    [1, 0x3c00],
    [-2, 0xc000],
    [65504, 0x7bff],
    [65519.99, 0x7bff],
    [65520, 0x7c00],
    [-Infinity, 0xfc00],
    [-0, 0x8000],
    [2 ** -24, 1],
    [2 ** -25, 0],
    [2 ** -149, 0],
    [5e-324, 0],
    [NaN, 0x7e00],
  ])('of %f are %i', (value, bits) => expect(toFloat16Bits(value)).toBe(bits))
})
