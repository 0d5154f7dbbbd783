import type { Tensor } from '../onnx/model.ts'
import { tensorArray } from '../onnx/tensor.ts'
import { packConvWeights, packDepthwiseWeights, packGroupedWeights, packMatrices, packWinogradWeights } from './pack.ts'
import { type KernelShape, packedGemmLength } from './kernel-shape.ts'

/**
 * An order of weights that a fast kernel reads, see src/lowering/pack.ts. `packWeights` brings them into it when compiling,
 * `om.Pack` when the model is loaded.
 */
export type Packing =
  /** Matrices of equal depth one after another, each with its number of columns. `transposed`: stored as [columns, depth]. */
  | {
      readonly layout: 'matrices'
      readonly depth: number
      readonly columns: readonly number[]
      readonly transposed: boolean
    }
  | { readonly layout: 'convolution'; readonly groups: number }
  | { readonly layout: 'depthwise' }
  | { readonly layout: 'grouped' }
  | { readonly layout: 'winograd' }

/** What the layouts of convolutions say of ONNX weights [outChannels, channels / groups, height, width]. */
export function filters({ dims }: Pick<Tensor, 'dims'>): { outChannels: number; channels: number; taps: number } {
  const [outChannels, channels, height, width] = dims as [number, number, number, number]
  return { outChannels, channels, taps: height * width }
}

/**
 * How packed weights lie in memory, in elements of 4 bytes: matrices of equal depth one after another, each with its number of
 * columns. A matrix falls into panels of `vectors` vectors of columns, or, where no more are left, of one; panels are k-major.
 */
export interface Panels {
  readonly depth: number
  readonly columns: readonly number[]
  readonly vectors: number
}

/** The panels of weights of these dimensions. */
export function panelsOf(weights: Pick<Tensor, 'dims'>, packing: Packing, { tileVectors }: KernelShape): Panels {
  if (packing.layout === 'matrices') return { depth: packing.depth, columns: packing.columns, vectors: tileVectors }
  const { outChannels, channels, taps } = filters(weights)
  const same = (count: number, columns: number): number[] => Array<number>(count).fill(columns)
  if (packing.layout === 'winograd') return { depth: channels, columns: same(36, outChannels), vectors: tileVectors }
  if (packing.layout === 'depthwise') return { depth: 1, columns: same(taps, outChannels), vectors: 1 }
  if (packing.layout === 'grouped') return { depth: taps * channels, columns: [outChannels], vectors: 1 }
  const columns = same(packing.groups, outChannels / packing.groups)
  return { depth: taps * channels, columns, vectors: tileVectors }
}

/** Elements that panels take when they are packed for a shape. */
export function panelsLength({ depth, columns }: Panels, shape: KernelShape): number {
  return columns.reduce((sum, n) => sum + packedGemmLength(depth, n, shape), 0)
}

/** Number of floats that weights of these dimensions take when packed. */
export function packedLength(weights: Pick<Tensor, 'dims'>, packing: Packing, shape: KernelShape): number {
  return panelsLength(panelsOf(weights, packing, shape), shape)
}

/** Constants of a kernel in panels of 4-byte elements, which it can make for any shape. */
export interface PackedConstant {
  readonly panels: Panels
  readonly pack: (shape: KernelShape) => Uint8Array
}

/** Packs float32 weights. */
export function packWeights(weights: Tensor, packing: Packing, shape: KernelShape): Float32Array {
  const values = tensorArray(weights)
  if (!(values instanceof Float32Array)) throw new TypeError(`weights of ${weights.type} can't be packed`)
  if (packing.layout === 'matrices') return packMatrices(values, packing, shape)
  const { outChannels, channels, taps } = filters(weights)
  if (packing.layout === 'winograd') return packWinogradWeights(values, outChannels, channels, shape)
  if (packing.layout === 'depthwise') return packDepthwiseWeights(values, outChannels, taps, shape)
  const dims = weights.dims as [number, number, number, number]
  if (packing.layout === 'grouped') return packGroupedWeights(values, dims, shape)
  return packConvWeights(values, dims, packing.groups, shape)
}
