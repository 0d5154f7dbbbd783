import type { CheckedInput } from '../inputs.ts'
import type { RawList, RawTensor } from '../results.ts'
import { type Crossing, crossingOf, type ElementType, type Signature, type SignatureEntry } from '../signature.ts'
import { failure, type WasmMemory } from './memory.ts'
import { byteCount, freeList, freeStrings, readList, readTensor, writeElements, writeList } from './values.ts'

/** Where an input or output lies: its `om_buffer`, its dimensions, and its elements where the shape is static. */
export interface Port {
  readonly crossing: Crossing
  readonly buffer: number
  readonly dims: number
  readonly rank: number
  /** 0: in memory of one call. */
  readonly data: number
  /** Of static elements. */
  readonly bytes: number
}

/** Room for an `om_message`. */
const MESSAGE_BYTES = 32

/** What the statuses of native/abi/om_builtin.h mean, and what is said where the model says no more. */
const statuses: readonly (readonly [code: string, sentence: string])[] = [
  ['RUN_SHAPE', "the inputs' dimensions don't fit together"],
  ['RUN_MEMORY', 'not enough memory'],
  ['RUN_VALUE', "an input has a value it can't take"],
]

/** What calls of a model need and whose size is known: arguments, and room for tensors of static shape, allocated once. */
export class Frame {
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly #memory: WasmMemory
  readonly #message: number
  readonly #call: () => number

  /** @throws an error that names the bytes that there is no memory for */
  constructor(memory: WasmMemory, model: Signature, arena: number) {
    this.#memory = memory
    let bytes = MESSAGE_BYTES
    const place = (size: number): number => {
      const at = Math.ceil(bytes / 64) * 64
      bytes = at + size
      return at
    }
    const [inputs, outputs] = [model.inputs, model.outputs].map((entries) => {
      const start = place(8 * entries.length)
      return { start, ports: entries.map((entry, i) => layOut(entry, start + 8 * i, place)) }
    })
    const base = memory.alloc(bytes, 'inputs and outputs')
    const placed = ({ buffer, dims, data, ...port }: Port): Port => {
      const at = { ...port, buffer: base + buffer, dims: base + dims, data: data && base + data }
      memory.setU32(at.buffer, at.data)
      memory.setU32(at.buffer + 4, at.dims)
      if (data !== 0) memory.writeDims(at.dims, shapeOf(port.crossing))
      return at
    }
    this.inputs = inputs!.ports.map(placed)
    this.outputs = outputs!.ports.map(placed)
    this.#message = base
    this.#call = () => memory.exports.om_call(arena, base + inputs!.start, base + outputs!.start, base)
  }

  /** Places inputs, and makes outputs ready for a run. */
  begin(inputs: readonly CheckedInput[]): void {
    const memory = this.#memory
    this.inputs.forEach(({ crossing, buffer, dims, data }, i) => {
      const input = inputs[i]!
      const isList = 'items' in input
      const types = elementsOf(crossing)
      memory.setU32(buffer, isList ? writeList(memory, types, input) : writeElements(memory, types[0], input, data))
      if (data === 0 && !isList) memory.writeDims(dims, input.dims)
    })
    for (const { crossing, dims, rank, data, bytes } of this.outputs) {
      // Lists and outputs of dynamic shape are the model's to allocate. Strings are, too, and those that it makes are freed.
      if (data === 0) memory.clear(dims, 8 * rank)
      else if (elementsOf(crossing)[0] === 'string') memory.clear(data, bytes)
    }
  }

  /**
   * Runs the model on what lies in memory.
   *
   * @throws an error with a code, or what a trap throws
   */
  run(): void {
    this.#memory.clear(this.#message, MESSAGE_BYTES)
    const status = this.#call()
    if (status === 0) return
    const [code, otherwise] = statuses[status - 1] ?? statuses[0]!
    throw failure(code, this.#sentence() || otherwise)
  }

  /** Copies of what the run gave. */
  read(): (RawTensor | RawList)[] {
    const memory = this.#memory
    return this.outputs.map(({ crossing, buffer, dims, rank }) => {
      const data = memory.u32(buffer)
      const [type] = elementsOf(crossing)
      return crossing.kind === 'tensor'
        ? readTensor(memory, type, data, memory.readDims(dims, rank))
        : readList(memory, type, data)
    })
  }

  /** Frees what the model allocated for the run, and what its inputs took. */
  end(): void {
    const memory = this.#memory
    memory.freeOwned()
    for (const { crossing, buffer, dims, rank, data: room } of this.outputs) {
      const data = memory.u32(buffer)
      const [type] = elementsOf(crossing)
      if (crossing.kind !== 'tensor') freeList(memory, type, data)
      else {
        if (type === 'string') freeStrings(memory, data, memory.readDims(dims, rank))
        if (room === 0) memory.free(data)
      }
      memory.setU32(buffer, room)
    }
  }

  /** What the model says of an error. */
  #sentence(): string {
    const memory = this.#memory
    const sentence = memory.text(memory.u32(this.#message))
    const sizes = memory.u32(this.#message + 24)
    if (!sentence || !sizes) return sentence
    const [expected, given] = memory.readDims(this.#message + 8, 2)
    if (sizes === 2) return `${sentence}: ${given! < 0 ? 'more than any machine has' : `${given} bytes`}`
    return `${sentence}: expected ${expected}, given ${given}`
  }
}

/** In offsets. */
function layOut(entry: SignatureEntry, buffer: number, place: (bytes: number) => number): Port {
  const crossing = crossingOf(entry)
  const shape = shapeOf(crossing)
  const isStatic = crossing.kind === 'tensor' && shape.every((dim) => typeof dim === 'number')
  const bytes = isStatic ? byteCount(crossing.type, shape) : 0
  const dims = place(8 * shape.length)
  return { crossing, buffer, dims, rank: shape.length, data: isStatic ? place(bytes) : 0, bytes }
}

/** Element types of a tensor, or of the first tensor of a list and the others: a map's are its keys and its values. */
function elementsOf(crossing: Crossing): readonly [ElementType, ElementType] {
  if (crossing.kind === 'map') return [crossing.map.keys, crossing.map.values]
  const { type } = crossing.kind === 'list' ? crossing.element : crossing
  return [type, type]
}

/** Numbers where the shape is static. */
function shapeOf(crossing: Crossing): readonly number[] {
  return crossing.kind === 'tensor' ? (crossing.shape as readonly number[]) : []
}
