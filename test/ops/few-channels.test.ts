import { describe, expect, it } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { node } from '../graph/models.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { compileModel } from './harness.ts'
import { apartOfLargest, comparedBothWays, wave } from './sessions.ts'

// Convolutions of few channels, whose windows are read where they overlap in a line (native/kernels/conv-lines.h): against
// onnxruntime, with sizes that are known and with those that only the run knows.

interface Case {
  readonly filters: number
  readonly kernel: readonly [number, number]
  readonly attributes?: NodeSource['attributes']
  readonly after?: NodeSource['op']
}

/** Of each kind of panel and tile: a part of a vector, half of one, whole ones, several, and a rest. */
const cases: readonly Case[] = [
  { filters: 8, kernel: [5, 5], attributes: { pads: [2n, 2n, 2n, 2n] }, after: 'Relu' },
  { filters: 16, kernel: [3, 3], attributes: { strides: [2n, 2n], pads: [0n, 0n, 1n, 1n] } },
  { filters: 3, kernel: [2, 7], attributes: { strides: [1n, 3n], auto_pad: 'SAME_UPPER' }, after: 'Tanh' },
  { filters: 24, kernel: [3, 2], attributes: { dilations: [2n, 1n], pads: [3n, 1n, 0n, 2n] }, after: 'LeakyRelu' },
  { filters: 37, kernel: [1, 3], attributes: { pads: [0n, 4n, 0n, 4n] } },
  { filters: 64, kernel: [4, 4], attributes: { strides: [3n, 1n], auto_pad: 'SAME_LOWER' }, after: 'Relu' },
  { filters: 12, kernel: [3, 3], attributes: { dilations: [1n, 2n] } }, // gathered: taps lie apart
]

function source(channels: number, shape: readonly (string | number)[]): ModelSource {
  const initializers: Record<string, Tensor> = {}
  const outputs: string[] = []
  const nodes = cases.flatMap(({ filters, kernel, attributes = {}, after }, i) => {
    initializers[`w${i}`] = wave([filters, channels, ...kernel], 0.37 + i)
    initializers[`b${i}`] = wave([filters], 0.7)
    outputs.push(`y${i}`)
    const conv = node('Conv', ['x', `w${i}`, `b${i}`], [after ? `c${i}` : `y${i}`], attributes)
    return after ? [conv, node(after, [`c${i}`], [`y${i}`])] : [conv]
  })
  const open = tensorType('float32', ['n', 'f', 'rows', 'columns'])
  return {
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [...shape]) },
    outputs: Object.fromEntries(outputs.map((name) => [name, open])),
    initializers,
    nodes,
  }
}

const runtime = onnxruntime()

describe.skipIf(!runtime)('convolutions of few channels', () => {
  it.each([1, 3, 4])('%i', async (channels) => {
    const sizes = [
      [1, channels, 28, 28],
      [2, channels, 11, 45],
      [1, channels, 9, 14],
      [3, channels, 6, 5],
    ]
    const models = { open: source(channels, ['n', channels, 'h', 'w']), known: source(channels, sizes[0]!) }
    const found = await comparedBothWays(runtime!, models, sizes, apartOfLargest)
    expect(found.length).toBe(cases.length * (sizes.length + 1))
    expect(found.filter(([, difference]) => !(difference < 3e-6))).toEqual([])
  })
})

it('has pads that make a line longer than 32 bits can count', async () => {
  const padded: ModelSource = {
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [1, 1, 1, 100]) },
    outputs: { y: tensorType('float32', [1, 3, 1, 'columns']) },
    initializers: { w: wave([3, 1, 128, 2], 0.37) },
    nodes: [node('Conv', ['x', 'w'], ['y'], { strides: [1n, 64n], pads: [127n, 0n, 0n, 16777344n] })],
  }
  const x = { data: Float32Array.from({ length: 100 }, (_, i) => Math.sin(i)), dims: [1, 1, 1, 100] }
  const [ours, theirs] = await Promise.all(
    ['wasm', 'host'].map(async (target) =>
      (await compileModel(padded, 3, { target: resolveTarget(target) })).runSync({ x }),
    ),
  )
  expect(ours!['y']!.dims).toEqual([1, 3, 1, 262148])
  const [given, wanted] = [ours!['y']!.data, theirs!['y']!.data] as [Float32Array, Float32Array]
  expect(given.findIndex((value, i) => !(Math.abs(value - wanted[i]!) < 1e-5))).toBe(-1)
})
