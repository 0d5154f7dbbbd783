import { describe, expect, test } from 'vitest'
import { elementTypes, type ElementType } from '../../src/onnx/element-type.ts'
import type { Tensor } from '../../src/onnx/model.ts'
import { tensorValues } from '../../src/onnx/tensor.ts'
import { type Case, runCases, t } from './harness.ts'

// Every operator of integers on the numbers at which types end and JavaScript's numbers stop being exact: the same
// operands as constants (folded), as inputs (computed when the model runs) and mixed, against arithmetic on BigInts.

type Integers = (...operands: bigint[]) => bigint

const types = ['int8', 'uint8', 'int16', 'uint16', 'int32', 'uint32', 'int64', 'uint64'] as const

const isSigned = (type: ElementType): boolean => type.startsWith('i')
const lowest = (type: ElementType): bigint => (isSigned(type) ? -(2n ** BigInt(elementTypes[type].bits - 1)) : 0n)
const highest = (type: ElementType): bigint => lowest(type) + 2n ** BigInt(elementTypes[type].bits) - 1n

/** What is left of an integer in a type: the one number in its range that is as much modulo 2^bits. */
function wrapped(type: ElementType, value: bigint): bigint {
  const size = 2n ** BigInt(elementTypes[type].bits)
  const rest = ((value % size) + size) % size
  return rest > highest(type) ? rest - size : rest
}

/** Numbers at the ends of types and in between, as far as the type has them. */
function boundaries(type: ElementType): bigint[] {
  const powers = [7n, 8n, 15n, 16n, 24n, 31n, 32n, 53n, 63n].map((bits) => 2n ** bits)
  const around = [0n, 2n, 5n, ...powers, highest(type), lowest(type)].flatMap((n) => [n - 1n, n, n + 1n, -n, -n - 1n])
  return [...new Set(around.filter((n) => n >= lowest(type) && n <= highest(type)))]
}

/** All pairs of two lists, as two lists. */
function pairs<T>(xs: readonly T[], ys: readonly T[]): [T[], T[]] {
  return [xs.flatMap((x) => ys.map(() => x)), xs.flatMap(() => ys)]
}

interface Wanted {
  readonly label: string
  readonly one: Case
  readonly type: ElementType
  readonly values: readonly (bigint | number)[]
  /** Default: 0. */
  readonly output?: number
}

/** Runs each case with its operands as inputs and as constants, once more for each that is the only constant, and compares. */
async function expectAll(wanted: readonly Wanted[]): Promise<void> {
  const variants = wanted.flatMap((item) => {
    const all = item.one.inputs.map((_, i) => i)
    const lists = item.one.constants ? [item.one.constants] : [[], all, ...(all.length > 1 ? all.map((i) => [i]) : [])]
    return lists.map((constants) => ({ ...item, constants, one: { ...item.one, constants } }))
  })
  const results = await runCases(
    variants.map(({ one }) => one),
    { optimize: 3 },
  )
  const wrong = variants.flatMap(({ label, constants, type, values, output = 0 }, i) => {
    const given = results[i]![output]!
    const where = `${label}, constants [${constants.join()}]`
    if (given.type !== type) return [`${where}: ${given.type}`]
    if (given.values.length !== values.length) return [`${where}: ${given.values.length} elements`]
    return values.flatMap((value, at) =>
      same(given.values[at]!, value) ? [] : [`${where}: element ${at} is ${given.values[at]}, expected ${value}`],
    )
  })
  expect(wrong.slice(0, 20)).toEqual([])
}

function same(given: number | bigint | string, wanted: number | bigint): boolean {
  return typeof given === 'number' && typeof wanted === 'number'
    ? Object.is(given, wanted)
    : BigInt(given) === BigInt(wanted)
}

const abs = (x: bigint): bigint => (x < 0n ? -x : x)
const divide: Integers = (a, b) => (b === 0n ? 0n : (a < 0n === b < 0n ? 1n : -1n) * (abs(a) / abs(b)))
const rest: Integers = (a, b) => (b === 0n ? 0n : a - b * divide(a, b))
const modulo: Integers = (a, b) => (b === 0n ? 0n : (rest(a, b) + b) % b)
const power: Integers = (a, b) => {
  if (b < 0n) return a === 1n || (a === -1n && b % 2n === 0n) ? 1n : a === -1n ? -1n : 0n
  let result = 1n
  for (const bit of b.toString(2)) result = (result * result * (bit === '1' ? a : 1n)) % 2n ** 64n
  return result
}
const flag = (yes: boolean): bigint => (yes ? 1n : 0n)

const binary: Readonly<
  Record<string, { compute: Integers; only?: 'signed' | 'unsigned'; gives?: 'bool'; attributes?: Case['attributes'] }>
> = {
  Add: { compute: (a, b) => a + b },
  Sub: { compute: (a, b) => a - b },
  Mul: { compute: (a, b) => a * b },
  Div: { compute: divide },
  Mod: { compute: modulo },
  'Mod fmod': { compute: rest, attributes: { fmod: 1n } },
  Pow: { compute: power },
  Max: { compute: (a, b) => (a > b ? a : b) },
  Min: { compute: (a, b) => (a < b ? a : b) },
  Equal: { compute: (a, b) => flag(a === b), gives: 'bool' },
  Less: { compute: (a, b) => flag(a < b), gives: 'bool' },
  LessOrEqual: { compute: (a, b) => flag(a <= b), gives: 'bool' },
  Greater: { compute: (a, b) => flag(a > b), gives: 'bool' },
  GreaterOrEqual: { compute: (a, b) => flag(a >= b), gives: 'bool' },
  BitwiseAnd: { compute: (a, b) => a & b },
  BitwiseOr: { compute: (a, b) => a | b },
  BitwiseXor: { compute: (a, b) => a ^ b },
  'BitShift left': {
    compute: (a, b) => (b > 64n ? 0n : a * 2n ** b),
    only: 'unsigned',
    attributes: { direction: 'LEFT' },
  },
  'BitShift right': {
    compute: (a, b) => (b > 64n ? 0n : a / 2n ** b),
    only: 'unsigned',
    attributes: { direction: 'RIGHT' },
  },
  PRelu: { compute: (a, b) => (a < 0n ? a * b : a) },
}

const unary: Readonly<Record<string, { compute: Integers; only?: 'signed' }>> = {
  Abs: { compute: abs },
  Neg: { compute: (a) => -a, only: 'signed' },
  Sign: { compute: (a) => flag(a > 0n) - flag(a < 0n) },
  BitwiseNot: { compute: (a) => -1n - a },
  Relu: { compute: (a) => (a < 0n ? 0n : a), only: 'signed' },
}

describe('integers', () => {
  test.each(types)('%s: operators of two', async (type) => {
    const numbers = boundaries(type)
    const [xs, ys] = pairs(numbers, numbers)
    const cases = Object.entries(binary).flatMap(([label, { compute, only, gives, attributes }]): Wanted[] => {
      if (only && (only === 'signed') !== isSigned(type)) return []
      const result = gives ?? type
      const want = (label: string, a: Tensor, b: Tensor, as: readonly bigint[], bs: readonly bigint[]): Wanted => ({
        label,
        one: { op: label.split(' ')[0]!, inputs: [a, b], ...(attributes && { attributes }) },
        type: result,
        values: as.map((x, i) => wrapped(result, compute(x, bs[i]!))),
      })
      const all = want(label, t(type, xs), t(type, ys), xs, ys)
      // A single constant is written into the code.
      const single = [lowest(type), highest(type), ...(isSigned(type) ? [-1n] : []), 0n].map((y) => {
        const wanted = want(
          `${label} by ${y}`,
          t(type, numbers),
          t(type, [y], []),
          numbers,
          numbers.map(() => y),
        )
        return { ...wanted, one: { ...wanted.one, constants: [1] } }
      })
      return [all, ...single]
    })
    await expectAll(cases)
  })

  test.each(types)('%s: operators of one and of three, and over axes', async (type) => {
    const numbers = boundaries(type)
    const want = (
      label: string,
      inputs: Case['inputs'],
      values: readonly bigint[],
      more: Partial<Wanted & Case> = {},
    ): Wanted => {
      const { type: gives = type, output, ...one } = more
      return {
        label,
        one: { op: label.split(' ')[0]!, inputs, ...one },
        type: gives,
        values: values.map((value) => wrapped(gives, value)),
        ...(output !== undefined && { output }),
      }
    }
    const row = (values: readonly bigint[], dims?: readonly number[]): Tensor => t(type, values, dims)
    const i64 = (values: readonly number[], dims?: readonly number[]): Tensor => t('int64', values, dims)
    const x = row(numbers)
    const count = numbers.length
    const mirrored = [...numbers].reverse()
    const ascending = [...numbers].sort((a, b) => (a < b ? -1 : 1))
    const indexOf = (value: bigint): bigint => BigInt(numbers.indexOf(value))
    const sum = (values: readonly bigint[]): bigint => values.reduce((a, b) => a + b, 0n)
    const product = (values: readonly bigint[]): bigint => values.reduce((a, b) => wrapped('uint64', a * b), 1n)
    const odd = numbers.map((n) => n * 2n + 1n).map((n) => wrapped(type, n))

    const ofOne = Object.entries(unary).flatMap(([op, { compute, only }]) =>
      only && !isSigned(type)
        ? []
        : [
            want(
              op,
              [x],
              numbers.map((n) => compute(n)),
            ),
          ],
    )
    const bounds = [lowest(type), 3n, highest(type)].flatMap((low) =>
      [lowest(type), 5n, highest(type)].map((high) => [low, high] as const),
    )
    const clips = bounds.map(([low, high]) =>
      want(
        `Clip to ${low} … ${high}`,
        [x, row([low], []), row([high], [])],
        numbers.map((n) => (n > high || low > high ? high : n < low ? low : n)),
      ),
    )
    const axes = { keepdims: 0n }
    await expectAll([
      ...ofOne,
      ...clips,
      want(
        'Clip below',
        [x, row([3n], [])],
        numbers.map((n) => (n < 3n ? 3n : n)),
      ),
      want(
        'Clip above',
        [x, undefined, row([3n], [])],
        numbers.map((n) => (n > 3n ? 3n : n)),
      ),
      want(
        'Where',
        [
          t(
            'bool',
            numbers.map((n) => n % 2n === 0n),
          ),
          x,
          row(mirrored),
        ],
        numbers.map((n, i) => (n % 2n === 0n ? n : mirrored[i]!)),
      ),
      want(
        'Sum',
        [x, row(mirrored), row(odd)],
        numbers.map((n, i) => n + mirrored[i]! + odd[i]!),
      ),
      want(
        'Max',
        [x, row(mirrored), row(odd)],
        numbers.map((n, i) => [n, mirrored[i]!, odd[i]!].reduce((a, b) => (a > b ? a : b))),
      ),
      want(
        'Min',
        [x, row(mirrored), row(odd)],
        numbers.map((n, i) => [n, mirrored[i]!, odd[i]!].reduce((a, b) => (a < b ? a : b))),
      ),
      want('ReduceSum', [x], [sum(numbers)], { attributes: axes }),
      want('ReduceProd', [row(odd)], [product(odd)], { attributes: axes }),
      want('ReduceSumSquare', [x], [sum(numbers.map((n) => n * n))], { attributes: axes }),
      want('ReduceL1', [x], [sum(numbers.map(abs))], { attributes: axes }),
      want('ReduceMax', [x], [highest(type)], { attributes: axes }),
      want('ReduceMin', [x], [lowest(type)], { attributes: axes }),
      want(
        'CumSum',
        [x, i64([0], [])],
        numbers.map((_, i) => sum(numbers.slice(0, i + 1))),
      ),
      want(
        'CumSum backwards',
        [x, i64([0], [])],
        numbers.map((_, i) => sum(numbers.slice(i + 1))),
        { attributes: { reverse: 1n, exclusive: 1n } },
      ),
      want('ArgMax', [x], [indexOf(highest(type))], { attributes: axes, type: 'int64' }),
      want('ArgMin', [x], [indexOf(lowest(type))], { attributes: axes, type: 'int64' }),
      want('TopK', [x, i64([count])], [...ascending].reverse(), { outputs: 2 }),
      want('TopK indices', [x, i64([count])], ascending.map(indexOf), {
        outputs: 2,
        output: 1,
        type: 'int64',
        attributes: { largest: 0n },
      }),
      want('Unique', [row([...numbers, ...mirrored])], ascending),
      want('MatMul', [row(numbers, [1, count]), row(odd, [count, 1])], [sum(numbers.map((n, i) => n * odd[i]!))]),
      want(
        'Gemm',
        [row(numbers, [1, count]), row(odd, [count, 1]), row([5n])],
        [5n + sum(numbers.map((n, i) => n * odd[i]!))],
      ),
      want('Gather', [x, i64(numbers.map((_, i) => -1 - i))], mirrored),
      want(
        'ScatterElements add',
        [x, i64(numbers.map((_, i) => i)), row(odd)],
        numbers.map((n, i) => n + odd[i]!),
        { attributes: { reduction: 'add' } },
      ),
      want(
        'ScatterElements mul',
        [x, i64(numbers.map((_, i) => i)), row(odd)],
        numbers.map((n, i) => n * odd[i]!),
        { attributes: { reduction: 'mul' } },
      ),
      want('Slice flipped', [x, i64([-1]), t('int64', [-(2n ** 63n)]), i64([0]), i64([-1])], mirrored),
      want('Concat', [x, row(mirrored)], [...numbers, ...mirrored], { attributes: { axis: 0n } }),
      want('Pad', [x, i64([1, 1]), row([highest(type)], [])], [highest(type), ...numbers, highest(type)]),
      want('Tile', [x, i64([2])], [...numbers, ...numbers]),
      want('Expand', [row([lowest(type)]), i64([2])], [lowest(type), lowest(type)]),
    ])
  })

  test('powers of one type to another', async () => {
    const cases = types.flatMap((base) =>
      types.map((exponent): Wanted => {
        const [xs, ys] = pairs(boundaries(base), boundaries(exponent))
        return {
          label: `${base} to the ${exponent}`,
          one: { op: 'Pow', inputs: [t(base, xs), t(exponent, ys)] },
          type: base,
          values: xs.map((x, i) => wrapped(base, power(x, ys[i]!))),
        }
      }),
    )
    await expectAll(cases)
  })

  test('ranges from one end of a type to the other', async () => {
    const cases = (['int16', 'int32', 'int64'] as const).flatMap((type) => {
      const [low, high] = [lowest(type), highest(type)]
      const quarter = 2n ** BigInt(elementTypes[type].bits - 2)
      const up: [bigint, bigint, bigint][] = [
        [low, high, quarter],
        [low, high, high],
        [high - 2n, high, 1n],
        [high, low, 1n],
        [5n, 5n, 3n],
      ]
      const down: [bigint, bigint, bigint][] = [
        [high, low, -quarter],
        [high, low, low],
        [low + 2n, low, -1n],
      ]
      return [...up, ...down].map(([start, limit, delta]): Wanted => {
        const values: bigint[] = []
        for (let n = start; delta > 0n ? n < limit : n > limit; n += delta) values.push(n)
        const inputs = [start, limit, delta].map((n) => t(type, [n], []))
        return { label: `${type} from ${start} to ${limit} by ${delta}`, one: { op: 'Range', inputs }, type, values }
      })
    })
    await expectAll(cases)
  })

  test('casts wrap between types of integers', async () => {
    const cases = types.flatMap((from) =>
      types.map((to) => castCase(from, boundaries(from), to, (n) => wrapped(to, n))),
    )
    await expectAll(cases)
  })

  test('casts to floats round once, to the nearest, to even where two are as near', async () => {
    const ties = [24n, 40n, 54n, 62n].flatMap((bits) => [
      2n ** bits + 2n ** (bits - 24n),
      2n ** bits + 2n ** (bits - 8n),
      2n ** bits + 2n ** (bits - 8n) + 1n,
      3n * 2n ** (bits - 1n) + 2n ** (bits - 24n) - 1n,
      2n ** bits + 2n ** (bits - 11n) - 1n,
    ])
    const cases = types.flatMap((from) => {
      const numbers = [...boundaries(from), ...ties.filter((n) => n <= highest(from))]
      const floats = ['float64', 'float32', 'float16', 'bfloat16', 'float8e5m2', 'float8e8m0'] as const
      return floats.map((to) => castCase(from, numbers, to, (n) => nearest(to, n)))
    })
    await expectAll(cases)
  })

  // As the instructions of x86-64 have it, and so NumPy and onnxruntime there: the lowest number of the type that the
  // conversion goes through, 64 bits wide where fewer would not do, and its low bits where the target is narrower.
  test('casts of floats cut the fraction; what is out of range is the low bits of the lowest number', async () => {
    const powers = [7, 8, 15, 16, 31, 32, 53, 63, 64].map((bits) => 2 ** bits)
    const ends = powers.flatMap((n) => [n - 1, n - 0.5, n, n * (1 + 2 ** -20), -n, -n - 0.5, -n - 1])
    const numbers = [...ends, 0, -0, 0.9, -0.9, 1e30, -1e30, Infinity, -Infinity, NaN]
    const cases = (['float64', 'float32', 'bfloat16'] as const).flatMap((from) =>
      types.map((to): Wanted => {
        const tensor = t(from, numbers)
        const wide = elementTypes[to].bits === 64 || to === 'uint32' ? 'int64' : 'int32'
        const cut = (x: number): bigint => {
          const whole = Number.isFinite(x) ? BigInt(Math.trunc(x)) : lowest(wide) - 1n
          const most = to === 'uint64' ? highest(to) : highest(wide)
          return wrapped(to, whole >= lowest(wide) && whole <= most ? whole : lowest(wide))
        }
        return {
          label: `${from} to ${to}`,
          one: { op: 'Cast', inputs: [tensor], attributes: { to: BigInt(elementTypes[to].code) } },
          type: to,
          values: (tensorValues(tensor) as number[]).map(cut),
        }
      }),
    )
    await expectAll(cases)
  })
})

function castCase(
  from: ElementType,
  numbers: readonly bigint[],
  to: ElementType,
  cast: (n: bigint) => bigint | number,
): Wanted {
  return {
    label: `${from} to ${to}`,
    one: { op: 'Cast', inputs: [t(from, numbers)], attributes: { to: BigInt(elementTypes[to].code) } },
    type: to,
    values: numbers.map(cast),
  }
}

const mantissas = { float64: 52, float32: 23, float16: 10, bfloat16: 7, float8e5m2: 2, float8e8m0: 0 } as const

/** The number of a float type that is nearest to an integer. */
function nearest(type: keyof typeof mantissas, n: bigint): number {
  const magnitude = abs(n)
  const length = magnitude === 0n ? 0 : magnitude.toString(2).length
  if (type === 'float8e8m0')
    return n === 0n ? 2 ** -127 : Number(2n ** BigInt((magnitude - 1n).toString(2).length - (magnitude === 1n ? 1 : 0)))
  const unit = 2n ** BigInt(Math.max(0, length - 1 - mantissas[type]))
  const [below, rest] = [magnitude / unit, magnitude % unit]
  const up = rest * 2n > unit || (rest * 2n === unit && below % 2n === 1n)
  const rounded = (below + (up ? 1n : 0n)) * unit
  const sign = n < 0n ? -1 : 1
  if (type === 'float16' && rounded >= 65536n) return sign * Infinity
  if (type === 'float8e5m2' && rounded > 57344n) return sign * 57344
  return sign * Number(rounded)
}
