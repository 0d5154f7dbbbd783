import { createHash, randomBytes } from 'node:crypto'
import { createReadStream, readFileSync, statSync } from 'node:fs'
import { rename, unlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/**
 * Remembers what was worked out from a file, for as long as the file's stat stays the same: hashing 100 MB of weights or
 * asking a compiler for its version would be most of the time of a cache hit.
 *
 * Why a stat is enough: `write()` to a file, and replacing it by another, changes its ctime, which no program can set, or
 * its inode. What could slip through is a write within the clock tick of the stat (git's "racily clean" files). So a value
 * is remembered only if the file's ctime was at least `SETTLED_MS` old when the stat was taken, and only if the stat
 * was the same before and after the work. What stays undetected is a write through a mapping (`mmap`, numpy.memmap), which
 * changes the ctime with the first write to a page that is clean, not with later ones until the page has been written
 * back; and a disk that changes bits by itself.
 *
 * @param folder where it is kept beyond this process; `undefined` to keep it in memory only
 * @param kind what is worked out; part of the key beside the path
 */
export async function rememberByStat(
  folder: string | undefined,
  kind: string,
  path: string,
  work: () => Promise<string>,
): Promise<string> {
  const before = fingerprint(path)
  // What is not there has nothing to be remembered by; the work says so in its own words.
  return before ? remembered(folder, kind, [path], before, work) : work()
}

/**
 * The same of what was worked out from several files, each of which may be there or not. Where the work comes to nothing,
 * nothing is remembered.
 */
export async function rememberByStats<Value extends string | undefined>(
  folder: string | undefined,
  kind: string,
  paths: readonly string[],
  work: () => Promise<Value>,
): Promise<Value | string> {
  return remembered(folder, kind, paths, fingerprints(paths), work)
}

/** @param before the fingerprint of the files as they are now */
async function remembered<Value extends string | undefined>(
  folder: string | undefined,
  kind: string,
  paths: readonly string[],
  before: Fingerprint,
  work: () => Promise<Value>,
): Promise<Value | string> {
  const key = createHash('sha256')
    .update([kind, ...paths].join('\0'))
    .digest('hex')
  const known = memory.get(key) ?? readMemo(folder, key)
  if (known?.stat === before.text) {
    memory.set(key, known)
    return known.value
  }
  const value = await work()
  const after = fingerprints(paths)
  if (value !== undefined && after.text === before.text && before.takenMs - before.changedMs >= SETTLED_MS) {
    const memo: Memo = { stat: after.text, value }
    memory.set(key, memo)
    await writeMemo(folder, key, memo)
  }
  return value
}

export interface HashOptions {
  /** What is larger is not read. */
  readonly mostBytes?: number
  readonly signal?: AbortSignal
}

/**
 * sha256 of a file's bytes, hex; remembered.
 *
 * @throws RangeError when it is larger than `mostBytes`
 * @throws the signal's reason when aborted
 */
export function hashFile(folder: string | undefined, path: string, options: HashOptions = {}): Promise<string> {
  const { mostBytes = Infinity, signal } = options
  return rememberByStat(folder, 'sha256', path, async () => {
    signal?.throwIfAborted()
    if ((statSync(path, { throwIfNoEntry: false })?.size ?? 0) > mostBytes)
      throw new RangeError(`${path} has more than ${mostBytes} bytes`)
    const hash = createHash('sha256')
    for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
      signal?.throwIfAborted()
      hash.update(chunk as Buffer)
    }
    return hash.digest('hex')
  })
}

/** Names of memo files within a cache folder. */
export const memoName = /^[0-9a-f]{64}\.memo$/

/** Coarser than the timestamps of the file systems we know: FAT and old HFS+ and NFS count whole or double seconds. */
const SETTLED_MS = 2500

interface Memo {
  readonly stat: string
  readonly value: string
}

const memory = new Map<string, Memo>()

interface Fingerprint {
  readonly text: string
  readonly changedMs: number
  readonly takenMs: number
}

// Synchronous, as all that a cache hit consists of: one small look at a time, for which the way through the thread pool
// and back would take longer than the look itself, most of all on a busy machine.
function fingerprints(paths: readonly string[]): Fingerprint {
  const each = paths.map(fingerprint)
  return {
    text: each.map((one) => one?.text ?? 'none').join(' '),
    changedMs: Math.max(...each.map((one) => one?.changedMs ?? 0)),
    takenMs: Math.min(...each.map((one) => one?.takenMs ?? Infinity)),
  }
}

function fingerprint(path: string): Fingerprint | undefined {
  const takenMs = Date.now()
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  if (!stats) return undefined
  const { dev, ino, size, mtimeNs, ctimeNs } = stats
  const text = [dev, ino, size, mtimeNs, ctimeNs].join(':')
  return { text, changedMs: Number(ctimeNs / 1_000_000n), takenMs }
}

function readMemo(folder: string | undefined, key: string): Memo | undefined {
  if (folder === undefined) return undefined
  try {
    const memo: unknown = JSON.parse(readFileSync(join(folder, `${key}.memo`), 'utf8'))
    return isMemo(memo) ? memo : undefined
  } catch {
    return undefined
  }
}

function isMemo(value: unknown): value is Memo {
  return (
    typeof value === 'object' &&
    value !== null &&
    'stat' in value &&
    typeof value.stat === 'string' &&
    'value' in value &&
    typeof value.value === 'string'
  )
}

/** A memo that can't be written only costs time, so no error leaves here. */
async function writeMemo(folder: string | undefined, key: string, memo: Memo): Promise<void> {
  if (folder === undefined) return
  const temporary = join(folder, temporaryName())
  try {
    await writeFile(temporary, JSON.stringify(memo), { flag: 'wx' })
    await rename(temporary, join(folder, `${key}.memo`))
  } catch {
    await unlink(temporary).catch(() => {})
  }
}

/** Of files and folders on their way into a cache folder: swept when their process is gone. */
export function temporaryName(): string {
  return `tmp-${process.pid}-${randomBytes(8).toString('hex')}`
}
