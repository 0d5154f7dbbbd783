import type { CheckedList } from '../input-port.ts'
import { crossingOf } from '../signature.ts'
import { free, failure, own, readDims, setWords, type WasmMemory, wordAt, writeDims } from './memory.ts'
import { byteCount, type Lists, readTensor, writeTensor } from './values.ts'

/** Bytes of an `om_list` and of an `om_item`. */
const RECORD = 32

/** Sequences, optionals and maps in the layout of native/abi/om_list.h with pointers of 4 bytes. */
export const lists: Lists = {
  crossingOf,

  /** A map is a list of its keys and its values. */
  typesOf(crossing, elements) {
    const { keys, values } =
      crossing.kind === 'map'
        ? crossing.map
        : { keys: undefined, values: crossing.kind === 'list' ? crossing.element.type : crossing.type }
    return [elements[keys ?? values]!, elements[values]!]
  },

  write(memory, [first, others], input, texts) {
    const { given, items } = input as CheckedList
    const list = own(memory, RECORD)
    const pointers = own(memory, 4 * items.length)
    setWords(memory, list, pointers, 0, items.length, 0, items.length, 0, Number(given), 0)
    items.forEach((tensor, i) => {
      const { dims } = tensor
      const item = own(memory, RECORD + 8 * dims.length)
      setWords(memory, pointers + 4 * i, item)
      writeDims(memory, item + RECORD, dims)
      const data = writeTensor(memory, (i === 0 ? first : others)!, tensor, texts)
      // One user, this call; and borrowed from it.
      setWords(memory, item, data, item + RECORD, dims.length, 0, 1, 0, 1, 0)
    })
    return list
  },

  /** A copy of a list that the model made. */
  read(memory, type, list, texts) {
    if (list === 0) throw failure('RUN_OUTPUT', 'it gave no list')
    const items = itemsOf(memory, list).map(({ data, dims }) => readTensor(memory, type, data, dims, texts))
    return { given: wordAt(memory, list + 24) !== 0, items }
  },

  /** As om_free_list(). */
  free(memory, type, list, texts) {
    if (list === 0) return
    const items = itemsOf(memory, list)
    if (type.array === undefined)
      for (const { data, dims } of items) texts!.free(memory, data, byteCount(type, dims) / 4)
    for (const { item } of items) {
      const users = wordAt(memory, item + 16) - 1
      setWords(memory, item + 16, users)
      if (users === 0) free(memory, item)
    }
    free(memory, wordAt(memory, list))
    free(memory, list)
  },
}

function itemsOf(memory: WasmMemory, list: number): { item: number; data: number; dims: number[] }[] {
  const [count] = readDims(memory, list + 8, 1)
  return Array.from({ length: count! }, (_, i) => {
    const item = wordAt(memory, wordAt(memory, list) + 4 * i)
    const [rank] = readDims(memory, item + 8, 1)
    return { item, data: wordAt(memory, item), dims: readDims(memory, wordAt(memory, item + 4), rank!) }
  })
}
