import type { CheckedInput } from '../input-port.ts'
import type { CheckedTensor } from '../tensor-input.ts'
import { bytesOf, isTypedArray } from '../typed-array.ts'

/** Inputs that nobody else has or can change: typed arrays as copies of their bytes. */
export function ownInputs(inputs: readonly CheckedInput[]): CheckedInput[] {
  return inputs.map((input) => ('items' in input ? { ...input, items: input.items.map(ownTensor) } : ownTensor(input)))
}

function ownTensor({ data, dims }: CheckedTensor): CheckedTensor {
  return { data: isTypedArray(data) ? new Uint8Array(bytesOf(data)) : data, dims }
}
