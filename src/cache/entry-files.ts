import { createHash } from 'node:crypto'
import {
  closeSync,
  copyFileSync,
  createReadStream,
  existsSync,
  fsync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
} from 'node:fs'
import { constants, copyFile, rename, rm, unlink, writeFile } from 'node:fs/promises'
import { dirname, extname, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import { diskError, makeFolder } from './disk.ts'
import { type Entry, fileName, type Manifest, readManifest, type StoredFile, writeManifest } from './entry.ts'
import { hashFile, temporaryName } from './file-memo.ts'

type NamedFile = Manifest['files'][string]

/** The sound entry under a key; a damaged one is removed. */
export async function readEntry(folder: string, key: string): Promise<Entry | undefined> {
  const path = join(folder, `${key}.json`)
  try {
    const manifest = readManifest(readFileSync(path, 'utf8'), key)
    // First, so that who prunes meanwhile sees that it is used; and who was faster has it, with all that is in it.
    touchManifest(path)
    const files = Object.entries(manifest?.files ?? {})
    const sound = await Promise.all(files.map(([, file]) => isSound(folder, file)))
    if (manifest !== undefined && sound.every(Boolean) && existsSync(path))
      return { files: located(folder, manifest.files), meta: manifest.meta }
    await unlink(path)
    const damaged = files.filter((_, i) => !sound[i]).map(([, { name }]) => name)
    await Promise.all(
      damaged
        .filter((name) => fileName.test(name))
        .map((name) => rm(join(folder, name), { recursive: true, force: true })),
    )
  } catch {
    // Not there, or not readable right now, or not removable: then it is missing, and will be made again.
  }
  return undefined
}

/**
 * Copies files in and writes the manifest after them.
 *
 * @throws EnvironmentError `ENVIRONMENT_DISK`
 */
export async function writeEntry(
  folder: string,
  key: string,
  { files, meta }: { files: Readonly<Record<string, string>>; meta: unknown },
): Promise<Entry> {
  await makeFolder(folder)
  try {
    const named: Record<string, NamedFile> = {}
    for (const [role, source] of Object.entries(files)) named[role] = await addFile(folder, source)
    await addManifest(folder, { key, files: named, meta })
    return { files: located(folder, named), meta }
  } catch (error) {
    throw diskError(error, folder)
  }
}

async function addFile(folder: string, source: string): Promise<NamedFile> {
  const temporary = join(folder, temporaryName())
  try {
    // A clone where the file system can. Never a link: whoever has the source could still write to it.
    await copyFile(source, temporary, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    const { sha256, bytes } = await hashAndFlush(temporary)
    const named = sha256 + extname(source).toLowerCase()
    const file = { name: fileName.test(named) ? named : `${sha256}.bin`, sha256, bytes }
    const path = join(folder, file.name)
    // The same library under another key, or another process was first. The new time keeps `prune` away from it, unless it was faster.
    if (!((await isSound(folder, file)) && touch(path))) await moveInto(temporary, path, () => isSound(folder, file))
    return file
  } finally {
    await rm(temporary, { force: true })
  }
}

async function addManifest(folder: string, manifest: Manifest): Promise<void> {
  const temporary = join(folder, temporaryName())
  const path = join(folder, `${manifest.key}.json`)
  try {
    await writeFile(temporary, writeManifest(manifest), { flag: 'wx' })
    await flush(temporary)
    await moveInto(temporary, path, async () => (await readEntry(folder, manifest.key)) !== undefined)
  } finally {
    await rm(temporary, { force: true })
  }
}

/** Reads back what the copy really holds, and has it on the disk before anything names it. */
async function hashAndFlush(path: string): Promise<{ sha256: string; bytes: number }> {
  await flush(path)
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    hash.update(chunk as Buffer)
    bytes += (chunk as Buffer).length
  }
  return { sha256: hash.digest('hex'), bytes }
}

/** By a plain descriptor: the `FileHandle` of what stands in for Node's own file system, as Yarn's Plug'n'Play, has no `sync`. */
async function flush(path: string): Promise<void> {
  const file = openSync(path, 'r+')
  try {
    await promisify(fsync)(file)
  } finally {
    closeSync(file)
  }
}

/**
 * Renames over what is there. Windows refuses while somebody has that open: a loaded library, which is then the very
 * content that we bring, or a virus scanner, which soon goes away.
 */
async function moveInto(temporary: string, path: string, isThere: () => Promise<boolean>): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(temporary, path)
      return
    } catch (error) {
      if (await isThere()) return
      if (process.platform !== 'win32' || attempt === 5) throw error
      await delay(50 * attempt)
    }
  }
}

/** @throws the system's error when it can't be told */
async function isSound(folder: string, { name, sha256, bytes }: NamedFile): Promise<boolean> {
  if (!fileName.test(name)) return false
  const path = join(folder, name)
  return statSync(path, { throwIfNoEntry: false })?.size === bytes && (await hashFile(folder, path)) === sha256
}

/** Whether that was possible: the file may be gone, or another user's, and the folder read-only. */
function touch(path: string): boolean {
  const now = new Date()
  try {
    utimesSync(path, now, now)
    return true
  } catch {
    return false
  }
}

/** Of another user's there is a copy of our own in its place, if we may write to the folder: only its owner may give a file a time. */
function touchManifest(path: string): void {
  if (touch(path)) return
  const temporary = join(dirname(path), temporaryName())
  try {
    copyFileSync(path, temporary)
    renameSync(temporary, path)
  } catch {
    rmSync(temporary, { force: true })
  }
}

function located(folder: string, files: Manifest['files']): Record<string, StoredFile> {
  const entries = Object.entries(files)
  return Object.fromEntries(
    entries.map(([role, { name, sha256, bytes }]) => [role, { path: join(folder, name), sha256, bytes }]),
  )
}
