import { describe, it } from 'vitest'
import { f32, i64 } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float, ramp } from './writer.ts'

// Expected numbers follow PyTorch's documentation of each function; they are index arithmetic of 0, 1, 2, ….

const row = f32(ramp([2, 4]), [2, 4])
const of = (target: string, args: Case['args'], dims: readonly number[], values: readonly number[]): Case => ({
  target: `aten.${target}`,
  args: { self: row, ...args },
  out: [out('float32', dims, values)],
})
const slice = (args: Case['args'], dims: readonly number[], src: readonly number[], values: readonly number[]): Case =>
  of('slice_scatter.default', { src: f32(src, dims), ...args }, [2, 4], values)

const slices: Case[] = [
  slice({ dim: 1, start: 1, end: 3 }, [2, 2], [-1, -2, -3, -4], [0, -1, -2, 3, 4, -3, -4, 7]),
  slice({ dim: 1, start: -1, end: 2 ** 53 }, [2, 1], [-1, -2], [0, 1, 2, -1, 4, 5, 6, -2]),
  slice({ dim: 1, start: -9, end: -3 }, [2, 1], [-1, -2], [-1, 1, 2, 3, -2, 5, 6, 7]),
  slice({ dim: 1, start: 1, end: 9, step: 2 }, [2, 2], [-1, -2, -3, -4], [0, -1, 2, -2, 4, -3, 6, -4]),
  slice({ step: 2 }, [1, 4], [-1, -2, -3, -4], [-1, -2, -3, -4, 4, 5, 6, 7]),
  // Nothing is replaced: the end lies before the start.
  slice({ dim: 1, start: 3, end: 1 }, [2, 0], [], ramp([8])),
  slice({}, [2, 4], [8, 7, 6, 5, 4, 3, 2, 1], [8, 7, 6, 5, 4, 3, 2, 1]),
  of('select_scatter.default', { src: f32([-1, -2]), dim: 1, index: -1 }, [2, 4], [0, 1, 2, -1, 4, 5, 6, -2]),
  of('select_scatter.default', { src: f32([9, 8, 7, 6]), dim: 0, index: 0 }, [2, 4], [9, 8, 7, 6, 4, 5, 6, 7]),
]

describe('slices and windows of ATen', { timeout: 120_000 }, () => {
  it('slices that are written', () => expectCases(slices))

  it('slices that are written, of sizes that only the run knows', () =>
    expectCases(slices.map((one) => ({ ...one, dynamic: true }))))

  it('diagonals, windows of an axis, columns of a picture', () =>
    expectCases([
      of('diagonal.default', {}, [2], [0, 5]),
      of('diagonal.default', { offset: 1, dim1: -2, dim2: -1 }, [2], [1, 6]),
      of('diagonal.default', { offset: -1 }, [1], [4]),
      of('diagonal.default', { offset: 9 }, [0], []),
      // x[j, i, j] for each i.
      of('diagonal.default', { self: f32(ramp([2, 3, 2]), [2, 3, 2]), dim1: 0, dim2: 2 }, [3, 2], [0, 7, 2, 9, 4, 11]),
      of('unfold.default', { dimension: 1, size: 2, step: 2 }, [2, 2, 2], ramp([8])),
      of('unfold.default', { dimension: 0, size: 2, step: 1 }, [1, 4, 2], [0, 4, 1, 5, 2, 6, 3, 7]),
      of(
        'im2col.default',
        { self: f32(ramp([4]), [1, 1, 2, 2]), kernel_size: [2, 1], dilation: [1, 1], padding: [1, 0], stride: [2, 1] },
        [1, 2, 4],
        [0, 0, 2, 3, 0, 1, 0, 0],
      ),
      of(
        'im2col.default',
        { self: f32(ramp([8]), [1, 2, 1, 4]), kernel_size: [1, 2], dilation: [1, 2], padding: [0, 0], stride: [1, 1] },
        [1, 4, 2],
        [0, 1, 2, 3, 4, 5, 6, 7],
      ),
    ]))

  it('points of a picture', () => {
    const input = f32([0, 1, 2, 3], [1, 1, 2, 2])
    const sample = (grid: readonly number[], args: Case['args'], values: readonly number[]): Case => ({
      target: 'aten.grid_sampler.default',
      args: { input, grid: f32(grid, [1, 1, grid.length / 2, 2]), ...args },
      out: [out('float32', [1, 1, 1, values.length], values)],
    })
    const plain = { interpolation_mode: 0, padding_mode: 0, align_corners: true }
    return expectCases([
      // The corners are -1 and 1; beyond them are zeros, the border, or the picture again.
      sample([-1, -1, 0, 0, 1, -1, 2, 1], plain, [0, 1.5, 1, 1.5]),
      sample([2, 1], { ...plain, padding_mode: 1 }, [3]),
      sample([2, 1], { ...plain, padding_mode: 2 }, [2.5]),
      sample([0.4, -0.4], { ...plain, interpolation_mode: 1 }, [1]),
      // The corners are the outer edges of the corner pixels.
      sample([-1, -1, -0.5, 0.5], { ...plain, align_corners: false }, [0, 2]),
      // Between the four, each of the two nearest on an axis weighs 0.59375.
      {
        ...sample([0, 0], { ...plain, interpolation_mode: 2 }, [6 * 0.59375 ** 2]),
        target: 'aten.grid_sampler_2d.default',
      },
    ])
  })

  it('indices that are written, of any axes', () => {
    const cube = f32(ramp([2, 2, 3]), [2, 2, 3])
    const put = (indices: readonly (ReturnType<typeof i64> | null)[], more: Case['args'], values: number[]): Case => ({
      target: 'aten.index_put.default',
      args: { self: cube, indices, ...more },
      out: [out('float32', [2, 2, 3], values)],
    })
    return expectCases([
      put([null, null, i64([2, 0])], { values: f32([-1, -2]) }, [-2, 1, -1, -2, 4, -1, -2, 7, -1, -2, 10, -1]),
      put([null, i64([1]), i64([0])], { values: f32([-1, -2], [2, 1]) }, [0, 1, 2, -1, 4, 5, 6, 7, 8, -2, 10, 11]),
      // What stands between parts them: the indexed axis is the first of the values.
      put(
        [i64([0, 1]), null, i64([0, 2])],
        { values: f32([-1, -2, -3, -4], [2, 2]) },
        [-1, 1, 2, -2, 4, 5, 6, 7, -3, 9, 10, -4],
      ),
      put(
        [null, null, i64([1, 1])],
        { values: f32([10]), accumulate: true },
        [0, 21, 2, 3, 24, 5, 6, 27, 8, 9, 30, 11],
      ),
    ])
  })

  it('what has sizes that only the run knows', () => {
    const q = f32([1, 2, 3, 4, 5, 6], [1, 3, 2])
    const v = f32([1, 1, 2, 2, 3, 3], [1, 3, 2])
    const attended = [0, 1, 2].flatMap((i) => {
      const [a, b] = [2 * i + 1, 2 * i + 2]
      const weights = [0, 1, 2].slice(0, i + 1).map((j) => Math.exp((a * (2 * j + 1) + b * (2 * j + 2)) / 9))
      const sum = weights.reduce((x, y) => x + y)
      const y = weights.reduce((x, weight, j) => x + (weight / sum) * (j + 1), 0)
      return [y, y]
    })
    const plane = f32([1, 5, 2, 0, 3, 9, 4, 4], [1, 2, 2, 2])
    return expectCases([
      {
        target: 'aten.scaled_dot_product_attention.default',
        args: { query: q, key: q, value: v, is_causal: true, scale: float(1 / 9) },
        out: [out('float32', [1, 3, 2], attended)],
        open: [1],
      },
      {
        target: 'aten.max_pool2d_with_indices.default',
        args: { self: plane, kernel_size: [2, 2] },
        out: [out('float32', [1, 2, 1, 1], [5, 9]), out('int64', [1, 2, 1, 1], [1, 1])],
        dynamic: true,
      },
    ])
  })

  it('affine maps, and columns that are added', () =>
    // Numbers of torch 2.13.
    expectCases([
      ...[
        { align_corners: true, y: [-3, 1], x: [-0.5, 0.5, 1.5] },
        { align_corners: false, y: [-2, 0], x: [-1 / 6, 0.5, 7 / 6] },
      ].map(({ align_corners, x, y }) => ({
        target: 'aten.affine_grid_generator.default',
        args: { theta: f32([1, 0, 0.5, 0, 2, -1], [1, 2, 3]), size: [1, 1, 2, 3], align_corners },
        out: [
          out(
            'float32',
            [1, 2, 3, 2],
            y.flatMap((row) => x.flatMap((column) => [column, row])),
          ),
        ],
      })),
      {
        target: 'aten.col2im.default',
        args: {
          self: f32([1, 2, 3, 4, 5, 6, 7, 8], [1, 4, 2]),
          output_size: [2, 3],
          kernel_size: [2, 2],
          dilation: [1, 1],
          padding: [0, 0],
          stride: [1, 1],
        },
        out: [out('float32', [1, 1, 2, 3], [1, 5, 4, 5, 13, 8])],
      },
    ]))
})
