import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor } from '../results.ts'
import { isTensor, type Signature, type SignatureEntry } from '../signature.ts'
import {
  allocate,
  bytesAt,
  failure,
  free,
  readDims,
  setWords,
  textAt,
  type WasmMemory,
  wordAt,
  writeDims,
} from './memory.ts'
import { type MemoryParts, type Passage, product, tensors } from './values.ts'

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

/** What calls of a model need and whose size is known: arguments, and room for tensors of static shape, allocated once. */
export interface Frame {
  readonly inputs: readonly Slot[]
  readonly outputs: readonly Slot[]
  /** Places inputs, and makes outputs ready for a run. */
  begin(inputs: readonly CheckedInput[]): void
  /**
   * Runs the model on what lies in memory.
   *
   * @throws an error with a code, or what a trap throws
   */
  run(): void
  /** Copies of what the run gave. */
  read(): (RawTensor | RawList)[]
  /** Frees what the model allocated for the run, and what its inputs took. */
  end(): void
}

/** Room for an `om_message`. */
const MESSAGE_BYTES = 32

/** What the statuses of native/abi/om_builtin.h mean, and what is said where the model says no more. */
const statuses: readonly (readonly [code: string, sentence: string])[] = [
  ['SHAPE', "the inputs' dimensions don't fit together"],
  ['MEMORY', 'not enough memory'],
  ['VALUE', "an input has a value it can't take"],
]

/** @throws an error that names the bytes that there is no memory for */
export function newFrame(memory: WasmMemory, { inputs, outputs }: Signature, parts: MemoryParts, arena: number): Frame {
  const place = (bytes: number): number => allocate(memory, bytes, 'inputs and outputs')
  const layOut = (entries: readonly SignatureEntry[], buffers: number): Slot[] =>
    entries.map((entry, i) => {
      const passage = passageOf(entry, parts)
      const { shape, width } = passage
      const bytes = width && shape.every((dim) => typeof dim === 'number') ? product(shape, width) : NaN
      const buffer = buffers + 8 * i
      const dims = place(8 * shape.length)
      const data = bytes >= 0 ? place(bytes) : 0
      setWords(memory, buffer, data, dims)
      if (data) writeDims(memory, dims, shape as readonly number[])
      return { passage, buffer, dims, data, bytes }
    })
  const [message, from, to] = [MESSAGE_BYTES, 8 * inputs.length, 8 * outputs.length].map(place) as [
    number,
    number,
    number,
  ]
  const [takes, gives] = [layOut(inputs, from), layOut(outputs, to)]
  const dimsOf = ({ dims, passage }: Slot): number[] => readDims(memory, dims, passage.shape.length)

  /** What the model says of an error. */
  function sentence(): string {
    const text = textAt(memory, wordAt(memory, message))
    const sizes = wordAt(memory, message + 24)
    if (!text || !sizes) return text
    const [expected, given] = readDims(memory, message + 8, 2)
    if (sizes === 2) return `${text}: ${given! < 0 ? 'more than any machine has' : `${given} bytes`}`
    return `${text}: expected ${expected}, given ${given}`
  }

  return {
    inputs: takes,
    outputs: gives,

    begin(given) {
      takes.forEach(({ passage, buffer, dims, data }, i) => {
        const input = given[i]!
        setWords(memory, buffer, passage.write(memory, input, data))
        if (!data && 'dims' in input) writeDims(memory, dims, input.dims)
      })
      for (const { passage, dims, data, bytes } of gives) {
        // Lists and outputs of dynamic shape are the model's to allocate. Strings are, too, and those that it makes are freed.
        if (!data) bytesAt(memory, dims, 8 * passage.shape.length).fill(0)
        else if (passage.free) bytesAt(memory, data, bytes).fill(0)
      }
    },

    run() {
      bytesAt(memory, message, MESSAGE_BYTES).fill(0)
      const status = memory.exports.om_call(arena, from, to, message)
      if (status === 0) return
      const [code, otherwise] = statuses[status - 1] ?? statuses[0]!
      throw failure(`RUN_${code}`, sentence() || otherwise)
    },

    read: () => gives.map((slot) => slot.passage.read(memory, wordAt(memory, slot.buffer), dimsOf(slot))),

    end() {
      for (const address of memory.owned.splice(0)) free(memory, address)
      for (const slot of gives) {
        const data = wordAt(memory, slot.buffer)
        slot.passage.free?.(memory, data, dimsOf(slot))
        if (!slot.data) free(memory, data)
        setWords(memory, slot.buffer, slot.data)
      }
    },
  }
}

function passageOf(entry: SignatureEntry, parts: MemoryParts): Passage {
  return isTensor(entry) ? tensors(parts.elements[entry.type]!, entry.shape, parts) : parts.lists!(entry, parts)
}
