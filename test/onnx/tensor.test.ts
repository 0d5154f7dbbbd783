import { describe, expect, it } from 'vitest'
import { elementTypes, type ElementType } from '../../src/onnx/element-type.ts'
import {
  lazyTensor,
  packSubBytes,
  reshapedTensor,
  swapBytes,
  tensorArray,
  tensorFrom,
  tensorNumbers,
  tensorValues,
} from '../../src/onnx/tensor.ts'

const samples: Record<ElementType, readonly (number | bigint | string)[]> = {
  float32: [1.5, -0.25, Infinity],
  float64: [0.1, -1e300, 5e-324],
  float16: [1.5, -65504, 2 ** -24],
  bfloat16: [1.5, -3, 2 ** 100],
  float8e4m3fn: [1.5, -448, 2 ** -9],
  float8e4m3fnuz: [1.5, -240, 2 ** -10],
  float8e5m2: [1.5, -57344, Infinity],
  float8e5m2fnuz: [1.5, -57344, 2 ** -17],
  float8e8m0: [1, 2 ** 127, 2 ** -127],
  float4e2m1: [1.5, -6, 0.5],
  complex64: [1, 2, 3, 4, 5, 6],
  complex128: [1, 2, 3, 4, 5, 0.1],
  bool: [1, 0, 1],
  uint8: [0, 255, 7],
  int8: [-128, 127, 7],
  uint16: [0, 65535, 7],
  int16: [-32768, 32767, 7],
  uint32: [0, 2 ** 32 - 1, 7],
  int32: [-(2 ** 31), 2 ** 31 - 1, 7],
  uint64: [0n, 2n ** 64n - 1n, 7n],
  int64: [-(2n ** 63n), 2n ** 63n - 1n, 7n],
  uint4: [0, 15, 7],
  int4: [-8, 7, -1],
  uint2: [0, 3, 1],
  int2: [-2, 1, -1],
  string: ['', 'ä\0', 'x'],
}

describe.each(Object.keys(elementTypes) as ElementType[])('%s', (type) => {
  const values = samples[type]
  const make = () => tensorFrom(type, [3], values as readonly string[])

  it('gives back the values it was made from', () => {
    expect(tensorValues(make())).toEqual(values)
  })

  it('reads the same from an unaligned place', () => {
    const tensor = make()
    const moved = new Uint8Array(tensor.data.length + 1)
    moved.set(tensor.data, 1)
    expect(tensorValues({ ...tensor, data: moved.subarray(1) })).toEqual(values)
  })

  it('wants as many values as the shape has', () => {
    expect(() => tensorFrom(type, [4], values as readonly string[])).toThrow(RangeError)
  })
})

describe('integers', () => {
  it.each<[ElementType, number | bigint]>([
    ['int8', 128],
    ['uint8', -1],
    ['int32', 1.5],
    ['int64', 2n ** 63n],
    ['uint64', -1n],
    ['int64', 2 ** 53],
    ['int4', 8],
    ['uint2', 4],
    ['int32', NaN],
  ])('%s refuses %s', (type, value) => {
    expect(() => tensorFrom(type, [], [value])).toThrow(RangeError)
  })

  it('64-bit ones become numbers only where they stay exact', () => {
    expect(tensorNumbers(tensorFrom('int64', [2], [-5, 2n ** 53n - 1n]))).toEqual([-5, 2 ** 53 - 1])
    expect(() => tensorNumbers(tensorFrom('int64', [1], [2n ** 53n]))).toThrow(RangeError)
    expect(() => tensorNumbers(tensorFrom('string', [1], ['x']))).toThrow(RangeError)
  })
})

describe('bytes', () => {
  it('are little-endian', () => {
    expect(tensorFrom('int32', [1], [0x01020304]).data).toEqual(Uint8Array.of(4, 3, 2, 1))
    expect(tensorFrom('float16', [1], [1]).data).toEqual(Uint8Array.of(0x00, 0x3c))
  })

  it('hold sub-byte elements from the low bits up, the last byte padded with zeros', () => {
    expect(tensorFrom('uint4', [3], [1, 2, 3]).data).toEqual(Uint8Array.of(0x21, 0x03))
    expect(tensorFrom('int4', [2], [-1, -8]).data).toEqual(Uint8Array.of(0x8f))
    expect(tensorFrom('uint2', [5], [0, 1, 2, 3, 2]).data).toEqual(Uint8Array.of(0b11100100, 0b10))
    expect(packSubBytes(Uint8Array.of(), 4)).toEqual(Uint8Array.of())
  })

  it('are viewed without a copy where they are aligned', () => {
    const tensor = tensorFrom('float32', [2], [1, 2])
    expect(tensorArray(tensor).buffer).toBe(tensor.data.buffer)
  })

  it('swap for the other byte order', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    swapBytes(bytes, 4)
    expect(bytes).toEqual(Uint8Array.of(4, 3, 2, 1, 8, 7, 6, 5))
  })
})

describe('a lazy tensor', () => {
  it('makes its bytes when they are asked for, and once', () => {
    let made = 0
    const lazy = lazyTensor('uint8', [2, 3], () => {
      made++
      return Uint8Array.of(1, 2, 3, 4, 5, 6)
    })
    const view = reshapedTensor(reshapedTensor(lazy, [3, 2]), [6])
    expect([view.type, view.dims, made]).toEqual(['uint8', [6], 0])
    expect(tensorNumbers(view)).toEqual([1, 2, 3, 4, 5, 6])
    expect(tensorNumbers(lazy)).toEqual([1, 2, 3, 4, 5, 6])
    expect(made).toBe(1)
  })

  it('that is reshaped keeps its texts', () => {
    expect(reshapedTensor(tensorFrom('string', [2], ['a', 'b']), [1, 2]).strings).toEqual(['a', 'b'])
  })
})
