import type { Stats } from 'node:fs'
import { lstat, readdir, readFile, rename, rm, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fileName, type Manifest, manifestName, readManifest } from './entry.ts'
import { memoName, temporaryName } from './file-memo.ts'
import { ageOf, DAY_MS } from './folder.ts'

/** An entry as `cache list` shows it. */
export interface ListedEntry {
  readonly key: string
  /** Of its files together. */
  readonly bytes: number
  /** When it was last made or read. */
  readonly used: Date
  readonly meta: unknown
}

/** What was put in place so recently may belong to an entry whose manifest is still to come. */
const GRACE_MS = 10 * 60 * 1000

/** Below a cache folder: where what is being made is put together. */
export const STAGING = 'staging'

const temporaryFile = /^tmp-\d+-[0-9a-f]+$/
const lockName = /^[0-9a-f]{64}\.lock$/

/** Entries of a cache folder, the most recently used first. Their files are not checked. */
export async function list(folder: string): Promise<ListedEntry[]> {
  const found = await manifests(folder)
  return found.map(({ manifest, used }) => ({
    key: manifest.key,
    bytes: Object.values(manifest.files).reduce((sum, file) => sum + file.bytes, 0),
    used: new Date(used),
    meta: manifest.meta,
  }))
}

/** Removes every entry and memo, but nothing that a running build is using to make one, and no file that isn't ours. */
export async function clear(folder: string): Promise<number> {
  const names = await namesIn(folder)
  let freed = 0
  // Manifests first: an entry without files would be found damaged by who reads it right now.
  for (const pattern of [manifestName, fileName, memoName]) {
    for (const name of names.filter((candidate) => pattern.test(candidate))) freed += await remove(folder, name)
  }
  return freed
}

/** What is kept of a cache. */
export interface Limits {
  /** Of files together. */
  readonly bytes: number
  /** Entries that were not used for so many ms go, however few they are. Default: none do. */
  readonly unused?: number
  /** Entries that were used within so many ms stay, however many they are: who runs may have them open. Default: 0. */
  readonly inUse?: number
}

/** What a cache is kept to without being asked. */
export const usualLimits: Limits = { bytes: 20 * 1024 ** 3, unused: 30 * DAY_MS, inUse: DAY_MS }

/** Removes the entries not used for longest until the rest is within limits, then files that no entry names. Returns the bytes freed. */
export async function prune(folder: string, { bytes: most, unused = Infinity, inUse = 0 }: Limits): Promise<number> {
  const started = Date.now()
  const kept = new Set<string>()
  const dropped = new Set<string>()
  let total = 0
  let freed = 0
  for (const { manifest, used } of await manifests(folder)) {
    const files = new Map(Object.values(manifest.files).map(({ name, bytes }) => [name, bytes]))
    for (const [name, bytes] of files) if (!kept.has(name)) total += bytes
    const age = started - used
    // A time in the future, by a clock that was wrong, is none of use.
    const stays = Math.abs(age) < inUse || (total <= most && age <= unused)
    const removed = stays
      ? undefined
      : await removeUnless(folder, `${manifest.key}.json`, ({ mtimeMs }) => mtimeMs !== used)
    freed += removed ?? 0
    const into = removed === undefined ? kept : dropped
    for (const name of files.keys()) into.add(name)
  }
  for (const name of await namesIn(folder)) {
    if (!fileName.test(name) || kept.has(name)) continue
    const grace = dropped.has(name) ? Math.min(inUse, GRACE_MS) : GRACE_MS
    // Written since we looked, or by a build that has yet to write its manifest.
    const isUsed = ({ mtimeMs }: Stats): boolean => Math.abs(Date.now() - mtimeMs) < Date.now() - started + grace
    freed += (await removeUnless(folder, name, isUsed)) ?? 0
  }
  return freed
}

/** Removes what killed processes left behind a day ago or earlier, memos that are a month old, and what is beyond the limits. */
export async function sweep(folder: string, limits: Limits): Promise<void> {
  const names = await namesIn(folder)
  const isOurs = await lstat(join(folder, STAGING)).then(
    (info) => info.isDirectory(),
    () => false,
  )
  const staged = isOurs ? (await namesIn(join(folder, STAGING))).map((name) => join(STAGING, name)) : []
  const unfinished = names.filter((name) => temporaryFile.test(name) || lockName.test(name))
  await removeOlder(folder, [...unfinished, ...staged], DAY_MS)
  await removeOlder(
    folder,
    names.filter((name) => memoName.test(name)),
    30 * DAY_MS,
  )
  await prune(folder, limits)
}

async function removeOlder(folder: string, names: readonly string[], limit: number): Promise<void> {
  for (const name of names) {
    const age = await ageOf(join(folder, name))
    if (age !== undefined && age > limit) await remove(folder, name)
  }
}

async function manifests(folder: string): Promise<{ manifest: Manifest; used: number }[]> {
  const found: { manifest: Manifest; used: number }[] = []
  for (const name of await namesIn(folder)) {
    const key = manifestName.exec(name)?.[1]
    if (key === undefined) continue
    try {
      const path = join(folder, name)
      const { mtimeMs } = await stat(path)
      const manifest = readManifest(await readFile(path, 'utf8'), key)
      if (manifest !== undefined) found.push({ manifest, used: mtimeMs })
      else if (Date.now() - mtimeMs > DAY_MS) await rm(path) // damaged, and nobody asks for it
    } catch {
      // Removed since the folder was listed.
    }
  }
  return found.sort((a, b) => b.used - a.used)
}

function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => [])
}

/**
 * Removes a file unless it turns out to be in use: it is first taken away from whoever looks for it, then looked at, and given back. Who reads
 * it marks it as used before and sees whether it is there after: nobody is left with a file that is gone.
 *
 * @returns the bytes freed, none if it was gone already; `undefined` where it stays
 */
async function removeUnless(
  folder: string,
  name: string,
  isUsed: (info: Stats) => boolean,
): Promise<number | undefined> {
  const [path, taken] = [join(folder, name), join(folder, temporaryName())]
  try {
    if (isUsed(await stat(path))) return undefined
    await rename(path, taken)
    if (!isUsed(await stat(taken))) return await remove(folder, basename(taken))
    await rename(taken, path)
    return undefined
  } catch (error) {
    // Opened by somebody on Windows, or not ours to remove.
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? 0 : undefined
  }
}

/** Returns the bytes freed: none if it is gone already, or can't be removed, like a library that Windows has loaded. */
async function remove(folder: string, name: string): Promise<number> {
  const path = join(folder, name)
  try {
    const { size } = await stat(path)
    await rm(path, { recursive: true })
    return size
  } catch {
    return 0
  }
}
