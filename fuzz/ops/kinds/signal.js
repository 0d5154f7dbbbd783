import { int } from '../build.js'
import { codes, mapped } from './elementwise.js'

/** Signals, text. */
export const signal = {
  ...mapped({ HannWindow: 0, HammingWindow: 0, BlackmanWindow: 0 }, (op) => async (g) => {
    const datatype = g.maybe(() => int(codes[g.random.pick(['float32', 'float64'])]))
    await g.node(op, [g.list([g.random.between(1, 12)], { type: g.random.pick(['int64', 'int32']), dims: [] })], {
      output_datatype: datatype,
      periodic: g.maybe(() => int(g.random.below(2))),
    })
  }),

  async DFT(g) {
    const inverse = g.random.below(2)
    const x = g.operand({
      types: ['float32', 'float64'],
      style: 'normal',
      dims: [
        ...g.dims(g.random.between(1, 2)).map((n) => Math.max(1, n)),
        g.random.between(1, 9),
        inverse ? 2 : g.random.between(1, 2),
      ],
    })
    const axis = g.random.between(1, x.rank - 2)
    const onesided = !inverse && x.dims.at(-1) === 1 ? g.maybe(() => int(1)) : undefined
    const length = g.maybe(() => g.list([g.random.between(1, 10)], { dims: [] }))
    const attributes = { inverse: inverse ? int(1) : undefined, onesided }
    if (g.opset >= 20) await g.node('DFT', [x, length, g.list([axis], { dims: [] })], attributes)
    else await g.node('DFT', [x, length], { ...attributes, axis: int(axis) })
  },

  async STFT(g) {
    const [size, step, length] = [g.random.between(2, 6), g.random.between(1, 4), g.random.between(8, 20)]
    const x = g.operand({ types: ['float32'], dims: [g.random.between(1, 2), length, 1], style: 'normal' })
    const window = g.maybe(() => g.tensor('float32', [size], { isParameter: true }))
    const scalar = (value) => g.list([value], { dims: [] })
    await g.node('STFT', [x, scalar(step), window, window && g.random.chance(0.5) ? undefined : scalar(size)], {
      onesided: g.maybe(() => int(g.random.below(2))),
    })
  },

  async MelWeightMatrix(g) {
    const scalar = (value) => g.list([value], { dims: [] })
    const number = (value) => g.tensor('float32', [], { style: () => value, isParameter: true })
    await g.node('MelWeightMatrix', [
      scalar(g.random.between(2, 8)),
      scalar(g.random.pick([16, 32, 64])),
      scalar(8000),
      number(g.random.pick([0, 100])),
      number(4000),
    ])
  },

  async StringConcat(g) {
    const x = g.operand({ types: ['string'], rank: [0, 3] })
    await g.node('StringConcat', [x, g.tensor('string', g.broadcastable(x.dims))])
  },

  async StringSplit(g) {
    const x = g.operand({ types: ['string'], rank: [0, 2] })
    await g.node(
      'StringSplit',
      [x],
      {
        delimiter: g.maybe(() => g.random.pick([',', ' ', 'b'])),
        maxsplit: g.maybe(() => int(g.random.between(1, 2)), 0.3),
      },
      { outputs: 2 },
    )
  },

  async RegexFullMatch(g) {
    await g.node('RegexFullMatch', [g.operand({ types: ['string'], rank: [0, 3] })], {
      pattern: g.random.pick(['a.*', '[0-9]+', '\\d*', '(a|b)+', '.', '']),
    })
  },

  async StringNormalizer(g) {
    const x = g.operand({ types: ['string'], dims: [g.random.between(1, 5)] })
    await g.node('StringNormalizer', [x], {
      case_change_action: g.maybe(() => g.random.pick(['NONE', 'UPPER', 'LOWER'])),
      is_case_sensitive: g.maybe(() => int(g.random.below(2))),
      stopwords: g.maybe(() => ['a', 'AB']),
      locale: 'en_US',
    })
  },
}
