import { describe, it } from 'vitest'
import { f32 } from '../../ops/harness.ts'
import { type Case, expectCases, out } from './cases.ts'
import { float, ramp, Raw } from './writer.ts'

// Expected numbers are computed here in plain JavaScript by the definitions in PyTorch's documentation of each function.

const floats = (values: readonly number[]): Raw => new Raw({ as_floats: values })
const line = (values: readonly number[]) => f32(values, [1, 1, 1, values.length])
const pool = (target: string, values: readonly number[], args: Case['args'], expected: readonly number[]): Case => ({
  target,
  args: { self: line(values), ...args },
  out: [out('float32', [1, 1, 1, expected.length], expected)],
})
const resize = (target: string, values: readonly number[], args: Case['args'], expected: readonly number[]): Case => ({
  target,
  args: { input: line(values), ...args },
  out: [out('float32', [1, 1, 1, expected.length], expected)],
})

/** Cubic convolution with a = -0.75, as torch has it, at positions (i + 0.5) · given / wanted - 0.5. */
function cubic(values: readonly number[], wanted: number): number[] {
  const at = (i: number): number => values[Math.min(values.length - 1, Math.max(0, i))]!
  const weight = (x: number): number => {
    const d = Math.abs(x)
    if (d <= 1) return 1.25 * d ** 3 - 2.25 * d ** 2 + 1
    return d < 2 ? -0.75 * (d ** 3 - 5 * d ** 2 + 8 * d - 4) : 0
  }
  return Array.from({ length: wanted }, (_, i) => {
    const position = ((i + 0.5) * values.length) / wanted - 0.5
    const base = Math.floor(position)
    return [-1, 0, 1, 2].reduce((sum, offset) => sum + at(base + offset) * weight(position - base - offset), 0)
  })
}

describe('windows and sizes of ATen', { timeout: 120_000 }, () => {
  it('pools', () =>
    expectCases([
      // The stride is the kernel; what is left over at the end is dropped, or not in ceil_mode.
      pool('aten.avg_pool2d.default', [1, 2, 3, 4, 5], { kernel_size: [1, 2] }, [1.5, 3.5]),
      pool(
        'aten.avg_pool2d.default',
        [1, 2, 3, 4, 5],
        { kernel_size: [1, 2], padding: [0, 1], divisor_override: 4 },
        [0.25, 1.25, 2.25],
      ),
      pool(
        'aten.avg_pool2d.default',
        [1, 2, 3, 4, 5],
        { kernel_size: [1, 2], stride: [], ceil_mode: true },
        [1.5, 3.5, 5],
      ),
      // Padding counts by default.
      pool('aten.avg_pool2d.default', [2, 4], { kernel_size: [1, 2], stride: [1, 1], padding: [0, 1] }, [1, 3, 2]),
      pool(
        'aten.avg_pool2d.default',
        [2, 4],
        { kernel_size: [1, 2], stride: [1, 1], padding: [0, 1], count_include_pad: false },
        [2, 3, 4],
      ),
      pool('aten.max_pool2d.default', [1, 5, 3, 4, 2], { kernel_size: [1, 2] }, [5, 4]),
      pool(
        'aten.max_pool2d.default',
        [-1, -5, -3],
        { kernel_size: [1, 3], stride: [1, 1], padding: [0, 1] },
        [-1, -1, -3],
      ),
      pool(
        'aten.max_pool2d.default',
        [1, 5, 3, 4, 2],
        { kernel_size: [1, 2], stride: [1, 1], dilation: [1, 2] },
        [3, 5, 3],
      ),
      {
        target: 'aten.max_pool2d_with_indices.default',
        args: { self: f32([1, 5, 3, 4, 8, 6, 7, 2], [1, 2, 2, 2]), kernel_size: [2, 2] },
        out: [out('float32', [1, 2, 1, 1], [5, 8]), out('int64', [1, 2, 1, 1], [1, 0])],
      },
      {
        target: 'aten.max_pool1d.default',
        args: { self: f32([1, 5, 3, 4], [1, 4]), kernel_size: [2] },
        out: [out('float32', [1, 2], [5, 4])],
      },
      {
        target: 'aten.avg_pool1d.default',
        args: { self: f32([1, 5, 3, 4], [1, 1, 4]), kernel_size: [2], stride: [1] },
        out: [out('float32', [1, 1, 3], [3, 4, 3.5])],
      },
      pool('aten.adaptive_avg_pool2d.default', [1, 2, 3, 4, 5, 6], { output_size: [1, 1] }, [3.5]),
      pool('aten.adaptive_avg_pool2d.default', [1, 2, 3, 4, 5, 6], { output_size: [1, 3] }, [1.5, 3.5, 5.5]),
      // Windows [0, 3) and [2, 5) where 2 does not divide 5.
      pool('aten._adaptive_avg_pool2d.default', [1, 2, 3, 4, 5], { output_size: [1, 2] }, [2, 4]),
      {
        target: 'aten.adaptive_avg_pool1d.default',
        args: { self: f32([1, 2, 3], [1, 1, 3]), output_size: [2] },
        out: [out('float32', [1, 1, 2], [1.5, 2.5])],
      },
      {
        target: 'aten.adaptive_avg_pool3d.default',
        args: { self: f32(ramp([1, 1, 2, 2, 2]), [1, 1, 2, 2, 2]), output_size: [1, 1, 1] },
        out: [out('float32', [1, 1, 1, 1, 1], [3.5])],
      },
      {
        target: 'aten.adaptive_max_pool2d.default',
        args: { self: line([1, 4, 3, 2]), output_size: [1, 2] },
        out: [out('float32', [1, 1, 1, 2], [4, 3]), out('int64', [1, 1, 1, 2], [1, 2])],
      },
    ]))

  it('resizes', () =>
    expectCases([
      resize('aten.upsample_nearest2d.vec', [1, 2, 3], { output_size: [1, 5], scale_factors: null }, [1, 1, 2, 2, 3]),
      resize('aten.upsample_nearest2d.vec', [1, 2], { output_size: null, scale_factors: floats([1, 2]) }, [1, 1, 2, 2]),
      resize(
        'aten.upsample_bilinear2d.vec',
        [1, 2],
        { output_size: [1, 4], align_corners: false, scale_factors: null },
        [1, 1.25, 1.75, 2],
      ),
      resize(
        'aten.upsample_bilinear2d.vec',
        [1, 2, 4],
        { output_size: [1, 5], align_corners: true, scale_factors: null },
        [1, 1.5, 2, 3, 4],
      ),
      resize(
        'aten.upsample_bilinear2d.vec',
        [1, 2, 4, 8],
        { output_size: null, align_corners: false, scale_factors: floats([1, 0.5]) },
        [1.5, 6],
      ),
      // Sizes are floor(3 · 1.5) = 4, positions by 1 / 1.5, not by 3 / 4.
      resize(
        'aten.upsample_bilinear2d.vec',
        [0, 3, 6],
        { output_size: null, align_corners: false, scale_factors: floats([1, 1.5]) },
        [0, 1.5, 3.5, 5.5],
      ),
      {
        target: 'aten.upsample_linear1d.vec',
        args: { input: f32([1, 2], [1, 1, 2]), output_size: [4], align_corners: false, scale_factors: null },
        out: [out('float32', [1, 1, 4], [1, 1.25, 1.75, 2])],
      },
      {
        target: 'aten.upsample_nearest2d.default',
        args: { self: line([1, 2]), output_size: [1, 4], scales_h: float(1), scales_w: float(2) },
        out: [out('float32', [1, 1, 1, 4], [1, 1, 2, 2])],
      },
      {
        ...resize(
          'aten.upsample_bicubic2d.vec',
          [1, 5, 2, 7],
          { output_size: [1, 6], align_corners: false, scale_factors: null },
          cubic([1, 5, 2, 7], 6),
        ),
        tolerance: 1e-4,
      },
    ]))
})
