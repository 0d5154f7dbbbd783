import { expect, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import type { Node } from '../../src/graph/graph.ts'
import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom, tensorNumbers } from '../../src/onnx/tensor.ts'
import { resolveTarget } from '../../src/targets/index.ts'

// Images and windows of codes for machines without floats: which operators they become, and by which weights.

/** The nodes of a graph with one operator between dequantised and quantised uint8, of scale 0.03 and `scale`. */
function nodesOf(
  node: Partial<NodeSource>,
  dims: readonly number[],
  size?: readonly number[],
  scale = 0.03,
): readonly Node[] {
  const bytes = modelBytes({
    opsets: { '': 19 },
    inputs: { x: tensorType('uint8', dims) },
    outputs: { y: undefined },
    initializers: {
      s: tensorFrom('float32', [], [0.03]),
      t: tensorFrom('float32', [], [scale]),
      z: tensorFrom('uint8', [], [7]),
      ...(size && { size: tensorFrom('int64', [size.length], size.map(BigInt)) }),
    },
    nodes: [
      { op: 'DequantizeLinear', inputs: ['x', 's', 'z'], outputs: ['X'] },
      { op: 'Resize', inputs: ['X', '', '', 'size'], outputs: ['Y'], ...node },
      { op: 'QuantizeLinear', inputs: ['Y', 't', 'z'], outputs: ['y'] },
    ],
  })
  return prepareGraph(decodeModel(bytes), { target: resolveTarget('cortex-m0plus') }).nodes
}

const linear = (mode: string): Partial<NodeSource> => ({
  attributes: { mode: 'linear', coordinate_transformation_mode: mode },
})

test.each([
  ['half_pixel', 4, [0, 0, 0, 1, 0, 3, 1, 0]],
  ['asymmetric', 4, [0, 0, 0, 1, 1, 0, 1, 0]],
  ['align_corners', 4, [0, 0, 0, 1, 0, 2, 1, 0]],
  ['pytorch_half_pixel', 1, [0, 0]],
  ['half_pixel', 1, [0, 1]],
])('%s, 2 elements as %i', (mode, after, taps) => {
  const [node, ...more] = nodesOf(linear(mode), [1, 2, 5], [1, after, 5])
  expect([node!.operator, more]).toEqual(['om.ResizeBytes', []])
  expect(tensorNumbers(node!.input(1).constant!)).toEqual(taps)
  expect(node!.output().dims).toEqual([1, after, 5])
})

test('what is rescaled as well, or resized otherwise, stays as it is', () => {
  const operators = (nodes: readonly Node[]): string[] => nodes.map(({ operator }) => operator)
  expect(operators(nodesOf(linear('half_pixel'), [1, 2, 5], [1, 4, 5], 0.04))).not.toContain('om.ResizeBytes')
  expect(operators(nodesOf({ attributes: { mode: 'cubic' } }, [1, 2, 5], [1, 4, 5]))).not.toContain('om.ResizeBytes')
  expect(operators(nodesOf(linear('half_pixel'), [2, 2, 5], [4, 2, 7]))).not.toContain('om.ResizeBytes')
})

test('averages of windows have a factor for each number of elements', () => {
  const attributes = { kernel_shape: [3n, 2n], pads: [1n, 0n, 1n, 1n] }
  const pool = { op: 'AveragePool', inputs: ['X'], outputs: ['Y'] }
  const [inside, counted] = [attributes, { ...attributes, count_include_pad: 1n }].map((given) => {
    const node = nodesOf({ ...pool, attributes: given }, [1, 3, 6, 6], undefined, 0.06).find(
      ({ operator }) => operator === 'om.AverageWindows',
    )
    return tensorNumbers(node!.input(2).constant!)
  })
  const half = (count: number): number => Math.fround(Math.fround(0.03) / Math.fround(0.06) / count)
  expect(inside).toEqual([0, 1, 2, 3, 4, 5, 6].map((count) => (count > 0 ? half(count) : 0)))
  expect(counted).toEqual([0, 6, 6, 6, 6, 6, 6].map((count) => (count > 0 ? half(count) : 0)))
})

test('sums over axes have the factor of both scales, and averages that over their number', () => {
  const [sum, mean] = ['ReduceSum', 'ReduceMean'].map((op) => {
    const reduce = { op, inputs: ['X', 'size'], outputs: ['Y'], attributes: { keepdims: 0n } }
    const given =
      op === 'ReduceSum' ? reduce : { ...reduce, inputs: ['X'], attributes: { axes: [2n, 1n], keepdims: 0n } }
    const nodes = nodesOf(given, [2, 3, 5, 4], [2, 1], 0.06)
    expect(nodes.map(({ operator }) => operator).filter((name) => name !== 'Reshape')).toEqual(['om.AverageBytes'])
    expect(nodes.at(-1)!.output().dims).toEqual([2, 4])
    return tensorNumbers(nodes.find(({ operator }) => operator === 'om.AverageBytes')!.input(2).constant!)[0]
  })
  expect(sum).toBe(Math.fround(Math.fround(0.03) / Math.fround(0.06)))
  expect(mean).toBe(Math.fround(Math.fround(0.03) / Math.fround(0.06) / 15))
})

test('sums over axes that are apart stay as they are', () => {
  const nodes = nodesOf({ op: 'ReduceSum', inputs: ['X', 'size'], outputs: ['Y'] }, [2, 3, 5, 4], [1, 3], 0.06)
  expect(nodes.map(({ operator }) => operator)).toContain('ReduceSum')
})
