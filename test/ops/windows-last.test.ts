import { describe, expect, it } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apartOfLargest, random, sessionsOf, textOf, wave } from './sessions.ts'

// Transposed convolutions, channels last, against onnxruntime: with sizes that are known and with those that only the run knows,
// alone and between convolutions; and which ones stay as they are.

const runtime = onnxruntime()

interface Case {
  readonly attributes?: NodeSource['attributes']
  /** [channels, filters, …kernel] */
  readonly weights: readonly number[]
  readonly bias?: true
  /** Its output is `y`; more nodes end in `z`. */
  readonly behind?: readonly NodeSource[]
  readonly more?: Readonly<Record<string, Tensor>>
  readonly planes?: true
}

const twice = { strides: [2n, 2n] }
const cases: Readonly<Record<string, Case>> = {
  'twice as wide and high': { attributes: twice, weights: [5, 16, 2, 2], bias: true },
  'windows that overlap': { attributes: { ...twice, pads: [1n, 1n, 1n, 1n] }, weights: [4, 9, 4, 4], bias: true },
  'uneven pads and output padding': {
    attributes: { ...twice, pads: [1n, 0n, 0n, 1n], output_padding: [1n, 1n] },
    weights: [6, 8, 3, 3],
  },
  'pixels that no window has': { attributes: { strides: [4n, 3n] }, weights: [3, 8, 2, 1], bias: true },
  'and none has a bias': { attributes: { strides: [4n, 3n], output_padding: [1n, 2n] }, weights: [3, 8, 2, 1] },
  'dilated, beyond the stride': { attributes: { ...twice, dilations: [2n, 3n] }, weights: [3, 20, 3, 2], bias: true },
  'of one size with its input': { attributes: { pads: [1n, 1n, 1n, 1n] }, weights: [7, 33, 3, 3] },
  SAME_UPPER: { attributes: { ...twice, auto_pad: 'SAME_UPPER' }, weights: [4, 8, 3, 3] },
  SAME_LOWER: { attributes: { strides: [2n, 3n], auto_pad: 'SAME_LOWER' }, weights: [4, 8, 4, 4], bias: true },
  'a line': { attributes: { strides: [4n], pads: [2n, 2n] }, weights: [6, 12, 8], bias: true },
  'a line, padded': { attributes: { strides: [3n], output_padding: [2n], dilations: [2n] }, weights: [6, 12, 3] },
  'in front of a Concat, whose memory is its own': {
    attributes: twice,
    weights: [5, 16, 2, 2],
    bias: true,
    behind: [
      node('Conv', ['y', 'c'], ['d'], { pads: [1n, 1n, 1n, 1n] }),
      node('Concat', ['d', 'y'], ['joined'], { axis: 1n }),
      node('Conv', ['joined', 'e'], ['z']),
    ],
    more: { c: wave([6, 16, 3, 3], 0.4), e: wave([3, 22, 1, 1], 0.7) },
  },
  'before a line goes on': {
    attributes: { strides: [2n] },
    weights: [6, 8, 4],
    behind: [node('LeakyRelu', ['y'], ['r']), node('Conv', ['r', 'c'], ['z'], { pads: [1n, 1n] })],
    more: { c: wave([4, 8, 3], 0.4) },
  },
  'few filters': { attributes: twice, weights: [5, 7, 2, 2], planes: true },
  groups: { attributes: { ...twice, group: 2n }, weights: [4, 8, 2, 2], planes: true },
  'over three axes': { weights: [2, 8, 2, 1, 2], planes: true },
}

function sourceOf(one: Case, dims: readonly (number | string)[]): ModelSource {
  const { attributes = {}, weights, bias, behind = [], more = {} } = one
  const taps = weights.slice(2).reduce((product, size) => product * size, weights[0]!)
  return {
    opsets: { '': 20 },
    inputs: { x: tensorType('float32', dims) },
    outputs: { [behind.length > 0 ? 'z' : 'y']: undefined },
    initializers: { ...more, w: wave(weights, 0.3 + 1 / taps), ...(bias && { b: wave([weights[1]!], 0.9) }) },
    nodes: [node('ConvTranspose', ['x', 'w', ...(bias ? ['b'] : [])], ['y'], attributes), ...behind],
  }
}

const isLast = (source: ModelSource): boolean => textOf(source).includes('om_add_windows_f32(')

async function expectEqual(source: ModelSource, inputs: readonly (readonly number[])[]): Promise<void> {
  if (!runtime) return
  const { ours, theirs } = await sessionsOf(runtime, source, 3)
  for (const dims of inputs) {
    const feeds = { x: wave(dims, 0.13) }
    const [given, expected] = [ours(feeds), await theirs(feeds)]
    for (const [name, result] of Object.entries(given))
      expect(apartOfLargest(result, expected[name]!), `${name} of ${dims.join(' x ')}`).toBeLessThan(1e-5)
  }
}

describe('transposed convolutions', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const [channels, axes] = [one.weights[0]!, one.weights.length - 2]
    const sizes = (h: number): number[] => Array.from({ length: axes }, (__, axis) => h + axis)
    const [open, known] = [
      sourceOf(one, ['n', channels, ...sizes(0).map((axis) => `s${axis}`)]),
      sourceOf(one, [2, channels, ...sizes(5)]),
    ]
    expect(isLast(open)).toBe(!one.planes)
    expect(isLast(known)).toBe(!one.planes)
    await expectEqual(known, [[2, channels, ...sizes(5)]])
    await expectEqual(open, [
      [2, channels, ...sizes(5)],
      [1, channels, ...sizes(1)],
      [3, channels, ...sizes(9)],
    ])
  })

  it('of random shapes', async () => {
    const draw = random(20261128)
    const pick = (low: number, high: number): number => low + Math.floor(((draw() + 1) / 2) * (high - low + 1))
    for (let i = 0; i < 12; i++) {
      const pair = (low: number, high: number): bigint[] => [0, 1].map(() => BigInt(pick(low, high)))
      const [kernel, strides, dilations] = [pair(1, 5), pair(1, 4), pair(1, 3)]
      const reach = kernel.map((size, axis) => (size - 1n) * dilations[axis]!)
      const pads = [...reach, ...reach].map((most) => BigInt(pick(0, Number(most))))
      const output_padding = strides.map((stride) => BigInt(pick(0, Number(stride) - 1)))
      const weights = [pick(1, 20), pick(8, 40), ...kernel.map(Number)]
      const one: Case = {
        attributes: { strides, dilations, pads, output_padding },
        weights,
        ...(pick(0, 1) && { bias: true }),
      }
      const dims = [pick(1, 3), weights[0]!, pick(5, 9), pick(5, 20)]
      await expectEqual(sourceOf(one, i % 2 ? dims : ['n', dims[1]!, 'h', 'w']), [dims])
    }
  })
})
