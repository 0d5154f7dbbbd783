import type { Elements } from '../element-types.ts'
import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor, ResultParts } from '../results.ts'
import type { CollectionEntry, SignatureDim } from '../signature.ts'
import type { CheckedTensor } from '../tensor-input.ts'
import type { TypedArray } from '../tensor.ts'
import { bytesOf } from '../typed-array.ts'
import { bytesAt, failure, own, type WasmMemory } from './memory.ts'

/** How values of one input or output go in and out of a module's memory, in the layouts of native/abi with pointers of 4 bytes. */
export interface Passage {
  /** Of a tensor; of a list none, as the model makes room for it. */
  readonly shape: readonly SignatureDim[]
  /** Of a tensor of numbers. */
  readonly elements?: Elements
  /** Bytes of an element of a tensor as it is in memory. */
  readonly width: number
  /** @returns the address of what was written: `at`, or where that is 0 memory that this call owns */
  write(memory: WasmMemory, input: CheckedInput, at: number): number
  /** A copy of what the model made. */
  read(memory: WasmMemory, data: number, dims: readonly number[]): RawTensor | RawList
  /** Frees what the model allocated behind pointers in it. */
  free?(memory: WasmMemory, data: number, dims: readonly number[]): void
}

/** The parts of the runtime that bring a signature's values in and out of a module's memory. */
export interface MemoryParts extends ResultParts {
  /** For tensors of strings. */
  readonly texts?: (shape: Passage['shape']) => Passage
  /** For what is no tensor. */
  readonly lists?: (entry: CollectionEntry, parts: MemoryParts) => Passage
}

/** @returns NaN for dimensions that are none */
export function product(dims: readonly SignatureDim[], factor: number): number {
  return (dims as readonly number[]).reduce((all, dim) => (dim < 0 ? NaN : all * dim), factor)
}

export function numbers(elements: Elements, shape: Passage['shape']): Passage {
  const width = elements.array!.BYTES_PER_ELEMENT * elements.lanes
  return {
    shape,
    elements,
    width,

    write(memory, input, at) {
      const { data, dims } = input as CheckedTensor
      const bytes = bytesOf(data as TypedArray)
      const expected = product(dims, width)
      // Another thread may have it grow after it was checked.
      if (bytes.length !== expected)
        throw failure('RUN_INPUT', "an input's memory doesn't fit its dimensions: was it transferred or resized?")
      const address = at || own(memory, expected)
      bytesAt(memory, address, expected).set(bytes)
      return address
    },

    read(memory, data, dims) {
      const bytes = outputBytes(memory, data, dims, width)
      try {
        return { dims, data: bytesAt(memory, data, bytes).slice().buffer }
      } catch {
        throw failure('RUN_MEMORY', `no memory for ${bytes} bytes of an output`)
      }
    },
  }
}

/** @throws an error with a code for what can't be an output */
export function outputBytes({ exports }: WasmMemory, data: number, dims: readonly number[], width: number): number {
  const bytes = product(dims, width)
  if (data + bytes <= exports.memory.buffer.byteLength && (data || !bytes)) return bytes
  throw failure('RUN_OUTPUT', 'it gave an output without a shape or elements')
}

/** How tensors pass. */
export function tensors(elements: Elements, shape: Passage['shape'], { texts }: MemoryParts): Passage {
  return elements.array === undefined ? texts!(shape) : numbers(elements, shape)
}
