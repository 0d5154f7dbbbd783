import { ByteBuffer } from 'flatbuffers'

/** How an error about the file is told. */
export type Fail = (text: string) => never

/**
 * A table of a FlatBuffer. The package's reader checks no bounds, so that every offset and length is held against the file
 * here; a field that is absent has its default.
 * Source: FlatBuffers internals, "Tables" and "Vectors": a table begins with the distance back to its vtable, which lists
 * where each field (slot) lies; lengths and offsets have 32 bits.
 */
export class Table {
  readonly #file: ByteBuffer
  readonly #fail: Fail
  readonly #at: number
  readonly #vtable: number
  readonly #slots: number

  private constructor(file: ByteBuffer, at: number, fail: Fail) {
    this.#file = file
    this.#fail = fail
    this.#at = at
    this.#expect(at, 4)
    this.#vtable = at - file.readInt32(at)
    this.#expect(this.#vtable, 4)
    const bytes = file.readUint16(this.#vtable)
    this.#expect(this.#vtable, bytes)
    this.#slots = (bytes - 4) >> 1
  }

  /** The table that a whole file is. */
  static root(bytes: Uint8Array, fail: Fail): Table {
    if (bytes.length < 8) fail('is too short to be a FlatBuffer')
    const file = new ByteBuffer(bytes)
    return new Table(file, file.readUint32(0), fail)
  }

  int8(slot: number, otherwise = 0): number {
    const at = this.#field(slot, 1)
    return at === undefined ? otherwise : this.#file.readInt8(at)
  }

  uint8(slot: number, otherwise = 0): number {
    const at = this.#field(slot, 1)
    return at === undefined ? otherwise : this.#file.readUint8(at)
  }

  bool(slot: number, otherwise = false): boolean {
    return this.uint8(slot, Number(otherwise)) !== 0
  }

  int32(slot: number, otherwise = 0): number {
    const at = this.#field(slot, 4)
    return at === undefined ? otherwise : this.#file.readInt32(at)
  }

  uint32(slot: number, otherwise = 0): number {
    const at = this.#field(slot, 4)
    return at === undefined ? otherwise : this.#file.readUint32(at)
  }

  /** An offset or size of 64 bits; beyond 2^53 it lies outside of any file. */
  uint64(slot: number): number {
    const at = this.#field(slot, 8)
    return at === undefined ? 0 : Number(this.#file.readUint64(at))
  }

  float32(slot: number, otherwise = 0): number {
    const at = this.#field(slot, 4)
    return at === undefined ? otherwise : this.#file.readFloat32(at)
  }

  has(slot: number): boolean {
    return this.#field(slot, 1) !== undefined
  }

  text(slot: number): string {
    const bytes = this.bytes(slot)
    return bytes === undefined ? '' : new TextDecoder().decode(bytes)
  }

  /** A view of the file; `undefined` where the field is absent. */
  bytes(slot: number): Uint8Array | undefined {
    const vector = this.#vector(slot, 1)
    return vector && this.#file.bytes().subarray(vector.at, vector.at + vector.length)
  }

  int32s(slot: number): number[] | undefined {
    return this.#items(slot, 4, (at) => this.#file.readInt32(at))
  }

  uint16s(slot: number): number[] | undefined {
    return this.#items(slot, 2, (at) => this.#file.readUint16(at))
  }

  int64s(slot: number): bigint[] | undefined {
    return this.#items(slot, 8, (at) => this.#file.readInt64(at))
  }

  float32s(slot: number): number[] | undefined {
    return this.#items(slot, 4, (at) => this.#file.readFloat32(at))
  }

  table(slot: number): Table | undefined {
    const at = this.#field(slot, 4)
    return at === undefined ? undefined : this.#follow(at)
  }

  tables(slot: number): Table[] {
    return this.#items(slot, 4, (at) => this.#follow(at)) ?? []
  }

  #follow(at: number): Table {
    return new Table(this.#file, at + this.#file.readUint32(at), this.#fail)
  }

  #items<T>(slot: number, size: number, read: (at: number) => T): T[] | undefined {
    const vector = this.#vector(slot, size)
    return vector && Array.from({ length: vector.length }, (_, i) => read(vector.at + i * size))
  }

  #vector(slot: number, size: number): { readonly at: number; readonly length: number } | undefined {
    const field = this.#field(slot, 4)
    if (field === undefined) return undefined
    const start = field + this.#file.readUint32(field)
    this.#expect(start, 4)
    const length = this.#file.readUint32(start)
    this.#expect(start + 4, length * size)
    return { at: start + 4, length }
  }

  #field(slot: number, size: number): number | undefined {
    if (slot >= this.#slots) return undefined
    const offset = this.#file.readUint16(this.#vtable + 4 + 2 * slot)
    if (offset === 0) return undefined
    this.#expect(this.#at + offset, size)
    return this.#at + offset
  }

  #expect(at: number, bytes: number): void {
    if (at < 0 || bytes < 0 || at + bytes > this.#file.capacity())
      this.#fail(`has an offset beyond its end (${at} + ${bytes} of ${this.#file.capacity()} bytes)`)
  }
}
