import * as integers from '../integer.ts'
import { isAtLeast, isBetween } from './bounds.ts'
import {
  add,
  call,
  callOf,
  type Dim,
  dimEquals,
  fromTerms,
  integer,
  integerOf,
  multiply,
  subtract,
  type Term,
  termsOf,
} from './polynomial.ts'

/** What `compute` makes of two integers; `undefined` where one of the dimensions is none. */
function computed(a: Dim, b: Dim, compute: (a: bigint, b: bigint) => bigint): Dim | undefined {
  const [x, y] = [integerOf(a), integerOf(b)]
  return x === undefined || y === undefined ? undefined : integer(compute(x, y))
}

/** ⌊a / b⌋, exactly where every term of `a` is divisible by a single term `b`; 0 where b is 0. */
export function floorDivide(a: Dim, b: Dim): Dim {
  if (b === 1) return a
  if (b === 0) return 0
  if (isBetween(a, 0, subtract(b, 1))) return 0
  const exact = computed(a, b, integers.floorDivide) ?? divideExactly(a, b)
  if (exact !== undefined) return exact
  const divisor = integerOf(b)
  return divisor !== undefined && divisor > 0n ? floorDivideBy(a, divisor) : call('floor_div', a, b)
}

/**
 * ⌊a / n⌋ for n > 0 in the one form that its many spellings share, so that ⌈x / 2⌉ is ⌊(x + 1) / 2⌋, ⌊(x - 1) / 2⌋ + 1 and
 * -⌊-x / 2⌋ alike: whole multiples of n stand outside, the constant is from 0 to n - 1, the first term is positive,
 * factors that all share are gone, and a quotient of a quotient is one.
 */
function floorDivideBy(a: Dim, n: bigint): Dim {
  const inside = termsOf(a).map((term) => {
    const divide = term.atoms.length > 0 ? integers.truncDivide : integers.floorDivide
    return { ...term, coefficient: term.coefficient - divide(term.coefficient, n) * n }
  })
  const rest = fromTerms(inside)
  const whole = divideExactly(subtract(a, rest), integer(n))!
  return add(whole, divideRest(rest, n))
}

function divideRest(rest: Dim, n: bigint): Dim {
  const constant = termsOf(rest).find(({ atoms }) => atoms.length === 0)?.coefficient ?? 0n
  const varying = termsOf(rest).filter(({ atoms }) => atoms.length > 0)
  const [leading] = varying
  if (!leading) return 0
  if (leading.coefficient < 0n) {
    const negated = subtract(integer(n - 1n), rest)
    return multiply(floorDivide(negated, integer(n)), -1)
  }
  const common = varying.reduce((divisor, { coefficient }) => integers.greatestCommonDivisor(divisor, coefficient), n)
  const scaled = (term: Term): Term => ({ ...term, coefficient: term.coefficient / common })
  if (common > 1n) {
    const sum = fromTerms([...varying.map(scaled), { coefficient: integers.floorDivide(constant, common), atoms: [] }])
    return floorDivide(sum, integer(n / common))
  }
  const inner = callOf(fromTerms(varying), 'floor_div')
  const divisor = inner && integerOf(inner.b)
  if (divisor !== undefined && divisor > 0n)
    return floorDivide(add(inner!.a, integer(constant * divisor)), integer(divisor * n))
  return isBetween(rest, 0, integer(n - 1n)) ? 0 : call('floor_div', rest, integer(n))
}

/** a / b rounded towards zero, as ONNX divides integers; 0 where b is 0. */
export function truncDivide(a: Dim, b: Dim): Dim {
  if (b === 0) return 0
  if (isAtLeast(a, 0) && isAtLeast(b, 0)) return floorDivide(a, b)
  return computed(a, b, integers.truncDivide) ?? divideExactly(a, b) ?? call('trunc_div', a, b)
}

/** ⌈a / b⌉ for b > 0. */
export function ceilDivide(a: Dim, b: Dim): Dim {
  return divideExactly(a, b) ?? floorDivide(subtract(add(a, b), 1), b)
}

/** a - ⌊a / b⌋ · b; 0 where b is 0. */
export function modulo(a: Dim, b: Dim): Dim {
  if (b === 0) return 0
  if (isBetween(a, 0, subtract(b, 1))) return a
  const known = computed(a, b, integers.modulo)
  if (known !== undefined) return known
  if (divideExactly(a, b) !== undefined) return 0
  const divisor = integerOf(b)
  if (divisor === undefined || divisor < 0n) return call('mod', a, b)
  // Multiples of the divisor make no difference.
  const rest = fromTerms(
    termsOf(a).map((term) => ({ ...term, coefficient: integers.modulo(term.coefficient, divisor) })),
  )
  return dimEquals(rest, a) ? call('mod', a, b) : modulo(rest, b)
}

/** a / b where that is a sum of terms, known to be exact (wherever b is not 0); otherwise `undefined`. */
export function divideExactly(a: Dim, b: Dim): Dim | undefined {
  const [first, ...others] = termsOf(b)
  if (!first) return undefined
  if (others.length > 0) return divideBySum(a, b)
  const quotient = termsOf(a).map((term) => divideTerm(term, first))
  return quotient.every((term) => term !== undefined) ? fromTerms(quotient) : undefined
}

/** Long division: how often the term of most factors goes into what is left says how often all of b must. */
function divideBySum(a: Dim, b: Dim): Dim | undefined {
  const cancelled = cancelFactor(a, b)
  if (cancelled !== undefined) return cancelled
  const byDegree = (dim: Dim): readonly Term[] => termsOf(dim).toSorted((p, q) => q.atoms.length - p.atoms.length)
  const [leading] = byDegree(b)
  let [quotient, rest]: [Dim, Dim] = [0, a]
  for (let left = termsOf(a).length; left > 0 && rest !== 0; left--) {
    const term = byDegree(rest)
      .map((candidate) => divideTerm(candidate, leading!))
      .find((candidate) => candidate !== undefined)
    if (!term) return undefined
    const part = fromTerms([term])
    quotient = add(quotient, part)
    rest = subtract(rest, multiply(part, b))
  }
  return rest === 0 ? quotient : undefined
}

/** Of products that were too long to be expanded: x without its factor b. */
function cancelFactor(x: Dim, b: Dim): Dim | undefined {
  const [term, ...more] = termsOf(x)
  const at = term?.atoms.findIndex((atom) => atom.kind === 'call' && atom.call === 'times') ?? -1
  const atom = term?.atoms[at]
  if (!term || more.length > 0 || atom?.kind !== 'call') return undefined
  const { a, b: other } = atom
  const left = dimEquals(a, b) ? other : dimEquals(other, b) ? a : undefined
  return left === undefined ? undefined : multiply(fromTerms([{ ...term, atoms: term.atoms.toSpliced(at, 1) }]), left)
}

function divideTerm(term: Term, by: Term): Term | undefined {
  if (term.coefficient % by.coefficient !== 0n) return undefined
  const left = [...term.atoms]
  for (const atom of by.atoms) {
    const at = left.findIndex((other) => other.key === atom.key)
    if (at < 0) return undefined
    left.splice(at, 1)
  }
  return { coefficient: term.coefficient / by.coefficient, atoms: left }
}
