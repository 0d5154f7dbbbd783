import { mkdir } from 'node:fs/promises'
import { EnvironmentError } from '../errors.ts'

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
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(refusals, code) ? refusals[code] : undefined
}

/** A clear error for a folder that refused a write; any other error is returned as it is. */
export function diskError(error: unknown, folder: string): unknown {
  const why = refusal(error)
  return why === undefined ? error : cannotWrite(folder, why, error)
}

/**
 * Makes a folder and those above it.
 *
 * @throws EnvironmentError `ENVIRONMENT_DISK`, whatever the system says: ENOENT is what /proc and absent drives answer
 */
export async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true })
  } catch (error) {
    throw cannotWrite(folder, refusal(error) ?? "it can't be made", error)
  }
}

function cannotWrite(folder: string, why: string, cause: unknown): EnvironmentError {
  const message = `Can't write to ${folder}: ${why}. Make room, or set ONNX_MLIR_CACHE_DIR to another folder.`
  return new EnvironmentError('ENVIRONMENT_DISK', message, { folder, why }, { cause })
}
