import type { CheckedList } from './list-input.ts'
import { asNative, wrapped } from './mailbox.ts'
import type { Crossing, ElementType, MapType } from './signature.ts'
import { storage, type Tensor, type TensorData } from './tensor.ts'

/** One row of a model's scores by label: without a prototype, so that any text may be a label. */
export type Row = Readonly<Record<string, unknown>>

/** A result of a model: sequences are arrays, an optional without an element is `undefined`, maps are plain objects. */
export type Result = Tensor | readonly Tensor[] | readonly Row[] | undefined

/** A list as it is passed to the addon: whether it is given, how many tensors, of each its rank and dimensions; then their data. */
export function packList({ given, items }: CheckedList): unknown[] {
  const header = [Number(given), items.length]
  for (const { dims } of items) header.push(dims.length, ...dims)
  return [Float64Array.from(header), ...items.map(({ data }) => asNative(data))]
}

/** What the addon gives for a list: the same, with data in ArrayBuffers or arrays of strings. */
export type ReturnedList = readonly [header: ArrayBuffer, ...data: (ArrayBuffer | string[])[]]

export function unpackList(
  { isOptional, holds, element: { type } }: Extract<Crossing, { kind: 'list' }>,
  [headerBytes, ...data]: ReturnedList,
): Result {
  const header = new Float64Array(headerBytes)
  const tensors: Tensor[] = []
  let next = 2
  for (const elements of data) {
    const begin = next + 1
    next = begin + header[next]!
    const dims = Object.freeze(Array.from(header.subarray(begin, next)))
    tensors.push(tensorOf(type, dims, wrapped(storage[type].array, elements) as TensorData))
  }
  if (isOptional && header[0] === 0) return undefined
  return holds === 'sequence' ? tensors : tensors[0]
}

function tensorOf(type: ElementType, dims: readonly number[], data: TensorData): Tensor {
  return { type, dims, data }
}

/** The rows of a tensor as records by label. */
export function rowsOf({ labels = [] }: MapType, { data, dims }: Pick<Tensor, 'data' | 'dims'>): Row[] {
  const values = data as ArrayLike<unknown>
  return Array.from({ length: dims[0] ?? 0 }, (_, row) => {
    const record = Object.create(null) as Record<string, unknown>
    for (let i = 0; i < labels.length; i++) record[labels[i]!] = values[row * labels.length + i]
    return record
  })
}
