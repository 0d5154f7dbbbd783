import type { WasmExports } from './api.ts'

/** Why a run can't go on, without the model's name. */
export function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** A module's memory. It may grow with each allocation and each run; then views on it are void, so all are taken anew. */
export interface WasmMemory {
  readonly exports: WasmExports
  /** The latest view. Its numbers are little-endian on every machine. */
  view: DataView
  /** What is freed after the call. */
  owned: number[]
}

export function memoryOf(exports: WasmExports): WasmMemory {
  return { exports, view: new DataView(exports.memory.buffer), owned: [] }
}

/** All of it, as it is now. */
function viewOf(memory: WasmMemory): DataView {
  const { buffer } = memory.exports.memory
  return memory.view.buffer === buffer ? memory.view : (memory.view = new DataView(buffer))
}

/** A part of it, in bytes. */
export function bytesAt({ exports }: WasmMemory, address: number, length: number): Uint8Array {
  return new Uint8Array(exports.memory.buffer, address, length)
}

/**
 * Room at a multiple of 64.
 *
 * @throws an error that names the bytes that there is no memory for
 */
export function allocate({ exports }: WasmMemory, bytes: number, what: string): number {
  // More than 32 bits would be taken modulo 2^32; and of nothing there may be no address.
  const address = bytes < 2 ** 32 ? exports.om_alloc(bytes || 1) >>> 0 : 0
  if (address === 0) throw failure('RUN_MEMORY', `no memory for ${bytes} bytes of ${what}`)
  return address
}

/** The same until the end of the call. */
export function own(memory: WasmMemory, bytes: number): number {
  const address = allocate(memory, bytes, 'inputs')
  memory.owned.push(address)
  return address
}

export function free({ exports }: WasmMemory, address: number): void {
  if (address !== 0) exports.om_free(address)
}

/** A pointer, or another number without a sign. */
export function wordAt(memory: WasmMemory, address: number): number {
  return viewOf(memory).getUint32(address, true)
}

export function setWords(memory: WasmMemory, address: number, ...words: readonly number[]): void {
  const view = viewOf(memory)
  words.forEach((word, i) => view.setUint32(address + 4 * i, word, true))
}

/** Dimensions are integers of 64 bits, of which numbers hold 53. */
export function writeDims(memory: WasmMemory, address: number, dims: readonly number[]): void {
  setWords(memory, address, ...dims.flatMap((dim) => [dim, dim / 2 ** 32]))
}

export function readDims(memory: WasmMemory, address: number, rank: number): number[] {
  const view = viewOf(memory)
  return Array.from({ length: rank }, (_, axis) => {
    const at = address + 8 * axis
    return view.getUint32(at, true) + view.getInt32(at + 4, true) * 2 ** 32
  })
}

/** The text that a NUL ends; none at address 0. A byte order mark is a part of it. A copy, as nobody decodes shared memory. */
export function textAt(memory: WasmMemory, address: number): string {
  if (address === 0) return ''
  const bytes = new Uint8Array(memory.exports.memory.buffer)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.slice(address, bytes.indexOf(0, address)))
}
