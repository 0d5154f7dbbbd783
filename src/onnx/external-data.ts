import { createHash } from 'node:crypto'
import { closeSync, constants, fstatSync, openSync, readSync, realpathSync, statSync, type BigIntStats } from 'node:fs'
import { isAbsolute, join, relative, sep } from 'node:path'
import { hashRange, readRange } from './background.ts'
import type { onnx } from './generated/onnx.js'
import type { ModelFile } from './model.ts'
import { type ExternalData, quote, type Site } from './reading.ts'

/** Keys of `external_data`. `basepath` is written by some tools and never used: only the model's directory counts. */
const keys = new Set(['location', 'offset', 'length', 'checksum', 'basepath'])
const chunkBytes = 2 ** 24

interface OpenFile {
  /** Canonical. */
  readonly path: string
  readonly fd: number
  /** As it was when opened; compared again when all is read. */
  readonly stats: BigIntStats
  readonly bytes: number
  /** Of the whole file, in hex; made when a tensor comes with a checksum. */
  sha1?: string
  sha256?: string
}

type Entry = onnx.StringStringEntryProto

/**
 * The external data files of one model: the only place that opens them.
 * A file must be a regular file whose canonical path is inside the canonical directory of the model; links may lead to it
 * as long as they stay inside, hard links are files like any other. It is opened once, everything is read from that
 * descriptor, and offset and length are compared with its size before memory is taken. All files together are bounded
 * as tensors are (`limits.tensorBytes`): a sparse file of a terabyte costs nothing to make and hours to hash.
 *
 * `prefetch` and `prehash` do in the background what `read` and `files` otherwise do at once.
 */
export class ExternalFiles implements ExternalData {
  readonly #directory: string
  readonly #byLocation = new Map<string, OpenFile>()
  readonly #byPath = new Map<string, OpenFile>()
  /** By the list that names the data. */
  readonly #fetched = new Map<readonly Entry[], Uint8Array>()
  #bytes = 0

  /** `directory` is the one that the model file is in. */
  constructor(directory: string) {
    this.#directory = directory
  }

  /** The `expected` bytes of one tensor. `entries` is its `external_data`. */
  read(entries: readonly Entry[], expected: number, site: Site): Uint8Array {
    const { file, location, offset } = this.#find(entries, expected, site)
    return this.#fetched.get(entries) ?? bytesOf(file, offset, expected, location, site)
  }

  contents(location: string, site: Site): Uint8Array {
    const file = this.#byLocation.get(checkLocation(location, site)) ?? this.#open(location, site)
    return bytesOf(file, 0, file.bytes, location, site)
  }

  /**
   * Reads the data of one tensor, for `read` to give.
   *
   * @throws ModelError as `read`
   * @throws the signal's reason when aborted
   */
  async prefetch(entries: readonly Entry[], expected: number, site: Site, signal?: AbortSignal): Promise<void> {
    const { checksum, location } = parseEntries(entries, site)
    const opened = this.#byLocation.get(location) ?? this.#open(location, site)
    if (checksum !== undefined) opened.sha1 ??= await hashRange('sha1', opened, signal)
    const { file, offset } = this.#find(entries, expected, site)
    const data = site.wire(() => new Uint8Array(expected))
    if ((await readRange(file.fd, data, offset, signal)) === expected) this.#fetched.set(entries, data)
  }

  /** Hashes the files read so far, for `files` to give. @throws the signal's reason when aborted */
  async prehash(signal?: AbortSignal): Promise<void> {
    for (const file of this.#byPath.values()) file.sha256 = await hashRange('sha256', file, signal)
  }

  /** The file of a tensor and where in it its `expected` bytes are, which has been checked. */
  #find(
    entries: readonly Entry[],
    expected: number,
    site: Site,
  ): { readonly file: OpenFile; readonly location: string; readonly offset: number } {
    const { location, offset, length, checksum } = parseEntries(entries, site)
    const file = this.#byLocation.get(location) ?? this.#open(location, site)
    if (length !== undefined && length !== expected) {
      fail(
        site,
        `needs ${expected} bytes for its shape, and its external data has ${length}`,
        'Export the model again.',
      )
    }
    if (offset + expected > file.bytes) {
      fail(
        site,
        `needs bytes ${offset} to ${offset + expected} of ${quote(location)}, which has ${file.bytes}`,
        'The file is truncated or belongs to another model: download or export it again.',
      )
    }
    if (checksum !== undefined && checksum !== (file.sha1 ??= digest('sha1', file))) {
      fail(site, `has a SHA-1 checksum that ${quote(location)} does not match`, 'Download or export the file again.')
    }
    return { file, location, offset }
  }

  /**
   * The files read so far, each under the name that the model has for it: two links to one file are two.
   * Throws when one of them changed meanwhile: its hash would not be that of the data.
   */
  files(site: Site): ModelFile[] {
    const hashes = new Map([...this.#byPath.values()].map((file) => [file, this.#settledHash(file, site)]))
    const named = new Map([...this.#byLocation].map(([location, file]) => [join(this.#directory, location), file]))
    return [...named].map(([path, file]) => ({ path, bytes: file.bytes, sha256: hashes.get(file)! }))
  }

  #settledHash(file: OpenFile, site: Site): string {
    const sha256 = file.sha256 ?? digest('sha256', file)
    const now = fstatSync(file.fd, { bigint: true })
    if (now.mtimeNs !== file.stats.mtimeNs || now.size !== file.stats.size) {
      fail(site, `has external data in ${quote(file.path)}, which changed while it was read`, 'Try again.')
    }
    return sha256
  }

  close(): void {
    for (const { fd } of this.#byPath.values()) closeSync(fd)
    this.#byPath.clear()
    this.#byLocation.clear()
    this.#fetched.clear()
  }

  #open(location: string, site: Site): OpenFile {
    const named = join(this.#directory, location)
    const path = this.#contained(named, location, site)
    const file = this.#byPath.get(path) ?? this.#openPath(path, named, location, site)
    this.#byPath.set(path, file)
    this.#byLocation.set(location, file)
    return file
  }

  #openPath(path: string, named: string, location: string, site: Site): OpenFile {
    const fd = this.#attempt(location, site, () => openSync(path, openFlags))
    try {
      const stats = fstatSync(fd, { bigint: true })
      if (!stats.isFile())
        fail(site, `has its data in ${quote(location)}, which is not a regular file`, 'Export it again.')
      // What was opened must be what stands at a contained path now: a folder exchanged for a link in between is noticed.
      const again = statSync(this.#contained(named, location, site), { bigint: true })
      if (again.dev !== stats.dev || again.ino !== stats.ino) {
        fail(site, `has its data in ${quote(location)}, which was replaced while it was opened`, 'Try again.')
      }
      const bytes = Number(stats.size)
      const total = this.#bytes + bytes
      site.bound('tensorBytes', total, `external files of ${total} bytes (${quote(location)} has ${bytes})`)
      this.#bytes = total
      return { path, fd, stats, bytes }
    } catch (error) {
      closeSync(fd)
      throw error
    }
  }

  /** Canonical path of `named`, which must be in the canonical directory of the model. */
  #contained(named: string, location: string, site: Site): string {
    const path = this.#attempt(location, site, () => realpathSync(named))
    const inside = relative(realpathSync(this.#directory), path)
    if (inside === '..' || inside.startsWith(`..${sep}`) || isAbsolute(inside)) {
      fail(
        site,
        `has its data in ${quote(location)}, a link out of the model's directory`,
        'Put a copy of the file there instead.',
      )
    }
    return path
  }

  #attempt<T>(location: string, site: Site, open: () => T): T {
    try {
      return open()
    } catch (error) {
      const code = (error as NodeJS.ErrnoException).code ?? String(error)
      const why = code === 'ENOENT' ? 'is missing' : `can't be opened (${code})`
      return fail(
        site,
        `has its data in ${quote(location)}, which ${why}`,
        `Put the file into ${this.#directory}, beside the model.`,
      )
    }
  }
}

// O_NONBLOCK: opening a pipe must not wait for its other end. Windows has neither flag.
const openFlags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0)

interface Entries {
  readonly location: string
  readonly offset: number
  readonly length: number | undefined
  /** SHA-1 of the whole file, lower-case hex. */
  readonly checksum: string | undefined
}

function parseEntries(entries: readonly Entry[], site: Site): Entries {
  const found = new Map<string, string>()
  for (const entry of entries) {
    const key = entry.key ?? ''
    if (!keys.has(key))
      fail(site, `has the unknown key ${quote(key)} in its external data`, `Known are ${[...keys].join(', ')}.`)
    if (found.has(key)) fail(site, `has the key ${quote(key)} twice in its external data`, 'Export the model again.')
    found.set(key, entry.value ?? '')
  }
  const size = (key: string): number | undefined => {
    const text = found.get(key)
    if (text === undefined) return undefined
    const value = Number(text)
    if (!/^\d+$/.test(text) || !Number.isSafeInteger(value)) {
      fail(site, `has ${quote(text)} as the ${key} of its external data`, 'It must be a number of bytes, zero or more.')
    }
    return value
  }
  return {
    location: checkLocation(found.get('location') ?? '', site),
    offset: size('offset') ?? 0,
    length: size('length'),
    checksum: found.get('checksum')?.toLowerCase(),
  }
}

/** A relative POSIX path without `..`; what Windows would read as a drive, share or stream is refused everywhere. */
function checkLocation(location: string, site: Site): string {
  const parts = location.split('/')
  if (location === '' || parts[0] === '' || parts.includes('..') || /[\\:\0]/.test(location)) {
    fail(
      site,
      `has the forbidden location ${quote(location)} for its external data`,
      "It must be a relative path with forward slashes that stays in the model's directory.",
    )
  }
  return location
}

function bytesOf({ fd }: OpenFile, offset: number, length: number, location: string, site: Site): Uint8Array {
  const data = site.wire(() => new Uint8Array(length))
  for (let done = 0; done < length;) {
    const read = readSync(fd, data, done, Math.min(length - done, 2 ** 30), offset + done)
    if (read === 0) fail(site, `lost its end while ${quote(location)} was read`, 'Try again when nothing writes to it.')
    done += read
  }
  return data
}

/** Hex digest of a whole open file. */
function digest(algorithm: 'sha256' | 'sha1', { fd, bytes }: OpenFile): string {
  const hash = createHash(algorithm)
  const chunk = new Uint8Array(Math.min(bytes, chunkBytes))
  for (let pos = 0; pos < bytes;) {
    const read = readSync(fd, chunk, 0, chunk.length, pos)
    if (read === 0) break
    hash.update(chunk.subarray(0, read))
    pos += read
  }
  return hash.digest('hex')
}

function fail(site: Site, text: string, advice: string): never {
  return site.fail('MODEL_EXTERNAL_DATA', `${text}. ${advice}`)
}
