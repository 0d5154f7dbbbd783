import { describe, expect, it } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { modelBytes, type ModelSource, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { OnnxDim } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apart, sessionsOf, wave } from './sessions.ts'

// Networks over one axis, and images that become tokens or whose channels are shuffled, stay channels last. Against onnxruntime, with sizes that only
// the run knows, and with stated ones.

const runtime = onnxruntime()

/** What follows a = Conv(x) up to y, and how many Transposes are left with it. */
type Case = readonly [name: string, transposes: number, nodes: readonly NodeSource[]]
const ints = (...values: number[]) => tensorFrom('int64', [values.length], values)

const initializers = {
  w1: wave([6, 3, 3], 0.37),
  w2: wave([6, 6, 1], 0.53),
  each: wave([6, 1], 0.29),
  bias: wave([6], 0.41),
  along: wave([6, 6], 0.43),
  patch: wave([6, 3, 2, 2], 0.61),
  next: wave([6, 6, 1, 1], 0.47),
  one: ints(1),
  two: ints(2),
  both: ints(1, 2),
  sides: ints(2, 3),
  flat: ints(0, 6, -1),
  image: ints(0, 6, 4, -1),
  other: ints(0, 3, 8, -1),
  groups: ints(0, 2, 3, 4, -1),
  rows: ints(0, 6, 2, 2, -1),
  half: tensorFrom('float32', [], [0.5]),
}

const conv = (x: string, y: string) => node('Conv', [x, 'w2', 'bias'], [y])
const turn = (x: string, y: string, ...perm: bigint[]) => node('Transpose', [x], [y], { perm })

const lines: readonly Case[] = [
  ['Relu and Conv', 2, [node('Relu', ['a'], ['b']), conv('b', 'y')]],
  [
    'arithmetic with constants',
    2,
    [node('Mul', ['a', 'each'], ['b']), node('Add', ['half', 'b'], ['c']), conv('c', 'y')],
  ],
  ['a slope per channel', 2, [node('PRelu', ['a', 'each'], ['b']), conv('b', 'y')]],
  ['a sum of two lines', 2, [conv('a', 'b'), node('Add', ['a', 'b'], ['c']), conv('c', 'y')]],
  ['a sum with what is no line', 2, [node('Add', ['a', 'r'], ['y'])]],
  [
    'Concat of channels',
    2,
    [conv('a', 'b'), node('Concat', ['a', 'b'], ['c'], { axis: 1n }), node('Relu', ['c'], ['y'])],
  ],
  ['Concat along', 2, [conv('a', 'b'), node('Concat', ['a', 'b'], ['c'], { axis: -1n }), conv('c', 'y')]],
  ['Concat of items', 2, [conv('a', 'b'), node('Concat', ['a', 'b'], ['c'], { axis: 0n }), conv('c', 'y')]],
  [
    'MaxPool',
    2,
    [
      node('MaxPool', ['a'], ['b'], { kernel_shape: [3n], strides: [2n], pads: [1n, 0n], ceil_mode: 1n }),
      conv('b', 'y'),
    ],
  ],
  [
    'AveragePool',
    2,
    [node('AveragePool', ['a'], ['b'], { kernel_shape: [2n], pads: [1n, 1n], count_include_pad: 1n }), conv('b', 'y')],
  ],
  [
    'AveragePool without its padding',
    2,
    [node('AveragePool', ['a'], ['b'], { kernel_shape: [3n], auto_pad: 'SAME_LOWER' }), conv('b', 'y')],
  ],
  ['ReduceMax', 1, [node('ReduceMax', ['a', 'two'], ['y'], { keepdims: 0n })]],
  [
    'ReduceMean, kept, that scales',
    2,
    [node('ReduceMean', ['a', 'two'], ['b']), node('Mul', ['a', 'b'], ['c']), conv('c', 'y')],
  ],
  ['ReduceSum over channels', 1, [node('ReduceSum', ['a', 'one'], ['y'], { keepdims: 0n })]],
  [
    'ReduceL2 over channels, kept, that divides',
    2,
    [node('ReduceL2', ['a', 'one'], ['b']), node('Div', ['a', 'b'], ['y'])],
  ],
  ['ReduceMin over both', 1, [node('ReduceMin', ['a', 'both'], ['y'], { keepdims: 0n })]],
  ['ReduceMean over all', 2, [node('ReduceMean', ['a'], ['y'])]],
  ['GlobalAveragePool', 1, [node('GlobalAveragePool', ['a'], ['b']), node('Flatten', ['b'], ['y'])]],
  ['tokens', 1, [turn('a', 'b', 0n, 2n, 1n), node('MatMul', ['b', 'along'], ['y'])]],
  ['a sequence', 2, [turn('a', 'b', 2n, 0n, 1n), node('MatMul', ['b', 'along'], ['y'])]],
  ['Unsqueeze', 2, [node('Unsqueeze', ['a', 'two'], ['b']), node('Relu', ['b'], ['y'])]],
]

/** Images of 4 rows. */
const images: readonly Case[] = [
  [
    'tokens',
    1,
    [node('Reshape', ['a', 'flat'], ['b']), turn('b', 'c', 0n, 2n, 1n), node('MatMul', ['c', 'along'], ['y'])],
  ],
  [
    'tokens that become an image again',
    1,
    [
      node('Reshape', ['a', 'flat'], ['b']),
      turn('b', 'c', 0n, 2n, 1n),
      node('MatMul', ['c', 'along'], ['d']),
      turn('d', 'e', 0n, 2n, 1n),
      node('Reshape', ['e', 'image'], ['f']),
      node('Conv', ['f', 'next'], ['g']),
      node('ReduceMax', ['g', 'sides'], ['y'], { keepdims: 0n }),
    ],
  ],
  [
    'a Reshape that splits channels',
    3,
    [
      node('Reshape', ['a', 'other'], ['b']),
      node('Relu', ['b'], ['c']),
      turn('c', 'd', 0n, 2n, 1n, 3n),
      node('Relu', ['d'], ['y']),
    ],
  ],
  ...[
    ['channels that are shuffled', 2, 'groups'],
    ['rows that are shuffled', 4, 'rows'],
  ].map(([name, transposes, shape]): Case => [
    name as string,
    transposes as number,
    [
      node('Reshape', ['a', shape as string], ['b']),
      turn('b', 'c', 0n, 2n, 1n, 3n, 4n),
      node('Reshape', ['c', 'image'], ['d']),
      node('Conv', ['d', 'next'], ['e']),
      node('ReduceMax', ['e', 'sides'], ['y'], { keepdims: 0n }),
    ],
  ]),
  ['ReduceMean over channels', 1, [node('ReduceMean', ['a', 'one'], ['y'], { keepdims: 0n })]],
  ['ReduceMax, kept', 1, [node('ReduceMax', ['a', 'sides'], ['y'])]],
  ['ReduceMax over columns', 2, [node('ReduceMax', ['a', 'two'], ['y'])]],
]

const first = {
  lines: { dims: ['n', 3, 'l'], nodes: [node('Conv', ['x', 'w1', 'bias'], ['a'], { pads: [1n, 1n] })] },
  images: { dims: ['n', 3, 8, 'w'], nodes: [node('Conv', ['x', 'patch', 'bias'], ['a'], { strides: [2n, 2n] })] },
} satisfies Record<string, { dims: OnnxDim[]; nodes: NodeSource[] }>

/** One model of them all, each with names and a first convolution of its own. */
function modelOf(cases: readonly Case[], before: readonly NodeSource[], dims: readonly OnnxDim[]): ModelSource {
  const named = (name: string, i: number): string =>
    name in initializers || name === 'x' || name === 'r' ? name : `${name}${i}`
  const nodes = cases.flatMap(([, , after], i) =>
    [...before, ...after].map((one) => ({
      ...one,
      inputs: one.inputs?.map((name) => named(name, i)),
      outputs: one.outputs.map((name) => named(name, i)),
    })),
  )
  const inputs = ['x', 'r'].filter((name) => nodes.some((one) => one.inputs?.includes(name)))
  return {
    opsets: { '': 20 },
    inputs: Object.fromEntries(
      inputs.map((name) => [name, tensorType('float32', name === 'r' ? [dims[0]!, 6, ...dims.slice(2)] : dims)]),
    ),
    outputs: Object.fromEntries(cases.map((_, i) => [`y${i}`, undefined])),
    initializers,
    nodes,
  }
}

describe.each([
  [
    'lines',
    lines,
    [
      [2, 3, 9],
      [1, 3, 2],
      [3, 3, 70],
      [1, 3, 1200],
    ],
  ],
  [
    'images',
    images,
    [
      [2, 3, 8, 6],
      [1, 3, 8, 2],
      [1, 3, 8, 150],
    ],
  ],
] as const)('%s', (kind, cases, sizes) => {
  const { dims, nodes } = first[kind]

  it.each(cases)('%s: %d transposes are left', (name, transposes, after) => {
    const graph = prepareGraph(decodeModel(modelBytes(modelOf([[name, transposes, after]], nodes, dims))))
    expect(graph.nodes.filter(({ op }) => op === 'Transpose')).toHaveLength(transposes)
  })

  it.skipIf(!runtime)('are what onnxruntime makes of them', async () => {
    const open = await sessionsOf(runtime!, modelOf(cases, nodes, dims), 3)
    const stated = await sessionsOf(runtime!, modelOf(cases, nodes, sizes[0]), 3)
    for (const size of sizes) {
      const residual = [size[0], 6, ...size.slice(2)]
      const feeds = { x: wave(size, 0.13), ...(kind === 'lines' && { r: wave(residual, 0.17) }) }
      const theirs = await open.theirs(feeds)
      for (const ours of [open.ours(feeds), ...(size === sizes[0] ? [stated.ours(feeds)] : [])])
        for (const [i, [name]] of cases.entries())
          expect(apart(ours[`y${i}`]!, theirs[`y${i}`]!), `${name}, ${size.join('x')}`).toBeLessThan(1e-4)
    }
  })
})
