import type { SignatureDim } from './signature.ts'

/** Elements of a tensor, times a factor; NaN for dimensions that are none, or that only a run knows. */
export function product(dims: readonly SignatureDim[], factor: number): number {
  let all = factor
  for (let axis = 0; axis < dims.length; axis++) {
    const dim = dims[axis]
    all *= typeof dim === 'number' && dim >= 0 ? dim : NaN
  }
  return all
}
