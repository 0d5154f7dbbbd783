import { describe, expect, it } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { registry } from '../../src/ops/index.ts'
import { optimize } from '../../src/ops/passes/optimize.ts'
import { graphOf, node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apart, sessionsOf, wave } from './sessions.ts'

// Squeeze and excite: the gate is multiplied with where a convolution of one by one gathers its rows. Against onnxruntime.

const runtime = onnxruntime()

interface Gated {
  readonly dims?: readonly (number | string)[]
  /** Of the gate before its Sigmoid. */
  readonly gate?: 'per image' | 'by a product' | 'for all' | 'per pixel'
  readonly kernel?: number
  readonly stride?: number
  readonly isFirst?: boolean
  readonly isUsed?: boolean
}

/** A convolution, what its mean says of each channel, their product, and a convolution with a residual and a bias. */
function gated({
  dims = ['n', 'h', 'w'],
  gate = 'per image',
  kernel = 1,
  stride = 1,
  isFirst,
  isUsed,
}: Gated): ModelSource {
  const pads = Array<bigint>(4).fill(BigInt((kernel - 1) / 2))
  return {
    opsets: { '': 18 },
    inputs: { x: tensorType('float32', [dims[0]!, 3, dims[1]!, dims[2]!]) },
    outputs: { y: undefined, ...(isUsed && { p: undefined }) },
    initializers: {
      w1: wave([21, 3, 3, 3], 0.37),
      w2: wave([21, 21, 1, 1], 0.53),
      w3: wave([10, 21, kernel, kernel], 0.71),
      b3: wave([10], 0.3),
      square: wave([21, 21], 0.61),
      sides: tensorFrom('int64', [2], [2n, 3n]),
      fixed: wave([1, 21, 1, 1], 0.9),
    },
    nodes: [
      node('Conv', ['x', 'w1'], ['a'], { pads: [1n, 1n, 1n, 1n] }),
      node('GlobalAveragePool', ['a'], ['mean']),
      ...(gate === 'per image' ? [node('Conv', ['mean', 'w2'], ['g'])] : []),
      ...(gate === 'by a product'
        ? [
            node('Flatten', ['mean'], ['flat']),
            node('MatMul', ['flat', 'square'], ['line']),
            node('Unsqueeze', ['line', 'sides'], ['g']),
          ]
        : []),
      // A constant one would go into the weights before; this one comes of the first image alone.
      ...(gate === 'for all'
        ? [node('ReduceMean', ['mean'], ['first'], { keepdims: 1n }), node('Mul', ['first', 'fixed'], ['g'])]
        : []),
      ...(gate === 'per pixel' ? [node('Neg', ['a'], ['g'])] : []),
      node('Sigmoid', ['g'], ['s']),
      node('Mul', isFirst ? ['s', 'a'] : ['a', 's'], ['p']),
      node('Conv', ['p', 'w3', 'b3'], ['c'], { pads, strides: [BigInt(stride), BigInt(stride)] }),
      node('Relu', ['c'], ['y']),
    ],
  }
}

const isFused = (source: ModelSource): boolean => {
  const graph = graphOf(source)
  optimize(graph, registry, new Identities())
  return graph.nodes.some(({ operator, inputs }) => operator === 'om.Conv2d' && inputs[3] !== undefined)
}

const cases: readonly (readonly [Gated, boolean])[] = [
  [{}, true],
  [{ dims: [2, 9, 7] }, true],
  [{ isFirst: true }, true],
  [{ gate: 'by a product' }, true],
  [{ gate: 'for all' }, true],
  [{ gate: 'per pixel' }, false],
  [{ kernel: 3 }, false],
  [{ stride: 2 }, false],
  [{ isUsed: true }, false],
]

describe.skipIf(!runtime)('a gate before a convolution', () => {
  it.each(cases)('%o', async (how, fuses) => {
    const source = gated(how)
    expect(isFused(source)).toBe(fuses)
    const { ours, theirs } = await sessionsOf(runtime!, source, 3)
    for (const [n, h, w] of how.dims
      ? [[2, 9, 7]]
      : [
          [1, 8, 12],
          [3, 1, 1],
          [2, 23, 31],
        ]) {
      const feeds = { x: wave([n!, 3, h!, w!], 0.13) }
      const [own, expected] = [ours(feeds), await theirs(feeds)]
      for (const [name, result] of Object.entries(own))
        expect(apart(result, expected[name]!), `${name} ${n}x${h}x${w}`).toBeLessThan(1e-4)
    }
  })
})
