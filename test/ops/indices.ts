// Index arithmetic for expected values: plain, slow, and written without looking at the compiler's.

/** All multi-indices of a shape, in row-major order. */
export function indices(dims: readonly number[]): number[][] {
  return dims.reduce<number[][]>(
    (all, dim) => all.flatMap((index) => Array.from({ length: dim }, (_, i) => [...index, i])),
    [[]],
  )
}

/** Row-major position of an index. */
export function positionOf(index: readonly number[], dims: readonly number[]): number {
  return index.reduce((position, i, axis) => position * dims[axis]! + i, 0)
}

/** Numbers between -4 and 4 that repeat nowhere soon and are exact in every float type. */
export function ramp(count: number): number[] {
  return Array.from({ length: count }, (_, i) => ((i * 37) % 65) / 8 - 4)
}
