import type { WasmExports } from './api.ts'

/** Why a run can't go on, without the model's name. */
export function failure(code: string, message: string): Error {
  return Object.assign(new Error(message), { code })
}

/** A module's memory. It may grow with each allocation and each run; then views on it are void, so all are taken anew. */
export class WasmMemory {
  readonly exports: WasmExports
  #owned: number[] = []
  #view: DataView

  constructor(exports: WasmExports) {
    this.exports = exports
    this.#view = new DataView(exports.memory.buffer)
  }

  get view(): DataView {
    const { buffer } = this.exports.memory
    return this.#view.buffer === buffer ? this.#view : (this.#view = new DataView(buffer))
  }

  /**
   * Room at a multiple of 64.
   *
   * @throws an error that names the bytes that there is no memory for
   */
  alloc(bytes: number, what: string): number {
    // More than 32 bits would be taken modulo 2^32; and of nothing there may be no address.
    const address = bytes < 2 ** 32 ? this.exports.om_alloc(bytes || 1) >>> 0 : 0
    if (address === 0) throw failure('RUN_MEMORY', `no memory for ${bytes} bytes of ${what}`)
    return address
  }

  /** The same until `freeOwned`. */
  own(bytes: number): number {
    const address = this.alloc(bytes, 'inputs')
    this.#owned.push(address)
    return address
  }

  freeOwned(): void {
    for (const address of this.#owned) this.free(address)
    this.#owned = []
  }

  free(address: number): void {
    if (address !== 0) this.exports.om_free(address)
  }

  write(address: number, bytes: Uint8Array): void {
    new Uint8Array(this.exports.memory.buffer).set(bytes, address)
  }

  clear(address: number, bytes: number): void {
    new Uint8Array(this.exports.memory.buffer).fill(0, address, address + bytes)
  }

  writeDims(address: number, dims: readonly number[]): void {
    const { view } = this
    dims.forEach((dim, axis) => view.setBigInt64(address + 8 * axis, BigInt(dim), true))
  }

  /** A pointer, or another number without a sign. */
  u32(address: number): number {
    return this.view.getUint32(address, true)
  }

  setU32(address: number, value: number): void {
    this.view.setUint32(address, value, true)
  }

  i64(address: number): number {
    return Number(this.view.getBigInt64(address, true))
  }

  readDims(address: number, rank: number): number[] {
    return Array.from({ length: rank }, (_, axis) => this.i64(address + 8 * axis))
  }

  /** The text that a NUL ends; none at address 0. */
  text(address: number): string {
    if (address === 0) return ''
    const bytes = new Uint8Array(this.exports.memory.buffer)
    return decode(bytes.subarray(address, bytes.indexOf(0, address)))
  }
}

/** A byte order mark is a part of the text. */
function decode(bytes: Uint8Array): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)
}
