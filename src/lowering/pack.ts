import { lanes, packedGemmLength } from './kernel-shape.ts'
import type { KernelShape } from './kernel-shape.ts'

/**
 * Packs B[k, n] for `om_gemm_f32`: panels of `tileVectors` vectors of columns, then, where fewer are left, of one vector;
 * each panel is k-major, columns beyond n are zero. `transposed`: b is stored as [n, k].
 */
export function packGemmB(
  b: Float32Array,
  k: number,
  n: number,
  shape: KernelShape,
  options: { transposed?: boolean } = {},
): Float32Array {
  expectLength('B', b, k * n)
  const packed = new Float32Array(packedGemmLength(k, n, shape))
  const [rowStep, columnStep] = options.transposed ? [1, k] : [n, 1]
  packColumns(packed, k, n, shape, (row, column) => b[row * rowStep + column * columnStep]!)
  return packed
}

/**
 * Packs ONNX convolution weights [outChannels, channels / groups, kernelHeight, kernelWidth] for `om_conv2d_f32`:
 * per group the matrix [kernelHeight * kernelWidth * channels / groups, outChannels / groups], packed as by packGemmB.
 */
export function packConvWeights(
  weights: Float32Array,
  dims: readonly [outChannels: number, groupChannels: number, kernelHeight: number, kernelWidth: number],
  groups: number,
  shape: KernelShape,
): Float32Array {
  const [outChannels, channels, height, width] = dims
  const taps = height * width
  expectLength('convolution weights', weights, outChannels * channels * taps)
  const groupOut = outChannels / groups
  const depth = taps * channels
  const length = packedGemmLength(depth, groupOut, shape)
  const packed = new Float32Array(groups * length)
  for (let group = 0; group < groups; group++)
    packColumns(packed.subarray(group * length, (group + 1) * length), depth, groupOut, shape, (row, column) => {
      const tap = Math.floor(row / channels)
      return weights[((group * groupOut + column) * channels + (row % channels)) * taps + tap]!
    })
  return packed
}

/**
 * Packs ONNX weights [channels, 1, kernelHeight, kernelWidth] of a depthwise convolution for `om_depthwise2d_f32`:
 * [taps, channels rounded up to whole vectors], zeros behind.
 */
export function packDepthwiseWeights(
  weights: Float32Array,
  channels: number,
  taps: number,
  shape: KernelShape,
): Float32Array {
  expectLength('depthwise weights', weights, channels * taps)
  const row = Math.ceil(channels / lanes(shape)) * lanes(shape)
  const packed = new Float32Array(taps * row)
  for (let tap = 0; tap < taps; tap++)
    for (let channel = 0; channel < channels; channel++) packed[tap * row + channel] = weights[channel * taps + tap]!
  return packed
}

/**
 * Packs ONNX weights of several groups for `om_grouped2d_f32`: of all of them one matrix
 * [kernelHeight * kernelWidth * channels / groups, outChannels], in panels of one vector.
 */
export function packGroupedWeights(
  weights: Float32Array,
  dims: readonly [outChannels: number, groupChannels: number, kernelHeight: number, kernelWidth: number],
  shape: KernelShape,
): Float32Array {
  return packConvWeights(weights, dims, 1, { ...shape, tileVectors: 1 })
}

/** Packs matrices of equal depth one after another, each as by packGemmB. `transposed`: each is stored as [columns, depth]. */
export function packMatrices(
  matrices: Float32Array,
  { depth, columns, transposed }: { depth: number; columns: readonly number[]; transposed: boolean },
  shape: KernelShape,
): Float32Array {
  const packed = new Float32Array(columns.reduce((sum, n) => sum + packedGemmLength(depth, n, shape), 0))
  let [from, to] = [0, 0]
  for (const n of columns) {
    const one = packGemmB(matrices.subarray(from, from + depth * n), depth, n, shape, { transposed })
    packed.set(one, to)
    from += depth * n
    to += one.length
  }
  return packed
}

/** The interpolation points of winograd.h: 0, ±0.625, ±1.5 and infinity. */
const winogradPoints = [0, 0.625, -0.625, 1.5, -1.5]

/** G of F(4x4, 3x3): row i gives 1, p, p² over the product of p's distances to the other points; infinity: 0, 0, 1. */
const winogradG = [
  ...winogradPoints.map((p, i) => {
    const distances = winogradPoints.reduce((product, q, j) => (i === j ? product : product * (p - q)), 1)
    return [1 / distances, p / distances, (p * p) / distances] as const
  }),
  [0, 0, 1] as const,
]

/**
 * Packs ONNX convolution weights [outChannels, channels, 3, 3] for `om_conv2d_winograd_f32`: 36 matrices G w Gᵀ
 * [channels, outChannels], row by row, each packed as by packGemmB.
 */
export function packWinogradWeights(
  weights: Float32Array,
  outChannels: number,
  channels: number,
  shape: KernelShape,
): Float32Array {
  expectLength('3x3 convolution weights', weights, outChannels * channels * 9)
  const length = packedGemmLength(channels, outChannels, shape)
  const packed = new Float32Array(36 * length)
  for (const [i, down] of winogradG.entries())
    for (const [j, across] of winogradG.entries()) {
      const factors = down.flatMap((d) => across.map((a) => d * a))
      const start = (i * 6 + j) * length
      packColumns(packed.subarray(start, start + length), channels, outChannels, shape, (row, column) => {
        const from = (column * channels + row) * 9
        return factors.reduce((sum, factor, tap) => sum + factor * weights[from + tap]!, 0)
      })
    }
  return packed
}

function packColumns(
  packed: Float32Array,
  k: number,
  n: number,
  shape: KernelShape,
  at: (row: number, column: number) => number,
): void {
  const narrow = lanes(shape)
  const full = narrow * shape.tileVectors
  let to = 0
  for (let column = 0, width; column < n; column += width) {
    width = n - column > full - narrow ? full : narrow
    const columns = Math.min(width, n - column)
    for (let row = 0; row < k; row++, to += width)
      for (let i = 0; i < columns; i++) packed[to + i] = at(row, column + i)
  }
}

function expectLength(what: string, data: Float32Array, expected: number): void {
  if (data.length !== expected) throw new RangeError(`${what}: expected ${expected} elements, given ${data.length}`)
}
