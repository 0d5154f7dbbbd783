import { describe, expect, it } from 'vitest'
import { type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apart, apartOfLargest, comparedBothWays, sessionsOf, textOf, wave } from './sessions.ts'

// What Concat joins is made where its result is. Against onnxruntime, with sizes that are known and with those that only the run
// knows; and how many inputs of Concat are copied all the same, by the C.

const runtime = onnxruntime()

/** Inputs that are copied by what is left of Concats of floats. */
function copies(source: ModelSource): number {
  const text = textOf(source)
  const kernels = [...text.matchAll(/^OM_KERNEL void (concat_\d+)\([^)]*float[^]*?^}/gm)]
  return kernels.reduce((sum, [body, name]) => {
    const calls = text.split(`${name}(`).length - 2
    return sum + calls * (body.split('memcpy(').length - 1)
  }, 0)
}

const weights: Record<string, Tensor> = {}
/** A convolution from so many channels to others, whose weights are among `weights`. */
function conv(x: string, y: string, from: number, to: number, size = 1, group = 1): NodeSource {
  const name = `w${from}x${to}x${size}x${group}`
  weights[name] ??= wave([to, from / group, size, size], 0.3 + from * 0.01)
  const pad = BigInt((size - 1) / 2)
  return node('Conv', [x, name], [y], { pads: [pad, pad, pad, pad], group: BigInt(group) })
}

const channels = { axis: 1n }
const half = { kernel_shape: [2n, 2n], strides: [2n, 2n] }
const same = { kernel_shape: [3n, 3n], pads: [1n, 1n, 1n, 1n] }

interface Case {
  readonly nodes: readonly NodeSource[]
  /** Inputs of Concat that are copied. */
  readonly copied?: number
  /** Where only the run knows sizes; default: the same. */
  readonly copiedInRun?: number
  readonly more?: Readonly<Record<string, Tensor>>
  readonly outputs?: readonly string[]
}

/** A U-Net of two levels: what goes across is pooled, too; what comes from below is resized to its size. */
function unet(attributes: NodeSource['attributes']): NodeSource[] {
  return [
    conv('x', 'a', 3, 16, 3),
    node('Relu', ['a'], ['across']),
    node('MaxPool', ['across'], ['small'], half),
    conv('small', 'below', 16, 24, 3),
    node('Shape', ['below'], ['given'], { start: 0n, end: 2n }),
    node('Shape', ['across'], ['sides'], { start: 2n, end: 4n }),
    node('Concat', ['given', 'sides'], ['sizes'], { axis: 0n }),
    node('Resize', ['below', '', '', 'sizes'], ['up'], attributes),
    node('Concat', ['across', 'up'], ['joined'], channels),
    conv('joined', 'y', 40, 5, 3),
  ]
}

const cases: Readonly<Record<string, Case>> = {
  'a U-Net, interpolated': { nodes: unet({ mode: 'linear' }) },
  'a U-Net, cubic': { nodes: unet({ mode: 'cubic' }) },
  'a U-Net, smoothed': { nodes: unet({ mode: 'linear', antialias: 1n }) },
  'a U-Net of nearest pixels': { nodes: unet({ mode: 'nearest', coordinate_transformation_mode: 'asymmetric' }) },
  'activations, sums with what lies in the result, depthwise convolutions': {
    nodes: [
      conv('x', 'c', 3, 20, 3),
      node('Sigmoid', ['c'], ['a']),
      conv('a', 'd', 20, 20, 3, 20),
      node('Add', ['d', 'a'], ['b']),
      conv('b', 'e', 20, 20),
      node('Add', ['e', 'b'], ['sum']),
      node('Relu', ['sum'], ['r']),
      node('Concat', ['a', 'r', 'b'], ['joined'], channels),
      conv('joined', 'y', 60, 4),
    ],
  },
  'pools of one tensor, beside it': {
    nodes: [
      conv('x', 'a', 3, 9),
      node('MaxPool', ['a'], ['p'], same),
      node('AveragePool', ['a'], ['q'], same),
      node('Concat', ['a', 'p', 'q'], ['joined'], channels),
      conv('joined', 'y', 27, 4, 3),
    ],
  },
  'dense blocks: what is joined is joined again': {
    nodes: [
      conv('x', 'a', 3, 16, 3),
      conv('a', 'b', 16, 8, 3),
      node('Concat', ['a', 'b'], ['ab'], channels),
      node('Sigmoid', ['ab'], ['sab']),
      conv('sab', 'c', 24, 8, 3),
      node('Concat', ['ab', 'c'], ['abc'], channels),
      node('Tanh', ['abc'], ['tabc']),
      conv('tabc', 'd', 32, 8),
      node('Concat', ['abc', 'd'], ['abcd'], channels),
      conv('abcd', 'y', 40, 3),
    ],
  },
  'one is in two results, and twice in one': {
    nodes: [
      conv('x', 'a', 3, 16),
      conv('x', 'b', 3, 8, 3),
      node('Concat', ['a', 'b'], ['ab'], channels),
      node('Concat', ['b', 'a', 'a'], ['baa'], channels),
      conv('ab', 'y', 24, 4),
      conv('baa', 'z', 40, 4),
    ],
    outputs: ['y', 'z'],
    copied: 3,
  },
  'what the caller gets, and few channels, are copied': {
    nodes: [
      conv('x', 'a', 3, 16),
      conv('x', 'few', 3, 5),
      conv('x', 'b', 3, 8),
      node('Concat', ['a', 'few', 'b'], ['joined'], channels),
      conv('joined', 'y', 29, 4),
      node('Transpose', ['a'], ['t'], { perm: [0n, 2n, 3n, 1n] }),
    ],
    outputs: ['y', 't'],
    copied: 2,
  },
  'products of tokens, through another shape': {
    nodes: [
      node('MatMul', ['x', 'm'], ['p']),
      node('Neg', ['p'], ['n']),
      node('Reshape', ['n', 'flat'], ['r']),
      node('Exp', ['x'], ['e']),
      node('MatMul', ['e', 'm'], ['q']),
      node('Reshape', ['q', 'flat'], ['t']),
      node('Cos', ['t'], ['u']),
      node('Concat', ['r', 'u'], ['joined'], { axis: 2n }),
      node('Tanh', ['joined'], ['y']),
    ],
    more: { m: wave([6, 48], 0.7), flat: tensorFrom('int64', [3], [0, -1, 48]) },
  },
  'one behind the other': {
    nodes: [
      node('Transpose', ['x'], ['t'], { perm: [3n, 2n, 1n, 0n] }),
      node('Neg', ['t'], ['n']),
      node('Softmax', ['t'], ['s']),
      node('ReduceMax', ['s', 'last'], ['r'], { keepdims: 0n }),
      node('Concat', ['n', 's', 't'], ['joined'], { axis: 0n }),
      node('Tanh', ['joined'], ['y']),
    ],
    more: { last: tensorFrom('int64', [1], [3]) },
    outputs: ['y', 'r'],
    copiedInRun: 3,
  },
}

function sourceOf({ nodes, more = {}, outputs = ['y'] }: Case, dims: readonly (number | string)[]): ModelSource {
  const used = new Set(nodes.flatMap(({ inputs }) => inputs))
  return {
    opsets: { '': 20 },
    inputs: { x: tensorType('float32', dims) },
    outputs: Object.fromEntries(outputs.map((name) => [name, undefined])),
    initializers: Object.fromEntries(Object.entries({ ...weights, ...more }).filter(([name]) => used.has(name))),
    nodes,
  }
}

describe('inputs of Concat that are made where they belong', () => {
  it.each(Object.entries(cases))('%s', async (_, one) => {
    const { copied = 0, copiedInRun = copied } = one
    const [open, known] = [sourceOf(one, ['n', 3, 'h', 6]), sourceOf(one, [2, 3, 10, 6])]
    expect(copies(known)).toBe(copied)
    expect(copies(open)).toBe(copiedInRun)
    if (!runtime) return
    const shapes = [
      [2, 3, 10, 6],
      [1, 3, 4, 6],
      [3, 3, 34, 6],
    ]
    for (const [what, difference] of await comparedBothWays(runtime, { open, known }, shapes, apartOfLargest))
      expect(difference, what).toBeLessThan(1e-5)
  })

  // The room of an output is smaller than that of what it lies in.
  it.each(['Relu', 'Softmax', 'Neg'])('a part that is an output in another shape, by %s', async (op) => {
    if (!runtime) return
    const nodes = [
      node(op, ['x'], ['part']),
      node('Reshape', ['part', 'lines'], ['y']),
      node('Tanh', ['x'], ['other']),
      node('Concat', ['part', 'other', 'other'], ['joined'], channels),
      node('Sqrt', ['joined'], ['r']),
    ]
    const more = { lines: tensorFrom('int64', [3], [0, 3, -1]) }
    for (const outputs of [
      ['y', 'joined'],
      ['joined', 'y'],
      ['r', 'y'],
      ['y', 'r', 'part'],
    ]) {
      const { ours, theirs } = await sessionsOf(runtime, sourceOf({ nodes, more, outputs }, [1, 3, 10, 6]), 3)
      const feeds = { x: wave([1, 3, 10, 6], 0.13) }
      const [given, expected] = [ours(feeds), await theirs(feeds)]
      for (const name of outputs) expect(apart(given[name]!, expected[name]!), name).toBeLessThan(1e-6)
    }
  })
})
