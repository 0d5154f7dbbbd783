import { describe, expect, it } from 'vitest'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { type Case, close, f32, i64, runCase, runCases, t } from './harness.ts'
import { indices, positionOf, ramp } from './indices.ts'

const sum = (xs: number[]): number => xs.reduce((a, b) => a + b, 0)
const reductions: Record<string, (xs: number[]) => number> = {
  Sum: sum,
  Mean: (xs) => sum(xs) / xs.length,
  Prod: (xs) => xs.reduce((a, b) => a * b, 1),
  Max: (xs) => Math.max(...xs),
  Min: (xs) => Math.min(...xs),
  SumSquare: (xs) => sum(xs.map((x) => x * x)),
  L1: (xs) => sum(xs.map(Math.abs)),
  L2: (xs) => Math.sqrt(sum(xs.map((x) => x * x))),
  LogSum: (xs) => Math.log(sum(xs)),
  LogSumExp: (xs) => Math.log(sum(xs.map(Math.exp))),
}
const dims = [2, 3, 2, 2]

/** Values of a reduction over `axes`, from the definition. */
function expected(values: readonly number[], axes: readonly number[], reduce: (xs: number[]) => number): number[] {
  const kept = dims.map((dim, axis) => (axes.includes(axis) ? 1 : dim))
  const groups = indices(kept).map(() => [] as number[])
  for (const index of indices(dims)) {
    const group = index.map((i, axis) => (axes.includes(axis) ? 0 : i))
    groups[positionOf(group, kept)]!.push(values[positionOf(index, dims)]!)
  }
  return groups.map(reduce)
}

/** The same axes as constant, as data of the run, and over shapes that only the run knows. */
function ways(op: string, type: ElementType, values: readonly number[], axes: readonly number[]): Case[] {
  const inputs = [t(type, values, dims), i64(axes)]
  return [
    { op, inputs, constants: [1] },
    { op, inputs, constants: [1], dynamic: true, attributes: { keepdims: 0n } },
    { op, inputs },
    { op, inputs, attributes: { keepdims: 0n } },
  ]
}

describe.each(['float32', 'float64', 'float16', 'int32', 'uint8'] as const)('reductions of %s', (type) => {
  it.each([[[1, 2]], [[0, -1]]])('over axes %j', async (axes) => {
    const integral = !type.startsWith('float')
    const values = ramp(24).map((x) => (integral ? Math.abs(Math.trunc(x)) + 1 : x + 4.125))
    const names = Object.keys(reductions)
    const results = await runCases(names.flatMap((name) => ways(`Reduce${name}`, type, values, axes)))
    const positive = axes.map((axis) => (axis < 0 ? axis + 4 : axis))
    const wrong = names.flatMap((name, i) => {
      const real = expected(values, positive, reductions[name]!)
      const bits = { uint8: 256, int32: 2 ** 32 }[type as string]
      const wanted = real.map((x) => (!integral ? x : bits ? Math.trunc(x) % bits : Math.trunc(x)))
      // A product of integers beyond 2^53 has no exact number here, and one that wraps 32 bits a sign.
      if (integral && name === 'Prod' && real.some((x) => x > 2 ** 31)) return []
      if (type === 'float16' && real.some((x) => x > 65000)) return []
      const tolerance = { float64: 1e-12, float16: 2e-3 }[type as string] ?? 1e-5
      const given = results.slice(4 * i, 4 * i + 4).map(([result]) => result!)
      return given
        .filter((result) => result.type !== type || !close(result.values, wanted, integral ? 0 : tolerance))
        .map(() => name)
    })
    expect(wrong).toEqual([])
    const keptShape = dims.map((dim, axis) => (positive.includes(axis) ? 1 : dim))
    const shape = dims.filter((_, axis) => !positive.includes(axis))
    expect(results.slice(0, 4).map(([result]) => result!.dims)).toEqual([keptShape, shape, keptShape, shape])
  })
})

describe('axes that are not given', () => {
  const x = f32([1, -2, 3, 4], [2, 2])
  it('mean all, or with noop_with_empty_axes none, where squares and roots stay', async () => {
    const none = i64([])
    const noop = { noop_with_empty_axes: 1n }
    const results = await runCases([
      { op: 'ReduceSum', inputs: [x] },
      { op: 'ReduceSum', inputs: [x, none] },
      { op: 'ReduceSum', inputs: [x, none], attributes: noop },
      { op: 'ReduceSumSquare', inputs: [x, none], attributes: noop },
      { op: 'ReduceL1', inputs: [x, none], attributes: noop },
      { op: 'ReduceMax', inputs: [t('bool', [true, false])], attributes: { keepdims: 0n } },
    ])
    expect(results.map(([result]) => result!.values)).toEqual([
      [6],
      [6],
      [1, -2, 3, 4],
      [1, 4, 9, 16],
      [1, 2, 3, 4],
      [1],
    ])
    expect(results[0]![0]!.dims).toEqual([1, 1])
  })

  it('up to opset 12 are an attribute', async () => {
    const [result] = await runCase(
      { op: 'ReduceSum', inputs: [x], attributes: { axes: [0n], keepdims: 0n } },
      { opset: 11 },
    )
    expect(result!.values).toEqual([4, 2])
  })
})

// Columns are reduced and added up in blocks of 64, row by row; a single one by a loop of its own.
it.each([1, 63, 64, 65, 200])('%i columns of integers, bools and doubles', async (columns) => {
  const rows = 5
  const numbersOf = (type: ElementType): number[] =>
    Array.from({ length: rows * columns }, (_, i) => (type === 'bool' ? Number(i % 7 === 3) : (i * 37) % 101))
  const down = (numbers: readonly number[], join: (a: number, b: number) => number): number[] =>
    Array.from({ length: columns }, (_, c) => numbers.filter((_, i) => i % columns === c).reduce((a, b) => join(a, b)))
  const cases = (['int32', 'int64', 'uint8', 'float64', 'bool'] as const).flatMap((type) => {
    const inputs = [t(type, numbersOf(type), [rows, columns]), i64([0])]
    const add = type === 'bool' ? [] : [{ op: 'ReduceSum', join: (a: number, b: number) => a + b }]
    return [{ op: 'ReduceMax', join: Math.max }, { op: 'ReduceMin', join: Math.min }, ...add].map(({ op, join }) => ({
      one: { op, inputs, constants: [1] } satisfies Case,
      wanted: down(numbersOf(type), join).map((x) => (type === 'uint8' ? x % 256 : x)),
    }))
  })
  const results = await runCases(cases.map(({ one }) => one))
  expect(results.map(([result]) => result!.values.map(Number))).toEqual(cases.map(({ wanted }) => wanted))
})

it('reductions of nothing give the neutral element', async () => {
  const empty = (type: ElementType) => t(type, [], [2, 0])
  const results = await runCases(
    (['float32', 'float64', 'int32'] as const).flatMap((type) =>
      ['Sum', 'Prod', 'Max', 'Min'].map((name) => ({
        op: `Reduce${name}`,
        inputs: [empty(type), i64([1])],
        constants: [1],
        attributes: { keepdims: 0n },
      })),
    ),
  )
  const float = [
    [0, 0],
    [1, 1],
    [-Infinity, -Infinity],
    [Infinity, Infinity],
  ]
  const int32 = [
    [0, 0],
    [1, 1],
    [-(2 ** 31), -(2 ** 31)],
    [2 ** 31 - 1, 2 ** 31 - 1],
  ]
  expect(results.map(([result]) => result!.values)).toEqual([...float, ...float, ...int32])
})

it('large exponents do not overflow LogSumExp, and infinities stay', async () => {
  const xs = [1000, 1000, -Infinity, -Infinity]
  const cases = (['float32', 'float64'] as const).map((type): Case => ({
    op: 'ReduceLogSumExp',
    inputs: [t(type, xs, [2, 2]), i64([1])],
  }))
  for (const [result] of await runCases(cases)) expect(close(result!.values, [1000 + Math.LN2, -Infinity])).toBe(true)
})

describe('bad axes', () => {
  const x = f32([1, 2], [1, 2])
  it.each([
    ['in the model', { op: 'ReduceSum', inputs: [x, i64([2])], constants: [1] }, /axis 2 is out of range for rank 2/],
    ['in the data', { op: 'ReduceSum', inputs: [x, i64([-3])] }, /an axis is out of range/],
    [
      'twice in the data',
      { op: 'ReduceSum', inputs: [f32([1, 2, 3, 4], [2, 2]), i64([1, -1])], attributes: { keepdims: 0n } },
      /an axis is named twice/,
    ],
    ['of a text', { op: 'ReduceSum', inputs: [t('string', ['a'])] }, /should be of type .* but is string/],
  ] as [string, Case, RegExp][])('%s', async (_what, one, message) => {
    await expect(runCase(one)).rejects.toThrow(message)
  })
})

it('to a scalar, over axes that are known', async () => {
  const [whole, some, nothing] = await runCases([
    { op: 'ReduceMean', inputs: [f32([1, 2, 3, 6], [2, 2])], attributes: { keepdims: 0n } },
    {
      op: 'ReduceMean',
      inputs: [f32([1, 2, 3, 6], [2, 2]), i64([1, 0])],
      attributes: { keepdims: 0n },
      constants: [1],
    },
    { op: 'ReduceSum', inputs: [f32([], [0, 2])], attributes: { keepdims: 0n }, dynamic: true },
  ])
  expect([whole, some, nothing].map((result) => result![0])).toMatchObject([
    { dims: [], values: [3] },
    { dims: [], values: [3] },
    { dims: [], values: [0] },
  ])
})
