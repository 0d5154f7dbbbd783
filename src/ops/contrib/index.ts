import type { LoweredOperator } from '../lowering.ts'
import { contribActivations } from './activations.ts'
import { contribFused } from './fused.ts'
import { contribNormalizations } from './normalization.ts'

/** Operators of onnxruntime's own domain, which its optimisers and some exporters write. */
export const contrib: readonly LoweredOperator[] = [...contribActivations, ...contribFused, ...contribNormalizations]
