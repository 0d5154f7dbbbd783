import { type Dim, integerOf } from './dim/polynomial.ts'
import * as integers from './integer.ts'

// Dimensions, for all other rooms. See dim/polynomial.ts for what they are.

export { isAtLeast } from './dim/bounds.ts'
export { broadcastDim, maximum, minimum } from './dim/choice.ts'
export { ceilDivide, divideExactly, floorDivide, modulo, truncDivide } from './dim/division.ts'
export { isGrowing } from './dim/growth.ts'
export { isManageable, isShort } from './dim/length.ts'
export {
  add,
  type Atom,
  type Call,
  depthOf,
  type Dim,
  dimEquals,
  dimKey,
  freshSymbol,
  integer,
  integerOf,
  isFresh,
  isStatic,
  LARGEST,
  multiply,
  product,
  shapeEquals,
  subtract,
  sum,
  symbol,
  SymbolicDim,
  symbolName,
  type Term,
} from './dim/polynomial.ts'
export { sizeAtOne, substitute, symbolsOf } from './dim/symbols.ts'

/** The integer that a dimension is as a number, the nearest exact one beyond 2^53; `undefined` where that depends on symbols. */
export function saturatedOf(dim: Dim): number | undefined {
  const value = typeof dim === 'number' ? dim : integerOf(dim)
  return typeof value === 'bigint' ? integers.saturated(value) : value
}
