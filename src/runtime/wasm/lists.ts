import type { CheckedList } from '../input-port.ts'
import type { RawTensor } from '../results.ts'
import { crossingOf, type SignatureEntry } from '../signature.ts'
import { failure, free, own, readDims, setWords, type WasmMemory, wordAt, writeDims } from './memory.ts'
import { type MemoryParts, type Passage, tensors } from './values.ts'

/** Bytes of an `om_list` and of an `om_item`. */
const RECORD = 32

/** Tensors as ever; sequences, optionals and maps in the layout of native/abi/om_list.h; records are rows of a tensor. */
export function lists(entry: SignatureEntry, parts: MemoryParts): Passage {
  const crossing = crossingOf(entry)
  if (crossing.kind === 'tensor') return tensors(crossing, parts)
  // A map is a list of its keys and its values.
  const types =
    crossing.kind === 'map' ? [crossing.map.keys, crossing.map.values] : [crossing.element.type, crossing.element.type]
  const [first, others] = types.map((type) => tensors({ type, shape: [] }, parts))
  return {
    shape: [],
    width: 0,

    write(memory, input) {
      const { given, items } = input as CheckedList
      const list = own(memory, RECORD)
      const pointers = own(memory, 4 * items.length)
      setWords(memory, list, pointers, 0, items.length, 0, items.length, 0, Number(given), 0)
      items.forEach((tensor, i) => {
        const { dims } = tensor
        const item = own(memory, RECORD + 8 * dims.length)
        setWords(memory, pointers + 4 * i, item)
        writeDims(memory, item + RECORD, dims)
        const data = (i === 0 ? first : others)!.write(memory, tensor, 0)
        // One user, this call; and borrowed from it.
        setWords(memory, item, data, item + RECORD, dims.length, 0, 1, 0, 1, 0)
      })
      return list
    },

    read(memory, list) {
      if (list === 0) throw failure('RUN_OUTPUT', 'it gave no list')
      const items = itemsOf(memory, list).map(({ data, dims }) => first!.read(memory, data, dims) as RawTensor)
      return { given: wordAt(memory, list + 24) !== 0, items }
    },

    /** As om_free_list(), but for the list itself. */
    free(memory, list) {
      if (list === 0) return
      const items = itemsOf(memory, list)
      for (const { data, dims } of items) first!.free?.(memory, data, dims)
      for (const { item } of items) {
        const users = wordAt(memory, item + 16) - 1
        setWords(memory, item + 16, users)
        if (users === 0) free(memory, item)
      }
      free(memory, wordAt(memory, list))
    },
  }
}

function itemsOf(memory: WasmMemory, list: number): { item: number; data: number; dims: number[] }[] {
  const [length] = readDims(memory, list + 8, 1) as [number]
  return Array.from({ length }, (_, i) => {
    const item = wordAt(memory, wordAt(memory, list) + 4 * i)
    const [rank] = readDims(memory, item + 8, 1)
    return { item, data: wordAt(memory, item), dims: readDims(memory, wordAt(memory, item + 4), rank!) }
  })
}
