import { inflateRawSync } from 'node:zlib'
import type { Site } from '../onnx/reading.ts'

/** A file in an archive, as its directory describes it. */
export interface ZipEntry {
  readonly name: string
  /** Bytes once it is unpacked. */
  readonly size: number
  readonly packed: number
  readonly method: number
  readonly encrypted: boolean
  /** Where its local header begins. */
  readonly at: number
}

/** Beyond this, deflate's own limit is near (1032): no weights and no text are so repetitive. */
const MOST_RATIO = 1000

const NAMES = new TextDecoder('utf-8', { fatal: true })
const DAMAGED = 'it is truncated or damaged. Download or export it again.'

export function isZip(bytes: Uint8Array): boolean {
  return bytes[0] === 0x50 && bytes[1] === 0x4b && bytes[2] === 3 && bytes[3] === 4
}

/**
 * The files of a ZIP archive in memory, by its central directory: nothing is ever written to disk.
 * Stored and deflated entries; ZIP64, no encryption, one volume. Source: PKWARE APPNOTE 6.3.10, 4.3 and 4.5.3.
 */
export class Zip {
  readonly entries: ReadonlyMap<string, ZipEntry>
  private readonly bytes: Uint8Array
  private readonly site: Site
  private readonly data: DataView

  /** @throws ModelError `MODEL_DAMAGED` for a broken directory, names that point elsewhere, or two entries of one name */
  constructor(bytes: Uint8Array, site: Site) {
    this.bytes = bytes
    this.site = site
    this.data = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.entries = this.guard('its directory', () => this.directory())
  }

  /**
   * The contents of an entry: a view of the archive where it is stored, else unpacked within the limit of all tensors.
   *
   * @throws ModelError `MODEL_DAMAGED`, `MODEL_LIMIT`
   */
  read(entry: ZipEntry): Uint8Array {
    return this.guard(`its entry ${JSON.stringify(entry.name)}`, () => this.contents(entry))
  }

  private directory(): Map<string, ZipEntry> {
    const { data } = this
    const end = this.endOfDirectory()
    let count = data.getUint16(end + 10, true)
    let at = data.getUint32(end + 16, true)
    if (at === 0xffffffff || count === 0xffff) {
      const end64 = this.uint64(end - 20 + 8)
      if (data.getUint32(end - 20, true) !== 0x07064b50 || data.getUint32(end64, true) !== 0x06064b50) this.damaged()
      count = this.uint64(end64 + 32)
      at = this.uint64(end64 + 48)
    }
    if (count > this.site.reading.limits.nodes)
      this.site.fail('MODEL_LIMIT', `lists ${count} entries, which no real model has.`)
    const entries = new Map<string, ZipEntry>()
    for (let i = 0; i < count; i++) {
      if (data.getUint32(at, true) !== 0x02014b50) this.damaged()
      const [nameBytes, extraBytes, commentBytes] = [28, 30, 32].map((field) => data.getUint16(at + field, true))
      const name = this.name(at + 46, nameBytes!)
      if (entries.has(name)) this.damaged(`lists ${JSON.stringify(name)} twice`)
      const wide = this.wideFields(at, at + 46 + nameBytes!, extraBytes!)
      entries.set(name, {
        name,
        ...wide,
        method: data.getUint16(at + 10, true),
        encrypted: (data.getUint16(at + 8, true) & 1) === 1,
      })
      at += 46 + nameBytes! + extraBytes! + commentBytes!
    }
    return entries
  }

  /** The end record: the last 22 bytes, before a comment of up to 64 KiB. */
  private endOfDirectory(): number {
    const last = this.bytes.length - 22
    for (let at = last; at >= Math.max(0, last - 0xffff); at--)
      if (
        this.data.getUint32(at, true) === 0x06054b50 &&
        at + 22 + this.data.getUint16(at + 20, true) === this.bytes.length
      )
        return at
    return this.damaged('has no directory')
  }

  /** Sizes and place of an entry; those that don't fit into 32 bits are in extra field 1. */
  private wideFields(at: number, extra: number, length: number): Pick<ZipEntry, 'size' | 'packed' | 'at'> {
    const fields = [24, 20, 42].map((field) => this.data.getUint32(at + field, true))
    if (!fields.includes(0xffffffff)) return { size: fields[0]!, packed: fields[1]!, at: fields[2]! }
    for (let i = extra; i + 4 <= extra + length; i += 4 + this.data.getUint16(i + 2, true)) {
      if (this.data.getUint16(i, true) !== 1) continue
      let from = i + 4
      const [size, packed, place] = fields.map((value) => {
        if (value !== 0xffffffff) return value
        from += 8
        return this.uint64(from - 8)
      })
      return { size: size!, packed: packed!, at: place! }
    }
    return this.damaged()
  }

  private name(at: number, length: number): string {
    let name = ''
    try {
      name = NAMES.decode(this.slice(at, length))
    } catch {
      this.damaged('has a name that is not UTF-8')
    }
    const isPlain = !/[\\\0:]/.test(name) && !name.startsWith('/') && !name.split('/').includes('..')
    return isPlain ? name : this.damaged(`has an entry ${JSON.stringify(name.slice(0, 200))}, which points out of it`)
  }

  private contents(entry: ZipEntry): Uint8Array {
    const { site, data } = this
    const { at, size, packed, method } = entry
    const what = `has an entry ${JSON.stringify(entry.name.slice(0, 200))} that`
    if (entry.encrypted) site.fail('MODEL_DAMAGED', `${what} is encrypted. Export the model again.`)
    if (data.getUint32(at, true) !== 0x04034b50) this.damaged()
    const from = at + 30 + data.getUint16(at + 26, true) + data.getUint16(at + 28, true)
    const stored = this.slice(from, packed)
    if (method === 0) return size === packed ? stored : this.damaged()
    if (method !== 8) site.fail('MODEL_DAMAGED', `${what} is packed by method ${method}; store or deflate it.`)
    if (size > packed * MOST_RATIO + 1024)
      site.fail('MODEL_LIMIT', `${what} claims to unpack ${packed} bytes to ${size}, as a ZIP bomb does.`)
    site.use('tensorBytes', size)
    const unpacked = inflateRawSync(stored, { maxOutputLength: Math.max(1, size) })
    return unpacked.length === size ? unpacked : this.damaged()
  }

  private slice(at: number, length: number): Uint8Array {
    return at + length <= this.bytes.length ? this.bytes.subarray(at, at + length) : this.damaged()
  }

  private uint64(at: number): number {
    return Number(this.data.getBigUint64(at, true))
  }

  private damaged(why = 'is a broken ZIP archive'): never {
    return this.site.fail('MODEL_DAMAGED', `${why}: ${DAMAGED}`)
  }

  /** Offsets beyond the end and broken deflate streams throw errors of the engine. */
  private guard<T>(what: string, read: () => T): T {
    try {
      return read()
    } catch (error) {
      if (!(error instanceof RangeError) && !String((error as NodeJS.ErrnoException).code).match(/^(Z_|ERR_BUFFER)/))
        throw error
      return this.site.fail('MODEL_DAMAGED', `is a ZIP archive, but ${what} can't be read: ${DAMAGED}`)
    }
  }
}
