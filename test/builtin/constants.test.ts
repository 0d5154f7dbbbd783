import { describe, expect, test } from 'vitest'
import { ConstantPool } from '../../src/builtin/constants.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'

const offsetOf = (expression: string): number => Number(/^\(om_weights \+ (\d+)\)$/.exec(expression)![1])
const section = (pool: ConstantPool): Buffer => Buffer.concat(pool.chunks)

describe('constants', () => {
  test('equal data is stored once, different data at aligned places of its own', () => {
    const pool = new ConstantPool('little')
    const tensors = [
      tensorFrom('float32', [3], [1, 2, 3]),
      tensorFrom(
        'int32',
        [17],
        Array.from({ length: 17 }, (_, i) => i),
      ),
      tensorFrom('uint8', [1], [9]),
    ]
    const offsets = tensors.map((tensor) => offsetOf(pool.tensor(tensor)))
    expect(offsets).toEqual([0, 64, 192])
    expect(tensors.map((tensor) => offsetOf(pool.tensor({ ...tensor, data: tensor.data.slice() })))).toEqual(offsets)
    expect(section(pool).length).toBe(pool.bytes)
    expect(pool.bytes).toBe(256)
    tensors.forEach((tensor, i) =>
      expect([...section(pool).subarray(offsets[i], offsets[i]! + tensor.data.length)]).toEqual([...tensor.data]),
    )
  })

  test('the same bytes of another type are other data: their byte order may differ', () => {
    const pool = new ConstantPool('big')
    const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
    const stored = (['uint8', 'int16', 'float32', 'int64', 'complex64', 'float16'] as const).map((type) => {
      const offset = offsetOf(pool.data(type, bytes))
      return [...section(pool).subarray(offset, offset + 8)]
    })
    expect(stored).toEqual([
      [1, 2, 3, 4, 5, 6, 7, 8],
      [2, 1, 4, 3, 6, 5, 8, 7],
      [4, 3, 2, 1, 8, 7, 6, 5],
      [8, 7, 6, 5, 4, 3, 2, 1],
      [4, 3, 2, 1, 8, 7, 6, 5],
      [2, 1, 4, 3, 6, 5, 8, 7],
    ])
    // What came in is left as it is.
    expect([...bytes]).toEqual([1, 2, 3, 4, 5, 6, 7, 8])
  })

  test('packed elements get a byte each', () => {
    const pool = new ConstantPool('big')
    const offset = offsetOf(pool.tensor(tensorFrom('int4', [3], [-8, 7, -1])))
    expect([...section(pool).subarray(offset, offset + 3)]).toEqual([0xf8, 7, 0xff])
  })

  test('no data is no bytes, but has an address', () => {
    const pool = new ConstantPool('little')
    expect(offsetOf(pool.tensor(tensorFrom('float32', [0, 4], [])))).toBe(0)
    expect(pool.bytes).toBe(0)
  })

  test('strings are a table of literals, none is one null pointer', () => {
    const pool = new ConstantPool('little')
    const table = tensorFrom('string', [2], ['a"b', ''])
    expect(pool.tensor(table)).toBe(pool.tensor(table))
    expect(pool.tensor(tensorFrom('string', [0], []))).not.toBe(pool.tensor(table))
    expect(pool.definitions()).toContain('"a\\042b", ""')
    expect(pool.definitions()).toContain('{0}')
  })
})
