import { describe, expect, test } from 'vitest'
import { close, f32, importCase, runCases } from '../harness.ts'
import { type Compared, describeAgainst, i32, noise } from './against.ts'

const domain = 'com.microsoft'

const wide = noise([2, 3, 8], 3, { scale: 4 })
const activations: Compared[] = [
  { label: 'float32', op: 'Gelu', domain, inputs: [wide] },
  { label: 'with its bias', op: 'BiasGelu', domain, inputs: [wide, noise([8])] },
  { label: 'without a bias', op: 'FastGelu', domain, inputs: [wide] },
  { label: 'with a bias', op: 'FastGelu', domain, inputs: [wide, noise([8])] },
  { label: 'by default', op: 'QuickGelu', domain, inputs: [wide] },
  { label: 'as SiLU', op: 'QuickGelu', domain, inputs: [wide], attributes: { alpha: { kind: 'float', value: 1 } } },
]
describeAgainst('activations', activations)

const matrices: Compared[] = [0, 1, 2, 3].flatMap((bits): Compared[] => {
  const [transA, transB] = [bits & 1, bits >> 1]
  const a = transA ? [5, 3] : [3, 5]
  const b = transB ? [4, 5] : [5, 4]
  const attributes = { transA: BigInt(transA), transB: BigInt(transB), alpha: 0.5 }
  const label = `transA ${transA}, transB ${transB}`
  const of = (more: string, x: number[], y: number[], rest: Partial<Compared> = {}): Compared => ({
    label: `${label}, ${more}`,
    op: 'FusedMatMul',
    domain,
    inputs: [noise(x, 1), noise(y, 2)],
    attributes,
    ...rest,
  })
  return [
    of('matrices', a, b),
    of('constant weights', a, b, { constants: [1] }),
    of('a stack against a matrix', [2, ...a], b),
    of('a stack against constant weights', [2, ...a], b, { constants: [1] }),
    of('a matrix against a stack', a, [2, ...b]),
    of('stacks that broadcast', [2, 1, ...a], [3, ...b]),
    of('transBatchA', [a[0]!, 2, a[1]!], [2, ...b], { attributes: { ...attributes, transBatchA: 1n } }),
    of('transBatchB', [2, ...a], [b[0]!, 2, b[1]!], { attributes: { ...attributes, transBatchB: 1n } }),
  ]
})
describeAgainst('FusedMatMul', [
  ...matrices,
  { label: 'vectors', op: 'FusedMatMul', domain, inputs: [noise([4]), noise([4, 3])] },
  { label: 'plain', op: 'TransposeMatMul', domain, inputs: [noise([3, 4]), noise([4, 3])] },
])

const image = noise([1, 4, 6, 6], 5)
const filters = noise([6, 4, 3, 3], 6)
const fused = (activation: string, params: readonly number[] = [], more: Partial<Compared> = {}): Compared => ({
  label: activation,
  op: 'FusedConv',
  domain,
  inputs: [image, filters, noise([6])],
  constants: [1, 2],
  attributes: {
    activation,
    pads: [1n, 1n, 1n, 1n],
    kernel_shape: [3n, 3n],
    ...(params.length > 0 && { activation_params: { kind: 'floats', value: params } }),
  },
  ...more,
})
describeAgainst('FusedConv', [
  fused('Relu'),
  fused('Tanh'),
  fused('Sigmoid'),
  fused('LeakyRelu', [0.1]),
  fused('Clip', [-0.5, 0.75]),
  fused('HardSigmoid', [0.3, 0.4]),
  fused('Relu', [], {
    label: 'Relu of a sum',
    inputs: [image, filters, noise([6]), noise([1, 6, 6, 6], 9)],
    constants: [1, 2],
  }),
  fused('Relu', [], { label: 'weights that come with the run', constants: [] }),
  {
    label: 'one axis, groups',
    op: 'FusedConv',
    domain,
    inputs: [noise([2, 4, 9]), noise([6, 2, 3])],
    constants: [1],
    attributes: { activation: 'Relu', group: 2n, strides: [2n], dilations: [2n] },
  },
])

const gemm = (activation: string, more: Compared['attributes'] = {}): Compared => ({
  label: activation,
  op: 'FusedGemm',
  domain,
  inputs: [noise([3, 5]), noise([4, 5], 2), noise([4], 3)],
  constants: [1, 2],
  attributes: { activation, transB: 1n, alpha: 0.5, ...more },
})
describeAgainst('FusedGemm', [
  gemm('Relu'),
  gemm('Tanh'),
  gemm('Sigmoid'),
  gemm('LeakyRelu', { activation_alpha: 0.125 }),
  gemm('Elu', { activation_alpha: 0.5 }),
  gemm('HardSigmoid', { activation_alpha: 0.25, activation_beta: 0.5 }),
])

describe('fused operators', () => {
  test('give what can be told by hand', async () => {
    const [product, sum] = await runCases([
      {
        op: 'FusedMatMul',
        domain,
        inputs: [f32([1, 2, 3, 4], [2, 2]), f32([1, 1, 0, 2], [2, 2])],
        attributes: { transA: 1n, alpha: 0.5 },
      },
      { op: 'BiasAdd', domain, inputs: [f32([1, 2], [1, 1, 2]), f32([10, 20]), f32([100, 200], [1, 1, 2])] },
    ])
    expect(product![0]!.values).toEqual([0.5, 3.5, 1, 5])
    expect(sum![0]!.values).toEqual([111, 222])
  })

  test('GemmFastGelu and BiasSplitGelu, which onnxruntime has for GPUs only', async () => {
    const tanhGelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))
    const [product, split] = await runCases([
      { op: 'GemmFastGelu', domain, inputs: [f32([1, 2], [1, 2]), f32([1, -1, 0.5, 0.25], [2, 2]), f32([0.5, 0])] },
      { op: 'BiasSplitGelu', domain, inputs: [f32([1, 2, 0, -1], [1, 1, 4]), f32([1, 1, 0, 1])] },
    ])
    expect(close(product![0]!.values, [tanhGelu(2.5), tanhGelu(-0.5)], 1e-5)).toBe(true)
    expect(split![0]!.values).toEqual([0, 0])
  })

  test.each([
    ['an activation that is none', fused('Twirl'), 'activation "Twirl" is not one of'],
    ['an activation that objects have', fused('constructor'), 'activation "constructor" is not one of'],
    ['such an activation of a product', gemm('toString'), 'activation "toString" is not one of'],
    [
      'a sum of another shape',
      fused('Relu', [], { inputs: [image, filters, noise([6]), noise([1, 6, 1, 6])] }),
      'the convolution gives',
    ],
    ['a bias of another size', { op: 'BiasGelu', domain, inputs: [wide, noise([7])] }, 'axis 0 of input B'],
    ['matrices that do not fit', { op: 'FusedMatMul', domain, inputs: [noise([2, 3]), noise([2, 3])] }, 'MatMul'],
    ['integers', { op: 'Gelu', domain, inputs: [i32([1])] }, 'int32'],
  ])('refuse %s', (_what, one, message) => {
    expect(() => importCase(one)).toThrow(message)
  })
})
