import { float, int, ints } from '../build.js'
import { floatTypes } from '../data.js'

const bytes = ['uint8', 'int8']

export const product = {
  async MatMul(g) {
    const x = g.operand({
      types: ['float32', 'float64', 'int32', 'int64', 'uint32', 'uint64', 'float16'],
      rank: [1, 4],
    })
    await g.node('MatMul', [x, g.tensor(x.type, rightDims(g, x))])
  },

  async Gemm(g) {
    const [transA, transB] = [g.random.below(2), g.random.below(2)]
    const x = g.operand({ types: floatTypes, rank: [2, 2] })
    const [m, k] = transA ? [x.dims[1], x.dims[0]] : x.dims
    const n = g.size()
    const c = g.opset < 11 || g.random.chance(0.6) ? g.tensor(x.type, g.broadcastable([m, n])) : undefined
    const factor = () => g.maybe(() => float(g.random.pick([0, 0.5, 1, 2, -1])))
    const flag = (value) => (value ? int(1) : g.maybe(() => int(0)))
    await g.node('Gemm', [x, g.tensor(x.type, transB ? [n, k] : [k, n]), c], {
      alpha: factor(),
      beta: factor(),
      transA: flag(transA),
      transB: flag(transB),
    })
  },

  async Einsum(g) {
    const size = Object.fromEntries([...'abcdij'].map((letter) => [letter, g.random.between(1, 4)]))
    const [left, right] = g.random.pick([
      ['ij,jd', 'id'],
      ['bij,bjd', 'bid'],
      ['ij', 'ji'],
      ['ij', ''],
      ['ij,ij', ''],
      ['i,j', 'ij'],
      ['bij,bdj', 'bid'],
      ['abij,abdj', 'abid'],
      ['ii', 'i'],
      ['bii', 'bi'],
      ['ii', ''],
      ['abc,cd', 'abd'],
      ['ij,jd,da', 'ia'],
      ['bi,bij,bj', 'b'],
      ['a,b,c', 'cab'],
      ['abcd', 'dbca'],
      ['ij,jd', undefined],
      ['ba', undefined],
    ])
    const type = g.type(['float32', 'float64', 'int32', 'int64'])
    const inputs = left.split(',').map((term) =>
      g.tensor(
        type,
        [...term].map((letter) => size[letter]),
      ),
    )
    await g.node('Einsum', inputs, { equation: right === undefined ? left : `${left}->${right}` })
  },

  async Conv(g) {
    const { x, kernel, attributes, groups, channels } = convolution(
      g,
      g.type(['float32', 'float32', 'float64', 'float16']),
    )
    const out = groups * g.random.between(1, 4)
    const weights = g.tensor(x.type, [out, channels / groups, ...kernel], { isParameter: g.random.chance(0.8) })
    await g.node('Conv', [x, weights, g.maybe(() => g.tensor(x.type, [out], { isParameter: true }))], attributes)
  },

  async ConvTranspose(g) {
    const { x, kernel, attributes, groups, channels } = convolution(g, 'float32', true)
    const out = g.random.between(1, 4)
    const weights = g.tensor(x.type, [channels, out, ...kernel], { isParameter: g.random.chance(0.8) })
    const { strides, ...others } = attributes
    const steps = strides?.value.map(Number) ?? kernel.map(() => 1)
    const output_padding = g.maybe(() => ints(steps.map((step) => g.random.below(step))), 0.3)
    await g.node(
      'ConvTranspose',
      [x, weights, g.maybe(() => g.tensor(x.type, [out * groups], { isParameter: true }))],
      { strides, ...others, output_padding },
    )
  },

  async ConvInteger(g) {
    const { x, kernel, attributes, groups, channels } = convolution(g, 'uint8')
    const weights = g.tensor(g.random.pick(bytes), [groups * g.random.between(1, 3), channels / groups, ...kernel], {
      isParameter: true,
      style: 'extreme',
    })
    await g.node('ConvInteger', [x, weights, g.maybe(() => zeroPoint(g, x.type)), undefined], attributes)
  },

  async QLinearConv(g) {
    const { x, kernel, attributes, groups, channels } = convolution(g, 'uint8')
    const out = groups * g.random.between(1, 3)
    const type = g.random.pick(bytes)
    const weights = g.tensor(type, [out, channels / groups, ...kernel], { isParameter: true, style: 'extreme' })
    const isPerChannel = g.random.chance(0.3)
    const scales = isPerChannel ? g.tensor('float32', [out], { style: 'positive', isParameter: true }) : scale(g)
    const zero = isPerChannel ? g.tensor(type, [out], { style: () => 0, isParameter: true }) : zeroPoint(g, type)
    const bias = g.maybe(() => g.tensor('int32', [out], { isParameter: true }))
    await g.node(
      'QLinearConv',
      [x, scale(g), zeroPoint(g, x.type), weights, scales, zero, scale(g), zeroPoint(g, x.type), bias],
      attributes,
    )
  },

  async MatMulInteger(g) {
    const x = g.operand({ types: bytes, rank: [1, 3], style: 'extreme' })
    const y = g.tensor(g.random.pick(x.type === 'int8' ? ['int8'] : bytes), rightDims(g, x), { style: 'extreme' })
    await g.node('MatMulInteger', [x, y, g.maybe(() => zeroPoint(g, x.type)), g.maybe(() => zeroPoint(g, y.type))])
  },

  async QLinearMatMul(g) {
    const x = g.operand({ types: bytes, rank: [2, 3], style: 'extreme' })
    const y = g.tensor(x.type, rightDims(g, x), { style: 'extreme' })
    await g.node('QLinearMatMul', [
      x,
      scale(g),
      zeroPoint(g, x.type),
      y,
      scale(g),
      zeroPoint(g, y.type),
      scale(g),
      zeroPoint(g, x.type),
    ])
  },

  async QuantizeLinear(g) {
    const x = g.operand({ types: ['float32'], rank: [0, 4], isExact: true })
    const type = g.random.pick(g.opset >= 21 ? [...bytes, 'uint16', 'int16'] : bytes)
    const { axis, dims } = granularity(g, x)
    const zero = g.maybe(() => g.tensor(type, dims, { isParameter: true }), type === 'uint8' ? 0.6 : 1)
    await g.node('QuantizeLinear', [x, g.tensor('float32', dims, { style: 'positive', isParameter: true }), zero], {
      axis,
    })
  },

  async DequantizeLinear(g) {
    const type = g.random.pick(g.opset >= 21 ? [...bytes, 'uint16', 'int16', 'int32'] : [...bytes, 'int32'])
    const x = g.operand({ types: [type], rank: [0, 4], style: 'extreme' })
    const { axis, dims } = granularity(g, x)
    const zero = g.maybe(() =>
      g.tensor(type, dims, { isParameter: true, style: type === 'int32' ? () => 0 : 'normal' }),
    )
    await g.node('DequantizeLinear', [x, g.tensor('float32', dims, { style: 'positive', isParameter: true }), zero], {
      axis,
    })
  },

  async DynamicQuantizeLinear(g) {
    await g.node(
      'DynamicQuantizeLinear',
      [g.operand({ types: ['float32'], rank: [1, 4], isExact: true, style: 'normal' })],
      {},
      { outputs: 3 },
    )
  },

  /** As quantised models have it: what an optimiser makes one node of. */
  async QdqMatMul(g) {
    const type = g.random.pick(bytes)
    const dequantized = async (dims) => {
      const x = g.tensor(type, dims, { style: 'extreme' })
      return (await g.node('DequantizeLinear', [x, scale(g), zeroPoint(g, type)]))[0]
    }
    const [m, k, n] = [g.random.between(1, 5), g.random.between(1, 9), g.random.between(1, 9)]
    await g.node('MatMul', [await dequantized([m, k]), await dequantized([k, n])])
  },

  async Det(g) {
    const size = g.random.between(1, 4)
    await g.node('Det', [g.operand({ types: ['float32'], dims: [...g.dims(g.random.below(3)), size, size] })])
  },

  async Attention(g) {
    const [batch, heads, length, past, size] = [
      g.random.between(1, 2),
      g.random.between(1, 2),
      g.random.between(1, 4),
      g.random.between(1, 5),
      g.random.between(1, 5),
    ]
    const [q, k, v] = [length, past, past].map((steps) => g.tensor('float32', [batch, heads, steps, size]))
    const mask = g.maybe(() => g.tensor('float32', [length, past]))
    await g.node('Attention', [q, k, v, mask], {
      is_causal: g.maybe(() => int(g.random.below(2))),
      scale: g.maybe(() => float(0.5)),
      softcap: g.maybe(() => float(2), 0.2),
    })
  },

  async RotaryEmbedding(g) {
    const [batch, heads, steps, half] = [
      g.random.between(1, 2),
      g.random.between(1, 3),
      g.random.between(1, 4),
      g.random.between(1, 3),
    ]
    const cache = () => g.tensor('float32', [6, half], { style: 'unit' })
    const ids = g.tensor('int64', [batch, steps], { style: () => BigInt(g.random.below(6)), isFresh: true })
    await g.node('RotaryEmbedding', [g.tensor('float32', [batch, heads, steps, 2 * half]), cache(), cache(), ids], {
      interleaved: g.maybe(() => int(g.random.below(2))),
    })
  },
}

/** Dimensions that x can be multiplied with from the right. */
function rightDims(g, x) {
  const k = x.dims.at(-1)
  if (g.random.chance(0.15)) return [k]
  const batch = x.rank > 2 && g.random.chance(0.6) ? g.broadcastable(x.dims.slice(0, -2)) : []
  return [...batch, k, g.size()]
}

/** What all convolutions share: an image, a kernel, and how it moves. */
export function convolution(g, type, isTransposed = false) {
  const { random } = g
  const spatial = random.pick([1, 2, 2, 2, 3])
  const groups = random.pick([1, 1, 1, 2, 3])
  const channels = groups * (groups > 1 && random.chance(0.5) ? 1 : random.between(1, 4))
  const kernel = Array.from({ length: spatial }, () => random.pick([1, 2, 3, 3, 3, 5]))
  const dilations = g.maybe(() => kernel.map(() => random.between(1, 2)), 0.3)
  const strides = g.maybe(() => kernel.map(() => random.between(1, 3)))
  const size = kernel.map((k, i) => (dilations?.[i] ?? 1) * (k - 1) + 1 + random.below(6))
  const x = g.operand({ types: [type], dims: [random.pick([1, 1, 2, 3]), channels, ...size] })
  const auto = random.chance(0.25) ? random.pick(['VALID', 'SAME_UPPER', 'SAME_LOWER', 'NOTSET']) : undefined
  const pads =
    auto === undefined && random.chance(0.6)
      ? [...kernel, ...kernel].map((k) => random.between(0, Math.min(2, k - 1)))
      : undefined
  const isPlain = isTransposed || (auto ?? 'NOTSET') === 'NOTSET' || auto === 'VALID'
  const list = (values) => values && ints(values)
  const attributes = {
    kernel_shape: g.maybe(() => ints(kernel)),
    group: groups > 1 ? int(groups) : g.maybe(() => int(1)),
    dilations: isPlain ? list(dilations) : undefined,
    strides: list(strides),
    pads: list(pads),
    auto_pad: auto,
  }
  return { x, kernel, attributes, groups, channels }
}

function scale(g) {
  return g.tensor('float32', g.random.chance(0.7) ? [] : [1], {
    style: () => 0.01 + g.random.unit() * 0.2,
    isParameter: true,
  })
}

function zeroPoint(g, type) {
  return g.tensor(type, [], {
    style: () => (type === 'uint8' ? g.random.between(100, 150) : g.random.between(-9, 9)),
    isParameter: true,
  })
}

/** A scale for all, or one for each along an axis. */
function granularity(g, x) {
  if (x.rank === 0 || g.opset < 13 || g.random.chance(0.5)) return { axis: undefined, dims: [] }
  const axis = g.axis(x.rank)
  return { axis: int(axis), dims: [x.dims[(axis + x.rank) % x.rank]] }
}
