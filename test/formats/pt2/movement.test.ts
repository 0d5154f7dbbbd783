import { describe, it } from 'vitest'
import { f32, i64, t } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float, ramp, type } from './writer.ts'

// Expected numbers follow PyTorch's documentation of each function; most can be read off.

/** 0 … 23 as [2, 3, 4]. */
const cube = f32(ramp([2, 3, 4]), [2, 3, 4])
const at = (i: number, j: number, k: number): number => (i * 3 + j) * 4 + k
const grid = (
  a: readonly number[],
  b: readonly number[],
  c: readonly number[],
  f: (i: number, j: number, k: number) => number,
): number[] => a.flatMap((i) => b.flatMap((j) => c.map((k) => f(i, j, k))))
const [two, three, four] = [
  [0, 1],
  [0, 1, 2],
  [0, 1, 2, 3],
]
const all = grid(two!, three!, four!, at)

const view = (target: string, args: Case['args'], dims: readonly number[], values: readonly number[] = all): Case => ({
  target: `aten.${target}`,
  args: { self: cube, ...args },
  out: [out('float32', dims, values)],
})
const line = (
  target: string,
  values: readonly number[],
  args: Case['args'],
  expected: readonly number[],
  dims: readonly number[] = [expected.length],
): Case => ({
  target: `aten.${target}`,
  args: { self: f32(values), ...args },
  out: [out('float32', dims, expected)],
})

const shapes: Case[] = [
  view('view.default', { size: [6, -1] }, [6, 4]),
  view('reshape.default', { shape: [4, 6] }, [4, 6]),
  view('_unsafe_view.default', { size: [24] }, [24]),
  view('reshape_as.default', { other: f32(ramp([4, 6]), [4, 6]) }, [4, 6]),
  view('flatten.using_ints', { start_dim: 1 }, [2, 12]),
  view('flatten.using_ints', { end_dim: 1 }, [6, 4]),
  view('flatten.using_ints', {}, [24]),
  view('unflatten.int', { dim: -1, sizes: [2, -1] }, [2, 3, 2, 2]),
  view(
    'permute.default',
    { dims: [2, 0, 1] },
    [4, 2, 3],
    four!.flatMap((k) => two!.flatMap((i) => three!.map((j) => at(i, j, k)))),
  ),
  view(
    'transpose.int',
    { dim0: 0, dim1: -1 },
    [4, 3, 2],
    four!.flatMap((k) => three!.flatMap((j) => two!.map((i) => at(i, j, k)))),
  ),
  view(
    'mT.default',
    {},
    [2, 4, 3],
    two!.flatMap((i) => four!.flatMap((k) => three!.map((j) => at(i, j, k)))),
  ),
  view(
    'movedim.int',
    { source: [0], destination: [2] },
    [3, 4, 2],
    three!.flatMap((j) => four!.flatMap((k) => two!.map((i) => at(i, j, k)))),
  ),
  view('unsqueeze.default', { dim: -1 }, [2, 3, 4, 1]),
  view('contiguous.default', {}, [2, 3, 4]),
  view('select.int', { dim: 1, index: -1 }, [2, 4], grid(two!, [2], four!, at)),
  view('slice.Tensor', { dim: 2, start: 1, end: 2 ** 53 }, [2, 3, 3], grid(two!, three!, [1, 2, 3], at)),
  view('slice.Tensor', { dim: 1, start: -2, end: -1 }, [2, 1, 4], grid(two!, [1], four!, at)),
  view('slice.Tensor', { dim: 2, step: 2 }, [2, 3, 2], grid(two!, three!, [0, 2], at)),
  view('narrow.default', { dim: 2, start: 1, length: 2 }, [2, 3, 2], grid(two!, three!, [1, 2], at)),
]

describe('operators of ATen that move elements', { timeout: 120_000 }, () => {
  it('views', () =>
    expectCases([
      ...shapes,
      line('squeeze.dim', [1, 2], { self: f32([1, 2], [1, 2, 1]), dim: 0 }, [1, 2], [2, 1]),
      line('squeeze.dims', [1, 2], { self: f32([1, 2], [1, 2, 1]), dim: [0, 1] }, [1, 2], [2, 1]),
      line('squeeze.default', [1, 2], { self: f32([1, 2], [1, 2, 1]) }, [1, 2]),
      line('t.default', [], { self: f32([1, 2, 3, 4], [2, 2]) }, [1, 3, 2, 4], [2, 2]),
      line('expand.default', [1, 2], { size: [2, -1] }, [1, 2, 1, 2], [2, 2]),
      line('expand_as.default', [1, 2], { other: f32(ramp([2, 2]), [2, 2]) }, [1, 2, 1, 2], [2, 2]),
      {
        target: 'aten.split.Tensor',
        args: { self: f32(ramp([5])), split_size: 2 },
        isList: true,
        out: [out('float32', [2], [0, 1]), out('float32', [2], [2, 3]), out('float32', [1], [4])],
      },
      {
        target: 'aten.split_with_sizes.default',
        args: { self: f32(ramp([5])), split_sizes: [1, 4] },
        isList: true,
        out: [out('float32', [1], [0]), out('float32', [4], [1, 2, 3, 4])],
      },
      {
        target: 'aten.chunk.default',
        args: { self: f32(ramp([2, 2]), [2, 2]), chunks: 2, dim: 1 },
        isList: true,
        out: [out('float32', [2, 1], [0, 2]), out('float32', [2, 1], [1, 3])],
      },
      {
        target: 'aten.unbind.int',
        args: { self: f32(ramp([2, 2]), [2, 2]), dim: -1 },
        isList: true,
        out: [out('float32', [2], [0, 2]), out('float32', [2], [1, 3])],
      },
      {
        target: 'aten.to.dtype',
        args: { self: f32([1.9, -1.9]), dtype: type('int64') },
        out: [out('int64', [2], [1, -1])],
      },
      {
        target: 'aten._to_copy.default',
        args: { self: i64([2, 0]), dtype: type('bool') },
        out: [out('bool', [2], [true, false])],
      },
    ]))

  it('views of sizes that only the run knows', () =>
    expectCases(
      shapes
        .filter(({ target }) => !/view|reshape|unflatten|narrow/.test(target))
        .map((one) => ({ ...one, dynamic: true })),
    ))

  it('joins and repeats', () =>
    expectCases([
      { target: 'aten.cat.default', args: { tensors: [f32([1, 2]), f32([3])] }, out: [out('float32', [3], [1, 2, 3])] },
      {
        target: 'aten.cat.default',
        args: { tensors: [f32([1, 2], [2, 1]), f32([3, 4], [2, 1])], dim: -1 },
        out: [out('float32', [2, 2], [1, 3, 2, 4])],
      },
      {
        target: 'aten.stack.default',
        args: { tensors: [f32([1, 2]), f32([3, 4])], dim: 1 },
        out: [out('float32', [2, 2], [1, 3, 2, 4])],
      },
      line('repeat.default', [1, 2], { repeats: [2, 2] }, [1, 2, 1, 2, 1, 2, 1, 2], [2, 4]),
      line('repeat_interleave.self_int', [1, 2], { repeats: 2, dim: 0 }, [1, 1, 2, 2]),
      line('flip.default', [1, 2, 3], { dims: [0] }, [3, 2, 1]),
      line('roll.default', [1, 2, 3, 4], { shifts: [1], dims: [0] }, [4, 1, 2, 3]),
      line('roll.default', [1, 2, 3, 4], { shifts: [-5], dims: [0] }, [2, 3, 4, 1]),
      line(
        'roll.default',
        [1, 2, 3, 4],
        { self: f32([1, 2, 3, 4], [2, 2]), shifts: [1, 1], dims: [0, 1] },
        [4, 3, 2, 1],
        [2, 2],
      ),
      line('constant_pad_nd.default', [1, 2], { pad: [1, 2], value: float(7) }, [7, 1, 2, 7, 7]),
      // The last axis comes first.
      line('pad.default', [], { self: f32([1, 2], [1, 2]), pad: [0, 1, 1, 0] }, [0, 0, 0, 1, 2, 0], [2, 3]),
      line(
        'pad.default',
        [],
        { self: f32([1, 2, 3], [1, 3]), pad: [2, 1], mode: 'reflect' },
        [3, 2, 1, 2, 3, 2],
        [1, 6],
      ),
      line(
        'pad.default',
        [],
        { self: f32([1, 2, 3], [1, 3]), pad: [1, 1], mode: 'replicate' },
        [1, 1, 2, 3, 3],
        [1, 5],
      ),
      line('pad.default', [1, 2, 3], { pad: [-1, 0] }, [2, 3]),
      line('tril.default', [], { self: f32(ramp([3, 3], 1, 1), [3, 3]) }, [1, 0, 0, 4, 5, 0, 7, 8, 9], [3, 3]),
      line(
        'triu.default',
        [],
        { self: f32(ramp([3, 3], 1, 1), [3, 3]), diagonal: 1 },
        [0, 2, 3, 0, 0, 6, 0, 0, 0],
        [3, 3],
      ),
      line(
        'pixel_shuffle.default',
        [],
        { self: f32(ramp([1, 4, 1, 2]), [1, 4, 1, 2]), upscale_factor: 2 },
        [0, 2, 1, 3, 4, 6, 5, 7],
        [1, 1, 2, 4],
      ),
      line(
        'pixel_unshuffle.default',
        [],
        { self: f32([0, 2, 1, 3, 4, 6, 5, 7], [1, 1, 2, 4]), downscale_factor: 2 },
        ramp([1, 4, 1, 2]),
        [1, 4, 1, 2],
      ),
      {
        target: 'aten.einsum.default',
        args: { equation: 'ij,jk->ik', tensors: [f32([1, 2, 3, 4], [2, 2]), f32([1, 0, 1, 1], [2, 2])] },
        out: [out('float32', [2, 2], [3, 2, 7, 4])],
      },
      {
        target: 'aten.one_hot.default',
        args: { self: i64([1, 0]), num_classes: 3 },
        out: [out('int64', [2, 3], [0, 1, 0, 1, 0, 0])],
      },
    ]))

  it('makes', () =>
    expectCases([
      { target: 'aten.arange.default', args: { end: 4 }, out: [out('int64', [4], [0, 1, 2, 3])] },
      {
        target: 'aten.arange.start_step',
        args: { start: 1, end: float(2), step: float(0.25) },
        out: [out('float32', [4], [1, 1.25, 1.5, 1.75])],
      },
      {
        target: 'aten.full.default',
        args: { size: [2, 1], fill_value: float(0.5) },
        out: [out('float32', [2, 1], [0.5, 0.5])],
      },
      { target: 'aten.zeros.default', args: { size: [2] }, out: [out('int64', [2], [0, 0])] },
      { target: 'aten.ones.default', args: { size: [] }, out: [out('bool', [], [true])] },
      {
        target: 'aten.full_like.default',
        args: { self: f32([1, 2]), fill_value: 3 },
        out: [out('float32', [2], [3, 3])],
      },
      { target: 'aten.zeros_like.default', args: { self: i64([1, 2]) }, out: [out('int64', [2], [0, 0])] },
      { target: 'aten.new_zeros.default', args: { self: i64([1, 2]), size: [1] }, out: [out('int64', [1], [0])] },
      {
        target: 'aten.new_full.default',
        args: { self: f32([1]), size: [1], fill_value: 2 },
        out: [out('float32', [1], [2])],
      },
      { target: 'aten.scalar_tensor.default', args: { s: float(2.5) }, out: [out('float32', [], [2.5])] },
    ]))

  it('indexes', () => {
    const rows = f32(ramp([3, 4]), [3, 4])
    return expectCases([
      {
        target: 'aten.embedding.default',
        args: { weight: rows, indices: i64([2, 0]) },
        out: [out('float32', [2, 4], [8, 9, 10, 11, 0, 1, 2, 3])],
      },
      {
        target: 'aten.index_select.default',
        args: { self: rows, dim: 1, index: i64([3, 0]) },
        out: [out('float32', [3, 2], [3, 0, 7, 4, 11, 8])],
      },
      {
        target: 'aten.gather.default',
        args: { self: rows, dim: 1, index: i64([0, 3, 2], [3, 1]) },
        out: [out('float32', [3, 1], [0, 7, 10])],
      },
      {
        target: 'aten.index.Tensor',
        args: { self: rows, indices: [null, i64([-1, 0])] },
        out: [out('float32', [3, 2], [3, 0, 7, 4, 11, 8])],
      },
      {
        target: 'aten.index.Tensor',
        args: { self: rows, indices: [i64([0, 2]), i64([1, -1])] },
        out: [out('float32', [2], [1, 11])],
      },
      // Broadcast, neighbours behind an axis that stays: what they give stands in their place.
      {
        target: 'aten.index.Tensor',
        args: { self: cube, indices: [null, i64([0, 2], [2, 1]), i64([1, 3, 0])] },
        out: [out('float32', [2, 2, 3], grid(two!, [0, 2], [1, 3, 0], at))],
      },
      // Parted by a slice: in front.
      {
        target: 'aten.index.Tensor',
        args: { self: cube, indices: [i64([0, 1]), null, i64([3, 1])] },
        out: [out('float32', [2, 3], [3, 7, 11, 13, 17, 21])],
      },
      {
        target: 'aten.index.Tensor',
        args: { self: f32([5, 6, 7]), indices: [t('bool', [true, false, true])] },
        out: [out('float32', [2], [5, 7])],
      },
      {
        target: 'aten.index.Tensor',
        args: { self: f32([5, 6, 7, 8], [2, 2]), indices: [t('bool', [true, false, true, true], [2, 2])] },
        out: [out('float32', [3], [5, 7, 8])],
      },
      {
        target: 'aten.index_put.default',
        args: { self: f32([1, 2, 3]), indices: [i64([0, 2])], values: f32([9, 8]) },
        out: [out('float32', [3], [9, 2, 8])],
      },
      {
        target: 'aten.index_put.default',
        args: { self: f32([1, 2, 3]), indices: [i64([0, 0])], values: f32([5]), accumulate: true },
        out: [out('float32', [3], [11, 2, 3])],
      },
      {
        target: 'aten.index_put.default',
        args: { self: f32([1, 2, 3, 4], [2, 2]), indices: [t('bool', [true, false])], values: f32([0], []) },
        out: [out('float32', [2, 2], [0, 0, 3, 4])],
      },
      {
        target: 'aten.scatter.src',
        args: { self: f32([1, 2, 3]), dim: 0, index: i64([2, 0]), src: f32([8, 9]) },
        out: [out('float32', [3], [9, 2, 8])],
      },
      {
        target: 'aten.scatter.value',
        args: { self: f32([1, 2, 3]), dim: 0, index: i64([1]), value: 0 },
        out: [out('float32', [3], [1, 0, 3])],
      },
      {
        target: 'aten.scatter_add.default',
        args: { self: f32([1, 2, 3]), dim: 0, index: i64([1, 1]), src: f32([1, 1]) },
        out: [out('float32', [3], [1, 4, 3])],
      },
      {
        target: 'aten.nonzero.default',
        args: { self: t('bool', [true, false, true, true], [2, 2]) },
        out: [out('int64', [3, 2], [0, 0, 1, 0, 1, 1])],
      },
    ])
  })

  it('forms of arguments that are rare', () =>
    expectCases([
      { target: 'aten.tile.default', args: { self: f32([1, 2, 3, 4], [2, 2]), dims: [2] }, out: [out('float32', [2, 4], [1, 2, 1, 2, 3, 4, 3, 4])] }, // prettier-ignore
      { target: 'aten.narrow.default', args: { self: f32([1, 2, 3, 4]), dim: 0, start: -2, length: 2 }, out: [out('float32', [2], [3, 4])] }, // prettier-ignore
      { target: 'aten.roll.default', args: { self: f32([1, 2, 3]), shifts: [5], dims: [0] }, dynamic: true, out: [out('float32', [3], [2, 3, 1])] }, // prettier-ignore
      { target: 'aten.roll.default', args: { self: f32([1, 2, 3]), shifts: [-7], dims: [-1] }, dynamic: true, out: [out('float32', [3], [2, 3, 1])] }, // prettier-ignore
      { target: 'aten.any.dims', args: { self: f32([0, 2]), dim: [] }, out: [out('bool', [2], [false, true])] },
      // 0.3 / 0.1 is 3 in float64 and more in float32; (1.3 − 1) / 0.1 the other way round.
      { target: 'aten.arange.start_step', args: { start: float(0), end: float(0.3), step: float(0.1) }, out: [out('float32', [3], [0, 0.1, 0.2])] }, // prettier-ignore
      { target: 'aten.arange.start_step', args: { start: float(1), end: float(1.3), step: float(0.1) }, out: [out('float32', [4], [1, 1.1, 1.2, 1.3])] }, // prettier-ignore
    ]))
})
