import { randomUUID } from 'node:crypto'
import { copyFile, mkdir, rename, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { hashFile } from '../cache/file-memo.ts'
import { UsageError } from '../errors/index.ts'
import type { EmittedFile } from './files.ts'
import type { Host } from './host.ts'

/** A folder of the user's own for what runs in Node, which no bundler knows of. */
export interface FilesFolder {
  /** Where the build writes them: from the working directory of the build, which is the project's as a rule. */
  readonly dir: string
  /**
   * Where the program finds that folder: `./` or `../` and on from the file of the final code, or absolute (`/opt/models`).
   * Default: `dir` from the working directory of the program.
   */
  readonly path?: string
}

/** @throws UsageError `USAGE_OPTION`: a configuration that nobody has type-checked */
export function checkedFolder(folder: FilesFolder): FilesFolder {
  const { dir, path = dir, ...others }: { readonly dir?: unknown; readonly path?: unknown } = folder
  const isText = [dir, path].every((part) => typeof part === 'string' && part !== '')
  if (isText && Object.keys(others).length === 0) return folder
  const given = JSON.stringify(folder)
  const message = `The option files must be a word, or { dir: 'models', path: '../models' } with path or without, not ${given}.`
  throw new UsageError('USAGE_OPTION', message, { option: 'files', given })
}

/** Places a file in a user's folder; gives a JavaScript expression for where it is then. */
export async function placeInFolder(
  { dir, path = dir }: FilesFolder,
  file: EmittedFile,
  { code }: Pick<Host, 'code'>,
): Promise<string> {
  const { fileName } = file
  await copyInto(join(resolve(dir), fileName), file)
  const there = `${path.replace(/\/$/, '')}/${fileName}`
  if (path.startsWith('/')) return JSON.stringify(there)
  return /^\.\.?(\/|$)/.test(path)
    ? `new URL(${JSON.stringify(there.split('/').map(encodeURIComponent).join('/'))}, ${code ?? 'import.meta.url'})`
    : `process.cwd() + ${JSON.stringify(`/${there}`)}`
}

/**
 * Several processes may be at it: the file comes in place whole. What is there is used if it is the same: a name need not tell
 * (that of constants is onnx-mlir's), and a file that was changed is what a new build is to put right.
 */
export async function copyInto(
  path: string,
  { source, sha256 }: Pick<EmittedFile, 'source' | 'sha256'>,
): Promise<void> {
  const [there, wanted] = await Promise.all([stat(path).catch(() => undefined), stat(source)])
  if (there?.size === wanted.size && (await hashFile(undefined, path).catch(() => undefined)) === sha256) return
  await mkdir(dirname(path), { recursive: true })
  const part = `${path}.${randomUUID()}`
  await copyFile(source, part)
  await rename(part, path)
}
