import { describe, expect, it } from 'vitest'
import { prepareGraph } from '../../src/builtin/index.ts'
import { CompileError } from '../../src/errors/index.ts'
import { modelBytes, tensorType } from '../../src/onnx/build.ts'
import { decodeModel } from '../../src/onnx/read.ts'
import { tensorFrom } from '../../src/onnx/tensor.ts'
import { node } from '../graph/models.ts'

// The compiler makes nodes of its own in the place of a model's. What is wrong with these is told of the operator that the
// model has, under its name.

const initializers = {
  one: tensorFrom('float32', [], [1]),
  zero: tensorFrom('uint8', [], [0]),
  weights: tensorFrom('uint8', [3, 4, 3, 3], Array<number>(108).fill(1)),
}

const operators = {
  QLinearConv: ['x', 'one', 'zero', 'weights', 'one', 'zero', 'one', 'zero'],
  ConvInteger: ['x', 'weights'],
}

const wrong = {
  'a stride of 0': { strides: [0n, 1n] },
  'a stride for one of two axes': { strides: [1n] },
  'a negative dilation': { dilations: [1n, -1n] },
  'no group': { group: 0n },
  'groups that the channels don’t divide into': { group: 3n },
  'half of the pads': { pads: [1n, 1n] },
  'pads that leave no image': { pads: [-9n, -9n, -9n, -9n] },
  'a kernel that the weights don’t have': { kernel_shape: [2n, 2n] },
  'a mode that there is not': { auto_pad: 'SOME' },
}

describe.each(Object.entries(operators))('%s', (op, inputs) => {
  it.each(Object.entries(wrong))('%s', (_, attributes) => {
    const bytes = modelBytes({
      opsets: { '': 21 },
      inputs: { x: tensorType('uint8', [1, 4, 5, 5]) },
      outputs: { y: undefined },
      initializers,
      nodes: [{ ...node(op, inputs, ['y'], attributes), name: 'layer' }],
    })
    const error = messageOf(() => prepareGraph(decodeModel(bytes, { path: 'test.onnx' })))
    expect(error).toContain(`Node "layer" (${op}`)
    expect(error).not.toMatch(/\bom\b/)
  })
})

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof CompileError) return error.message
    throw error
  }
  return 'nothing was said'
}
