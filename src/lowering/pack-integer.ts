import { add, type Dim, floorDivide, multiply } from '../graph/dim.ts'
import { type KernelShape, lanes } from './kernel-shape.ts'

/** Rows of a block of A: OM_INT_BLOCK_ROWS of gemm-integer.h. */
function blockRows({ vectorBytes, integerRows }: KernelShape): number {
  return integerRows ?? (vectorBytes === 64 ? 48 : 32)
}

/** OM_INT_BEHIND of gemm-integer.h. */
const BEHIND = 16

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
export function integerScratchBytes(m: Dim, k: Dim, shape: KernelShape): Dim {
  const most = blockRows(shape)
  const rows = typeof m === 'number' ? Math.min(m, most) : most
  return add(multiply(rows, add(multiply(3, depthOf(k)), 4 + 4 * 2 * lanes(shape))), 64 + BEHIND)
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

/** Vectors of columns that depthwise kernels have room for, and without vectors: OM_INT_STRIP of native/kernels/depthwise-integer.h. */
const [STRIP, SHORT_STRIP] = [256, 128]
/** OM_INT_LINES of native/kernels/depthwise-integer.h. */
const MOST_LINES = 64

/** Whether the depthwise kernel takes windows of such lines (of taps along the last axis), which span `extent` positions. */
export function fitsDepthwiseIntegers(lines: number, extent: number, shape: KernelShape): boolean {
  return lines <= MOST_LINES && Math.ceil(lines / 2) * extent <= (lanes(shape) === 1 ? SHORT_STRIP : STRIP)
}

/** Whether the depthwise kernel takes weights of bytes as they are, see {@link depthwiseBytes}: where it has no vectors. */
export function takesDepthwiseBytes(shape: KernelShape): boolean {
  return lanes(shape) === 1
}

/** The same weights as bytes [channels, taps, lines]; `undefined` where not all of them are. */
export function depthwiseBytes(
  weight: (index: number) => number,
  [channels, lines, taps]: readonly [number, number, number],
): { bytes: Int8Array; sums: Int32Array } | undefined {
  const bytes = new Int8Array(channels * taps * lines)
  const sums = new Int32Array(channels)
  for (let at = 0; at < bytes.length; at++) {
    const [channel, tap, line] = [Math.floor(at / lines / taps), Math.floor(at / lines) % taps, at % lines]
    const number = weight((channel * lines + line) * taps + tap)
    if (number < -128 || number > 127) return undefined
    bytes[at] = number
    sums[channel]! += number
  }
  return { bytes, sums }
}

/** Elements of packed depthwise weights of 8-bit integers: OM_INT_DEPTHWISE_PACKED of native/kernels/depthwise-integer.h. */
export function packedDepthwiseIntegers(channels: Dim, lines: number, taps: number, shape: KernelShape): Dim {
  const vector = lanes(shape)
  return multiply(Math.ceil(lines / 2) * taps * vector, floorDivide(add(channels, vector - 1), vector))
}

/**
 * Packs weights [channels, 1, lines, taps] as `om_pack_depthwise_integers` does: vectors of channels, taps, pairs of lines
 * as two halves of a lane.
 *
 * @param weight an element less its zero point, by its index
 * @returns the lanes, the sum of each channel, and whether all weights are bytes
 */
export function packDepthwiseIntegers(
  weight: (index: number) => number,
  [channels, lines, taps]: readonly [number, number, number],
  shape: KernelShape,
): { packed: Int32Array; sums: Int32Array; isNarrow: boolean } {
  const vector = lanes(shape)
  const pairs = Math.ceil(lines / 2)
  const packed = new Int32Array(Number(packedDepthwiseIntegers(channels, lines, taps, shape)))
  const sums = new Int32Array(channels)
  let isNarrow = true
  for (let c = 0, index = 0; c < channels; c++) {
    const first = Math.floor(c / vector) * pairs * taps * vector + (c % vector)
    for (let line = 0; line < lines; line++)
      for (let tap = 0; tap < taps; tap++, index++) {
        const number = weight(index)
        isNarrow &&= number >= -128 && number <= 127
        sums[c]! += number
        packed[first + (tap * pairs + (line >> 1)) * vector]! |= line % 2 === 0 ? number & 0xffff : number << 16
      }
  }
  return { packed, sums, isNarrow }
}
