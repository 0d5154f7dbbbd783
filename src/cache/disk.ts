import { existsSync } from 'node:fs'
import { copyFile, mkdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { EnvironmentError } from '../errors/index.ts'

/** What the system says when a folder can't take a file, whoever is to blame. */
const refusals: Readonly<Record<string, string>> = {
  ENOSPC: 'the disk is full',
  EDQUOT: 'your disk quota is used up',
  EROFS: 'the file system is read-only',
  EACCES: 'you may not write there',
  EPERM: 'you may not write there',
  ENOTDIR: 'part of that path is a file, not a folder',
  EEXIST: 'a file is in the place of a folder',
  EMFILE: 'too many files are open',
  ENFILE: 'too many files are open',
}

/** Why a disk refused a write, or `undefined` when the error is about something else. */
function refusal(error: unknown): string | undefined {
  const code = errno(error)?.code ?? ''
  return Object.hasOwn(refusals, code) ? refusals[code] : undefined
}

/** Whether an error is about files of `folder`. Those of a full disk name no file, but only come from writing. */
function concerns(error: unknown, folder: string): boolean {
  const { code = '', path, dest } = errno(error) ?? {}
  return ['ENOSPC', 'EDQUOT', 'EROFS'].includes(code) || [path, dest].some((file) => file?.startsWith(folder))
}

type SystemError = NodeJS.ErrnoException & { readonly dest?: string }

function errno(error: unknown): SystemError | undefined {
  return error instanceof Error && 'code' in error ? (error as SystemError) : undefined
}

/** How folders of the cache are moved elsewhere; others say their own way. */
const CACHE_OPTION = 'set ONNX_MLIR_CACHE_DIR to another folder'

/** A clear error where the error says that `folder` refused a write; any other error is returned as it is. */
export function diskError(error: unknown, folder: string, otherwise = CACHE_OPTION): unknown {
  const why = refusal(error)
  return why === undefined || !concerns(error, folder) ? error : cannotWrite(folder, why, otherwise, error)
}

/**
 * Makes a folder and those above it.
 *
 * @throws EnvironmentError `ENVIRONMENT_DISK`, whatever the system says: ENOENT is what /proc and absent drives answer
 */
export async function makeFolder(folder: string, otherwise = CACHE_OPTION): Promise<void> {
  try {
    await makeEach(resolve(folder))
  } catch (error) {
    throw cannotWrite(folder, refusal(error) ?? "it can't be made", otherwise, error)
  }
}

/** Not the `recursive` of `mkdir`: in a folder that exists and answers ENOENT, like /proc, that never ends (Node 20). */
async function makeEach(folder: string): Promise<void> {
  try {
    await mkdir(folder)
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !existsSync(dirname(folder))) {
      await makeEach(dirname(folder))
      return makeEach(folder)
    }
    const isThere = await stat(folder).then(
      (info) => info.isDirectory(),
      () => false,
    )
    if (!isThere) throw error
  }
}

/**
 * Copies a file by renaming: nobody sees half of it, and a program that has the old one loaded keeps its pages.
 *
 * @throws EnvironmentError `ENVIRONMENT_DISK` where its folder can't take it
 */
export async function copyWhole(source: string, file: string, otherwise = CACHE_OPTION): Promise<void> {
  const temporary = `${file}.${process.pid}.tmp`
  try {
    await copyFile(source, temporary)
    await rename(temporary, file)
  } catch (error) {
    await rm(temporary, { force: true })
    throw diskError(error, dirname(file), otherwise)
  }
}

function cannotWrite(folder: string, why: string, otherwise: string, cause: unknown): EnvironmentError {
  const message = `Can't write to ${folder}: ${why}. Make room, or ${otherwise}.`
  return new EnvironmentError('ENVIRONMENT_DISK', message, { folder, why }, { cause })
}
