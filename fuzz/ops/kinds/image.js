import { float, floats, int, ints } from '../build.js'
import { mapped } from './elementwise.js'

/** Operators that move a window over an image, or sample it. */
export const image = {
  ...mapped({ MaxPool: 0, AveragePool: 1, LpPool: 2 }, (op) => async (g) => {
    const { x, attributes } = window(g, op)
    await g.node(op, [x], attributes, {
      outputs: op === 'MaxPool' && attributes.dilations === undefined ? g.random.pick([1, 1, 2]) : 1,
    })
  }),

  ...mapped({ GlobalAveragePool: 0, GlobalMaxPool: 0, GlobalLpPool: 1 }, (op, isLp) => async (g) => {
    await g.node(
      op,
      [g.operand({ types: ['float32'], rank: [3, 5] })],
      isLp ? { p: g.maybe(() => int(g.random.between(1, 3))) } : {},
    )
  }),

  async Resize(g) {
    await resize(g, 'Resize')
  },

  async Upsample(g) {
    const x = g.operand({ types: ['float32'], rank: [4, 4] })
    const scales = [1, 1, g.random.pick([1, 1.5, 2, 3]), g.random.pick([1, 2, 2.5])]
    const mode = g.random.pick(['nearest', 'linear'])
    if (g.opset >= 10) return
    if (g.opset >= 9)
      await g.node('Upsample', [x, g.tensor('float32', [4], { style: (_, i) => scales[i], isParameter: true })], {
        mode,
      })
    else await g.node('Upsample', [x], { mode, scales: floats(scales) })
  },

  async GridSample(g) {
    const [n, c, h, w] = [
      g.random.between(1, 2),
      g.random.between(1, 3),
      g.random.between(1, 6),
      g.random.between(1, 6),
    ]
    const isOld = g.opset < 20
    const mode = g.random.pick(isOld ? ['bilinear', 'nearest', 'bicubic'] : ['linear', 'nearest', 'cubic'])
    const grid = g.tensor('float32', [n, g.random.between(1, 5), g.random.between(1, 5), 2], {
      style: () => g.random.unit() * 2.6 - 1.3,
      isFresh: true,
    })
    const x = g.operand({ types: ['float32'], dims: [n, c, h, w] })
    await g.node('GridSample', [x, grid], {
      mode: g.maybe(() => mode, 0.8),
      padding_mode: g.maybe(() => g.random.pick(['zeros', 'border', 'reflection'])),
      align_corners: g.maybe(() => int(g.random.below(2))),
    })
  },

  async AffineGrid(g) {
    const [n, h, w] = [g.random.between(1, 2), g.random.between(1, 4), g.random.between(1, 4)]
    await g.node('AffineGrid', [g.tensor('float32', [n, 2, 3]), g.list([n, 1, h, w])], {
      align_corners: g.maybe(() => int(g.random.below(2))),
    })
  },

  async MaxRoiPool(g) {
    const x = g.operand({
      types: ['float32'],
      dims: [g.random.between(1, 2), g.random.between(1, 3), g.random.between(4, 8), g.random.between(4, 8)],
    })
    const rois = g.tensor('float32', [g.random.between(1, 3), 5], {
      style: (_, i) =>
        i % 5 === 0 ? g.random.below(x.dims[0]) : i % 5 < 3 ? g.random.below(3) : g.random.between(3, 8),
      isFresh: true,
    })
    await g.node('MaxRoiPool', [x, rois], {
      pooled_shape: ints([g.random.between(1, 3), g.random.between(1, 3)]),
      spatial_scale: g.maybe(() => float(g.random.pick([0.5, 1]))),
    })
  },

  async RoiAlign(g) {
    const x = g.operand({
      types: ['float32', 'float64'],
      dims: [g.random.between(1, 2), g.random.between(1, 3), g.random.between(3, 7), g.random.between(3, 7)],
    })
    const count = g.random.between(0, 3)
    const rois = g.tensor(x.type, [count, 4], {
      style: (_, i) => (i % 4 < 2 ? g.random.unit() * 3 : 3 + g.random.unit() * 4),
      isFresh: true,
    })
    const batch = g.tensor('int64', [count], { style: () => BigInt(g.random.below(x.dims[0])), isFresh: true })
    await g.node('RoiAlign', [x, rois, batch], {
      output_height: g.maybe(() => int(g.random.between(1, 3))),
      output_width: int(g.random.between(1, 3)),
      sampling_ratio: g.maybe(() => int(g.random.below(3))),
      spatial_scale: g.maybe(() => float(0.5)),
      mode: g.maybe(() => g.random.pick(['avg', 'max'])),
      coordinate_transformation_mode:
        g.opset >= 16 ? g.maybe(() => g.random.pick(['half_pixel', 'output_half_pixel'])) : undefined,
    })
  },

  async MaxUnpool(g) {
    const [n, c, h, w] = [1, g.random.between(1, 2), g.random.between(1, 3), g.random.between(1, 3)]
    const [tall, wide] = [2 * h, 2 * w]
    // A window's maximum lies in its window.
    const style = (_, i) => {
      const [row, column, plane] = [Math.floor(i / w) % h, i % w, Math.floor(i / (h * w))]
      return BigInt(plane * tall * wide + (2 * row + g.random.below(2)) * wide + 2 * column + g.random.below(2))
    }
    const indices = g.tensor('int64', [n, c, h, w], { style, isFresh: true })
    const shape = g.maybe(() => g.list([n, c, tall, wide]))
    await g.node('MaxUnpool', [g.tensor('float32', [n, c, h, w]), indices, shape], {
      kernel_shape: ints([2, 2]),
      strides: ints([2, 2]),
    })
  },
}

function window(g, op) {
  const { random } = g
  const kernel = Array.from({ length: random.pick([1, 2, 2, 2, 3]) }, () => random.between(1, 4))
  const types = op === 'MaxPool' && g.opset >= 12 ? ['float32', 'float32', 'float64', 'int8', 'uint8'] : ['float32']
  const hasDilations =
    (op === 'MaxPool' && g.opset >= 10) || (op === 'AveragePool' && g.opset >= 19) || (op === 'LpPool' && g.opset >= 18)
  const dilations = hasDilations ? g.maybe(() => kernel.map(() => random.between(1, 2)), 0.25) : undefined
  const strides = g.maybe(() => kernel.map(() => random.between(1, 3)), 0.7)
  const size = kernel.map((k, i) => (dilations?.[i] ?? 1) * (k - 1) + 1 + random.below(6))
  const x = g.operand({ types, dims: [random.pick([1, 2]), random.between(1, 3), ...size] })
  const auto = random.chance(0.25) ? random.pick(['VALID', 'SAME_UPPER', 'SAME_LOWER', 'NOTSET']) : undefined
  const pads =
    auto === undefined ? g.maybe(() => [...kernel, ...kernel].map((k) => random.between(0, k - 1))) : undefined
  const hasCeil = op === 'LpPool' ? g.opset >= 18 : g.opset >= 10
  const list = (values) => values && ints(values)
  const attributes = {
    kernel_shape: ints(kernel),
    strides: list(strides),
    pads: list(pads),
    auto_pad: auto,
    dilations: list(dilations),
    ceil_mode: hasCeil ? g.maybe(() => int(random.below(2))) : undefined,
    count_include_pad: op === 'AveragePool' ? g.maybe(() => int(random.below(2))) : undefined,
    p: op === 'LpPool' ? g.maybe(() => int(random.between(1, 3))) : undefined,
    storage_order: op === 'MaxPool' && g.opset >= 8 ? g.maybe(() => int(random.below(2)), 0.2) : undefined,
  }
  return { x, attributes }
}

async function resize(g, op) {
  const { random } = g
  if (g.opset < 11) return
  const mode = random.pick(['nearest', 'nearest', 'linear', 'linear', 'cubic'])
  const rank = mode === 'nearest' ? random.between(1, 4) : mode === 'cubic' ? 4 : random.pick([2, 3, 4, 4])
  const spatial = mode === 'nearest' && random.chance(0.3) ? rank : Math.min(2, rank)
  const dims = Array.from({ length: rank }, (_, i) =>
    i < rank - spatial ? random.between(1, 2) : random.between(1, 14),
  )
  const types = mode === 'cubic' ? ['float32'] : ['float32', 'float32', 'int32', 'uint8', 'int8']
  const x = g.operand({ types, dims })
  const sizes = dims.map((size, i) => (i < rank - spatial ? size : random.chance(0.2) ? size : random.between(1, 20)))
  const isBySize = random.chance(0.5)
  const scales = dims.map((size, i) =>
    i < rank - spatial ? 1 : random.pick([0.5, 0.6, 1, 1.5, 2, 3, 1 + random.unit(), sizes[i] / size]),
  )
  const coordinate = random.pick([
    'half_pixel',
    'asymmetric',
    'align_corners',
    'pytorch_half_pixel',
    ...(g.opset >= 19 ? ['half_pixel_symmetric'] : []),
  ])
  const rounding = random.pick(['round_prefer_floor', 'round_prefer_ceil', 'floor', 'ceil'])
  const bounds = isBySize
    ? [undefined, g.list(sizes)]
    : [g.tensor('float32', [rank], { style: (_, i) => scales[i], isParameter: true }), undefined]
  await g.node(op, [x, undefined, ...bounds], {
    mode: g.maybe(() => mode, mode === 'nearest' ? 0.6 : 1),
    coordinate_transformation_mode: g.maybe(() => coordinate, 0.8),
    nearest_mode: mode === 'nearest' ? g.maybe(() => rounding, 0.8) : undefined,
    cubic_coeff_a: mode === 'cubic' ? g.maybe(() => float(-0.5), 0.3) : undefined,
    exclude_outside: mode === 'cubic' ? g.maybe(() => int(1), 0.3) : undefined,
    antialias: g.opset >= 18 && mode !== 'nearest' && rank === 4 ? g.maybe(() => int(1), 0.2) : undefined,
  })
}
