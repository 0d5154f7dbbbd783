import { createHash } from 'node:crypto'
import * as integers from './integer.ts'

/**
 * Dimensions: numbers, or symbolic expressions over named symbols.
 *
 * A symbolic dimension is a polynomial with integer coefficients over *atoms*: symbols (`batch`) and
 * calls that are no polynomials (`floor_div(batch + 1, 2)`). The canonical form makes equality of
 * `2 * batch` and `batch + batch` a comparison of strings. All symbols stand for integers from 0 to `LARGEST`.
 *
 * The arithmetic is exact at any size: an integer that JavaScript's numbers can't tell from its neighbours (beyond
 * 2^53: "to the end" is INT64_MAX in the bounds of a Slice) is a polynomial without symbols.
 */
export type Dim = number | SymbolicDim

export type Call = 'floor_div' | 'trunc_div' | 'mod' | 'min' | 'max' | 'broadcast' | 'times'

type Atom =
  | { readonly kind: 'symbol'; readonly key: string; readonly name: string }
  | { readonly kind: 'call'; readonly key: string; readonly call: Call; readonly a: Dim; readonly b: Dim }

/** coefficient × product of atoms, sorted by key */
interface Term {
  readonly coefficient: bigint
  readonly atoms: readonly Atom[]
}

export class SymbolicDim {
  /** Canonical text: equal keys mean equal dimensions. */
  readonly key: string
  readonly terms: readonly Term[]

  constructor(terms: readonly Term[]) {
    this.terms = terms
    this.key = terms.map(termKey).join(' + ')
  }

  toString(): string {
    return this.key
  }
}

function termKey(term: Term): string {
  const factors = term.atoms.map((atom) => atom.key)
  if (term.coefficient !== 1n || factors.length === 0) factors.unshift(String(term.coefficient))
  return factors.join('*')
}

function atomsKey(term: Term): string {
  return term.atoms.map((atom) => atom.key).join('*')
}

/**
 * The dimension that stands for the symbol `name`, any text. Names that could be taken for an expression (exporters
 * write `dim_param: "2*batch"`) are quoted in keys.
 */
export function symbol(name: string): SymbolicDim {
  const key = /^[\p{L}_?][\p{L}\d_.?-]*$/u.test(name) ? name : JSON.stringify(name)
  return new SymbolicDim([{ coefficient: 1n, atoms: [{ kind: 'symbol', key: shortKey(key), name }] }])
}

/** Names of models may have any length; formulas of them are compared and written again and again. */
function shortKey(key: string): string {
  if (key.length <= LONGEST_NAME) return key
  return `${key.slice(0, LONGEST_NAME / 2)}…${createHash('sha256').update(key).digest('hex')}`
}

const LONGEST_NAME = 80

/** Larger than any dimension of a tensor: OM_MAX_DIM of native/kernels/runtime.h, which the compiled model checks. */
export const LARGEST = 2 ** 40

/** The dimension that is this integer. */
export function integer(value: bigint): Dim {
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : new SymbolicDim([{ coefficient: value, atoms: [] }])
}

/** The integer that a dimension is; `undefined` where that depends on symbols. */
export function integerOf(dim: Dim): bigint | undefined {
  if (typeof dim === 'number') return BigInt(dim)
  const [term] = dim.terms
  return dim.terms.length === 1 && term!.atoms.length === 0 ? term!.coefficient : undefined
}

/** The integer that a dimension is as a number, the nearest exact one beyond 2^53; `undefined` where that depends on symbols. */
export function saturatedOf(dim: Dim): number | undefined {
  const value = typeof dim === 'number' ? dim : integerOf(dim)
  return typeof value === 'bigint' ? integers.saturated(value) : value
}

/** The symbol with this number that the compiler makes for a dimension without a name. */
export function freshSymbol(number: number): SymbolicDim {
  return symbol(`?${number}`)
}

/** Whether a symbol stands for a dimension that the model does not name. */
export function isFresh(name: string): boolean {
  return name.startsWith('?')
}

function termsOf(dim: Dim): readonly Term[] {
  if (typeof dim !== 'number') return dim.terms
  return dim === 0 ? [] : [{ coefficient: BigInt(dim), atoms: [] }]
}

function fromTerms(terms: readonly Term[]): Dim {
  const sums = new Map<string, Term>()
  for (const term of terms) {
    const key = atomsKey(term)
    const coefficient = (sums.get(key)?.coefficient ?? 0n) + term.coefficient
    if (coefficient === 0n) sums.delete(key)
    else sums.set(key, { coefficient, atoms: term.atoms })
  }
  if (sums.size === 0) return 0
  const constant = sums.get('')
  if (sums.size === 1 && constant) return integer(constant.coefficient)
  return new SymbolicDim([...sums.entries()].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, term]) => term))
}

export function add(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a + b)) return a + b
  return fromTerms([...termsOf(a), ...termsOf(b)])
}

/** Σ dims, in linear time. */
export function sum(dims: readonly Dim[]): Dim {
  return fromTerms(dims.flatMap(termsOf))
}

/** a · b, expanded where that is short: products of sums could grow without end. */
export function multiply(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a * b)) return a * b
  if (termsOf(a).length * termsOf(b).length > MOST_TERMS)
    return dimKey(a) < dimKey(b) ? call('times', a, b) : call('times', b, a)
  return fromTerms(
    termsOf(a).flatMap((x) =>
      termsOf(b).map((y) => ({
        coefficient: x.coefficient * y.coefficient,
        atoms: [...x.atoms, ...y.atoms].sort((p, q) => (p.key < q.key ? -1 : 1)),
      })),
    ),
  )
}

const MOST_TERMS = 256

export function subtract(a: Dim, b: Dim): Dim {
  return add(a, multiply(b, -1))
}

/** What `compute` makes of two integers; `undefined` where one of the dimensions is none. */
function computed(a: Dim, b: Dim, compute: (a: bigint, b: bigint) => bigint): Dim | undefined {
  const [x, y] = [integerOf(a), integerOf(b)]
  return x === undefined || y === undefined ? undefined : integer(compute(x, y))
}

function call(name: Call, a: Dim, b: Dim): Dim {
  const key = `${name}(${dimKey(a)}, ${dimKey(b)})`
  return new SymbolicDim([{ coefficient: 1n, atoms: [{ kind: 'call', key, call: name, a, b }] }])
}

/** ⌊a / b⌋, exactly where every term of `a` is divisible by a single term `b`; 0 where b is 0. */
export function floorDivide(a: Dim, b: Dim): Dim {
  if (b === 1) return a
  if (b === 0) return 0
  if (isBetween(a, 0, subtract(b, 1))) return 0
  return computed(a, b, integers.floorDivide) ?? divideExactly(a, b) ?? call('floor_div', a, b)
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

/** a - ⌊a / b⌋ · b; 0 where b is 0. */
export function modulo(a: Dim, b: Dim): Dim {
  if (b === 0) return 0
  if (isBetween(a, 0, subtract(b, 1))) return a
  return computed(a, b, integers.modulo) ?? (divideExactly(a, b) === undefined ? call('mod', a, b) : 0)
}

export function minimum(a: Dim, b: Dim): Dim {
  if (isAtLeast(b, a)) return a
  return isAtLeast(a, b) ? b : call('min', a, b)
}

export function maximum(a: Dim, b: Dim): Dim {
  if (isAtLeast(a, b)) return a
  return isAtLeast(b, a) ? b : call('max', a, b)
}

/** Size of an axis where `a` and `b` are broadcast together, given that they fit: the one that is not 1 (which may be 0). */
export function broadcastDim(a: Dim, b: Dim): Dim {
  // Neither order nor repetition matters among dimensions that fit, and equal ones should have equal keys.
  const sizes = new Map([...broadcastSizes(a), ...broadcastSizes(b)].map((dim) => [dimKey(dim), dim]))
  sizes.delete('1')
  const [first = 1, ...others] = [...sizes].sort(([x], [y]) => (x < y ? -1 : 1)).map(([, dim]) => dim)
  return others.reduce((all, dim) => call('broadcast', all, dim), first)
}

/** The dimensions that a broadcast is made of; of another dimension, itself. */
function broadcastSizes(dim: Dim): Dim[] {
  const [{ coefficient, atoms } = { coefficient: 0n, atoms: [] }, ...more] = termsOf(dim)
  const [atom] = atoms
  const isBroadcast = coefficient === 1n && atoms.length === 1 && atom?.kind === 'call' && atom.call === 'broadcast'
  return isBroadcast && more.length === 0 ? [...broadcastSizes(atom.a), ...broadcastSizes(atom.b)] : [dim]
}

/** Whether a ≥ b is known whatever the symbols are (false also where that is not known). */
export function isAtLeast(a: Dim, b: Dim): boolean {
  if (typeof a === 'number' && typeof b === 'number') return a >= b
  const low = termsOf(subtract(a, b)).map(lowest)
  return low.every((value) => value !== undefined) && low.reduce((sum, value) => sum + value, 0n) >= 0n
}

function isBetween(dim: Dim, low: Dim, high: Dim): boolean {
  return isAtLeast(dim, low) && isAtLeast(high, dim)
}

/** A number that a term can't be below; `undefined` where none is known. */
function lowest({ coefficient, atoms }: Term): bigint | undefined {
  if (atoms.length === 0) return coefficient
  if (!atoms.every(isNonNegative)) return undefined
  if (coefficient > 0n) return 0n
  const most = atoms.length === 1 ? highest(atoms[0]!) : undefined
  return most === undefined ? undefined : coefficient * most
}

/** A number that a non-negative atom can't be above; `undefined` where none is known. */
function highest(atom: Atom): bigint | undefined {
  if (atom.kind === 'symbol') return BigInt(LARGEST)
  if (atom.call === 'mod') return integerOf(subtract(atom.b, 1))
  if (atom.call !== 'min') return undefined
  const bounds = [atom.a, atom.b].map(integerOf)
  return bounds[0] ?? bounds[1]
}

function isNonNegative(atom: Atom): boolean {
  if (atom.kind === 'symbol' || atom.call === 'mod') return atom.kind === 'symbol' || isAtLeast(atom.b, 1)
  if (atom.call === 'max') return isAtLeast(atom.a, 0) || isAtLeast(atom.b, 0)
  return isAtLeast(atom.a, 0) && isAtLeast(atom.b, 0)
}

/** Whether the formula of a dimension is short enough to go on with: nested calls, and sums of many symbols, grow without end. */
export function isShort(dim: Dim): boolean {
  return typeof dim === 'number' || dim.key.length <= LONGEST_KEY
}

/**
 * Whether a dimension is one to go on with: short, and not beyond `most` where every symbol is 1.
 */
export function isManageable(dim: SymbolicDim, most: bigint): boolean {
  return isShort(dim) && magnitudeAtOne(dim) <= most
}

/** An upper bound of what a dimension can be, positive or negative, where no symbol is more than 1. */
function magnitudeAtOne(dim: Dim): bigint {
  const terms = termsOf(dim).map(({ coefficient, atoms }) => {
    const factors = atoms.map((atom) => {
      if (atom.kind === 'symbol') return 1n
      const [a, b] = [magnitudeAtOne(atom.a), magnitudeAtOne(atom.b)]
      if (atom.call === 'min' && isNonNegative(atom)) return integers.minimum(a, b)
      if (atom.call === 'mod' && isNonNegative(atom) && isAtLeast(atom.a, 0)) return integers.minimum(a, b)
      return atom.call === 'trunc_div' || atom.call === 'floor_div' ? a : integers.maximum(a, b)
    })
    return factors.reduce((product, factor) => product * factor, integers.absolute(coefficient))
  })
  return terms.reduce((sum, term) => sum + term, 0n)
}

const LONGEST_KEY = 2000

/** Product of dimensions: the number of elements of a shape. */
export function product(dims: readonly Dim[]): Dim {
  return dims.reduce<Dim>(multiply, 1)
}

export function dimKey(dim: Dim): string {
  return typeof dim === 'number' ? String(dim) : dim.key
}

/** Whether two dimensions are known to be equal (false also where that is not known). */
export function dimEquals(a: Dim, b: Dim): boolean {
  return a === b || (typeof a !== 'number' && typeof b !== 'number' && a.key === b.key)
}

export function shapeEquals(a: readonly Dim[], b: readonly Dim[]): boolean {
  return a.length === b.length && a.every((dim, i) => dimEquals(dim, b[i]!))
}

export function isStatic(shape: readonly Dim[]): shape is readonly number[] {
  return shape.every((dim) => typeof dim === 'number')
}

/** The name, where the dimension is one bare symbol. */
export function symbolName(dim: Dim): string | undefined {
  if (typeof dim === 'number' || dim.terms.length !== 1) return undefined
  const { coefficient, atoms } = dim.terms[0]!
  const [atom] = atoms
  return coefficient === 1n && atoms.length === 1 && atom?.kind === 'symbol' ? atom.name : undefined
}

/** All symbols that a dimension depends on. */
export function symbolsOf(dim: Dim, found = new Set<string>()): Set<string> {
  for (const term of termsOf(dim)) {
    for (const atom of term.atoms) {
      if (atom.kind === 'symbol') found.add(atom.name)
      else {
        symbolsOf(atom.a, found)
        symbolsOf(atom.b, found)
      }
    }
  }
  return found
}

/** The dimension with symbols replaced by what `replace` gives for them. */
export function substitute(dim: Dim, replace: (name: string) => Dim | undefined): Dim {
  let sum: Dim = 0
  for (const term of termsOf(dim)) {
    let value = integer(term.coefficient)
    for (const atom of term.atoms) value = multiply(value, substituteAtom(atom, replace))
    sum = add(sum, value)
  }
  return sum
}

function substituteAtom(atom: Atom, replace: (name: string) => Dim | undefined): Dim {
  if (atom.kind === 'symbol') return replace(atom.name) ?? symbol(atom.name)
  const a = substitute(atom.a, replace)
  const b = substitute(atom.b, replace)
  const operations = {
    floor_div: floorDivide,
    trunc_div: truncDivide,
    mod: modulo,
    min: minimum,
    max: maximum,
    broadcast: broadcastDim,
    times: multiply,
  }
  return operations[atom.call](a, b)
}

/** A dimension with every symbol taken as 1; what would become negative for so small an input is 0. */
export function sizeAtOne(dim: Dim): number {
  // Sizes that do not broadcast with all symbols 1 have no value then.
  return Math.max(0, Number(integerOf(substitute(dim, () => 1)) ?? 0n))
}
