import { int, ints } from '../build.js'
import { randomTensor } from '../data.js'

// What exporters write for one line of a user's code: several nodes, where sizes are data on their way.

const floats = ['float32', 'float64']

export const idioms = {
  /** `x.view(x.shape[0], -1)` of PyTorch 1.13. */
  async ViewByShape(g) {
    const x = g.operand({ rank: [2, 4] })
    const first = await unsqueeze(g, await sizeOf(g, x, 0), 0)
    const [shape] = await g.node('Concat', [first, g.list([-1])], { axis: int(0) }, exact)
    await g.node('Reshape', [x, shape], {}, exact)
  },

  /** Heads of attention: `x.view(b, s, h, d).transpose(1, 2)`. */
  async SplitHeads(g) {
    const heads = g.random.between(1, 3)
    const x = g.tensor(g.type(floats), [g.size(), g.size(), heads * g.random.between(1, 4)])
    const sizes = [await sizeOf(g, x, 0), await sizeOf(g, x, 1)]
    const parts = [await unsqueeze(g, sizes[0], 0), await unsqueeze(g, sizes[1], 0)]
    const [shape] = await g.node('Concat', [...parts, g.list([heads, x.dims[2] / heads])], { axis: int(0) }, exact)
    const [split] = await g.node('Reshape', [x, shape], {}, exact)
    await g.node('Transpose', [split], { perm: ints([0, 2, 1, 3]) }, exact)
  },

  /** `a.expand_as(b)`. */
  async ExpandAs(g) {
    const x = g.operand({ rank: [1, 4] })
    const [shape] = await g.node('Shape', [x], {}, exact)
    await g.node('Expand', [g.tensor(x.type, g.broadcastable(x.dims)), shape], {}, exact)
  },

  /** `x[:, : x.shape[1] // 2]`. */
  async SliceHalf(g) {
    if (g.opset < 10) return
    const x = g.operand({ rank: [1, 4] })
    const axis = g.random.below(x.rank)
    const [half] = await g.node('Div', [await sizeOf(g, x, axis), g.list([2], { dims: [] })], {}, exact)
    const end = await unsqueeze(g, half, 0)
    const [from, to] = g.random.chance(0.5) ? [g.list([0]), end] : [end, g.list([2n ** 63n - 1n])]
    await g.node('Slice', [x, from, to, g.list([axis])], {}, exact)
  },

  /** `torch.arange(x.shape[i]) < n`, a mask. */
  async LengthMask(g) {
    if (g.opset < 11) return
    const x = g.operand({ types: floats, rank: [1, 3] })
    const end = await sizeOf(g, x, x.rank - 1)
    const [positions] = await g.node('Range', [g.list([0], { dims: [] }), end, g.list([1], { dims: [] })], {}, exact)
    const [mask] = await g.node('Less', [positions, g.list([g.random.between(0, 4)])], {}, exact)
    await g.node('Where', [mask, x, g.tensor(x.type, [], { isFresh: true })])
  },

  async ScaledDotProduct(g) {
    const [b, s, t, d, e] = [g.size(), g.size(), g.size(), g.random.between(1, 5), g.random.between(1, 5)]
    const type = g.type(floats)
    const [q, k, v] = [g.tensor(type, [b, s, d]), g.tensor(type, [b, t, d]), g.tensor(type, [b, t, e])]
    const [turned] = await g.node('Transpose', [k], { perm: ints([0, 2, 1]) })
    const [scores] = await g.node('MatMul', [q, turned])
    const [scaled] = await g.node('Div', [scores, scalar(g, type, Math.sqrt(d))])
    const [weights] = await g.node('Softmax', [scaled], { axis: int(g.opset >= 13 ? -1 : 2) })
    await g.node('MatMul', [weights, v])
  },

  /** LayerNorm before opset 17. */
  async LayerNormByHand(g) {
    const x = g.operand({ types: floats, rank: [1, 4] })
    const axes = { axes: ints([-1]) }
    if (g.opset < 11 || g.opset >= 18) return
    const [mean] = await g.node('ReduceMean', [x], axes)
    const [centred] = await g.node('Sub', [x, mean])
    const [square] = await g.node('Pow', [centred, scalar(g, x.type, 2)])
    const [variance] = await g.node('ReduceMean', [square], axes)
    const [steady] = await g.node('Add', [variance, scalar(g, x.type, 1e-3)])
    const [deviation] = await g.node('Sqrt', [steady])
    const [normal] = await g.node('Div', [centred, deviation])
    const [scaled] = await g.node('Mul', [normal, g.tensor(x.type, x.dims.slice(-1), { isParameter: true })])
    await g.node('Add', [scaled, g.tensor(x.type, x.dims.slice(-1), { isParameter: true })])
  },

  async GeluByHand(g) {
    const x = g.operand({ types: ['float32'], rank: [1, 4] })
    const [divided] = await g.node('Div', [x, scalar(g, 'float32', Math.SQRT2)])
    if (g.opset < 9) return
    const [erf] = await g.node('Erf', [divided])
    const [plus] = await g.node('Add', [erf, scalar(g, 'float32', 1)])
    const [times] = await g.node('Mul', [x, plus])
    await g.node('Mul', [times, scalar(g, 'float32', 0.5)])
  },

  /** Convolution, BatchNormalization, activation, and what came in. */
  async ResidualBlock(g) {
    const c = g.random.between(1, 6)
    const x = g.tensor('float32', [g.size(), c, g.size(), g.size()])
    const weights = g.tensor('float32', [c, c, 3, 3], { isParameter: true })
    const [y] = await g.node('Conv', [x, weights], { pads: ints([1, 1, 1, 1]), kernel_shape: ints([3, 3]) })
    const perChannel = (style) => g.tensor('float32', [c], { isParameter: true, style })
    const [normal] = await g.node('BatchNormalization', [
      y,
      perChannel('normal'),
      perChannel('normal'),
      perChannel('unit'),
      perChannel('positive'),
    ])
    const [active] = g.random.chance(0.5)
      ? await g.node('Relu', [normal])
      : await g.node('Mul', [normal, (await g.node('Sigmoid', [normal]))[0]])
    await g.node('Add', [active, x])
  },

  /** `F.interpolate(x, size=other.shape[2:])`, as a U-Net does. */
  async ResizeAs(g) {
    if (g.opset < 13) return
    const c = g.random.between(1, 3)
    const x = g.tensor('float32', [1, c, g.random.between(1, 6), g.random.between(1, 6)])
    const other = g.tensor('float32', [1, g.random.between(1, 3), g.random.between(1, 9), g.random.between(1, 9)])
    const [shape] = await g.node('Shape', [other], {}, exact)
    const slice = async (of, from, to) =>
      (await g.node('Slice', [of, g.list([from]), g.list([to]), g.list([0])], {}, exact))[0]
    const [own] = await g.node('Shape', [x], {}, exact)
    const [sizes] = await g.node('Concat', [await slice(own, 0, 2), await slice(shape, 2, 4)], { axis: int(0) }, exact)
    const mode = g.random.pick(['nearest', 'linear'])
    const coordinates = mode === 'nearest' ? 'asymmetric' : g.random.pick(['half_pixel', 'align_corners'])
    const [resized] = await g.node('Resize', [x, undefined, undefined, sizes], {
      mode,
      coordinate_transformation_mode: coordinates,
      nearest_mode: mode === 'nearest' ? 'floor' : undefined,
    })
    await g.node('Concat', [resized, other], { axis: int(1) })
  },

  /** A quantised layer as QAT exports it. */
  async QuantisedLinear(g) {
    if (g.opset < 10) return
    const x = g.operand({ types: ['float32'], rank: [2, 3], isExact: true })
    const n = g.random.between(1, 7)
    const weights = g.tensor('float32', [x.dims.at(-1), n], { isParameter: true })
    const [a, w] = [await quantised(g, x, 'uint8', 128), await quantised(g, weights, 'int8', 0)]
    const [y] = await g.node('MatMul', [a, w])
    await g.node('Add', [y, g.tensor('float32', [n], { isParameter: true })])
  },

  /** Pads to a multiple of 4, as windowed attention does: `(4 - s % 4) % 4`. */
  async PadToMultiple(g) {
    if (g.opset < 13) return
    const x = g.operand({ types: floats, rank: [1, 3] })
    const four = g.list([4], { dims: [] })
    const [over] = await g.node('Mod', [await sizeOf(g, x, x.rank - 1), four], {}, exact)
    const [missing] = await g.node('Sub', [four, over], {}, exact)
    const [amount] = await g.node('Mod', [missing, four], {}, exact)
    const before = g.list(Array.from({ length: 2 * x.rank - 1 }, () => 0))
    const [pads] = await g.node('Concat', [before, await unsqueeze(g, amount, 0)], { axis: int(0) }, exact)
    const [padded] = await g.node('Pad', [x, pads], {}, exact)
    const [rows] = await g.node('Reshape', [padded, g.list([-1, 4])], {}, exact)
    await g.node('ReduceMax', [rows], { keepdims: int(0) })
  },
}

const exact = { isExact: true }

/** Size of an axis as a scalar: Shape and Gather. */
async function sizeOf(g, x, axis) {
  const [shape] = await g.node('Shape', [x], {}, exact)
  const [size] = await g.node('Gather', [shape, g.list([axis], { dims: [] })], { axis: int(0) }, exact)
  return size
}

async function unsqueeze(g, x, axis) {
  const [y] =
    g.opset >= 13
      ? await g.node('Unsqueeze', [x, g.list([axis])], {}, exact)
      : await g.node('Unsqueeze', [x], { axes: ints([axis]) }, exact)
  return y
}

async function quantised(g, x, type, zero) {
  const scale = scalar(g, 'float32', 2 ** -g.random.between(3, 6))
  const zeroPoint = g.source(
    randomTensor(type, [], () => zero, g.random),
    true,
  )
  const [q] = await g.node('QuantizeLinear', [x, scale, zeroPoint])
  const [y] = await g.node('DequantizeLinear', [q, scale, zeroPoint])
  return y
}

function scalar(g, type, value) {
  return g.source(
    randomTensor(type, [], () => value, g.random),
    true,
  )
}
