import type { Operators } from '../call.ts'
import { type Caller, controlFlow } from './control.ts'
import { convolutions } from './convolution.ts'
import { images } from './images.ts'
import { math } from './math.ts'
import { products } from './products.ts'
import { reductions } from './reductions.ts'
import { shapes } from './shapes.ts'
import { slices } from './slices.ts'

/** Every operator of TensorFlow that is converted. A new family is a file and a line here. */
export function operators(caller: Caller): Operators {
  return {
    ...math,
    ...convolutions,
    ...products,
    ...shapes,
    ...slices,
    ...reductions,
    ...images,
    ...controlFlow(caller),
  }
}

/** Names of results of operators that have several of different kinds, as functions use them. */
export const resultNames: Readonly<Record<string, readonly string[]>> = {
  TopKV2: ['values', 'indices'],
  NonMaxSuppressionV4: ['selected_indices', 'valid_outputs'],
  NonMaxSuppressionV5: ['selected_indices', 'selected_scores', 'valid_outputs'],
  FusedBatchNorm: ['y'],
  FusedBatchNormV2: ['y'],
  FusedBatchNormV3: ['y'],
}
