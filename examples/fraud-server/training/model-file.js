import { tensorFrom } from '../../../dist/onnx/tensor.js'
import { encodeModel } from '../../../dist/onnx/write.js'
import { node, valueInfo } from '../../training-kit/onnx.js'
import { featureNames } from '../src/features.js'

/**
 * The bytes of an ONNX file for the network: raw features go in, normalisation and embeddings are part of the graph,
 * so that a service can't get them wrong. The batch size is left open.
 *
 * @param {readonly import('./network.js').Weight[]} weights
 * @param {Record<string, string>} metadata
 */
export function modelFile(weights, metadata) {
  return encodeModel({
    irVersion: 8,
    opsets: new Map([['', 17]]),
    producer: 'fraud-server training/train.js',
    docString: 'Probability that a card transaction is a fraud. Trained on synthetic data.',
    metadata: new Map(Object.entries({ ...metadata, 'columns of features': featureNames.join(', ') })),
    functions: new Map(),
    graph: {
      name: 'fraud',
      inputs: [
        valueInfo('features', 'float32', ['batch', featureNames.length]),
        valueInfo('category', 'int64', ['batch']),
        valueInfo('hour', 'int64', ['batch']),
      ],
      outputs: [valueInfo('score', 'float32', ['batch', 1])],
      valueInfo: new Map(),
      initializers: new Map(weights.map(({ name, dims, values }) => [name, tensorFrom('float32', dims, values)])),
      nodes: [
        node('Sub', ['features', 'mean'], 'centred'),
        node('Div', ['centred', 'deviation'], 'normalised'),
        node('Gather', ['category.embedding', 'category'], 'category vector'),
        node('Gather', ['hour.embedding', 'hour'], 'hour vector'),
        node('Concat', ['normalised', 'category vector', 'hour vector'], 'row', { axis: 1n }),
        node('Gemm', ['row', 'dense1.weight', 'dense1.bias'], 'dense1'),
        node('Relu', ['dense1'], 'hidden1'),
        node('Gemm', ['hidden1', 'dense2.weight', 'dense2.bias'], 'dense2'),
        node('Relu', ['dense2'], 'hidden2'),
        node('Gemm', ['hidden2', 'dense3.weight', 'dense3.bias'], 'logit'),
        node('Sigmoid', ['logit'], 'score'),
      ],
    },
  })
}
