import { describe, expect, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { node, ops } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { f32, t } from './harness.ts'
import { sessionsOf } from './sessions.ts'

// What src/formats/tflite/rounding.ts writes, value + sign(value) · n before QuantizeLinear, becomes part of the product, and
// gives what onnxruntime gives node by node: all codes, as scales are powers of two, so that every value is exact and many of
// them lie on ties or one step of a sum beside.

interface Case {
  readonly product: 'Conv' | 'depthwise' | 'Gemm' | 'MatMul'
  readonly type: 'uint8' | 'int8'
  readonly perChannel: boolean
  readonly limit?: 'Relu' | 'Clip'
  /** n, in units of the result. */
  readonly nudges?: readonly number[]
}

const CHANNELS = 21

function model({ product, type, perChannel, limit, nudges = [0.97 / 4, 0.97 / 8, 0.97 / 64] }: Case): ModelSource {
  const isConv = product === 'Conv' || product === 'depthwise'
  const width = product === 'depthwise' ? CHANNELS : 6
  const dims = { Conv: [CHANNELS, width, 3, 3], depthwise: [CHANNELS, 1, 3, 3], Gemm: [width, CHANNELS], MatMul: [width, CHANNELS] }[product] // prettier-ignore
  const count = dims.reduce((n, dim) => n * dim, 1)
  const scales = Array.from({ length: perChannel ? CHANNELS : 1 }, (_, i) => 2 ** -(4 + (i % 4)))
  const zero = type === 'uint8' ? 7 : -121
  const steps = Array.from({ length: perChannel ? CHANNELS : 1 }, (_, i) => nudges[i % nudges.length]! * 0.5)
  const behind = isConv ? [1, 1] : []
  const initializers: Record<string, Tensor> = {
    x_s: f32([0.25], []),
    x_z: t(type, [zero + 3], []),
    w: t('int8', Array.from({ length: count }, (_, i) => ((i * 71 + (i >> 4)) % 63) - 31), dims), // prettier-ignore
    w_s: perChannel ? f32(scales) : f32(scales, []),
    bias: f32(Array.from({ length: CHANNELS }, (_, i) => (i - 9) * 0.25 * scales[i % scales.length]!)),
    y_s: f32([0.5], []),
    y_z: t(type, [limit === 'Relu' ? (type === 'uint8' ? 0 : -128) : zero], []),
    least: f32([-200], []),
    most: f32([200], []),
    n: perChannel ? f32(steps, [CHANNELS, ...behind]) : f32(steps, []),
  }
  const nodes: NodeSource[] = [
    node('DequantizeLinear', ['x', 'x_s', 'x_z'], ['xd']),
    node('DequantizeLinear', ['w', 'w_s'], ['wd'], perChannel ? { axis: isConv ? 0n : 1n } : {}),
  ]
  if (isConv)
    nodes.push(node('Conv', ['xd', 'wd', 'bias'], ['v'], { group: BigInt(product === 'Conv' ? 1 : CHANNELS) }))
  else if (product === 'Gemm') nodes.push(node('Gemm', ['xd', 'wd', 'bias'], ['v']))
  else nodes.push(node('MatMul', ['xd', 'wd'], ['p']), node('Add', ['p', 'bias'], ['v']))
  nodes.push(node('Sign', ['v'], ['s']), node('Mul', ['s', 'n'], ['sn']), node('Add', ['v', 'sn'], ['moved']))
  if (limit) nodes.push(node(limit, limit === 'Clip' ? ['moved', 'least', 'most'] : ['moved'], ['limited']))
  nodes.push(node('QuantizeLinear', [limit ? 'limited' : 'moved', 'y_s', 'y_z'], ['y']))
  const shape = isConv ? [1, width, 9, 8] : [40, width]
  return { opsets: { '': 17 }, inputs: { x: tensorType(type, shape) }, outputs: { y: undefined }, initializers, nodes }
}

function optimised(source: ModelSource): string[] {
  const identities = new Identities()
  const graph = importModel(decodeModel(modelBytes(source), { path: 'm' }), registry, identities)
  optimize(graph, registry, identities)
  return ops(graph)
}

const products = ['Conv', 'depthwise', 'Gemm', 'MatMul'] as const
const cases: Case[] = products.flatMap((product, i) => [
  { product, type: 'uint8', perChannel: true },
  { product, type: 'int8', perChannel: i % 2 === 0, limit: 'Relu' },
  { product, type: i % 2 ? 'uint8' : 'int8', perChannel: false, limit: 'Clip' },
])

describe('products whose results are rounded as TFLite does', () => {
  test.each(cases)('take it in: $product $type $perChannel $limit', (one) => {
    const left = optimised(model(one))
    expect(left).not.toContain('Sign')
    expect(left).not.toContain('RoundTo')
  })

  test('leave steps that would matter at 0, or that lead towards it', () => {
    for (const nudges of [[0.5], [0.2, 0.7], [-0.1], [NaN]])
      expect(optimised(model({ product: 'Conv', type: 'uint8', perChannel: true, nudges }))).toContain('Sign')
  })

  test('leave limits within the range of the codes', () => {
    const source = model({ product: 'Conv', type: 'uint8', perChannel: true, limit: 'Clip' })
    const narrow = { ...source, initializers: { ...source.initializers, most: f32([3], []) } }
    expect(optimised(narrow)).toContain('Sign')
  })

  const runtime = onnxruntime()
  describe.skipIf(!runtime)('give the codes that onnxruntime gives', () => {
    const beside: Case[] = [
      { product: 'Conv', type: 'uint8', perChannel: true, nudges: [0.5] },
      { product: 'Gemm', type: 'int8', perChannel: true, nudges: [3] },
    ]
    test.each([...cases, ...beside])('$product $type $perChannel $limit $nudges', { timeout: 60_000 }, async (one) => {
      const source = model(one)
      const { ours, theirs } = await sessionsOf(runtime!, source)
      const dims =
        one.product === 'Gemm' || one.product === 'MatMul' ? [40, 6] : [1, one.product === 'Conv' ? 6 : CHANNELS, 9, 8]
      const length = dims.reduce((n, dim) => n * dim, 1)
      for (const seed of [1, 2, 3]) {
        const codes = Array.from(
          { length },
          (_, i) => ((i * i * seed * 13 + i * 7) % 64) + (one.type === 'int8' ? -128 : 0),
        )
        const feeds = { x: t(one.type, codes, dims) }
        const [given, wanted] = [ours(feeds), await theirs(feeds)]
        expect(given['y']).toEqual(wanted['y'])
        // Both ends of the range and what lies between.
        expect(new Set(wanted['y']!.values).size).toBeGreaterThan(30)
      }
    })
  })
})
