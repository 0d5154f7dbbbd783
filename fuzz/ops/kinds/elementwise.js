import { elementTypes } from '../../../dist/onnx/element-type.js'
import { float, int } from '../build.js'
import { allTypes, floatTypes, integerTypes, numberTypes } from '../data.js'

const signed = ['float32', 'float64', 'float16', 'int8', 'int16', 'int32', 'int64']
const wide = ['float32', 'float64', 'int32', 'int64']

/** Operators of one operand: element types, style of the numbers, whether a small difference decides. */
const unary = {
  Abs: [numberTypes],
  Neg: [signed],
  Sign: [numberTypes, 'normal', true],
  Ceil: [floatTypes, undefined, true],
  Floor: [floatTypes, undefined, true],
  Round: [floatTypes, 'ties', true],
  Identity: [allTypes],
  Not: [['bool']],
  IsNaN: [floatTypes, 'extreme'],
  BitwiseNot: [integerTypes],
  Sqrt: [floatTypes],
  Exp: [floatTypes],
  Log: [floatTypes, 'positive'],
  Reciprocal: [floatTypes],
  Erf: [floatTypes],
  Sigmoid: [floatTypes],
  Tanh: [floatTypes],
  Relu: [signed],
  Softplus: [floatTypes],
  Softsign: [floatTypes],
  HardSwish: [floatTypes],
  Mish: [floatTypes],
  Acos: [floatTypes, 'unit'],
  Asin: [floatTypes, 'unit'],
  Atan: [floatTypes],
  Acosh: [floatTypes, 'positive'],
  Asinh: [floatTypes],
  Atanh: [floatTypes, 'unit'],
  Cos: [floatTypes],
  Sin: [floatTypes],
  Tan: [floatTypes],
  Cosh: [floatTypes],
  Sinh: [floatTypes],
}
const exactUnary = new Set(['Abs', 'Neg', 'Sign', 'Ceil', 'Floor', 'Round', 'Identity', 'Relu'])

/** Activations with attributes, and what these are by default. */
const parametric = {
  Elu: { alpha: 1 },
  LeakyRelu: { alpha: 0.01 },
  Selu: { alpha: 1.67, gamma: 1.05 },
  Celu: { alpha: 1 },
  HardSigmoid: { alpha: 0.2, beta: 0.5 },
  ThresholdedRelu: { alpha: 1 },
  Shrink: { lambd: 0.5, bias: 0 },
  Swish: { alpha: 1 },
}

/** Operators of two operands: element types, style of the second's numbers, whether a small difference decides. */
const binary = {
  Add: [numberTypes],
  Sub: [numberTypes],
  Mul: [numberTypes],
  Div: [numberTypes, 'positive'],
  Mod: [integerTypes, 'positive'],
  And: [['bool']],
  Or: [['bool']],
  Xor: [['bool']],
  BitwiseAnd: [integerTypes],
  BitwiseOr: [integerTypes],
  BitwiseXor: [integerTypes],
  Equal: [allTypes, 'ties', true],
  Less: [numberTypes, 'ties', true],
  Greater: [numberTypes, 'ties', true],
  LessOrEqual: [numberTypes, 'ties', true],
  GreaterOrEqual: [numberTypes, 'ties', true],
  PRelu: [['float32', 'float64', 'float16', 'int32', 'int64', 'uint32', 'uint64']],
}

export const elementwise = {
  ...mapped(unary, (op, [types, style, isExact]) => async (g) => {
    await g.node(op, [g.operand({ types, style, isExact })], {}, { isExact: exactUnary.has(op) })
  }),

  ...mapped(parametric, (op, defaults) => async (g) => {
    const attributes = mapped(defaults, (_, value) => g.maybe(() => float(value + (g.random.unit() - 0.5))))
    await g.node(
      op,
      [g.operand({ types: floatTypes, isExact: op === 'Shrink' || op === 'ThresholdedRelu' })],
      attributes,
    )
  }),

  ...mapped(binary, (op, [types, style, isExact = false]) => async (g) => {
    const x = g.operand({ types, isExact, ...(isExact && { style }) })
    const y = g.tensor(x.type, g.broadcastable(x.dims), { style: style ?? g.style, isFresh: isExact })
    const isTurned = op !== 'PRelu' && op !== 'Div' && op !== 'Mod' && g.random.chance(0.3)
    await g.node(op, isTurned ? [y, x] : [x, y])
  }),

  async IsInf(g) {
    const attributes = {
      detect_negative: g.maybe(() => int(g.random.below(2))),
      detect_positive: g.maybe(() => int(g.random.below(2))),
    }
    await g.node('IsInf', [g.operand({ types: ['float32', 'float64'], style: 'extreme' })], attributes)
  },

  async Gelu(g) {
    await g.node('Gelu', [g.operand({ types: floatTypes })], {
      approximate: g.maybe(() => g.random.pick(['none', 'tanh'])),
    })
  },

  async Pow(g) {
    const x = g.operand({ types: wide, style: 'positive' })
    await g.node('Pow', [x, g.tensor(g.opset < 12 ? x.type : g.type(wide), g.broadcastable(x.dims), { style: 'ties' })])
  },

  async Fmod(g) {
    const x = g.operand({ types: numberTypes, isExact: true })
    await g.node(
      'Mod',
      [x, g.tensor(x.type, g.broadcastable(x.dims), { style: 'positive' })],
      { fmod: int(1) },
      { isExact: true },
    )
  },

  async BitShift(g) {
    const x = g.operand({ types: ['uint8', 'uint16', 'uint32', 'uint64'] })
    await g.node('BitShift', [x, g.tensor(x.type, g.broadcastable(x.dims), { style: () => g.random.below(8) })], {
      direction: g.random.pick(['LEFT', 'RIGHT']),
    })
  },

  ...mapped({ Max: 0, Min: 0, Sum: 1, Mean: 1 }, (op, isFloat) => async (g) => {
    const x = g.operand({ types: isFloat ? floatTypes : numberTypes })
    const others = Array.from({ length: g.random.below(4) }, () => g.tensor(x.type, g.broadcastable(x.dims)))
    await g.node(op, g.random.shuffle([x, ...others]), {}, { isExact: !isFloat })
  }),

  async Where(g) {
    const x = g.operand()
    const y = g.tensor(x.type, g.broadcastable(x.dims))
    await g.node(
      'Where',
      [g.tensor('bool', g.broadcastable(x.dims)), ...(g.random.chance(0.5) ? [x, y] : [y, x])],
      {},
      { isExact: true },
    )
  },

  async Clip(g) {
    const x = g.operand({ types: g.opset < 12 ? floatTypes : numberTypes, isExact: true })
    const [low, high] = [g.maybe(() => g.random.between(0, 2)), g.maybe(() => g.random.between(2, 5))]
    if (g.opset < 11) {
      const bound = (value) => (value === undefined ? undefined : float(value))
      await g.node('Clip', [x], { min: bound(low), max: bound(high) }, { isExact: true })
    } else {
      const bound = (value) =>
        value === undefined ? undefined : g.tensor(x.type, [], { style: () => value, isParameter: true })
      await g.node('Clip', [x, bound(low), bound(high)], {}, { isExact: true })
    }
  },

  async Cast(g) {
    const types = [...numberTypes, 'bool']
    const x = g.operand({ types, isExact: true })
    const to = g.type(types)
    const fits = g.style === 'normal' || !/float/.test(x.type)
    await g.node(
      'Cast',
      [fits ? x : g.tensor(x.type, x.dims, { style: 'positive', isFresh: true })],
      { to: int(codes[to]) },
      { isExact: true },
    )
  },

  async CastLike(g) {
    const types = [...numberTypes, 'bool']
    const x = g.operand({ types, style: 'positive', isExact: true })
    await g.node('CastLike', [x, g.tensor(g.type(types), g.dims(g.random.below(3)))], {}, { isExact: true })
  },

  async CastText(g) {
    const x = g.operand({ types: ['int32', 'int64', 'bool', 'float32'], style: 'ties', isExact: true })
    const [text] = await g.node('Cast', [x], { to: int(codes.string) }, { isExact: true })
    if (x.type !== 'bool') await g.node('Cast', [text], { to: int(codes.float32) }, { isExact: true })
  },

  async Dropout(g) {
    const x = g.operand({ types: floatTypes })
    const ratio =
      g.opset >= 12 ? g.maybe(() => g.tensor('float32', [], { style: () => 0.5, isParameter: true })) : undefined
    await g.node('Dropout', [x, ratio], {}, { outputs: g.random.between(1, 2), isExact: true })
  },
}

export const codes = mapped(elementTypes, (_, { code }) => code)

export function mapped(object, make) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, make(key, value)]))
}
