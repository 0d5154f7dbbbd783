import { isAtLeast } from './bounds.ts'
import { type Atom, type Dim, fromTerms, integerOf, termsOf } from './polynomial.ts'

/** Whether it is known that a dimension is no smaller where its symbols are larger. */
export function isGrowing(dim: Dim): boolean {
  return termsOf(dim).every(
    ({ coefficient, atoms }) =>
      atoms.length === 0 ||
      (coefficient > 0n && atoms.every((atom) => isGrowingAtom(atom) && (atoms.length === 1 || isNatural(atom)))),
  )
}

function isGrowingAtom(atom: Atom): boolean {
  if (atom.kind === 'symbol') return true
  const { call, a, b } = atom
  switch (call) {
    case 'min':
    case 'max':
    case 'broadcast':
      return isGrowing(a) && isGrowing(b)
    case 'times':
      return isGrowing(a) && isGrowing(b) && isAtLeast(a, 0) && isAtLeast(b, 0)
    case 'floor_div':
    case 'trunc_div':
      return isGrowing(a) && (integerOf(b) ?? 0n) > 0n
    case 'mod':
      return false
  }
}

function isNatural(atom: Atom): boolean {
  return isAtLeast(fromTerms([{ coefficient: 1n, atoms: [atom] }]), 0)
}
