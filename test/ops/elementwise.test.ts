import { describe, expect, it } from 'vitest'
import { type Case, close, f32, i64, type Result, runCase, runCases, t } from './harness.ts'

const SPECIAL = [-2.5, -1, -0.5, -0, 0, 0.25, 0.5, 1.5, 2.5, 30, Infinity, -Infinity, NaN]

/** Rounds half to even, as IEEE 754 has it. */
function rint(x: number): number {
  const floor = Math.floor(x)
  if (x - floor === 0.5) return floor % 2 === 0 ? floor : floor + 1
  return Math.round(x)
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x))
const softplus = (x: number): number => Math.log1p(Math.exp(-Math.abs(x))) + Math.max(x, 0)

/** erf by its Taylor series, which converges everywhere and is exact enough up to 3. */
function erf(x: number): number {
  if (Math.abs(x) > 5) return Math.sign(x)
  let term = x
  let sum = x
  for (let n = 1; n < 120; n++) {
    term *= (-x * x) / n
    sum += term / (2 * n + 1)
  }
  return (2 / Math.sqrt(Math.PI)) * sum
}

const functions: Record<string, (x: number) => number> = {
  Abs: Math.abs,
  Neg: (x) => -x,
  Sign: Math.sign,
  Ceil: Math.ceil,
  Floor: Math.floor,
  Round: rint,
  Sqrt: Math.sqrt,
  Reciprocal: (x) => 1 / x,
  Exp: Math.exp,
  Log: Math.log,
  Erf: erf,
  Sin: Math.sin,
  Cos: Math.cos,
  Tan: Math.tan,
  Asin: Math.asin,
  Acos: Math.acos,
  Atan: Math.atan,
  Sinh: Math.sinh,
  Cosh: Math.cosh,
  Tanh: Math.tanh,
  Asinh: Math.asinh,
  Acosh: Math.acosh,
  Atanh: Math.atanh,
  Relu: (x) => (x < 0 ? 0 : x),
  LeakyRelu: (x) => (x < 0 ? 0.01 * x : x),
  Elu: (x) => (x < 0 ? Math.expm1(x) : x),
  // As ONNX's pages write the defaults: attributes are of float32.
  Selu: (x) => 1.05070102214813232421875 * (x > 0 ? x : 1.67326319217681884765625 * Math.expm1(x)),
  Celu: (x) => (x > 0 ? x : Math.expm1(x)),
  Sigmoid: sigmoid,
  HardSigmoid: (x) => (Number.isNaN(x) ? NaN : Math.max(0, Math.min(1, Math.fround(0.2) * x + 0.5))),
  Softplus: softplus,
  ThresholdedRelu: (x) => (x > 1 ? x : 0),
}
/** Where an infinity times 0 is NaN or not is nobody's business, so only finite numbers. */
const finiteFunctions: Record<string, (x: number) => number> = {
  HardSwish: (x) => x * Math.max(0, Math.min(1, x / 6 + 0.5)),
  Swish: (x) => x * sigmoid(x),
  Gelu: (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  Mish: (x) => x * Math.tanh(softplus(x)),
  Softsign: (x) => x / (1 + Math.abs(x)),
  Shrink: (x) => (x < -0.5 ? x : x > 0.5 ? x : 0),
}

describe.each(['float32', 'float64', 'float16'] as const)('functions of %s', (type) => {
  const relative = { float32: 2e-6, float64: 1e-12, float16: 2e-3 }[type]
  it('have the values that mathematics and IEEE 754 give them', async () => {
    const named = [
      ...Object.entries(functions).map(([op, f]) => ({ op, f, xs: SPECIAL })),
      ...Object.entries(finiteFunctions).map(([op, f]) => ({ op, f, xs: SPECIAL.filter(Number.isFinite) })),
    ]
    const results = await runCases(named.map(({ op, xs }): Case => ({ op, inputs: [t(type, xs)], dynamic: true })))
    const wrong = named.filter(({ op, f, xs }, i) => {
      const expected = xs.map((x) => f(x))
      const limited =
        type === 'float16' ? expected.map((y) => (Math.abs(y) > 65519 ? Math.sign(y) * Infinity : y)) : expected
      const ok = close(results[i]![0]!.values, limited, relative, type === 'float16' ? 1e-3 : 1e-7)
      if (!ok) console.log(op, results[i]![0]!.values.join(' '), 'expected', limited.join(' '))
      return !ok
    })
    expect(wrong.map(({ op }) => op)).toEqual([])
    expect(results.every(([result]) => result!.type === type)).toBe(true)
  })
})

it('questions about numbers', async () => {
  const x = f32(SPECIAL)
  const [nan, infinite, positive, not] = await runCases([
    { op: 'IsNaN', inputs: [x] },
    { op: 'IsInf', inputs: [x] },
    { op: 'IsInf', inputs: [x], attributes: { detect_negative: 0n } },
    { op: 'Not', inputs: [t('bool', [true, false])] },
  ])
  expect(nan![0]!.values).toEqual(SPECIAL.map((v) => Number(Number.isNaN(v))))
  expect(infinite![0]!.values).toEqual(SPECIAL.map((v) => Number(Math.abs(v) === Infinity)))
  expect(positive![0]!.values).toEqual(SPECIAL.map((v) => Number(v === Infinity)))
  expect(not![0]!).toEqual({ type: 'bool', dims: [2], values: [0, 1] })
})

describe('integers', () => {
  it('wrap, and divide as ONNX says', async () => {
    const int32 = (...values: number[]) => t('int32', values)
    const results = await runCases([
      { op: 'Add', inputs: [t('int8', [127, -128]), t('int8', [1, -1])] },
      { op: 'Mul', inputs: [t('uint8', [200, 16]), t('uint8', [2, 16])] },
      { op: 'Neg', inputs: [int32(-(2 ** 31), 5)] },
      { op: 'Div', inputs: [int32(7, -7, -(2 ** 31), 5), int32(2, 2, -1, 0)] },
      { op: 'Mod', inputs: [int32(-4, 7, 5, -(2 ** 31), 1), int32(3, -3, 8, -1, 0)] },
      { op: 'Mod', inputs: [int32(-4, 7, 5), int32(3, -3, 8)], attributes: { fmod: 1n } },
      { op: 'Abs', inputs: [t('int16', [-5, 5, -32768])] },
      { op: 'Sign', inputs: [t('uint64', [0, 18446744073709551615n])] },
      { op: 'Pow', inputs: [i64([2, -3, 1, 2]), t('int32', [62, 3, -5, -1])] },
      { op: 'Pow', inputs: [int32(2, 3), f32([0.5, 2])] },
      { op: 'Pow', inputs: [f32([2, -0, -Infinity]), f32([0.5], [])], constants: [1] },
      { op: 'BitShift', inputs: [t('uint8', [1, 255, 3]), t('uint8', [7, 1, 8])], attributes: { direction: 'LEFT' } },
      { op: 'BitwiseNot', inputs: [t('uint16', [0, 1])] },
      { op: 'BitwiseXor', inputs: [t('int64', [5n, -1n]), t('int64', [3n, 0n])] },
    ])
    expect(results.map(([result]) => result!.values)).toEqual([
      [-128, 127],
      [144, 0],
      [-(2 ** 31), -5],
      [3, -3, -(2 ** 31), 0],
      [2, -2, 5, 0, 0],
      [-1, 1, 5],
      [5, 5, -32768],
      [0n, 1n],
      [4611686018427387904n, -27n, 1n, 0n],
      [1, 9],
      [Math.fround(Math.SQRT2), 0, Infinity],
      [128, 254, 0],
      [65535, 65534],
      [6n, -1n],
    ])
  })
})

it('a cube of floats is that of pow, at both ends of the range and beyond', async () => {
  const values = [0, -0, 1, -2, 1e-19, -3.5e12, 6.9e12, -7e12, 1e-13, Infinity, -Infinity, NaN, 1 / 3, 1.7]
  const [[cubes]] = (await runCases([{ op: 'Pow', inputs: [f32(values), f32([3], [])], constants: [1] }], {
    optimize: 3,
  })) as [[Result]]
  const ulp = 2 ** -23
  for (const [i, value] of values.entries()) {
    const wanted = Math.fround(Math.fround(value) ** 3)
    const given = Number(cubes.values[i])
    if (!Number.isFinite(wanted) || wanted === 0) expect(given, `${value}`).toBe(wanted)
    else
      expect(Math.abs(given - wanted), `${value}`).toBeLessThanOrEqual(2 * ulp * Math.max(Math.abs(wanted), 2 ** -126))
  }
})

describe('two operands', () => {
  const a = f32([1, 2, 3, 4, 5, 6], [2, 3])

  it('broadcast, with shapes that only the run knows too', async () => {
    const cases: Case[] = [false, true].flatMap((dynamic): Case[] => [
      { op: 'Add', inputs: [a, f32([10, 20, 30])], dynamic },
      { op: 'Sub', inputs: [a, f32([1, 2], [2, 1])], dynamic },
      { op: 'Less', inputs: [a, f32([3.5], [])], dynamic },
      { op: 'Where', inputs: [t('bool', [true, false, true]), a, f32([-1, -2], [2, 1])], dynamic },
    ])
    const results = await runCases(cases)
    const expected = [
      [11, 22, 33, 14, 25, 36],
      [0, 1, 2, 2, 3, 4],
      [1, 1, 1, 0, 0, 0],
      [1, -1, 3, 4, -2, 6],
    ]
    expect(results.map(([result]) => result!.values)).toEqual([...expected, ...expected])
    expect(results.every(([result]) => result!.dims.join() === '2,3')).toBe(true)
  })

  it('of strings compare and are chosen', async () => {
    const words = t('string', ['ja', 'nein', 'ä"\\?'])
    const [equal, chosen] = await runCases([
      { op: 'Equal', inputs: [words, t('string', ['ja', 'Nein', 'ä"\\?'])], constants: [1] },
      { op: 'Where', inputs: [t('bool', [true, false, true]), words, t('string', ['x'])] },
    ])
    expect(equal![0]!.values).toEqual([1, 0, 1])
    expect(chosen![0]!.values).toEqual(['ja', 'x', 'ä"\\?'])
  })

  it('NaN wins in Max and Min, bounds that cross give the upper one in Clip', async () => {
    const results = await runCases([
      { op: 'Max', inputs: [f32([1, NaN, 3]), f32([2, 0, NaN]), f32([0, 0, 9])] },
      { op: 'Min', inputs: [f32([1, NaN, 3]), f32([2, 0, NaN])] },
      { op: 'Mean', inputs: [f32([1, 2]), f32([3, 6]), f32([5, 1])] },
      { op: 'Clip', inputs: [f32([-5, 0, 5, NaN]), f32([-1], []), f32([1], [])] },
      { op: 'Clip', inputs: [f32([-5, 0, 5]), f32([2], []), f32([1], [])] },
      { op: 'Clip', inputs: [t('int8', [-5, 5]), undefined, t('int8', [1], [])] },
      { op: 'PRelu', inputs: [f32([-1, 2, -3, 4], [2, 2]), f32([0.5, 2])] },
    ])
    expect(results.map(([result]) => result!.values)).toEqual([
      [2, NaN, NaN],
      [1, NaN, NaN],
      [3, 3],
      [-1, 0, 1, NaN],
      [1, 1, 1],
      [-5, 1],
      [-0.5, 2, -1.5, 4],
    ])
  })

  it('aligned by an axis, up to opset 6', async () => {
    const attributes = { broadcast: 1n, axis: 0n }
    const [sum] = await runCase({ op: 'Add', inputs: [a, f32([10, 20])], attributes }, { opset: 6 })
    expect(sum!.values).toEqual([11, 12, 13, 24, 25, 26])
  })
})

it('constants give what inputs do, of either sign', async () => {
  const operators = ['Add', 'Sub', 'Mul', 'Div', 'Pow', 'Max', 'Min', 'Mod', 'Equal', 'Less', 'GreaterOrEqual']
  const [low, high] = [f32([-5, -3, -0.5, 2, 7]), f32([-4, -3, -2, 0.5, 9])]
  const cases = operators.flatMap((op): Case[] => {
    const attributes: Case['attributes'] = op === 'Mod' ? { fmod: 1n } : {}
    return op === 'Max' || op === 'Min'
      ? [
          { op, inputs: [low] },
          { op, inputs: [low, high] },
          { op, inputs: [high, low, f32([-2.5])] },
        ]
      : [{ op, inputs: [low, high], attributes }]
  })
  const folded = await runCases(cases.map((one) => ({ ...one, constants: [0, 1, 2] })))
  expect(folded).toEqual(await runCases(cases))
})

describe('bad models', () => {
  const cases: [string, Case, string, RegExp][] = [
    ['types that differ', { op: 'Add', inputs: [f32([1]), i64([1])] }, 'MODEL_TYPES', /float32 and int64/],
    ['shapes that differ', { op: 'Add', inputs: [f32([1, 2]), f32([1, 2, 3])] }, 'MODEL_BROADCAST', /\[2\] and \[3\]/],
    [
      'a root of integers',
      { op: 'Sqrt', inputs: [i64([4])] },
      'MODEL_TYPES',
      /input X .* should be of type .*float32.*, but is int64/,
    ],
    ['logic of numbers', { op: 'And', inputs: [f32([1]), f32([1])] }, 'MODEL_TYPES', /of type bool, but is float32/],
    [
      'a number as condition',
      { op: 'Where', inputs: [i64([1]), f32([1]), f32([2])] },
      'MODEL_TYPES',
      /of type bool, but is int64/,
    ],
    [
      'an unknown direction',
      { op: 'BitShift', inputs: [t('uint8', [1]), t('uint8', [1])], attributes: { direction: 'UP' } },
      'MODEL_ATTRIBUTE',
      /"UP"/,
    ],
    [
      'an unknown approximation',
      { op: 'Gelu', inputs: [f32([1])], attributes: { approximate: 'x' } },
      'MODEL_ATTRIBUTE',
      /"none" or "tanh"/,
    ],
  ]
  it.each(cases)('%s', async (_what, one, code, message) => {
    await expect(runCase(one)).rejects.toMatchObject({ code, message: expect.stringMatching(message) })
  })

  it('shapes that do not broadcast when the model runs', async () => {
    const one: Case = { op: 'Add', inputs: [f32([1, 2]), f32([1, 2, 3])], dynamic: true }
    await expect(runCase(one)).rejects.toThrow(
      /node c0_Add \(Add\): axis 0 of input B .* should be 1 or as the other inputs are.*: expected 2, given 3/,
    )
  })
})
