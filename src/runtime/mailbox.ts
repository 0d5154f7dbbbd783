import { wrapped } from './results.ts'
import type { CheckedTensor } from './tensor-input.ts'
import type { ElementType } from './signature.ts'
import { storage } from './storage.ts'
import type { TypedArray, TypedArrayConstructor } from './tensor.ts'
import { kindOf, lengthOf, viewAs } from './typed-array.ts'

/** Where the addon expects or leaves an input or output (native/addon/plan.h). Offsets are in bytes of the mailbox. */
export interface NativePort {
  readonly slot: number
  /** What fits into the slot; -1 for what never travels through the mailbox. */
  readonly slotBytes: number
  /** Dimensions as the library knows them, -1 where dynamic. */
  readonly dims: readonly number[]
  /** Where dynamic dimensions are written, as doubles; -1 where they are fixed. */
  readonly dimsOffset: number
}

/** Higher ranks are refused by the addon. */
const highestRank = 16

/** The way of one tensor into the addon. */
export class InputSlot {
  /** Over the whole slot. */
  readonly view: TypedArray | undefined
  readonly #bytes: number
  readonly #dims: Float64Array | undefined

  constructor(mailbox: ArrayBuffer, type: ElementType, port: NativePort) {
    this.view = viewOf(mailbox, storage[type].array, port)
    this.#bytes = port.slotBytes
    this.#dims = port.dimsOffset < 0 ? undefined : new Float64Array(mailbox, port.dimsOffset, port.dims.length)
  }

  /** Leaves an input where the addon finds it. What doesn't fit is returned, and has to be passed by itself. */
  write({ data, dims }: CheckedTensor): unknown {
    const { view } = this
    const written = this.#dims
    let bytes = this.#bytes
    if (written !== undefined) {
      for (let axis = 0; axis < dims.length; axis++) written[axis] = dims[axis]!
      if (view !== undefined) bytes = lengthOf(data) * view.BYTES_PER_ELEMENT
    }
    if (view === undefined || bytes > this.#bytes) return asNative(data)
    if (bytes > 0) view.set(data as never) // of a detached array not even nothing can be copied
    return undefined
  }
}

/** The way of one tensor out of the addon. */
export class OutputSlot {
  readonly #mailbox: ArrayBuffer
  readonly #port: NativePort
  readonly #array: TypedArrayConstructor | undefined
  readonly #lanes: number
  /** Rank and dimensions of the last run's output, where they aren't fixed. */
  readonly #written: Float64Array | undefined
  #dims: readonly number[]
  #view: TypedArray | undefined

  constructor(mailbox: ArrayBuffer, type: ElementType, port: NativePort) {
    const { array, lanes } = storage[type]
    this.#mailbox = mailbox
    this.#port = port
    this.#array = array
    this.#lanes = lanes
    this.#written = port.dimsOffset < 0 ? undefined : new Float64Array(mailbox, port.dimsOffset, 1 + highestRank)
    this.#dims = Object.freeze(port.dims)
    this.#view = viewOf(mailbox, array, port)
  }

  /** Whether the library knows the dimensions before it runs. */
  get isFixed(): boolean {
    return this.#written === undefined
  }

  /** Over what a static output takes of the slot. */
  get view(): TypedArray | undefined {
    return this.#view
  }

  /** The dimensions that the output of the last run has. */
  dims(): readonly number[] {
    const written = this.#written
    if (written === undefined) return this.#dims
    // From call to call they seldom change.
    let isSame = written[0] === this.#dims.length
    for (let axis = 0; isSame && axis < this.#dims.length; axis++) isSame = written[axis + 1] === this.#dims[axis]
    if (!isSame) this.#dims = Object.freeze(Array.from(written.subarray(1, 1 + written[0]!)))
    return this.#dims
  }

  /** A copy of the output of the last run, or `undefined` if it didn't fit into the slot. */
  copy(dims: readonly number[]): TypedArray | undefined {
    if (this.#array === undefined || this.#view === undefined) return undefined
    if (this.#written !== undefined) {
      let length = this.#lanes
      for (let axis = 0; axis < dims.length; axis++) length *= dims[axis]!
      if (length !== this.#view.length) {
        if (length * this.#array.BYTES_PER_ELEMENT > this.#port.slotBytes) return undefined
        this.#view = new this.#array(this.#mailbox, this.#port.slot, length)
      }
    }
    return new this.#array(this.#view)
  }

  /** What the addon returned by itself, as data of this output. */
  wrap(returned: ArrayBuffer | string[]): TypedArray | string[] {
    return wrapped(this.#array, returned)
  }
}

function viewOf(
  mailbox: ArrayBuffer,
  array: TypedArrayConstructor | undefined,
  { slot, slotBytes }: NativePort,
): TypedArray | undefined {
  if (slotBytes < 0 || array === undefined) return undefined
  return new array(mailbox, slot, slotBytes / array.BYTES_PER_ELEMENT)
}

/** Node-API knows no `Float16Array` before Node 24: its bits go as a `Uint16Array`. */
export function asNative(data: TypedArray | readonly string[]): unknown {
  return kindOf(data) === 'Float16Array' ? viewAs(Uint16Array, data as TypedArray) : data
}
