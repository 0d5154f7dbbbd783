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
  let size = MESSAGE_BYTES
  const place = (bytes: number): number => {
    const at = Math.ceil(size / 64) * 64
    size = at + bytes
    return at
  }
  const passages = [inputs, outputs].map((entries) => entries.map((entry) => passageOf(entry, parts)))
  const buffers = passages.map(({ length }) => place(8 * length))
  // In offsets, until there is memory.
  const offsets = passages.map((all, side) =>
    all.map((passage, i): Slot => {
      const { shape, width } = passage
      const bytes = width && shape.every((dim) => typeof dim === 'number') ? product(shape, width) : NaN
      const dims = place(8 * shape.length)
      return { passage, buffer: buffers[side]! + 8 * i, dims, data: bytes >= 0 ? place(bytes) : 0, bytes }
    }),
  )
  const base = allocate(memory, size, 'inputs and outputs')
  const [takes, gives] = offsets.map((slots) =>
    slots.map((slot): Slot => {
      const [buffer, dims, data] = [base + slot.buffer, base + slot.dims, slot.data && base + slot.data]
      setWords(memory, buffer, data, dims)
      if (data) writeDims(memory, dims, slot.passage.shape as readonly number[])
      return { ...slot, buffer, dims, data }
    }),
  ) as [Slot[], Slot[]]
  const dimsOf = ({ dims, passage }: Slot): number[] => readDims(memory, dims, passage.shape.length)

  /** What the model says of an error. */
  function sentence(): string {
    const text = textAt(memory, wordAt(memory, base))
    const sizes = wordAt(memory, base + 24)
    if (!text || !sizes) return text
    const [expected, given] = readDims(memory, base + 8, 2)
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
      bytesAt(memory, base, MESSAGE_BYTES).fill(0)
      const status = memory.exports.om_call(arena, base + buffers[0]!, base + buffers[1]!, base)
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
