import { describe, expect, it } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { comparedBothWays, textOf, wave } from './sessions.ts'

// Parts of images that are channels last, against onnxruntime, with sizes that are known and with those that only the run knows;
// and what the C still turns, splits and copies.

const runtime = onnxruntime()
const list = (...values: number[]): Tensor => tensorFrom('int64', [values.length], values.map(BigInt))
const conv = (x: string, w: string, y: string): NodeSource => node('Conv', [x, w], [y])
const channels = { axis: 1n }

const weights: Record<string, Tensor> = {
  most: wave([5, 63, 1, 1], 0.8),
  short: tensorFrom('int32', [1], [1]),
  long: tensorFrom('int32', [1], [2 ** 31 - 1]),
  first: wave([32, 3, 1, 1], 0.3),
  half: wave([16, 16, 1, 1], 0.4),
  third: wave([8, 8, 1, 1], 0.6),
  wide: wave([5, 48, 1, 1], 0.5),
  all: wave([5, 32, 1, 1], 0.7),
  parts: list(8, 8, 16),
  even: list(16, 16),
  zero: list(0),
  one: list(1),
  two: list(2),
  three: list(3),
  minus: list(-1),
  sixteen: list(16),
  last: list(-2, -1),
  ones: list(1, 1),
  back: list(-1, -1),
  far: tensorFrom('int64', [1], [2n ** 62n]),
}

interface Case {
  readonly nodes: readonly NodeSource[]
  readonly turns: number
  /** Pieces that are copied: of Split, Slice and Concat. */
  readonly copied: number
  readonly outputs?: readonly string[]
}

const cases: Readonly<Record<string, Case>> = {
  'a block of YOLOv8: two halves, what one becomes, all of them joined': {
    nodes: [
      conv('x', 'first', 'a'),
      node('Split', ['a', 'even'], ['l', 'r'], channels),
      conv('r', 'half', 'c'),
      node('Concat', ['l', 'r', 'c'], ['joined'], channels),
      conv('joined', 'wide', 'y'),
    ],
    turns: 2,
    copied: 1,
  },
  'joined the other way round': {
    nodes: [
      conv('x', 'first', 'a'),
      node('Split', ['a', 'even'], ['l', 'r'], channels),
      node('Concat', ['r', 'l'], ['joined'], channels),
      conv('joined', 'all', 'y'),
    ],
    turns: 2,
    copied: 2,
  },
  'three parts, from the end on, one of them unused': {
    nodes: [
      conv('x', 'first', 'a'),
      node('Split', ['a', 'parts'], ['p', 'q', 'r'], { axis: -3n }),
      conv('p', 'third', 'c'),
      conv('r', 'half', 'd'),
      node('Concat', ['c', 'd', 'c'], ['joined'], channels),
      conv('joined', 'all', 'y'),
    ],
    turns: 2,
    copied: 3,
  },
  'channels by Slice, in steps': {
    nodes: [
      conv('x', 'first', 'a'),
      node('Slice', ['a', 'zero', 'far', 'one', 'two'], ['even channels']),
      node('Slice', ['a', 'sixteen', 'far', 'one'], ['later']),
      conv('even channels', 'half', 'b'),
      conv('later', 'half', 'c'),
      node('Concat', ['b', 'c'], ['joined'], channels),
      conv('joined', 'all', 'y'),
    ],
    turns: 2,
    copied: 2,
  },
  'a frame less, as U-Nets without pads crop': {
    nodes: [
      conv('x', 'first', 'a'),
      node('Relu', ['a'], ['b']),
      node('Slice', ['b', 'ones', 'back', 'last'], ['c']),
      conv('c', 'all', 'y'),
    ],
    turns: 2,
    copied: 1,
  },
  'parts that are asked for': {
    nodes: [conv('x', 'first', 'a'), node('Split', ['a', 'even'], ['y', 'z'], channels)],
    turns: 3,
    copied: 2,
    outputs: ['y', 'z'],
  },
  'lists of int32': {
    nodes: [
      conv('x', 'first', 'a'),
      node('Slice', ['a', 'short', 'long', 'short'], ['b']),
      node('Concat', ['b', 'a'], ['joined'], channels),
      conv('joined', 'most', 'y'),
    ],
    turns: 2,
    copied: 1,
  },
  'over the batch': {
    nodes: [conv('x', 'first', 'a'), node('Slice', ['a', 'minus', 'far', 'zero'], ['b']), conv('b', 'all', 'y')],
    turns: 2,
    copied: 1,
  },
}

function sourceOf({ nodes, outputs = ['y'] }: Case, dims: readonly (number | string)[]): ModelSource {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs))
  return {
    opsets: { '': 20 },
    inputs: { x: tensorType('float32', dims) },
    outputs: Object.fromEntries(outputs.map((name) => [name, undefined])),
    initializers: Object.fromEntries(Object.entries(weights).filter(([name]) => used.has(name))),
    nodes,
  }
}

function left(source: ModelSource): { turns: number; copied: number } {
  const text = textOf(source)
  const calls = (name: string): number => text.split(`${name}(`).length - 2
  let copied = 0
  for (const [body, name] of text.matchAll(/^OM_KERNEL void ((?:split|slice|concat)_\d+)\([^)]*float[^]*?^}/gm))
    copied += calls(name!) * (body.split(/om_copy_box\(|memcpy\(/).length - 1)
  const turns = [...text.matchAll(/^OM_KERNEL void (transpose_\d+)\(/gm)].reduce(
    (sum, [, name]) => sum + calls(name!),
    0,
  )
  return { turns, copied }
}

describe('parts of images', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const [open, known] = [sourceOf(one, ['n', 3, 'h', 'w']), sourceOf(one, [2, 3, 7, 6])]
    for (const source of [open, known]) expect(left(source)).toMatchObject({ turns: one.turns, copied: one.copied })
    if (!runtime) return
    const shapes = [
      [2, 3, 7, 6],
      [1, 3, 3, 4],
      [3, 3, 9, 33],
    ]
    for (const [what, difference] of await comparedBothWays(runtime, { open, known }, shapes))
      expect(difference, what).toBeLessThan(2e-5)
  })
})
