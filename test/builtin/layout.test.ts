import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { graphSource } from '../../src/builtin/index.ts'
import { compileLibrary } from '../../src/toolchains/cc.ts'
import { type Graph, Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { elementsOf, tensorFrom } from '../../src/onnx/tensor.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { createNodeModel } from '../../src/runtime/node.ts'
import { resolveTarget } from '../../src/targets/index.ts'
import { node, ops } from '../graph/models.ts'
import { testAddon } from '../native/libraries.ts'

// Every rewriting rule on a graph of its own: what it makes of the graph, and that the numbers stay.

const folder = mkdtempSync(join(tmpdir(), 'layout-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const target = resolveTarget('host')

function graphOf(source: ModelSource, optimised: boolean): Graph {
  const identities = new Identities()
  const graph = importModel(decodeModel(modelBytes(source), { path: 'test.onnx' }), registry, identities)
  if (optimised) optimize(graph, registry, identities)
  return graph
}

async function run(graph: Graph, x: Float32Array, dims: readonly number[]): Promise<Record<string, number[]>> {
  const { text, weights, includeDirs, signature } = graphSource(graph, { target, identity: 'test' })
  const { library } = await compileLibrary({
    source: text,
    weights,
    includeDirs,
    target,
    optimize: 0,
    stagingRoot: folder,
  })
  const facts = { name: 'test', signature, target: 'host', compiler: { name: 'builtin', version: 'test' } } as const
  const outputs = createNodeModel(facts, { addon: await testAddon(), library }).runSync({ x: { data: x, dims } })
  return Object.fromEntries(Object.entries(outputs).map(([name, { data }]) => [name, [...(data as Float32Array)]]))
}

let seed = 1
const random = (...dims: number[]): Tensor =>
  tensorFrom(
    'float32',
    dims,
    Array.from({ length: elementsOf(dims) }, () => ((seed = (seed * 48271) % 2147483647) / 2147483647) * 2 - 1),
  )

const weights = {
  w: random(4, 3, 3, 3),
  w2: random(5, 4, 1, 1),
  line: random(4, 3, 3),
  bias: random(4),
  channel: random(4, 1, 1),
  row: random(6),
  slope: random(4, 1, 1),
  zero: tensorFrom('float32', [], [0]),
  axes: tensorFrom('int64', [2], [2, 3]),
  flat: tensorFrom('int64', [2], [0, -1]),
}
const pads = { pads: [1n, 1n, 1n, 1n] }
const conv = node('Conv', ['x', 'w', 'bias'], ['c'], pads)

type Case = readonly [name: string, nodes: ModelSource['nodes'], transposes: number, more?: Partial<ModelSource>]
const cases: readonly Case[] = [
  ['a convolution stands between two transposes', [{ ...conv, outputs: ['y'] }], 2],
  ['those between convolutions cancel', [conv, node('Conv', ['c', 'w2'], ['y'])], 2],
  [
    'they sink below activations and numbers per channel',
    [
      conv,
      node('Relu', ['c'], ['r']),
      node('Mul', ['r', 'channel'], ['m']),
      node('PRelu', ['m', 'slope'], ['p']),
      node('Conv', ['p', 'w2'], ['y']),
    ],
    2,
  ],
  [
    'they do not sink where an operand would have to be turned at run time',
    [conv, node('Add', ['c', 'other'], ['y'])],
    2,
    { inputs: { x: tensorType('float32', ['n', 3, 6, 6]), other: tensorType('float32', ['n', 4, 6, 6]) } },
  ],
  [
    'an operand along the last axis is turned with the rest',
    [conv, node('Sub', ['row', 'c'], ['s']), node('Conv', ['s', 'w2'], ['y'])],
    2,
  ],
  [
    'Clip of before opset 11 keeps its limits',
    [conv, node('Clip', ['c'], ['l'], { min: -0.25, max: 0.5 }), node('Conv', ['l', 'w2'], ['y'])],
    2,
    { opsets: { '': 10 } },
  ],
  [
    'pools stay in the layout',
    [
      conv,
      node('MaxPool', ['c'], ['p'], { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
      node('AveragePool', ['p'], ['q'], { kernel_shape: [2n, 2n], pads: [1n, 0n, 0n, 1n] }),
      node('Conv', ['q', 'w2'], ['y']),
    ],
    2,
  ],
  [
    'a concatenation of channels is one of the last axis',
    [
      conv,
      node('Tanh', ['c'], ['t']),
      node('Concat', ['c', 't'], ['j'], { axis: 1n }),
      node('MaxPool', ['j'], ['y'], { kernel_shape: [2n, 2n] }),
    ],
    2,
  ],
  [
    'what is resized between convolutions stays in the layout',
    [
      conv,
      node('Conv', ['c', 'w2'], ['d'], { strides: [2n, 2n] }),
      node('Resize', ['d', '', 'twice'], ['r'], { mode: 'linear' }),
      node('Resize', ['d', '', 'twice'], ['s'], { mode: 'nearest' }),
      node('Conv', ['c', 'w2'], ['e']),
      node('Concat', ['e', 'r'], ['j'], { axis: 1n }),
      node('Add', ['e', 's'], ['k']),
      node('Concat', ['j', 'k'], ['l'], { axis: 1n }),
      node('MaxPool', ['l'], ['y'], { kernel_shape: [2n, 2n] }),
    ],
    2,
    { initializers: { ...weights, twice: tensorFrom('float32', [4], [1, 1, 2, 2]) } },
  ],
  [
    'what is resized last is turned while it is small',
    [conv, node('Resize', ['c', '', 'twice'], ['y'])],
    2,
    { initializers: { ...weights, twice: tensorFrom('float32', [4], [1, 1, 2, 2]) } },
  ],
  [
    'the mean over the image leaves nothing to turn',
    [conv, node('GlobalAveragePool', ['c'], ['g']), node('Flatten', ['g'], ['y'])],
    1,
  ],
  [
    'a factor and an offset per channel go into the weights',
    [conv, node('Mul', ['c', 'channel'], ['m']), node('Add', ['m', 'slope'], ['y'])],
    2,
  ],
  [
    'but not where the convolution has another user',
    [conv, node('Mul', ['c', 'channel'], ['y']), node('Relu', ['c'], ['z'])],
    3,
    { outputs: { y: undefined, z: undefined } },
  ],
  [
    'a convolution over lines is one over images',
    [node('Squeeze', ['x', 'two'], ['s']), node('Conv', ['s', 'line', 'bias'], ['y'], { pads: [1n, 1n] })],
    2,
    {
      inputs: { x: tensorType('float32', ['n', 3, 1, 6]) },
      initializers: { ...weights, two: tensorFrom('int64', [1], [2]) },
    },
  ],
  [
    'transposes that undo each other vanish',
    [
      node('Transpose', ['x'], ['a'], { perm: [0n, 2n, 3n, 1n] }),
      node('Transpose', ['a'], ['b'], { perm: [0n, 3n, 1n, 2n] }),
      node('Neg', ['b'], ['y']),
    ],
    0,
  ],
  [
    'in branches too',
    [
      conv,
      node('ReduceMax', ['c'], ['t'], { keepdims: 0n }),
      node('Greater', ['t', 'zero'], ['go']),
      node('If', ['go'], ['y'], {
        then_branch: {
          outputs: { i: undefined },
          nodes: [node('Relu', ['c'], ['i0']), node('Conv', ['i0', 'w2'], ['i'])],
        },
        else_branch: { outputs: { j: undefined }, nodes: [node('Conv', ['c', 'w2'], ['j'])] },
      }),
    ],
    2,
  ],
]

describe('layout', () => {
  test.each(cases.map(([name, ...rest]) => [name, rest] as const))('%s', async (_, [nodes, transposes, more]) => {
    const source: ModelSource = {
      opsets: { '': 17 },
      inputs: { x: tensorType('float32', ['n', 3, 6, 6]) },
      outputs: { y: undefined },
      initializers: weights,
      nodes,
      ...more,
    }
    const graphs = [false, true].map((optimised) => graphOf(source, optimised))
    if (!('other' in (source.inputs ?? {}))) {
      const dims = Object.values(source.inputs!)[0] as { shape: number[] }
      const sizes = dims.shape.map((dim) => (typeof dim === 'number' ? dim : 2))
      const x = Float32Array.from({ length: elementsOf(sizes) }, (__, i) => Math.sin(i))
      const [before, after] = [await run(graphs[0]!, x, sizes), await run(graphs[1]!, x, sizes)]
      expect(Object.keys(after!)).toEqual(Object.keys(before!))
      for (const [name, numbers] of Object.entries(before!)) {
        expect(after![name]).toHaveLength(numbers.length)
        numbers.forEach((number, i) => expect(after![name]![i], `${name}[${i}]`).toBeCloseTo(number, 4))
      }
    }
    expect(
      ops(graphs[1]!).filter((op) => op === 'Transpose'),
      ops(graphs[1]!).join(' '),
    ).toHaveLength(transposes)
  })
})
