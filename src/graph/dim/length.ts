import { magnitudeAtOne } from './bounds.ts'
import { type Dim, depthOf, type SymbolicDim } from './polynomial.ts'

const LONGEST_KEY = 2000
const MOST_DEEP = 400

/** Whether the formula of a dimension is short enough to go on with: nested calls, and sums of many symbols, grow without end. */
export function isShort(dim: Dim): boolean {
  return typeof dim === 'number' || (dim.key.length <= LONGEST_KEY && depthOf(dim) <= MOST_DEEP)
}

/**
 * Whether a dimension is one to go on with: short, and not beyond `most` where every symbol is 1.
 */
export function isManageable(dim: SymbolicDim, most: bigint): boolean {
  return isShort(dim) && magnitudeAtOne(dim) <= most
}
