import { int, ints } from '../build.js'
import { allTypes, floatTypes, numberTypes, randomTensor } from '../data.js'
import { codes, mapped } from './elementwise.js'

const exact = { isExact: true }
const product = (dims) => dims.reduce((total, size) => total * size, 1)

export const movement = {
  async Reshape(g) {
    const x = g.operand()
    const count = product(x.dims)
    let target = regrouped(x.dims, g)
    if (g.random.chance(0.4) && count > 0 && target.length > 0)
      target = replaced(target, g.random.below(target.length), -1)
    else if (g.random.chance(0.3)) target = target.map((size, i) => (x.dims[i] === size && i < x.rank ? 0 : size))
    const allowzero =
      g.opset >= 14 && count === 0 && !target.includes(-1) && target.every((size, i) => size !== 0 || x.dims[i] === 0)
        ? g.maybe(() => int(1))
        : undefined
    await g.node('Reshape', [x, g.list(target)], { allowzero }, exact)
  },

  async Transpose(g) {
    const x = g.operand({ rank: [0, 5] })
    await g.node('Transpose', [x], { perm: g.maybe(() => ints(g.random.shuffle(x.dims.map((_, i) => i))), 0.8) }, exact)
  },

  async Flatten(g) {
    const x = g.operand()
    const axis = g.opset >= 11 ? g.random.between(-x.rank, x.rank) : g.random.between(0, x.rank)
    await g.node('Flatten', [x], { axis: g.maybe(() => int(axis), 0.8) }, exact)
  },

  async Squeeze(g) {
    const x = g.operand()
    const ones = x.dims.flatMap((size, i) =>
      size === 1 ? [g.opset >= 11 && g.random.chance(0.3) ? i - x.rank : i] : [],
    )
    const axes = g.random.chance(0.25) ? undefined : ones.filter(() => g.random.chance(0.7))
    if (g.opset >= 13) await g.node('Squeeze', [x, axes && g.list(axes)], {}, exact)
    else await g.node('Squeeze', [x], { axes: axes && axes.length > 0 ? ints(axes) : undefined }, exact)
  },

  async Unsqueeze(g) {
    const x = g.operand({ rank: [0, 3] })
    const rank = x.rank + g.random.between(1, 2)
    const axes = g.random.shuffle(Array.from({ length: rank }, (_, i) => i)).slice(0, rank - x.rank)
    const given = axes.map((axis) => (g.opset >= 11 && g.random.chance(0.3) ? axis - rank : axis))
    if (g.opset >= 13) await g.node('Unsqueeze', [x, g.list(given)], {}, exact)
    else await g.node('Unsqueeze', [x], { axes: ints(g.opset >= 11 ? given : [...axes].sort((a, b) => a - b)) }, exact)
  },

  async Concat(g) {
    const x = g.operand({ rank: [1, 4] })
    const axis = g.axis(x.rank)
    const at = (axis + x.rank) % x.rank
    const others = Array.from({ length: g.random.below(4) }, () => g.tensor(x.type, replaced(x.dims, at, g.size())))
    await g.node('Concat', g.random.shuffle([x, ...others]), { axis: int(g.opset >= 11 ? axis : at) }, exact)
  },

  async Split(g) {
    const x = g.operand({ rank: [1, 4] })
    const axis = g.axis(x.rank)
    const at = (axis + x.rank) % x.rank
    const size = x.dims[at]
    const parts = g.random.between(1, 3)
    const cuts = Array.from({ length: parts - 1 }, () => g.random.between(0, size)).sort((a, b) => a - b)
    const sizes = [...cuts, size].map((cut, i) => cut - (cuts[i - 1] ?? 0))
    const isEven = size % parts === 0 && g.random.chance(0.4)
    const attributes = { axis: g.maybe(() => int(g.opset >= 11 ? axis : at), at === 0 ? 0.5 : 1) }
    const options = { outputs: parts, ...exact }
    if (g.opset >= 18 && (isEven || (size >= parts && g.random.chance(0.3)))) {
      await g.node('Split', [x], { ...attributes, num_outputs: int(parts) }, options)
    } else if (g.opset >= 13)
      await g.node('Split', [x, isEven && g.opset < 18 ? undefined : g.list(sizes)], attributes, options)
    else await g.node('Split', [x], { ...attributes, split: isEven ? undefined : ints(sizes) }, options)
  },

  async Slice(g) {
    const x = g.operand({ rank: [1, 4] })
    const axes = g.axes(x.rank, 1)
    const isFar = g.random.chance(0.15)
    const bound = (axis) => {
      const size = x.dims[(axis + x.rank) % x.rank]
      return isFar
        ? g.random.pick([-(2 ** 31), 2 ** 31 - 1, -(2n ** 63n), 2n ** 63n - 1n, -size, size])
        : g.random.between(-size - 2, size + 2)
    }
    const [starts, ends] = [axes.map(bound), axes.map(bound)]
    if (g.opset < 10) {
      const plain = axes.map((axis) => (axis + x.rank) % x.rank)
      await g.node('Slice', [x], { starts: ints(starts), ends: ints(ends), axes: ints(plain) }, exact)
      return
    }
    const type = isFar ? 'int64' : g.random.pick(['int64', 'int32'])
    const list = (values) => g.list(values, { type })
    const steps = g.maybe(() => list(axes.map(() => g.random.pick([1, 1, 2, 3, -1, -1, -2, 100, -100]))))
    const isAll = axes.every((axis, i) => axis === i)
    await g.node(
      'Slice',
      [x, list(starts), list(ends), isAll && !steps && g.random.chance(0.5) ? undefined : list(axes), steps],
      {},
      exact,
    )
  },

  async Expand(g) {
    const x = g.operand()
    const target = x.dims.map((size) => (size === 1 ? g.size() : g.random.chance(0.3) ? 1 : size))
    const kept = g.random.chance(0.3)
      ? target.slice(g.random.below(target.length + 1))
      : [...g.dims(g.random.below(2)), ...target]
    await g.node('Expand', [x, g.list(kept)], {}, exact)
  },

  async Tile(g) {
    const x = g.operand({ rank: [0, 4] })
    await g.node('Tile', [x, g.list(x.dims.map(() => g.random.pick([1, 1, 2, 3, 0])))], {}, exact)
  },

  async Pad(g) {
    const types = g.opset >= 13 ? numberTypes : floatTypes
    const x = g.operand({ types, rank: [1, 4] })
    const mode = g.random.pick(['constant', 'constant', 'reflect', 'edge', ...(g.opset >= 19 ? ['wrap'] : [])])
    const axes = g.opset >= 18 && g.random.chance(0.4) ? g.axes(x.rank, 1) : undefined
    const padded = axes ?? x.dims.map((_, i) => i)
    const pads = [...padded, ...padded].map((axis) => {
      const size = x.dims[(axis + x.rank) % x.rank]
      const most = mode === 'reflect' ? Math.max(0, size - 1) : mode === 'wrap' ? size : 3
      return g.random.chance(0.2) ? -g.random.below(Math.min(2, size)) : g.random.between(0, Math.min(3, most))
    })
    const attributes = { mode: g.maybe(() => mode, mode === 'constant' ? 0.5 : 1) }
    if (g.opset < 11) return g.node('Pad', [x], { ...attributes, pads: ints(pads), value: undefined }, exact)
    const value = g.maybe(() => g.tensor(x.type, [], { isParameter: true, style: 'positive' }))
    await g.node(
      'Pad',
      [x, g.list(pads), value, axes && g.list(axes, { type: g.random.pick(['int64', 'int32']) })],
      attributes,
      exact,
    )
  },

  async Shape(g) {
    const x = g.operand()
    const bound = () => g.maybe(() => int(g.random.between(-x.rank - 1, x.rank + 1)))
    await g.node('Shape', [x], g.opset >= 15 ? { start: bound(), end: bound() } : {}, exact)
  },

  async Size(g) {
    await g.node('Size', [g.operand()], {}, exact)
  },

  async ConstantOfShape(g) {
    const value = g.maybe(() => randomTensor(g.type([...numberTypes, 'bool']), [1], 'normal', g.random), 0.8)
    await g.node('ConstantOfShape', [g.list(g.dims(g.random.below(4)))], { value }, exact)
  },

  async Range(g) {
    const type = g.type(['float32', 'float64', 'int16', 'int32', 'int64'])
    const bound = (value) => g.tensor(type, [], { style: () => value, isParameter: true })
    const step = g.random.pick([1, 2, 3, -1, -2, ...(type.startsWith('float') ? [0.5, 0.3, -0.7] : [])])
    await g.node('Range', [bound(g.random.between(-9, 9)), bound(g.random.between(-9, 9)), bound(step)], {}, exact)
  },

  async EyeLike(g) {
    const x = g.operand({ types: ['float32', 'float64', 'int32', 'int64', 'uint64'], rank: [2, 2] })
    const dtype = g.maybe(() => int(codes[g.random.pick(['float32', 'float64', 'int32', 'int64'])]))
    await g.node('EyeLike', [x], { k: g.maybe(() => int(g.random.between(-3, 3))), dtype }, exact)
  },

  async Trilu(g) {
    const x = g.operand({ types: [...numberTypes, 'bool'], rank: [2, 4] })
    const k = g.maybe(() => g.list([g.random.between(-6, 6)], { dims: [] }))
    await g.node('Trilu', [x, k], { upper: g.maybe(() => int(g.random.below(2))) }, exact)
  },

  ...mapped({ DepthToSpace: 0, SpaceToDepth: 1 }, (op, isSpace) => async (g) => {
    const block = g.random.between(1, 3)
    const [n, c, h, w] = g.dims(4)
    const dims = isSpace ? [n, c, h * block, w * block] : [n, c * block * block, h, w]
    const mode = !isSpace && g.opset >= 11 ? g.maybe(() => g.random.pick(['DCR', 'CRD'])) : undefined
    await g.node(op, [g.operand({ types: floatTypes, dims })], { blocksize: int(block), mode }, exact)
  }),

  async ReverseSequence(g) {
    const x = g.operand({ types: allTypes, rank: [2, 4] })
    const time = g.random.below(2)
    const lengths = Array.from({ length: x.dims[1 - time] }, () =>
      g.random.between(Math.min(1, x.dims[time]), x.dims[time]),
    )
    const attributes = { time_axis: int(time), batch_axis: int(1 - time) }
    await g.node('ReverseSequence', [x, g.list(lengths)], attributes, exact)
  },

  async CenterCropPad(g) {
    const x = g.operand({ types: numberTypes, rank: [1, 4] })
    const axes = g.maybe(() => g.axes(x.rank, 1))
    const sizes = (axes ?? x.dims).map(() => g.random.between(1, 6))
    await g.node(
      'CenterCropPad',
      [x, g.list(sizes, { type: g.random.pick(['int64', 'int32']) })],
      { axes: axes && ints(axes) },
      exact,
    )
  },

  async Col2Im(g) {
    const [n, c] = [g.random.between(1, 2), g.random.between(1, 3)]
    const image = [g.random.between(3, 7), g.random.between(3, 7)]
    const block = [g.random.between(1, 3), g.random.between(1, 3)]
    const strides = g.maybe(() => [g.random.between(1, 2), g.random.between(1, 2)])
    const dilations = g.maybe(() => [1, g.random.between(1, 2)])
    const pads = g.maybe(() => [0, 1, 1, 0].map((most) => g.random.between(0, most)))
    const count = image.map((size, i) => {
      const extent = (dilations?.[i] ?? 1) * (block[i] - 1) + 1
      return Math.floor((size + (pads?.[i] ?? 0) + (pads?.[i + 2] ?? 0) - extent) / (strides?.[i] ?? 1)) + 1
    })
    const dims = [n, c * product(block), Math.max(0, product(count))]
    const list = (values) => values && ints(values)
    await g.node('Col2Im', [g.operand({ types: ['float32'], dims }), g.list(image), g.list(block)], {
      strides: list(strides),
      dilations: list(dilations),
      pads: list(pads),
    })
  },
}

/** The same number of elements in other dimensions. */
function regrouped(dims, g) {
  const kept = [...dims]
  for (let times = g.random.below(3); times > 0 && kept.length > 1; times--) {
    const at = g.random.below(kept.length - 1)
    kept.splice(at, 2, kept[at] * kept[at + 1])
  }
  if (g.random.chance(0.5)) kept.splice(g.random.below(kept.length + 1), 0, 1)
  return g.random.chance(0.3) ? g.random.shuffle(kept) : kept
}

export function replaced(list, at, value) {
  return list.map((item, i) => (i === at ? value : item))
}
