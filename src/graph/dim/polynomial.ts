import { createHash } from 'node:crypto'

/*
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

export interface SymbolAtom {
  readonly kind: 'symbol'
  readonly key: string
  readonly name: string
}

export interface CallAtom {
  readonly kind: 'call'
  readonly key: string
  readonly call: Call
  readonly a: Dim
  readonly b: Dim
  /** How many calls stand in one another. */
  readonly depth: number
}

export type Atom = SymbolAtom | CallAtom

/** coefficient × product of atoms, sorted by key */
export interface Term {
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

/** Larger than any dimension of a tensor: OM_MAX_DIM of native/kernels/runtime.h, which the compiled model checks. */
export const LARGEST = 2 ** 40

/**
 * The dimension that stands for the symbol `name`, any text. Names that could be taken for an expression (exporters
 * write `dim_param: "2*batch"`) are quoted in keys.
 */
export function symbol(name: string): SymbolicDim {
  const key = /^[\p{L}_?][\p{L}\d_.?-]*$/u.test(name) ? name : JSON.stringify(name)
  return atomAlone({ kind: 'symbol', key: shortKey(key, LONGEST_NAME), name })
}

const LONGEST_NAME = 80

/**
 * The text of an atom, or its beginning and a hash of it: names of models may have any length, and calls that stand in
 * one another would be written again and again, while keys are compared wherever sizes are.
 */
function shortKey(key: string, longest: number): string {
  if (key.length <= longest) return key
  return `${key.slice(0, longest / 2)}…${createHash('sha256').update(key).digest('hex').slice(0, HASH_DIGITS)}`
}

/** 160 bits. */
const HASH_DIGITS = 40

/** The symbol with this number that the compiler makes for a dimension without a name. */
export function freshSymbol(number: number): SymbolicDim {
  return symbol(`?${number}`)
}

/** Whether a symbol stands for a dimension that the model does not name. */
export function isFresh(name: string): boolean {
  return name.startsWith('?')
}

/** What is no polynomial of its arguments. */
export function call(name: Call, a: Dim, b: Dim): SymbolicDim {
  const key = shortKey(`${name}(${dimKey(a)}, ${dimKey(b)})`, LONGEST_CALL)
  return atomAlone({ kind: 'call', key, call: name, a, b, depth: 1 + Math.max(depthOf(a), depthOf(b)) })
}

const LONGEST_CALL = 160

function atomAlone(atom: Atom): SymbolicDim {
  return new SymbolicDim([{ coefficient: 1n, atoms: [atom] }])
}

/** The atom, where the dimension is nothing else. */
export function atomOf(dim: Dim): Atom | undefined {
  if (typeof dim === 'number' || dim.terms.length !== 1) return undefined
  const { coefficient, atoms } = dim.terms[0]!
  return coefficient === 1n && atoms.length === 1 ? atoms[0] : undefined
}

/** The call, where the dimension is one of this function. */
export function callOf(dim: Dim, name: Call): CallAtom | undefined {
  const atom = atomOf(dim)
  return atom?.kind === 'call' && atom.call === name ? atom : undefined
}

/** The name, where the dimension is one bare symbol. */
export function symbolName(dim: Dim): string | undefined {
  const atom = atomOf(dim)
  return atom?.kind === 'symbol' ? atom.name : undefined
}

/** How many calls stand in one another in a dimension. */
export function depthOf(dim: Dim): number {
  let depth = 0
  for (const { atoms } of termsOf(dim))
    for (const atom of atoms) if (atom.kind === 'call') depth = Math.max(depth, atom.depth)
  return depth
}

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

export function termsOf(dim: Dim): readonly Term[] {
  if (typeof dim !== 'number') return dim.terms
  return dim === 0 ? [] : [{ coefficient: BigInt(dim), atoms: [] }]
}

export function fromTerms(terms: readonly Term[]): Dim {
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

const MOST_TERMS = 64

export function subtract(a: Dim, b: Dim): Dim {
  if (typeof a === 'number' && typeof b === 'number' && Number.isSafeInteger(a - b)) return a - b
  return fromTerms([...termsOf(a), ...termsOf(b).map((term) => ({ ...term, coefficient: -term.coefficient }))])
}

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
