import { add, type Dim, floorDivide, multiply } from '../graph/dim.ts'
import { type KernelShape, lanes } from './shape.ts'

/** Rows of a block of A: OM_INT_BLOCK_ROWS of gemm-integer.h. */
function blockRows({ vectorBytes }: KernelShape): number {
  return vectorBytes === 64 ? 48 : 32
}

/** OM_INT_DEPTH: four bytes of k go together. */
function depthOf(k: Dim): Dim {
  return multiply(floorDivide(add(k, 3), 4), 4)
}

/** Bytes of a packed B[k, n] of 8-bit integers: OM_INT_PACKED of gemm-integer.h. */
export function packedIntegerBytes(k: Dim, n: Dim, shape: KernelShape): Dim {
  const vector = lanes(shape)
  return multiply(depthOf(k), multiply(floorDivide(add(n, vector - 1), vector), vector))
}

/** Bytes of scratch of a product of 8-bit integers: OM_INT_SCRATCH of gemm-integer.h. */
export function integerScratchBytes(k: Dim, shape: KernelShape): Dim {
  return add(multiply(blockRows(shape), add(multiply(3, depthOf(k)), 4 + 4 * 256)), 64)
}

/** Where element (row, column) of B is: `rows` in groups of `inner`, as `om_int_strides`. */
export interface IntegerStrides {
  readonly inner: number
  readonly outerStep: number
  readonly innerStep: number
  readonly column: number
}

/**
 * Packs B[k, n] of 8-bit integers as `om_pack_integers` does: panels of two vectors of columns, then, where fewer are left,
 * of one; each has four rows of each column together, zeros behind. Unsigned elements lose 128.
 *
 * @returns the panels, and the sum of each column as packed
 */
export function packIntegers(
  b: Uint8Array,
  k: number,
  n: number,
  { inner, outerStep, innerStep, column: columnStep }: IntegerStrides,
  signed: boolean,
  shape: KernelShape,
): { packed: Uint8Array; sums: Int32Array } {
  const narrow = lanes(shape)
  const packed = new Uint8Array(Number(packedIntegerBytes(k, n, shape)))
  const sums = new Int32Array(n)
  const offsets = Array.from({ length: k }, (_, row) => Math.floor(row / inner) * outerStep + (row % inner) * innerStep)
  const flip = signed ? 0 : 0x80
  let to = 0
  for (let first = 0, width; first < n; first += width) {
    width = n - first > narrow ? 2 * narrow : narrow
    const columns = Math.min(width, n - first)
    for (let row0 = 0; row0 < k; row0 += 4)
      for (let j = 0; j < width; j++, to += 4) {
        if (j >= columns) continue
        const from = (first + j) * columnStep
        for (let i = 0; i < Math.min(4, k - row0); i++) {
          const byte = b[from + offsets[row0 + i]!]! ^ flip
          packed[to + i] = byte
          sums[first + j]! += (byte << 24) >> 24
        }
      }
  }
  return { packed, sums }
}
