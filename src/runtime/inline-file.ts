import { randomUUID } from 'node:crypto'
import {
  accessSync,
  constants,
  mkdirSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { dirname, join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { ModelLoadError } from './errors.ts'
import { hasContents } from './integrity.ts'
import { ownFolders } from './own-folder.ts'

/** A native file that is in the JavaScript, because nothing beside it would reach the machine that runs it. */
export interface InlineFile {
  /** `folder/name`; the folder's name says what is in it, the file's is what libraries ask for. */
  readonly path: string
  /** Of the file, hex. */
  readonly sha256: string
  /** `() => "…"` each, pieces that can be decoded by themselves: functions, so that nothing becomes of them at the program's start. */
  readonly base64: readonly (() => string)[]
  /** Characters of all pieces. */
  readonly length: number
  readonly isCompressed?: boolean
}

const DAY_MS = 24 * 3600 * 1000

/**
 * Brings a file to where the operating system can load it: to a folder of this user's own, once for all processes. What is
 * there already is used if it has the contents that the build made.
 *
 * @returns a function that does it when the model (whose name it is given) is loaded, and gives the path; throws a
 *   `ModelLoadError` where there is no place for it
 */
export function inlineFile(file: InlineFile): (model: string) => string {
  return (model) => {
    const refusals: string[] = []
    for (const folder of ownFolders) {
      try {
        return placed(file, folder(), model)
      } catch (error) {
        if (error instanceof ModelLoadError) throw error
        refusals.push((error as Error).message)
      }
    }
    throw new ModelLoadError(
      'LOAD_PLACE',
      `${model}: its native code is in the JavaScript (files=inline), and the system loads it from files only, for which ` +
        `there is no place: ${refusals.join('; ')}. Name a folder that this user can write to, and that is not mounted ` +
        `noexec, in XDG_CACHE_HOME or TMPDIR; or build with files=url or the option files: { dir }`,
    )
  }
}

function placed(file: InlineFile, root: string, model: string): string {
  const path = join(root, file.path)
  if (isThere(path, file.sha256)) {
    keep(dirname(path))
  } else {
    write(path, file)
    if (!hasContents(path, file.sha256))
      throw new ModelLoadError(
        'LOAD_CHANGED',
        `${model}: what the JavaScript has of ${file.path} is not what the build made (its sha256 is another); build again`,
      )
    removeUnused(root)
  }
  // Tells of folders on file systems that are mounted `noexec`, too.
  accessSync(path, constants.X_OK)
  return path
}

function isThere(path: string, sha256: string): boolean {
  try {
    return hasContents(path, sha256)
  } catch {
    return false
  }
}

/** Other processes may be at the same: the file comes in place whole. */
function write(path: string, { base64, length, isCompressed }: InlineFile): void {
  const bytes = Buffer.concat(textsOf(base64, length).map((text) => Buffer.from(text, 'base64')))
  const part = `${path}.${randomUUID()}`
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
  try {
    writeFileSync(part, isCompressed ? gunzipSync(bytes) : bytes, { flag: 'wx', mode: 0o700 })
    renameSync(part, path)
  } finally {
    rmSync(part, { force: true })
  }
}

/**
 * What functions like `() => "…"` give, out of their source: the engine keeps that anyway, and of a function that was called it
 * keeps the string, too, for ever. Where tools made something else of the functions they are called.
 */
function textsOf(pieces: InlineFile['base64'], length: number): readonly string[] {
  const literals = pieces.map((give) => {
    const source = String(give)
    const start = source.search(/["'`]/) + 1
    return source.slice(start, source.lastIndexOf(source[start - 1]!))
  })
  const found = literals.reduce((sum, { length: each }) => sum + each, 0)
  return found === length ? literals : pieces.map((give) => give())
}

/** Marks a folder as used today. */
function keep(folder: string): void {
  try {
    const now = new Date()
    if (now.getTime() - statSync(folder).mtimeMs > DAY_MS) utimesSync(folder, now, now)
  } catch {
    // Where nothing can be written, nothing is removed either.
  }
}

/** Removes what no program has used for a month: old versions, that nobody else would. Every program has its files in it. */
function removeUnused(root: string): void {
  for (const name of readdirSync(root)) {
    const folder = join(root, name)
    try {
      if (Date.now() - statSync(folder).mtimeMs > 30 * DAY_MS) rmSync(folder, { recursive: true, force: true })
    } catch {
      // Another process was first.
    }
  }
}
