import { float, int, ints } from '../build.js'
import { floatTypes } from '../data.js'
import { mapped } from './elementwise.js'

/** Types that onnxruntime reduces, and from which opset on the axes are an input. */
const reductions = {
  ReduceSum: 13,
  ReduceMean: 18,
  ReduceMax: 18,
  ReduceMin: 18,
  ReduceProd: 18,
  ReduceL1: 18,
  ReduceL2: 18,
  ReduceLogSum: 18,
  ReduceLogSumExp: 18,
  ReduceSumSquare: 18,
}

export const reduction = {
  ...mapped(reductions, (op, since) => async (g) => {
    const x = g.operand({
      types: ['float32', 'float64', 'int32', 'int64', 'float16'],
      rank: [0, 5],
      style: /Log/.test(op) ? 'positive' : /L2|Mean/.test(op) ? 'normal' : g.style,
    })
    const axes = g.random.chance(0.2) ? undefined : g.axes(x.rank, 1)
    const keepdims = g.maybe(() => int(g.random.below(2)))
    if (g.opset < since) {
      const given =
        axes && axes.length > 0 ? ints(g.opset < 11 ? axes.map((axis) => (axis + x.rank) % x.rank) : axes) : undefined
      return g.node(op, [x], { axes: given, keepdims })
    }
    const list = axes && g.list(g.random.chance(0.1) ? [] : axes)
    await g.node(op, [x, list], { keepdims, noop_with_empty_axes: g.maybe(() => int(g.random.below(2)), 0.3) })
  }),

  ...mapped({ Softmax: 0, LogSoftmax: 0, Hardmax: 1 }, (op, isExact) => async (g) => {
    const x = g.operand({ types: ['float32', 'float64'], rank: [1, 4], isExact: isExact === 1, style: 'normal' })
    const axis = g.axis(x.rank)
    await g.node(op, [x], {
      axis: g.maybe(() => int(g.opset < 11 ? (axis + x.rank) % x.rank : axis), g.opset < 13 && x.rank < 2 ? 1 : 0.7),
    })
  }),

  ...mapped({ CumSum: 0 }, (op) => async (g) => {
    const x = g.operand({ types: ['float32', 'float64', 'int32', 'int64'], rank: [1, 4] })
    const flag = () => g.maybe(() => int(g.random.below(2)))
    await g.node(op, [x, g.list([g.axis(x.rank)], { type: g.random.pick(['int64', 'int32']), dims: [] })], {
      exclusive: flag(),
      reverse: flag(),
    })
  }),

  async LayerNormalization(g) {
    const x = g.operand({ types: floatTypes, rank: [1, 4], style: 'normal' })
    const axis = g.axis(x.rank)
    const dims = x.dims.slice((axis + x.rank) % x.rank)
    const inputs = [
      x,
      g.tensor(x.type, dims, { isParameter: true }),
      g.maybe(() => g.tensor(x.type, dims, { isParameter: true })),
    ]
    await g.node(
      'LayerNormalization',
      inputs,
      { axis: int(axis), epsilon: g.maybe(() => float(1e-3)) },
      { outputs: x.type === 'float32' ? g.random.pick([1, 1, 3]) : 1 },
    )
  },

  async RMSNormalization(g) {
    const x = g.operand({ types: floatTypes, rank: [1, 4], style: 'normal' })
    const axis = g.axis(x.rank)
    const scale = g.tensor(x.type, x.dims.slice((axis + x.rank) % x.rank), { isParameter: true })
    await g.node('RMSNormalization', [x, scale], { axis: int(axis), epsilon: g.maybe(() => float(1e-3)) })
  },

  async InstanceNormalization(g) {
    const x = g.operand({ types: ['float32'], rank: [3, 5], style: 'normal' })
    const scale = () => g.tensor('float32', [x.dims[1]], { isParameter: true })
    await g.node('InstanceNormalization', [x, scale(), scale()], { epsilon: g.maybe(() => float(1e-3)) })
  },

  async GroupNormalization(g) {
    const groups = g.random.between(1, 3)
    const dims = [g.size(), groups * g.random.between(1, 3), ...g.dims(g.random.between(1, 2))]
    const x = g.operand({ types: ['float32'], dims })
    const scale = () => g.tensor('float32', [g.opset >= 21 ? dims[1] : groups], { isParameter: true })
    await g.node('GroupNormalization', [x, scale(), scale()], {
      num_groups: int(groups),
      epsilon: g.maybe(() => float(1e-3)),
    })
  },

  async BatchNormalization(g) {
    const x = g.operand({ types: ['float32', 'float64'], rank: [2, 5] })
    const channel = (style) => g.tensor(x.type, [x.dims[1]], { style, isParameter: true })
    const inputs = [x, channel('normal'), channel('normal'), channel('normal'), channel('positive')]
    await g.node('BatchNormalization', inputs, { epsilon: g.maybe(() => float(1e-3)) })
  },

  async LpNormalization(g) {
    const x = g.operand({ types: ['float32', 'float64'], rank: [1, 4] })
    await g.node('LpNormalization', [x], { axis: int(g.axis(x.rank)), p: int(g.random.between(1, 2)) })
  },

  async MeanVarianceNormalization(g) {
    const x = g.operand({ types: ['float32'], rank: [4, 4], style: 'normal' })
    await g.node('MeanVarianceNormalization', [x], {
      axes: g.maybe(() =>
        ints(
          g.random.pick([
            [0, 2, 3],
            [0, 1, 2, 3],
          ]),
        ),
      ),
    })
  },

  async LRN(g) {
    const x = g.operand({ types: ['float32'], rank: [4, 4] })
    const attributes = { alpha: float(0.01), beta: float(0.75), bias: float(1), size: int(g.random.pick([1, 3, 5])) }
    await g.node('LRN', [x], attributes)
  },

  async NegativeLogLikelihoodLoss(g) {
    await loss(g, 'NegativeLogLikelihoodLoss', { outputs: 1 })
  },

  async SoftmaxCrossEntropyLoss(g) {
    await loss(g, 'SoftmaxCrossEntropyLoss', { outputs: g.random.between(1, 2) })
  },
}

async function loss(g, op, options) {
  const [batch, classes, ...rest] = [
    g.random.between(1, 4),
    g.random.between(1, 5),
    ...g.dims(g.random.below(3)).map((size) => Math.max(1, size)),
  ]
  const x = g.operand({ types: ['float32', 'float64'], dims: [batch, classes, ...rest] })
  const labels = g.tensor(g.random.pick(['int64', 'int32']), [batch, ...rest], {
    style: () => BigInt(g.random.below(classes)),
    isFresh: true,
  })
  const weights = g.maybe(() => g.tensor(x.type, [classes], { style: 'positive' }))
  const reductionOf = g.maybe(() => g.random.pick(['mean', 'sum', 'none']), 0.8)
  const ignore = g.maybe(() => int(g.random.between(-1, classes - 1)), 0.3)
  await g.node(op, [x, labels, weights], { reduction: reductionOf, ignore_index: ignore }, options)
}
