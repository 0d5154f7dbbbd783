import { int } from '../build.js'
import { numberTypes } from '../data.js'
import { replaced } from './movement.js'

const exact = { isExact: true }
const indexTypes = ['int64', 'int32']

export const selection = {
  async Gather(g) {
    const x = g.operand({ rank: [1, 4] })
    const axis = g.axis(x.rank)
    await g.node(
      'Gather',
      [x, indices(g, g.dims(g.random.below(3)), sizeAt(x, axis))],
      { axis: g.maybe(() => int(axis), axis === 0 ? 0.5 : 1) },
      exact,
    )
  },

  async GatherElements(g) {
    const x = g.operand({ rank: [1, 4] })
    const axis = g.axis(x.rank)
    const dims = x.dims.map((size, i) =>
      i === (axis + x.rank) % x.rank ? g.size() : g.random.between(Math.min(1, size), size),
    )
    await g.node('GatherElements', [x, indices(g, dims, sizeAt(x, axis))], { axis: int(axis) }, exact)
  },

  async GatherND(g) {
    const x = g.operand({ rank: [1, 4] })
    const batch = g.opset >= 12 ? g.random.below(Math.min(2, x.rank)) : 0
    const depth = g.random.between(1, x.rank - batch)
    const dims = [...x.dims.slice(0, batch), ...g.dims(g.random.below(2)), depth]
    const values = (_, i) => BigInt(within(g, x.dims[batch + (i % depth)]))
    const list = g.tensor('int64', dims, { style: values, isFresh: true })
    await g.node('GatherND', [x, list], { batch_dims: batch > 0 ? int(batch) : undefined }, exact)
  },

  async ScatterElements(g) {
    const x = g.operand({ types: [...numberTypes, 'bool'], rank: [1, 4] })
    const axis = g.axis(x.rank)
    const at = (axis + x.rank) % x.rank
    const size = x.dims[at]
    // Each index once per row: with several, the order is anybody's.
    const count = g.random.between(Math.min(1, size), size)
    const dims = replaced(x.dims, at, count)
    const inner = dims.slice(at + 1).reduce((a, b) => a * b, 1)
    const order = g.random.shuffle(Array.from({ length: size }, (_, i) => (g.random.chance(0.2) ? i - size : i)))
    const style = (_, i) => BigInt(order[Math.floor(i / inner) % count])
    const reduction =
      g.opset >= 16 && x.type !== 'bool' && !x.type.includes('16')
        ? g.maybe(() => g.random.pick(['none', 'add', 'mul', ...(g.opset >= 18 ? ['max', 'min'] : [])]))
        : undefined
    const inputs = [x, g.tensor(g.random.pick(indexTypes), dims, { style, isFresh: true }), g.tensor(x.type, dims)]
    await g.node(g.opset < 11 ? 'Scatter' : 'ScatterElements', inputs, {
      axis: int(g.opset < 11 ? at : axis),
      reduction,
    })
  },

  async ScatterND(g) {
    const x = g.operand({ types: [...numberTypes, 'bool'], rank: [1, 4] })
    const depth = g.random.between(1, x.rank)
    const total = x.dims.slice(0, depth).reduce((a, b) => a * b, 1)
    const count = g.random.between(0, Math.min(4, total))
    const chosen = g.random.shuffle(Array.from({ length: Math.min(total, 60) }, (_, i) => i)).slice(0, count)
    const coordinates = chosen.flatMap((flat) => {
      const place = []
      for (let i = depth - 1; i >= 0; i--) {
        place.unshift(flat % x.dims[i])
        flat = Math.floor(flat / x.dims[i])
      }
      return place
    })
    const list = g.tensor('int64', [chosen.length, depth], { style: (_, i) => BigInt(coordinates[i]), isFresh: true })
    const reduction =
      g.opset >= 16 && x.type !== 'bool'
        ? g.maybe(() => g.random.pick(['none', 'add', 'mul', ...(g.opset >= 18 ? ['max', 'min'] : [])]))
        : undefined
    await g.node('ScatterND', [x, list, g.tensor(x.type, [chosen.length, ...x.dims.slice(depth)])], { reduction })
  },

  async TopK(g) {
    const x = g.operand({
      types: ['float32', 'float64', 'int32', 'int64'],
      rank: [1, 4],
      isExact: true,
      style: g.random.pick(['normal', 'ties']),
    })
    const axis = g.axis(x.rank)
    const k = g.random.between(0, sizeAt(x, axis))
    if (g.opset < 10) return
    const attributes = g.opset >= 11 ? { largest: g.maybe(() => int(g.random.below(2))), sorted: int(1) } : {}
    await g.node(
      'TopK',
      [x, g.list([k])],
      { axis: int(g.opset < 11 ? (axis + x.rank) % x.rank : axis), ...attributes },
      { outputs: 2, ...exact },
    )
  },

  async ArgMax(g) {
    await argument(g, 'ArgMax')
  },

  async ArgMin(g) {
    await argument(g, 'ArgMin')
  },

  async NonZero(g) {
    await g.node(
      'NonZero',
      [g.operand({ types: ['float32', 'int32', 'int64', 'uint8', 'bool'], style: 'ties', rank: [1, 4] })],
      {},
      exact,
    )
  },

  async Compress(g) {
    const x = g.operand({ rank: [1, 4] })
    const axis = g.maybe(() => g.axis(x.rank))
    const size = axis === undefined ? x.dims.reduce((a, b) => a * b, 1) : sizeAt(x, axis)
    const condition = g.tensor('bool', [g.random.between(0, size)], { isFresh: true })
    await g.node(
      'Compress',
      [x, condition],
      { axis: axis === undefined ? undefined : int(g.opset < 11 ? (axis + x.rank) % x.rank : axis) },
      exact,
    )
  },

  async OneHot(g) {
    const depth = g.random.between(1, 6)
    const x = g.tensor(g.random.pick(['int64', 'int32', 'float32']), g.dims(g.random.below(3)), {
      style: () => g.random.between(-depth, depth),
      isFresh: true,
    })
    const type = g.random.pick(['float32', 'int32', 'int64'])
    const number = g.source(
      g.list([depth], { type: g.random.pick(['int64', 'int32']), dims: g.random.chance(0.5) ? [] : [1] }).tensor,
      true,
    )
    await g.node(
      'OneHot',
      [x, number, g.tensor(type, [2], { isParameter: true })],
      { axis: g.maybe(() => int(g.random.between(-x.rank - 1, x.rank))) },
      exact,
    )
  },

  async Unique(g) {
    const x = g.operand({
      types: ['float32', 'float64', 'int8', 'int64', 'string'],
      rank: [1, 3],
      style: 'ties',
      isExact: true,
    })
    const axis = g.maybe(() => int(g.axis(x.rank)))
    await g.node(
      'Unique',
      [x],
      { axis, sorted: g.maybe(() => int(g.random.below(2))) },
      { outputs: g.random.between(1, 4), ...exact },
    )
  },

  async TensorScatter(g) {
    const [batch, size, width] = [g.random.between(1, 3), g.random.between(2, 6), g.random.between(1, 4)]
    const length = g.random.between(1, size)
    const mode = g.random.pick(['linear', 'circular'])
    const start = () => (mode === 'linear' ? g.random.between(0, size - length) : g.random.between(0, size - 1))
    const past = g.tensor('float32', [batch, size, width])
    const at = g.maybe(() => g.list(Array.from({ length: batch }, start)))
    await g.node(
      'TensorScatter',
      [past, g.tensor('float32', [batch, length, width]), at],
      { mode, axis: int(-2) },
      exact,
    )
  },

  async NonMaxSuppression(g) {
    const [batch, boxes, classes] = [g.random.between(1, 2), g.random.between(1, 8), g.random.between(1, 2)]
    const corner = (_, i) => (i % 4 < 2 ? g.random.unit() : 1 + g.random.unit())
    const center = g.maybe(() => int(1), 0.3)
    const scalar = (type, value) => g.maybe(() => g.tensor(type, [1], { style: () => value, isParameter: true }), 0.8)
    const list = [
      scalar('int64', BigInt(g.random.between(0, 4))),
      scalar('float32', g.random.pick([0, 0.3, 0.5, 0.9])),
      scalar('float32', 0.4),
    ]
    const scores = g.tensor('float32', [batch, classes, boxes], { style: () => g.random.unit(), isFresh: true })
    const inputs = [
      g.tensor('float32', [batch, boxes, 4], { style: center ? 'positive' : corner, isFresh: true }),
      scores,
      ...list,
    ]
    await g.node('NonMaxSuppression', inputs, { center_point_box: center }, exact)
  },
}

async function argument(g, op) {
  const x = g.operand({
    types: ['float32', 'float64', 'int8', 'uint8', 'int32', 'int64'],
    rank: [1, 4],
    style: g.random.pick(['normal', 'ties']),
    isExact: true,
  })
  const axis = g.axis(x.rank)
  await g.node(
    op,
    [x],
    {
      axis: g.maybe(() => int(g.opset < 11 ? (axis + x.rank) % x.rank : axis), 0.8),
      keepdims: g.maybe(() => int(g.random.below(2))),
      select_last_index: g.opset >= 12 ? g.maybe(() => int(g.random.below(2))) : undefined,
    },
    exact,
  )
}

/** Indices into a dimension, from either end. */
function indices(g, dims, size) {
  return g.tensor(g.random.pick(indexTypes), size === 0 ? dims.map(() => 0) : dims, {
    style: () => BigInt(within(g, size)),
    isFresh: true,
  })
}

function within(g, size) {
  return g.random.chance(0.3) ? -g.random.between(Math.min(1, size), size) : g.random.below(size)
}

function sizeAt(x, axis) {
  return x.dims[(axis + x.rank) % x.rank]
}
