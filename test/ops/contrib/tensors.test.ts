import { describe, expect, test } from 'vitest'
import { close, compileCases, f32, i64, importCase, runCases, t } from '../harness.ts'
import { type Compared, describeAgainst, i32, noise } from './against.ts'

const domain = 'com.microsoft'
const of = (op: string, label: string, inputs: Compared['inputs'], more: Partial<Compared> = {}): Compared => ({
  label,
  op,
  domain,
  inputs,
  ...more,
})
const float = (value: number) => ({ kind: 'float', value }) as const

const image = noise([1, 2, 4, 5], 1)
const grid = noise([1, 3, 4, 2], 2, { scale: 1.3 })
const grids = ['bilinear', 'nearest', 'bicubic'].flatMap((mode) =>
  ['zeros', 'border', 'reflection'].map((padding_mode, i) =>
    of('GridSample', `${mode}, ${padding_mode}`, [image, grid], {
      attributes: { mode, padding_mode, align_corners: BigInt(i % 2) },
      tolerance: 1e-4,
    }),
  ),
)
describeAgainst('GridSample', grids)

describeAgainst('what ONNX took over', [
  of('Trilu', 'the lower part', [noise([2, 3, 4])], { attributes: { upper: 0n } }),
  of('Trilu', 'above the diagonal', [noise([2, 3, 4]), i64([1], [])], { constants: [1] }),
  of('ExpandDims', 'in front', [noise([2, 3]), i32([0], [])], { constants: [1] }),
  of('ExpandDims', 'at the end', [noise([2, 3]), i32([-1], [])], { constants: [1] }),
  of('GatherND', 'rows', [noise([3, 4]), i64([2, 0, 1], [3, 1])], { onlyStatic: true }),
  of('GatherND', 'elements', [noise([3, 4]), i32([2, 0, 1, 3], [2, 2])], { onlyStatic: true }),
  of('Range', 'of integers', [i32([1], []), i32([9], []), i32([3], [])]),
  of('Range', 'by one', [f32([0.5], []), f32([3], [])]),
  of('Pad', 'a list', [noise([2, 3]), i64([1, 0, 0, 2]), f32([7], [])], { constants: [1] }),
  of('Pad', 'a list of one row', [noise([2, 3]), i64([1, 0, 0, 2], [1, 4])], { constants: [1] }),
  of('Pad', 'reflected', [noise([2, 3]), i64([1, 0, 0, 2])], { constants: [1], attributes: { mode: 'reflect' } }),
  of('Unique', 'numbers', [f32([2, 1, 2, 3, 1, 2])], { outputs: 3 }),
])

describeAgainst('mathematics', [
  of('Inverse', 'one matrix', [noise([4, 4], 3)], { tolerance: 1e-4 }),
  of('Inverse', 'a stack', [noise([2, 3, 3], 4)], { tolerance: 1e-4 }),
  of('Inverse', 'doubles', [noise([5, 5], 5, { type: 'float64' })], { tolerance: 1e-9 }),
  of('Inverse', 'that must swap rows', [f32([0, 2, 4, 0], [2, 2])]),
  of('CDist', 'Euclidean', [noise([3, 4]), noise([5, 4], 2)], { attributes: { metric: 'euclidean' } }),
  of('CDist', 'squares', [noise([3, 4]), noise([5, 4], 2)], { attributes: { metric: 'sqeuclidean' } }),
  of('CDist', 'doubles', [noise([3, 4], 1, { type: 'float64' }), noise([5, 4], 2, { type: 'float64' })], {
    attributes: { metric: 'euclidean' },
  }),
  of('UnfoldTensor', 'overlapping', [noise([2, 7])], { attributes: { dim: -1n, size: 3n, step: 2n } }),
  of('UnfoldTensor', 'along the first axis', [noise([7, 2])], { attributes: { dim: 0n, size: 2n, step: 3n } }),
])

const bytes = (dims: readonly number[]) =>
  t(
    'uint8',
    Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => (i * 37) % 251),
    dims,
  )
describeAgainst('NhwcMaxPool', [
  of('NhwcMaxPool', 'bytes', [bytes([1, 5, 6, 3])], { attributes: { kernel_shape: [2n, 2n], strides: [2n, 2n] } }),
  of('NhwcMaxPool', 'padded', [bytes([2, 5, 6, 3])], {
    attributes: { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n] },
  }),
])

const photo = noise([2, 2, 5, 6], 3)
const boxes = f32([0, 0, 1, 1, 0.1, 0.2, 0.7, 0.9, 0.5, 0.5, 1.4, 1.2, 0.8, 0.1, 0.2, 0.6], [4, 4])
const cropped = (label: string, size: readonly number[], more: Partial<Compared> = {}) =>
  of('CropAndResize', label, [photo, boxes, i32([0, 1, 0, 1]), i32(size)], more)
describeAgainst('CropAndResize', [
  cropped('bilinear', [3, 4]),
  cropped('a constant size', [4, 3], { constants: [3] }),
  cropped('one pixel', [1, 1]),
  cropped('nearest', [4, 5], { attributes: { mode: 'nearest', extrapolation_value: float(7) } }),
])

const plain = (op: string, attributes: Compared['attributes']): Compared => ({
  label: 'float32',
  op,
  inputs: [noise([1, 3, 2, 2], 7, { scale: 3 })],
  attributes: attributes!,
  opset: 9,
})
describeAgainst('what ONNX retired', [
  plain('ImageScaler', { scale: float(0.5), bias: [0.25, -0.5, 1] }),
  plain('Affine', { alpha: float(2), beta: float(0.5) }),
  plain('ScaledTanh', { alpha: float(1.7), beta: float(0.6) }),
  plain('ParametricSoftplus', { alpha: float(1.5), beta: float(0.75) }),
])

describe('operators of tensors', () => {
  test('BiasSoftmax, NhwcConv and TorchEmbedding, which onnxruntime has for GPUs only', async () => {
    const [softmax, convolved, rows] = await runCases([
      of('BiasSoftmax', '', [f32([0, 0, 0, 0], [2, 2]), f32([0, Math.log(3)])], { attributes: { axis: 1n } }),
      of('NhwcConv', '', [f32([1, 10, 2, 20], [1, 1, 2, 2]), f32([1, 2, 3, 4], [2, 1, 1, 2])], { constants: [1] }),
      of('TorchEmbedding', '', [f32([1, 2, 3, 4], [2, 2]), i64([1, 0, 1])]),
    ])
    expect(close(softmax![0]!.values, [0.25, 0.75, 0.25, 0.75])).toBe(true)
    expect(convolved![0]!.values).toEqual([21, 43, 42, 86])
    expect(rows![0]!.values).toEqual([3, 4, 1, 2, 3, 4])
  })

  test('a window that is too large for a size of the run, and rows before the first', async () => {
    const run = await compileCases([
      { ...of('UnfoldTensor', '', [noise([2, 7])], { attributes: { dim: 1n, size: 5n, step: 10n } }), dynamic: true },
      { ...of('TorchEmbedding', '', [noise([4, 3]), i64([0, 3])]), dynamic: true },
    ])
    expect(run().map(([one]) => one!.dims)).toEqual([
      [2, 1, 5],
      [2, 3],
    ])
    for (const size of [4, 1, 0])
      expect(() => run(new Map([[0, [noise([2, size])]]]))).toThrow(/UnfoldTensor.*a window needs at least/)
    for (const row of [-1n, 4n, -(2n ** 63n)])
      expect(() => run(new Map([[1, [noise([4, 3]), i64([0, row])]]]))).toThrow(/an index is out of range/)
  })

  test.each([
    [
      'a mode that is none',
      of('GridSample', '', [image, grid], { attributes: { mode: 'cubic' } }),
      'bilinear, nearest, bicubic',
    ],
    ['a matrix that is not square', of('Inverse', '', [noise([2, 3])]), 'input X'],
    ['rows of other lengths', of('CDist', '', [noise([2, 3]), noise([2, 4])]), 'input B'],
    [
      'a window that is too large',
      of('UnfoldTensor', '', [noise([2])], { attributes: { dim: 0n, size: 3n, step: 1n } }),
      'no window of 3',
    ],
    ['pads of another rank', of('Pad', '', [noise([2, 3]), i64([1, 1])]), 'two for each axis'],
    ['biases of other channels', plain('ImageScaler', { bias: [1] }), 'the biases need'],
  ])('refuse %s', (_what, one, message) => {
    expect(() => importCase(one)).toThrow(message)
  })
})
