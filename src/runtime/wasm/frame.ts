import type { Elements } from '../element-types.ts'
import type { CheckedInput } from '../input-port.ts'
import type { RawList, RawTensor } from '../results.ts'
import { isTensor, type Signature, type SignatureDim, type SignatureEntry } from '../signature.ts'
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
import { byteCount, type MemoryParts, readTensor, writeTensor } from './values.ts'

/** Where an input or output lies: its `om_buffer`, its dimensions, and its elements where the shape is static. */
export interface Slot {
  readonly name: string
  readonly buffer: number
  readonly dims: number
  /** 0: in memory of one call. */
  readonly data: number
  /** Of static elements. */
  readonly bytes: number
  /** Of a tensor, or of the first tensor of a list and the others. */
  readonly types: readonly Elements[]
  readonly isList: boolean
  readonly shape: readonly SignatureDim[]
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
export function newFrame(memory: WasmMemory, model: Signature, parts: MemoryParts, arena: number): Frame {
  const { texts, lists } = parts
  let size = MESSAGE_BYTES
  const place = (bytes: number): number => {
    const at = Math.ceil(size / 64) * 64
    size = at + bytes
    return at
  }
  /** In offsets. */
  const layOut = (entries: readonly SignatureEntry[], start: number): Slot[] =>
    entries.map((entry, i) => {
      const crossing = isTensor(entry) ? entry : lists!.crossingOf(entry)
      const isList = !('shape' in crossing)
      const shape = isList ? [] : crossing.shape
      const types = isList ? lists!.typesOf(crossing, parts.elements) : [parts.elements[crossing.type]!]
      const isStatic = !isList && shape.every((dim) => typeof dim === 'number')
      const bytes = isStatic ? byteCount(types[0]!, shape) : 0
      const dims = place(8 * shape.length)
      return {
        name: entry.name,
        buffer: start + 8 * i,
        dims,
        data: isStatic ? place(bytes) : 0,
        bytes,
        types,
        isList,
        shape,
      }
    })
  const starts = [model.inputs, model.outputs].map(({ length }) => place(8 * length))
  const offsets = [layOut(model.inputs, starts[0]!), layOut(model.outputs, starts[1]!)]
  const base = allocate(memory, size, 'inputs and outputs')
  const [inputs, outputs] = offsets.map((slots) =>
    slots.map((slot): Slot => {
      const at = { ...slot, buffer: base + slot.buffer, dims: base + slot.dims, data: slot.data && base + slot.data }
      setWords(memory, at.buffer, at.data, at.dims)
      if (at.data !== 0) writeDims(memory, at.dims, at.shape as readonly number[])
      return at
    }),
  ) as [Slot[], Slot[]]

  const dimsOf = ({ dims, shape }: Slot): number[] => readDims(memory, dims, shape.length)

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
    inputs,
    outputs,

    begin(given) {
      inputs.forEach(({ buffer, dims, data, types, isList }, i) => {
        const input = given[i]!
        if ('items' in input || isList) return setWords(memory, buffer, lists!.write(memory, types, input, texts))
        setWords(memory, buffer, writeTensor(memory, types[0]!, input, texts, data))
        if (data === 0) writeDims(memory, dims, input.dims)
      })
      for (const { dims, shape, data, bytes, types } of outputs) {
        // Lists and outputs of dynamic shape are the model's to allocate. Strings are, too, and those that it makes are freed.
        if (data === 0) bytesAt(memory, dims, 8 * shape.length).fill(0)
        else if (types[0]!.array === undefined) bytesAt(memory, data, bytes).fill(0)
      }
    },

    run() {
      bytesAt(memory, base, MESSAGE_BYTES).fill(0)
      const status = memory.exports.om_call(arena, base + starts[0]!, base + starts[1]!, base)
      if (status === 0) return
      const [code, otherwise] = statuses[status - 1] ?? statuses[0]!
      throw failure(`RUN_${code}`, sentence() || otherwise)
    },

    read() {
      return outputs.map((slot) => {
        const data = wordAt(memory, slot.buffer)
        const type = slot.types[0]!
        return slot.isList
          ? lists!.read(memory, type, data, texts)
          : readTensor(memory, type, data, dimsOf(slot), texts)
      })
    },

    end() {
      for (const address of memory.owned.splice(0)) free(memory, address)
      for (const slot of outputs) {
        const { buffer, data: room, types } = slot
        const data = wordAt(memory, buffer)
        const type = types[0]!
        if (slot.isList) lists!.free(memory, type, data, texts)
        else {
          if (type.array === undefined) texts!.free(memory, data, byteCount(type, dimsOf(slot)) / 4)
          if (room === 0) free(memory, data)
        }
        setWords(memory, buffer, room)
      }
    },
  }
}
