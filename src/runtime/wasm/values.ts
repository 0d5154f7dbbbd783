import type { Elements } from '../element-types.ts'
import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor, ResultParts } from '../results.ts'
import type { CollectionEntry, Crossing, SignatureDim } from '../signature.ts'
import type { CheckedTensor } from '../tensor-input.ts'
import { bytesOf, isTypedArray } from '../typed-array.ts'
import { bytesAt, failure, own, type WasmMemory } from './memory.ts'

// Tensors to and from a module's memory, in the layout of native/abi/om_builtin.h with pointers of 4 bytes.

/** The parts of the runtime that bring a signature's values in and out of a module's memory. */
export interface MemoryParts extends ResultParts {
  /** Where there are tensors of strings. */
  readonly texts?: Texts
  /** Where something of the signature is no tensor. */
  readonly lists?: Lists
}

/** How tensors of strings lie in memory: `count` pointers at `data`. */
export interface Texts {
  /** @returns the address, of memory that this call owns */
  write(memory: WasmMemory, texts: readonly string[]): number
  read(memory: WasmMemory, data: number, count: number): string[]
  /** Frees what a model allocated. */
  free(memory: WasmMemory, data: number, count: number): void
}

/** How sequences, optionals and maps lie in memory. */
export interface Lists {
  crossingOf(entry: CollectionEntry): Crossing
  /** Of a list: the element types of its first tensor, and of the others. */
  typesOf(crossing: Crossing, elements: ResultParts['elements']): readonly [Elements, Elements]
  write(memory: WasmMemory, types: readonly Elements[], input: CheckedInput, texts: Texts | undefined): number
  read(memory: WasmMemory, type: Elements, list: number, texts: Texts | undefined): RawList
  free(memory: WasmMemory, type: Elements, list: number, texts: Texts | undefined): void
}

/** @returns the address of the elements: `at`, or of memory that this call owns */
export function writeTensor(
  memory: WasmMemory,
  elements: Elements,
  { data, dims }: CheckedTensor,
  texts: Texts | undefined,
  at = 0,
): number {
  if (!isTypedArray(data)) return texts!.write(memory, data)
  const bytes = bytesOf(data)
  const expected = byteCount(elements, dims)
  // Another thread may have it grow after it was checked.
  if (bytes.length !== expected)
    throw failure('RUN_INPUT', "an input's memory doesn't fit its dimensions: was it transferred or resized?")
  const address = at || own(memory, expected)
  bytesAt(memory, address, expected).set(bytes)
  return address
}

/** Of the elements as they are in memory: those of strings are pointers. */
export function byteCount({ array, lanes }: Elements, dims: readonly SignatureDim[]): number {
  return (dims as readonly number[]).reduce(
    (product, dim) => (dim < 0 ? NaN : product * dim),
    (array?.BYTES_PER_ELEMENT ?? 4) * lanes,
  )
}

/** A copy of a tensor that the model made. */
export function readTensor(
  memory: WasmMemory,
  elements: Elements,
  data: number,
  dims: readonly number[],
  texts: Texts | undefined,
): RawTensor {
  const bytes = byteCount(elements, dims)
  if (!(data + bytes <= memory.exports.memory.buffer.byteLength) || (bytes > 0 && data === 0))
    throw failure('RUN_OUTPUT', 'it gave an output without a shape or elements')
  if (elements.array === undefined) return { dims, data: texts!.read(memory, data, bytes / 4) }
  try {
    return { dims, data: bytesAt(memory, data, bytes).slice().buffer }
  } catch {
    throw failure('RUN_MEMORY', `no memory for ${bytes} bytes of an output`)
  }
}
