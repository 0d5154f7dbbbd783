import { expect, it } from 'vitest'
import { type ModelSource, modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { Model, OnnxDim, Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { createPipeline } from '../../src/pipeline/index.ts'
import { reportHtml } from '../../src/report/html/page.ts'
import { checkMinimum, createReport } from '../../src/report/report.ts'
import { reportText } from '../../src/report/text.ts'
import { filled, modelOf, type NodeText } from './build.ts'

it.each([NaN, -1, 2, Infinity, '0.5', null])('a build refuses %j as its least share on NNPA', (share) => {
  expect(() => createPipeline({ report: { minNnpa: share as number } })).toThrow(
    expect.objectContaining({ code: 'USAGE_OPTION' }),
  )
})

it.each([undefined, 0, 0.9, 1])('a build takes %j as its least share on NNPA', (share) => {
  expect(() => createPipeline({ report: { minNnpa: share } })).not.toThrow()
})

function checked(source: ModelSource): Model {
  return decodeModel(modelBytes(source), { path: 'test.onnx' })
}

it.each([
  [
    'an operator that nobody knows',
    modelOf({ inputs: { x: [4, 8] }, nodes: [['Wobble', 'x']] }),
    '"Wobble_0" (Wobble)',
  ],
  [
    'a size that no run with 1 has',
    modelOf({ inputs: { x: [1, 1, 'h', 'w'] }, constants: { w: filled([2, 1, 3, 3]) }, nodes: [['Conv', 'x w']] }),
    '"Conv_0" (Conv)',
  ],
])('a minimum that nobody can tell is not reached: %s', (_, lost, node) => {
  const report = createReport(lost, 'z16')
  expect(report).toMatchObject({ nodes: [{ flops: 0, uncounted: true }], summary: { flops: 0, uncounted: 1 } })
  expect(checkMinimum(report, 0)).toBeUndefined()
  expect(checkMinimum(report, 0.1)).toMatchObject({
    isOfNothing: false,
    text: expect.stringContaining(`is unknown, and 10.0 % are asked for: those of node ${node} on the CPU`),
  })
  expect(reportText(report)).toContain('on z16: unknown FLOPs of 1 node (')
})

/** `[n]` → rows of 12, of which there are none where n = 1, or the `n - 5` rows behind the fifth. */
const rows = {
  'rows of a Reshape': { inputs: { x: ['n'] }, cut: ['Reshape', 'x to'], given: 1200 },
  'rows behind a Slice': { inputs: { x: ['n', 12] }, cut: ['Slice', 'x from end'], given: 105 },
} satisfies Record<string, { inputs: Record<string, OnnxDim[]>; cut: NodeText; given: number }>

const numbers = (...of: bigint[]): Tensor => tensorFrom('int64', [of.length], of)

it.each(Object.entries(rows))('%s that a run with 1 has none of have unknown work', (_, { inputs, cut, given }) => {
  const model = modelOf({
    inputs: { ...inputs, a: [4, 4] },
    constants: {
      to: numbers(-1n, 12n),
      from: numbers(5n),
      end: numbers(2n ** 62n),
      b: filled([4, 4]),
      w: filled([12, 4]),
    },
    nodes: [
      cut,
      ['Sin', `${cut[0].toLowerCase()}0`],
      ['MatMul', 'sin1 w'],
      ['MatMul', 'a b'],
      ['MatMul', 'matmul2 matmul3'],
    ],
  })
  const open = createReport(model, 'z16')
  expect(open.assumedOne).toEqual(['n'])
  expect(open.nodes.map(({ uncounted }) => uncounted)).toEqual([undefined, true, true, undefined, true])
  expect(open.summary).toMatchObject({ flops: 128, uncounted: 3 })
  expect(checkMinimum(open, 0.9)).toMatchObject({
    isOfNothing: false,
    text: expect.stringContaining('those of node "Sin_1" (Sin) on the CPU'),
  })
  const sized = createReport(model, 'z16', { dims: { n: given } })
  expect(sized).toMatchObject({
    assumedOne: [],
    summary: { flops: 100 * 12 + 2 * 100 * 12 * 4 + 128 + 2 * 100 * 4 * 4, uncounted: 0 },
  })
})

it('a size that is stated as 0 is one, and sizes that nobody gave are told with the share', () => {
  const none = createReport(modelOf({ inputs: { x: [0, 4] }, nodes: [['Sin', 'x']] }), 'z16')
  expect(none.summary).toMatchObject({ flops: 0, uncounted: 0 })
  expect(checkMinimum(none, 0.9)).toMatchObject({ isOfNothing: true })
  const open = createReport(modelOf({ inputs: { x: [1, 'h', undefined] }, nodes: [['Sin', 'x']] }), 'z16')
  expect(open.assumedOne).toEqual(['h', 'x[2]'])
  expect(reportText(open)).toContain('0.0 % of 1 FLOPs on NNPA with h = 1, x[2] = 1 (')
  expect(reportHtml(open)).toContain('FLOPs on NNPA with h = 1, x[2] = 1')
  expect(checkMinimum(open, 0.9)?.text).toContain('run on NNPA (z16, with h = 1, x[2] = 1)')
})

it('a minimum of nothing', () => {
  const report = createReport(modelOf({ inputs: { x: [4, 8] }, nodes: [['Transpose', 'x']] }), 'z16')
  expect(report.summary).toMatchObject({ flops: 0, uncounted: 0 })
  expect(checkMinimum(report, 0)).toBeUndefined()
  expect(checkMinimum(report, 0.1)).toMatchObject({
    isOfNothing: true,
    text: expect.stringContaining('has no floating-point operations'),
  })
})

/** A product on NNPA, and what NNPA hasn't. */
const half = modelOf({
  inputs: { x: [4, 8] },
  constants: { w: filled([8, 5]) },
  nodes: [
    ['MatMul', 'x w'],
    ['Erf', 'matmul0'],
  ],
})

it('what only adds to a share is no reason to fail', () => {
  const report = createReport(half, 'z16')
  const [onNnpa, onCpu] = report.nodes
  const lost = { ...onNnpa!, uncounted: true as const }
  expect(checkMinimum({ ...report, nodes: [lost, onCpu!] }, 0.5)).toBeUndefined()
  expect(checkMinimum({ ...report, nodes: [lost, onCpu!] }, 0.99)).toMatchObject({
    text: expect.stringContaining('"MatMul_0" (MatMul) on NNPA can\'t be counted'),
  })
  const nothingElse = { ...report.summary, flops: 0, flopsShare: 1 }
  expect(checkMinimum({ ...report, nodes: [lost], summary: nothingElse }, 1)).toBeUndefined()
})

it('bodies of branches and functions count', () => {
  const body = (name: string) => ({
    outputs: { [name]: tensorType('float32', [2, 8]) },
    nodes: [{ op: 'MatMul', inputs: ['x', 'w'], outputs: [name] }],
  })
  const branching = checked({
    opsets: { '': 20, 'com.example': 1 },
    inputs: { c: tensorType('bool', []), x: tensorType('float32', [2, 4]) },
    outputs: { y: tensorType('float32', [2, 8]), z: tensorType('float32', [2, 8]) },
    initializers: { w: tensorFrom('float32', [4, 8], new Float32Array(32)) },
    functions: [
      {
        domain: 'com.example',
        name: 'F',
        inputs: ['a', 'b'],
        outputs: ['r'],
        opsets: { '': 20 },
        nodes: [{ op: 'MatMul', inputs: ['a', 'b'], outputs: ['r'] }],
      },
    ],
    nodes: [
      { op: 'If', inputs: ['c'], outputs: ['y'], attributes: { then_branch: body('t'), else_branch: body('e') } },
      { op: 'F', domain: 'com.example', inputs: ['x', 'w'], outputs: ['z'] },
    ],
  })
  const { nodes, summary } = createReport(branching, 'z16')
  expect(nodes.map(({ flops }) => flops)).toEqual([2 * 128, 128])
  expect(summary).toMatchObject({ flops: 3 * 128, flopsShare: 0, uncounted: 0 })
})

it('sizes are given to axes without a name, and ranks', () => {
  const report = createReport(
    checked({
      opsets: { '': 20 },
      inputs: { x: tensorType('float32'), y: tensorType('float32', [undefined, 4]) },
      outputs: { a: undefined, b: undefined },
      nodes: [
        { op: 'Exp', inputs: ['x'], outputs: ['a'] },
        { op: 'Exp', inputs: ['y'], outputs: ['b'] },
      ],
    }),
    'z16',
    { dims: { 'rank(x)': 2, 'x[0]': 3, 'y[0]': 5 } },
  )
  expect(report.nodes.map(({ flops }) => flops)).toEqual([3, 20])
  expect(report.nodes[1]!.outputs).toEqual(['float32[5, 4]'])
})
