import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { Model } from '../../src/runtime/index.ts'
import { node } from '../graph/models.ts'
import { compileModel } from '../ops/harness.ts'

// Memory of values whose size only a run knows is there for the next one (native/kernels/kept.h): right numbers whatever ran
// before and beside it, no pages that the system has to make again, and none held that small inputs have no use for.

/** The largest probability among each column of `x`, by way of two values as large as `x`. */
const source: ModelSource = {
  opsets: { '': 17 },
  inputs: { x: tensorType('float32', ['rows', 'columns']) },
  outputs: { y: undefined },
  nodes: [
    node('Transpose', ['x'], ['turned'], { perm: [1n, 0n] }),
    node('Softmax', ['turned'], ['shares'], { axis: 1n }),
    node('ReduceMax', ['shares'], ['y'], { axes: [1n], keepdims: 0n }),
  ],
}

let model: Model
beforeAll(async () => {
  model = await compileModel(source, 3)
})
afterAll(() => model.dispose())

function inputOf(rows: number, columns: number): { x: { type: 'float32'; dims: number[]; data: Float32Array } } {
  const data = Float32Array.from({ length: rows * columns }, (_, i) => Math.sin(i * 0.7 + rows))
  return { x: { type: 'float32', dims: [rows, columns], data } }
}

function expectRight(given: ReturnType<typeof inputOf>, result: Awaited<ReturnType<Model['run']>>): void {
  const { data, dims } = given.x
  const [rows, columns] = dims as [number, number]
  const { data: found } = result['y'] as { data: Float32Array }
  expect(found).toHaveLength(columns)
  for (let c = 0; c < columns; c++) {
    const column = Array.from({ length: rows }, (_, r) => data[r * columns + c]!)
    const most = Math.max(...column)
    const sum = column.reduce((total, value) => total + Math.exp(value - most), 0)
    expect(Math.abs(found[c]! * sum - 1), `${rows} x ${columns}, ${c}`).toBeLessThan(1e-5)
  }
}

const sizes = [
  [3, 5],
  [300, 70],
  [1, 1],
  [64, 64],
  [7, 900],
  [2, 3],
  [512, 33],
  [40, 41],
  [300, 70],
] as const

describe('memory that is kept from run to run', () => {
  test('sizes one after another', () => {
    for (const [rows, columns] of [...sizes, ...sizes.toReversed()]) {
      const given = inputOf(rows, columns)
      expectRight(given, model.runSync(given))
    }
  })

  test('more runs at the same time than memory is kept for', async () => {
    const given = Array.from({ length: 5 }, () => sizes.map(([rows, columns]) => inputOf(rows, columns))).flat()
    const results = await Promise.all(given.map((one) => model.run(one)))
    results.forEach((result, i) => expectRight(given[i]!, result))
  })

  test('after inputs that it refuses', () => {
    const bad = { x: { type: 'float32', dims: [2, 2], data: new Float32Array(3) } } as const
    for (let i = 0; i < 9; i++) expect(() => model.runSync(bad)).toThrow()
    expectRight(inputOf(5, 4), model.runSync(inputOf(5, 4)))
  })

  test.runIf(process.platform === 'linux')('a run has no pages made anew', () => {
    const given = inputOf(1024, 1024)
    for (let i = 0; i < 5; i++) model.runSync(given)
    const before = process.resourceUsage().minorPageFault
    for (let i = 0; i < 20; i++) model.runSync(given)
    // Two values of 1,024 pages each.
    expect((process.resourceUsage().minorPageFault - before) / 20).toBeLessThan(200)
  })

  test.runIf(process.platform === 'linux')('a small run gives back what a large one took', () => {
    const [rows, columns] = [4096, 8192]
    model.runSync({ x: { type: 'float32', dims: [rows, columns], data: new Float32Array(rows * columns).fill(1) } })
    const large = process.memoryUsage().rss
    model.runSync(inputOf(4, 8))
    expect(large - process.memoryUsage().rss).toBeGreaterThan(100 * 2 ** 20)
  })
})
