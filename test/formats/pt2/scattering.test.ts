import { describe, it } from 'vitest'
import { f32, i64, t } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float } from './writer.ts'

// Expected numbers are those of torch 2.13.

const self = f32([1, 2, 3, 4, 5, 6, 7, 8], [2, 4])
const index = i64([0, 0, 2, 3, 3, 3], [2, 3])
const src = f32([10, -1, 2, 0.5, 20, 6], [2, 3])

/** Columns 0 and 2 of the first row are written, and column 3 of the second. */
const reduced = (reduce: string, include_self: boolean, [a, b, c]: readonly [number, number, number]): Case => ({
  target: 'aten.scatter_reduce.two',
  args: { self, dim: 1, index, src, reduce, include_self },
  out: [out('float32', [2, 4], [a, 2, b, 4, 5, 6, 7, c])],
})
const list = i64([0, 2, 2])
const indexed = (target: string, args: Case['args'], values: readonly number[]): Case => ({
  target: `aten.${target}`,
  args: { self, ...args },
  out: [out('float32', [2, 4], values)],
})

const cases: Case[] = [
  reduced('sum', true, [10, 5, 34.5]),
  reduced('sum', false, [9, 2, 26.5]),
  reduced('prod', true, [-10, 6, 480]),
  reduced('prod', false, [-10, 2, 60]),
  reduced('mean', true, [10 / 3, 2.5, 8.625]),
  reduced('mean', false, [4.5, 2, 26.5 / 3]),
  reduced('amax', true, [10, 3, 20]),
  reduced('amax', false, [10, 2, 20]),
  reduced('amin', true, [-1, 2, 0.5]),
  reduced('amin', false, [-1, 2, 0.5]),
  {
    target: 'aten.scatter_reduce.two',
    args: { self: i64([9, 9, 9]), dim: 0, index: i64([1, 1]), src: i64([-3, 4]), reduce: 'amax', include_self: false },
    out: [out('int64', [3], [9, 4, 9])],
  },
  indexed('index_add.default', { dim: 1, index: list, source: src, alpha: float(2) }, [21, 2, 5, 4, 6, 6, 59, 8]),
  indexed(
    'index_add.default',
    { dim: -2, index: i64([1]), source: f32([1, 1, 1, 1], [1, 4]) },
    [1, 2, 3, 4, 6, 7, 8, 9],
  ),
  indexed('index_copy.default', { dim: 1, index: i64([3, 0, 1]), source: src }, [-1, 2, 3, 10, 20, 6, 7, 0.5]),
  indexed('index_fill.int_Scalar', { dim: 1, index: list, value: float(-1) }, [-1, 2, -1, 4, -1, 6, -1, 8]),
  indexed(
    'index_fill.int_Tensor',
    { dim: 0, index: t('int64', [1n], []), value: f32([9], []) },
    [1, 2, 3, 4, 9, 9, 9, 9],
  ),
  indexed('index_fill.int_Scalar', { dim: 0, index: i64([]), value: 3 }, [1, 2, 3, 4, 5, 6, 7, 8]),
]

const weight = f32([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], [4, 3])
/** Rows 0 and 3, none, rows 1, 2 and 2, none. */
const bag = (
  mode: number,
  values: readonly number[],
  more: Case['args'] = {},
  target = 'embedding_bag.default',
): Case => ({
  target: `aten.${target}`,
  args: { weight, indices: i64([0, 3, 1, 2, 2]), offsets: i64([0, 2, 2, 5]), mode, ...more },
  out: [out('float32', [values.length / 3, 3], values)],
})
const none = [0, 0, 0]
const bags: Case[] = [
  bag(0, [9, 11, 13, ...none, 15, 18, 21, ...none]),
  bag(1, [4.5, 5.5, 6.5, ...none, 5, 6, 7, ...none], { padding_idx: -1 }, '_embedding_bag.default'),
  bag(2, [9, 10, 11, ...none, 6, 7, 8, ...none]),
  bag(0, [18, 21, 24, ...none, 63, 75, 87], {
    per_sample_weights: f32([1, 2, 3, 4, 5]),
    include_last_offset: true,
  }),
]

describe('operators of ATen that put elements', { timeout: 120_000 }, () => {
  it('where indices say', () => expectCases(cases))

  it('of sizes that only the run knows', () =>
    expectCases(cases.filter(({ args }) => args['index'] !== undefined).map((one) => ({ ...one, open: [0] }))))

  it('in bags', () => expectCases([...bags, ...bags.map((one) => ({ ...one, open: [0] }))]))
})
