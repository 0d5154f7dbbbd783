import { float, int } from '../build.js'

const microsoft = { domain: 'com.microsoft' }

/** Sizes of an attention: texts, queries, keys of before, heads and their size. */
function sizes(g, size = g.random.between(1, 4)) {
  const [batch, queries, past] = [g.random.between(1, 3), g.random.between(1, 5), g.random.below(4)]
  return { batch, queries, past, heads: g.random.between(1, 3), size }
}

function ones(g, dims, share = 0.7) {
  const count = dims.reduce((product, dim) => product * dim, 1)
  const values = Array.from({ length: count }, () => Number(g.random.chance(share)))
  return g.list(values, { type: 'int32', dims })
}

/** A mask of keys in one of its forms. */
function maskOf(g, { batch, queries, past }, keys, forms) {
  const form = g.random.pick(forms)
  const total = past + keys
  if (form === 'lengths')
    return g.list(
      Array.from({ length: batch }, () => g.random.between(1, total)),
      { type: 'int32' },
    )
  return ones(g, form === 'keys' ? [batch, total] : [batch, queries, total])
}

const number = (g, values) => g.maybe(() => float(g.random.pick(values)), 0.3)
const normal = { style: 'normal' }

export const attention = {
  async 'com.microsoft.Attention'(g) {
    const of = sizes(g)
    const { batch, queries, heads, size } = of
    const features = heads * size
    const hasPast = g.random.chance(0.4)
    if (!hasPast) of.past = 0
    const width = g.size() || 2
    const inputs = [
      g.tensor('float32', [batch, queries, width], normal),
      g.tensor('float32', [width, 3 * features], { ...normal, isParameter: true }),
      g.tensor('float32', [3 * features], { ...normal, isParameter: true }),
      g.maybe(() => maskOf(g, of, queries, ['lengths', 'keys', 'rows'])),
      hasPast ? g.tensor('float32', [2, batch, heads, of.past, size], normal) : undefined,
      g.maybe(() => g.tensor('float32', [g.random.pick([1, batch]), heads, queries, of.past + queries], normal), 0.3),
    ]
    const attributes = {
      num_heads: int(heads),
      unidirectional: g.maybe(() => int(1)),
      scale: number(g, [0.5, 0.25]),
      mask_filter_value: number(g, [-100, -1]),
    }
    await g.node('Attention', inputs, attributes, { ...microsoft, outputs: hasPast ? 2 : 1 })
  },

  async 'com.microsoft.MultiHeadAttention'(g) {
    const of = sizes(g)
    const { batch, queries, heads, size } = of
    const valueSize = g.random.chance(0.7) ? size : g.random.between(1, 4)
    const hasPast = valueSize === size && g.random.chance(0.4)
    if (!hasPast) of.past = 0
    const isSelf = hasPast || g.random.chance(0.5)
    const keys = isSelf ? queries : g.random.between(1, 5)
    const features = heads * size
    const inputs = [
      g.tensor('float32', [batch, queries, features], normal),
      g.tensor('float32', [batch, keys, features], normal),
      g.tensor('float32', [batch, keys, heads * valueSize], normal),
      g.maybe(() => g.tensor('float32', [2 * features + heads * valueSize], { ...normal, isParameter: true })),
      g.maybe(() => maskOf(g, of, keys, ['lengths', 'keys', 'rows'])),
      g.maybe(
        () =>
          g.tensor('float32', [g.random.pick([1, batch]), g.random.pick([1, heads]), queries, of.past + keys], normal),
        0.3,
      ),
      ...(hasPast ? [0, 1].map(() => g.tensor('float32', [batch, heads, of.past, size], normal)) : []),
    ]
    const attributes = {
      num_heads: int(heads),
      unidirectional: isSelf ? g.maybe(() => int(1)) : undefined,
      scale: number(g, [0.5, 0.25]),
    }
    await g.node('MultiHeadAttention', inputs, attributes, { ...microsoft, outputs: hasPast ? 3 : 1 })
  },

  async 'com.microsoft.GroupQueryAttention'(g) {
    const { batch, queries, past, heads: groups } = sizes(g)
    const size = 16
    const heads = groups * g.random.between(1, 3)
    // onnxruntime takes several new tokens behind a past for one text only.
    const isFirst = past === 0 || (queries > 1 && batch > 1)
    const before = isFirst ? 0 : past
    const room = before + (isFirst ? 0 : g.random.below(3))
    const total = before + queries
    const isPacked = g.random.chance(0.3)
    const wide = (count) => g.tensor('float32', [batch, queries, count * size], normal)
    const turns = g.random.chance(0.5)
    const angles = () => g.tensor('float32', [16, size / 2], { ...normal, isParameter: true })
    const inputs = [
      wide(isPacked ? heads + 2 * groups : heads),
      ...(isPacked ? [undefined, undefined] : [wide(groups), wide(groups)]),
      ...(isFirst && g.random.chance(0.5)
        ? [undefined, undefined]
        : [0, 1].map(() => g.tensor('float32', [batch, groups, room, size], normal))),
      g.list(
        Array.from({ length: batch }, () => (isFirst ? total : g.random.between(queries, total)) - 1),
        { type: 'int32' },
      ),
      g.list([total], { type: 'int32' }),
      ...(turns ? [angles(), angles()] : [undefined, undefined]),
      undefined,
      g.maybe(
        () => g.tensor('float32', [g.random.pick([1, batch]), g.random.pick([1, heads]), queries, total], normal),
        0.2,
      ),
      g.maybe(() => g.tensor('float32', [heads], { ...normal, isParameter: true }), 0.2),
    ]
    const attributes = {
      num_heads: int(heads),
      kv_num_heads: int(groups),
      do_rotary: turns ? int(1) : undefined,
      rotary_interleaved: turns ? g.maybe(() => int(1)) : undefined,
      local_window_size: g.maybe(() => int(g.random.between(1, 4)), 0.3),
      softcap: number(g, [0.5, 2]),
      scale: number(g, [0.5, 0.25]),
    }
    await g.node('GroupQueryAttention', inputs, attributes, { ...microsoft, outputs: 3 })
  },

  async 'com.microsoft.RotaryEmbedding'(g) {
    const { batch, queries, heads } = sizes(g)
    const half = g.random.pick([1, 2, 4])
    const size = 2 * half
    const isSplit = g.random.chance(0.4)
    const dims = isSplit ? [batch, heads, queries, size] : [batch, queries, heads * size]
    const angles = () => g.tensor('float32', [12, half], { ...normal, isParameter: true })
    const positions = g.random.chance(0.5)
      ? g.list([g.random.below(6)])
      : g.list(
          Array.from({ length: batch * queries }, () => g.random.below(12)),
          { dims: [batch, queries] },
        )
    const attributes = {
      interleaved: g.maybe(() => int(1)),
      num_heads: isSplit ? undefined : g.maybe(() => int(heads)),
    }
    await g.node(
      'RotaryEmbedding',
      [g.tensor('float32', dims, normal), positions, angles(), angles()],
      attributes,
      microsoft,
    )
  },

  async 'com.microsoft.EmbedLayerNormalization'(g) {
    const { batch, queries } = sizes(g)
    const width = g.size() || 2
    const table = (rows) => g.tensor('float32', [rows, width], { ...normal, isParameter: true })
    const ids = (most, dims = [batch, queries]) =>
      g.list(
        Array.from({ length: dims[0] * dims[1] }, () => g.random.below(most)),
        { type: 'int32', dims },
      )
    const hasSegments = g.random.chance(0.6)
    const row = () => g.tensor('float32', [width], { ...normal, isParameter: true })
    const inputs = [
      ids(7),
      hasSegments ? ids(2) : undefined,
      table(7),
      table(9),
      hasSegments ? table(2) : undefined,
      row(),
      row(),
      g.maybe(() => ones(g, [batch, queries])),
      g.maybe(() => ids(9, [g.random.pick([1, batch]), queries]), 0.3),
    ]
    await g.node('EmbedLayerNormalization', inputs, { epsilon: float(1e-3) }, { ...microsoft, outputs: 2 })
  },
}
