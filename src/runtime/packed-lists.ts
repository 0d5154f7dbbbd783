import type { CheckedList } from './input-port.ts'
import { asNative } from './mailbox.ts'
import type { RawList, RawTensor } from './results.ts'

/** A list as it is passed to the addon: whether it is given, how many tensors, of each its rank and dimensions; then their data. */
export function packList({ given, items }: CheckedList): unknown[] {
  const header = [Number(given), items.length]
  for (const { dims } of items) header.push(dims.length, ...dims)
  return [Float64Array.from(header), ...items.map(({ data }) => asNative(data))]
}

/** What the addon gives for a list: the same, with data in ArrayBuffers or arrays of strings. */
export type ReturnedList = readonly [header: ArrayBuffer, ...data: (ArrayBuffer | string[])[]]

export function unpackList([headerBytes, ...elements]: ReturnedList): RawList {
  const header = new Float64Array(headerBytes)
  const items: RawTensor[] = []
  let next = 2
  for (const data of elements) {
    const begin = next + 1
    next = begin + header[next]!
    items.push({ data, dims: Array.from(header.subarray(begin, next)) })
  }
  return { given: header[0] !== 0, items }
}
