import { broadcastDim, maximum, minimum } from './choice.ts'
import { floorDivide, modulo, truncDivide } from './division.ts'
import { add, type Call, type CallAtom, type Dim, integer, integerOf, multiply, symbol, termsOf } from './polynomial.ts'

const known = new WeakMap<CallAtom, ReadonlySet<string>>()

/** All symbols that a dimension depends on. */
export function symbolsOf(dim: Dim, found = new Set<string>()): Set<string> {
  for (const { atoms } of termsOf(dim)) {
    for (const atom of atoms) {
      if (atom.kind === 'symbol') found.add(atom.name)
      else for (const name of symbolsOfCall(atom)) found.add(name)
    }
  }
  return found
}

function symbolsOfCall(atom: CallAtom): ReadonlySet<string> {
  const found = known.get(atom) ?? symbolsOf(atom.b, symbolsOf(atom.a))
  known.set(atom, found)
  return found
}

const operations: Readonly<Record<Call, (a: Dim, b: Dim) => Dim>> = {
  floor_div: floorDivide,
  trunc_div: truncDivide,
  mod: modulo,
  min: minimum,
  max: maximum,
  broadcast: broadcastDim,
  times: multiply,
}

/** The dimension with symbols replaced by what `replace` gives for them. */
export function substitute(dim: Dim, replace: (name: string) => Dim | undefined): Dim {
  // Calls stand in one another more than once: each is worked out once.
  const done = new Map<string, Dim>()
  const ofCall = ({ key, call, a, b }: CallAtom): Dim => {
    const value = done.get(key) ?? operations[call](of(a), of(b))
    done.set(key, value)
    return value
  }
  const of = (part: Dim): Dim => {
    let sum: Dim = 0
    for (const { coefficient, atoms } of termsOf(part)) {
      let value = integer(coefficient)
      for (const atom of atoms)
        value = multiply(value, atom.kind === 'symbol' ? (replace(atom.name) ?? symbol(atom.name)) : ofCall(atom))
      sum = add(sum, value)
    }
    return sum
  }
  return of(dim)
}

/** A dimension with every symbol taken as 1; what would become negative for so small an input is 0. */
export function sizeAtOne(dim: Dim): number {
  // Sizes that do not broadcast with all symbols 1 have no value then.
  return Math.max(0, Number(integerOf(substitute(dim, () => 1)) ?? 0n))
}
