import type { LoweredOperator } from '../../lowering/lowering.ts'
import { contribActivations } from './activations.ts'
import { contribAttention } from './attention.ts'
import { contribFused } from './fused.ts'
import { contribImages } from './images.ts'
import { gatherBlockQuantized } from './gather-block-quantized.ts'
import { groupQueryAttention } from './group-query-attention.ts'
import { matMulNBits } from './matmul-n-bits.ts'
import { packedBits } from './packed-bits.ts'
import { multiHeadAttention } from './multi-head-attention.ts'
import { contribNormalizations } from './normalization.ts'
import { quantizedAttention } from './quantized-attention.ts'
import { quantizedElementwise } from './quantized-elementwise.ts'
import { quantizedLayers } from './quantized-layers.ts'
import { contribQuantizeLinear } from './quantized-linear.ts'
import { quantizedPools } from './quantized-pools.ts'
import { contribQuantizedProducts } from './quantized-products.ts'
import { retired } from './retired.ts'
import { rotaryEmbedding } from './rotary-embedding.ts'
import { contribTensors } from './tensors.ts'
import { tokenizer } from './tokenizer.ts'

/** Operators of onnxruntime's own domain, which its optimisers and some exporters write. */
export const contrib: readonly LoweredOperator[] = [
  ...contribActivations,
  ...contribFused,
  ...contribNormalizations,
  ...contribAttention,
  ...multiHeadAttention,
  ...groupQueryAttention,
  ...rotaryEmbedding,
  ...contribQuantizeLinear,
  ...contribQuantizedProducts,
  ...quantizedElementwise,
  ...quantizedPools,
  ...quantizedAttention,
  ...quantizedLayers,
  ...matMulNBits,
  ...packedBits,
  ...gatherBlockQuantized,
  ...contribTensors,
  ...tokenizer,
  ...contribImages,
  ...retired,
]
