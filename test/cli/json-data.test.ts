import { expect, test } from 'vitest'
import { readJson } from '../../src/cli/data/json.ts'
import { randomTensor } from '../../src/cli/data/random.ts'
import { randomNumbers } from '../../src/compilers/random-numbers.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'

const read = (text: string, type: ElementType = 'float32') => {
  const tensor = readJson(text, 'x.json', type)
  return { dims: tensor.dims, values: tensorValues(tensor) }
}

test('nested arrays, values, and data with dims', () => {
  expect(read('[[1, 2, 3], [4, 5, 6]]')).toEqual({ dims: [2, 3], values: [1, 2, 3, 4, 5, 6] })
  expect(read('7')).toEqual({ dims: [], values: [7] })
  expect(read('[]')).toEqual({ dims: [0], values: [] })
  expect(read('{"data": [1, 2], "dims": [2, 1]}')).toEqual({ dims: [2, 1], values: [1, 2] })
  expect(read('[true, false]', 'bool').values).toEqual([1, 0])
  expect(read('[["a"], ["b"]]', 'string')).toEqual({ dims: [2, 1], values: ['a', 'b'] })
})

test('what JSON has no numbers for is text', () => {
  expect(read('["9007199254740993", 1]', 'int64').values).toEqual([9007199254740993n, 1n])
  expect(read('["NaN", "Infinity", "-Infinity"]').values).toEqual([NaN, Infinity, -Infinity])
})

test.each([
  ['{', 'float32', 'it is no JSON'],
  ['[[1, 2], [3]]', 'float32', 'the arrays at depth 1 differ in length'],
  ['[[1], 2]', 'float32', 'arrays and values are mixed at depth 1'],
  ['{"data": [1, 2, 3], "dims": [2]}', 'float32', 'dims [2] take 2 values, but it holds 3'],
  ['{"data": [1], "dims": [-1]}', 'float32', 'dims must be sizes'],
  ['{"data": 1, "dims": [1]}', 'float32', 'data and dims must be arrays'],
  ['["x"]', 'float32', 'element 0 is "x", which is no float32'],
  ['[null]', 'float32', 'element 0 is null, which is no float32'],
  ['[true]', 'float32', 'element 0 is true, which is no float32'],
  ['[1.5]', 'int32', '1.5 is no int32'],
  ['[300]', 'uint8', '300 is no uint8'],
  ['[9007199254740993]', 'int64', 'is no int64'],
  ['[1]', 'string', 'element 0 is 1, not text'],
] as const)('%s is no %s', (text, type, message) => {
  expect(() => readJson(text, 'x.json', type)).toThrow(message)
  expect(() => readJson(text, 'x.json', type)).toThrow(/^Can't read x\.json: /)
})

test('random values are those of the seed, and of the type', () => {
  const values = (seed: number, type: ElementType) =>
    tensorValues(randomTensor({ name: 'x', type, shape: ['batch', null, 50] }, { batch: 2 }, randomNumbers(seed)))
  expect(values(1, 'float32')).toEqual(values(1, 'float32'))
  expect(values(1, 'float32')).not.toEqual(values(2, 'float32'))
  expect(values(1, 'float64')).toHaveLength(100)
  const floats = values(1, 'float64').map(Number)
  expect(Math.min(...floats)).toBeGreaterThanOrEqual(-1)
  expect(Math.max(...floats)).toBeLessThan(1)
  expect(Math.min(...floats)).toBeLessThan(-0.5)
  expect(Math.max(...floats)).toBeGreaterThan(0.5)
  expect([...new Set<unknown>(values(1, 'int64'))].sort()).toEqual([0n, 1n])
  expect([...new Set<unknown>(values(1, 'bool'))].sort()).toEqual([0, 1])
  expect(values(1, 'complex64')).toHaveLength(200)
})
