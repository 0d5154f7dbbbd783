import { CompileError } from '../errors.ts'
import { memoryBytes } from '../onnx/element-type.ts'
import { type Dim, LARGEST } from './dim.ts'
import type { ValueInfo } from './graph.ts'

/** No machine has this much memory, and all sizes and offsets up to here are exact as numbers and as int64_t. */
const MOST_BYTES = 2 ** 46

/**
 * Throws where a tensor of this shape can't be anywhere. Symbolic dimensions count as 1 times their largest factor, empty
 * ones as 1: the strides of an empty tensor must be right, too.
 *
 * @param name of the value, or of the node that makes it
 * @throws CompileError `UNSUPPORTED_SIZE`
 */
export function checkSize(name: string, { type, shape }: ValueInfo): void {
  let bytes = memoryBytes(type)
  let most = 0
  for (const dim of shape ?? []) {
    const size = leastSize(dim)
    most = Math.max(most, size)
    bytes *= Math.max(1, size)
  }
  if (most <= LARGEST && bytes <= MOST_BYTES) return
  throw new CompileError(
    'UNSUPPORTED_SIZE',
    `Value ${JSON.stringify(name)} is ${type}[${shape?.join(', ')}], which no memory can hold. Check the model's dimensions and the nodes before this value.`,
  )
}

function leastSize(dim: Dim): number {
  if (typeof dim === 'number') return dim
  return Math.max(...dim.terms.map(({ coefficient }) => Math.abs(Number(coefficient))))
}
