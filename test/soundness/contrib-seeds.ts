import { decodeModel } from '../../src/onnx/read.ts'
import { modelBytes } from '../../src/onnx/build.ts'
import { f32, i64, modelOfCase, t } from '../ops/harness.ts'
import { type Compared, i32, noise } from '../ops/contrib/against.ts'
import type { Seed } from './subjects.ts'

// Operators of onnxruntime's domain, and those that it kept in ONNX's when ONNX retired them.

const none = undefined
const x = noise([2, 3, 8], 1)
const row = noise([8], 2)
const wide = noise([2, 3, 16], 3)
const image = noise([1, 4, 5, 5], 4)
const last = noise([1, 2, 2, 4], 5)
const four = noise([4], 6)
const angles = noise([16, 8], 7)
const heads = { num_heads: 2n, kv_num_heads: 1n }
/** Rows of sixteen features: two heads of eight. */
const step = [noise([2, 1, 16], 8), noise([2, 1, 8], 9), noise([2, 1, 8], 10)]
const pasts = [noise([2, 1, 4, 8], 11), noise([2, 1, 4, 8], 12)]
const cached = [...step, ...pasts, i32([4, 2]), i32([5], [1])]
const half = { type: 'float16' } as const

/** Operator → inputs, attributes and number of outputs. */
const cases: readonly (readonly [op: string, inputs: Compared['inputs'], more?: Partial<Compared>])[] = [
  ['Gelu', [x]],
  ['BiasGelu', [x, row]],
  ['FastGelu', [x, row]],
  ['FastGelu', [noise([2, 3], 1, half)]],
  ['QuickGelu', [x]],
  ['GemmFastGelu', [x, noise([8, 4], 2), four]],
  ['BiasSplitGelu', [x, row]],
  ['BiasAdd', [x, row, x]],
  ['BiasSoftmax', [x, x], { attributes: { axis: 2n } }],
  ['FusedMatMul', [x, noise([2, 5, 8])], { attributes: { transB: 1n, alpha: 0.5 } }],
  ['FusedMatMul', [noise([3, 2, 4]), noise([2, 3, 4])], { attributes: { transA: 1n, transBatchA: 1n } }],
  ['TransposeMatMul', [x, noise([8, 4])]],
  ['FusedGemm', [noise([3, 4]), noise([4, 5]), noise([5])], { attributes: { activation: 'Relu' } }],
  ['FusedConv', [image, noise([2, 4, 3, 3]), noise([2]), noise([1, 2, 3, 3])], { attributes: { activation: 'Relu' } }],
  ['NhwcConv', [last, noise([3, 1, 2, 4])]],
  ['NhwcMaxPool', [t('uint8', [1, 9, 3, 4, 5, 6, 7, 8], [1, 2, 2, 2])], { attributes: { kernel_shape: [2n, 2n] } }],
  ['SkipLayerNormalization', [x, x, row, row, row], { outputs: 4 }],
  ['SkipLayerNormalization', [x, noise([3, 8]), row]],
  ['SkipSimplifiedLayerNormalization', [x, noise([1, 3, 8]), row, row], { outputs: 4 }],
  ['SimplifiedLayerNormalization', [x, row], { domain: '', outputs: 2 }],
  [
    'EmbedLayerNormalization',
    [
      i32([1, 0], [1, 2]),
      i32([0, 1], [1, 2]),
      noise([3, 4]),
      noise([5, 4]),
      noise([2, 4]),
      four,
      four,
      i32([1, 0], [1, 2]),
    ],
    { outputs: 3 },
  ],
  ['GroupNorm', [last, four, four], { attributes: { groups: 2n } }],
  ['SkipGroupNorm', [last, four, four, last, four], { attributes: { groups: 2n, activation: 1n }, outputs: 2 }],
  ['Attention', [x, noise([8, 24]), noise([24]), i32([2, 3])], { attributes: { num_heads: 2n, unidirectional: 1n } }],
  [
    'Attention',
    [
      x,
      noise([8, 24]),
      noise([24]),
      i32(Array<number>(10).fill(1), [2, 5]),
      noise([2, 2, 2, 2, 4]),
      noise([2, 2, 3, 5]),
    ],
    { attributes: { num_heads: 2n }, outputs: 2 },
  ],
  ['MultiHeadAttention', [wide, wide, wide, noise([48]), i32([1, 3])], { attributes: { num_heads: 2n } }],
  ['MultiHeadAttention', [x, noise([2, 4, 2, 2, 4])], { attributes: { num_heads: 2n, unidirectional: 1n } }],
  [
    'MultiHeadAttention',
    [x, x, x, none, none, noise([1, 2, 3, 5]), noise([2, 2, 2, 4]), noise([2, 2, 2, 4])],
    { attributes: { num_heads: 2n }, outputs: 4 },
  ],
  ['GroupQueryAttention', cached, { attributes: { ...heads, local_window_size: 2n, softcap: 0.5 }, outputs: 3 }],
  [
    'GroupQueryAttention',
    [...cached, noise([16, 4], 7), noise([16, 4], 8), none, noise([1, 2, 1, 5]), noise([2])],
    { attributes: { ...heads, do_rotary: 1n }, outputs: 4 },
  ],
  ['RotaryEmbedding', [wide, i64([3]), angles, angles]],
  [
    'RotaryEmbedding',
    [noise([1, 2, 3, 16]), i64([3, 0, 1], [1, 3]), angles, angles],
    { attributes: { interleaved: 1n } },
  ],
  ['Trilu', [x, i64([1], [])]],
  ['GatherND', [x, i32([1, 2], [1, 2])]],
  ['GridSample', [image, noise([1, 2, 2, 2])], { attributes: { mode: 'bicubic' } }],
  ['ExpandDims', [x, i32([0], [])], { constants: [1] }],
  ['Range', [i32([1], []), i32([5], []), i32([2], [])]],
  ['Pad', [x, i64([0, 1, 0, 0, 0, 2], [1, 6])]],
  ['Unique', [f32([2, 1, 2])], { outputs: 3 }],
  ['TorchEmbedding', [noise([4, 2]), i64([3, 0])]],
  ['UnfoldTensor', [x], { attributes: { dim: 2n, size: 3n, step: 2n } }],
  ['CDist', [noise([3, 4]), noise([2, 4])], { attributes: { metric: 'euclidean' } }],
  ['CropAndResize', [image, f32([0, 0, 1, 1], [1, 4]), i32([0]), i32([2, 3])]],
  ['Inverse', [noise([2, 3, 3])]],
  [
    'Tokenizer',
    [t('string', ['a bc', ''])],
    { attributes: { tokenexp: '\\w+', mark: 1n, mincharnum: 1n, pad_value: '#' } },
  ],
  [
    'Tokenizer',
    [t('string', ['a,b c'])],
    { attributes: { separators: [' ', ','], mark: 0n, mincharnum: 1n, pad_value: '' } },
  ],
  ['ImageScaler', [image], { domain: '', attributes: { bias: [1, 2, 3, 4] } }],
  ...['Affine', 'ScaledTanh', 'ParametricSoftplus'].map((op) => [op, [x], { domain: '' }] as const),
]

const codes = (dims: readonly number[], type: 'uint8' | 'int8' = 'uint8') =>
  t(
    type,
    Array.from({ length: dims.reduce((n, dim) => n * dim, 1) }, (_, i) => (i * 37) % 120),
    dims,
  )
/** One scale and one zero point. */
const step8 = (scale: number, zero = 3) => [f32([scale], []), t('uint8', [zero], [])]
const a8 = [codes([2, 3, 4]), ...step8(0.05)]
const c8 = [codes([3, 1]), ...step8(0.04)]
const y8 = step8(0.06)
const square8 = [codes([1, 4, 5, 5]), ...step8(0.05), ...y8]
const signed8 = (dims: readonly number[]) => [codes(dims, 'int8'), f32([0.02], []), t('int8', [1], [])]
const ways = [codes([1, 3, 16], 'int8'), codes([1, 4, 16], 'int8')]
const perGate = [f32([0.01]), t('int8', [0])]

/** The same of quantised operators. */
const quantised: typeof cases = [
  ['QuantizeLinear', [noise([2, 3]), f32([0.01, 0.02]), t('int16', [5, -5])], { attributes: { axis: 0n } }],
  ['DequantizeLinear', [t('uint16', [0, 9, 300]), f32([0.1], []), t('uint16', [9], [])]],
  ['DynamicQuantizeMatMul', [noise([2, 3, 4]), codes([4, 5], 'int8'), f32([0.02], []), t('int8', [1], []), noise([5])]],
  ['MatMulIntegerToFloat', [codes([3, 4]), codes([4, 5], 'int8'), f32([0.1], []), f32([0.2], []), t('uint8', [9], [])]],
  ['QLinearAdd', [...a8, ...c8, ...y8]],
  ['QLinearMul', [...a8, ...c8, ...y8]],
  ['QLinearWhere', [t('bool', [1, 0, 1, 1]), ...a8, ...c8, ...y8]],
  ['QLinearConcat', [...y8, ...a8, codes([2, 2, 4]), ...step8(0.03)], { attributes: { axis: 1n } }],
  ...['QLinearSigmoid', 'QLinearLeakyRelu'].map((op) => [op, [...a8, ...y8]] as const),
  ['QLinearSoftmax', [...a8, ...y8], { attributes: { opset: 13n, axis: -1n } }],
  ['QLinearReduceMean', [...a8, ...y8], { attributes: { axes: [1n], keepdims: 1n } }],
  ['QLinearAveragePool', square8, { attributes: { kernel_shape: [2n, 2n], pads: [1n, 0n, 0n, 1n] } }],
  ['QLinearGlobalAveragePool', square8],
  [
    'QLinearConv',
    [codes([1, 5, 5, 4]), ...step8(0.03), ...signed8([3, 4, 3, 3]), ...y8],
    { attributes: { channels_last: 1n } },
  ],
  ['QGemm', [codes([3, 4]), ...step8(0.03), ...signed8([4, 5]), i32([1, 2, 3, 4, 5]), ...y8]],
  [
    'MatMulNBits',
    [noise([3, 32]), codes([4, 2, 8]), f32([1, 2, 3, 4, 5, 6, 7, 8])],
    { attributes: { K: 32n, N: 4n, bits: 4n, block_size: 16n }, constants: [1, 2] },
  ],
  [
    'GatherBlockQuantized',
    [codes([4, 16]), i32([1, 3]), f32([1, 2, 3, 4, 5, 6, 7, 8], [4, 2]), codes([4, 1])],
    { attributes: { bits: 4n, block_size: 16n }, constants: [0, 2, 3] },
  ],
  [
    'DynamicQuantizeLSTM',
    [noise([2, 2, 3]), ...ways, none, none, none, none, none, ...perGate, ...perGate],
    { attributes: { hidden_size: 4n }, constants: [1, 2, 8, 9, 10, 11], outputs: 3 },
  ],
  [
    'QAttention',
    [
      codes([2, 3, 4]),
      codes([4, 12], 'int8'),
      noise([12]),
      f32([0.02], []),
      f32([0.01], []),
      i32([3, 2]),
      t('uint8', [9], []),
      t('int8', [0], []),
    ],
    { attributes: { num_heads: 2n } },
  ],
  [
    'QEmbedLayerNormalization',
    [
      i32([1, 0], [1, 2]),
      i32([0, 1], [1, 2]),
      ...[[3, 4], [5, 4], [2, 4], [4], [4]].map((dims) => codes(dims)),
      i32([1, 0], [1, 2]),
      ...Array.from({ length: 5 }, () => f32([0.1], [])),
      ...Array.from({ length: 5 }, () => t('uint8', [9], [])),
    ],
    { outputs: 2 },
  ],
]

export const contribSeeds: readonly Seed[] = [...cases, ...quantised].map(([op, inputs, more], i) => {
  const { source, feeds } = modelOfCase({ op, domain: 'com.microsoft', inputs, ...more }, { opset: 22 })
  const name = `${op} ${i}`
  return { name, model: decodeModel(modelBytes(source), { path: `${name}.onnx` }), inputs: [...feeds.values()] }
})
