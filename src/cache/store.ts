import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EnvironmentError } from '../errors/index.ts'
import { diskError, makeFolder } from './disk.ts'
import { type Entry, manifestName } from './entry.ts'
import { readEntry, writeEntry } from './entry-files.ts'
import { hashFile, type HashOptions } from './file-memo.ts'
import { makePrivateFolder } from './folder.ts'
import { acquireLock } from './lock.ts'
import { clear, type Limits, list, type ListedEntry, prune, STAGING, sweep, usualLimits } from './maintenance.ts'

/** Something just made, to be stored. */
export interface Made {
  /** Files by role; they are copied, and keep their extension. */
  readonly files: Readonly<Record<string, string>>
  /** Facts about them: anything that JSON can hold. */
  readonly meta: unknown
  /** Folder to remove when the files have been copied. */
  readonly staging?: string
}

export interface GetOrMakeOptions {
  readonly signal?: AbortSignal
  /** Milliseconds to wait for another process that is making the same entry; default 15 minutes. */
  readonly timeout?: number
}

/**
 * Content-addressed files with a manifest per key, shared by processes. No entry is ever seen half-written: files and
 * manifests come in place by renaming, files first. Every read checks every byte, or that nobody touched the file since
 * that was done. What is damaged is removed and counts as missing.
 *
 * Where the folder can't be written, a warning is given once and entries go to a folder of this process.
 */
export class Store {
  /** `undefined` where there is no cache beyond this process. */
  readonly folder: string | undefined
  private readonly warn: (line: string) => void
  private readonly limits: Limits
  private readonly running = new Map<string, { made: Promise<Entry>; signal: AbortSignal | undefined }>()
  private overflow: Promise<string> | undefined
  private swept: Promise<void> | undefined

  /** @param limits what the folder is kept to, as the first thing is put into it */
  constructor(folder: string | undefined, warn: (line: string) => void, limits = usualLimits) {
    this.folder = folder
    this.warn = warn
    this.limits = limits
  }

  /** sha256 of any file, hex; remembered as long as the file's stat stays the same. */
  hashFile(path: string, options?: HashOptions): Promise<string> {
    return hashFile(this.folder, path, options)
  }

  /** @param key sha256, hex */
  async get(key: string): Promise<Entry | undefined> {
    expectKey(key)
    const kept = this.folder === undefined ? undefined : await readEntry(this.folder, key)
    return kept ?? (this.overflow === undefined ? undefined : readEntry(await this.overflow, key))
  }

  /** @throws EnvironmentError `ENVIRONMENT_DISK` when not even the system's folder for temporary files takes it */
  async put(key: string, made: Made): Promise<Entry> {
    expectKey(key)
    return this.writing(async (folder) => {
      // What can't be tidied is no reason to keep nothing.
      this.swept ??= sweep(folder, this.limits).catch(() => {})
      await this.swept
      return writeEntry(folder, key, made)
    })
  }

  /**
   * The entry under a key, made if it is missing. Calls at the same time, also from other processes, make it once.
   *
   * @param make is given an existing folder to make its staging folders in; it may be called again with another one when that is full
   */
  async getOrMake(
    key: string,
    make: (stagingRoot: string) => Promise<Made>,
    options: GetOrMakeOptions = {},
  ): Promise<{ entry: Entry; cached: boolean }> {
    const hit = await this.get(key)
    if (hit !== undefined) return { entry: hit, cached: true }
    for (let other = this.running.get(key); other !== undefined; other = this.running.get(key)) {
      try {
        return { entry: await other.made, cached: true }
      } catch (error) {
        // Whoever was first has given up; that is no reason for us to.
        if (!other.signal?.aborted || options.signal?.aborted) throw error
      }
    }
    let cached = false
    const made = this.withLock(key, options, async () => {
      const meanwhile = await this.get(key)
      cached = meanwhile !== undefined
      return meanwhile ?? this.make(key, make)
    })
    this.running.set(key, { made, signal: options.signal })
    try {
      return { entry: await made, cached }
    } finally {
      this.running.delete(key)
    }
  }

  /** Entries kept between processes, the most recently used first. */
  async list(): Promise<ListedEntry[]> {
    return this.folder === undefined ? [] : list(this.folder)
  }

  /** Removes all entries. Returns the bytes freed. */
  async clear(): Promise<number> {
    return this.folder === undefined ? 0 : clear(this.folder)
  }

  /** Removes the entries not used for longest until the rest has at most `maxBytes`. Returns the bytes freed. */
  async prune(maxBytes: number): Promise<number> {
    return this.folder === undefined ? 0 : prune(this.folder, { bytes: maxBytes })
  }

  private async make(key: string, make: (stagingRoot: string) => Promise<Made>): Promise<Entry> {
    const made = await this.writing(async (folder) => {
      const stagingRoot = join(folder, STAGING)
      await makeFolder(stagingRoot)
      return make(stagingRoot).catch((error: unknown) => {
        throw diskError(error, stagingRoot)
      })
    })
    try {
      return await this.put(key, made)
    } finally {
      if (made.staging !== undefined) await rm(made.staging, { recursive: true, force: true })
    }
  }

  private async withLock<Result>(key: string, options: GetOrMakeOptions, work: () => Promise<Result>): Promise<Result> {
    const folder = await this.writableFolder()
    await makeFolder(folder).catch(() => {}) // where it can't be made there is no lock either
    const lock = await acquireLock(join(folder, `${key}.lock`), options)
    try {
      return await work()
    } finally {
      await lock.release()
    }
  }

  /** Does something that writes to the folder, and does it again in a folder of this process where it is refused. */
  async writing<Result>(work: (folder: string) => Promise<Result>): Promise<Result> {
    const folder = await this.writableFolder()
    try {
      return await work(folder)
    } catch (error) {
      if (!isDiskError(error) || folder !== this.folder) throw error
      if (this.overflow === undefined) this.warn(`${error.message} Going on without a cache.`)
      return work(await this.useOverflow())
    }
  }

  private async writableFolder(): Promise<string> {
    return this.overflow === undefined && this.folder !== undefined ? this.folder : this.useOverflow()
  }

  private useOverflow(): Promise<string> {
    this.overflow ??= makePrivateFolder()
    return this.overflow
  }
}

function isDiskError(error: unknown): error is EnvironmentError {
  return error instanceof EnvironmentError && error.code === 'ENVIRONMENT_DISK'
}

function expectKey(key: string): void {
  if (!manifestName.test(`${key}.json`)) throw new TypeError(`cache key: expected 64 hex digits, got "${key}"`)
}
