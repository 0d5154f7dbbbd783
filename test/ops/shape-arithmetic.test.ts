import { describe, expect, it } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { dimKey } from '../../src/graph/dim.ts'
import { modelBytes, type NodeSource, tensorType } from '../../src/onnx/build.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { f32, i64, t } from './harness.ts'

/** Nodes that the compiler leaves and the shape of output `y`, for an input `x` [batch, 3, 4]. */
function prepared(
  nodes: readonly NodeSource[],
  initializers: Record<string, Tensor> = {},
): { ops: string[]; shape: string[] } {
  const bytes = modelBytes({
    opsets: { '': 21 },
    inputs: { x: tensorType('float32', ['batch', 3, 4]) },
    outputs: { y: undefined },
    initializers,
    nodes,
  })
  const graph = prepareGraph(decodeModel(bytes))
  return { ops: graph.nodes.map((node) => node.op), shape: graph.outputs[0]!.dims.map(dimKey) }
}

const node = (op: string, inputs: string[], output: string, attributes: NodeSource['attributes'] = {}): NodeSource => ({
  op,
  inputs,
  outputs: [output],
  attributes,
})

describe('shapes that are computed', () => {
  it('go through Cast, comparisons, Where and arithmetic with symbols in them', () => {
    const { shape } = prepared(
      [
        node('Shape', ['x'], 'shape'),
        node('Cast', ['shape'], 'narrow', { to: 6n }),
        node('Cast', ['narrow'], 'wide', { to: 7n }),
        node('Equal', ['wanted', 'minus'], 'open'),
        node('Where', ['open', 'wide', 'wanted'], 'target'),
        node('Mul', ['target', 'factors'], 'scaled'),
        node('Reshape', ['x', 'scaled'], 'y'),
      ],
      { wanted: i64([-1, 3, 2]), minus: i64([-1]), factors: i64([2, 1, 1]) },
    )
    expect(shape).toEqual(['2*batch', '3', '2'])
  })

  it('compare symbols with negative numbers, which no dimension is', () => {
    const { shape } = prepared(
      [
        node('Shape', ['x'], 'shape'),
        node('Equal', ['shape', 'minus'], 'negative'),
        node('Where', ['negative', 'ones', 'shape'], 'target'),
        node('Reshape', ['x', 'target'], 'y'),
      ],
      { minus: i64([-1]), ones: i64([1, 1, 1]) },
    )
    expect(shape).toEqual(['batch', '3', '4'])
  })

  it('are the lengths of ranges, and bounds of minima and remainders', () => {
    const first = [node('Shape', ['x'], 'shape'), node('Gather', ['shape', 'zero'], 'batch')]
    const constants = { zero: i64([0], []), one: i64([1], []), two: i64([2], []), seven: i64([7], []) }
    const range = (limit: string, delta: string): string[] =>
      prepared([...first, node('Range', ['zero', limit, delta], 'y')], constants).shape
    expect(range('batch', 'one')).toEqual(['batch'])
    expect(range('batch', 'two')).toEqual(['floor_div(1 + batch, 2)'])
    const computed = (op: string): string[] =>
      prepared(
        [...first, node(op, ['batch', 'seven'], 'limit'), node('Range', ['zero', 'limit', 'one'], 'y')],
        constants,
      ).shape
    expect(computed('Min')).toEqual(['min(batch, 7)'])
    expect(computed('Max')).toEqual(['max(batch, 7)'])
    expect(computed('Mod')).toEqual(['mod(batch, 7)'])
  })
})

describe('constants fold', () => {
  it.each([
    ['Abs', [f32([-1])]],
    ['Floor', [f32([1.5])]],
    ['Pow', [f32([3]), f32([2])]],
    ['Max', [f32([3]), f32([2])]],
    ['Where', [t('bool', [true]), f32([1]), f32([2])]],
    ['Greater', [f32([3]), f32([2])]],
    ['Range', [i64([0], []), i64([4], []), i64([1], [])]],
    ['DequantizeLinear', [t('int8', [4]), f32([0.5], [])]],
    ['QuantizeLinear', [f32([4]), f32([0.5], []), t('int8', [1], [])]],
    ['Not', [t('bool', [true])]],
  ] as [string, Tensor[]][])('%s', (op, inputs) => {
    const initializers = Object.fromEntries(inputs.map((tensor, i) => [`c${i}`, tensor]))
    expect(prepared([node(op, Object.keys(initializers), 'y')], initializers).ops).toEqual([])
  })
})
