import type { Signature } from '../../../src/cache/artifact.ts'
import { modelBytes, tensorType } from '../../../src/onnx/build.ts'
import { tensorFrom } from '../../../src/onnx/tensor.ts'
import { randomInputs } from '../../onnxruntime.ts'

/** Rows and columns of the weights: 1.4 MiB, which go into a file of their own. */
export const width = 600

export const denseSignature: Signature = {
  inputs: [{ name: 'x', type: 'float32', shape: [1, width] }],
  outputs: [{ name: 'y', type: 'float32', shape: [1, width] }],
}

/** The bytes of a model that multiplies `x` by seeded weights and gives the `Tanh` of it. */
export function denseModel(seed: number): Uint8Array {
  const signature: Signature = { inputs: [{ name: 'w', type: 'float32', shape: [width, width] }], outputs: [] }
  const weights = Float32Array.from(randomInputs(signature, seed)['w']!, (value) => value / 16)
  return modelBytes({
    opsets: { '': 17 },
    inputs: { x: tensorType('float32', [1, width]) },
    outputs: { y: tensorType('float32', [1, width]) },
    initializers: { w: tensorFrom('float32', [width, width], weights) },
    nodes: [
      { op: 'MatMul', inputs: ['x', 'w'], outputs: ['product'] },
      { op: 'Tanh', inputs: ['product'], outputs: ['y'] },
    ],
  })
}
