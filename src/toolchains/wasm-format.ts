/**
 * The binary format of WebAssembly modules, as far as it is read and written here.
 *
 * WebAssembly Core Specification 2.0, chapter 5 "Binary Format".
 */

/** Ids of sections (§5.5.2). */
export const section = {
  custom: 0,
  type: 1,
  import: 2,
  function: 3,
  global: 6,
  export: 7,
  code: 10,
  data: 11,
  dataCount: 12,
} as const

export interface Section {
  readonly id: number
  readonly content: Uint8Array
}

export class Reader {
  private readonly bytes: Uint8Array
  at: number

  constructor(bytes: Uint8Array, at = 0) {
    this.bytes = bytes
    this.at = at
  }

  get isAtEnd(): boolean {
    return this.at >= this.bytes.length
  }

  byte(): number {
    const byte = this.bytes[this.at++]
    if (byte === undefined) throw new TypeError('the module is cut short')
    return byte
  }

  take(length: number): Uint8Array {
    const end = this.at + length
    if (end > this.bytes.length) throw new TypeError('the module is cut short')
    const taken = this.bytes.subarray(this.at, end)
    this.at = end
    return taken
  }

  /** Unsigned LEB128 of 32 bits (§5.2.2). */
  u32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new TypeError('a number of the module is too long')
  }

  /** Signed LEB128 of 32 bits (§5.2.2). */
  s32(): number {
    let value = 0
    for (let shift = 0; shift < 35; shift += 7) {
      const byte = this.byte()
      value |= (byte & 0x7f) << shift
      if (byte >= 0x80) continue
      return shift < 25 && (byte & 0x40) !== 0 ? value | (-1 << (shift + 7)) : value
    }
    throw new TypeError('a number of the module is too long')
  }

  /** A number of any width, which is exact up to 2^31. */
  number(): number {
    let value = 0
    for (let shift = 0; shift < 70; shift += 7) {
      const byte = this.byte()
      if (shift < 35) value += (byte & 0x7f) * 2 ** shift
      if (byte < 0x80) return value
    }
    throw new TypeError('a number of the module is too long')
  }

  name(): string {
    return new TextDecoder().decode(this.take(this.u32()))
  }
}

/** @throws TypeError when it is not a whole module */
export function readSections(module: Uint8Array): Section[] {
  const reader = new Reader(module)
  const header = reader.take(8)
  if (header.join() !== '0,97,115,109,1,0,0,0') throw new TypeError('not a WebAssembly module')
  const sections: Section[] = []
  while (!reader.isAtEnd) sections.push({ id: reader.byte(), content: reader.take(reader.u32()) })
  return sections
}

export function writeModule(sections: readonly Section[]): Uint8Array {
  const parts = sections.flatMap(({ id, content }) => [Uint8Array.of(id), u32(content.length), content])
  return Buffer.concat([Uint8Array.of(0, 97, 115, 109, 1, 0, 0, 0), ...parts])
}

/** LEB128 of an unsigned number. */
export function u32(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value; ; rest = Math.floor(rest / 128)) {
    if (rest < 128) return Uint8Array.from([...bytes, rest])
    bytes.push((rest % 128) | 0x80)
  }
}

/** LEB128 of a signed number of 32 bits. */
export function s32(value: number): Uint8Array {
  const bytes: number[] = []
  for (let rest = value | 0; ; rest >>= 7) {
    const byte = rest & 0x7f
    if ((rest >> 6 === 0 && (byte & 0x40) === 0) || (rest >> 6 === -1 && (byte & 0x40) !== 0))
      return Uint8Array.from([...bytes, byte])
    bytes.push(byte | 0x80)
  }
}
