import { gzipSync } from 'node:zlib'
import type { InlineFile } from '../runtime/inline-file.ts'
import { jsString } from './js.ts'

/**
 * Compressed where that makes a file smaller than this share of itself. Code shrinks to the half and is unpacked within a
 * millisecond; weights hardly shrink, and would cost ten times what decoding base64 does (docs/how-files-travel.md).
 */
const WORTHWHILE = 0.8

/**
 * Characters of a piece, each a function of its own: minifiers make one literal of several. While V8 reads a literal, it makes room for it by the megabyte, and copies what it has each time: one of
 * 70 MB takes it seconds.
 */
const PIECE = 2 ** 18

/** A native file as a JavaScript expression: the argument of the runtime's `inlineFile`. */
export function inlineFileText({ path, sha256 }: Pick<InlineFile, 'path' | 'sha256'>, bytes: Buffer): string {
  const compressed = gzipSync(bytes)
  const isCompressed = compressed.length < WORTHWHILE * bytes.length
  const base64 = (isCompressed ? compressed : bytes).toString('base64')
  const known = `path: ${jsString(path)}, sha256: ${jsString(sha256)}, length: ${base64.length}`
  const facts = isCompressed ? `${known}, isCompressed: true` : known
  const pieces = Array.from(
    { length: Math.ceil(base64.length / PIECE) },
    (_, i) => `() => "${base64.slice(i * PIECE, (i + 1) * PIECE)}"`,
  )
  return `{ ${facts}, base64: [${pieces.join(', ')}] }`
}
