import type { Tensor } from '../onnx/model.ts'
import { tensorArray } from '../onnx/tensor.ts'
import { packConvWeights, packDepthwiseWeights, packMatrices, packWinogradWeights } from './pack.ts'
import { type KernelShape, lanes, packedGemmLength } from './kernel-shape.ts'

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
  | { readonly layout: 'winograd' }

/** What the layouts of convolutions say of ONNX weights [outChannels, channels / groups, height, width]. */
export function filters({ dims }: Pick<Tensor, 'dims'>): { outChannels: number; channels: number; taps: number } {
  const [outChannels, channels, height, width] = dims as [number, number, number, number]
  return { outChannels, channels, taps: height * width }
}

/** Number of floats that weights of these dimensions take when packed. */
export function packedLength(weights: Pick<Tensor, 'dims'>, packing: Packing, shape: KernelShape): number {
  if (packing.layout === 'matrices')
    return packing.columns.reduce((sum, n) => sum + packedGemmLength(packing.depth, n, shape), 0)
  const { outChannels, channels, taps } = filters(weights)
  if (packing.layout === 'winograd') return 36 * packedGemmLength(channels, outChannels, shape)
  if (packing.layout === 'depthwise') return taps * Math.ceil(outChannels / lanes(shape)) * lanes(shape)
  return packing.groups * packedGemmLength(taps * channels, outChannels / packing.groups, shape)
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
  return packConvWeights(values, dims, packing.groups, shape)
}
