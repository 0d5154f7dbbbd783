import { describe, expect, it } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apartOfLargest, random, sessionsOf, textOf, wave } from './sessions.ts'

// Zeros around what a convolution reads are pads of its own, and other pads go channels last: against onnxruntime, with sizes
// that are known and with those that only the run knows; and what the C still pads and turns.

const runtime = onnxruntime()
const list = (...values: number[]): Tensor => tensorFrom('int64', [values.length], values.map(BigInt))

interface Case {
  readonly nodes: readonly NodeSource[]
  readonly more?: Readonly<Record<string, Tensor>>
  readonly opset?: number
  readonly rank?: number
  /** Pads and transposes that are left. */
  readonly pads: number
  readonly turns?: number
}

const weights = { w: wave([6, 3, 3, 3], 0.37), v: wave([4, 6, 1, 1], 0.7), l: wave([5, 3, 4], 0.3) }
const zero = tensorFrom('float32', [], [0])
const conv = (x: string, attributes: NodeSource['attributes'] = {}): NodeSource =>
  node('Conv', [x, 'w'], ['y'], { strides: [2n, 2n], ...attributes })

/** Both axes of `up` to the sizes of `skip`, as PyTorch exports `F.pad(up, [x // 2, x - x // 2, y // 2, y - y // 2])`. */
const toSizesOf = (skip: string, up: string): NodeSource[] => [
  node('Shape', [skip], ['wanted'], { start: 2n }),
  node('Shape', [up], ['given'], { start: 2n }),
  node('Sub', ['wanted', 'given'], ['missing']),
  node('Split', ['missing'], ['down', 'across'], { num_outputs: 2n }),
  node('Div', ['across', 'two'], ['left']),
  node('Sub', ['across', 'left'], ['right']),
  node('Div', ['down', 'two'], ['top']),
  node('Sub', ['down', 'top'], ['bottom']),
  node('Concat', ['left', 'right', 'top', 'bottom', 'nothing'], ['from behind'], { axis: 0n }),
  node('Reshape', ['from behind', 'pairs'], ['matrix']),
  node('Slice', ['matrix', 'end', 'start', 'first', 'back'], ['from the front']),
  node('Transpose', ['from the front'], ['turned'], { perm: [1n, 0n] }),
  node('Reshape', ['turned', 'all'], ['pads']),
  node('Pad', [up, 'pads'], ['padded']),
]
const ofPads = {
  two: list(2),
  nothing: list(0, 0, 0, 0),
  pairs: list(-1, 2),
  end: list(-1),
  start: tensorFrom('int64', [1], [-(2n ** 63n) + 1n]),
  first: list(0),
  back: list(-1),
  all: list(-1),
}

const cases: Readonly<Record<string, Case>> = {
  'more on one side, as Keras pads before a stride': {
    nodes: [node('Pad', ['x', 'p'], ['a']), conv('a')],
    more: { p: list(0, 0, 0, 0, 0, 0, 1, 1) },
    pads: 0,
  },
  'on top of its own': {
    nodes: [node('Pad', ['x', 'p', 'zero'], ['a']), conv('a', { pads: [1n, 0n, 2n, 1n] })],
    more: { p: list(0, 0, 1, 2, 0, 0, 0, 3), zero },
    pads: 0,
  },
  'an attribute, and none of its own': {
    nodes: [node('Pad', ['x'], ['a'], { pads: [0n, 0n, 1n, 1n, 0n, 0n, 1n, 1n] }), conv('a', { auto_pad: 'VALID' })],
    opset: 10,
    pads: 0,
  },
  'two convolutions of it, and a line': {
    nodes: [
      node('Pad', ['x', 'p'], ['a']),
      node('Conv', ['a', 'l'], ['b'], { dilations: [2n] }),
      node('Conv', ['a', 'l'], ['c'], { strides: [2n] }),
      node('Concat', ['b', 'c'], ['y'], { axis: 2n }),
    ],
    more: { p: list(0, 0, 2, 0, 0, 1) },
    rank: 3,
    pads: 0,
  },
  ones: {
    nodes: [node('Pad', ['x', 'p', 'one'], ['a']), conv('a')],
    more: { p: list(0, 0, 1, 1, 0, 0, 1, 1), one: tensorFrom('float32', [], [1]) },
    pads: 1,
  },
  'what is reflected': {
    nodes: [node('Pad', ['x', 'p'], ['a'], { mode: 'reflect' }), conv('a')],
    more: { p: list(0, 0, 1, 1, 0, 0, 1, 1) },
    pads: 1,
  },
  'what is cropped': {
    nodes: [node('Pad', ['x', 'p'], ['a']), conv('a')],
    more: { p: list(0, 0, -1, 1, 0, 0, 1, 1) },
    pads: 1,
  },
  'channels of zeros': {
    nodes: [node('Slice', ['x', 'none', 'two', 'one'], ['s']), node('Pad', ['s', 'p'], ['a']), conv('a')],
    more: { p: list(0, 1, 1, 1, 0, 0, 1, 1), none: list(0), two: list(2), one: list(1) },
    pads: 1,
  },
  'in front of pads that follow from sizes': {
    nodes: [node('Pad', ['x', 'p'], ['a']), conv('a', { auto_pad: 'SAME_UPPER' })],
    more: { p: list(0, 0, 1, 1, 0, 0, 2, 1) },
    pads: 1,
  },
  'between convolutions, edges': {
    nodes: [
      node('Conv', ['x', 'w'], ['a']),
      node('Pad', ['a', 'p'], ['b'], { mode: 'edge' }),
      node('Relu', ['b'], ['c']),
      node('Conv', ['c', 'v'], ['y']),
    ],
    more: { p: list(0, 0, 1, 2, 0, 0, 0, 1) },
    pads: 1,
    turns: 2,
  },
  'to the sizes of something else': {
    nodes: [
      node('Conv', ['x', 'w'], ['skip'], { pads: [1n, 1n, 1n, 1n] }),
      node('MaxPool', ['skip'], ['half'], { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
      node('ConvTranspose', ['half', 'u'], ['up'], { strides: [2n, 2n] }),
      ...toSizesOf('skip', 'up'),
      node('Concat', ['skip', 'padded'], ['joined'], { axis: 1n }),
      node('Conv', ['joined', 'e'], ['y']),
    ],
    more: { ...ofPads, u: wave([6, 8, 2, 2], 0.2), e: wave([3, 14, 1, 1], 0.9) },
    pads: 1,
    turns: 2,
  },
  'cropped to them': {
    nodes: [
      node('MaxPool', ['x'], ['skip'], { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
      node('Conv', ['x', 'w'], ['up'], { pads: [1n, 1n, 1n, 1n] }),
      ...toSizesOf('skip', 'up'),
      node('Concat', ['skip', 'padded'], ['joined'], { axis: 1n }),
      node('Conv', ['joined', 'e'], ['y']),
    ],
    more: { ...ofPads, e: wave([3, 9, 1, 1], 0.9) },
    pads: 1,
    // The input is turned for each of the two that read it.
    turns: 3,
  },
}

function sourceOf({ nodes, more = {}, opset = 20 }: Case, dims: readonly (number | string)[]): ModelSource {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs))
  const all = Object.entries({ ...weights, ...more }).filter(([name]) => used.has(name))
  return {
    opsets: { '': opset },
    inputs: { x: tensorType('float32', dims) },
    outputs: { y: undefined },
    initializers: Object.fromEntries(all),
    nodes,
  }
}

/** Of images and their like; integers are not counted. */
function left(source: ModelSource): { pads: number; turns: number } {
  const text = textOf(source)
  const calls = (name: string): number =>
    text.match(new RegExp(`^ .*\\b${name}_\\d+\\(.*\\(const float`, 'gm'))?.length ?? 0
  return { pads: calls('pad'), turns: calls('transpose') }
}

async function expectEqual(source: ModelSource, inputs: readonly (readonly number[])[]): Promise<void> {
  if (!runtime) return
  const { ours, theirs } = await sessionsOf(runtime, source, 3)
  for (const dims of inputs) {
    const feeds = { x: wave(dims, 0.13) }
    const [given, expected] = [ours(feeds), await theirs(feeds)]
    expect(apartOfLargest(given['y']!, expected['y']!), dims.join(' x ')).toBeLessThan(1e-5)
  }
}

describe('pads of images', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const axes = (one.rank ?? 4) - 2
    const sizes = (h: number): number[] => Array.from({ length: axes }, (__, axis) => h + 4 * axis)
    const known = sourceOf(one, [2, 3, ...sizes(9)])
    const open = sourceOf(one, ['n', 3, ...sizes(0).map((axis) => `s${axis}`)])
    for (const source of [open, known]) {
      const { pads, turns } = left(source)
      // Where sizes are known, what is padded by nothing is not.
      if (source === open || one.pads === 0) expect(pads).toBe(one.pads)
      if (one.turns !== undefined) expect(turns).toBe(one.turns)
    }
    await expectEqual(known, [[2, 3, ...sizes(9)]])
    await expectEqual(open, [
      [2, 3, ...sizes(9)],
      [1, 3, ...sizes(12)],
      [3, 3, ...sizes(7)],
    ])
  })

  it('of random sides, by any number', async () => {
    const draw = random(7)
    const pick = (low: number, high: number): number => low + Math.floor(((draw() + 1) / 2) * (high - low + 1))
    for (let i = 0; i < 8; i++) {
      const p = list(...Array.from({ length: 8 }, () => pick(-3, 3)))
      const value = tensorFrom('float32', [], [pick(0, 1) / 2])
      const one = { nodes: [node('Pad', ['x', 'p', 'value'], ['y'])], more: { p, value }, pads: 1 }
      await expectEqual(sourceOf(one, i % 2 ? [4, 6, 7, 8] : ['n', 'c', 'h', 'w']), [[4, 6, 7, 8]])
    }
  })
})
