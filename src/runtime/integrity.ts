import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readSync, statSync } from 'node:fs'
import { open } from 'node:fs/promises'
import { ModelLoadError } from './errors.ts'

/** A file that must have the contents that the build gave it. */
export interface KnownFile {
  readonly path: string
  /** Hex. */
  readonly sha256: string
}

/** Read at once: half a millisecond of hashing, after which the event loop may turn. */
const CHUNK = 1 << 20

/** Hashes by what tells a file from a later one in its place, so that each is read once in a thread. */
const known = new Map<string, string>()

/**
 * Reads a file in slices and lets the event loop turn in between. {@link expectContents} then knows it.
 *
 * @throws the system's errors
 */
export async function readAhead({ path }: KnownFile): Promise<void> {
  const key = identity(path)
  if (key === undefined || known.has(key)) return
  const file = await open(path)
  try {
    const hash = createHash('sha256')
    const chunk = new Uint8Array(CHUNK)
    for (;;) {
      const { bytesRead } = await file.read(chunk, 0, CHUNK)
      if (bytesRead === 0) break
      hash.update(chunk.subarray(0, bytesRead))
    }
    remember(key, path, hash)
  } finally {
    await file.close()
  }
}

/** @throws ModelLoadError when a file has other contents than the build gave it */
export function expectContents({ path, sha256 }: KnownFile, model: string): void {
  const key = identity(path)
  if (key === undefined) return
  if (!known.has(key)) remember(key, path, hashNow(path))
  if (known.get(key) === sha256) return
  throw new ModelLoadError(
    'LOAD_CHANGED',
    `${model}: ${path} is not the file that the build made (its sha256 is another). Copy it again, as it is: ` +
      `tools that strip libraries must leave it out; or build again`,
  )
}

function hashNow(path: string): Hash {
  const file = openSync(path, 'r')
  try {
    const hash = createHash('sha256')
    const chunk = new Uint8Array(CHUNK)
    for (let read; (read = readSync(file, chunk)) > 0;) hash.update(chunk.subarray(0, read))
    return hash
  } finally {
    closeSync(file)
  }
}

/** Unless it was changed while it was read. */
function remember(key: string, path: string, hash: Hash): void {
  if (identity(path) === key) known.set(key, hash.digest('hex'))
}

/** macOS has the libraries of an application signed, which changes them, and checks that signature itself. */
function identity(path: string): string | undefined {
  if (process.platform !== 'linux') return undefined
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path)
  return [path, dev, ino, size, mtimeMs, ctimeMs].join('\n')
}
