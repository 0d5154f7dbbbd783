import { describe, expect, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, type ModelSource, type NodeSource } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { node, ops } from '../graph/models.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, t } from './harness.ts'
import { apart, random, sessionsOf } from './sessions.ts'

// Transposed convolutions of quantised images are convolutions of integers, and give the codes that onnxruntime gives, which
// computes floats. Scales are powers of two, so that these are exact.

interface Case {
  readonly x: readonly number[]
  /** [channels, filters, …kernel] */
  readonly w: readonly number[]
  readonly strides: readonly number[]
  readonly pads?: readonly number[]
  readonly extra?: readonly number[]
  readonly shape?: readonly number[]
  readonly auto?: string
  readonly type?: 'uint8' | 'int8'
  readonly per?: 'filter'
  readonly bias?: boolean
  readonly limit?: 'Relu' | 'Clip'
  readonly group?: number
  readonly dilation?: number
  /** The batch is known in a run only. */
  readonly open?: boolean
}

/** Codes of a seed. */
function codes(type: 'uint8' | 'int8', dims: readonly number[], seed: number): Tensor {
  const next = random(seed)
  const least = type === 'int8' ? -128 : 0
  return t(type, Array.from({ length: dims.reduce((a, b) => a * b, 1) }, () => least + Math.floor((next() + 1) * 128)), dims) // prettier-ignore
}

function model({ x, w, type = 'uint8', per, limit, ...rest }: Case): ModelSource {
  const filters = w[1]! * (rest.group ?? 1)
  const powers = Array.from({ length: w[1]! }, (_, i) => 2 ** -(6 + (i % 3)))
  const zeros = Array.from({ length: w[1]! }, (_, i) => (type === 'uint8' ? 120 + (i % 5) : 0))
  const initializers: Record<string, Tensor> = {
    w: codes(type, w, 77),
    ws: per ? f32(powers) : f32([2 ** -7], []),
    wz: per ? t(type, zeros) : t(type, [type === 'uint8' ? 131 : 0], []),
    s: f32([2 ** -4], []),
    z: t(type, [type === 'uint8' ? 119 : -7], []),
    ys: f32([2 ** -1], []),
    yz: t(type, [limit === 'Relu' ? 0 : type === 'uint8' ? 101 : 13], []),
    low: f32([-3], []),
    high: f32([9.25], []),
    b: f32(Array.from({ length: filters }, (_, i) => (i - 2) * 2 ** -3)),
  }
  const attributes = {
    strides: rest.strides.map(BigInt),
    ...(rest.pads && { pads: rest.pads.map(BigInt) }),
    ...(rest.extra && { output_padding: rest.extra.map(BigInt) }),
    ...(rest.shape && { output_shape: rest.shape.map(BigInt) }),
    ...(rest.auto && { auto_pad: rest.auto }),
    ...(rest.group && { group: BigInt(rest.group) }),
    ...(rest.dilation && { dilations: rest.strides.map(() => BigInt(rest.dilation!)) }),
  }
  const nodes: NodeSource[] = [
    node('DequantizeLinear', ['x', 's', 'z'], ['xd']),
    node('DequantizeLinear', ['w', 'ws', 'wz'], ['wd'], { axis: 1n }),
    node('ConvTranspose', ['xd', 'wd', ...(rest.bias ? ['b'] : [])], ['c'], attributes),
    ...(limit ? [node(limit, ['c', ...(limit === 'Clip' ? ['low', 'high'] : [])], ['l'])] : []),
    node('QuantizeLinear', [limit ? 'l' : 'c', 'ys', 'yz'], ['y']),
  ]
  return {
    opsets: { '': 17 },
    inputs: { x: tensorType(type, rest.open ? ['n', ...x.slice(1)] : [...x]) },
    outputs: { y: undefined },
    initializers,
    nodes,
  }
}

function optimised(source: ModelSource): string[] {
  const identities = new Identities()
  const graph = importModel(decodeModel(modelBytes(source), { path: 'm' }), registry, identities)
  optimize(graph, registry, identities)
  return ops(graph)
}

const INTEGERS: readonly (readonly [string, Case])[] = [
  ['windows side by side', { x: [1, 5, 4, 3], w: [5, 3, 2, 2], strides: [2, 2], bias: true }],
  ['SAME of TensorFlow', { x: [1, 4, 5, 5], w: [4, 6, 3, 3], strides: [2, 2], pads: [0, 0, 1, 1], type: 'int8', per: 'filter' }], // prettier-ignore
  ['PyTorch’s kernel of 4', { x: [2, 3, 4, 5], w: [3, 2, 4, 4], strides: [2, 2], pads: [1, 1, 1, 1], bias: true, limit: 'Relu' }], // prettier-ignore
  ['of 3 with a row more', { x: [1, 7, 3, 4], w: [7, 5, 3, 3], strides: [2, 2], pads: [1, 1, 1, 1], extra: [1, 1], per: 'filter', limit: 'Clip' }], // prettier-ignore
  ['stride 1', { x: [1, 3, 4, 4], w: [3, 4, 3, 3], strides: [1, 1], pads: [1, 1, 1, 1], type: 'int8' }],
  ['unlike strides', { x: [1, 2, 3, 4], w: [2, 3, 5, 3], strides: [3, 2], pads: [2, 0, 1, 1], type: 'int8', bias: true }], // prettier-ignore
  ['windows apart', { x: [1, 3, 3, 3], w: [3, 1, 1, 1], strides: [2, 2], extra: [1, 1], bias: true }],
  ['cut by more than a window', { x: [1, 3, 6, 6], w: [3, 2, 3, 3], strides: [2, 2], pads: [4, 3, 3, 5], per: 'filter' }], // prettier-ignore
  ['a shape', { x: [1, 2, 4, 4], w: [2, 2, 3, 3], strides: [2, 2], shape: [8, 7] }],
  ['auto_pad', { x: [1, 2, 4, 3], w: [2, 2, 3, 3], strides: [2, 2], auto: 'SAME_UPPER', type: 'int8' }],
  ['one axis', { x: [2, 3, 7], w: [3, 4, 4], strides: [2], pads: [1, 1], bias: true, type: 'int8', per: 'filter' }],
  ['three axes', { x: [1, 2, 2, 3, 2], w: [2, 3, 2, 3, 2], strides: [2, 2, 1] }],
  ['any batch', { x: [3, 2, 3, 3], w: [2, 3, 3, 3], strides: [2, 2], pads: [1, 1, 0, 0], open: true, bias: true }],
  ['one pixel', { x: [1, 1, 1, 1], w: [1, 1, 2, 2], strides: [2, 2] }],
  ['one channel of one row', { x: [1, 1, 1, 6], w: [1, 2, 1, 2], strides: [1, 2] }],
]

const FLOATS: readonly (readonly [string, Case])[] = [
  ['groups', { x: [1, 4, 3, 3], w: [4, 2, 2, 2], strides: [2, 2], group: 2 }],
  ['dilations', { x: [1, 2, 4, 4], w: [2, 2, 2, 2], strides: [2, 2], dilation: 2 }],
  ['windows far apart', { x: [1, 2, 3, 3], w: [2, 2, 1, 1], strides: [3, 3] }],
]

describe('transposed convolutions between codes', () => {
  test.each(INTEGERS)('%s: integers alone', (_name, one) => {
    const left = optimised(model(one))
    expect(left).toContain('ConvIntegers')
    // Limits within those of the codes are kept before they are rounded.
    const rounded = one.limit === 'Clip' ? ['Clip', 'Div', 'RoundTo'] : []
    expect(left.filter((op) => /Dequantize|RoundTo|MatMul|AddWindows|Div|Relu|Clip/.test(op))).toEqual(rounded)
  })

  test.each(FLOATS)('%s: floats', (_name, one) => {
    expect(optimised(model(one))).not.toContain('ConvIntegers')
  })

  test('what others use, too, stays floats', () => {
    const source = model(INTEGERS[0]![1])
    expect(optimised({ ...source, outputs: { y: undefined, c: undefined } })).not.toContain('ConvIntegers')
  })

  const runtime = onnxruntime()
  test.skipIf(!runtime).each([...INTEGERS, ...FLOATS])(
    '%s: what onnxruntime gives',
    { timeout: 60_000 },
    async (_name, one) => {
      const { ours, theirs } = await sessionsOf(runtime!, model(one), 3)
      for (const seed of [1, 2, 3]) {
        const feeds = { x: codes(one.type ?? 'uint8', one.x, seed) }
        const wanted = (await theirs(feeds))['y']!
        expect(new Set(wanted.values).size).toBeGreaterThan(1)
        expect(apart(ours(feeds)['y']!, wanted)).toBe(0)
      }
    },
  )
})
