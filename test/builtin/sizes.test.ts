import { existsSync, readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { compileModel } from '../ops/harness.ts'

const SETTING = '/proc/sys/vm/overcommit_memory'

// Sizes that come with the data: too large, negative, or none at all.

const overcommit = existsSync(SETTING) ? readFileSync(SETTING, 'utf8').trim() : undefined

const ints = (...values: number[]) => ({ data: BigInt64Array.from(values, BigInt), dims: [values.length] })
const floats = (...dims: number[]) => ({ data: new Float32Array(dims.reduce((a, b) => a * b, 1)), dims })

describe('sizes that only the run knows', () => {
  test('no size that is asked for is more than an error', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { shape: tensorType('int64', [2]), x: tensorType('float32', [1]) },
      outputs: { expanded: undefined, filled: undefined },
      nodes: [
        { op: 'Expand', name: 'grow', inputs: ['x', 'shape'], outputs: ['expanded'] },
        { op: 'ConstantOfShape', name: 'fill', inputs: ['shape'], outputs: ['filled'] },
      ],
    })
    const run = (...shape: number[]) => model.runSync({ shape: ints(...shape), x: floats(1) })
    // 2^80 elements are 0 in 64 bits; 2^63 bytes are negative.
    for (const shape of [
      [2 ** 40, 2 ** 40],
      [2 ** 32, 2 ** 32],
      [2 ** 40, 2 ** 21],
      [2 ** 41, 1],
      [-1, 2],
      [-3, -3],
    ]) {
      expect(() => run(...shape), shape.join(' × ')).toThrow(/memory|negative|do not broadcast/)
    }
    // Where the system promises any memory that it is asked for, this would be promised, too.
    if (overcommit !== '1')
      expect(() => run(2 ** 40, 8)).toThrow(
        /node grow \(Expand\): not enough memory for its result "expanded": 35184372088832 bytes/,
      )
    expect(() => run(2 ** 40, 2 ** 40)).toThrow(/its result "expanded": more than any machine has/)
    expect(run(2, 3)['expanded']!.dims).toEqual([2, 3])
    const empty = run(0, 2 ** 40)
    expect(empty['expanded']!.dims).toEqual([0, 2 ** 40])
    expect(empty['filled']!.data).toHaveLength(0)
  })

  test('a window that does not fit into its input is an error, not a negative size', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { x: tensorType('float32', [1, 1, 'h', 'w']) },
      outputs: { y: undefined },
      initializers: {
        k: tensorFrom(
          'float32',
          [1, 1, 3, 3],
          Array.from({ length: 9 }, () => 1),
        ),
      },
      nodes: [{ op: 'Conv', name: 'my window', inputs: ['x', 'k'], outputs: ['y'] }],
    })
    expect(model.runSync({ x: floats(1, 1, 3, 4) })['y']!.dims).toEqual([1, 1, 1, 2])
    for (const [height, width] of [
      [2, 4],
      [1, 1],
      [0, 5],
    ] as const) {
      expect(() => model.runSync({ x: floats(1, 1, height, width) })).toThrow(/my window.*does not fit/)
    }
  })

  test('dimensions of one name must be one size, and empty ones are sizes like others', async () => {
    const model = await compileModel({
      opsets: { '': 21 },
      inputs: { a: tensorType('float32', ['n', 'n']), b: tensorType('float32', ['n']) },
      outputs: { sum: undefined, product: undefined, joined: undefined, softened: undefined },
      nodes: [
        { op: 'Add', inputs: ['a', 'b'], outputs: ['sum'] },
        { op: 'MatMul', inputs: ['a', 'b'], outputs: ['product'] },
        { op: 'Concat', inputs: ['b', 'b'], outputs: ['joined'], attributes: { axis: 0n } },
        { op: 'Softmax', inputs: ['a'], outputs: ['softened'] },
      ],
    })
    expect(() => model.runSync({ a: floats(2, 3), b: floats(2) })).toThrow(/"?n"?/)
    expect(() => model.runSync({ a: floats(2, 2), b: floats(3) })).toThrow(RangeError)
    const empty = model.runSync({ a: floats(0, 0), b: floats(0) })
    expect(Object.values(empty).map(({ dims }) => dims)).toEqual([[0, 0], [0], [0], [0, 0]])
  })
})
