import { closeSync, fstatSync, openSync, readSync } from 'node:fs'
import { elfHeaders } from './elf.ts'
import type { LibraryHeaders, Reading } from './library-headers.ts'
import { peHeaders } from './pe.ts'

/**
 * Reads a library's headers. Dynamic linkers map what they speak of without a look at the file's size: on Linux, touching a
 * page beyond its end ends the process (SIGBUS).
 *
 * @returns `undefined` for what is no shared library of Linux or Windows; `size`: bytes that the file has
 */
export function readHeaders(path: string): (LibraryHeaders & { readonly size: number }) | undefined {
  const file = openSync(path, 'r')
  try {
    const { size } = fstatSync(file)
    const read: Reading = (at, length) => {
      const bytes = new Uint8Array(length)
      const isWhole = at + length <= size && readSync(file, bytes, 0, length, at) === length
      return isWhole ? new DataView(bytes.buffer) : undefined
    }
    const first = read(0, 64)
    const headers = first && (elfHeaders(first, read) ?? peHeaders(first, read))
    return headers && { ...headers, size }
  } finally {
    closeSync(file)
  }
}

type Format = LibraryHeaders['platform'] | 'darwin'

/** By the first four bytes. Sources: gABI, Microsoft's "PE Format" (two of them), Apple's mach-o/loader.h and mach-o/fat.h. */
const formats: Readonly<Record<string, Format>> = {
  '7f454c46': 'linux',
  cffaedfe: 'darwin',
  cafebabe: 'darwin',
}

/** The system whose format a file has, in the words of `process.platform`; `undefined` for what is no native code. */
export function formatOf(path: string): Format | undefined {
  const first = Buffer.alloc(4)
  const file = openSync(path, 'r')
  try {
    readSync(file, first, 0, 4, 0)
  } finally {
    closeSync(file)
  }
  const start = first.toString('hex')
  return start.startsWith('4d5a') ? 'win32' : formats[start]
}
