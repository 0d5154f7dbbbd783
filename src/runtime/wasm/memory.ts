import type { WasmExports } from './api.ts'

/** Why a run can't go on, without the model's name. */
export function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** A module's memory. It may grow with each allocation and each run; then views on it are void, so all are taken anew. */
export interface WasmMemory {
  readonly exports: WasmExports
  /** The latest view. */
  words: Uint32Array
  /** What is freed after the call. */
  owned: number[]
}

export function memoryOf(exports: WasmExports): WasmMemory {
  return { exports, words: new Uint32Array(exports.memory.buffer), owned: [] }
}

/** All of it, as it is now: in words of 32 bits, in which addresses are four times an index. */
function wordsOf(memory: WasmMemory): Uint32Array {
  const { buffer } = memory.exports.memory
  return memory.words.buffer === buffer ? memory.words : (memory.words = new Uint32Array(buffer))
}

/** The same in bytes. */
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
  return wordsOf(memory)[address >>> 2]!
}

export function setWords(memory: WasmMemory, address: number, ...words: readonly number[]): void {
  wordsOf(memory).set(words, address >>> 2)
}

/** Dimensions are integers of 64 bits, of which numbers hold 53. */
export function writeDims(memory: WasmMemory, address: number, dims: readonly number[]): void {
  setWords(memory, address, ...dims.flatMap((dim) => [dim, dim / 2 ** 32]))
}

export function readDims(memory: WasmMemory, address: number, rank: number): number[] {
  const words = wordsOf(memory)
  const at = address >>> 2
  return Array.from({ length: rank }, (_, axis) => words[at + 2 * axis]! + (words[at + 2 * axis + 1]! | 0) * 2 ** 32)
}

/** The text that a NUL ends; none at address 0. A byte order mark is a part of it. A copy, as nobody decodes shared memory. */
export function textAt(memory: WasmMemory, address: number): string {
  if (address === 0) return ''
  const bytes = new Uint8Array(memory.exports.memory.buffer)
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.slice(address, bytes.indexOf(0, address)))
}
