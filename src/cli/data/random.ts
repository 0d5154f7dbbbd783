import type { Tensor } from '../../onnx/model.ts'
import { elementsOf, tensorFrom } from '../../onnx/tensor.ts'
import type { SignatureEntry } from '../../runtime/signature.ts'
import { dimsOf, type Sizes } from '../dims.ts'

/** Numbers in [0, 1), the same for the same seed on every machine. Mulberry32 (Tommy Ettinger, 2017), period 2^32. */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/**
 * A value for an input: floats in [-1, 1), integers and bool 0 or 1 (indices and masks that fit any model), text "0" or "1".
 *
 * @param sizes of dynamic dimensions; those left out are 1
 */
export function randomTensor(entry: SignatureEntry, sizes: Sizes, random: () => number): Tensor {
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
