import { isUtf8 } from 'node:buffer'
import protobuf from 'protobufjs/minimal.js'
import type { ReadLimits } from './limits.ts'

// protobufjs's reader and writer with three differences: 64-bit integers are exact bigints, packed scalars stay a view
// of the file until a tensor is made of them, and what a file may make us allocate is bounded while it is decoded.

/** A file asks for more than `limits[limit]`. */
export class WireLimitError extends Error {
  readonly limit: keyof ReadLimits
  readonly given: number

  constructor(limit: keyof ReadLimits, given: number) {
    super(`${limit} exceeded`)
    this.limit = limit
    this.given = given
  }
}

/** What we use of protobufjs's reader: its own types say `Long` where ours say bigint. */
interface BaseReader {
  readonly buf: Uint8Array
  pos: number
  readonly len: number
  tag(): number
  size(): number
  bytes(): Uint8Array
}
const BaseReader = protobuf.Reader as unknown as new (bytes: Uint8Array) => BaseReader

// Measured on V8 without pointer compression: a bigint in an array, and a message with its empty arrays or a view of bytes.
const scalarHeapBytes = 32
const messageHeapBytes = 512

/**
 * Reads one ONNX message. The generated decoders call `tag` once per field, `size` once per string, bytes or message,
 * and `floats`, `int64s`, … once per packed run of scalars.
 */
export class WireReader extends BaseReader {
  readonly #limits: ReadLimits
  #heapBytes = 0

  constructor(bytes: Uint8Array, limits: ReadLimits) {
    // A Buffer's views would be Buffers, whose methods differ from those of a Uint8Array.
    super(new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength))
    this.#limits = limits
  }

  override tag(): number {
    this.#charge(scalarHeapBytes)
    return super.tag()
  }

  override size(): number {
    this.#charge(messageHeapBytes)
    return super.size()
  }

  string(): string {
    const view = this.bytes()
    if (view.length > this.#limits.stringBytes) throw new WireLimitError('stringBytes', view.length)
    return utf8(view)
  }

  int64(): bigint {
    return BigInt.asIntN(64, this.uint64())
  }

  uint64(): bigint {
    this.pos = readVarint(this.buf, this.pos, this.len)
    return (BigInt(varint.high) << 32n) | BigInt(varint.low)
  }

  /** A packed run becomes one item of the field's array: its bytes. Unpacked scalars are items of their own. */
  floats(items: (number | Uint8Array)[]): void {
    items.push(this.bytes())
  }

  doubles(items: (number | Uint8Array)[]): void {
    items.push(this.bytes())
  }

  int32s(items: (number | Uint8Array)[]): void {
    items.push(this.bytes())
  }

  int64s(items: (bigint | Uint8Array)[]): void {
    items.push(this.bytes())
  }

  uint64s(items: (bigint | Uint8Array)[]): void {
    items.push(this.bytes())
  }

  #charge(bytes: number): void {
    this.#heapBytes += bytes
    if (this.#heapBytes > this.#limits.messageBytes) throw new WireLimitError('messageBytes', this.#heapBytes)
  }
}

/** Text of UTF-8 bytes; bytes that are not UTF-8 throw, so that two different names can't become one. */
export function utf8(bytes: Uint8Array): string {
  if (!isUtf8(bytes)) throw new Error('text that is not UTF-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
}

/** The varint that `readVarint` read last, as two unsigned 32-bit halves: cheaper than a bigint per element. */
export const varint = { low: 0, high: 0 }

/** Reads the varint at `pos` into `varint` and returns the position after it; throws where it doesn't end before `end`. */
export function readVarint(bytes: Uint8Array, pos: number, end: number): number {
  let low = 0
  let high = 0
  for (let shift = 0; shift < 70; shift += 7) {
    if (pos >= end) throw new RangeError('a varint goes beyond its field')
    const byte = bytes[pos++]!
    const septet = byte & 127
    if (shift < 32) low |= septet << shift
    if (shift > 25) high |= shift < 32 ? septet >>> (32 - shift) : septet << (shift - 32)
    if (byte < 128) {
      varint.low = low >>> 0
      varint.high = high >>> 0
      return pos
    }
  }
  throw new Error('a varint of more than 10 bytes')
}

/** The values of a repeated int64 field, packed or not. */
export function int64Values(items: readonly (bigint | Uint8Array)[], limits: ReadLimits): bigint[] {
  return items.flatMap((item) => {
    if (typeof item === 'bigint') return item
    boundExpansion(item.length, limits)
    const values: bigint[] = []
    for (let pos = 0; pos < item.length;) {
      pos = readVarint(item, pos, item.length)
      values.push(BigInt.asIntN(64, (BigInt(varint.high) << 32n) | BigInt(varint.low)))
    }
    return values
  })
}

/** The values of a repeated float field, packed or not. */
export function floatValues(items: readonly (number | Uint8Array)[], limits: ReadLimits): number[] {
  return items.flatMap((item) => {
    if (typeof item === 'number') return item
    if (item.length % 4 !== 0) throw new RangeError('a packed float field ends inside a float')
    boundExpansion(item.length / 4, limits)
    const view = new DataView(item.buffer, item.byteOffset, item.byteLength)
    return Array.from({ length: item.length / 4 }, (_, i) => view.getFloat32(i * 4, true))
  })
}

/** Bounds what a packed run that becomes an array of JavaScript values takes. */
function boundExpansion(values: number, limits: ReadLimits): void {
  if (values * scalarHeapBytes > limits.messageBytes) throw new WireLimitError('messageBytes', values * scalarHeapBytes)
}

type Integer = Parameters<protobuf.Writer['int64']>[0] | bigint

/** Writes messages; 64-bit integers are bigints. */
export class WireWriter extends protobuf.Writer {
  override int64(value: Integer): protobuf.Writer {
    return super.int64(signedText(value))
  }

  override uint64(value: Integer): protobuf.Writer {
    return super.uint64(signedText(value))
  }

  override int64s(values: Integer[]): protobuf.Writer {
    return super.int64s(values.map(signedText))
  }

  override uint64s(values: Integer[]): protobuf.Writer {
    return super.uint64s(values.map(signedText))
  }
}

/** A bigint as protobufjs takes it; on the wire int64 and uint64 are the same 64 bits. */
function signedText(value: Integer): Exclude<Integer, bigint> {
  return typeof value === 'bigint' ? BigInt.asIntN(64, value).toString() : value
}
