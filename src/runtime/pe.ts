import type { LibraryHeaders, Reading } from './library-headers.ts'

/** `Machine` of the platforms that Node runs on, by `process.arch`. */
const machines: Readonly<Record<number, string>> = { 0x14c: 'ia32', 0x8664: 'x64', 0xaa64: 'arm64' }

const IS_DLL = 0x2000 // IMAGE_FILE_DLL

/**
 * The headers of a DLL.
 *
 * Source: Microsoft's "PE Format": MS-DOS stub, COFF file header, section table.
 *
 * @param dos the file's first 64 bytes
 * @returns `undefined` for what is none
 */
export function peHeaders(dos: DataView, read: Reading): LibraryHeaders | undefined {
  if (dos.getUint16(0) !== 0x4d5a) return undefined // MZ
  const start = dos.getUint32(60, true)
  const coff = read(start, 24)
  if (coff?.getUint32(0) !== 0x50450000) return undefined // PE
  const half = (at: number): number => coff.getUint16(at, true)
  if ((half(22) & IS_DLL) === 0) return undefined
  const [machine, count, first] = [half(4), half(6), start + 24 + half(20)]
  const headers = { platform: 'win32', arch: machines[machine] ?? `machine ${machine}` } as const
  let end = first + 40 * count
  const sections = read(first, 40 * count)
  for (let at = 0; sections && at < 40 * count; at += 40)
    end = Math.max(end, sections.getUint32(at + 16, true) + sections.getUint32(at + 20, true))
  return { ...headers, end }
}
