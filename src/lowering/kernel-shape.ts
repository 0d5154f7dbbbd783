/**
 * The shape of the matrix kernels' register tile per vector unit. The one source of it: weights are packed to it here,
 * and the C of native/kernels gets it as macros.
 */
export interface KernelShape {
  /** Bytes of a vector register; 0: no vector unit, kernels work on scalars. */
  readonly vectorBytes: 64 | 32 | 16 | 0
  /** Rows of a tile (MR). */
  readonly tileRows: number
  /** Vectors in a row of a tile (NR = tileVectors * lanes). */
  readonly tileVectors: number
  /** Tiles of rows that a block has at most, whose memory every product and convolution takes (OM_MOST_ROW_TILES). Default: 16. Where there are fewer, stack is short, too. */
  readonly rowTiles?: number
  /** Rows that a product of 8-bit integers gathers at once (OM_INT_BLOCK_ROWS). Default: 32, or 48. */
  readonly integerRows?: number
}

/** As many accumulators as fit into the registers of each vector unit beside one row of B and an element of A. */
export const kernelShapes = {
  /**
   * 32 registers of 64 bytes: x86-64-v4. 28 accumulators as 14 × 2 read B in more pieces, and fill tiles of few rows worse:
   * they took 0.99 to 1.02 times as long on transformers, 1.04 on MobileNet v1 and U-Net, 1.08 on v2, 1.1 on a CRNN (Zen 4).
   */
  avx512: { vectorBytes: 64, tileRows: 6, tileVectors: 4 },
  /** 16 registers of 32 bytes: x86-64-v3. */
  avx2: { vectorBytes: 32, tileRows: 6, tileVectors: 2 },
  /** 16 registers of 16 bytes: x86-64, x86-64-v2; V8 has as many for wasm simd128. */
  vector128: { vectorBytes: 16, tileRows: 4, tileVectors: 2 },
  /** 32 registers of 16 bytes: arm64 NEON, s390x from z14, riscv64 with V. */
  vector128x32: { vectorBytes: 16, tileRows: 8, tileVectors: 2 },
  /** No vector unit: armv6, riscv64 without V. */
  scalar: { vectorBytes: 0, tileRows: 2, tileVectors: 4 },
  /** No vector unit, no cache, and little memory: microcontrollers. A block takes 2 kB, not 35, and integers 3 kB of stack less. */
  small: { vectorBytes: 0, tileRows: 2, tileVectors: 4, rowTiles: 1, integerRows: 4 },
} as const satisfies Record<string, KernelShape>

/** float32 elements of a vector; 1 without a vector unit. */
export function lanes(shape: KernelShape): number {
  return shape.vectorBytes === 0 ? 1 : shape.vectorBytes / 4
}

/** Depth and rows of the block that A is gathered into; OM_K_BLOCK, OM_A_ROW and OM_MOST_ROW_TILES of gemm.h. */
const kBlock = 256
const aRow = kBlock + 16
const mostRowTiles = 16

/** Bytes of scratch of every product and convolution over packed weights: OM_GEMM_SCRATCH of gemm.h. */
export function gemmScratchBytes(shape: KernelShape): number {
  const panel = shape.tileVectors * lanes(shape)
  return ((shape.rowTiles ?? mostRowTiles) * shape.tileRows * aRow + 2 * shape.tileRows * panel + panel) * 4
}

/** Floats of a packed B[k, n]: OM_GEMM_PACKED of gemm.h. */
export function packedGemmLength(k: number, n: number, shape: KernelShape): number {
  return k * Math.ceil(n / lanes(shape)) * lanes(shape)
}

/** Bytes of scratch of a product whose B[k, n] is packed at run time: OM_MATMUL_SCRATCH of gemm.h. */
export function matmulScratchBytes(k: number, n: number, shape: KernelShape): number {
  return gemmScratchBytes(shape) + packedGemmLength(k, n, shape) * 4
}

/** Of LSTM (4 gates), GRU (3) and RNN (1). */
export interface RecurrentSizes {
  readonly gates: 4 | 3 | 1
  readonly steps: number
  readonly batch: number
  readonly hidden: number
  /** 2 where both directions are computed at once, else 1. */
  readonly rooms: 1 | 2
}

/** Bytes of scratch of LSTM, GRU and RNN: OM_RECURRENT_SCRATCH of recurrent.h. */
export function recurrentScratchBytes(
  { gates, steps, batch, hidden, rooms }: RecurrentSizes,
  shape: KernelShape,
): number {
  const floats = (steps + 1) * batch * gates * hidden + 3 * batch * hidden + gates * hidden
  return gemmScratchBytes(shape) + 4 * rooms * floats
}

/** Bytes of scratch of `om_conv2d_winograd_f32`: OM_WINOGRAD_SCRATCH of winograd.h. */
export function winogradScratchBytes(channels: number, shape: KernelShape): number {
  const panel = shape.tileVectors * lanes(shape)
  const [tiles, columns] = [2 * shape.tileRows, Math.floor(64 / panel) * panel]
  return 4 * (36 * tiles * (Math.ceil(channels / kBlock) * aRow + columns) + Math.ceil(channels / 16) * 16)
}

/** Largest head of `om_attention_f32`: a row of a block. */
export const LARGEST_HEAD = kBlock
/** OM_QUERY_TILES and OM_MOST_QUERIES of attention.h. */
const [queryTiles, mostQueries] = [4, 1024]

/** Bytes of scratch of `om_attention_f32`: OM_ATTENTION_SCRATCH of attention.h. */
export function attentionScratchBytes(size: number, valueSize: number, shape: KernelShape): number {
  const panel = shape.tileVectors * lanes(shape)
  const blocks = 2 * (queryTiles * shape.tileRows * aRow)
  const packed = packedGemmLength(size, kBlock, shape) + packedGemmLength(kBlock, valueSize, shape)
  return 4 * (blocks + packed + 2 * shape.tileRows * panel + panel + 2 * mostQueries)
}

/** OM_WINOGRAD_LEAST_PIXELS and OM_WINOGRAD_LEAST_FILL of winograd.h. */
const [leastPixels, leastFill] = [96, 7]

/**
 * Whether there are channels enough for `om_conv2d_winograd_f32` to win back its transforms, at some size of the output. Few
 * channels out leave lanes empty either way: 16 to 3 takes 0.5 of the time (SSE2, AVX2) and 0.6 (AVX-512), 64 to 1 0.4; 12 to 2 as
 * long with AVX2.
 */
export function winogradSuits(channels: number, outChannels: number): boolean {
  return channels >= (outChannels < 16 ? 16 : 8)
}

/**
 * Whether `om_conv2d_winograd_f32` is faster than `om_conv2d_f32` for an output of this size: om_winograd_pays of winograd.h.
 * Measured from 8 to 512 channels, AVX2 and AVX-512: 1.0 to 2.2 times for 10×10, 1.4 to 3.1 for 12×12, 1.3 to 3 from
 * there on. With fewer pixels, reading four times the weights eats the gain (1×1: 0.2, 5×5: 0.6 to 1.3), and so do tiles
 * that the output fills to less than half (1×64: 0.45 to 0.96; 2×64: 0.7 to 1.75).
 */
export function winogradPays(batch: number, outHeight: number, outWidth: number): boolean {
  const pixels = batch * outHeight * outWidth
  const tiles = batch * Math.ceil(outHeight / 4) * Math.ceil(outWidth / 4)
  return pixels >= leastPixels && pixels >= leastFill * tiles
}

/** Whether it can be faster, however large the other sizes are, where one side of the output has this size. */
export function winogradMayPay(side: number): boolean {
  return 4 * side >= leastFill * Math.ceil(side / 4)
}

/** The macros that give the C kernels this shape. */
export function kernelMacros(shape: KernelShape): string[] {
  return [
    `-DOM_VECTOR_BYTES=${shape.vectorBytes}`,
    `-DOM_TILE_ROWS=${shape.tileRows}`,
    `-DOM_TILE_VECTORS=${shape.tileVectors}`,
    ...(shape.integerRows === undefined ? [] : [`-DOM_INT_BLOCK_ROWS=${shape.integerRows}`]),
    ...(shape.rowTiles === undefined
      ? []
      : [`-DOM_MOST_ROW_TILES=${shape.rowTiles}`, `-DOM_ROW_TILES=${shape.rowTiles}`, '-DOM_INT_COLUMNS=64']),
  ]
}
