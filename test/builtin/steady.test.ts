import { expect, test } from 'vitest'
import { isSteady } from '../../src/builtin/work.ts'
import type { ModelSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { branch, f32, graphOf, node } from '../graph/models.ts'

type Source = Partial<ModelSource> & Pick<ModelSource, 'nodes'>

const steady: Record<string, Source> = {
  'sizes that are numbers': { inputs: { x: f32(2, 3) }, nodes: [node('Softmax', ['x'], ['y'])] },
  'a batch': { inputs: { x: f32('batch', 3) }, nodes: [node('Softmax', ['x'], ['y'])] },
  'a picture of any size, convolved and pooled': {
    inputs: { x: f32('n', 1, 'h', 'w') },
    initializers: {
      k: tensorFrom(
        'float32',
        [2, 1, 3, 3],
        Array.from({ length: 18 }, (_, i) => i),
      ),
    },
    nodes: [
      node('Conv', ['x', 'k'], ['c'], { strides: [2n, 2n] }),
      node('MaxPool', ['c'], ['y'], { kernel_shape: [2n, 2n] }),
    ],
  },
  'regions with as many samples as the model says': {
    inputs: { x: f32(1, 1, 8, 8), rois: f32('r', 4), at: tensorType('int64', ['r']) },
    nodes: [node('RoiAlign', ['x', 'rois', 'at'], ['y'], { sampling_ratio: 2n })],
  },
  'axes that nobody named, and arithmetic of sizes': {
    inputs: { x: f32(undefined, undefined), z: f32('n') },
    nodes: [
      node('Shape', ['z'], ['s']),
      node('ConstantOfShape', ['s'], ['zeros']),
      node('Flatten', ['x'], ['flat'], { axis: 0n }),
      node('Reshape', ['flat', 'minus'], ['line']),
      node('Concat', ['line', 'zeros'], ['y'], { axis: 0n }),
    ],
    initializers: { minus: tensorFrom('int64', [1], [-1]) },
  },
}

const unsteady: Record<string, Source> = {
  'a loop': {
    inputs: { n: tensorType('int64', []), x: f32(2) },
    nodes: [
      node('Loop', ['n', '', 'x'], ['y'], {
        body: {
          inputs: { i: undefined, go: undefined, v: undefined },
          outputs: { going: undefined, w: undefined },
          nodes: [node('Identity', ['go'], ['going']), node('Abs', ['v'], ['w'])],
        },
      }),
    ],
  },
  'a branch': {
    inputs: { c: tensorType('bool', []), x: f32(2) },
    nodes: [
      node('If', ['c'], ['y'], {
        then_branch: branch('a', node('Abs', ['x'], ['a'])),
        else_branch: branch('b', node('Neg', ['x'], ['b'])),
      }),
    ],
  },
  'a size that is data': {
    inputs: { s: tensorType('int64', [1]), x: f32(1) },
    nodes: [node('Expand', ['x', 's'], ['y'])],
  },
  'a number of elements that is data': {
    inputs: { x: f32(100) },
    nodes: [node('NonZero', ['x'], ['at']), node('Cast', ['at'], ['y'], { to: 1n })],
  },
  'an operator that does as much as data say': {
    inputs: { x: f32(1, 1, 8, 8), rois: f32(1, 4), at: tensorType('int64', [1]) },
    nodes: [node('RoiAlign', ['x', 'rois', 'at'], ['y'])],
  },
  'a size that falls where another rises': {
    inputs: { x: f32('n') },
    nodes: [
      node('Shape', ['x'], ['s']),
      node('Sub', ['most', 's'], ['rest']),
      node('ConstantOfShape', ['rest'], ['y']),
    ],
    initializers: { most: tensorFrom('int64', [1], [20_000_000]) },
  },
  'a quotient by a size': {
    inputs: { x: f32('n') },
    nodes: [
      node('Shape', ['x'], ['s']),
      node('Div', ['most', 's'], ['part']),
      node('ConstantOfShape', ['part'], ['y']),
    ],
    initializers: { most: tensorFrom('int64', [1], [20_000_000]) },
  },
  text: { inputs: { x: tensorType('string', [2]) }, nodes: [node('Identity', ['x'], ['y'])] },
  'a sequence': {
    inputs: { x: f32('n') },
    nodes: [node('SplitToSequence', ['x'], ['s']), node('SequenceLength', ['s'], ['y'])],
  },
}

test.each(Object.entries(steady))('the time of a run is known: %s', (_, source) => {
  expect(isSteady(graphOf({ outputs: { y: undefined }, ...source }))).toBe(true)
})

test.each(Object.entries(unsteady))('nobody knows how long a run takes: %s', (_, source) => {
  expect(isSteady(graphOf({ outputs: { y: undefined }, ...source }))).toBe(false)
})
