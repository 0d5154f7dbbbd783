import { expect, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import type { Node } from '../../src/graph/graph.ts'
import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { ElementType } from '../../src/onnx/element-type.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'

// Rows of codes that are normalised, for machines without floats: which become an operator on codes, and which stay floats.

interface Rows {
  readonly type?: ElementType
  readonly dims?: readonly number[]
  /** Of what is normalised, and of the result. */
  readonly scales?: readonly [number, number]
  readonly axis?: number
  readonly least?: number
  readonly keepdims?: bigint
  /** What is divided by the norm of x. */
  readonly divided?: string
}

function nodesOf(op: 'Softmax' | 'LogSoftmax' | 'norm', rows: Rows, target = 'cortex-m0plus'): readonly Node[] {
  const { type = 'int8', dims = [3, 7], scales = [0.03, 1 / 128], axis = -1, least = 1e-6 } = rows
  const norm: NodeSource[] = [
    { op: 'ReduceL2', inputs: ['X', 'axes'], outputs: ['N'], attributes: { keepdims: rows.keepdims ?? 1n } },
    { op: 'Max', inputs: ['N', 'least'], outputs: ['M'] },
    { op: 'Div', inputs: [rows.divided ?? 'X', 'M'], outputs: ['Y'] },
  ]
  const bytes = modelBytes({
    opsets: { '': 19 },
    inputs: { x: tensorType(type, dims), other: tensorType(type, dims) },
    outputs: { y: undefined },
    initializers: {
      s: tensorFrom('float32', [], [scales[0]]),
      t: tensorFrom('float32', [], [scales[1]]),
      z: tensorFrom(type, [], [7]),
      axes: tensorFrom('int64', [1], [BigInt(axis)]),
      least: tensorFrom('float32', [], [least]),
    },
    nodes: [
      { op: 'DequantizeLinear', inputs: ['x', 's', 'z'], outputs: ['X'] },
      { op: 'DequantizeLinear', inputs: ['other', 's', 'z'], outputs: ['Other'] },
      ...(op === 'norm' ? norm : [{ op, inputs: ['X'], outputs: ['Y'], attributes: { axis: BigInt(axis) } }]),
      { op: 'QuantizeLinear', inputs: ['Y', 't', 'z'], outputs: ['y'] },
    ],
  })
  return prepareGraph(decodeModel(bytes), { target: resolveTarget(target) }).nodes
}

const operators = (nodes: readonly Node[]): string[] => nodes.map(({ operator }) => operator)

test.each([
  ['Softmax', 'om.SoftmaxBytes'],
  ['LogSoftmax', 'om.LogSoftmaxBytes'],
  ['norm', 'om.L2Bytes'],
] as const)('%s of codes is %s', (op, operator) => {
  for (const type of ['int8', 'uint8'] as const)
    for (const axis of [-1, 1]) {
      const nodes = nodesOf(op, { type, axis })
      expect(operators(nodes)).toEqual([operator])
      expect([nodes[0]!.output().type, nodes[0]!.output().dims]).toEqual([type, [3, 7]])
    }
  expect(operators(nodesOf(op, { axis: 0 }))).not.toContain(operator)
  expect(operators(nodesOf(op, { dims: [1, 2 ** 16 + 1] }))).not.toContain(operator)
  expect(operators(nodesOf(op, {}, 'x86-64-v3'))).not.toContain(operator)
})

test('a logarithm of Softmax has differences and ln 2 in codes of the result', () => {
  const [node] = nodesOf('LogSoftmax', { scales: [0.25, 1 / 16] })
  expect([node!.int('x_unit', 0), node!.int('unit', 0)]).toEqual([4 * 2 ** 32, Math.round(Math.LN2 * 2 ** 28)])
  const powers = tensorNumbers(node!.input(1).constant!)
  expect([powers[0], powers[4], powers[255]]).toEqual([2 ** 30, Math.round(2 ** 30 / Math.E), 0])
  // 256 codes are the least already.
  expect(nodesOf('LogSoftmax', { scales: [1e6, 1 / 16] })[0]!.int('x_unit', 0)).toBe(256 * 2 ** 32)
})

test.each([
  ['codes of more than 1', 1.5],
  ['codes of less than 1/256', 1 / 257],
])('a logarithm of Softmax as %s stays floats', (_, scale) => {
  expect(operators(nodesOf('LogSoftmax', { scales: [0.03, scale] }))).toContain('LogSoftmax')
})

test('x / max(‖x‖, ε) stays floats where its code is not that of a quotient of codes', () => {
  const codes = (rows: Rows): boolean => operators(nodesOf('norm', rows)).includes('om.L2Bytes')
  expect(codes({ scales: [0.03, 1] })).toBe(true)
  // Units that are no power of two, or too fine.
  expect(codes({ scales: [0.03, 1 / 127] })).toBe(false)
  expect(codes({ scales: [0.03, 1 / 256] })).toBe(false)
  expect(codes({ scales: [0.03, 2] })).toBe(false)
  // Rows that are shorter than ε, but are not zeros; and 0 / 0.
  expect(codes({ least: 0.03 })).toBe(false)
  expect(codes({ least: 0.029 })).toBe(true)
  expect(codes({ least: 0 })).toBe(false)
  expect(codes({ least: -1 })).toBe(false)
  // Squares that float32 does not have.
  expect(codes({ scales: [1e20, 1 / 128] })).toBe(false)
  // Another tensor over the norm, and norms that are a row.
  expect(codes({ divided: 'Other' })).toBe(false)
  expect(codes({ dims: [7, 7], keepdims: 0n })).toBe(false)
})
