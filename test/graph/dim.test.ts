import { dimToC } from '../../src/builtin/dim-to-c.ts'
import { describe, expect, test } from 'vitest'
import {
  add,
  broadcastDim,
  ceilDivide,
  type Dim,
  dimEquals,
  dimKey,
  divideExactly,
  floorDivide,
  integer,
  integerOf,
  isAtLeast,
  isFresh,
  maximum,
  minimum,
  modulo,
  multiply,
  saturatedOf,
  subtract,
  substitute,
  symbol,
  symbolName,
  symbolsOf,
  truncDivide,
  sizeAtOne,
} from '../../src/graph/dim.ts'
import { Identities } from '../../src/graph/graph.ts'
import { Random } from '../builtin/random/random.ts'

// Every expression is built twice: as a dimension, and as a function of the symbols' values.

type Values = Readonly<Record<string, number>>
interface Pair {
  readonly dim: Dim
  readonly value: (values: Values) => number
}

const names = ['a', 'b', 'c']

function randomPair(random: Random, depth: number): Pair {
  if (depth === 0 || random.chance(0.2)) {
    if (random.chance(0.4)) {
      const number = random.int(-3, 6)
      return { dim: number, value: () => number }
    }
    const name = random.pick(names)
    return { dim: symbol(name), value: (values) => values[name]! }
  }
  const [x, y] = [randomPair(random, depth - 1), randomPair(random, depth - 1)]
  const divisor = random.int(1, 5)
  const floor = (n: number): number => Math.floor(n / divisor)
  return random.pick<() => Pair>([
    () => ({ dim: add(x.dim, y.dim), value: (v) => x.value(v) + y.value(v) }),
    () => ({ dim: subtract(x.dim, y.dim), value: (v) => x.value(v) - y.value(v) }),
    () => ({ dim: multiply(x.dim, y.dim), value: (v) => x.value(v) * y.value(v) }),
    () => ({ dim: minimum(x.dim, y.dim), value: (v) => Math.min(x.value(v), y.value(v)) }),
    () => ({ dim: maximum(x.dim, y.dim), value: (v) => Math.max(x.value(v), y.value(v)) }),
    () => ({ dim: floorDivide(x.dim, divisor), value: (v) => floor(x.value(v)) }),
    () => ({ dim: truncDivide(x.dim, divisor), value: (v) => Math.trunc(x.value(v) / divisor) }),
    () => ({ dim: ceilDivide(x.dim, divisor), value: (v) => Math.ceil(x.value(v) / divisor) + 0 }),
    () => ({ dim: modulo(x.dim, divisor), value: (v) => x.value(v) - floor(x.value(v)) * divisor }),
  ])()
}

function evaluate(dim: Dim, values: Values): number {
  const result = substitute(dim, (name) => values[name])
  if (typeof result !== 'number') throw new TypeError(`${dimKey(dim)} keeps symbols: ${dimKey(result)}`)
  return result
}

/** The value of generated C, which for these expressions is JavaScript but for the names of types and functions. */
function evaluateC(dim: Dim, values: Values): number {
  const om_floor_div = (p: number, q: number): number => Math.floor(p / q)
  const functions = {
    om_floor_div,
    om_trunc_div: (p: number, q: number): number => Math.trunc(p / q),
    om_mod: (p: number, q: number): number => p - om_floor_div(p, q) * q,
    om_dim_add: (p: number, q: number): number => p + q,
    om_dim_mul: (p: number, q: number): number => p * q,
    om_dim_min: Math.min,
    om_dim_max: Math.max,
    om_dim_broadcast: (p: number, q: number): number => (p === 1 ? q : p),
    INT64_C: (p: number): number => p,
  }
  const text = dimToC(dim, (name) => `values.${name}`)
  return Number(
    new Function('values', ...Object.keys(functions), `return ${text}`)(values, ...Object.values(functions)),
  )
}

const randomValues = (random: Random): Values => Object.fromEntries(names.map((name) => [name, random.int(0, 12)]))

describe('symbolic dimensions', () => {
  test('are worth what the same integers are, in TypeScript and in C', () => {
    const random = new Random(1)
    for (let i = 0; i < 1500; i++) {
      const { dim, value } = randomPair(random, 3)
      for (let k = 0; k < 4; k++) {
        const values = randomValues(random)
        const wanted = value(values)
        if (!Number.isSafeInteger(wanted)) continue
        expect(evaluate(dim, values) + 0, `${dimKey(dim)} at ${JSON.stringify(values)}`).toBe(wanted + 0)
        expect(evaluateC(dim, values) + 0, `C of ${dimKey(dim)}`).toBe(wanted + 0)
      }
    }
  })

  test('equal keys mean equal values; what is said to be at least is at least', () => {
    const random = new Random(2)
    let [equal, atLeast] = [0, 0]
    for (let i = 0; i < 4000; i++) {
      const [x, y] = [randomPair(random, 2), randomPair(random, 2)]
      const values = randomValues(random)
      if (dimEquals(x.dim, y.dim)) {
        equal++
        expect(x.value(values) + 0).toBe(y.value(values) + 0)
      }
      if (isAtLeast(x.dim, y.dim)) {
        atLeast++
        expect(x.value(values), `${dimKey(x.dim)} ≥ ${dimKey(y.dim)}`).toBeGreaterThanOrEqual(y.value(values))
      }
    }
    expect(equal).toBeGreaterThan(50)
    expect(atLeast).toBeGreaterThan(200)
  })

  test('have one form: order and grouping do not matter', () => {
    const [a, b] = [symbol('a'), symbol('b')]
    expect(dimEquals(add(a, b), add(b, a))).toBe(true)
    expect(dimEquals(multiply(add(a, 1), add(a, -1)), subtract(multiply(a, a), 1))).toBe(true)
    expect(subtract(add(a, b), add(b, a))).toBe(0)
    expect(dimKey(multiply(2, a))).toBe(dimKey(add(a, a)))
  })

  test('exact division finds the quotient, and only where there is one', () => {
    const [a, b] = [symbol('a'), symbol('b')]
    expect(dimEquals(divideExactly(multiply(6, multiply(a, b)), multiply(2, a))!, multiply(3, b))).toBe(true)
    expect(divideExactly(add(multiply(6, a), 3), 2)).toBeUndefined()
    expect(divideExactly(a, b)).toBeUndefined()
    expect(divideExactly(a, 0)).toBeUndefined()
    expect(divideExactly(add(a, b), add(b, a))).toBe(1)
    const area = multiply(add(a, 1), add(b, 3))
    expect(divideExactly(multiply(64, area), multiply(32, area))).toBe(2)
    expect(dimEquals(divideExactly(multiply(area, add(a, b)), area)!, add(a, b))).toBe(true)
    expect(divideExactly(add(area, 1), area)).toBeUndefined()
    expect(floorDivide(multiply(4, a), 2)).toEqual(multiply(2, a))
  })

  test('divisions that are spelt in several ways are one', () => {
    const [a, b] = [symbol('a'), symbol('b')]
    const half = (dim: Dim): Dim => floorDivide(dim, 2)
    const spellings: readonly (readonly [string, Dim, Dim])[] = [
      ['⌊⌊a/2⌋/2⌋', half(half(a)), floorDivide(a, 4)],
      ['⌈⌈a/2⌉/2⌉', ceilDivide(ceilDivide(a, 2), 2), ceilDivide(a, 4)],
      ['five strides of 2', [1, 2, 3, 4, 5].reduce<Dim>((dim) => add(half(subtract(dim, 1)), 1), a), ceilDivide(a, 32)],
      ['-⌊-a/2⌋', multiply(half(multiply(a, -1)), -1), ceilDivide(a, 2)],
      ['-⌊(-a-b)/7⌋', multiply(floorDivide(subtract(multiply(a, -1), b), 7), -1), ceilDivide(add(a, b), 7)],
      ['⌊(a-1)/2⌋+1', add(half(subtract(a, 1)), 1), ceilDivide(a, 2)],
      ['⌊(a-1)/1⌋+1', add(floorDivide(subtract(a, 1), 1), 1), a],
      ['⌊(4a+3)/2⌋', half(add(multiply(4, a), 3)), add(multiply(2, a), 1)],
      ['⌊(6a+5)/4⌋', floorDivide(add(multiply(6, a), 5), 4), add(add(a, 1), half(a))],
      ['⌊(2a+4b)/8⌋', floorDivide(add(multiply(2, a), multiply(4, b)), 8), floorDivide(add(a, multiply(2, b)), 4)],
      ['⌊abc/bc⌋', floorDivide(multiply(multiply(a, b), symbol('c')), multiply(b, symbol('c'))), a],
      [
        '⌊(1024+1024⌊a/8⌋)/(1+⌊a/8⌋)⌋',
        floorDivide(add(1024, multiply(1024, floorDivide(a, 8))), add(1, floorDivide(a, 8))),
        1024,
      ],
      ['(a+8b) mod 8', modulo(add(a, multiply(8, b)), 8), modulo(a, 8)],
      ['(a mod 8) mod 8', modulo(modulo(a, 8), 8), modulo(a, 8)],
      ['max(⌊a/2⌋, 0)', maximum(half(a), 0), half(a)],
      ['max(0, ⌊(a+3)/2⌋)', maximum(0, half(add(a, 3))), half(add(a, 3))],
      ['max(a, 1) ≥ 1', maximum(maximum(a, 1), 1), maximum(a, 1)],
      ['min(a, b) and min(b, a)', minimum(a, b), minimum(b, a)],
    ]
    for (const [name, one, other] of spellings) expect(dimKey(one), name).toBe(dimKey(other))
  })

  test('formulas that stand in one another stay short, and are worked out once', () => {
    let dim: Dim = symbol('a')
    for (let i = 0; i < 300; i++) dim = maximum(minimum(dim, add(multiply(dim, symbol('b')), 1)), i)
    expect(dimKey(dim).length).toBeLessThan(200)
    expect([...symbolsOf(dim)].sort()).toEqual(['a', 'b'])
    expect(evaluate(dim, { a: 7, b: 1 })).toBe(299)
  })

  test('broadcast to the one that is not 1, which may be empty', () => {
    const [a, b] = [symbol('a'), symbol('b')]
    expect(broadcastDim(a, 1)).toBe(a)
    expect(broadcastDim(1, b)).toBe(b)
    expect(broadcastDim(a, a)).toBe(a)
    const both = broadcastDim(a, b)
    expect(dimEquals(both, broadcastDim(b, a))).toBe(true)
    expect(sizeAtOne(broadcastDim(add(a, 5), add(b, 2)))).toBe(0)
    const three = broadcastDim(both, symbol('c'))
    for (const part of [a, b, symbol('c'), both, three]) expect(dimEquals(three, broadcastDim(part, three))).toBe(true)
    for (const [x, y, wanted] of [
      [1, 5, 5],
      [5, 1, 5],
      [0, 1, 0],
      [1, 0, 0],
      [4, 4, 4],
    ] as const) {
      expect(evaluate(both, { a: x, b: y }), `${x} and ${y}`).toBe(wanted)
    }
  })

  test('names that look like expressions are names', () => {
    const odd = symbol('2*a')
    expect(dimEquals(odd, multiply(2, symbol('a')))).toBe(false)
    expect(dimEquals(multiply(symbol('a*b'), symbol('c')), multiply(symbol('a'), symbol('b*c')))).toBe(false)
    expect(dimKey(floorDivide(symbol('2'), 3))).not.toBe(dimKey(floorDivide(2, symbol('3'))))
    expect(symbolName(odd)).toBe('2*a')
    expect([...symbolsOf(add(odd, symbol('a + b')))].sort()).toEqual(['2*a', 'a + b'])
    expect(evaluate(add(odd, 1), { '2*a': 4 })).toBe(5)
  })

  test('symbols made by the compiler are told from those of the model', () => {
    const fresh = new Identities().freshDim()
    expect(isFresh(symbolName(fresh)!)).toBe(true)
    expect(isFresh('batch')).toBe(false)
  })

  test('integers beyond 2^53 stay what they are', () => {
    const huge = add(2 ** 53, 1)
    expect(dimKey(huge)).toBe('9007199254740993')
    expect(integerOf(multiply(huge, huge))).toBe((2n ** 53n + 1n) ** 2n)
    expect(subtract(huge, huge)).toBe(0)
    expect([floorDivide(huge, 2), modulo(huge, 2), modulo(7, huge)]).toEqual([2 ** 52, 1, 7])
    expect([saturatedOf(huge), saturatedOf(multiply(huge, -1))]).toEqual([2 ** 53 - 1, 1 - 2 ** 53])
    expect(saturatedOf(symbol('a'))).toBeUndefined()
  })

  test('a dimension is known to be less than what none can be', () => {
    const n = symbol('n')
    expect([minimum(n, integer(2n ** 63n - 1n)), maximum(n, integer(-(2n ** 63n)))]).toEqual([n, n])
    expect([modulo(n, 2 ** 41), floorDivide(n, 2 ** 41)]).toEqual([n, 0])
    expect(dimKey(minimum(n, 2 ** 31))).toBe('min(n, 2147483648)')
    expect(isAtLeast(2 ** 50, multiply(n, n))).toBe(false)
  })

  test('division by zero gives 0', () => {
    for (const divide of [floorDivide, truncDivide, modulo])
      expect([divide(7, 0), divide(symbol('n'), 0)]).toEqual([0, 0])
  })

  test('sizes beyond 64 bits never get into C', () => {
    expect(() => dimToC(multiply(2 ** 40, 2 ** 40), String)).toThrow(/beyond all memory/)
    expect(() => dimToC(multiply(2 ** 40, multiply(2 ** 40, symbol('a'))), String)).toThrow(/beyond all memory/)
    expect(dimToC(integer(-(2n ** 63n)), String)).toBe('INT64_MIN')
    expect(dimToC(2 ** 40, String)).toBe('INT64_C(1099511627776)')
    expect(dimToC(-1, String)).toBe('(-1)')
  })
})
