import { describe, expect, test } from 'vitest'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { registry } from '../../src/ops/index.ts'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { f32 as floats, node, ops } from '../graph/models.ts'
import { type Compared, describeAgainst, noise } from './contrib/against.ts'
import { compileModel, f32, t } from './harness.ts'

// Products of 8-bit integers against onnxruntime: any number of channels, groups, types and zero points. Sums are equal;
// what is quantised anew may be one step off.

const ONE_STEP = { tolerance: 1.01 / 127 }
const EXACT = { tolerance: 0 }

/** Every code of the type, its ends among them. */
function codes(type: 'uint8' | 'int8', dims: readonly number[], seed: number): Tensor {
  const count = dims.reduce((n, dim) => n * dim, 1)
  const low = type === 'int8' ? -128 : 0
  return t(
    type,
    Array.from({ length: count }, (_, i) => low + ((i * 131 + seed * 17 + Math.floor(i / 7)) % 256)),
    dims,
  )
}

const bytes: readonly (readonly ['uint8' | 'int8', 'uint8' | 'int8'])[] = [
  ['uint8', 'uint8'],
  ['uint8', 'int8'],
  ['int8', 'int8'],
]

describeAgainst('MatMulInteger', [
  ...bytes.flatMap(([a, b]): Compared[] =>
    [1, 5, 17, 48, 130].flatMap((columns): Compared[] => [
      {
        label: `${a} x ${b}, ${columns} columns`,
        op: 'MatMulInteger',
        inputs: [codes(a, [7, 37], 1), codes(b, [37, columns], 2), t(a, [9], []), t(b, [3], [])],
        constants: [1, 3],
        ...EXACT,
      },
      {
        label: `${a} x ${b}, ${columns} columns with zero points of their own, computed`,
        op: 'MatMulInteger',
        inputs: [codes(a, [1, 70], 3), codes(b, [70, columns], 4), t(a, [100], []), codes(b, [columns], 5)],
        ...EXACT,
      },
    ]),
  ),
  {
    label: 'stacks of matrices',
    op: 'MatMulInteger',
    inputs: [codes('uint8', [2, 3, 5, 9], 1), codes('int8', [3, 9, 4], 2), t('uint8', [128], [])],
    ...EXACT,
  },
  {
    label: 'no zero points',
    op: 'MatMulInteger',
    inputs: [codes('uint8', [2, 6], 1), codes('uint8', [6, 2], 2)],
    ...EXACT,
  },
])

interface Convolution {
  readonly label: string
  readonly x: readonly number[]
  readonly filters: number
  readonly kernel: readonly number[]
  readonly attributes?: Readonly<Record<string, bigint | readonly bigint[]>>
}

const convolutions: readonly Convolution[] = [
  { label: '3 to 5', x: [1, 3, 9, 8], filters: 5, kernel: [3, 3] },
  { label: '70 to 33, padded', x: [2, 70, 6, 7], filters: 33, kernel: [3, 3], attributes: { pads: [1n, 1n, 1n, 1n] } },
  { label: 'pointwise, 512 to 24', x: [1, 512, 3, 3], filters: 24, kernel: [1, 1] },
  {
    label: 'stride and dilation',
    x: [1, 4, 11, 12],
    filters: 9,
    kernel: [3, 2],
    attributes: { strides: [2n, 1n], dilations: [2n, 3n], pads: [2n, 0n, 1n, 3n] },
  },
  { label: 'groups', x: [1, 12, 5, 5], filters: 18, kernel: [3, 3], attributes: { group: 3n, pads: [1n, 1n, 1n, 1n] } },
  {
    label: 'depthwise',
    x: [1, 21, 8, 8],
    filters: 21,
    kernel: [3, 3],
    attributes: { group: 21n, pads: [1n, 1n, 0n, 0n] },
  },
  { label: 'depthwise, two filters each', x: [1, 6, 5, 5], filters: 12, kernel: [3, 3], attributes: { group: 6n } },
  { label: 'lines', x: [2, 5, 30], filters: 7, kernel: [4], attributes: { pads: [2n, 1n] } },
  { label: 'volumes', x: [1, 3, 4, 5, 6], filters: 4, kernel: [2, 3, 2] },
]

const channelsOf = ({ x, attributes }: Convolution): number => x[1]! / Number(attributes?.['group'] ?? 1n)

describeAgainst(
  'ConvInteger',
  convolutions.flatMap((one): Compared[] =>
    (['uint8', 'int8'] as const).map((type) => ({
      label: `${one.label}, ${type} weights`,
      op: 'ConvInteger',
      inputs: [
        codes('uint8', one.x, 1),
        codes(type, [one.filters, channelsOf(one), ...one.kernel], 2),
        t('uint8', [77], []),
        t(type, [type === 'int8' ? 0 : 130], []),
      ],
      constants: [1, 3],
      ...(one.attributes && { attributes: one.attributes }),
      ...EXACT,
    })),
  ),
)

describeAgainst(
  'QLinearConv',
  convolutions.flatMap((one): Compared[] =>
    bytes.map(([x, w]) => ({
      label: `${one.label}, ${x} x ${w}`,
      op: 'QLinearConv',
      inputs: [
        codes(x, one.x, 3),
        f32([0.02], []),
        t(x, [5], []),
        codes(w, [one.filters, channelsOf(one), ...one.kernel], 4),
        w === 'int8' ? f32(Array.from({ length: one.filters }, (_, i) => 0.01 + i / 4000)) : f32([0.015], []),
        w === 'int8' ? t(w, Array(one.filters).fill(0)) : t(w, [120], []),
        f32([0.9], []),
        t(x, [7], []),
        t(
          'int32',
          Array.from({ length: one.filters }, (_, i) => 900 * i - 4000),
        ),
      ],
      constants: [1, 2, 3, 4, 5, 6, 7, 8],
      ...(one.attributes && { attributes: one.attributes }),
      ...ONE_STEP,
    })),
  ),
)

describeAgainst(
  'QLinearMatMul',
  bytes.flatMap(([a, b]): Compared[] => {
    const inputs = (columns: number, each: boolean): Tensor[] => [
      codes(a, [2, 9, 50], 6),
      f32([0.01], []),
      t(a, [3], []),
      codes(b, [50, columns], 7),
      each ? f32(Array.from({ length: columns }, (_, i) => 0.02 + i / 900)) : f32([0.02], []),
      each ? codes(b, [columns], 1) : t(b, [4], []),
      f32([0.8], []),
      t(a, [11], []),
    ]
    const label = `${a} x ${b}`
    return [
      { label, op: 'QLinearMatMul', inputs: inputs(40, false), constants: [1, 2, 3, 4, 5, 6, 7], ...ONE_STEP },
      { label: `${label}, per column`, op: 'QLinearMatMul', inputs: inputs(19, true), constants: [4, 5], ...ONE_STEP },
    ]
  }),
)

describeAgainst('DynamicQuantizeLinear', [
  { label: 'both signs', op: 'DynamicQuantizeLinear', inputs: [noise([5, 37], 1, { scale: 9 })], outputs: 3 },
  { label: 'one sign', op: 'DynamicQuantizeLinear', inputs: [f32([3, 0.5, 7, 2])], outputs: 3 },
])

/** What a quantiser writes for x·w + bias: dynamically quantised, then a product of integers, its scale and a bias. */
function dynamicallyQuantised(shape: readonly (number | string)[], conv: boolean): ModelSource {
  const weights = conv ? codes('int8', [6, 3, 3, 3], 2) : codes('int8', [5, 6], 2)
  return {
    opsets: { '': 17 },
    inputs: { x: floats(...shape) },
    outputs: { y: undefined },
    initializers: {
      w: weights,
      ws: tensorFrom('float32', [], [0.02]),
      wz: tensorFrom('int8', [], [0]),
      bias: tensorFrom('float32', conv ? [1, 6, 1, 1] : [6], [1, 2, 3, 4, 5, 6]),
    },
    nodes: [
      node('DynamicQuantizeLinear', ['x'], ['q', 'scale', 'zero']),
      node(conv ? 'ConvInteger' : 'MatMulInteger', ['q', 'w', 'zero', 'wz'], ['sums']),
      node('Cast', ['sums'], ['real'], { to: 1n }),
      node('Mul', ['scale', 'ws'], ['both']),
      node('Mul', ['real', 'both'], ['scaled']),
      node('Add', ['scaled', 'bias'], ['y']),
    ],
  }
}

describe('what stands behind a product of integers', () => {
  test.each([true, false])('goes into it: its scale, its bias (convolution: %s)', (conv) => {
    const model = decodeModel(modelBytes(dynamicallyQuantised(conv ? ['n', 3, 8, 8] : ['n', 5], conv)), { path: 'm' })
    const identities = new Identities()
    const graph = importModel(model, registry, identities)
    optimize(graph, registry, identities)
    expect(ops(graph).filter((op) => !['Transpose', 'Refined', 'Check'].includes(op))).toEqual([
      'RangeWithZero',
      'Sub',
      'Div',
      'Equal',
      'Where',
      'Neg',
      'Div',
      'RoundTo',
      'Div',
      'Cast',
      'RoundTo',
      'Mul',
      conv ? 'ConvIntegers' : 'MatMulIntegers',
    ])
  })

  test('and gives what it gave', async () => {
    const model = await compileModel(dynamicallyQuantised(['n', 5], false))
    const x = noise([3, 5], 4, { scale: 2 })
    const { y } = model.runSync({ x: { data: new Float32Array(x.data.buffer), dims: [3, 5] } })
    const values = [...new Float32Array(x.data.buffer)]
    const [low, high] = [Math.min(0, ...values), Math.max(0, ...values)]
    const scale = Math.fround((Math.fround(high) - Math.fround(low)) / 255)
    const w = codes('int8', [5, 6], 2)
    const weights = [...new Int8Array(w.data.buffer)]
    const type: ElementType = y!.type
    expect(type).toBe('float32')
    const zero = Math.round(-low / scale)
    const quantised = values.map((value) => Math.round(value / scale) + zero - zero)
    const expected = Array.from({ length: 18 }, (_, i) => {
      const [row, column] = [Math.floor(i / 6), i % 6]
      let sum = 0
      for (let k = 0; k < 5; k++) sum += quantised[row * 5 + k]! * weights[k * 6 + column]!
      return sum * scale * 0.02 + column + 1
    })
    expect([...(y!.data as Float32Array)].every((value, i) => Math.abs(value - expected[i]!) < 1e-3)).toBe(true)
  })
})

describe('a bias behind a product of integers that is quantised', () => {
  /** x [2, 3] · w [3, 4], sums times `scale`, plus the bias, in codes of `unit`. */
  const quantised = (scale: number, unit: number, bias: readonly number[]): ModelSource => ({
    opsets: { '': 17 },
    inputs: { x: tensorType('uint8', [2, 3]) },
    outputs: { y: undefined },
    initializers: {
      w: t('int8', [1, -1, 2, 0, 3, 1, -2, 1, 0, 1, 1, -1], [3, 4]),
      scale: f32([scale], []),
      bias: f32(bias),
      unit: f32([unit], []),
      zero: t('uint8', [100], []),
    },
    nodes: [
      node('MatMulInteger', ['x', 'w'], ['sums']),
      node('Cast', ['sums'], ['floats'], { to: 1n }),
      node('Mul', ['floats', 'scale'], ['scaled']),
      node('Add', ['scaled', 'bias'], ['sum']),
      node('QuantizeLinear', ['sum', 'unit', 'zero'], ['y']),
    ],
  })
  const x = [1, 2, 3, 0, 1, 0]
  const sums = [7, 4, 1, -1, 3, 1, -2, 1]

  // [scale, unit, bias in units of the sums]; fractions that float32 has: no result is rounded but to its code.
  test.each([
    [1, 0.125, [0.375, -0.25, 2.125, -0.5]],
    [4, 1, [0.25, 0.5, -0.75, 8.25]],
    [1, 0.125, [3, -2, 0, 5]],
  ] as const)('is not rounded where a unit of the sums is %s and a code %s', async (scale, unit, bias) => {
    const given = bias.map((one) => one * scale)
    const model = await compileModel(quantised(scale, unit, given), 3)
    const { y } = model.runSync({ x: { data: Uint8Array.from(x), dims: [2, 3] } })
    expect([...(y!.data as Uint8Array)]).toEqual(sums.map((sum, i) => 100 + ((sum + bias[i % 4]!) * scale) / unit))
  })

  test('becomes one of the sums where it is whole, or what is lost is little of a code', () => {
    const left = (scale: number, unit: number, bias: readonly number[]): readonly string[] => {
      const model = decodeModel(modelBytes(quantised(scale, unit, bias)), { path: 'm.onnx' })
      const identities = new Identities()
      const graph = importModel(model, registry, identities)
      optimize(graph, registry, identities)
      return ops(graph)
    }
    expect(left(0.1, 0.05, [0.3, -0.7, 0.1, 12.8].map(Math.fround))).toEqual(['MatMulIntegers'])
    expect(left(0.001, 0.1, [0.0123, 0.4567, -0.0005, 0])).toEqual(['MatMulIntegers'])
    for (const bias of [
      [0.13, 0, 0, 0],
      [NaN, 0, 0, 0],
      [1e20, 0, 0, 0],
    ])
      expect(left(0.1, 0.05, bias).length).toBeGreaterThan(1)
  })
})
