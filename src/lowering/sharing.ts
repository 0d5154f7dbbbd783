import { type Dim, multiply, product } from '../graph/dim.ts'
import type { KernelWriter } from './lowering.ts'

/** Multiplications that take as long as an element that is read, moved or computed by itself, and written: 0.25 ns. */
const MOVED = 16

/**
 * Lets threads share a body that goes through so many elements: parts of OM_PART_ELEMENTS (native/kernels/parallel.h).
 *
 * @param moves one takes as long as so many that are only moved
 * @param ownBytes what each thread needs of `om_own_scratch`
 */
export function shareElements(k: KernelWriter, dims: readonly Dim[], moves = 1, ownBytes: Dim = 0): boolean {
  return k.share(multiply(MOVED * moves, product(dims)), ownBytes)
}
