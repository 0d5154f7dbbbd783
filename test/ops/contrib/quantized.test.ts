import { expect, test } from 'vitest'
import type { Tensor } from '../../../src/onnx/model.ts'
import { f32, importCase, runCase, t } from '../harness.ts'
import { type Compared, describeAgainst, i32, noise } from './against.ts'

const domain = 'com.microsoft'
type Byte = 'uint8' | 'int8'
const bytes: readonly Byte[] = ['uint8', 'int8']

/** One code more or less: the largest that is expected is near the end of the range. */
const ONE_STEP = { tolerance: 1.01 / 100 }

/** Codes all over the range. */
function codes(type: Byte | 'uint4' | 'int4', dims: readonly number[], seed = 1): Tensor {
  const count = dims.reduce((n, dim) => n * dim, 1)
  const all = type.endsWith('4') ? 16 : 256
  const low = type.startsWith('u') ? 0 : -all / 2
  return t(
    type,
    Array.from({ length: count }, (_, i) => low + ((i * 89 + seed * 53 + Math.floor(i / 5)) % all)),
    dims,
  )
}

const scale = (value: number): Tensor => f32([value], [])
const zero = (type: Byte, value: number): Tensor => t(type, [type === 'int8' ? value - 128 : value], [])

describeAgainst(
  'elementwise operators of 8 bits',
  bytes.flatMap((type): Compared[] => {
    const a = [codes(type, [2, 3, 5]), scale(0.05), zero(type, 120)]
    const c = [codes(type, [3, 1], 2), scale(0.04), zero(type, 140)]
    const one = (op: string, more: Partial<Compared> = {}, y = [scale(0.04), zero(type, 100)]): Compared => ({
      label: type,
      op,
      domain,
      inputs: [...a, ...y],
      constants: [1, 2, 3, 4],
      ...ONE_STEP,
      ...more,
    })
    return [
      { label: type, op: 'QLinearAdd', domain, inputs: [...a, ...c, scale(0.07), zero(type, 128)], ...ONE_STEP },
      {
        label: `${type}, constants`,
        op: 'QLinearAdd',
        domain,
        inputs: [...a, ...c, scale(0.07), zero(type, 128)],
        constants: [1, 2, 3, 4, 5, 6, 7],
        ...ONE_STEP,
      },
      { label: type, op: 'QLinearMul', domain, inputs: [...a, ...c, scale(0.2), zero(type, 128)], ...ONE_STEP },
      one('QLinearSigmoid', {}, [scale(1 / 256), zero(type, 0)]),
      one('QLinearLeakyRelu', { attributes: { alpha: 0.1 } }),
      one('QLinearSoftmax', { attributes: { opset: 13n, axis: -1n } }, [scale(1 / 256), zero(type, 0)]),
      one('QLinearSoftmax', { label: `${type}, of a matrix`, attributes: { opset: 11n, axis: 1n } }, [
        scale(1 / 256),
        zero(type, 0),
      ]),
      {
        label: type,
        op: 'QLinearWhere',
        domain,
        inputs: [t('bool', [1, 0, 1, 1, 0]), ...a, ...c, scale(0.06), zero(type, 128)],
        constants: [2, 3, 5, 6, 7, 8],
        ...ONE_STEP,
      },
      {
        label: type,
        op: 'QLinearConcat',
        domain,
        inputs: [scale(0.05), zero(type, 120), ...a, codes(type, [2, 2, 5], 3), scale(0.03), zero(type, 60)],
        attributes: { axis: 1n },
        constants: [0, 1, 3, 4, 6, 7],
        ...ONE_STEP,
      },
    ]
  }),
)

const image = [2, 6, 7, 5]
describeAgainst(
  'pools of 8 bits',
  bytes.flatMap((type): Compared[] => {
    const inputs = [codes(type, image), scale(0.05), zero(type, 120), scale(0.03), zero(type, 90)]
    const common = { label: type, domain, inputs, constants: [1, 2, 3, 4], ...ONE_STEP }
    return [
      { ...common, op: 'QLinearGlobalAveragePool' },
      { ...common, op: 'QLinearGlobalAveragePool', label: `${type}, channels last`, attributes: { channels_last: 1n } },
      {
        ...common,
        op: 'QLinearAveragePool',
        attributes: { kernel_shape: [3n, 2n], strides: [2n, 1n], pads: [1n, 0n, 1n, 1n] },
      },
    ]
  }),
)

describeAgainst(
  'products of 8 bits',
  bytes.flatMap((b): Compared[] => {
    const columns = f32(Array.from({ length: 9 }, (_, i) => 0.01 + i / 700))
    const w = codes(b, [12, 9], 4)
    const a = codes('uint8', [3, 12], 5)
    const bias = noise([9], 3)
    return [
      {
        label: b,
        op: 'MatMulIntegerToFloat',
        domain,
        inputs: [codes('uint8', [2, 3, 12], 5), w, scale(0.03), scale(0.02), t('uint8', [100], []), zero(b, 128), bias],
        constants: [1, 2, 3, 5, 6],
      },
      { label: `${b}, per column`, op: 'MatMulIntegerToFloat', domain, inputs: [a, w, scale(0.03), columns] },
      {
        label: b,
        op: 'DynamicQuantizeMatMul',
        domain,
        inputs: [noise([2, 3, 12], 6), w, scale(0.02), zero(b, 128), bias],
        constants: [1, 2, 3, 4],
      },
      {
        label: `${b}, per column`,
        op: 'DynamicQuantizeMatMul',
        domain,
        inputs: [noise([3, 12], 6), w, columns],
        constants: [1],
      },
      {
        label: `${b}, to floats`,
        op: 'QGemm',
        domain,
        inputs: [
          a,
          scale(0.03),
          t('uint8', [7], []),
          w,
          columns,
          t(b, Array(9).fill(0)),
          i32([1, -2, 3, 4, 5, 6, 7, 8, 900]),
        ],
        constants: [3],
      },
      {
        label: `${b}, transposed, quantised anew`,
        op: 'QGemm',
        domain,
        inputs: [
          codes('uint8', [12, 3], 5),
          scale(0.03),
          t('uint8', [7], []),
          codes(b, [9, 12], 6),
          scale(0.02),
          zero(b, 128),
          i32([1, -2, 3, 4, 5, 6, 7, 8, 900]),
          scale(0.7),
          t('uint8', [90], []),
        ],
        attributes: { transA: 1n, transB: 1n, alpha: 0.5 },
        constants: [3, 6],
        ...ONE_STEP,
      },
      {
        label: `${b}, channels last`,
        op: 'QLinearConv',
        domain,
        inputs: [
          codes('uint8', [1, 6, 7, 5], 5),
          scale(0.03),
          t('uint8', [7], []),
          codes(b, [9, 5, 3, 3], 6),
          scale(0.02),
          zero(b, 128),
          scale(0.7),
          t('uint8', [90], []),
        ],
        attributes: { channels_last: 1n, pads: [1n, 1n, 1n, 1n] },
        constants: [1, 2, 3, 4, 5, 6, 7],
        ...ONE_STEP,
      },
    ]
  }),
)

describeAgainst('QuantizeLinear and DequantizeLinear of 16 bits', [
  { label: 'uint16', op: 'QuantizeLinear', domain, inputs: [noise([4, 5]), scale(0.0001), t('uint16', [30000], [])] },
  {
    label: 'int16 per axis',
    op: 'QuantizeLinear',
    domain,
    inputs: [noise([2, 3]), f32([0.001, 0.002]), t('int16', [5, -5])],
    attributes: { axis: 0n },
    constants: [1, 2],
  },
  {
    label: 'uint16',
    op: 'DequantizeLinear',
    domain,
    inputs: [t('uint16', [0, 65535, 300]), scale(0.1), t('uint16', [9], [])],
  },
  { label: 'int32', op: 'DequantizeLinear', domain, inputs: [i32([-7, 9]), scale(0.1)] },
])

/** Weights of few bits as onnxruntime's quantiser packs them. */
function fewBits(k: number, n: number, bits: number, block: number, zeros: 'none' | 'packed' | 'floats'): Tensor[] {
  const blocks = Math.ceil(k / block)
  const raw = (count: number, seed: number): number[] =>
    Array.from({ length: count }, (_, i) => (i * 37 + seed * 11 + (i >> 3)) % 256)
  const scales = Array.from({ length: n * blocks }, (_, i) => 0.01 + (i % 7) / 500)
  return [
    t('uint8', raw((n * blocks * block * bits) / 8, 1), [n, blocks, (block * bits) / 8]),
    f32(scales, [n * blocks]),
    ...(zeros === 'packed' ? [t('uint8', raw(n * Math.ceil((blocks * bits) / 8), 2))] : []),
    ...(zeros === 'floats'
      ? [
          f32(
            scales.map((_, i) => (i % 5) + 5.5),
            [n, blocks],
          ),
        ]
      : []),
  ]
}

const nBits = (
  rows: number[],
  k: number,
  n: number,
  bits: number,
  block: number,
  zeros: 'none' | 'packed' | 'floats',
  accuracy = 0,
): Compared => ({
  label: `[${rows}] x ${k} x ${n}, ${bits} bits in blocks of ${block}, zero points: ${zeros}, accuracy level ${accuracy}`,
  op: 'MatMulNBits',
  domain,
  inputs: [noise([...rows, k], 7), ...fewBits(k, n, bits, block, zeros)],
  attributes: {
    K: BigInt(k),
    N: BigInt(n),
    bits: BigInt(bits),
    block_size: BigInt(block),
    accuracy_level: BigInt(accuracy),
  },
  constants: [1, 2, 3],
  tolerance: 1e-4,
})

describeAgainst('MatMulNBits', [
  nBits([], 64, 10, 4, 32, 'none'),
  nBits([1], 64, 10, 4, 32, 'none'),
  nBits([1], 100, 33, 4, 32, 'packed'),
  nBits([2, 3], 128, 17, 4, 16, 'packed'),
  nBits([9], 96, 40, 4, 32, 'none'),
  nBits([3], 96, 8, 4, 32, 'floats'),
  nBits([2], 64, 5, 8, 32, 'packed'),
  nBits([20], 64, 37, 8, 64, 'none'),
  // So many rows that weights are packed.
  nBits([37], 96, 40, 4, 32, 'packed'),
  nBits([3, 11], 64, 37, 8, 64, 'none'),
  nBits([5], 96, 70, 2, 32, 'none'),
  // Products of bytes, which round A as onnxruntime does.
  nBits([1], 64, 10, 4, 32, 'none', 4),
  nBits([1], 100, 33, 4, 32, 'packed', 4),
  nBits([2, 3], 128, 17, 4, 16, 'packed', 4),
  nBits([9], 256, 40, 4, 128, 'none', 4),
  nBits([37], 96, 40, 4, 32, 'packed', 4),
  nBits([7], 64, 37, 8, 32, 'none', 4),
  nBits([2], 64, 5, 8, 64, 'packed', 4),
])

test.each([
  [2 ** 16, 4],
  [2 ** 17, 1],
])('a block of %i has products of bytes only where 32 bits hold their sums', (size, level) => {
  const graph = importCase(nBits([1], size, 1, 8, size, 'none', 4))
  const made = graph.nodes.find(({ operator }) => operator === 'om.MatMulBits')
  expect(made?.int('accuracy_level', 0)).toBe(level)
})

const gathered = (
  label: string,
  data: Tensor,
  scales: number[],
  zeros: Tensor | undefined,
  attributes: Compared['attributes'],
): Compared => ({
  label,
  op: 'GatherBlockQuantized',
  domain,
  inputs: [data, t('int64', [1, -1, 2, 0], [2, 2]), noise(scales), zeros],
  attributes: { block_size: 32n, ...attributes },
  constants: [0, 2, 3],
  opset: 21,
})

describeAgainst('GatherBlockQuantized', [
  gathered('int4', codes('int4', [5, 64]), [5, 2], undefined, {}),
  gathered('uint4 with zero points', codes('uint4', [5, 64]), [5, 2], codes('uint4', [5, 2], 3), {}),
  gathered('uint4 without', codes('uint4', [5, 64]), [5, 2], undefined, {}),
  gathered('bytes of two codes', codes('uint8', [5, 32]), [5, 2], undefined, { bits: 4n }),
  gathered('bytes of two codes, zero points', codes('uint8', [5, 48]), [5, 3], codes('uint8', [5, 2], 3), { bits: 4n }),
  gathered('bytes of four codes', codes('uint8', [5, 16]), [5, 2], undefined, { bits: 2n }),
  gathered('bytes', codes('uint8', [5, 64]), [5, 2], undefined, { bits: 8n }),
  gathered('bytes with zero points', codes('uint8', [5, 64]), [5, 2], codes('uint8', [5, 2], 3), { bits: 8n }),
  gathered('a last block that is short', codes('int4', [5, 70]), [5, 3], undefined, {}),
  gathered('blocks before what is gathered', codes('uint4', [64, 6]), [2, 6], codes('uint4', [2, 6], 3), {
    gather_axis: 1n,
    quantize_axis: 0n,
  }),
  gathered('blocks along what is gathered', codes('int4', [5, 64]), [5, 2], undefined, { gather_axis: 1n }),
  gathered('an axis between', codes('int4', [3, 5, 64]), [3, 5, 4], undefined, {
    gather_axis: 1n,
    quantize_axis: -1n,
    block_size: 16n,
  }),
])

const ways = { W: codes('int8', [1, 5, 16], 1), R: codes('int8', [1, 4, 16], 2) }
const vector = (n: number, from: number): Tensor =>
  f32(
    Array.from({ length: n }, (_, i) => from + i / 4000),
    [1, n],
  )
/** `bias` and the parameters of W and R: scale, zero point. */
const lstm = (
  label: string,
  bias: Tensor | undefined,
  [wScale, wZero]: readonly [Tensor, Tensor],
  [rScale, rZero]: readonly [Tensor, Tensor],
  attributes: Compared['attributes'] = {},
): Compared => ({
  label,
  op: 'DynamicQuantizeLSTM',
  domain,
  inputs: [
    noise([6, 2, 5]),
    ways.W,
    ways.R,
    bias,
    ...Array<undefined>(4).fill(undefined),
    wScale,
    wZero,
    rScale,
    rZero,
  ],
  attributes: { hidden_size: 4n, ...attributes },
  constants: [1, 2, 8, 9, 10, 11],
  outputs: 3,
  tolerance: 0.02,
  onlyStatic: true,
})
const zeros = t('int8', Array(16).fill(0), [1, 16])
describeAgainst('DynamicQuantizeLSTM', [
  lstm('per direction', noise([1, 32], 4), [f32([0.006]), t('int8', [0])], [f32([0.005]), t('int8', [0])]),
  lstm('per column', undefined, [vector(16, 0.005), zeros], [vector(16, 0.004), zeros], { direction: 'reverse' }),
])

describeAgainst('QAttention', [
  {
    label: 'a mask of lengths',
    op: 'QAttention',
    domain,
    inputs: [
      codes('uint8', [2, 5, 12]),
      codes('int8', [12, 36], 2),
      noise([36], 3),
      scale(0.02),
      scale(0.01),
      i32([5, 3]),
      t('uint8', [128], []),
      t('int8', [0], []),
    ],
    attributes: { num_heads: 3n },
    constants: [1, 2, 3, 4, 6, 7],
    onlyStatic: true,
  },
  {
    label: 'unidirectional, with what was before, scales per column',
    op: 'QAttention',
    domain,
    inputs: [
      codes('uint8', [1, 4, 8]),
      codes('uint8', [8, 24], 2),
      noise([24], 3),
      scale(0.02),
      f32(Array.from({ length: 24 }, (_, i) => 0.01 + i / 3000)),
      undefined,
      t('uint8', [128], []),
      t('uint8', Array(24).fill(128)),
      noise([2, 1, 2, 3, 4], 8),
    ],
    attributes: { num_heads: 2n, unidirectional: 1n },
    outputs: 2,
    onlyStatic: true,
  },
])

describeAgainst('QEmbedLayerNormalization', [
  {
    label: 'with segments and a mask',
    op: 'QEmbedLayerNormalization',
    domain,
    inputs: [
      i32([1, 5, 2, 0, 3, 3], [2, 3]),
      i32([0, 0, 1, 0, 1, 1], [2, 3]),
      codes('uint8', [7, 8], 1),
      codes('uint8', [4, 8], 2),
      codes('uint8', [2, 8], 3),
      codes('uint8', [8], 4),
      codes('uint8', [8], 5),
      i32([1, 1, 0, 1, 1, 1], [2, 3]),
      ...[0.02, 0.01, 0.03, 0.01, 0.015].map(scale),
      ...[128, 100, 130, 20, 128].map((value) => t('uint8', [value], [])),
    ],
    outputs: 2,
    constants: [2, 3, 4, 5, 6],
    tolerance: 1e-4,
  },
])

// onnxruntime has no kernel for it on CPUs.
test('QLinearReduceMean', async () => {
  const inputs = [
    t('uint8', [10, 20, 30, 40], [2, 2]),
    scale(0.5),
    t('uint8', [4], []),
    scale(0.25),
    t('uint8', [3], []),
  ]
  const attributes = { axes: [1n], keepdims: 1n }
  const [y] = await runCase({ op: 'QLinearReduceMean', domain, inputs, attributes })
  expect(y).toEqual({ type: 'uint8', dims: [2, 1], values: [25, 65] })
})

test('what is not as the operators say is refused', async () => {
  const bad = (
    change: (inputs: (Tensor | undefined)[]) => unknown,
    attributes: Compared['attributes'] = {},
  ): Compared => {
    const good = nBits([1], 64, 10, 4, 32, 'none')
    const inputs = [...good.inputs]
    change(inputs)
    return { ...good, inputs, attributes: { ...good.attributes, ...attributes } }
  }
  const refused: readonly (readonly [Compared, string])[] = [
    [bad(() => undefined, { bits: 3n }), 'MODEL_ATTRIBUTE'],
    [bad(() => undefined, { block_size: 20n }), 'MODEL_ATTRIBUTE'],
    [bad((inputs) => (inputs[1] = t('uint8', [1, 2]))), 'MODEL_SHAPE'],
    [bad((inputs) => (inputs[3] = t('float16', [1], [1]))), 'MODEL_SHAPE'],
    [bad((inputs) => inputs.push(undefined, i32([0]))), 'UNSUPPORTED_INPUT'],
    [
      {
        label: '',
        op: 'QLinearConcat',
        domain,
        inputs: [scale(1), zero('uint8', 0), codes('uint8', [2])],
        attributes: { axis: 0n },
      },
      'MODEL_MISSING_INPUT',
    ],
  ]
  for (const [one, code] of refused) expect(() => importCase(one)).toThrow(expect.objectContaining({ code }))
  const counted = bad((inputs) => (inputs[2] = f32(Array(19).fill(1))))
  await expect(runCase({ ...counted, constants: [], dynamic: true })).rejects.toThrow(/scales has not as many elements/)
})
