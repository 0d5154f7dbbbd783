import { onnx } from '../../../src/onnx/generated/onnx.js'
import { WireWriter } from '../../../src/onnx/wire.ts'
import type { Signature } from '../../../src/artifact.ts'
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
  const type = {
    tensorType: { elemType: float32, shape: { dim: [{ dimValue: 1n }, { dimValue: BigInt(width) }] } },
  }
  const message: onnx.ModelProto.$Properties = {
    irVersion: 8n,
    opsetImport: [{ domain: '', version: 17n }],
    graph: {
      name: 'dense',
      input: [{ name: 'x', type }],
      output: [{ name: 'y', type }],
      initializer: [
        {
          name: 'w',
          dataType: float32,
          dims: [BigInt(width), BigInt(width)],
          rawData: new Uint8Array(weights.buffer),
        },
      ],
      node: [
        { opType: 'MatMul', input: ['x', 'w'], output: ['product'] },
        { opType: 'Tanh', input: ['product'], output: ['y'] },
      ],
    },
  }
  return onnx.ModelProto.encode(message, new WireWriter()).finish()
}

/** `TensorProto.DataType.FLOAT` */
const float32 = 1
