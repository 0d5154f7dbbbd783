import type { Value } from '../graph/graph.ts'
import { numbersOf } from './fold.ts'

// Sums of products of small integers are exact in float32 as long as no partial sum can leave ±2^24, in whatever order
// they are added: the fast kernels of floats then give the integers that slow loops would.

/** Every integer up to this is a float32. */
const LARGEST_EXACT = 2 ** 24

/** The largest magnitude of a quantised value less its zero point. */
export function largestMagnitude(x: Value, zeroPoint: Value | undefined): number {
  const [low, high] = x.type === 'uint8' ? [0, 255] : x.type === 'int8' ? [-128, 127] : [-Infinity, Infinity]
  const zeros = !zeroPoint
    ? [0]
    : zeroPoint.constant
      ? Array.from(numbersOf(zeroPoint.constant) ?? [low, high])
      : [low, high]
  return Math.max(...zeros.flatMap((zero) => [Math.abs(low - zero), Math.abs(high - zero)]))
}

/**
 * Whether all sums over weights are exact in float32.
 *
 * @param weights what is multiplied with values up to `magnitude`, as [outer, summed, inner] seen by `summed` and `inner`
 * @param otherwise largest magnitude of weights that are no constant
 */
export function sumsAreExact(
  weights: Value,
  summed: number,
  inner: number,
  magnitude: number,
  otherwise: number,
): boolean {
  const numbers = weights.constant && numbersOf(weights.constant)
  if (!numbers) return summed * otherwise * magnitude <= LARGEST_EXACT
  const sums = new Float64Array(numbers.length / Math.max(1, summed))
  for (let i = 0; i < numbers.length; i++) {
    const outer = Math.floor(i / (summed * inner))
    sums[outer * inner + (i % inner)]! += Math.abs(numbers[i]!)
  }
  return sums.every((sum) => sum * magnitude <= LARGEST_EXACT)
}
