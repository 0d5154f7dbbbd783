import type { Elements } from '../element-types.ts'
import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor, ResultParts } from '../results.ts'
import type { SignatureDim, SignatureEntry, TensorType } from '../signature.ts'
import type { CheckedTensor } from '../tensor-input.ts'
import { product } from '../product.ts'
import type { TypedArray } from '../tensor.ts'
import { bytesOf } from '../typed-array.ts'
import type { Reorder } from './byte-order.ts'
import { bytesAt, failure, readDims, type WasmMemory } from './memory.ts'

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

/** Where an input or output lies: its `om_buffer`, its dimensions, and its elements where the shape is static. */
export interface Slot {
  readonly passage: Passage
  readonly buffer: number
  readonly dims: number
  /** 0: in memory of one call. */
  readonly data: number
  /** Of static elements. */
  readonly bytes: number
}

/** What models need of which some input or output has a size that only a call knows: its memory is there for that call. */
export interface CallMemory {
  /** @returns the address of bytes until the end of the call */
  room(memory: WasmMemory, bytes: number): number
  /** An input was written there. */
  place(memory: WasmMemory, slot: Slot, address: number, input: CheckedInput): void
  /** Readies outputs for a run. */
  begin(memory: WasmMemory, outputs: readonly Slot[]): void
  /** Frees what the model allocated for the run, and what its inputs took. */
  end(memory: WasmMemory, outputs: readonly Slot[]): void
}

/** The parts of the runtime that bring a signature's values in and out of a module's memory. */
export interface MemoryParts extends ResultParts {
  /** Where some input or output is no tensor of numbers and of static shape. */
  readonly calls?: CallMemory
  /** For tensors of strings. */
  readonly texts?: (shape: Passage['shape']) => Passage
  /** Where this machine has another byte order than WebAssembly. */
  readonly reorder?: Reorder | undefined
  /** Where something is no tensor. */
  readonly lists?: (entry: SignatureEntry, parts: MemoryParts) => Passage
}

export function numbers(
  elements: Elements,
  shape: Passage['shape'],
  { calls, reorder }: Pick<MemoryParts, 'calls' | 'reorder'> = {},
): Passage {
  const { BYTES_PER_ELEMENT: bytesPerNumber } = elements.array!
  const width = bytesPerNumber * elements.lanes
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
      const address = at || calls!.room(memory, expected)
      const inside = bytesAt(memory, address, expected)
      inside.set(bytes)
      reorder?.(inside, bytesPerNumber)
      return address
    },

    read(memory, data, dims) {
      const bytes = outputBytes(memory, data, dims, width)
      try {
        const copy = bytesAt(memory, data, bytes).slice()
        reorder?.(copy, bytesPerNumber)
        return { dims, data: copy.buffer }
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
export function tensors({ type, shape }: TensorType, parts: MemoryParts): Passage {
  const of = parts.elements[type]!
  return of.array === undefined ? parts.texts!(shape) : numbers(of, shape, parts)
}

/** Dimensions as the model filled them in. */
export function dimsAt(memory: WasmMemory, { dims, passage }: Slot): number[] {
  return readDims(memory, dims, passage.shape.length)
}
