/**
 * Reads facts about a compiled model from its ELF file without loading it, so that a library for another machine
 * can be checked where it was built. Nothing in the file is trusted: every offset and size is checked against the file.
 * Layouts: System V ABI, chapters 4 and 5.
 */
import { type FileHandle, open } from 'node:fs/promises'
import { CompileError } from '../errors/index.ts'

export interface ElfIdentity {
  readonly bits: 32 | 64
  readonly byteOrder: 'little' | 'big'
  /** Machine name, or `ELF machine 99` for one that we have no name for. */
  readonly machine: string
}

/** What an entry point says of itself: function name and the JSON texts of its signatures. */
export interface EntryPoint {
  readonly name: string
  readonly inputs: string
  readonly outputs: string
}

const machines: Readonly<Record<number, string>> = {
  3: 'x86',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x86-64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loongarch64',
}

/** Tables and signatures beyond this size are not a model's: refused before memory is taken for them. */
const maxTableBytes = 64 << 20
const maxEntryPoints = 1024

/**
 * Bits, byte order and machine of an ELF file; `undefined` if the file is none (a script, Mach-O, PE, …).
 * @throws the system's error if the file can't be read
 */
export async function readElfIdentity(path: string): Promise<ElfIdentity | undefined> {
  return withFile(path, async (file) => {
    const start = Buffer.alloc(20)
    const { bytesRead } = await file.read(start, 0, 20, 0)
    return bytesRead === 20 ? identify(start) : undefined
  })
}

/** Instead of `using`: the `FileHandle` of Yarn's Plug'n'Play is nothing that could be disposed of. */
async function withFile<Result>(path: string, read: (file: FileHandle) => Promise<Result>): Promise<Result> {
  const file = await open(path, 'r')
  try {
    return await read(file)
  } finally {
    await file.close()
  }
}

/**
 * The entry points of a 64-bit model library of any byte order, in their order.
 * The compiler stores each as three strings, `_entry_point_<i>` and the same with `_in_sig` and `_out_sig`,
 * once more with `_<tag>` at the end where it was given a tag.
 *
 * @throws CompileError `COMPILE_BAD_LIBRARY` if the file is damaged, not a 64-bit ELF library, or no compiled model
 */
export async function readEntryPoints(path: string): Promise<readonly EntryPoint[]> {
  return withFile(path, async (handle) => {
    const elf = await ElfFile.open(handle, path)
    const symbols = await elf.dynamicSymbols()
    const entryPoints: EntryPoint[] = []
    for (let i = 0; i < maxEntryPoints; i++) {
      const name = find(symbols, `_entry_point_${i}`)
      const inputs = find(symbols, `_entry_point_${i}_in_sig`)
      const outputs = find(symbols, `_entry_point_${i}_out_sig`)
      if (inputs === undefined || outputs === undefined) break
      entryPoints.push({
        name: name === undefined ? 'run_main_graph' : await elf.string(name),
        inputs: await elf.string(inputs),
        outputs: await elf.string(outputs),
      })
    }
    if (entryPoints.length === 0)
      throw badLibrary(path, 'it exports no _entry_point_0_in_sig, so it is no compiled model')
    return entryPoints
  })
}

interface ElfSymbol {
  readonly address: number
  readonly size: number
}

interface Range {
  readonly address: number
  readonly offset: number
  readonly size: number
}

/** The untagged symbol, or, where only tagged ones were made, the one that has nothing but a tag more. */
function find(symbols: ReadonlyMap<string, ElfSymbol>, name: string): ElfSymbol | undefined {
  const exact = symbols.get(name)
  if (exact !== undefined) return exact
  for (const [other, symbol] of symbols) {
    if (other.startsWith(`${name}_`) && !/^(in|out)_sig/.test(other.slice(name.length + 1))) return symbol
  }
  return undefined
}

function identify(start: Buffer): ElfIdentity | undefined {
  if (start.readUInt32BE(0) !== 0x7f454c46) return undefined
  const bits = start[4] === 2 ? 64 : start[4] === 1 ? 32 : undefined
  const byteOrder = start[5] === 1 ? 'little' : start[5] === 2 ? 'big' : undefined
  if (bits === undefined || byteOrder === undefined) return undefined
  const code = byteOrder === 'little' ? start.readUInt16LE(18) : start.readUInt16BE(18)
  return { bits, byteOrder, machine: machines[code] ?? `ELF machine ${code}` }
}

class ElfFile {
  private readonly handle: FileHandle
  private readonly path: string
  private readonly size: number
  private readonly little: boolean

  private constructor(handle: FileHandle, path: string, size: number, little: boolean) {
    this.handle = handle
    this.path = path
    this.size = size
    this.little = little
  }

  static async open(handle: FileHandle, path: string): Promise<ElfFile> {
    const { size } = await handle.stat()
    if (size < 64) throw badLibrary(path, 'it is too short')
    const start = Buffer.alloc(20)
    await handle.read(start, 0, 20, 0)
    const identity = identify(start)
    if (identity === undefined) throw badLibrary(path, 'it is not an ELF file')
    if (identity.bits !== 64) throw badLibrary(path, 'it is a 32-bit library')
    return new ElfFile(handle, path, size, identity.byteOrder === 'little')
  }

  /** Name → place of all defined dynamic symbols whose name begins with `_entry_point_`. */
  async dynamicSymbols(): Promise<Map<string, ElfSymbol>> {
    const header = await this.bytes(0, 64, 'its header')
    const sections = await this.table(header, { offset: 40, entrySize: 58, count: 60 }, 64, 'its section headers')
    const SHT_DYNSYM = 11
    const dynsym = sections.find((section) => section.getUint32(4, this.little) === SHT_DYNSYM)
    const strings = sections[dynsym?.getUint32(40, this.little) ?? -1]
    if (dynsym === undefined || strings === undefined) throw badLibrary(this.path, 'it has no dynamic symbol table')
    const table = await this.section(dynsym, 'its symbol table')
    const names = await this.section(strings, 'its symbol names')
    const symbols = new Map<string, ElfSymbol>()
    for (let at = 0; at + 24 <= table.byteLength; at += 24) {
      const defined = table.getUint16(at + 6, this.little) !== 0
      if (!defined) continue
      const name = nameAt(names, table.getUint32(at, this.little))
      if (!name.startsWith('_entry_point_')) continue
      symbols.set(name, { address: this.word(table, at + 8), size: this.word(table, at + 16) })
      if (symbols.size > maxEntryPoints * 8) throw badLibrary(this.path, 'it has too many entry points')
    }
    return symbols
  }

  /** The NUL-terminated text that a symbol stands for. */
  async string(symbol: ElfSymbol): Promise<string> {
    const segment = (await this.loadSegments()).find(
      ({ address, size }) => symbol.address >= address && symbol.address - address < size,
    )
    if (segment === undefined) throw badLibrary(this.path, 'a signature lies outside of what it loads')
    const into = symbol.address - segment.address
    const bytes = await this.bytes(segment.offset + into, Math.min(symbol.size, segment.size - into), 'a signature')
    const end = bytesOf(bytes).indexOf(0)
    return new TextDecoder().decode(end < 0 ? bytesOf(bytes) : bytesOf(bytes).subarray(0, end))
  }

  private segments: readonly Range[] | undefined

  private async loadSegments(): Promise<readonly Range[]> {
    if (this.segments !== undefined) return this.segments
    const header = await this.bytes(0, 64, 'its header')
    const all = await this.table(header, { offset: 32, entrySize: 54, count: 56 }, 56, 'its program headers')
    const PT_LOAD = 1
    this.segments = all
      .filter((segment) => segment.getUint32(0, this.little) === PT_LOAD)
      .map((segment) => ({
        offset: this.word(segment, 8),
        address: this.word(segment, 16),
        size: this.word(segment, 32),
      }))
    return this.segments
  }

  private async table(
    header: DataView,
    at: { offset: number; entrySize: number; count: number },
    minEntry: number,
    what: string,
  ): Promise<DataView[]> {
    const entrySize = header.getUint16(at.entrySize, this.little)
    const count = header.getUint16(at.count, this.little)
    if (count === 0) return []
    if (entrySize < minEntry) throw badLibrary(this.path, `${what} have a wrong size`)
    const view = await this.bytes(this.word(header, at.offset), entrySize * count, what)
    return Array.from({ length: count }, (_, i) => new DataView(view.buffer, view.byteOffset + i * entrySize, minEntry))
  }

  private section(header: DataView, what: string): Promise<DataView> {
    return this.bytes(this.word(header, 24), this.word(header, 32), what)
  }

  private async bytes(offset: number, length: number, what: string): Promise<DataView> {
    if (length > maxTableBytes) throw badLibrary(this.path, `${what} claim ${length} bytes`)
    if (offset + length > this.size) throw badLibrary(this.path, `${what} lie beyond its end`)
    const buffer = new Uint8Array(length)
    const { bytesRead } = await this.handle.read(buffer, 0, length, offset)
    if (bytesRead !== length) throw badLibrary(this.path, `${what} could not be read`)
    return new DataView(buffer.buffer)
  }

  /** A 64-bit word as a number; one beyond 2^53 is no offset in any file, and fails each check against the file's size. */
  private word(view: DataView, at: number): number {
    return Number(view.getBigUint64(at, this.little))
  }
}

function nameAt(names: DataView, offset: number): string {
  const bytes = bytesOf(names).subarray(offset)
  const end = bytes.indexOf(0)
  return end < 0 || end > 512 ? '' : new TextDecoder().decode(bytes.subarray(0, end))
}

function bytesOf(view: DataView): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset, view.byteLength)
}

function badLibrary(path: string, reason: string): CompileError {
  return new CompileError('COMPILE_BAD_LIBRARY', `${path} is not a usable model library: ${reason}.`, {
    library: path,
    reason,
  })
}
