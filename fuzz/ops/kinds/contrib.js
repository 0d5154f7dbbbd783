import { float, floats, int } from '../build.js'

const microsoft = { domain: 'com.microsoft' }

/** Operators of onnxruntime's own, which its optimiser writes. */
export const contrib = {
  ...Object.fromEntries(
    ['Gelu', 'QuickGelu'].map((op) => [
      `com.microsoft.${op}`,
      async (g) => g.node(op, [g.operand({ types: ['float32'], rank: [1, 4] })], {}, microsoft),
    ]),
  ),

  ...Object.fromEntries(
    ['BiasGelu', 'FastGelu'].map((op) => [
      `com.microsoft.${op}`,
      async (g) => {
        const x = g.operand({ types: ['float32'], rank: [1, 4] })
        const bias = () => g.tensor('float32', x.dims.slice(-1), { isParameter: true })
        await g.node(op, [x, op === 'BiasGelu' ? bias() : g.maybe(bias)], {}, microsoft)
      },
    ]),
  ),

  async 'com.microsoft.FusedMatMul'(g) {
    const x = g.operand({ types: ['float32'], rank: [2, 4] })
    const [transA, transB] = [g.random.below(2), g.random.below(2)]
    const k = x.dims.at(transA ? -2 : -1)
    const n = g.size()
    const batch = x.dims.slice(0, -2)
    const y = g.tensor('float32', [...batch, ...(transB ? [n, k] : [k, n])])
    const alpha = g.maybe(() => float(g.random.pick([0.5, 2, -1])))
    await g.node('FusedMatMul', [x, y], { transA: int(transA), transB: int(transB), alpha }, microsoft)
  },

  async 'com.microsoft.FusedGemm'(g) {
    const x = g.operand({ types: ['float32'], rank: [2, 2] })
    const n = g.size()
    const activation = g.random.pick(['Relu', 'LeakyRelu', 'Sigmoid', 'Tanh'])
    const bias = g.maybe(() => g.tensor('float32', [n], { isParameter: true }))
    const attributes = {
      activation: { kind: 'string', value: activation },
      activation_alpha: activation === 'LeakyRelu' ? float(0.1) : undefined,
    }
    await g.node(
      'FusedGemm',
      [x, g.tensor('float32', [x.dims[1], n], { isParameter: true }), bias],
      attributes,
      microsoft,
    )
  },

  async 'com.microsoft.FusedConv'(g) {
    const [c, m] = [g.random.between(1, 4), g.random.between(1, 5)]
    const x = g.tensor('float32', [g.size(), c, g.random.between(3, 7), g.random.between(3, 7)])
    const weights = g.tensor('float32', [m, c, 3, 3], { isParameter: true })
    const activation = g.random.pick(['Relu', 'Sigmoid', 'Tanh', 'LeakyRelu', 'Clip', 'HardSigmoid'])
    const parameters = { LeakyRelu: [0.1], Clip: [-0.5, 1], HardSigmoid: [0.2, 0.5] }[activation]
    const bias = g.maybe(() => g.tensor('float32', [m], { isParameter: true }))
    const attributes = {
      activation: { kind: 'string', value: activation },
      activation_params: parameters && floats(parameters),
    }
    await g.node('FusedConv', [x, weights, bias], attributes, microsoft)
  },

  async 'com.microsoft.SkipLayerNormalization'(g) {
    const x = g.operand({ types: ['float32'], rank: [3, 3] })
    const vector = () => g.tensor('float32', x.dims.slice(-1), { isParameter: true })
    const inputs = [x, g.tensor('float32', x.dims), vector(), g.maybe(vector), g.maybe(vector)]
    await g.node('SkipLayerNormalization', inputs, { epsilon: float(1e-3) }, microsoft)
  },

  async 'com.microsoft.SkipSimplifiedLayerNormalization'(g) {
    const x = g.operand({ types: ['float32'], rank: [3, 3] })
    const vector = () => g.tensor('float32', x.dims.slice(-1), { isParameter: true })
    const inputs = [x, g.tensor('float32', x.dims), vector(), g.maybe(vector)]
    await g.node('SkipSimplifiedLayerNormalization', inputs, { epsilon: float(1e-3) }, microsoft)
  },

  async SimplifiedLayerNormalization(g) {
    const x = g.operand({ types: ['float32', 'float64'], rank: [1, 4] })
    const scale = g.tensor(x.type, x.dims.slice(-1), { isParameter: true })
    await g.node('SimplifiedLayerNormalization', [x, scale], { axis: int(-1), epsilon: float(1e-3) })
  },
}
