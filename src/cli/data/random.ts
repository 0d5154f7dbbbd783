import { UsageError } from '../../errors/index.ts'
import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'
import type { TestValue } from '../../onnx/test-data.ts'
import { isTensor, type SignatureEntry, type TensorEntry } from '../../runtime/signature.ts'
import { dimsOf, type Sizes } from '../dims.ts'

/** Tensors in a sequence that is made up. */
const SEQUENCE_LENGTH = 2

/** A value for an input: as `randomTensor`, twice for a sequence; an optional has its element. @throws UsageError for a map */
export function randomValue(entry: SignatureEntry, sizes: Sizes, random: () => number): TestValue {
  if (isTensor(entry)) return randomTensor(entry, sizes, random)
  const { name, type } = entry
  const element = type === 'optional' || type === 'sequence' ? entry.element : entry
  if (element.type === 'map') {
    const problem = `Input ${JSON.stringify(name)} is a map, for which no random value is made up.`
    throw new UsageError('USAGE_INPUT', problem, { input: name })
  }
  if (element.type === 'sequence') return randomValue({ name, ...element }, sizes, random)
  // Of any rank: one element is as good as more.
  const make = (): Tensor => randomTensor({ name, type: element.type, shape: element.shape ?? [1] }, sizes, random)
  return type === 'optional' ? make() : Array.from({ length: SEQUENCE_LENGTH }, make)
}

/**
 * A value for an input: floats in [-1, 1), integers and bool 0 or 1 (indices and masks that fit any model), text "0" or "1".
 *
 * @param sizes of dynamic dimensions; those left out are 1
 */
export function randomTensor(entry: TensorEntry, sizes: Sizes, random: () => number): Tensor {
  const { type } = entry
  const dims = dimsOf(entry, sizes)
  const count = elementsOf(dims) * (type.startsWith('complex') ? 2 : 1)
  if (type === 'string')
    return tensorFrom(
      type,
      dims,
      Array.from({ length: count }, () => (random() < 0.5 ? '0' : '1')),
    )
  const isFraction = type.startsWith('complex') || type.startsWith('float') || type === 'bfloat16'
  const values = new Float64Array(count).map(() => (isFraction ? 2 * random() - 1 : Number(random() < 0.5)))
  return tensorFrom(type, dims, values)
}
