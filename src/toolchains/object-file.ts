/** What an object file takes on the machine that runs it, and what it expects others to have. */
export interface ObjectFacts {
  /** Code and constants, with the first values of variables. */
  readonly flashBytes: number
  /** Variables. */
  readonly ramBytes: number
  readonly undefinedSymbols: readonly string[]
}

const SHT_PROGBITS = 1
const SHT_SYMTAB = 2
const SHT_NOBITS = 8
const SHF_WRITE = 1
const SHF_ALLOC = 2

interface Section {
  readonly type: number
  readonly flags: number
  readonly offset: number
  readonly size: number
  readonly link: number
}

/** Reads an ELF object file, of either width and byte order (System V ABI, "Object Files"). `undefined`: it is of another format. */
export function readObject(bytes: Uint8Array): ObjectFacts | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (bytes.length < 52 || view.getUint32(0) !== 0x7f454c46) return undefined
  const is64 = bytes[4] === 2
  const little = bytes[5] === 1
  const word = (at: number): number => view.getUint32(at, little)
  const half = (at: number): number => view.getUint16(at, little)
  const wide = (at: number): number => (is64 ? Number(view.getBigUint64(at, little)) : word(at))
  const [table, size, count] = [wide(is64 ? 40 : 32), half(is64 ? 58 : 46), half(is64 ? 60 : 48)]
  const sections = Array.from({ length: count }, (_, i): Section => {
    const at = table + i * size
    return is64
      ? { type: word(at + 4), flags: wide(at + 8), offset: wide(at + 24), size: wide(at + 32), link: word(at + 40) }
      : { type: word(at + 4), flags: word(at + 8), offset: word(at + 16), size: word(at + 20), link: word(at + 24) }
  })
  const total = (of: (section: Section) => boolean): number =>
    sections.filter(of).reduce((sum, section) => sum + section.size, 0)
  const inFile = ({ type, flags }: Section): boolean => type !== SHT_NOBITS && (flags & SHF_ALLOC) !== 0
  const symbols = sections.find(({ type }) => type === SHT_SYMTAB)
  return {
    flashBytes: total(inFile),
    ramBytes: total(
      ({ type, flags }) =>
        (type === SHT_PROGBITS || type === SHT_NOBITS) && (flags & (SHF_ALLOC | SHF_WRITE)) === (SHF_ALLOC | SHF_WRITE),
    ),
    undefinedSymbols: symbols ? undefinedIn(symbols, sections[symbols.link]!) : [],
  }

  function undefinedIn({ offset, size: length }: Section, names: Section): string[] {
    const entry = is64 ? 24 : 16
    const found: string[] = []
    for (let at = offset + entry; at < offset + length; at += entry) {
      if (half(at + (is64 ? 6 : 14)) !== 0) continue
      const start = names.offset + word(at)
      const name = Buffer.from(bytes.subarray(start, bytes.indexOf(0, start))).toString('latin1')
      if (name !== '' && !name.startsWith('$')) found.push(name)
    }
    return found.toSorted()
  }
}
