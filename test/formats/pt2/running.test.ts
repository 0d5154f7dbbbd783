import { describe, it } from 'vitest'
import { f32, i64 } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float, ramp, type } from './writer.ts'

// Expected numbers are those of torch 2.13.

const self = f32([1, 3, 3, -2, 5, 2, NaN, 7, 1, -4], [2, 5])
const table = f32([1, 3, 2, -2, 2, 4, NaN, 9], [2, 4])
const row = f32([1, 3, 2, -2])
const whole = i64([2, -1, 3, 3, 0, 5])
const of = (target: string, args: Case['args'], dims: readonly number[], values: readonly number[]): Case => ({
  target: `aten.${target}`,
  args,
  out: [out('float32', dims, values)],
})

describe('operators of ATen along an axis', { timeout: 120_000 }, () => {
  it('up to each element', () =>
    expectCases([
      of('cumprod.default', { self, dim: 1 }, [2, 5], [1, 3, 9, -18, -90, 2, NaN, NaN, NaN, NaN]),
      of('cumprod.default', { self: f32([2, 3, 4, 5], [2, 2]), dim: 0 }, [2, 2], [2, 3, 8, 15]),
      of('cumprod.default', { self: f32([], [0]), dim: 0 }, [0], []),
      {
        target: 'aten.cumprod.default',
        args: { self: whole, dim: 0 },
        out: [out('int64', [6], [2, -2, -6, -18, 0, 0])],
      },
      {
        target: 'aten.cummax.default',
        args: { self, dim: 1 },
        out: [
          out('float32', [2, 5], [1, 3, 3, 3, 5, 2, NaN, NaN, NaN, NaN]),
          out('int64', [2, 5], [0, 1, 2, 2, 4, 0, 1, 1, 1, 1]),
        ],
      },
      {
        target: 'aten.cummin.default',
        args: { self, dim: -1 },
        out: [
          out('float32', [2, 5], [1, 1, 1, -2, -2, 2, NaN, NaN, NaN, NaN]),
          out('int64', [2, 5], [0, 0, 0, 3, 3, 0, 1, 1, 1, 1]),
        ],
      },
      {
        target: 'aten.cummax.default',
        args: { self: whole, dim: 0 },
        out: [out('int64', [6], [2, 2, 3, 3, 3, 5]), out('int64', [6], [0, 0, 2, 3, 3, 5])],
      },
      of('diff.default', { self: row }, [3], [2, -1, -4]),
      of('diff.default', { self: row, n: 2 }, [2], [-3, -3]),
      of('diff.default', { self: table, dim: 0 }, [1, 4], [1, 1, NaN, 11]),
      of('diff.default', { self: row, prepend: f32([0]), append: f32([1, 1]) }, [6], [1, 2, -1, -4, 3, 0]),
    ]))

  it('at a place of the order', () =>
    expectCases([
      of('median.default', { self: row }, [], [1]),
      of('median.default', { self: table }, [], [NaN]),
      { ...of('median.default', { self: table }, [], [NaN]), dynamic: true },
      {
        ...of('median.dim', { self: row, dim: 0 }, [], [1]),
        open: [0],
        out: [out('float32', [], [1]), out('int64', [], [0])],
      },
      {
        target: 'aten.median.dim',
        args: { self: table, dim: 1 },
        out: [out('float32', [2], [1, NaN]), out('int64', [2], [0, 2])],
      },
      {
        target: 'aten.median.dim',
        args: { self: i64([4, 1, 9], [3, 1]), dim: 0, keepdim: true },
        out: [out('int64', [1, 1], [4]), out('int64', [1, 1], [0])],
      },
      {
        target: 'aten.kthvalue.default',
        args: { self: row, k: 3 },
        out: [out('float32', [], [2]), out('int64', [], [2])],
      },
    ]))

  it('are made, parted and spread', () =>
    expectCases([
      of('linspace.default', { start: -1, end: float(1), steps: 6 }, [6], [-1, -0.6, -0.2, 0.2, 0.6, 1]),
      of('linspace.default', { start: 2, end: 5, steps: 1 }, [1], [2]),
      of('eye.default', { n: 2 }, [2, 2], [1, 0, 0, 1]),
      {
        target: 'aten.eye.m',
        args: { n: 2, m: 3, dtype: type('bool') },
        out: [out('bool', [2, 3], [1, 0, 0, 0, 1, 0])],
      },
      { target: 'aten.arange.default', args: { end: 3, dtype: type('uint8') }, out: [out('uint8', [3], [0, 1, 2])] },
      of('outer.default', { self: f32([1, 2]), vec2: f32([3, 4, 5]) }, [2, 3], [3, 4, 5, 6, 8, 10]),
      {
        target: 'aten.tensor_split.sections',
        args: { self: f32(ramp([5])), sections: 2 },
        isList: true,
        out: [out('float32', [3], [0, 1, 2]), out('float32', [2], [3, 4])],
      },
      {
        target: 'aten.meshgrid.indexing',
        args: { tensors: [f32([1, 2]), f32([3, 4, 5])], indexing: 'ij' },
        isList: true,
        out: [out('float32', [2, 3], [1, 1, 1, 2, 2, 2]), out('float32', [2, 3], [3, 4, 5, 3, 4, 5])],
      },
      {
        target: 'aten.meshgrid.indexing',
        args: { tensors: [f32([1, 2]), f32([3, 4, 5])], indexing: 'xy' },
        isList: true,
        out: [out('float32', [3, 2], [1, 2, 1, 2, 1, 2]), out('float32', [3, 2], [3, 3, 4, 4, 5, 5])],
      },
    ]))
})
