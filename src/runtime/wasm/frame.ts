import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor } from '../results.ts'
import type { Signature, SignatureEntry, TensorEntry } from '../signature.ts'
import { product } from '../product.ts'
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
import { dimsAt, type MemoryParts, type Slot, tensors } from './values.ts'

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
  /** Gives back its room. */
  free(): void
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
  const placed: number[] = []
  const place = (bytes: number): number => {
    const address = allocate(memory, bytes, 'inputs and outputs')
    placed.push(address)
    return address
  }
  const layOut = (entries: readonly SignatureEntry[], buffers: number): Slot[] =>
    entries.map((entry, i) => {
      const passage = (parts.lists ?? tensors)(entry as TensorEntry, parts)
      const { shape, width } = passage
      const bytes = width ? product(shape, width) : NaN
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
      takes.forEach((slot, i) => {
        const address = slot.passage.write(memory, given[i]!, slot.data)
        parts.calls?.place(memory, slot, address, given[i]!)
      })
      parts.calls?.begin(memory, gives)
    },

    run() {
      bytesAt(memory, message, MESSAGE_BYTES).fill(0)
      const status = memory.exports.om_call(arena, from, to, message)
      if (status === 0) return
      const [code, otherwise] = statuses[status - 1] ?? statuses[0]!
      throw failure(`RUN_${code}`, sentence() || otherwise)
    },

    read: () => gives.map((slot) => slot.passage.read(memory, wordAt(memory, slot.buffer), dimsAt(memory, slot))),

    end: () => parts.calls?.end(memory, gives),

    free() {
      for (const address of placed.splice(0)) free(memory, address)
    },
  }
}
