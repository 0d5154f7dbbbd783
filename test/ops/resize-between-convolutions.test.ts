import { describe, expect, it } from 'vitest'
import { type AttributeSource, type ModelSource, tensorType } from '../../src/onnx/build.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'
import { onnxruntime } from '../onnxruntime.ts'
import { apart, sessionsOf, wave } from './sessions.ts'

// What is resized between convolutions stays channels last. Against onnxruntime, with sizes that only the run knows.

const runtime = onnxruntime()

type Attributes = Readonly<Record<string, AttributeSource>>
type Joined = 'Conv' | 'Concat' | 'Add' | 'output'

/** A convolution with half the pixels, resized to those of the first, then joined with it, and a convolution. */
function grown(attributes: Attributes, joined: Joined, by: 'sizes' | 'scales', dims: readonly (number | string)[]) {
  const next = { Conv: ['big'], Concat: ['big', 'a'], Add: ['a', 'big'], output: ['big'] }[joined]
  const conv = (x: string, w: string, y: string, stride: bigint) =>
    node('Conv', [x, w], [y], { pads: [1n, 1n, 1n, 1n], strides: [stride, stride] })
  return {
    opsets: { '': 18 },
    inputs: { x: tensorType('float32', [dims[0]!, 3, dims[1]!, dims[2]!]) },
    outputs: { y: undefined, ...(joined === 'output' && { again: undefined }) },
    initializers: {
      w1: wave([6, 3, 3, 3], 0.37),
      w2: wave([6, 6, 3, 3], 0.53),
      w3: wave([5, joined === 'Concat' ? 12 : 6, 3, 3], 0.71),
      scales: tensorFrom('float32', [4], [1, 1, 2, 2]),
    },
    nodes: [
      conv('x', 'w1', 'a', 1n),
      conv('a', 'w2', 'b', 2n),
      node('Shape', ['a'], ['size'], { start: 2n, end: 4n }),
      node('Shape', ['b'], ['rest'], { start: 0n, end: 2n }),
      node('Concat', ['rest', 'size'], ['sizes'], { axis: 0n }),
      node('Resize', by === 'sizes' ? ['b', '', '', 'sizes'] : ['b', '', 'scales'], ['big'], {
        keep_aspect_ratio_policy: 'stretch',
        ...attributes,
      }),
      joined === 'Concat' || joined === 'Add'
        ? node(joined, next, ['c'], joined === 'Concat' ? { axis: 1n } : {})
        : node('Relu', next, ['c']),
      conv('c', 'w3', 'y', 1n),
      ...(joined === 'output' ? [node('Neg', ['big'], ['again'])] : []),
    ],
  } satisfies ModelSource
}

const cases: readonly (readonly [Attributes, Joined, 'sizes' | 'scales'])[] = [
  [{ mode: 'linear', coordinate_transformation_mode: 'half_pixel' }, 'Concat', 'sizes'],
  [{ mode: 'linear', coordinate_transformation_mode: 'align_corners' }, 'Add', 'sizes'],
  [{ mode: 'linear', coordinate_transformation_mode: 'asymmetric' }, 'Conv', 'scales'],
  [{ mode: 'linear', coordinate_transformation_mode: 'pytorch_half_pixel' }, 'output', 'sizes'],
  [{ mode: 'cubic', coordinate_transformation_mode: 'half_pixel' }, 'Concat', 'sizes'],
  [{ mode: 'linear', antialias: 1n }, 'Concat', 'sizes'],
  [{ mode: 'nearest', coordinate_transformation_mode: 'asymmetric', nearest_mode: 'floor' }, 'Concat', 'scales'],
  [{ mode: 'nearest', coordinate_transformation_mode: 'half_pixel' }, 'Add', 'sizes'],
]

describe.skipIf(!runtime)('what is resized between convolutions', () => {
  it.each(cases)('%o, then %s, by %s', async (attributes, joined, by) => {
    const sizes = [
      [1, 8, 12],
      [2, 2, 2],
      [3, 22, 16],
      ...(by === 'sizes'
        ? [
            [1, 7, 13],
            [1, 1, 9],
          ]
        : []),
    ]
    const open = await sessionsOf(runtime!, grown(attributes, joined, by, ['n', 'h', 'w']), 3)
    const stated = await sessionsOf(runtime!, grown(attributes, joined, by, sizes[0]!), 3)
    for (const [i, [n, h, w]] of sizes.entries()) {
      const feeds = { x: wave([n!, 3, h!, w!], 0.13) }
      const theirs = await open.theirs(feeds)
      for (const ours of [open.ours(feeds), ...(i === 0 ? [stated.ours(feeds)] : [])])
        for (const [name, result] of Object.entries(ours))
          expect(apart(result, theirs[name]!), `${name} ${n}x${h}x${w}`).toBeLessThan(1e-4)
    }
  })
})
