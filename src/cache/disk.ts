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
export function refusal(error: unknown): string | undefined {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  return Object.hasOwn(refusals, code) ? refusals[code] : undefined
}

/** A clear error for a folder that refused a write; any other error is returned as it is. */
export function diskError(error: unknown, folder: string): unknown {
  const why = refusal(error)
  if (why === undefined) return error
  const message = `Can't write to ${folder}: ${why}. Make room, or set ONNX_MLIR_CACHE_DIR to another folder.`
  return new EnvironmentError('ENVIRONMENT_DISK', message, { folder, why }, { cause: error })
}
