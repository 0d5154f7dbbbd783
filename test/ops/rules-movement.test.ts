import { type Contract, describeContracts } from './contracts.ts'
import { f32, i64, t } from './harness.ts'

const LOWEST = -(2n ** 63n)
const HUGE = 2n ** 62n
const matrix = f32([1, 2, 3, 4, 5, 6], [2, 3])
const image = f32(Array(16).fill(1), [1, 4, 2, 2])

const moving: Contract[] = [
  {
    op: 'Concat',
    inputs: [matrix, f32([7, 8, 9], [1, 3]), f32([7, 8, 9], [1, 3])],
    attributes: { axis: 0n },
    dynamic: true,
    refuses: { 'a row of another length': { 1: f32([7, 8], [1, 2]) }, another: { 2: f32(Array(9).fill(0), [1, 9]) } },
    never: ['int32', 'string', 'float64'],
  },
  {
    op: 'Split',
    inputs: [matrix, i64([1, 2])],
    attributes: { axis: 1n },
    outputs: 2,
    dynamic: true,
    refuses: {
      'too many parts': { 1: i64([1, 1, 1]) },
      'too few parts': { 1: i64([3]) },
      'no parts': { 1: i64([]) },
      'parts that do not add up': { 1: i64([1, 3]) },
      'a negative part': { 1: i64([-1, 4]) },
      'parts whose sum overflows': { 1: i64([2n ** 63n - 1n, 4n - 2n ** 63n]) },
    },
    never: [undefined, 'int32'],
  },
  {
    op: 'Slice',
    inputs: [matrix, i64([LOWEST]), i64([2n ** 63n - 1n]), i64([-1]), i64([LOWEST])],
    dynamic: true,
    refuses: {
      'fewer starts': { 1: i64([]) },
      'more ends': { 2: i64([1, 1]) },
      'more axes': { 3: i64([0, 1]) },
      'fewer steps': { 4: i64([]) },
      'an axis that is none': { 3: i64([LOWEST]) },
      'a step of 0': { 4: i64([0]) },
      'an axis twice': { 1: i64([0, 0]), 2: i64([1, 1]), 3: i64([1, -1]), 4: i64([1, 1]) },
      'more bounds than axes': { 1: i64([0, 0, 0]), 2: i64([1, 1, 1]), 3: i64([0, 1, 2]), 4: i64([1, 1, 1]) },
    },
    never: [undefined, 'float32', 'int32', 'bool', 'uint8'],
  },
  {
    op: 'Gather',
    inputs: [matrix, i64([0, -2])],
    dynamic: true,
    refuses: { 'an index beyond': { 1: i64([0, 2]) }, 'the lowest index': { 1: i64([LOWEST, 0]) } },
    never: [undefined, 'float32'],
  },
  {
    op: 'GatherElements',
    inputs: [matrix, i64([0, 1], [1, 2])],
    dynamic: true,
    refuses: {
      'indices that are wider than data': { 1: i64([0, 0, 0, 0], [1, 4]) },
      'an index beyond': { 1: i64([2, 0], [1, 2]) },
    },
    never: [undefined, 'uint8'],
  },
  {
    op: 'GatherND',
    inputs: [matrix, i64([0, 1, 1, 2], [2, 2])],
    refuses: { 'an index beyond': { 1: i64([0, 3, 1, 2], [2, 2]) } },
    never: [undefined, 'int32'],
  },
  {
    op: 'ScatterElements',
    inputs: [matrix, i64([1, 0], [1, 2]), f32([9, 9], [1, 2])],
    dynamic: true,
    refuses: {
      'fewer updates than indices': { 2: f32([9], [1, 1]) },
      'indices that are wider than data': { 1: i64([0, 0, 0, 0], [1, 4]), 2: f32([0, 0, 0, 0], [1, 4]) },
      'the lowest index': { 1: i64([LOWEST, 0], [1, 2]) },
    },
    never: ['int32', 'float32', 'float64'],
  },
  {
    op: 'ScatterElements',
    inputs: [matrix, i64([1, 0], [1, 2]), f32([9, 9], [1, 2])],
    attributes: { reduction: 'max' },
    dynamic: true,
    never: ['complex64', undefined, 'string'],
  },
  {
    op: 'ScatterND',
    inputs: [matrix, i64([0, 1, 1, 2], [2, 2]), f32([8, 9])],
    refuses: { 'an index beyond': { 1: i64([0, 1, -3, 2], [2, 2]) } },
    never: [undefined, 'int32', 'int8'],
  },
  {
    op: 'TensorScatter',
    inputs: [f32(Array(12).fill(0), [2, 3, 2]), f32([1, 2, 3, 4], [2, 1, 2]), i64([0, 2])],
    dynamic: true,
    refuses: {
      'an index for one of two': { 2: i64([0]) },
      'an update that is wider': { 1: f32(Array(6).fill(0), [2, 1, 3]) },
      'a negative index': { 2: i64([0, -1]) },
      'an index too near to the end': { 2: i64([0, 3]) },
    },
    never: [undefined, 'float64', 'int32'],
  },
  {
    op: 'Expand',
    inputs: [f32([1, 2], [2, 1]), i64([2, 3])],
    refuses: {
      'another size': { 1: i64([3, 3]) },
      'a negative size': { 1: i64([2, -1]) },
      'a size beyond memory': { 1: i64([2n, HUGE]) },
    },
    never: [undefined, 'int32'],
  },
  {
    op: 'Tile',
    inputs: [matrix, i64([2, 1])],
    dynamic: true,
    refuses: {
      'too few repeats': { 1: i64([2]) },
      'too many repeats': { 1: i64([2, 1, 1]) },
      'no repeats': { 1: i64([]) },
      'negative repeats': { 1: i64([1, -1]) },
      'repeats whose product overflows': { 1: i64([HUGE, 4n]) },
    },
    never: [undefined, 'int32'],
  },
  {
    op: 'Pad',
    inputs: [matrix, i64([1, 0]), f32([7]), i64([-1])],
    dynamic: true,
    refuses: {
      'a pad without another': { 1: i64([1]) },
      'pads of two axes': { 1: i64([1, 0, 1, 0]) },
      'an axis that is none': { 3: i64([2]) },
      'an axis twice': { 1: i64([1, 0, 1, 0]), 3: i64([1, -1]) },
      'a pad that overflows': { 1: i64([HUGE, HUGE]) },
      'more cropped than there is': { 1: i64([-2, -2]) },
      'two fillers': { 2: f32([1, 2]) },
    },
    never: [undefined, 'int32', 'float64', 'float32'],
  },
  {
    op: 'CenterCropPad',
    inputs: [matrix, i64([4, 1])],
    dynamic: true,
    refuses: {
      'one size for two axes': { 1: i64([4]) },
      'more sizes than axes': { 1: i64([4, 1, 1]) },
      'a negative size': { 1: i64([4, -1]) },
      'a size beyond memory': { 1: i64([HUGE, 1n]) },
    },
    never: [undefined, 'float32'],
  },
  {
    op: 'DepthToSpace',
    inputs: [image],
    attributes: { blocksize: 2n },
    dynamic: true,
    refuses: { 'channels that are no blocks': { 0: f32(Array(10).fill(1), [1, 5, 2, 1]) } },
    never: [],
  },
  {
    op: 'SpaceToDepth',
    inputs: [image],
    attributes: { blocksize: 2n },
    dynamic: true,
    refuses: { 'rows that are no blocks': { 0: f32(Array(12).fill(1), [1, 2, 3, 2]) } },
    never: [],
  },
  {
    op: 'ReverseSequence',
    inputs: [matrix, i64([2, 1, 0])],
    dynamic: true,
    refuses: {
      'lengths for fewer': { 1: i64([2, 1]) },
      'a length beyond the axis': { 1: i64([3, 1, 0]) },
      'a negative length': { 1: i64([2, 1, -1]) },
    },
    never: [undefined, 'int32'],
  },
  {
    op: 'Trilu',
    inputs: [matrix, i64([LOWEST])],
    dynamic: true,
    refuses: { 'two diagonals': { 1: i64([1, 2]) }, 'no diagonal': { 1: i64([]) } },
    never: ['float8e8m0', 'int32'],
  },
  {
    op: 'Reshape',
    inputs: [matrix, i64([3, -1])],
    refuses: {
      'another number of elements': { 1: i64([4, 2]) },
      'what divides by no size': { 1: i64([4, -1]) },
      'two sizes left open': { 1: i64([-1, -1]) },
      'a negative size': { 1: i64([-6, -1]) },
      'sizes whose product overflows': { 1: i64([HUGE, 4n]) },
    },
    never: [undefined, 'int32'],
  },
  {
    op: 'Unsqueeze',
    inputs: [matrix, i64([0, -1])],
    refuses: { 'an axis that is none': { 1: i64([0, 4]) }, 'an axis twice': { 1: i64([0, -4]) } },
    never: [undefined, 'int32'],
  },
  {
    op: 'Squeeze',
    inputs: [f32([1, 2], [1, 2]), i64([0])],
    refuses: { 'more than one element': { 1: i64([-1]) }, 'an axis that is none': { 1: i64([LOWEST]) } },
    never: [undefined, 'int32'],
  },
  { op: 'Transpose', inputs: [matrix], dynamic: true, never: [] },
  { op: 'EyeLike', inputs: [matrix], dynamic: true, never: ['string'] },
  {
    op: 'ConstantOfShape',
    inputs: [i64([2, 3])],
    refuses: {
      'a negative size': { 0: i64([2, -1]) },
      'a size beyond memory': { 0: i64([HUGE, 0n]) },
    },
    never: ['int32'],
  },
  {
    op: 'StringConcat',
    inputs: [t('string', ['a', 'b']), t('string', ['c'])],
    dynamic: true,
    refuses: { 'texts of another number': { 1: t('string', ['a', 'b', 'c']) } },
    never: ['float32', 'uint8'],
  },
  {
    op: 'StringNormalizer',
    inputs: [t('string', ['a', 'b'], [1, 2])],
    dynamic: true,
    refuses: { 'two rows': { 0: t('string', ['a', 'b'], [2, 1]) } },
    never: ['float32'],
  },
]

describeContracts('operators that move elements', moving)
