import { type Contract, describeContracts } from './contracts.ts'
import { f32, i64, t } from './harness.ts'

/** A tensor of ones. */
const ones = (...dims: number[]): ReturnType<typeof f32> =>
  f32(Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1), dims)
const bytes = (type: 'int8' | 'uint8', ...dims: number[]): ReturnType<typeof f32> =>
  t(type, Array<number>(dims.reduce((a, b) => a * b, 1)).fill(1), dims)

const recurrent: Contract[] = [
  {
    op: 'LSTM',
    inputs: [
      ones(2, 1, 3),
      ones(1, 8, 3),
      ones(1, 8, 2),
      ones(1, 16),
      t('int32', [2]),
      ones(1, 1, 2),
      ones(1, 1, 2),
      ones(1, 6),
    ],
    attributes: { hidden_size: 2n },
    constants: [1, 2],
    free: { 0: [0] },
    dynamic: true,
    refuses: {
      'a sequence that is too long': { 4: t('int32', [3]) },
      'a negative length': { 4: t('int32', [-1]) },
    },
    never: ['int32', 'float64', 'float64', 'float16', 'int64', 'int8', 'float64', 'bool'],
  },
  {
    op: 'GRU',
    inputs: [ones(1, 2, 3), ones(1, 6, 3), ones(1, 6, 2), ones(1, 12), t('int32', [2]), ones(1, 1, 2)],
    attributes: { hidden_size: 2n, layout: 1n },
    constants: [1, 2],
    free: { 0: [1] },
    dynamic: true,
    refuses: { 'a sequence that is too long': { 4: t('int32', [3]) } },
    never: ['int32', 'float64', 'float64', 'float16', 'int64', 'int8'],
  },
  {
    op: 'RNN',
    inputs: [ones(2, 1, 3), ones(2, 2, 3), ones(2, 2, 2), ones(2, 4), t('int32', [2]), ones(2, 1, 2)],
    attributes: { hidden_size: 2n, direction: 'bidirectional' },
    constants: [1, 2],
    free: { 0: [0] },
    dynamic: true,
    refuses: { 'a sequence that is too long': { 4: t('int32', [3]) } },
    never: ['int32', 'float64', 'float64', 'float16', 'int64', 'int8'],
  },
]

const attention: Contract[] = [
  {
    op: 'Attention',
    inputs: [ones(1, 2, 3, 4), ones(1, 1, 2, 4), ones(1, 1, 2, 5), ones(3, 4), ones(1, 1, 2, 4), ones(1, 1, 2, 5)],
    attributes: { scale: 0.5 },
    free: { 0: [1] },
    dynamic: true,
    never: ['int32', 'float64', 'bool', 'string', 'float64', 'int8'],
  },
  {
    op: 'Attention',
    inputs: [ones(1, 3, 8), ones(1, 2, 4), ones(1, 2, 5), undefined, undefined, undefined, i64([2])],
    attributes: { q_num_heads: 2n, kv_num_heads: 1n, scale: 0.5 },
    free: { 0: [1], 2: [2] },
    dynamic: true,
    never: ['int32', 'float64', 'bool', undefined, undefined, undefined, 'int32'],
  },
  {
    op: 'RotaryEmbedding',
    inputs: [ones(1, 2, 3, 4), ones(5, 2), ones(5, 2), i64([0, 1, 2], [1, 3])],
    refuses: { 'a position beyond': { 3: i64([0, 1, 5], [1, 3]) } },
    never: ['int32', 'float64', 'float16', 'int32'],
  },
]

const normalisation: Contract[] = [
  {
    op: 'LayerNormalization',
    inputs: [ones(2, 3), ones(3), ones(3)],
    free: { 0: [0] },
    dynamic: true,
    never: ['int32', 'float64', 'float16'],
  },
  { op: 'RMSNormalization', inputs: [ones(2, 3), ones(3)], free: { 0: [0] }, dynamic: true, never: ['int32', 'int32'] },
  {
    op: 'BatchNormalization',
    inputs: [ones(2, 3, 2), ones(3), ones(3), ones(3), ones(3)],
    free: { 0: [0, 2] },
    dynamic: true,
    never: ['int32', 'int32', 'bool', 'string', 'uint8'],
  },
  {
    op: 'GroupNormalization',
    inputs: [ones(1, 4, 2), ones(4), ones(4)],
    attributes: { num_groups: 2n },
    free: { 0: [0, 2] },
    dynamic: true,
    never: ['int32', 'float64', 'float16'],
  },
  {
    op: 'InstanceNormalization',
    inputs: [ones(1, 4, 2), ones(4), ones(4)],
    constants: [1],
    free: { 0: [0, 2] },
    dynamic: true,
    never: ['int32', 'float64', 'float16'],
  },
  { op: 'Softmax', inputs: [ones(2, 3)], dynamic: true, never: ['int32'] },
  { op: 'LRN', inputs: [ones(1, 2, 2)], attributes: { size: 3n }, dynamic: true, never: ['int32'] },
]

const quantisation: Contract[] = [
  {
    op: 'MatMulInteger',
    inputs: [bytes('uint8', 2, 3), bytes('int8', 3, 2), bytes('uint8', 2), bytes('int8', 2)],
    free: {},
    dynamic: true,
    never: ['int32', 'float32', 'int8', 'uint8'],
  },
  {
    op: 'QLinearMatMul',
    inputs: [
      bytes('uint8', 2, 3),
      ones(2),
      bytes('uint8', 2),
      bytes('int8', 3, 2),
      ones(2),
      bytes('int8', 2),
      ones(2),
      bytes('uint8', 2),
    ],
    free: {},
    dynamic: true,
    never: ['int32', 'float64', 'int8', 'float32', 'int32', 'uint8', 'int8', 'int32'],
  },
  {
    op: 'QuantizeLinear',
    inputs: [ones(2, 3), ones(3), bytes('uint8', 3)],
    free: { 0: [0] },
    dynamic: true,
    never: ['int64', 'float64', 'int32'],
  },
  {
    op: 'DequantizeLinear',
    inputs: [bytes('int8', 2, 3), ones(3), bytes('int8', 3)],
    free: { 0: [0] },
    dynamic: true,
    never: ['float32', 'int8', 'uint8'],
  },
  { op: 'DynamicQuantizeLinear', inputs: [ones(2)], outputs: 3, dynamic: true, never: ['float64'] },
]

const DOMAIN = 'ai.onnx.preview.training'

const training: Contract[] = [
  {
    op: 'NegativeLogLikelihoodLoss',
    inputs: [ones(2, 3, 2), i64([0, 1, 2, 0], [2, 2]), ones(3)],
    free: {},
    dynamic: true,
    refuses: {
      'a class beyond': { 1: i64([0, 1, 3, 0], [2, 2]) },
      'the lowest class': { 1: i64([0, 1, -(2n ** 63n), 0], [2, 2]) },
    },
    never: ['int32', 'float32', 'float64'],
  },
  {
    op: 'SoftmaxCrossEntropyLoss',
    inputs: [ones(2, 3), i64([0, 1]), ones(3)],
    free: {},
    dynamic: true,
    refuses: { 'a class beyond': { 1: i64([0, 3]) } },
    never: ['int32', 'float32', 'float64'],
  },
  {
    op: 'Adam',
    domain: DOMAIN,
    inputs: [ones(1), i64([1]), ones(2, 3), ones(2, 3), ones(2, 3), ones(2, 3)],
    outputs: 3,
    free: {},
    dynamic: true,
    never: ['int32', 'int32', 'float64', 'float64', 'float64', 'float16'],
  },
  {
    op: 'Momentum',
    domain: DOMAIN,
    inputs: [ones(), i64([1], []), ones(2), ones(3), ones(2), ones(3), ones(2), ones(3)],
    outputs: 4,
    free: {},
    dynamic: true,
    never: ['int32', 'int32', 'string', 'float64', 'float64', 'int64', 'float64', 'bool'],
  },
]

describeContracts('recurrent networks', recurrent)
describeContracts('attention', attention)
describeContracts('normalisation', normalisation)
describeContracts('quantisation', quantisation)
describeContracts('training', training)
