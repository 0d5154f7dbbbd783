import { createHash, type Hash } from 'node:crypto'
import { closeSync, openSync, readFileSync, readSync, statSync } from 'node:fs'
import { type FileHandle, open } from 'node:fs/promises'
import { ModelLoadError } from './errors.ts'

/** A file that must have the contents that the build gave it. */
export interface KnownFile {
  readonly path: string
  /** Hex; `undefined` where nobody knows it. */
  readonly sha256: string | undefined
}

/** Read at once: half a millisecond of hashing, after which the event loop may turn. */
const CHUNK = 1 << 20

/** macOS has the libraries of an application signed, which changes them, and checks that signature itself. */
const isSigned = process.platform !== 'linux'

/** Hashes by what tells a file from a later one in its place, so that each is read once in a thread. */
const known = new Map<string, string>()

/**
 * Reads a file in slices and lets the event loop turn in between. {@link expectContents} then knows it.
 *
 * @throws the system's errors
 */
export async function readAhead({ path }: KnownFile): Promise<void> {
  if (isSigned) return
  const key = identity(path)
  if (known.has(key)) return
  const file = await open(path)
  try {
    const hash = createHash('sha256')
    const chunk = new Uint8Array(CHUNK)
    while ((await readSlice(file, chunk, hash)) > 0) continue
    remember(key, path, hash)
  } finally {
    await file.close()
  }
}

/**
 * The bytes of a file that is used from memory: what is checked is what was read, whatever becomes of the file. In slices,
 * as `readAhead`.
 *
 * @throws ModelLoadError where they can't be read or are others than the build wrote
 */
export async function contentsOf(file: KnownFile, model: string): Promise<Uint8Array> {
  try {
    const handle = await open(file.path)
    try {
      const bytes = new Uint8Array((await handle.stat()).size)
      const hash = createHash('sha256')
      let at = 0
      for (let read; (read = await readSlice(handle, bytes.subarray(at, at + CHUNK), hash)) > 0;) at += read
      return expectHash(file, model, bytes.subarray(0, at), hash)
    } finally {
      await handle.close()
    }
  } catch (error) {
    throw unread(file, model, error)
  }
}

/** The same at once. */
export function contentsNow(file: KnownFile, model: string): Uint8Array {
  try {
    const bytes = readFileSync(file.path)
    return expectHash(file, model, bytes, createHash('sha256').update(bytes))
  } catch (error) {
    throw unread(file, model, error)
  }
}

function expectHash(file: KnownFile, model: string, bytes: Uint8Array, hash: Hash): Uint8Array {
  if (file.sha256 === undefined || hash.digest('hex') === file.sha256) return bytes
  throw changed(file, model)
}

function unread({ path }: KnownFile, model: string, error: unknown): ModelLoadError {
  if (error instanceof ModelLoadError) return error
  const why = String((error as Error).message)
  return new ModelLoadError('LOAD_OPEN', `${model}: ${path} can't be read: ${why}`, { cause: error })
}

/** @throws ModelLoadError when a file has other contents than the build gave it */
export function expectContents(file: KnownFile, model: string): void {
  const { path, sha256 } = file
  if (sha256 === undefined || isSigned || hasContents(path, sha256)) return
  throw changed(file, model)
}

/**
 * Whether a file has these contents.
 *
 * @throws the system's errors
 */
export function hasContents(path: string, sha256: string): boolean {
  const key = identity(path)
  // What was read decides, also where it is not remembered: somebody may touch a file while it is read, a cache does.
  return (known.get(key) ?? remember(key, path, hashNow(path))) === sha256
}

function changed({ path }: KnownFile, model: string): ModelLoadError {
  return new ModelLoadError(
    'LOAD_CHANGED',
    `${model}: ${path} is not the file that the build made (its sha256 is another). Copy it again, as it is: ` +
      `tools that strip libraries must leave it out; or build again`,
  )
}

/** @returns bytes that were read and hashed; 0 at the end */
async function readSlice(file: FileHandle, slice: Uint8Array, hash: Hash): Promise<number> {
  const { bytesRead } = await file.read(slice, 0, slice.length)
  hash.update(slice.subarray(0, bytesRead))
  return bytesRead
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

/** Remembers a file's hash, hex, unless the file was changed while it was read. @returns the hash */
function remember(key: string, path: string, hash: Hash): string {
  const digest = hash.digest('hex')
  if (identity(path) === key) known.set(key, digest)
  return digest
}

function identity(path: string): string {
  const { dev, ino, size, mtimeMs, ctimeMs } = statSync(path)
  return [path, dev, ino, size, mtimeMs, ctimeMs].join('\n')
}
