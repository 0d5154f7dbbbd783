/**
 * Layers models to compare with: by name, what makes one and the shapes of its inputs (`null` sizes are 2 in the golden).
 *
 * @param tf TensorFlow.js with layers
 * @returns {Record<string, () => import('@tensorflow/tfjs-layers').LayersModel>}
 */
export function layerModels(tf) {
  const { layers: l } = tf
  const sequence =
    (shape, ...list) =>
    () =>
      tf.sequential({ layers: [l.inputLayer({ inputShape: shape }), ...list.map((layer) => (typeof layer === 'function' ? layer() : layer))] }) // prettier-ignore
  const one = (shape, make) => () => tf.sequential({ layers: [l.inputLayer({ inputShape: shape }), make()] })
  /** A model of several inputs. */
  const joined = (shapes, make) => () => {
    const inputs = shapes.map((shape, i) => tf.input({ shape, name: `in${i}` }))
    return tf.model({ inputs, outputs: make(inputs) })
  }
  const image = [7, 6, 3]
  const rnn = { units: 4, recurrentInitializer: 'glorotNormal' }
  return {
    'dense, activations': () =>
      tf.sequential({
        layers: [
          l.dense({ units: 8, inputShape: [5], activation: 'relu' }),
          l.dense({ units: 7, activation: 'elu' }),
          l.dense({ units: 6, activation: 'softsign', useBias: false }),
          l.dense({ units: 6, activation: 'swish' }),
          l.dense({ units: 6, activation: 'mish' }),
          l.dense({ units: 6, activation: 'hardSigmoid' }),
          l.dense({ units: 6, activation: 'softplus' }),
          l.dense({ units: 6, activation: 'selu' }),
          l.dense({ units: 4, activation: 'softmax' }),
        ],
      }),
    'dense of rank 3': one([3, 5], () => l.dense({ units: 4, activation: 'tanh' })),
    'activation layers': sequence(
      image,
      () => l.conv2d({ filters: 4, kernelSize: 1 }),
      () => l.leakyReLU({ alpha: 0.2 }),
      () => l.prelu(),
      () => l.elu(),
      () => l.thresholdedReLU({ theta: 0.1 }),
      () => l.reLU({ maxValue: 3 }),
      () => l.activation({ activation: 'sigmoid' }),
      () => l.softmax({ axis: -1 }),
    ),
    'prelu with shared axes': sequence(image, () => l.conv2d({ filters: 4, kernelSize: 2 }), () => l.prelu({ sharedAxes: [1, 2] })), // prettier-ignore
    'conv1d dilated': one([9, 3], () => l.conv1d({ filters: 4, kernelSize: 3, dilationRate: 2, activation: 'tanh' })),
    'conv1d same': one([9, 3], () => l.conv1d({ filters: 4, kernelSize: 4, strides: 2, padding: 'same' })),
    'conv2d same, strided': one(image, () => l.conv2d({ filters: 5, kernelSize: [3, 2], strides: 2, padding: 'same', activation: 'relu6' })), // prettier-ignore
    'conv2d dilated': one([9, 9, 2], () => l.conv2d({ filters: 3, kernelSize: 3, dilationRate: 2 })),
    'conv2d of any size': one([null, null, 3], () => l.conv2d({ filters: 3, kernelSize: 3, padding: 'same' })),
    'conv2d transposed, same': one([4, 5, 3], () => l.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, padding: 'same' })), // prettier-ignore
    'conv2d transposed, valid': one([4, 5, 3], () => l.conv2dTranspose({ filters: 2, kernelSize: [2, 4], strides: 3, activation: 'relu' })), // prettier-ignore
    depthwise: one(image, () => l.depthwiseConv2d({ kernelSize: 3, depthMultiplier: 2, padding: 'same', strides: 2 })),
    'separable': one(image, () => l.separableConv2d({ filters: 4, kernelSize: 3, depthMultiplier: 2, padding: 'same' })), // prettier-ignore
    'batch normalisation': sequence(
      image,
      () => l.conv2d({ filters: 4, kernelSize: 3 }),
      () => l.batchNormalization(),
      () => l.reLU(),
      () => l.flatten(),
      () => l.dense({ units: 5 }),
      () => l.batchNormalization({ scale: false }),
    ),
    'layer normalisation': one([4, 6], () => l.layerNormalization({ epsilon: 1e-4 })),
    'layer normalisation of two axes': one([4, 6], () => l.layerNormalization({ axis: [1, 2], center: false })),
    'pools of images': sequence(
      [11, 12, 2],
      () => l.maxPooling2d({ poolSize: 3, strides: 2, padding: 'same' }),
      () => l.averagePooling2d({ poolSize: 2, strides: 1, padding: 'same' }),
      () => l.averagePooling2d({ poolSize: [2, 3] }),
    ),
    'pools of sequences': sequence([12, 3], () => l.maxPooling1d({ poolSize: 2 }), () => l.averagePooling1d({ poolSize: 3, strides: 2, padding: 'same' })), // prettier-ignore
    'global pools': joined([image, [6, 4]], ([a, b]) => [
      l.globalAveragePooling2d({}).apply(a),
      l.globalMaxPooling2d({}).apply(a),
      l.globalAveragePooling1d().apply(b),
      l.globalMaxPooling1d().apply(b),
    ]),
    'borders': sequence([5, 6, 2], () => l.zeroPadding2d({ padding: [[1, 2], [0, 3]] }), () => l.cropping2D({ cropping: [[0, 1], [2, 0]] })), // prettier-ignore
    'larger, nearest': one([3, 4, 2], () => l.upSampling2d({ size: [2, 3] })),
    'larger, bilinear': one([3, 4, 2], () => l.upSampling2d({ size: [2, 3], interpolation: 'bilinear' })),
    rescaling: one([3], () => l.rescaling({ scale: 0.5, offset: -1 })),
    'shapes': sequence([12], () => l.reshape({ targetShape: [3, 4] }), () => l.permute({ dims: [2, 1] }), () => l.flatten(), () => l.repeatVector({ n: 3 })), // prettier-ignore
    'conv2d, flatten, dense': sequence(image, () => l.conv2d({ filters: 4, kernelSize: 3 }), () => l.flatten(), () => l.dropout({ rate: 0.5 }), () => l.gaussianNoise({ stddev: 1 }), () => l.dense({ units: 3 })), // prettier-ignore
    merging: joined([image, image], ([a, b]) => [
      l.add().apply([a, b]),
      l.multiply().apply([a, b]),
      l.average().apply([a, b]),
      l.maximum().apply([a, b]),
      l.minimum().apply([a, b]),
      l.concatenate().apply([a, b]),
      l.concatenate({ axis: 1 }).apply([a, b]),
    ]),
    'residual block': joined([image], ([x]) => {
      const y = l.conv2d({ filters: 3, kernelSize: 3, padding: 'same', activation: 'relu' }).apply(x)
      const z = l.add().apply([l.batchNormalization().apply(y), x])
      return l.concatenate().apply([z, l.conv2d({ filters: 2, kernelSize: 1 }).apply(z)])
    }),
    'dot of vectors': joined([[4], [4]], (inputs) => l.dot({ axes: 1 }).apply(inputs)),
    'dot of unit vectors': joined([[4], [4]], (inputs) => l.dot({ axes: -1, normalize: true }).apply(inputs)),
    'dot of matrices': joined([[4, 3], [5, 3]], (inputs) => l.dot({ axes: [2, 2] }).apply(inputs)), // prettier-ignore
    embedding: one([6], () => l.embedding({ inputDim: 10, outputDim: 3 })),
    'embedding, lstm, dense': sequence([6], () => l.embedding({ inputDim: 10, outputDim: 3 }), () => l.lstm(rnn), () => l.dense({ units: 2 })), // prettier-ignore
    'lstm, sequence': one([5, 3], () => l.lstm({ ...rnn, returnSequences: true })),
    'lstm with sigmoid gates, backwards': one([5, 3], () => l.lstm({ ...rnn, recurrentActivation: 'sigmoid', goBackwards: true, returnSequences: true, useBias: false })), // prettier-ignore
    'lstm with states': joined([[5, 3]], ([x]) =>
      l.lstm({ ...rnn, returnState: true, returnSequences: true }).apply(x),
    ),
    'encoder and decoder': joined([[5, 3], [4, 2]], ([x, y]) => {
      const [, h, c] = l.lstm({ ...rnn, returnState: true }).apply(x)
      return l.lstm({ ...rnn, returnSequences: true }).apply([y, h, c])
    }), // prettier-ignore
    gru: one([5, 3], () => l.gru({ ...rnn, returnSequences: true })),
    'gru with relu': one([5, 3], () => l.gru({ ...rnn, activation: 'relu', recurrentActivation: 'sigmoid' })),
    'simple rnn': one([5, 3], () => l.simpleRNN({ ...rnn, returnSequences: true })),
    'both directions': one([5, 3], () => l.bidirectional({ layer: l.lstm({ ...rnn, returnSequences: true }), mergeMode: 'concat' })), // prettier-ignore
    'both directions, summed': one([5, 3], () => l.bidirectional({ layer: l.gru(rnn), mergeMode: 'sum' })),
    'each step': one([4, 5], () => l.timeDistributed({ layer: l.dense({ units: 3, activation: 'relu' }) })),
    'each image': one([3, 5, 5, 2], () => l.timeDistributed({ layer: l.conv2d({ filters: 3, kernelSize: 3 }) })),
    'a model in a model, twice': joined([[4], [4]], ([a, b]) => {
      const inner = tf.sequential({ layers: [l.dense({ units: 3, inputShape: [4], activation: 'tanh' }), l.dense({ units: 2 })] }) // prettier-ignore
      return l.concatenate().apply([inner.apply(a), inner.apply(b)])
    }),
    'a layer twice': joined([[4], [4]], ([a, b]) => {
      const shared = l.dense({ units: 3 })
      return [shared.apply(a), l.add().apply([shared.apply(a), shared.apply(b)])]
    }),
  }
}
