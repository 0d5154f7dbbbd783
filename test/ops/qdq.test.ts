import { describe, expect, test } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, type ModelSource, type NodeSource } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { f32 as floats, node, ops } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { noise } from './contrib/against.ts'
import { f32, t } from './harness.ts'
import { apart, sessionsOf } from './sessions.ts'

// Models in QDQ form become products of integers, and give what onnxruntime gives when it does as they say, node by node.

interface Layers {
  readonly initializers: Record<string, Tensor>
  readonly nodes: NodeSource[]
}

/** A float tensor `name` that was quantised and dequantised: with this scale and zero point, as uint8. */
function requantised(layers: Layers, name: string, scale: number, zero: number): string {
  layers.initializers[`${name}_s`] = f32([scale], [])
  layers.initializers[`${name}_z`] = t('uint8', [zero], [])
  const parameters = [`${name}_s`, `${name}_z`]
  layers.nodes.push(node('QuantizeLinear', [name, ...parameters], [`${name}_q`]))
  layers.nodes.push(node('DequantizeLinear', [`${name}_q`, ...parameters], [`${name}_d`]))
  return `${name}_d`
}

/** Weights of 8 bits, dequantised per tensor or along an axis. */
function weights(layers: Layers, name: string, dims: readonly number[], axis: number | undefined): string {
  const count = dims.reduce((n, dim) => n * dim, 1)
  const size = axis === undefined ? 1 : dims[axis]!
  layers.initializers[name] = t(
    'int8',
    Array.from({ length: count }, (_, i) => ((i * 71 + (i >> 4)) % 255) - 127),
    dims,
  )
  layers.initializers[`${name}_s`] =
    axis === undefined ? f32([0.004], []) : f32(Array.from({ length: size }, (_, i) => 0.003 + i / 9000))
  layers.initializers[`${name}_z`] = axis === undefined ? t('int8', [0], []) : t('int8', Array(size).fill(0))
  layers.nodes.push(
    node(
      'DequantizeLinear',
      [name, `${name}_s`, `${name}_z`],
      [`${name}_d`],
      axis === undefined ? {} : { axis: BigInt(axis) },
    ),
  )
  return `${name}_d`
}

/** A bias as quantisers write it: int32 in units of both scales. */
function bias(layers: Layers, name: string, size: number, scales: readonly number[]): string {
  layers.initializers[name] = t(
    'int32',
    Array.from({ length: size }, (_, i) => 37 * i - 200),
  )
  layers.initializers[`${name}_s`] = scales.length === 1 ? f32([...scales], []) : f32(scales)
  layers.initializers[`${name}_z`] =
    scales.length === 1
      ? t('int32', [0], [])
      : t(
          'int32',
          scales.map(() => 0),
        )
  layers.nodes.push(
    node('DequantizeLinear', [name, `${name}_s`, `${name}_z`], [`${name}_d`], scales.length === 1 ? {} : { axis: 0n }),
  )
  return `${name}_d`
}

const empty = (): Layers => ({ initializers: {}, nodes: [] })

function source(layers: Layers, shape: readonly (number | string)[], output: string): ModelSource {
  return { opsets: { '': 17 }, inputs: { x: floats(...shape) }, outputs: { [output]: undefined }, ...layers }
}

/** Two convolutions, Relu between them, a residual, the mean of the channels and a classifier. */
function network(shape: readonly (number | string)[]): ModelSource {
  const layers = empty()
  const x = requantised(layers, 'x', 0.02, 128)
  const conv = weights(layers, 'w1', [7, 3, 3, 3], 0)
  const b1 = bias(
    layers,
    'b1',
    7,
    Array.from({ length: 7 }, (_, i) => 0.02 * Math.fround(0.003 + i / 9000)),
  )
  layers.nodes.push(node('Conv', [x, conv, b1], ['c1'], { pads: [1n, 1n, 1n, 1n] }), node('Relu', ['c1'], ['r1']))
  const r1 = requantised(layers, 'r1', 0.03, 0)
  const deep = weights(layers, 'w2', [7, 1, 3, 3], undefined)
  layers.nodes.push(node('Conv', [r1, deep], ['c2'], { pads: [1n, 1n, 1n, 1n], group: 7n }))
  const c2 = requantised(layers, 'c2', 0.05, 100)
  layers.nodes.push(node('Add', [c2, r1], ['sum']))
  const sum = requantised(layers, 'sum', 0.06, 90)
  layers.nodes.push(node('GlobalAveragePool', [sum], ['mean']))
  const mean = requantised(layers, 'mean', 0.02, 60)
  layers.nodes.push(node('Flatten', [mean], ['flat']))
  const flat = requantised(layers, 'flat', 0.02, 60)
  const w3 = weights(layers, 'w3', [5, 7], 0)
  const b3 = bias(
    layers,
    'b3',
    5,
    Array.from({ length: 5 }, (_, i) => 0.02 * Math.fround(0.003 + i / 9000)),
  )
  layers.nodes.push(node('Gemm', [flat, w3, b3], ['y0'], { transB: 1n }))
  return source(layers, shape, requantised(layers, 'y0', 0.01, 128))
}

/** A product of two tensors that are computed, as in attention, and one with weights that were turned. */
function products(shape: readonly (number | string)[]): ModelSource {
  const layers = empty()
  const x = requantised(layers, 'x', 0.02, 120)
  layers.nodes.push(node('Transpose', [x], ['turned'], { perm: [0n, 2n, 1n] }))
  const turned = requantised(layers, 'turned', 0.02, 120)
  layers.nodes.push(node('MatMul', [x, turned], ['scores']))
  const scores = requantised(layers, 'scores', 0.2, 120)
  const w = weights(layers, 'w', [9, 4], 0)
  layers.nodes.push(node('Transpose', [w], ['wt'], { perm: [1n, 0n] }), node('MatMul', [scores, 'wt'], ['y']))
  return source(layers, shape, 'y')
}

function optimised(model: ModelSource): string[] {
  const identities = new Identities()
  const graph = importModel(decodeModel(modelBytes(model), { path: 'm' }), registry, identities)
  optimize(graph, registry, identities)
  return ops(graph).filter((op) => !['Refined', 'Check'].includes(op))
}

describe('QDQ', () => {
  test('of a network leaves products of integers, which take in what stands behind them', () => {
    const left = optimised(network([1, 3, 8, 9])).filter((op) => !['Reshape', 'Flatten', 'Transpose'].includes(op))
    const [quantise, dequantise] = [['Div', 'RoundTo'], 'Dequantize']
    const first = [...quantise, 'ConvIntegers', dequantise, 'ConvIntegers', dequantise, 'Add', ...quantise, dequantise]
    expect(left).toEqual([...first, 'GlobalAveragePool2d', ...quantise, 'MatMulIntegers', dequantise])
  })

  test('of products of what is computed, and of weights that were turned', () => {
    const left = optimised(products([2, 4, 6]))
    expect(left.filter((op) => op.startsWith('MatMul'))).toEqual(['MatMulIntegers', 'MatMulIntegers'])
    expect(left).not.toContain('Dequantize')
  })

  test('that is none stays: a float times weights that were quantised', () => {
    const layers = empty()
    const w = weights(layers, 'w', [6, 4], 1)
    layers.nodes.push(node('MatMul', ['x', w], ['y']))
    expect(optimised(source(layers, [3, 6], 'y'))).toEqual(['MatMul'])
  })

  const runtime = onnxruntime()
  describe.skipIf(!runtime)('gives what onnxruntime gives', () => {
    test.each([
      ['a network', network, [2, 3, 8, 9], ['n', 3, 'h', 'w'], 0.0101],
      ['a network of known sizes', network, [1, 3, 8, 9], [1, 3, 8, 9], 0.0101],
      ['products', products, [2, 4, 6], ['n', 4, 6], 0.21],
      ['products of known sizes', products, [2, 4, 6], [2, 4, 6], 0.21],
    ] as const)('%s', { timeout: 60_000 }, async (_label, model, dims, shape, step) => {
      const { ours, theirs } = await sessionsOf(runtime!, model(shape))
      for (const seed of [1, 2, 3]) {
        const feeds = { x: noise(dims, seed, { scale: 2 }) }
        const [given, wanted] = [ours(feeds), await theirs(feeds)]
        for (const [name, value] of Object.entries(wanted)) {
          expect(given[name]!.dims).toEqual(value.dims)
          // A code that is one off at a tie moves what comes behind it by a step or less.
          expect(apart(given[name]!, value)).toBeLessThanOrEqual(2 * step)
        }
      }
    })
  })
})
