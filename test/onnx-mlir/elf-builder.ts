/** Writes small ELF libraries of any byte order, with nothing in them but exported strings. */
export interface ElfSource {
  readonly byteOrder?: 'little' | 'big'
  /** `e_machine`; default 62, x86-64. */
  readonly machine?: number
  /** Exported symbol → its text. */
  readonly symbols: Readonly<Record<string, string>>
}

const headerSize = 64
const programHeaderSize = 56
const sectionHeaderSize = 64
const symbolSize = 24
/** Addresses differ from file offsets, as they do in real libraries. */
export const loadAddress = 0x40_0000

export function elfLibrary({ byteOrder = 'little', machine = 62, symbols }: ElfSource): Buffer {
  const little = byteOrder === 'little'
  const names = Object.keys(symbols)
  const texts = Object.values(symbols).map((text) => Buffer.from(`${text}\0`))
  const nameTable = Buffer.from(`\0${names.map((name) => `${name}\0`).join('')}`)
  const textsAt = headerSize + programHeaderSize
  const symbolsAt = align(textsAt + texts.reduce((sum, text) => sum + text.length, 0))
  const namesAt = symbolsAt + (names.length + 1) * symbolSize
  const sectionsAt = align(namesAt + nameTable.length)
  const file = Buffer.alloc(sectionsAt + 3 * sectionHeaderSize)
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const u16 = (at: number, value: number) => view.setUint16(at, value, little)
  const u32 = (at: number, value: number) => view.setUint32(at, value, little)
  const u64 = (at: number, value: number) => view.setBigUint64(at, BigInt(value), little)

  file.set([0x7f, 0x45, 0x4c, 0x46, 2, little ? 1 : 2, 1])
  u16(16, 3) // ET_DYN
  u16(18, machine)
  u64(32, headerSize) // e_phoff
  u64(40, sectionsAt) // e_shoff
  u16(54, programHeaderSize)
  u16(56, 1)
  u16(58, sectionHeaderSize)
  u16(60, 3)

  u32(headerSize, 1) // PT_LOAD
  u64(headerSize + 16, loadAddress)
  u64(headerSize + 32, sectionsAt)

  let textAt = textsAt
  let nameAt = 1
  names.forEach((name, i) => {
    const text = texts[i] ?? Buffer.alloc(0)
    file.set(text, textAt)
    const at = symbolsAt + (i + 1) * symbolSize
    u32(at, nameAt)
    u16(at + 6, 1)
    u64(at + 8, loadAddress + textAt)
    u64(at + 16, text.length)
    textAt += text.length
    nameAt += name.length + 1
  })
  file.set(nameTable, namesAt)

  const section = (index: number, type: number, offset: number, size: number, link: number) => {
    const at = sectionsAt + index * sectionHeaderSize
    u32(at + 4, type)
    u64(at + 24, offset)
    u64(at + 32, size)
    u32(at + 40, link)
  }
  section(1, 11, symbolsAt, (names.length + 1) * symbolSize, 2) // SHT_DYNSYM
  section(2, 3, namesAt, nameTable.length, 0) // SHT_STRTAB
  return file
}

/** The symbols of a model library with one entry point, as onnx-mlir names them. */
export function entryPointSymbols(inputs: string, outputs: string, tag = ''): Record<string, string> {
  return {
    [`_entry_point_0${tag}`]: 'run_main_graph',
    [`_entry_point_0_in_sig${tag}`]: inputs,
    [`_entry_point_0_out_sig${tag}`]: outputs,
  }
}

/** A signature text in onnx-mlir's own spacing. */
export function signatureText(
  tensors: readonly (readonly [type: string, dims: readonly number[], name: string])[],
): string {
  const entries = tensors.map(
    ([type, dims, name], i) =>
      `${i === 0 ? '' : ' , '}   { "type" : ${type} , "dims" : [${dims.join(' , ')}] , "name" : "${name}" }\n`,
  )
  return `[ ${entries.join('')}\n]`
}

function align(offset: number): number {
  return Math.ceil(offset / 8) * 8
}
