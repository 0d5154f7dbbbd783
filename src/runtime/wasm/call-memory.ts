import { bytesAt, free, own, setWords, wordAt, writeDims } from './memory.ts'
import { type CallMemory, dimsAt } from './values.ts'

/** Memory that is there for one call. */
export const callMemory: CallMemory = {
  room: own,

  place(memory, { buffer, dims }, address, input) {
    setWords(memory, buffer, address)
    if ('dims' in input) writeDims(memory, dims, input.dims)
  },

  begin(memory, outputs) {
    for (const { passage, dims, data, bytes } of outputs) {
      // Lists and outputs of dynamic shape are the model's to allocate. Strings are, too, and those that it makes are freed.
      if (!data) bytesAt(memory, dims, 8 * passage.shape.length).fill(0)
      else if (passage.free) bytesAt(memory, data, bytes).fill(0)
    }
  },

  end(memory, outputs) {
    for (const address of memory.owned.splice(0)) free(memory, address)
    for (const slot of outputs) {
      const data = wordAt(memory, slot.buffer)
      slot.passage.free?.(memory, data, dimsAt(memory, slot))
      if (!slot.data) free(memory, data)
      setWords(memory, slot.buffer, slot.data)
    }
  },
}
