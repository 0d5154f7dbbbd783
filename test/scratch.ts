import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folders: string[] = []

/** An empty folder, which is removed after the test file, see test/each-file.ts. */
export function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'onnx-mlir-test-'))
  folders.push(folder)
  return folder
}

/** Removes all of them. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true })
}
