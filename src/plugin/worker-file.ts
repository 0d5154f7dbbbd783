import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EmittedFile } from './files.ts'
import { runtimeFolder } from './runtime-folder.ts'

let file: Promise<EmittedFile> | undefined

/** The program of the Web Worker that runs models of a page (`worker=true`): one for all of them. */
export function workerFile(): Promise<EmittedFile> {
  return (file ??= readWorker())
}

/** The same program as the text that a module exports, for models that are in the JavaScript: one for all of them, too. */
export const workerTextModule = join(runtimeFolder, 'worker-text.js')

async function readWorker(): Promise<EmittedFile> {
  const source = join(runtimeFolder, 'worker.js')
  const sha256 = createHash('sha256')
    .update(await readFile(source))
    .digest('hex')
  return { role: 'worker', source, sha256, name: 'onnx-mlir.js', fileName: `onnx-mlir-${sha256.slice(0, 8)}.js` }
}
