import { expect, test } from 'vitest'
import { steadinessOf } from '../../src/builtin/steadiness.ts'
import type { ModelSource } from '../../src/onnx/build.ts'
import { tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { branch, f32, graphOf, node } from '../graph/models.ts'

type Source = Partial<ModelSource> & Pick<ModelSource, 'nodes'>

/** A loop of `trip` turns, which may end sooner: its body negates what it carries as long as `go` says so. */
const loop = (trip: string, condition = '', more: ReturnType<typeof node>[] = [node('Identity', ['go'], ['going'])]) =>
  node('Loop', [trip, condition, 'x'], ['y'], {
    body: {
      inputs: { i: undefined, go: undefined, v: undefined },
      outputs: { going: undefined, w: undefined },
      nodes: [...more, node('Neg', ['v'], ['w'])],
    },
  })

const either = (condition: string, y = 'y', then = node('Abs', ['x'], ['a']), otherwise = node('Neg', ['x'], ['b'])) =>
  node('If', [condition], [y], { then_branch: branch('a', then), else_branch: branch('b', otherwise) })

/** Whether the sum of x is above 0. */
const isAbove = [node('ReduceSum', ['x'], ['sum'], { keepdims: 0n }), node('Greater', ['sum', 'zero'], ['above'])]
const zero = tensorFrom('float32', [], [0])

const growing: Record<string, Source> = {
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
  'a check of sizes that only the run knows': {
    inputs: { x: f32('n'), z: f32('m') },
    nodes: [node('Add', ['x', 'z'], ['y'])],
  },
  'a label of a table': {
    inputs: { i: tensorType('int64', ['n']) },
    nodes: [node('Gather', ['names', 'i'], ['y'])],
    initializers: { names: tensorFrom('string', [2], ['no', 'yes']) },
  },
}

/** Of equal sizes only: others may take another path, or come to a smaller size by a larger one. */
const ofEqualSizes: Record<string, Source> = {
  'a branch by a size': {
    inputs: { x: f32('n', 5000) },
    nodes: [node('Shape', ['x'], ['s'], { end: 1n }), node('Greater', ['s', 'ten'], ['many']), either('many')],
    initializers: { ten: tensorFrom('int64', [1], [10]) },
  },
  'a loop of as many turns as there are rows': {
    inputs: { x: f32('n', 3) },
    nodes: [node('Shape', ['x'], ['s'], { end: 1n }), loop('s')],
  },
  'a branch by data, either side of which does little': {
    inputs: { x: f32(100) },
    nodes: [...isAbove, either('above')],
    initializers: { zero },
  },
  'a loop that data may end, and the model soon does': {
    inputs: { x: f32(20) },
    nodes: [...isAbove, loop('ten', 'above')],
    initializers: { zero, ten: tensorFrom('int64', [], [10]) },
  },
  'padding by a size that is computed from a size': {
    inputs: { x: f32('n'), z: f32('m') },
    nodes: [
      node('Shape', ['z'], ['s']),
      node('Cast', ['s'], ['f'], { to: 1n }),
      node('Sqrt', ['f'], ['root']),
      node('Cast', ['root'], ['r'], { to: 7n }),
      node('Concat', ['r', 'r'], ['pads'], { axis: 0n }),
      node('Pad', ['x', 'pads'], ['y']),
    ],
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
  'a sequence': {
    inputs: { x: f32('n') },
    nodes: [node('SplitToSequence', ['x'], ['s']), node('SequenceLength', ['s'], ['y'])],
  },
}

/** By the elements of the first input. */
const byFirst: Record<string, Source> = {
  'how often a loop goes round': { inputs: { n: tensorType('int64', []), x: f32(2) }, nodes: [loop('n')] },
  'a branch': { inputs: { c: tensorType('bool', []), x: f32(5000) }, nodes: [either('c')] },
  'a branch of a branch': {
    inputs: { c: tensorType('int64', []), x: f32(5000) },
    nodes: [
      node('Greater', ['c', 'zero'], ['positive']),
      node('Greater', ['c', 'nine'], ['large']),
      either('positive', 'y', either('large', 'a')),
    ],
    initializers: { zero: tensorFrom('int64', [], [0]), nine: tensorFrom('int64', [], [9]) },
  },
  'a size': {
    inputs: { s: tensorType('int64', [1]), x: f32(1) },
    nodes: [node('Expand', ['x', 's'], ['y'])],
  },
  'what a loop carries, where its condition comes to see it a turn later': {
    inputs: { left: tensorType('int64', []), x: f32(2) },
    nodes: [
      node('Loop', ['', 'yes', 'left', 'one', 'x'], ['none', 'either', 'y'], {
        body: {
          inputs: { i: undefined, go: undefined, l: undefined, before: undefined, v: undefined },
          outputs: { going: undefined, less: undefined, now: undefined, w: undefined },
          nodes: [
            node('Sub', ['l', 'one'], ['less']),
            node('Identity', ['l'], ['now']),
            node('Greater', ['before', 'zero'], ['going']),
            node('Neg', ['v'], ['w']),
          ],
        },
      }),
    ],
    initializers: {
      yes: tensorFrom('bool', [], [1]),
      one: tensorFrom('int64', [], [1]),
      zero: tensorFrom('int64', [], [0]),
    },
  },
  'a number of elements that is data, of which there are few': {
    inputs: { x: f32('n') },
    nodes: [node('NonZero', ['x'], ['at']), node('Cast', ['at'], ['y'], { to: 1n })],
  },
}

const unsteady: Record<string, Source> = {
  'a branch by data, one side of which does little': {
    inputs: { x: f32(100), z: f32(100, 100) },
    nodes: [
      ...isAbove,
      either('above', 'y', node('Identity', ['x'], ['a']), node('ReduceSum', ['z', 'first'], ['b'], { keepdims: 0n })),
    ],
    initializers: { zero, first: tensorFrom('int64', [1], [0]) },
  },
  'a loop that data may end, and the model late': {
    inputs: { x: f32(20) },
    nodes: [...isAbove, loop('hundred', 'above')],
    initializers: { zero, hundred: tensorFrom('int64', [], [100]) },
  },
  'a branch by data': { inputs: { x: f32(5000) }, nodes: [...isAbove, either('above')], initializers: { zero } },
  'a loop that data may end': {
    inputs: { x: f32(20) },
    nodes: [...isAbove, loop('', 'above')],
    initializers: { zero },
  },
  'a branch by a random number': {
    inputs: { x: f32(5000) },
    nodes: [
      node('RandomUniform', [], ['r'], { shape: [1n] }),
      node('Greater', ['r', 'half'], ['above']),
      either('above'),
    ],
    initializers: { half: tensorFrom('float32', [1], [0.5]) },
  },
  'a number of elements that is data': {
    inputs: { x: f32(100) },
    nodes: [node('NonZero', ['x'], ['at']), node('Cast', ['at'], ['y'], { to: 1n })],
  },
  'an operator that does as much as data say': {
    inputs: { x: f32(1, 1, 8, 8), rois: f32(1, 4), at: tensorType('int64', [1]) },
    nodes: [node('RoiAlign', ['x', 'rois', 'at'], ['y'])],
  },
  text: { inputs: { x: tensorType('string', [2]) }, nodes: [node('Identity', ['x'], ['y'])] },
}

const of = (source: Source) => steadinessOf(graphOf({ outputs: { y: undefined }, ...source }))

test.each(Object.entries(growing))('the time of a run grows with sizes: %s', (_, source) => {
  expect(of(source)).toEqual({ grows: true })
})

test.each(Object.entries(ofEqualSizes))('the time of a run is known for equal sizes: %s', (_, source) => {
  expect(of(source)).toEqual({})
})

test.each(Object.entries(byFirst))('few elements decide the time of a run: %s', (_, source) => {
  expect(of(source)).toEqual({ inputs: [0] })
})

test.each(Object.entries(unsteady))('nobody knows how long a run takes: %s', (_, source) => {
  expect(of(source)).toBeUndefined()
})
