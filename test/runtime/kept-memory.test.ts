import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { Model } from '../../src/runtime/index.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { node } from '../graph/models.ts'
import { compileModel } from '../ops/harness.ts'

// Memory of values whose size only a run knows is there for the next one (native/kernels/kept.h): right numbers whatever ran
// before and beside it, no pages that the system has to make again, and none held that small inputs have no use for.

/** The largest probability among each column of `x`, by way of a value as large as `x`. */
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

/** One level of a processor, and several in one library. */
const targets = ['host', ...(process.arch === 'x64' ? ['x86-64'] : [])]

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

describe.each(targets)('memory that is kept from run to run, for %s', (target) => {
  const compiled = (): Promise<Model> => compileModel(source, 3, { target: resolveTarget(target) })
  let model: Model
  beforeAll(async () => {
    model = await compiled()
  })
  afterAll(() => model.dispose())

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
    // There are 1,024 in what it works with.
    expect((process.resourceUsage().minorPageFault - before) / 20).toBeLessThan(200)
  })

  const [rows, columns] = [2048, 4096]
  const large = {
    x: { type: 'float32', dims: [rows, columns], data: new Float32Array(rows * columns).fill(1) },
  } as const
  /** Bytes that a large run works with: Softmax is where its input was. */
  const bytes = 4 * rows * columns
  const resident = (): number => process.memoryUsage().rss

  test.runIf(process.platform === 'linux')('a small run gives back what a large one took', () => {
    model.runSync(large)
    const before = resident()
    model.runSync(inputOf(4, 8))
    expect(before - resident()).toBeGreaterThan(0.7 * bytes)
  })

  test.runIf(process.platform === 'linux')('small runs give back what several at once took', async () => {
    await Promise.all([1, 2, 3, 4].map(() => model.run(large)))
    const before = resident()
    for (let i = 0; i < 200; i++) model.runSync(inputOf(4, 8))
    // At least two of them were under way at the same time.
    expect(before - resident()).toBeGreaterThan(1.7 * bytes)
  })

  test.runIf(process.platform === 'linux')('so does dispose()', async () => {
    const other = await compiled()
    other.runSync(large)
    const before = resident()
    other.dispose()
    expect(before - resident()).toBeGreaterThan(0.7 * bytes)
  })

  test.runIf(process.platform === 'linux')('and what it leaves to finish', async () => {
    const other = await compiled()
    const runs = [1, 2].map(() => other.run(large))
    other.dispose()
    const before = resident()
    await Promise.all(runs)
    model.runSync(inputOf(4, 8))
    expect(resident() - before).toBeLessThan(0.7 * bytes)
  })
})
