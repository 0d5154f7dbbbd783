import { describe, it } from 'vitest'
import { f32, i64, t } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float } from './writer.ts'

// Expected numbers are computed here in plain JavaScript by the definitions in PyTorch's documentation of each function.

const rows = [
  [3, -1, 2, 2],
  [0.5, 4, -2, 1],
]
const self = f32(rows.flat(), [2, 4])
const sum = (x: readonly number[]): number => x.reduce((a, b) => a + b, 0)
const mean = (x: readonly number[]): number => sum(x) / x.length
const variance = (x: readonly number[], correction: number): number =>
  sum(x.map((value) => (value - mean(x)) ** 2)) / (x.length - correction)
const of = (
  target: string,
  args: Case['args'],
  dims: readonly number[],
  values: readonly number[],
  more: Partial<Case> = {},
): Case => ({
  target: `aten.${target}`,
  args: { self, ...args },
  out: [out('float32', dims, values)],
  ...more,
})
const bools = t('bool', [true, false, false, false], [2, 2])

const cases: Case[] = [
  of('sum.default', {}, [], [sum(rows.flat())]),
  of('sum.dim_IntList', { dim: [-1] }, [2], rows.map(sum)),
  of('sum.dim_IntList', { dim: [], keepdim: true }, [1, 1], [sum(rows.flat())]),
  of('mean.default', {}, [], [mean(rows.flat())]),
  of('mean.dim', { dim: [1], keepdim: true }, [2, 1], rows.map(mean)),
  of(
    'prod.dim_int',
    { dim: 1 },
    [2],
    rows.map((row) => row.reduce((a, b) => a * b, 1)),
  ),
  of('amax.default', { dim: [1] }, [2], [3, 4]),
  of('amin.default', {}, [], [-2]),
  of('max.default', {}, [], [4]),
  of(
    'var.correction',
    { dim: [1], correction: 1 },
    [2],
    rows.map((row) => variance(row, 1)),
  ),
  of(
    'var.correction',
    { dim: [1], correction: float(0), keepdim: true },
    [2, 1],
    rows.map((row) => variance(row, 0)),
  ),
  of('var.default', { unbiased: false }, [], [variance(rows.flat(), 0)]),
  of(
    'std.correction',
    { dim: [1] },
    [2],
    rows.map((row) => Math.sqrt(variance(row, 1))),
  ),
  of(
    'linalg_vector_norm.default',
    { dim: [1] },
    [2],
    rows.map((row) => Math.hypot(...row)),
  ),
  of('linalg_vector_norm.default', { ord: float(1) }, [], [sum(rows.flat().map(Math.abs))]),
  of('linalg_vector_norm.default', { ord: float(Infinity), dim: [1] }, [2], [3, 4]),
  of(
    'linalg_vector_norm.default',
    { ord: 3, dim: [1] },
    [2],
    rows.map((row) => Math.cbrt(sum(row.map((x) => Math.abs(x) ** 3)))),
  ),
  of(
    'logsumexp.default',
    { dim: [1] },
    [2],
    rows.map((row) => Math.log(sum(row.map(Math.exp)))),
  ),
  of(
    'cumsum.default',
    { dim: 1 },
    [2, 4],
    rows.flatMap((row) => row.map((_, i) => sum(row.slice(0, i + 1)))),
  ),
]

describe('reductions of ATen', { timeout: 120_000 }, () => {
  it('of floats', () => expectCases(cases))

  it('over sizes that only the run knows', () => expectCases(cases.map((one) => ({ ...one, dynamic: true }))))

  it('of integers and bools, and places', () =>
    expectCases([
      { target: 'aten.sum.default', args: { self: bools }, out: [out('int64', [], [1])] },
      { target: 'aten.mean.default', args: { self: i64([1, 2]) }, out: [out('float32', [], [1.5])] },
      { target: 'aten.any.default', args: { self: bools }, out: [out('bool', [], [true])] },
      { target: 'aten.any.dim', args: { self: bools, dim: 1 }, out: [out('bool', [2], [true, false])] },
      { target: 'aten.all.dim', args: { self: bools, dim: 1 }, out: [out('bool', [2], [false, false])] },
      { target: 'aten.amax.default', args: { self: bools, dim: [1] }, out: [out('bool', [2], [true, false])] },
      { target: 'aten.max.dim', args: { self, dim: 1 }, out: [out('float32', [2], [3, 4]), out('int64', [2], [0, 1])] },
      {
        target: 'aten.min.dim',
        args: { self, dim: 0, keepdim: true },
        out: [out('float32', [1, 4], [0.5, -1, -2, 1]), out('int64', [1, 4], [1, 0, 1, 1])],
      },
      { target: 'aten.argmax.default', args: { self }, out: [out('int64', [], [5])] },
      { target: 'aten.argmin.default', args: { self, dim: 1, keepdim: true }, out: [out('int64', [2, 1], [1, 2])] },
      {
        target: 'aten.topk.default',
        args: { self, k: 2 },
        out: [out('float32', [2, 2], [3, 2, 4, 1]), out('int64', [2, 2], [0, 2, 1, 3])],
      },
      {
        target: 'aten.sort.default',
        args: { self, dim: 1 },
        out: [out('float32', [2, 4], [-1, 2, 2, 3, -2, 0.5, 1, 4]), out('int64', [2, 4], [1, 2, 3, 0, 2, 0, 3, 1])],
      },
      {
        target: 'aten.argsort.default',
        args: { self: f32([3, 1, 2]), descending: true },
        out: [out('int64', [3], [0, 2, 1])],
      },
    ]))
})
