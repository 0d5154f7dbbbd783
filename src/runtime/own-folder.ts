import { lstatSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { below, makeFolders, userCache } from './user-folder.ts'

/** Folders that nobody but this user (and root) can write to, best first. Each is made when it is called for, or throws. */
export const ownFolders: readonly (() => string)[] = [
  () => own(below(userCache(), 'unplugin-onnx-mlir', 'files')),
  () => own(below(tmpdir(), `unplugin-onnx-mlir-${process.geteuid?.() ?? ''}`)),
  ownOfProcess,
]

/** Whoever was first in a folder that all users share could have us load what they like: so it is looked at whose it is. */
function own(folder: string): string {
  makeFolders(folder, 0o700)
  const { uid, mode } = lstatSync(folder)
  const isOurs = uid === process.geteuid?.() || uid === 0
  // A link is nobody's folder: `lstat` gives it a mode of all bits.
  if (!isOurs || (mode & 0o022) !== 0) throw new Error(`${folder} can be written by others`)
  return folder
}

let forThisProcess: string | undefined

/** Where a name that others can know was taken by somebody else. */
function ownOfProcess(): string {
  if (forThisProcess !== undefined) return forThisProcess
  const folder = mkdtempSync(below(tmpdir(), 'unplugin-onnx-mlir-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  return (forThisProcess = folder)
}
