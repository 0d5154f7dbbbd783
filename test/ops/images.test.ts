import { describe, expect, it } from 'vitest'
import { type Case, close, f32, i64, type Result, runCase, runCases, t } from './harness.ts'

/** Results with shapes known, and the same with every dimension of the image unknown until the model runs. */
async function both(cases: readonly Case[]): Promise<Result[][]> {
  const constants = (one: Case): number[] => one.inputs.map((_, i) => i).slice(1)
  const known = await runCases(cases.map((one) => ({ ...one, constants: constants(one) })))
  expect(await runCases(cases.map((one) => ({ ...one, constants: constants(one), dynamic: true })))).toEqual(known)
  return known
}

const row = f32([1, 2, 3, 4], [1, 1, 1, 4])

function resize(
  to: { scales?: readonly number[]; sizes?: readonly number[] },
  attributes: Case['attributes'],
  x = row,
): Case {
  return {
    op: 'Resize',
    inputs: [x, undefined, to.scales && f32(to.scales), to.sizes && i64(to.sizes)],
    attributes: attributes!,
  }
}

describe('Resize', () => {
  it('agrees with the examples of the operator page, whether sizes are known or data', async () => {
    const square = f32([1, 2, 3, 4], [1, 1, 2, 2])
    const cases = [
      resize({ scales: [1, 1, 1, 0.6] }, { mode: 'linear' }, f32([1, 2, 3, 4], [1, 1, 1, 4])),
      resize({ scales: [1, 1, 2, 2] }, { mode: 'linear' }, square),
      resize({ scales: [1, 1, 2, 2] }, { mode: 'linear', coordinate_transformation_mode: 'align_corners' }, square),
      resize({ scales: [1, 1, 2, 3] }, { mode: 'nearest' }, square),
      resize(
        { sizes: [1, 1, 1, 3] },
        { mode: 'nearest', nearest_mode: 'ceil', coordinate_transformation_mode: 'asymmetric' },
      ),
    ]
    const expected = [
      [1 + 1 / 3, 3],
      [1, 1.25, 1.75, 2, 1.5, 1.75, 2.25, 2.5, 2.5, 2.75, 3.25, 3.5, 3, 3.25, 3.75, 4],
      [0, 1 / 3, 2 / 3, 1].flatMap((y) => [0, 1 / 3, 2 / 3, 1].map((x) => 1 + 2 * y + x)),
      [1, 1, 1, 2, 2, 2, 1, 1, 1, 2, 2, 2, 3, 3, 3, 4, 4, 4, 3, 3, 3, 4, 4, 4],
      [1, 3, 4],
    ]
    for (const results of [
      await runCases(cases),
      await runCases(cases.map((one) => ({ ...one, constants: [2, 3] }))),
    ]) {
      results.forEach(([y], i) => expect(close(y!.values, expected[i]!, 1e-5), `${i}: ${y!.values.join()}`).toBe(true))
    }
  })

  it('multiplies sizes with scales as float32, and takes the first element where one is left of pytorch_half_pixel', async () => {
    const x = f32([1, 2, 3], [3])
    const attributes = { mode: 'cubic', coordinate_transformation_mode: 'pytorch_half_pixel' }
    const [third, one] = await both([resize({ scales: [1 / 3] }, {}, x), resize({ sizes: [1] }, attributes, x)])
    expect(third![0]!.dims).toEqual([1])
    expect(one![0]!.values).toEqual([1])
  })

  it('keeps the mean when it shrinks with antialiasing, and passes straight lines of a cubic on', async () => {
    const [small, cubic] = await runCases([
      resize({ sizes: [1, 1, 1, 2] }, { mode: 'linear', antialias: 1n }),
      resize(
        { sizes: [1, 1, 1, 7] },
        { mode: 'cubic', coordinate_transformation_mode: 'align_corners', cubic_coeff_a: -0.5 },
      ),
    ])
    // Weights of a triangle of 2 pixels to either side of 0.5, those beyond the border at the border: 1, 3, 3, 1 of 8.
    expect(close(small![0]!.values, [(4 * 1 + 3 * 2 + 1 * 3) / 8, (1 * 2 + 3 * 3 + 4 * 4) / 8], 1e-5)).toBe(true)
    expect(small![0]!.values.map(Number).reduce((a, b) => a + b)).toBeCloseTo(5, 5)
    expect(close(cubic![0]!.values.slice(2, 5), [2, 2.5, 3], 1e-5)).toBe(true)
  })

  it('extrapolates beyond the image, and keeps the aspect ratio', async () => {
    const [outside, ratio] = await runCases([
      {
        op: 'Resize',
        inputs: [row, f32([0, 0, 0, 0, 1, 1, 1, 2]), undefined, i64([1, 1, 1, 3])],
        attributes: { mode: 'linear', coordinate_transformation_mode: 'tf_crop_and_resize', extrapolation_value: 9 },
      },
      resize(
        { sizes: [8, 4] },
        { mode: 'nearest', axes: [2n, 3n], keep_aspect_ratio_policy: 'not_larger' },
        f32([1, 2, 3, 4], [1, 1, 2, 2]),
      ),
    ])
    expect(outside![0]!.values).toEqual([1, 4, 9])
    expect(ratio![0]!.dims).toEqual([1, 1, 4, 4])
  })

  it('has integers and older versions, and refuses what makes no sense', async () => {
    const [bytes] = await runCases([
      resize({ scales: [1, 1, 1, 2] }, { mode: 'nearest' }, t('uint8', [7, 8], [1, 1, 1, 2])),
    ])
    expect(bytes![0]).toMatchObject({ type: 'uint8', values: [7, 7, 8, 8] })
    // Two thirds between 60 and 123 are 102, of which float32 computes a little less.
    const [between] = await runCases([
      resize({ scales: [1, 1, 1, 3] }, { mode: 'linear' }, t('uint8', [60, 123], [1, 1, 1, 2])),
    ])
    expect(between![0]).toMatchObject({ type: 'uint8', values: [60, 60, 81, 102, 123, 123] })
    const [old] = await runCase(
      { op: 'Upsample', inputs: [row, f32([1, 1, 1, 2])], attributes: { mode: 'nearest' } },
      { opset: 9 },
    )
    expect(old!.values).toEqual([1, 1, 2, 2, 3, 3, 4, 4])
    await expect(runCase(resize({ scales: [1, 1, 1, -2] }, {}))).rejects.toThrow(/a scale is not positive/)
    await expect(runCase(resize({ scales: [1, 2] }, {}))).rejects.toThrow(/input scales .* expected 4, given 2/)
    await expect(runCase(resize({}, {}))).rejects.toThrow(/either scales or sizes/)
  })
})

describe('reading between pixels', () => {
  const square = f32([1, 2, 3, 4], [1, 1, 2, 2])

  it('samples a grid, with every padding', async () => {
    const grid = (points: number[]): Case['inputs'] => [square, f32(points, [1, 1, points.length / 2, 2])]
    const results = await both([
      { op: 'GridSample', inputs: grid([0, 0, -1, -1]), attributes: { align_corners: 1n } },
      { op: 'GridSample', inputs: grid([-1, -1, 3, 0]), attributes: {} },
      { op: 'GridSample', inputs: grid([3, 3]), attributes: { padding_mode: 'border' } },
      {
        op: 'GridSample',
        inputs: grid([2, 0]),
        attributes: { padding_mode: 'reflection', mode: 'nearest', align_corners: 1n },
      },
      { op: 'GridSample', inputs: grid([NaN, 0]), attributes: {} },
    ])
    expect(results.map(([y]) => y!.values)).toEqual([[2.5, 1], [0.25, 0], [4], [1], [0]])
  })

  it('lays a cubic filter where the point is, beyond the border, too', async () => {
    // A step from 0 to 1 at the left border, read two pixels left of it: all four taps are at the border.
    const x = f32([1, 0, 0, 0], [1, 1, 1, 4])
    const at = (pixel: number): number => (2 * pixel) / 3 - 1
    const grid = f32([at(-2), 0, at(-0.5), 0], [1, 1, 2, 2])
    const attributes = { mode: 'bicubic', padding_mode: 'border', align_corners: 1n }
    const [[result]] = (await runCases([{ op: 'GridSample', inputs: [x, grid], attributes }], {
      opset: 16,
    })) as [Result[]]
    // Keys' weights at distances 1.5, 0.5, 0.5, 1.5 with a = -0.75; the first three taps are pixel 0.
    const [near, far] = [0.59375, -0.09375]
    expect(close(result!.values, [1, far + near + near])).toBe(true)
  })

  it('makes grids, and pools and aligns regions', async () => {
    const holed = f32([1, NaN, 3, 4], [1, 1, 2, 2])
    const [grid, aligned, pooled, withNaN] = await runCases([
      { op: 'AffineGrid', inputs: [f32([1, 0, 0.5, 0, 1, 0], [1, 2, 3]), i64([1, 1, 1, 2])], attributes: {} },
      {
        op: 'RoiAlign',
        inputs: [square, f32([0, 0, 2, 2], [1, 4]), i64([0])],
        attributes: { output_height: 1n, output_width: 1n, sampling_ratio: 2n },
      },
      { op: 'MaxRoiPool', inputs: [square, f32([0, 0, 0, 1, 1], [1, 5])], attributes: { pooled_shape: [1n, 2n] } },
      { op: 'MaxRoiPool', inputs: [holed, f32([0, 0, 0, 1, 1], [1, 5])], attributes: { pooled_shape: [1n, 2n] } },
    ])
    expect(grid![0]!.values).toEqual([0, 0, 1, 0])
    expect(aligned![0]!.values).toEqual([2.5])
    expect(pooled![0]!.values).toEqual([3, 4])
    expect(withNaN![0]!.values).toEqual([3, NaN])
    const outside: Case = { op: 'RoiAlign', inputs: [square, f32([0, 0, 1, 1], [1, 4]), i64([1])], attributes: {} }
    await expect(runCase(outside)).rejects.toThrow(/a batch index is out of range/)
  })

  it('moves the taps of a convolution', async () => {
    const weights = f32([1], [1, 1, 1, 1])
    const offset = f32([0.5, 0.5, 0.5, 0.5, 0, 0, 0, 0], [1, 2, 2, 2])
    const [moved] = await runCases([
      { op: 'DeformConv', inputs: [square, weights, offset, f32([10])], attributes: { kernel_shape: [1n, 1n] } },
    ])
    expect(moved![0]!.values).toEqual([12, 13, 11.5, 12])
    const wrong: Case = { op: 'DeformConv', inputs: [square, weights, f32([0, 0], [1, 2, 1, 1])], attributes: {} }
    await expect(runCase(wrong)).rejects.toThrow(/input (offset|mask) .* expected \d+, given \d+/)
  })
})

describe('windows', () => {
  it('transposes convolutions, with strides, groups and a wanted shape', async () => {
    const results = await both([
      { op: 'ConvTranspose', inputs: [f32([1, 2], [1, 1, 2]), f32([1, 10, 100], [1, 1, 3])], attributes: {} },
      {
        op: 'ConvTranspose',
        inputs: [f32([1, 2], [1, 1, 2]), f32([1, 10], [1, 1, 2]), f32([5])],
        attributes: { strides: [3n] },
      },
      { op: 'ConvTranspose', inputs: [f32([1, 2], [1, 2, 1]), f32([1, 10], [2, 1, 1])], attributes: { group: 2n } },
    ])
    expect(results.map(([y]) => y!.values)).toEqual([
      [1, 12, 120, 200],
      [6, 15, 5, 7, 25],
      [1, 20],
    ])
    const wanted: Case = {
      op: 'ConvTranspose',
      inputs: [f32([1, 2], [1, 1, 2]), f32([1, 10, 100], [1, 1, 3])],
      attributes: { output_shape: [2n] },
    }
    expect((await runCase(wanted))[0]!.values).toEqual([12, 120])
    await expect(runCase({ ...wanted, inputs: [f32([1], [1, 1, 1]), f32([1, 1], [2, 1, 1])] })).rejects.toThrow(
      /input W .* expected \d+, given \d+/,
    )
  })

  it('takes norms and maxima of more types, and puts maxima back', async () => {
    const [norm, bytes, doubles, back, larger] = await runCases([
      { op: 'LpPool', inputs: [f32([3, -4, 0, 5], [1, 1, 4])], attributes: { kernel_shape: [2n], strides: [2n] } },
      { op: 'MaxPool', inputs: [t('int8', [-5, -3, 7, 1], [1, 1, 4])], attributes: { kernel_shape: [2n] }, outputs: 2 },
      { op: 'MaxPool', inputs: [t('float64', [1, 1 + 2 ** -40], [1, 1, 2])], attributes: { kernel_shape: [2n] } },
      {
        op: 'MaxUnpool',
        inputs: [f32([5, 7], [1, 1, 2]), i64([1, 2], [1, 1, 2])],
        attributes: { kernel_shape: [2n], strides: [2n] },
      },
      {
        op: 'MaxUnpool',
        inputs: [f32([5], [1, 1, 1]), i64([1], [1, 1, 1]), i64([1, 1, 3])],
        attributes: { kernel_shape: [2n], strides: [2n] },
      },
    ])
    expect(close(norm![0]!.values, [5, 5])).toBe(true)
    expect(bytes!.map(({ values }) => values.map(Number))).toEqual([
      [-3, 7, 7],
      [1, 2, 2],
    ])
    expect(doubles![0]!.values).toEqual([1 + 2 ** -40])
    expect(back![0]!.values).toEqual([0, 5, 7, 0])
    expect(larger![0]!.values).toEqual([0, 5, 0])
    const outside: Case = {
      op: 'MaxUnpool',
      inputs: [f32([5], [1, 1, 1]), i64([2], [1, 1, 1])],
      attributes: { kernel_shape: [2n] },
    }
    await expect(runCase(outside)).rejects.toThrow(/an index is out of range/)
  })

  it('adds columns up to images, of sizes that are known or data', async () => {
    const columns: Case = { op: 'Col2Im', inputs: [f32([1, 2, 10, 20], [1, 2, 2]), i64([1, 3]), i64([1, 2])] }
    for (const one of [columns, { ...columns, constants: [1, 2] }])
      expect((await runCase(one))[0]).toMatchObject({ dims: [1, 1, 1, 3], values: [1, 12, 20] })
    await expect(runCase({ ...columns, inputs: [columns.inputs[0], i64([1, 9]), i64([1, 2])] })).rejects.toThrow(
      /not as many columns/,
    )
    await expect(runCase({ ...columns, inputs: [columns.inputs[0], i64([1, 3]), i64([0, 2])] })).rejects.toThrow(
      /no possible size/,
    )
  })
})
