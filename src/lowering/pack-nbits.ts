import { add, type Dim, multiply } from '../graph/dim.ts'
import { gemmScratchBytes, type KernelShape, lanes } from './kernel-shape.ts'

/** Columns that weights of few bits are packed by, on every vector unit: OM_NBITS_COLUMNS of native/kernels/nbits.h. */
const bitsColumns = 16

/** Bytes of a line of those columns, four of each: OM_NBITS_LINE. */
const LINE = 4 * bitsColumns

/** Columns in whole groups. */
export function wholeGroups(columns: number): number {
  return Math.ceil(columns / bitsColumns) * bitsColumns
}

/**
 * Packs weights as `om_nbits_pack` of native/kernels/nbits.h does.
 *
 * @param codes [columns, length * bits / 8], the first number of a byte in its lowest bits
 * @param length numbers of a column, in whole blocks
 * @param bits 2, 4 or 8
 * @returns [groups, lines, 16, 4], 0 behind the columns
 */
export function packBits(codes: Uint8Array, columns: number, length: number, bits: number): Uint8Array {
  const row = (length * bits) / 8
  const lines = row / 4
  const packed = new Uint8Array(wholeGroups(columns) * row)
  for (let column = 0; column < columns; column++) {
    const first = Math.floor(column / bitsColumns) * lines * LINE + (column % bitsColumns) * 4
    for (let line = 0, from = column * row, to = first; line < lines; line++, from += 4, to += LINE) {
      const word = codes[from]! | (codes[from + 1]! << 8) | (codes[from + 2]! << 16) | (codes[from + 3]! << 24)
      const turned = bits === 4 ? turnFours(word) : bits === 2 ? turnTwos(word) : word
      packed[to] = turned
      packed[to + 1] = turned >>> 8
      packed[to + 2] = turned >>> 16
      packed[to + 3] = turned >>> 24
    }
  }
  return packed
}

/** Eight codes of four bits, in order: the first four in the lower halves of the bytes, the others in the upper ones. */
function turnFours(word: number): number {
  return spreadFours(word & 0xffff) | (spreadFours(word >>> 16) << 4)
}

/** Four codes of four bits, one to a byte. */
function spreadFours(codes: number): number {
  const pairs = (codes | (codes << 8)) & 0x00ff00ff
  return (pairs | (pairs << 4)) & 0x0f0f0f0f
}

/** Sixteen codes of two bits: each four of them in the same bits of the four bytes. */
function turnTwos(word: number): number {
  let turned = 0
  for (let part = 0; part < 4; part++) turned |= spreadTwos((word >>> (8 * part)) & 0xff) << (2 * part)
  return turned
}

/** Four codes of two bits, one to a byte. */
function spreadTwos(codes: number): number {
  return (codes & 3) | ((codes & 12) << 6) | ((codes & 48) << 12) | ((codes & 192) << 18)
}

/**
 * Numbers of blocks in groups of columns, as `om_nbits_pack_blocks` has them.
 *
 * @param number of a block of a column
 * @returns [groups, blocks, 16], 0 behind the columns
 */
export function packBlocks(
  number: (column: number, block: number) => number,
  columns: number,
  blocks: number,
): Float32Array {
  const packed = new Float32Array(wholeGroups(columns) * blocks)
  for (let column = 0; column < columns; column++)
    for (let block = 0; block < blocks; block++) {
      const group = Math.floor(column / bitsColumns) * blocks + block
      packed[group * bitsColumns + (column % bitsColumns)] = number(column, block)
    }
  return packed
}

/** OM_NBITS_WIDE and OM_NBITS_DEPTH of matmul-nbits.h. */
const [mostColumns, mostDepth] = [128, 512]

/** Bytes of scratch that each thread needs by itself where weights are made floats: OM_NBITS_OWN of matmul-nbits.h. */
export function bitsOwnBytes(depth: number, block: number, shape: KernelShape): number {
  const panel = shape.tileVectors * lanes(shape)
  const columns = shape.vectorBytes === 0 ? bitsColumns : Math.floor(mostColumns / panel) * panel
  const wholeBlocks = Math.ceil(depth / block) * block
  return gemmScratchBytes(shape) + 4 * columns * Math.min(wholeBlocks, Math.max(block, mostDepth))
}

/** Bytes of scratch of a product with weights of few bits: OM_NBITS_SCRATCH of nbits.h. */
export function bitsScratchBytes(own: number, rows: Dim, depth: number, block: number, shape: KernelShape): Dim {
  const rowsAtOnce = shape.vectorBytes === 64 ? 8 : 4
  return add(own, multiply(4 * (depth + block), add(rows, rowsAtOnce)))
}
