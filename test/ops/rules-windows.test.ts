import { type Contract, describeContracts } from './contracts.ts'
import { f32, i64, t } from './harness.ts'

const LOWEST = -(2n ** 63n)
const HUGE = 2n ** 62n

/** A tensor of ones. */
const ones = (...dims: number[]): ReturnType<typeof f32> =>
  f32(Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1), dims)
const bytes = (type: 'int8' | 'uint8', ...dims: number[]): ReturnType<typeof f32> =>
  t(type, Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1), dims)

const convolutions: Contract[] = [
  {
    op: 'Conv',
    inputs: [ones(1, 2, 3, 3), ones(4, 1, 2, 2), ones(4)],
    attributes: { group: 2n, kernel_shape: [2n, 2n] },
    free: { 0: [0, 2, 3] },
    dynamic: true,
    never: ['uint8', 'float64', 'int32'],
  },
  {
    op: 'Conv',
    inputs: [ones(1, 2, 4), ones(3, 2, 2)],
    attributes: { kernel_shape: [2n] },
    free: { 0: [0, 2], 1: [0] },
    dynamic: true,
    never: ['int64', 'float16'],
  },
  {
    op: 'Conv',
    inputs: [ones(1, 2, 2, 2, 2), ones(2, 2, 1, 1, 2), ones(2)],
    attributes: { kernel_shape: [1n, 1n, 2n] },
    free: { 0: [0, 2, 3, 4] },
    dynamic: true,
    never: ['bool'],
  },
  {
    op: 'ConvTranspose',
    inputs: [ones(1, 2, 2, 2), ones(2, 3, 2, 2), ones(3)],
    attributes: { kernel_shape: [2n, 2n] },
    free: { 0: [0, 2, 3] },
    dynamic: true,
    never: ['uint8', 'float64', 'int32'],
  },
  {
    op: 'ConvInteger',
    inputs: [bytes('uint8', 1, 2, 3), bytes('int8', 2, 2, 2), bytes('uint8', 1), bytes('int8', 2)],
    attributes: { kernel_shape: [2n] },
    free: { 0: [0, 2] },
    dynamic: true,
    never: ['float32', 'int32', 'int8', 'uint8'],
  },
  {
    op: 'QLinearConv',
    inputs: [
      bytes('uint8', 1, 2, 3),
      ones(1),
      bytes('uint8', 1),
      bytes('int8', 2, 2, 2),
      ones(2),
      bytes('int8', 2),
      ones(1),
      bytes('uint8', 1),
      t('int32', [1, 2]),
    ],
    attributes: { kernel_shape: [2n] },
    free: { 0: [0, 2] },
    dynamic: true,
    never: ['float32', 'float64', 'int8', 'int32', 'uint8', 'uint8', 'int32', 'float32', 'int64'],
  },
  {
    op: 'DeformConv',
    inputs: [ones(1, 2, 3, 3), ones(2, 2, 2, 2), ones(1, 8, 2, 2), ones(2), ones(1, 4, 2, 2)],
    attributes: { kernel_shape: [2n, 2n] },
    free: {},
    dynamic: true,
    never: ['int32', 'float64', 'float16', 'int8', 'bool'],
  },
  {
    op: 'MaxUnpool',
    inputs: [ones(1, 1, 2, 2), i64([0, 3, 8, 11], [1, 1, 2, 2])],
    attributes: { kernel_shape: [2n, 2n], strides: [2n, 2n] },
    free: {},
    dynamic: true,
    refuses: {
      'an index beyond': { 1: i64([0, 3, 8, 16], [1, 1, 2, 2]) },
      'the lowest index': { 1: i64([0, LOWEST, 8, 11], [1, 1, 2, 2]) },
    },
    never: ['string', 'int32'],
  },
  {
    op: 'MaxUnpool',
    inputs: [ones(1, 1, 2, 2), i64([0, 3, 8, 11], [1, 1, 2, 2]), i64([1, 1, 5, 5])],
    attributes: { kernel_shape: [2n, 2n], strides: [2n, 2n] },
    free: {},
    dynamic: true,
    refuses: {
      'an output that is too small': { 2: i64([1, 1, 3, 5]) },
      'an output of negative size': { 2: i64([1, 1, LOWEST, 5]) },
      'an output beyond all memory': { 2: i64([1, 1, HUGE, HUGE]) },
    },
    never: [undefined, undefined, 'float32'],
  },
  {
    op: 'Col2Im',
    inputs: [ones(1, 4, 4), i64([3, 3]), i64([2, 2])],
    refuses: {
      'blocks that do not divide the rows': { 2: i64([2, 3]) },
      'blocks of nothing': { 2: i64([0, 2]) },
      'blocks whose product overflows': { 2: i64([HUGE, 4]) },
      'an image that is too large': { 1: i64([3, 4]) },
      'an image of negative size': { 1: i64([LOWEST, 3]) },
      'an image beyond all memory': { 1: i64([HUGE, HUGE]) },
    },
    never: ['string', 'int32', 'float32'],
  },
]

const images: Contract[] = [
  {
    op: 'Resize',
    inputs: [ones(1, 1, 2, 2), undefined, f32([1, 1, 2, 2])],
    free: { 0: [0, 1, 2, 3] },
    dynamic: true,
    refuses: {
      'a scale of 0': { 2: f32([1, 1, 0, 2]) },
      'a negative scale': { 2: f32([1, 1, -1, 2]) },
      'a scale that is no number': { 2: f32([1, 1, NaN, 2]) },
      'an infinite scale': { 2: f32([1, 1, Infinity, 2]) },
      'a scale of what is empty': { 0: ones(1, 1, 0, 2), 2: f32([1, 1, Infinity, 2]) },
    },
    never: [undefined, undefined, 'float64'],
  },
  {
    op: 'Resize',
    inputs: [ones(1, 1, 2, 2), undefined, undefined, i64([1, 1, 3, 4])],
    attributes: { mode: 'linear' },
    free: { 0: [0, 1, 2, 3] },
    dynamic: true,
    refuses: {
      'a negative size': { 3: i64([1, 1, -3, 4]) },
      'the lowest size': { 3: i64([1, 1, LOWEST, 4]) },
      'a size beyond all memory': { 3: i64([1, 1, HUGE, HUGE]) },
    },
    never: [undefined, undefined, undefined, 'int32'],
  },
  {
    op: 'Resize',
    inputs: [ones(1, 1, 2, 2), f32([0, 0, 0, 0, 1, 1, 1, 1]), undefined, i64([1, 1, 3, 4])],
    attributes: { coordinate_transformation_mode: 'tf_crop_and_resize', mode: 'linear' },
    free: { 0: [0, 1, 2, 3] },
    dynamic: true,
    never: [undefined, 'int32'],
  },
  {
    op: 'GridSample',
    inputs: [ones(1, 1, 2, 2), ones(1, 2, 2, 2)],
    free: { 0: [1, 2, 3], 1: [1, 2] },
    dynamic: true,
    refuses: { 'an image without pixels': { 0: ones(1, 1, 0, 2) } },
    never: [undefined, 'int32'],
  },
  {
    op: 'AffineGrid',
    inputs: [ones(1, 2, 3), i64([1, 1, 2, 2])],
    free: { 0: [0] },
    refuses: {
      'a size of another batch': { 1: i64([2, 1, 2, 2]) },
      'a negative size': { 1: i64([1, 1, -2, 2]) },
      'a size beyond all memory': { 1: i64([1, 1, HUGE, HUGE]) },
    },
    never: ['int32', 'int32'],
  },
  {
    op: 'RoiAlign',
    inputs: [ones(1, 1, 2, 2), f32([0, 0, 1, 1], [1, 4]), i64([0])],
    free: { 0: [0, 1, 2, 3] },
    dynamic: true,
    refuses: {
      'a batch item beyond': { 2: i64([1]) },
      'the lowest batch item': { 2: i64([LOWEST]) },
      'an image without pixels': { 0: ones(1, 1, 0, 2) },
    },
    never: ['int32', 'float64', 'int32'],
  },
  {
    op: 'MaxRoiPool',
    inputs: [ones(1, 1, 2, 2), f32([0, 0, 0, 1, 1], [1, 5])],
    attributes: { pooled_shape: [1n, 1n] },
    free: { 0: [0, 1, 2, 3], 1: [0] },
    dynamic: true,
    refuses: {
      'a batch item beyond': { 1: f32([1, 0, 0, 1, 1], [1, 5]) },
      'a batch item that is no number': { 1: f32([NaN, 0, 0, 1, 1], [1, 5]) },
    },
    never: ['int32', 'float64'],
  },
]

describeContracts('convolutions', convolutions)
describeContracts('images', images)
