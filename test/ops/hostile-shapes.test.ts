import { describe, expect, it } from 'vitest'
import { Identities } from '../../src/graph/graph.ts'
import { importModel } from '../../src/graph/import.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { registry } from '../../src/ops/index.ts'
import { type Case, f32, i64, runCase, t } from './harness.ts'

// Kernels index one tensor by another's dimensions. Whatever does not fit has to be refused: by the compiler where
// shapes are known, by the kernel where they are not. Nothing may be read or written beyond an end.

const scores = f32([1, 2, 3, 4, 5, 6], [2, 3])
const image = f32(Array(16).fill(1), [1, 4, 2, 2])

const both: [string, Case][] = [
  ['targets of another batch', { op: 'NegativeLogLikelihoodLoss', inputs: [scores, i64([0, 1, 2])] }],
  ['too few weights', { op: 'NegativeLogLikelihoodLoss', inputs: [scores, i64([0, 1]), f32([1, 1])] }],
  ['a scale of another length', { op: 'LayerNormalization', inputs: [scores, f32([1, 1])] }],
  ['too many scales', { op: 'BatchNormalization', inputs: [image, ...[0, 1, 2, 3].map(() => f32(Array(5).fill(1)))] }],
  ['a slope of another length', { op: 'PRelu', inputs: [scores, f32([1, 1])] }],
  ['a matrix that is not square', { op: 'Det', inputs: [scores] }],
  ['more of the largest than there are', { op: 'TopK', inputs: [scores, i64([4])], outputs: 2, constants: [1] }],
  ['a scale per index of another axis', { op: 'QuantizeLinear', inputs: [scores, f32([1, 1])] }],
  ['labels of two sizes', { op: 'Einsum', inputs: [scores, scores], attributes: { equation: 'ij,jk->ik' } }],
]

describe.each([
  ['known', false],
  ['unknown', true],
] as const)('shapes that are %s', (_how, dynamic) => {
  it.each(both)('refuses %s', async (_what, one) => {
    await expect(runCase({ ...one, dynamic })).rejects.toThrow(/MODEL_|c0_/)
  })
})

const compiled: [string, Case][] = [
  [
    'scales of a group normalisation',
    { op: 'GroupNormalization', inputs: [image, f32([1, 1]), f32([0, 0])], attributes: { num_groups: 2n } },
  ],
  ['scales of an instance normalisation', { op: 'InstanceNormalization', inputs: [image, f32([1]), f32([0])] }],
  [
    'a group that does not divide the outputs',
    {
      op: 'ConvInteger',
      inputs: [t('uint8', Array(16).fill(1), [1, 4, 2, 2]), t('uint8', [1, 1, 1], [3, 1, 1, 1])],
      attributes: { group: 4n },
    },
  ],
  ['an axis that is a list', { op: 'CumSum', inputs: [scores, i64([0, 1])] }],
  ['an axis that is nothing', { op: 'CumSum', inputs: [scores, i64([])] }],
  ['a count that is nothing', { op: 'TopK', inputs: [scores, i64([])], outputs: 2 }],
  ['a bound that is a list', { op: 'Range', inputs: [i64([0, 1]), i64([4]), i64([1])] }],
  ['a negative size', { op: 'HannWindow', inputs: [i64([-3], [])], constants: [0] }],
  ['a length of no samples', { op: 'DFT', inputs: [f32([1, 2], [1, 2, 1]), i64([0], [])], constants: [1] }],
  [
    'frames longer than the signal',
    { op: 'STFT', inputs: [f32([1, 2], [1, 2, 1]), i64([1], []), f32([1, 1, 1])], constants: [1] },
  ],
  ['parts of a single number', { op: 'Split', inputs: [f32([1], [])], outputs: 2 }],
  ['more parts than outputs', { op: 'Split', inputs: [scores], attributes: { num_outputs: 2n ** 31n }, outputs: 2 }],
  ['a choice from a single number', { op: 'Gather', inputs: [f32([1], []), i64([0])] }],
  ['an element of a single number', { op: 'GatherElements', inputs: [f32([1], []), i64([0], [])] }],
  ['more axes than a tensor may have', { op: 'Unsqueeze', inputs: [scores, i64(Array(70).fill(0))] }],
  ['fewer axes than none', { op: 'Squeeze', inputs: [scores, i64([0, 1, 2])] }],
  ['a shape of too many dimensions', { op: 'Reshape', inputs: [scores, i64(Array(70).fill(1))] }],
  ['a shape to expand to of too many dimensions', { op: 'Expand', inputs: [scores, i64(Array(70).fill(1))] }],
  ['bounds of more axes than there are', { op: 'Slice', inputs: [scores, i64(Array(9).fill(0)), i64([1])] }],
  ['regions of what is no image', { op: 'RoiAlign', inputs: [f32([1]), f32([1, 1, 1, 1], [1, 4]), i64([0])] }],
  [
    'a window that is a matrix',
    { op: 'STFT', inputs: [f32([1, 2], [1, 2, 1]), i64([1], []), f32([1, 1], [1, 2])], constants: [1] },
  ],
]

describe('before it compiles', () => {
  it.each(compiled)('refuses %s', async (_what, one) => {
    await expect(runCase(one)).rejects.toMatchObject({ code: expect.stringMatching(/^(MODEL|UNSUPPORTED)_/) })
  })
})

describe('lengths that only a model states', () => {
  const large = tensorType('int64', [2 ** 31 - 1])

  it.each<[string, string, number]>([
    ['Add', 'x x', 2 ** 31 - 1],
    ['Where', 'cond x x', 2 ** 31 - 1],
    ['Expand', 'one count', 2 ** 31 - 1],
  ])('%s goes through none of them', (op, names, length) => {
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: { x: large },
      outputs: { y: undefined },
      initializers: {
        cond: tensorFrom('bool', [1], [true]),
        one: tensorFrom('int64', [1], [1]),
        count: tensorFrom('int64', [1], [2 ** 31 - 1]),
      },
      nodes: [{ op, inputs: names.split(' '), outputs: ['y'] }],
    })
    const graph = importModel(decodeModel(bytes, { path: 'large.onnx' }), registry, new Identities())
    expect(graph.outputs[0]!.dims).toEqual([length])
    expect(graph.outputs[0]!.contents).toBeUndefined()
  })
})
