import { expect, it, test } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { allNodes, type Value } from '../../src/graph/graph.ts'
import type { KernelWriter } from '../../src/lowering/lowering.ts'
import { type ModelSource, modelBytes, tensorType } from '../../src/onnx/build.ts'
import type { TypeInfo } from '../../src/onnx/model.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { operatorOf, operators } from '../../src/ops/index.ts'
import { f32, node } from '../graph/models.ts'

// What an operator says decides its sizes is what run() looks at before a run: its sizes may read nothing else.

const i64 = (...shape: number[]): TypeInfo => tensorType('int64', shape)
const x = f32(4, 6)
const image = f32(1, 3, 4, 4)

type Source = Pick<ModelSource, 'nodes' | 'inputs'> & Partial<ModelSource>
const one = (op: string, inputs: Record<string, TypeInfo>, attributes = {}, outputs = ['y']): Source => ({
  inputs,
  nodes: [node(op, Object.keys(inputs), outputs, attributes)],
  outputs: Object.fromEntries(outputs.map((name) => [name, undefined])),
})

const sources: Source[] = [
  one('Reshape', { x, shape: i64(2) }),
  one('Squeeze', { x: f32(1, 6, 1), axes: i64(1) }),
  one('Unsqueeze', { x, axes: i64(1) }),
  one('Expand', { x: f32('n', 1), shape: i64(2) }),
  one('Tile', { x, repeats: i64(2) }),
  one('Pad', { x, pads: i64(2), value: f32(), axes: i64(1) }),
  one('Slice', { x, starts: i64(1), ends: i64(1), axes: i64(1), steps: i64(1) }),
  one('TopK', { x, k: i64(1) }, {}, ['y', 'at']),
  one('OneHot', { at: i64(3), depth: i64(), values: f32(2) }),
  one('Compress', { x, condition: tensorType('bool', ['n']) }),
  one('Split', { x, split: i64(2) }, {}, ['y', 'z']),
  one('CenterCropPad', { x, shape: i64(2) }),
  one('ReduceSum', { x, axes: i64(1) }),
  one('AffineGrid', { theta: f32(1, 2, 3), size: i64(4) }),
  one('MaxUnpool', { x: image, at: i64(1, 3, 4, 4), shape: i64(4) }, { kernel_shape: [2n, 2n], strides: [2n, 2n] }),
  one('Col2Im', { x: f32(1, 12, 9), shape: i64(2), block: i64(2) }),
  one('DFT', { x: f32(1, 8, 1), length: i64(), axis: i64() }),
  one('STFT', { x: f32(1, 64, 1), step: i64(), window: f32('w'), length: i64() }),
  { ...one('Resize', { x: image, roi: f32('r'), scales: f32(4) }), opsets: { '': 19 } },
  {
    inputs: { x: image, sizes: i64(4) },
    nodes: [node('Resize', ['x', '', '', 'sizes'], ['y'])],
    outputs: { y: undefined },
  },
  {
    inputs: { x: image, rois: f32(2, 4), at: tensorType('int32', [2]), size: tensorType('int32', [2]) },
    nodes: [{ ...node('CropAndResize', ['x', 'rois', 'at', 'size'], ['y']), domain: 'com.microsoft' }],
    outputs: { y: undefined },
    opsets: { '': 21, 'com.microsoft': 1 },
  },
]

/** Nodes of the compiled graph that read elements of inputs to find the sizes of their outputs, with the indices of these. */
function readers(source: Source) {
  const model = decodeModel(modelBytes({ opsets: { '': 21 }, outputs: {}, ...source }), { path: 'test.onnx' })
  return [...allNodes(prepareGraph(model))].flatMap((made) => {
    const operator = operatorOf(made)
    const read = new Set<number>()
    const writer = new Proxy({} as KernelWriter, {
      get: (_, name) => (argument: unknown) => {
        if (name === 'input') read.add(argument as number)
        if (name === 'value') read.add(made.inputs.indexOf(argument as Value))
        return 'x'
      },
    })
    operator.sizes?.(made, writer)
    return read.size > 0 ? [{ operator, read: [...read] }] : []
  })
}

const found = sources.map((source) => ({ source, nodes: readers(source) }))

test.each(found.map(({ source, nodes }) => [source.nodes[0]!.op, nodes] as const))('sizes of %s', (_, nodes) => {
  expect(nodes).not.toEqual([])
  for (const { operator, read } of nodes) for (const input of read) expect(operator.sizedBy).toContain(input)
})

it('every operator that says so is among them', () => {
  const seen = new Set(found.flatMap(({ nodes }) => nodes.map(({ operator }) => operator.name)))
  // Of reductions one stands for all, and caches are sized by a number that is mostly known.
  const missing = operators.filter(
    ({ name, sizes, sizedBy = [] }) => sizes && sizedBy.length > 0 && !seen.has(name) && !name.startsWith('Reduce'),
  )
  expect(missing.map(({ name }) => name)).toEqual(['ExtendCaches'])
})
