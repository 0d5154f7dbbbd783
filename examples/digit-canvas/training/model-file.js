import { tensorFrom } from '../../../dist/onnx/tensor.js'
import { encodeModel } from '../../../dist/onnx/write.js'
import { node, valueInfo } from '../../training-kit/onnx.js'
import { side } from '../src/raster.js'

/**
 * The bytes of an ONNX file for the network: an image goes in, probabilities come out.
 *
 * @param {readonly import('./network.js').Weight[]} weights
 * @param {Record<string, string>} metadata
 */
export function modelFile(weights, metadata) {
  return encodeModel({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    producer: 'digit-canvas training/train.js',
    docString: 'Which digit an image shows. Trained on synthetic strokes.',
    metadata: new Map(Object.entries(metadata)),
    functions: new Map(),
    graph: {
      name: 'digit',
      inputs: [valueInfo('image', 'float32', [1, 1, side, side])],
      outputs: [valueInfo('probabilities', 'float32', [1, 10])],
      valueInfo: new Map(),
      initializers: new Map(weights.map(({ name, dims, values }) => [name, tensorFrom('float32', dims, values)])),
      nodes: [
        convolution('image', 1, 5),
        node('Relu', ['convolution1'], 'features1'),
        convolution('features1', 2, 3),
        node('Relu', ['convolution2'], 'features2'),
        node('Flatten', ['features2'], 'flat', { axis: 1n }),
        node('Gemm', ['flat', 'dense.weight', 'dense.bias'], 'logits'),
        node('Softmax', ['logits'], 'probabilities', { axis: 1n }),
      ],
    },
  })
}

/** A convolution of step 2, padded by half its kernel. @param {string} input @param {number} nth @param {number} kernel */
function convolution(input, nth, kernel) {
  const name = `convolution${nth}`
  const padding = BigInt((kernel - 1) / 2)
  return node('Conv', [input, `${name}.weight`, `${name}.bias`], name, {
    kernel_shape: [BigInt(kernel), BigInt(kernel)],
    strides: [2n, 2n],
    pads: [padding, padding, padding, padding],
  })
}
