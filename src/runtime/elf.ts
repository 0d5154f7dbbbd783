import type { LibraryHeaders, Reading } from './library-headers.ts'

/** ELF's `e_machine` of the platforms that Node runs on, by `process.arch`. Source: the gABI's list of machine numbers. */
const machines: Readonly<Record<number, string>> = {
  3: 'ia32',
  8: 'mips',
  21: 'ppc64',
  22: 's390x',
  40: 'arm',
  62: 'x64',
  183: 'arm64',
  243: 'riscv64',
  258: 'loong64',
}

const bigEndian: ReadonlySet<string> = new Set(['s390x'])
const eitherOrder: ReadonlySet<string> = new Set(['mips', 'ppc64'])

/** Where fields lie in a file of 64 bits and one of 32. Source: gABI, "ELF Header", "Program Header". */
const layouts = {
  64: { phoff: 32, shoff: 40, phentsize: 54, phnum: 56, shentsize: 58, shnum: 60, offset: 8, filesz: 32, memsz: 40 },
  32: { phoff: 28, shoff: 32, phentsize: 42, phnum: 44, shentsize: 46, shnum: 48, offset: 4, filesz: 16, memsz: 20 },
} as const
const SHARED_OBJECT = 3 // ET_DYN
const LOADED_SEGMENT = 1 // PT_LOAD

/**
 * The headers of a shared library. Section headers may be missing (`strip`); segments never are.
 *
 * @param header the file's first 64 bytes
 * @returns `undefined` for what is none
 */
export function elfHeaders(header: DataView, read: Reading): LibraryHeaders | undefined {
  if (header.getUint32(0) !== 0x7f454c46) return undefined
  const is64 = header.getUint8(4) === 2
  const isLittle = header.getUint8(5) === 1
  const at = layouts[is64 ? 64 : 32]
  const word = (view: DataView, offset: number): number =>
    is64 ? Number(view.getBigUint64(offset, isLittle)) : view.getUint32(offset, isLittle)
  const half = (offset: number): number => header.getUint16(offset, isLittle)
  const machine = half(18)
  const known = machines[machine] ?? `machine ${machine}`
  const usual = bigEndian.has(known) ? !isLittle : isLittle
  const arch = usual || eitherOrder.has(known) ? known : `${isLittle ? 'little' : 'big'}-endian ${known}`

  const [first, entry, count] = [word(header, at.phoff), half(at.phentsize), half(at.phnum)]
  if (half(16) !== SHARED_OBJECT || count === 0 || entry !== (is64 ? 56 : 32)) return undefined
  let end = Math.max(first + count * entry, word(header, at.shoff) + half(at.shentsize) * half(at.shnum))
  const table = read(first, count * entry)
  if (table === undefined) return { platform: 'linux', arch, end }
  let isLoaded = false
  for (let start = 0; start < count * entry; start += entry) {
    const [length, inMemory] = [word(table, start + at.filesz), word(table, start + at.memsz)]
    if (table.getUint32(start, isLittle) === LOADED_SEGMENT) {
      isLoaded = true
      if (length > inMemory) return undefined
    }
    end = Math.max(end, word(table, start + at.offset) + length)
  }
  return isLoaded ? { platform: 'linux', arch, end } : undefined
}
