import type { Tensor } from '../onnx/model.ts'
import { tensorValues } from '../onnx/tensor.ts'

/** Elements of a constant, to compare with small numbers: those beyond 2^53 are rounded, text is NaN. */
export function numbersOf(tensor: Tensor): number[] {
  return Array.from<string | bigint | number, number>(tensorValues(tensor), Number)
}
