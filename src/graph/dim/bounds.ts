import * as integers from '../integer.ts'
import { type Atom, type CallAtom, type Dim, LARGEST, integerOf, subtract, type Term, termsOf } from './polynomial.ts'

/** What a dimension can't be below or above, whatever its symbols are; `undefined` where nothing is known. */
interface Bounds {
  readonly low: bigint | undefined
  readonly high: bigint | undefined
}

const unbounded: Bounds = { low: undefined, high: undefined }
const symbolBounds: Bounds = { low: 0n, high: BigInt(LARGEST) }

/** Whether a ≥ b is known whatever the symbols are (false also where that is not known). */
export function isAtLeast(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a >= b
  const { low } = boundsOf(subtract(a, b))
  return low !== undefined && low >= 0n
}

export function isBetween(dim: Dim, low: Dim, high: Dim): boolean {
  return isAtLeast(dim, low) && isAtLeast(high, dim)
}

function boundsOf(dim: Dim): Bounds {
  let [low, high]: [bigint | undefined, bigint | undefined] = [0n, 0n]
  for (const term of termsOf(dim)) {
    const bounds = termBounds(term)
    low = low === undefined || bounds.low === undefined ? undefined : low + bounds.low
    high = high === undefined || bounds.high === undefined ? undefined : high + bounds.high
  }
  return { low, high }
}

function termBounds({ coefficient, atoms }: Term): Bounds {
  const [first, ...others] = atoms.map(atomBounds)
  if (!first) return { low: coefficient, high: coefficient }
  const { low, high } = others.reduce(productBounds, first)
  const times = (bound: bigint | undefined): bigint | undefined => (bound === undefined ? bound : bound * coefficient)
  return coefficient > 0n ? { low: times(low), high: times(high) } : { low: times(high), high: times(low) }
}

/** Of factors that are not negative; others are not worked out. */
function productBounds(a: Bounds, b: Bounds): Bounds {
  if (!isNonNegative(a) || !isNonNegative(b)) return unbounded
  const high = a.high === undefined || b.high === undefined ? undefined : a.high * b.high
  return { low: a.low! * b.low!, high }
}

function isNonNegative({ low }: Bounds): boolean {
  return low !== undefined && low >= 0n
}

const known = new WeakMap<CallAtom, Bounds>()

function atomBounds(atom: Atom): Bounds {
  if (atom.kind === 'symbol') return symbolBounds
  const found = known.get(atom) ?? callBounds(atom)
  known.set(atom, found)
  return found
}

function callBounds({ call, a, b }: CallAtom): Bounds {
  const [x, y] = [boundsOf(a), boundsOf(b)]
  const both = (pick: typeof integers.minimum, p = x.low, q = y.low): bigint | undefined =>
    p === undefined || q === undefined ? undefined : pick(p, q)
  const either = (pick: typeof integers.minimum, p = x.low, q = y.low): bigint | undefined => both(pick, p, q) ?? p ?? q
  switch (call) {
    case 'min':
      return { low: both(integers.minimum), high: either(integers.minimum, x.high, y.high) }
    case 'max':
      return { low: either(integers.maximum), high: both(integers.maximum, x.high, y.high) }
    case 'broadcast':
      return { low: both(integers.minimum), high: both(integers.maximum, x.high, y.high) }
    case 'times':
      return productBounds(x, y)
    case 'mod':
      if (!isNonNegative(y)) return unbounded
      return { low: 0n, high: y.high === undefined ? undefined : integers.maximum(y.high - 1n, 0n) }
    case 'floor_div':
    case 'trunc_div':
      return quotientBounds(x, y, integerOf(b), call === 'floor_div' ? integers.floorDivide : integers.truncDivide)
  }
}

/** Division by 0 gives 0. */
function quotientBounds(
  a: Bounds,
  b: Bounds,
  divisor: bigint | undefined,
  divide: (a: bigint, b: bigint) => bigint,
): Bounds {
  const by = (bound: bigint | undefined): bigint | undefined =>
    bound === undefined || divisor === undefined ? undefined : divide(bound, divisor)
  if (divisor !== undefined && divisor > 0n) return { low: by(a.low), high: by(a.high) }
  return isNonNegative(a) && isNonNegative(b) ? { low: 0n, high: a.high } : unbounded
}

const magnitudes = new WeakMap<CallAtom, bigint>()

/** An upper bound of what a dimension can be, positive or negative, where no symbol is more than 1. */
export function magnitudeAtOne(dim: Dim): bigint {
  const terms = termsOf(dim).map(({ coefficient, atoms }) =>
    atoms.map(atomMagnitude).reduce((product, factor) => product * factor, integers.absolute(coefficient)),
  )
  return terms.reduce((sum, term) => sum + term, 0n)
}

function atomMagnitude(atom: Atom): bigint {
  if (atom.kind === 'symbol') return 1n
  const found = magnitudes.get(atom) ?? callMagnitude(atom)
  magnitudes.set(atom, found)
  return found
}

function callMagnitude(atom: CallAtom): bigint {
  const [a, b] = [magnitudeAtOne(atom.a), magnitudeAtOne(atom.b)]
  const isSmaller = atom.call === 'min' || (atom.call === 'mod' && isAtLeast(atom.a, 0))
  if (isSmaller && isNonNegative(atomBounds(atom))) return integers.minimum(a, b)
  if (atom.call === 'times') return a * b
  return atom.call === 'trunc_div' || atom.call === 'floor_div' ? a + 1n : integers.maximum(a, b)
}
