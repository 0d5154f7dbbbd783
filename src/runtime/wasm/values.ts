import type { CheckedList } from '../list-input.ts'
import type { RawList, RawTensor } from '../results.ts'
import type { CheckedTensor } from '../tensor-input.ts'
import type { ElementType } from '../signature.ts'
import { storage } from '../tensor.ts'
import { bytesOf, isTypedArray } from '../typed-array.ts'
import { failure, type WasmMemory } from './memory.ts'

// Tensors and lists to and from a module's memory, in the layouts of native/abi/om_builtin.h and om_list.h with pointers of
// 4 bytes.

/** Bytes of an `om_list` and of an `om_item`. */
const RECORD = 32

/** @returns the address of the elements: `at`, or of memory that this call owns */
export function writeElements(memory: WasmMemory, type: ElementType, { data, dims }: CheckedTensor, at = 0): number {
  if (!isTypedArray(data)) return writeStrings(memory, data)
  const bytes = bytesOf(data)
  const expected = byteCount(type, dims)
  // Another thread may have it grow after it was checked.
  if (bytes.length !== expected)
    throw failure('RUN_INPUT', "an input's memory doesn't fit its dimensions: was it transferred or resized?")
  const address = at || memory.own(expected)
  memory.write(address, bytes)
  return address
}

/** Of the elements as they are in memory: those of strings are pointers. */
export function byteCount(type: ElementType, dims: readonly number[]): number {
  const { array, lanes } = storage[type]
  return dims.reduce((product, dim) => (dim < 0 ? NaN : product * dim), (array?.BYTES_PER_ELEMENT ?? 4) * lanes)
}

/** Pointers, and behind them the texts. */
function writeStrings(memory: WasmMemory, texts: readonly string[]): number {
  const bytes = new TextEncoder().encode(texts.join('\0') + '\0')
  const address = memory.own(4 * texts.length + bytes.length)
  const start = address + 4 * texts.length
  memory.write(start, bytes)
  let next = 0
  for (let i = 0; i < texts.length; i++) {
    memory.setU32(address + 4 * i, start + next)
    next = bytes.indexOf(0, next) + 1
  }
  return address
}

/** @param types of the first item, and of the others */
export function writeList(
  memory: WasmMemory,
  [first, other]: readonly [ElementType, ElementType],
  { given, items }: CheckedList,
): number {
  const list = memory.own(RECORD)
  const pointers = memory.own(4 * items.length)
  writeRecord(memory, list, [pointers, 0, items.length, 0, items.length, 0, Number(given), 0])
  items.forEach((tensor, i) => {
    const { dims } = tensor
    const item = memory.own(RECORD + 8 * dims.length)
    memory.setU32(pointers + 4 * i, item)
    memory.writeDims(item + RECORD, dims)
    // One user, this call; and borrowed from it.
    writeRecord(memory, item, [
      writeElements(memory, i === 0 ? first : other, tensor),
      item + RECORD,
      dims.length,
      0,
      1,
      0,
      1,
      0,
    ])
  })
  return list
}

function writeRecord(memory: WasmMemory, address: number, words: readonly number[]): void {
  words.forEach((word, i) => memory.setU32(address + 4 * i, word))
}

/** A copy of a tensor that the model made. */
export function readTensor(memory: WasmMemory, type: ElementType, data: number, dims: readonly number[]): RawTensor {
  const { buffer } = memory.exports.memory
  const bytes = byteCount(type, dims)
  if (!(data + bytes <= buffer.byteLength) || (bytes > 0 && data === 0))
    throw failure('RUN_OUTPUT', 'it gave an output without a shape or elements')
  if (type === 'string')
    return { dims, data: Array.from({ length: bytes / 4 }, (_, i) => memory.text(memory.u32(data + 4 * i))) }
  try {
    return { dims, data: buffer.slice(data, data + bytes) }
  } catch {
    throw failure('RUN_MEMORY', `no memory for ${bytes} bytes of an output`)
  }
}

/** A copy of a list that the model made. */
export function readList(memory: WasmMemory, type: ElementType, list: number): RawList {
  if (list === 0) throw failure('RUN_OUTPUT', 'it gave no list')
  const items = itemsOf(memory, list).map(({ data, dims }) => readTensor(memory, type, data, dims))
  return { given: memory.u32(list + 24) !== 0, items }
}

/** As om_free_list(). */
export function freeList(memory: WasmMemory, type: ElementType, list: number): void {
  if (list === 0) return
  const items = itemsOf(memory, list)
  if (type === 'string') for (const { data, dims } of items) freeStrings(memory, data, dims)
  for (const { item } of items) {
    const users = memory.u32(item + 16) - 1
    memory.setU32(item + 16, users)
    if (users === 0) memory.free(item)
  }
  memory.free(memory.u32(list))
  memory.free(list)
}

export function freeStrings(memory: WasmMemory, data: number, dims: readonly number[]): void {
  const end = data === 0 ? 0 : data + byteCount('string', dims)
  for (let at = data; at < end; at += 4) memory.free(memory.u32(at))
}

function itemsOf(memory: WasmMemory, list: number): { item: number; data: number; dims: number[] }[] {
  return Array.from({ length: memory.i64(list + 8) }, (_, i) => {
    const item = memory.u32(memory.u32(list) + 4 * i)
    return { item, data: memory.u32(item), dims: memory.readDims(memory.u32(item + 4), memory.i64(item + 8)) }
  })
}
